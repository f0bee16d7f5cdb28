/**
 * The layouts of amdgpu's `gpu_metrics`, version by version.
 *
 * Source: `struct gpu_metrics_v*` and `struct amdgpu_xcp_metrics*` of the kernel's
 * `drivers/gpu/drm/amd/include/kgd_pp_interface.h`. They are C structs without packing, so offsets follow
 * from the types: each member is aligned to its size, and the whole to its largest member. The names are
 * the header's.
 *
 * @module
 */

/** Where a member, or an array of one, is. */
export interface Field {
  /** Bytes from the start of the table. */
  offset: number;
  /** Bytes of one value, an unsigned little-endian integer. */
  bytes: 1 | 2 | 4 | 8;
  /** How many values. */
  count: number;
}

/** A table of one version. */
export interface Layout {
  /** `sizeof` of the struct, which the table's header repeats. */
  size: number;
  /** By name; of an array of structs by `xcp_stats[0].vcn_busy`. */
  fields: ReadonlyMap<string, Field>;
}

const SCALARS: Readonly<Record<string, Field["bytes"]>> = { u8: 1, u16: 2, u32: 4, u64: 8 };

const XCP_HEAD = `
u32 gfx_busy_inst[8]
u16 jpeg_busy[32] vcn_busy[4]
u64 gfx_busy_acc[8]`;

/** `struct amdgpu_xcp_metrics`: one partition of an MI300. */
const STRUCTS: Readonly<Record<string, string>> = {
  xcp_metrics: XCP_HEAD,
  xcp_metrics_v1_1: `${XCP_HEAD}
u64 gfx_below_host_limit_acc[8]`,
  xcp_metrics_v1_2: `
u32 gfx_busy_inst[8]
u16 jpeg_busy[40] vcn_busy[4]
u64 gfx_busy_acc[8] gfx_below_host_limit_ppt_acc[8] gfx_below_host_limit_thm_acc[8]
u64 gfx_low_utilization_acc[8] gfx_below_host_limit_total_acc[8]`,
};

const HEADER = `
u16 structure_size
u8 format_revision content_revision`;

const V1_TEMPERATURES_AND_LOAD = `
u16 temperature_edge temperature_hotspot temperature_mem
u16 temperature_vrgfx temperature_vrsoc temperature_vrmem
u16 average_gfx_activity average_umc_activity average_mm_activity average_socket_power`;

const V1_CLOCKS = `
u16 average_gfxclk_frequency average_socclk_frequency average_uclk_frequency
u16 average_vclk0_frequency average_dclk0_frequency average_vclk1_frequency average_dclk1_frequency
u16 current_gfxclk current_socclk current_uclk
u16 current_vclk0 current_dclk0 current_vclk1 current_dclk1
u32 throttle_status
u16 current_fan_speed`;

const V1_0 = `${HEADER}
u64 system_clock_counter
${V1_TEMPERATURES_AND_LOAD}
u32 energy_accumulator
${V1_CLOCKS}
u8 pcie_link_width pcie_link_speed`;

const V1_1 = `${HEADER}
${V1_TEMPERATURES_AND_LOAD}
u64 energy_accumulator system_clock_counter
${V1_CLOCKS}
u16 pcie_link_width pcie_link_speed padding
u32 gfx_activity_acc mem_activity_acc
u16 temperature_hbm[4]`;

const V1_2 = `${V1_1}
u64 firmware_timestamp`;

const V1_3 = `${V1_2}
u16 voltage_soc voltage_gfx voltage_mem padding1
u64 indep_throttle_status`;

const MI300_HEAD = `${HEADER}
u16 temperature_hotspot temperature_mem temperature_vrsoc curr_socket_power
u16 average_gfx_activity average_umc_activity`;

const MI300_LINKS = `
u32 gfxclk_lock_status
u16 pcie_link_width pcie_link_speed xgmi_link_width xgmi_link_speed
u32 gfx_activity_acc mem_activity_acc
u64 pcie_bandwidth_acc pcie_bandwidth_inst
u64 pcie_l0_to_recov_count_acc pcie_replay_count_acc pcie_replay_rover_count_acc`;

const MI300_NAK = `
u32 pcie_nak_sent_count_acc pcie_nak_rcvd_count_acc`;

const MI300_XGMI = `
u64 xgmi_read_data_acc[8] xgmi_write_data_acc[8]`;

const MI300_CLOCKS = `
u64 firmware_timestamp
u16 current_gfxclk[8] current_socclk[4] current_vclk0[4] current_dclk0[4] current_uclk`;

const MI300_RESIDENCIES = `
u32 accumulation_counter prochot_residency_acc ppt_residency_acc
u32 socket_thm_residency_acc vr_thm_residency_acc hbm_thm_residency_acc`;

const V1_4 = `${MI300_HEAD}
u16 vcn_activity[4]
u64 energy_accumulator system_clock_counter
u32 throttle_status
${MI300_LINKS}${MI300_XGMI}${MI300_CLOCKS}
u16 padding`;

const V1_5 = `${MI300_HEAD}
u16 vcn_activity[4] jpeg_activity[32]
u64 energy_accumulator system_clock_counter
u32 throttle_status
${MI300_LINKS}${MI300_NAK}${MI300_XGMI}${MI300_CLOCKS}
u16 padding`;

/** The first one of this version, withdrawn and then replaced under the same number. */
const V1_6_EARLY = `${MI300_HEAD}
u16 vcn_activity[4] jpeg_activity[32]
u64 energy_accumulator system_clock_counter
${MI300_RESIDENCIES}
u32 throttle_status
${MI300_LINKS}${MI300_NAK}${MI300_XGMI}${MI300_CLOCKS}
u16 padding`;

const V1_6 = `${MI300_HEAD}
u64 energy_accumulator system_clock_counter
${MI300_RESIDENCIES}${MI300_LINKS}${MI300_NAK}${MI300_XGMI}${MI300_CLOCKS}
u16 num_partition
xcp_metrics xcp_stats[8]
u32 pcie_lc_perf_other_end_recovery`;

const v1With = (xcp: string) =>
  `${MI300_HEAD}
u64 mem_max_bandwidth energy_accumulator system_clock_counter
${MI300_RESIDENCIES}${MI300_LINKS}${MI300_NAK}${MI300_XGMI}
u16 xgmi_link_status[8] padding
${MI300_CLOCKS}
u16 num_partition
${xcp} xcp_stats[8]
u32 pcie_lc_perf_other_end_recovery`;

const V2_TEMPERATURES_AND_LOAD = `
u16 temperature_gfx temperature_soc temperature_core[8] temperature_l3[2]
u16 average_gfx_activity average_mm_activity`;

const V2_POWER_AND_CLOCKS = `
u16 average_socket_power average_cpu_power average_soc_power average_gfx_power average_core_power[8]
u16 average_gfxclk_frequency average_socclk_frequency average_uclk_frequency
u16 average_fclk_frequency average_vclk_frequency average_dclk_frequency
u16 current_gfxclk current_socclk current_uclk current_fclk current_vclk current_dclk
u16 current_coreclk[8] current_l3clk[2]
u32 throttle_status
u16 fan_pwm`;

const V2_0 = `${HEADER}
u64 system_clock_counter
${V2_TEMPERATURES_AND_LOAD}${V2_POWER_AND_CLOCKS}
u16 padding`;

const V2_1 = `${HEADER}
${V2_TEMPERATURES_AND_LOAD}
u64 system_clock_counter
${V2_POWER_AND_CLOCKS}
u16 padding[3]`;

const V2_2 = `${V2_1}
u64 indep_throttle_status`;

const V2_3 = `${V2_2}
u16 average_temperature_gfx average_temperature_soc
u16 average_temperature_core[8] average_temperature_l3[2]`;

const V2_4 = `${V2_3}
u16 average_cpu_voltage average_soc_voltage average_gfx_voltage
u16 average_cpu_current average_soc_current average_gfx_current`;

const V3_0 = `${HEADER}
u16 temperature_gfx temperature_soc temperature_core[16] temperature_skin
u16 average_gfx_activity average_vcn_activity average_ipu_activity[8] average_core_c0_activity[16]
u16 average_dram_reads average_dram_writes average_ipu_reads average_ipu_writes
u64 system_clock_counter
u32 average_socket_power
u16 average_ipu_power
u32 average_apu_power average_gfx_power average_dgpu_power average_all_core_power
u16 average_core_power[16] average_sys_power stapm_power_limit current_stapm_power_limit
u16 average_gfxclk_frequency average_socclk_frequency average_vpeclk_frequency
u16 average_ipuclk_frequency average_fclk_frequency average_vclk_frequency
u16 average_uclk_frequency average_mpipu_frequency
u16 current_coreclk[16] current_core_maxfreq current_gfx_maxfreq
u32 throttle_residency_prochot throttle_residency_spl throttle_residency_fppt
u32 throttle_residency_sppt throttle_residency_thm_core throttle_residency_thm_gfx
u32 throttle_residency_thm_soc
u32 time_filter_alphavalue`;

/** Members by version. Version 1.6 has had two layouts, told apart by their size. */
const DECLARATIONS: Readonly<Record<string, readonly string[]>> = {
  "1.0": [V1_0],
  "1.1": [V1_1],
  "1.2": [V1_2],
  "1.3": [V1_3],
  "1.4": [V1_4],
  "1.5": [V1_5],
  "1.6": [V1_6_EARLY, V1_6],
  "1.7": [v1With("xcp_metrics_v1_1")],
  "1.8": [v1With("xcp_metrics_v1_2")],
  "2.0": [V2_0],
  "2.1": [V2_1],
  "2.2": [V2_2],
  "2.3": [V2_3],
  "2.4": [V2_4],
  "3.0": [V3_0],
};

const roundUp = (offset: number, alignment: number) => Math.ceil(offset / alignment) * alignment;

/** Lays members out as a C compiler does. */
function layOut(declaration: string): Layout {
  const fields = new Map<string, Field>();
  let end = 0, largest = 1;
  for (const line of declaration.split("\n")) {
    const [type, ...members] = line.split(" ");
    if (type === undefined || type === "") continue;
    for (const member of members) {
      const [name = "", bound = "1"] = member.replace("]", "").split("[");
      const count = Number(bound);
      const bytes = SCALARS[type];
      if (bytes !== undefined) {
        const offset = roundUp(end, bytes);
        fields.set(name, { offset, bytes, count });
        end = offset + bytes * count;
        largest = Math.max(largest, bytes);
        continue;
      }
      const inner = layOut(STRUCTS[type] ?? "");
      // Every struct here has a member of 64 bits.
      const start = roundUp(end, 8);
      for (let i = 0; i < count; i++) {
        for (const [of, field] of inner.fields) {
          fields.set(`${name}[${i}].${of}`, {
            ...field,
            offset: start + i * inner.size + field.offset,
          });
        }
      }
      end = start + inner.size * count;
      largest = 8;
    }
  }
  return { size: roundUp(end, largest), fields };
}

const laidOut = new Map<string, readonly Layout[]>();

/** The layouts that a version, `1.3`, has had; empty for an unknown one. Version 1.9 has none. */
export function layoutsOf(version: string): readonly Layout[] {
  const known = laidOut.get(version);
  if (known !== undefined) return known;
  const layouts = (DECLARATIONS[version] ?? []).map(layOut);
  // Only what exists is kept: a broken file may name any version.
  if (layouts.length > 0) laidOut.set(version, layouts);
  return layouts;
}
