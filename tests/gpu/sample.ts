/** GPUs for tests that need some. */

import { type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";

/** A GPU of which nothing is known but what `facts` says. */
export function sampleGpu(facts: Partial<Gpu>): Gpu {
  return {
    ...unknownFacts(),
    id: facts.pci_slot ? `pci:${facts.pci_slot}` : "drm:card0",
    index: 0,
    vendor: "other",
    kind: "discrete",
    seen_by: ["pci"],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
    ...facts,
  };
}
