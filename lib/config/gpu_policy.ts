/**
 * What the configuration says of the GPUs that a host has. Pure.
 *
 * @module
 */

import type { Gpu, GpuId } from "../gpu/gpu.ts";
import { GpuNotFoundError, parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import type { Config, GpuConfig } from "./config.ts";
import { GPU_SECTION, type GpuReference, type GpuValues } from "./schema.ts";

/** What holds for one GPU. */
export interface GpuPolicy {
  readonly id: GpuId;
  readonly enabled: boolean;
  /** Which key disables it; null where none does. */
  readonly disabled_by: string | null;
  /** 0 to 100. */
  readonly priority: number;
  /** In units of 1024 * 1024 bytes; 0 for no limit. */
  readonly memory_limit_mb: number;
  /** What it is taken to draw where it does not tell, in W; null where nothing is said. */
  readonly assumed_watts: number | null;
}

/** What holds for the GPUs, and what of the configuration fits none of them. */
export interface GpuPolicies {
  /** In the order of the GPUs. */
  readonly gpus: readonly GpuPolicy[];
  /** One line each. */
  readonly warnings: readonly string[];
}

function isMeant(gpu: Gpu, reference: GpuReference): boolean {
  if (reference.by === "index") return gpu.index === reference.index;
  try {
    return selectGpus([gpu], parseGpuSelector(reference.id)).length > 0;
  } catch (error) {
    if (error instanceof GpuNotFoundError) return false;
    throw error;
  }
}

/** The GPUs that a selector chooses, term by term: one that is not there takes none of the others away. */
function chosenBy(
  text: string,
  gpus: readonly Gpu[],
  warn: (line: string) => void,
): ReadonlySet<GpuId> {
  const { terms } = parseGpuSelector(text);
  const choose = (term: string): Gpu[] => {
    try {
      return selectGpus(gpus, parseGpuSelector(term));
    } catch (error) {
      if (!(error instanceof GpuNotFoundError)) throw error;
      warn(`[core] gpu_indices: ${error.message}`);
      return [];
    }
  };
  const including = terms.filter(({ exclude }) => !exclude);
  const chosen = new Set(
    (including.length === 0 ? [...gpus] : including.flatMap((term) => choose(term.text)))
      .map(({ id }) => id),
  );
  for (const term of terms.filter(({ exclude }) => exclude)) {
    for (const { id } of choose(term.text)) chosen.delete(id);
  }
  return chosen;
}

/** The sections about a GPU; one of another vendor than it says is left out. */
function sectionsFor(gpu: Gpu, config: Config, warn: (line: string) => void): GpuConfig[] {
  return config.gpus.filter(({ reference, section, values: { type = "auto" } }) => {
    if (!isMeant(gpu, reference)) return false;
    if (type === "auto" || type === gpu.vendor) return true;
    warn(`[${section}] is left out: its type is ${type}, and ${gpu.id} is of ${gpu.vendor}`);
    return false;
  });
}

/**
 * What holds for each GPU. A section by id wins over one by index, key by key.
 *
 * @param gpus in the order of the listing.
 */
export function gpuPolicies(config: Config, gpus: readonly Gpu[]): GpuPolicies {
  const warnings: string[] = [];
  const warn = (line: string) => warnings.push(line);
  const { gpu_count, gpu_indices } = config.core;
  const chosen = gpu_indices === null ? undefined : chosenBy(gpu_indices, gpus, warn);
  const { keys } = GPU_SECTION;
  let used = 0;
  const policies = gpus.map((gpu): GpuPolicy => {
    const sections = sectionsFor(gpu, config, warn);
    const values: Partial<GpuValues> = Object.assign({}, ...sections.map(({ values }) => values));
    const by = sections.findLast((each) => each.values.enabled !== undefined)?.section;
    const disabled_by = values.enabled === false
      ? `[${by}] enabled`
      : chosen !== undefined && !chosen.has(gpu.id)
      ? "[core] gpu_indices"
      : gpu_count > 0 && used >= gpu_count
      ? "[core] gpu_count"
      : null;
    if (disabled_by === null) used++;
    return {
      id: gpu.id,
      enabled: disabled_by === null,
      disabled_by,
      priority: values.priority ?? keys.priority.default,
      memory_limit_mb: values.memory_limit_mb ?? keys.memory_limit_mb.default,
      assumed_watts: values.assumed_watts || null,
    };
  });
  for (const { reference, section } of config.gpus) {
    if (!gpus.some((gpu) => isMeant(gpu, reference))) {
      warn(`[${section}] is about a GPU that is not here`);
    }
  }
  return { gpus: policies, warnings };
}
