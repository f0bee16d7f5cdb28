/** Answers to the queries of Intel's drivers, built field by field. */

/** Integers in a row, each of some bytes, little-endian. */
function pack(fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): number[] {
  return fields.flatMap(([bytes, value]) => {
    const word = BigInt.asUintN(8 * bytes, BigInt(value));
    return Array.from({ length: bytes }, (_, i) => Number(word >> BigInt(8 * i) & 0xffn));
  });
}

const reserved = (words: number) => Array.from({ length: words }, () => [8, 0] as const);

/** A region as i915 tells it; sizes in bytes, -1 for not tracked. */
export interface I915Region {
  kind: number;
  total: number;
  free: number;
  visible: number;
  visibleFree: number;
}

/** `struct drm_i915_query_memory_regions`. */
export function i915Regions(regions: readonly I915Region[]): Uint8Array {
  const head = pack([[4, regions.length], [4, 0], [4, 0], [4, 0]]);
  const each = ({ kind, total, free, visible, visibleFree }: I915Region, i: number) =>
    pack([
      ...[[2, kind], [2, i], [4, 0], [8, total], [8, free]] as const,
      ...[[8, visible], [8, visibleFree]] as const,
      ...reserved(6),
    ]);
  return Uint8Array.from([...head, ...regions.flatMap(each)]);
}

/** A region as xe tells it; sizes in bytes. */
export interface XeRegion {
  kind: number;
  total: number;
  used: number;
  visible: number;
  visibleUsed: number;
}

/** `struct drm_xe_query_mem_regions`. */
export function xeRegions(regions: readonly XeRegion[]): Uint8Array {
  const each = ({ kind, total, used, visible, visibleUsed }: XeRegion, i: number) =>
    pack([
      ...[[2, kind], [2, i], [4, 4096], [8, total], [8, used]] as const,
      ...[[8, visible], [8, visibleUsed]] as const,
      ...reserved(6),
    ]);
  return Uint8Array.from([...pack([[4, regions.length], [4, 0]]), ...regions.flatMap(each)]);
}

/** `struct drm_xe_query_engines`: class, instance and GT of each. */
export function xeEngines(engines: readonly (readonly [number, number, number])[]): Uint8Array {
  const each = ([kind, instance, gt]: readonly [number, number, number]) =>
    pack([[2, kind], [2, instance], [2, gt], [2, 0], ...reserved(3)]);
  return Uint8Array.from([...pack([[4, engines.length], [4, 0]]), ...engines.flatMap(each)]);
}
