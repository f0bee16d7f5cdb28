/**
 * `CUDA_VISIBLE_DEVICES` as CUDA reads it. Pure.
 *
 * Sources: CUDA C++ Programming Guide, "CUDA Environment Variables" (the list ends at the first entry that is
 * none; a UUID may be abbreviated as long as it is unique); that numbers are read as strtol(3) does and that a
 * device named twice leaves none is what PyTorch's `torch.cuda._parse_visible_devices` goes by.
 *
 * @module
 */

/** A GPU as CUDA programs name it. */
export interface CudaGpu {
  /** `GPU-b15a0a1c-…`. */
  uuid: string;
  /** Stable name: `pci:0000:06:00.0`. */
  id: string;
}

/** What one entry of the list shows the program. */
export interface VisibleEntry<G extends CudaGpu> {
  /** How the entry is to be written so that it means the same wherever it stands: a whole UUID. */
  text: string;
  /** The GPU, or that of a MIG instance; null where the name of the instance does not say which. */
  gpu: G | null;
}

/** The number at the beginning of text, as strtol(3) finds it; -1 for none. */
function leadingNumber(text: string): number {
  const match = /^[+-]?\d+/.exec(text.trim());
  return match === null ? -1 : Number(match[0]);
}

function byUuid<G extends CudaGpu>(text: string, gpus: readonly G[]): VisibleEntry<G> | undefined {
  const found = gpus.filter(({ uuid }) => uuid.startsWith(text));
  const [gpu] = found;
  return gpu === undefined || found.length > 1 ? undefined : { text: gpu.uuid, gpu };
}

function byInstance<G extends CudaGpu>(
  text: string,
  gpus: readonly G[],
): VisibleEntry<G> | undefined {
  if (!text.startsWith("MIG-")) return undefined;
  // MIG-GPU-<uuid>/<instance>/<compute instance>, of drivers before R470.
  const parent = /^MIG-(GPU-[^/]+)\//.exec(text)?.[1];
  return { text, gpu: gpus.find(({ uuid }) => uuid === parent) ?? null };
}

function byNumber<G extends CudaGpu>(
  text: string,
  gpus: readonly G[],
): VisibleEntry<G> | undefined {
  const gpu = gpus[leadingNumber(text)];
  return gpu === undefined ? undefined : { text: gpu.uuid, gpu };
}

/**
 * What a program sees, in its own order.
 *
 * @param list the variable; undefined where it is unset, which shows all.
 * @param gpus all, in the order of CUDA's ordinals.
 */
export function visibleEntries<G extends CudaGpu>(
  list: string | undefined,
  gpus: readonly G[],
): VisibleEntry<G>[] {
  if (list === undefined) return gpus.map((gpu) => ({ text: gpu.uuid, gpu }));
  // The first entry says of which kind all of them are.
  const read = list.startsWith("GPU-") ? byUuid : list.startsWith("MIG-") ? byInstance : byNumber;
  const entries: VisibleEntry<G>[] = [];
  for (const text of list.split(",")) {
    const entry = read(text, gpus);
    if (entry === undefined) break;
    if (entries.some((other) => other.text === entry.text)) return [];
    entries.push(entry);
  }
  return entries;
}

/** The variable that shows a program these entries, in this order; `-1` for none. */
export function visibleDevices(entries: readonly VisibleEntry<CudaGpu>[]): string {
  return entries.length === 0 ? "-1" : entries.map(({ text }) => text).join(",");
}
