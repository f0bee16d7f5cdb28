/**
 * Why the firmware of an AMD GPU holds its clocks down, by the kernel's names.
 *
 * @module
 */

/**
 * The bits of `indep_throttle_status`, the same for all chips. Source: `SMU_THROTTLER_*_BIT` of the
 * kernel's `drivers/gpu/drm/amd/pm/swsmu/inc/amdgpu_smu.h`.
 */
const BITS: ReadonlyMap<number, string> = new Map([
  [0, "PPT0"],
  [1, "PPT1"],
  [2, "PPT2"],
  [3, "PPT3"],
  [4, "SPL"],
  [5, "FPPT"],
  [6, "SPPT"],
  [7, "SPPT_APU"],
  [16, "TDC_GFX"],
  [17, "TDC_SOC"],
  [18, "TDC_MEM"],
  [19, "TDC_VDD"],
  [20, "TDC_CVIP"],
  [21, "EDC_CPU"],
  [22, "EDC_GFX"],
  [23, "APCC"],
  [32, "TEMP_GPU"],
  [33, "TEMP_CORE"],
  [34, "TEMP_MEM"],
  [35, "TEMP_EDGE"],
  [36, "TEMP_HOTSPOT"],
  [37, "TEMP_SOC"],
  [38, "TEMP_VR_GFX"],
  [39, "TEMP_VR_SOC"],
  [40, "TEMP_VR_MEM0"],
  [41, "TEMP_VR_MEM1"],
  [42, "TEMP_LIQUID0"],
  [43, "TEMP_LIQUID1"],
  [44, "VRHOT0"],
  [45, "VRHOT1"],
  [46, "PROCHOT_CPU"],
  [47, "PROCHOT_GFX"],
  [56, "PPM"],
  [57, "FIT"],
]);

/** Names of the bits that are set; one that has no name yet is `bit 58`. */
export function throttleNames(status: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((status >> BigInt(bit)) & 1n) names.push(BITS.get(bit) ?? `bit ${bit}`);
  }
  return names;
}

/** Which counters of time spent throttled went up between two looks. One that fell was reset. */
export function throttledSince(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): string[] {
  return Object.entries(now)
    .filter(([name, count]) => count > (before[name] ?? count))
    .map(([name]) => name);
}
