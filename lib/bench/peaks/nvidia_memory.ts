/**
 * What NVIDIA's datasheets say of the bandwidth of boards' memory.
 *
 * The sheets round (an H200's 6144 bits at 3201 MHz make 4917 GB/s, its sheet says 4.8 TB/s): they are stated
 * beside the formula, and figures are held against the formula.
 *
 * @module
 */

/** A board's name by NVML or Vulkan, and its bandwidth in GB/s. First match counts. */
const BOARDS: readonly { name: RegExp; value: number; sheet: string }[] = [
  { name: /\bH200\b/, value: 4800, sheet: "H200" },
  { name: /\bH100 NVL\b/, value: 3900, sheet: "H100 NVL" },
  { name: /\bH100 PCIe\b/, value: 2000, sheet: "H100 PCIe" },
  { name: /\bH100 80GB HBM3\b|\bH100 SXM/, value: 3350, sheet: "H100 SXM" },
  { name: /\bB200\b/, value: 8000, sheet: "DGX B200, one of 8 GPUs" },
  { name: /\bA100-SXM4-80GB\b/, value: 2039, sheet: "A100 80GB SXM" },
  { name: /\bA100 80GB PCIe\b/, value: 1935, sheet: "A100 80GB PCIe" },
  { name: /\bA100-(SXM4|PCIE)-40GB\b/, value: 1555, sheet: "A100 40GB" },
  { name: /\bA30\b/, value: 933, sheet: "A30" },
  { name: /\bA40\b/, value: 696, sheet: "A40" },
  { name: /\bL40S?\b/, value: 864, sheet: "L40 and L40S" },
  { name: /\bL4\b/, value: 300, sheet: "L4" },
  { name: /\bV100S\b/, value: 1134, sheet: "V100S" },
  { name: /\bV100-/, value: 900, sheet: "V100" },
];

/** The bandwidth of a whole board's memory by its datasheet; undefined for a board that has no row. */
export function memorySheetOf(name: string): { value: number; source: string } | undefined {
  const found = BOARDS.find((board) => board.name.test(name));
  return found && { value: found.value, source: `NVIDIA ${found.sheet} datasheet` };
}
