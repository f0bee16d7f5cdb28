/**
 * Changing the limits of a running program by its policy. Pure.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { SessionPage } from "./page.ts";
import type { Policy, PolicyGpu } from "./policy.ts";

/** New limits of one GPU; what is undefined stays. */
export interface LimitPatch {
  /** In bytes; null for none. */
  memory_limit_bytes?: bigint | null;
  /** 1 to 100. */
  compute_pct?: number;
}

/** A GPU of which nobody has said anything. */
function plainGpu(id: GpuId): PolicyGpu {
  return {
    id,
    enabled: true,
    preferred: false,
    weight: null,
    memory_limit_bytes: null,
    compute_pct: 100,
    priority: 50,
  };
}

/** The policy that a program obeys, or goes by for want of one. */
function policyOf({ policy, asked, counters }: SessionPage, gpus: readonly GpuId[]): Policy {
  if (policy.state === "set") return policy.policy;
  const ids = new Set([...counters.map(({ gpu }) => gpu), ...gpus]);
  return { strategy: asked.strategy ?? "single", gpus: [...ids].map(plainGpu) };
}

/** The GPUs whose limits a program can have. */
export function limitedGpus(page: SessionPage, gpus: readonly GpuId[]): GpuId[] {
  return policyOf(page, gpus).gpus.map(({ id }) => id);
}

/**
 * A program's policy with other limits.
 *
 * @param gpus of this host, for a program that nobody told anything.
 * @param patchFor the change of each GPU; undefined for none.
 */
export function withLimits(
  page: SessionPage,
  gpus: readonly GpuId[],
  patchFor: (gpu: GpuId) => LimitPatch | undefined,
): Policy {
  const policy = policyOf(page, gpus);
  return {
    ...policy,
    gpus: policy.gpus.map((gpu) => {
      const patch = patchFor(gpu.id);
      return {
        ...gpu,
        ...patch,
        ...(patch?.memory_limit_bytes !== undefined && { memory_by_hand: true }),
        ...(patch?.compute_pct !== undefined && { time_by_hand: true }),
      };
    }),
  };
}
