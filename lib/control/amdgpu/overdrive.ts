/**
 * amdgpu's `pp_od_clk_voltage`: the tables of overdrive.
 *
 * Source: `Documentation/gpu/amdgpu/thermal.rst` of the kernel, and the functions that print it in
 * `drivers/gpu/drm/amd/pm`.
 *
 * @module
 */

/** The file. */
export const OVERDRIVE_FILE = "pp_od_clk_voltage";

/** A row: `1: 2735Mhz`, `7: 1590Mhz 1200mV`, or a value alone (`-100mV`), which is row 0. */
export interface OverdriveRow {
  index: number;
  /** MHz, or mV in a table of voltages alone. */
  value: number;
  /** mV of the state; null where the table has none. */
  voltage_mv: number | null;
}

/** The whole file. */
export interface OverdriveTables {
  /**
   * By the heading without the colon: `OD_SCLK`, `OD_MCLK`, `OD_VDDC_CURVE`, `OD_VDDGFX_OFFSET`,
   * `OD_SCLK_OFFSET`.
   */
  tables: Map<string, OverdriveRow[]>;
  /** Of `OD_RANGE`, by name: `SCLK`, `MCLK`, `VDDC`, `SCLK_OFFSET`, `VDDC_CURVE_VOLT[0]`. */
  ranges: Map<string, { min: number; max: number }>;
}

/** Parses the file. Lines of another form are left out. */
export function parseOverdrive(text: string): OverdriveTables {
  const tables = new Map<string, OverdriveRow[]>();
  const ranges = new Map<string, { min: number; max: number }>();
  let heading: string | undefined;
  for (const line of text.split("\n").map((each) => each.trim())) {
    const title = /^(OD_[A-Z0-9_]+):$/.exec(line)?.[1];
    if (title !== undefined) {
      heading = title;
      if (title !== "OD_RANGE" && !tables.has(title)) tables.set(title, []);
      continue;
    }
    if (heading === "OD_RANGE") {
      const range = /^([A-Z0-9_]+(?:\[\d\])?): +(-?\d{1,6})(?:mhz|mv) +(-?\d{1,6})(?:mhz|mv)$/i
        .exec(line);
      if (range === null) continue;
      const [min, max] = [Number(range[2]), Number(range[3])];
      if (min <= max) ranges.set(range[1] ?? "", { min, max });
    } else if (heading !== undefined) {
      const row = /^(?:(\d{1,2}): *)?(-?\d{1,6})(?:mhz|mv)(?: +@? ?(\d{1,5})mv)?$/i.exec(line);
      if (row === null) continue;
      const voltage = row[3];
      tables.get(heading)?.push({
        index: Number(row[1] ?? 0),
        // Not -0.
        value: Number(row[2]) || 0,
        voltage_mv: voltage === undefined ? null : Number(voltage),
      });
    }
  }
  return { tables, ranges };
}

/** Whether the table tells of voltages: those of dedicated GPUs for gaming do, others not. */
export function hasVoltage({ tables }: Pick<OverdriveTables, "tables">): boolean {
  return [...tables].some(([name, rows]) =>
    name.includes("VDD") || rows.some((row) => row.voltage_mv !== null)
  );
}

/** Tables whose rows are states where there are more than two of them. */
const CLOCK_TABLES = ["OD_SCLK", "OD_MCLK"] as const;

/**
 * Whether the clocks are the states of Polaris and Vega 10. The three points of `OD_VDDC_CURVE` (Radeon VII,
 * Navi 1x) are none: the clocks beside them are a range.
 */
export function hasStates({ tables }: Pick<OverdriveTables, "tables">): boolean {
  return CLOCK_TABLES.some((name) => (tables.get(name)?.length ?? 0) > 2);
}

/** Whether a value can be written: it lies in its range, or the driver tells none. */
function writable({ ranges }: OverdriveTables, range: string, value: number): boolean {
  const { min, max } = ranges.get(range) ?? { min: -Infinity, max: Infinity };
  return value >= min && value <= max;
}

/** What brings back the points of the voltage curve: `vc`, the point, MHz and mV. */
function curveEdits(of: OverdriveTables): string[] {
  return (of.tables.get("OD_VDDC_CURVE") ?? []).flatMap(({ index, value, voltage_mv }) =>
    voltage_mv !== null && writable(of, `VDDC_CURVE_SCLK[${index}]`, value) &&
      writable(of, `VDDC_CURVE_VOLT[${index}]`, voltage_mv)
      ? [`vc ${index} ${value} ${voltage_mv}`]
      : []
  );
}

/**
 * What has to be written to get back to the tables from their defaults: every row of those that have a
 * command, and the commit. Rows outside of their range cannot be written, and so are defaults themselves
 * (Navi's least memory clock is, and the first point of Navi 10's curve).
 */
export function restoringEdits(of: OverdriveTables): string[] {
  const rows = (name: string) =>
    (of.tables.get(name) ?? []).filter(({ value }) =>
      writable(of, name.slice("OD_".length), value)
    );
  const edits: string[] = [];
  for (const [name, letter] of [["OD_SCLK", "s"], ["OD_MCLK", "m"]] as const) {
    for (const { index, value, voltage_mv } of rows(name)) {
      edits.push(`${letter} ${index} ${value}${voltage_mv === null ? "" : ` ${voltage_mv}`}`);
    }
  }
  edits.push(...curveEdits(of));
  for (const { value } of rows("OD_SCLK_OFFSET")) edits.push(`s ${value}`);
  for (const { value } of rows("OD_VDDGFX_OFFSET")) edits.push(`vo ${value}`);
  return edits.length === 0 ? [] : [...edits, "c"];
}

/** `PP_OVERDRIVE_MASK` of `enum PP_FEATURE_MASK` (`amd_shared.h`). */
const OVERDRIVE_BIT = 0x4000;

/** What the driver takes where nobody says: everything but overdrive and two others. */
const DEFAULT_MASK = 0xfff7bfff;

/**
 * The option of the kernel that turns overdrive on.
 *
 * @param mask `/sys/module/amdgpu/parameters/ppfeaturemask`; undefined where it cannot be read.
 */
export function overdriveOption(mask: number | undefined): string {
  const wanted = ((mask ?? DEFAULT_MASK) | OVERDRIVE_BIT) >>> 0;
  return `amdgpu.ppfeaturemask=0x${wanted.toString(16).padStart(8, "0")}`;
}

/** Whether overdrive is on; undefined where the mask is not known. */
export function overdriveOn(mask: number | undefined): boolean | undefined {
  return mask === undefined ? undefined : (mask & OVERDRIVE_BIT) !== 0;
}
