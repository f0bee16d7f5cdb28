/**
 * What tests of telemetry need that need no listing: records of GPUs, directories.
 *
 * @module
 */

import { type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";

/** A GPU of which nothing is known but what is given. */
export function describedGpu(facts: Partial<Gpu>): Gpu {
  return {
    ...unknownFacts(),
    id: facts.pci_slot ? `pci:${facts.pci_slot}` : "test:0",
    index: 0,
    vendor: "other",
    seen_by: ["pci"],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
    ...facts,
  };
}

/** A directory that is removed with its content when it is disposed. */
export interface TemporaryDirectory extends Disposable {
  readonly path: string;
}

/** Makes a directory. */
export function temporaryDirectory(): TemporaryDirectory {
  const path = Deno.makeTempDirSync({ prefix: "mvgal-telemetry-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}
