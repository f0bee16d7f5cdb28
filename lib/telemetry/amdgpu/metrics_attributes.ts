/**
 * `gpu_metrics` version 1.9: a list of attributes, each of which says what it is.
 *
 * Source: `enum amdgpu_metrics_attr_id`, `enum amdgpu_metrics_attr_type` and `AMDGPU_METRICS_ENC_ATTR` of
 * the kernel's `drivers/gpu/drm/amd/include/kgd_pp_interface.h`, and `DECLARE_SMU_METRICS_CLASS` of
 * `drivers/gpu/drm/amd/pm/swsmu/smu_cmn.h`: the table's header, the number of attributes in 32 bits, and
 * for each attribute 64 bits that encode unit, type, id and number of values, and the values. Nothing is
 * aligned.
 *
 * @module
 */

/** Names by id. They are those of the members of the versions before. */
const NAMES: readonly string[] = [
  "temperature_hotspot",
  "temperature_mem",
  "temperature_vrsoc",
  "curr_socket_power",
  "average_gfx_activity",
  "average_umc_activity",
  "mem_max_bandwidth",
  "energy_accumulator",
  "system_clock_counter",
  "accumulation_counter",
  "prochot_residency_acc",
  "ppt_residency_acc",
  "socket_thm_residency_acc",
  "vr_thm_residency_acc",
  "hbm_thm_residency_acc",
  "gfxclk_lock_status",
  "pcie_link_width",
  "pcie_link_speed",
  "xgmi_link_width",
  "xgmi_link_speed",
  "gfx_activity_acc",
  "mem_activity_acc",
  "pcie_bandwidth_acc",
  "pcie_bandwidth_inst",
  "pcie_l0_to_recov_count_acc",
  "pcie_replay_count_acc",
  "pcie_replay_rover_count_acc",
  "pcie_nak_sent_count_acc",
  "pcie_nak_rcvd_count_acc",
  "xgmi_read_data_acc",
  "xgmi_write_data_acc",
  "xgmi_link_status",
  "firmware_timestamp",
  "current_gfxclk",
  "current_socclk",
  "current_vclk0",
  "current_dclk0",
  "current_uclk",
  "num_partition",
  "pcie_lc_perf_other_end_recovery",
  "gfx_busy_inst",
  "jpeg_busy",
  "vcn_busy",
  "gfx_busy_acc",
  "gfx_below_host_limit_ppt_acc",
  "gfx_below_host_limit_thm_acc",
  "gfx_low_utilization_acc",
  "gfx_below_host_limit_total_acc",
];

/** Bytes of a value by type: 8, 16, 32 and 64 bits, each unsigned and signed. */
const TYPE_BYTES: readonly number[] = [1, 1, 2, 2, 4, 4, 8, 8];

/**
 * Units in which an attribute's value means what the versions before mean, by name. An attribute in
 * another unit is left out.
 */
const USUAL_UNIT: Readonly<Record<string, number>> = {
  temperature_hotspot: 2, // °C
  temperature_mem: 2,
  curr_socket_power: 3, // W
  average_gfx_activity: 10, // percent
  average_umc_activity: 10,
  pcie_link_speed: 7, // 0.1 GT/s
  xgmi_read_data_acc: 9, // KB
  xgmi_write_data_acc: 9,
  current_gfxclk: 1, // MHz
  current_uclk: 1,
  current_vclk0: 1,
  vcn_busy: 10,
};

/** The values of one attribute as they are in the file, all ones for unsupported. */
export interface RawValues {
  bytes: 1 | 2 | 4 | 8;
  values: bigint[];
}

/**
 * Reads the attributes of a table. Several attributes of one name (one for each partition) are put
 * together.
 *
 * @param table the whole table, as long as its header says.
 * @returns by name, or one line: what is wrong with the table. Attributes with ids from after this was
 * written are skipped.
 */
export function parseAttributes(table: Uint8Array): Map<string, RawValues> | string {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  if (table.byteLength < 8) return "it has no number of attributes";
  const count = view.getInt32(4, true);
  if (count < 0) return `it has ${count} attributes`;
  const found = new Map<string, RawValues>();
  let at = 8;
  for (let i = 0; i < count; i++) {
    if (at + 8 > table.byteLength) return `it ends in attribute ${i} of ${count}`;
    const encoding = view.getBigUint64(at, true);
    at += 8;
    const unit = Number((encoding >> 24n) & 0xffn);
    const type = Number((encoding >> 20n) & 0xfn);
    const name = NAMES[Number((encoding >> 10n) & 0x3ffn)];
    const instances = Number(encoding & 0x3ffn);
    const bytes = TYPE_BYTES[type];
    if (bytes === undefined) return `attribute ${i} has the unknown type ${type}`;
    if (at + bytes * instances > table.byteLength) return `it ends in attribute ${i} of ${count}`;
    if (name !== undefined && (USUAL_UNIT[name] ?? unit) === unit) {
      const width = bytes as RawValues["bytes"];
      const into = found.get(name) ?? { bytes: width, values: [] };
      // Of two types, the first stands: all ones mean another thing in each.
      if (into.bytes === width) {
        for (let k = 0; k < instances; k++) into.values.push(readUnsigned(view, at, k, width));
        found.set(name, into);
      }
    }
    at += bytes * instances;
  }
  return found;
}

/** Value `k` of an array of unsigned little-endian integers at `offset`. */
export function readUnsigned(
  view: DataView,
  offset: number,
  k: number,
  bytes: 1 | 2 | 4 | 8,
): bigint {
  const at = offset + k * bytes;
  switch (bytes) {
    case 1:
      return BigInt(view.getUint8(at));
    case 2:
      return BigInt(view.getUint16(at, true));
    case 4:
      return BigInt(view.getUint32(at, true));
    case 8:
      return view.getBigUint64(at, true);
  }
}
