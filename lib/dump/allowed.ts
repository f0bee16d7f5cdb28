/**
 * Which files of a GPU a dump holds.
 *
 * A list of what is allowed, and not of what is forbidden: reading is not harmless for all of a driver's
 * attributes. amdgpu's `psp_vbflash` starts to flash the firmware that is staged, its `pcie_bw` sleeps
 * for a second, and a new kernel brings attributes that no list of forbidden ones knows.
 *
 * @module
 */

/** Paths below a PCI function's directory that the PCI core makes. */
const PCI =
  /^(vendor|device|class|revision|subsystem_(vendor|device)|uevent|modalias|irq|enable|label|index|local_cpu(s|list)|numa_node|resource|boot_vga|power_state|d3cold_allowed|ari_enabled|msi_bus|(consistent_)?dma_mask_bits|(current|max)_link_(speed|width)|(secondary|subordinate)_bus_number|driver_override|reset_method|sriov_\w+)$/;

/** The runtime power management of any device. */
const POWER =
  /^(.+\/)?power\/(control|runtime_(status|usage|active_time|suspended_time)|autosuspend_delay_ms)$/;

const AMDGPU =
  /^(mem_info_\w+|(gpu|mem|vcn)_busy_percent|pp_(dpm_\w+|cur_state|num_states|force_state|features|od_clk_voltage|power_profile_mode|table)|power_dpm_(state|force_performance_level)|thermal_throttling_logging|gpu_metrics|vbios_(version|build)|product_(name|number)|serial_number|unique_id|pcie_replay_count|(current|available)_(compute|memory)_partition|board_info|fw_version\/\w+|gpu_od\/fan_ctrl\/\w+)$/;

/** `Documentation/hwmon/sysfs-interface.rst`. */
const HWMON =
  /^hwmon\/hwmon\d+\/(name|uevent|(temp|fan|pwm|power|energy|freq|in|curr)\d+(_[a-z0-9_]+)?)$/;

const DRM =
  /^drm\/(card|renderD)\d+\/(dev|uevent|gt_\w+_freq_mhz|lmem_\w+_bytes|gt\/gt\d+\/\w+|card\d+-[\w-]+\/(status|enabled|modes|uevent))$/;

const XE =
  /^(vram_d3cold_threshold|lb_\w+_version|auto_link_downgrade_\w+|tile\d\/(physical_vram_size_bytes|(memory|gt\d+)\/(freq0|gtidle)\/(throttle\/)?\w+))$/;

/** All rules for the directory of a GPU. */
const RULES = [PCI, POWER, AMDGPU, HWMON, DRM, XE];

/** Whether a dump holds this file, by its path below the GPU's directory. */
export function isDumped(path: string): boolean {
  return RULES.some((rule) => rule.test(path));
}

/** Directories in which files can be that a dump holds: others are not entered. */
const ENTERED =
  /^(power|hwmon(\/hwmon\d+(\/power)?)?|drm(\/(card|renderD)\d+(\/(power|gt(\/gt\d+)?|card\d+-[\w-]+))?)?|fw_version|gpu_od(\/fan_ctrl)?|tile\d(\/(memory|gt\d+)(\/(freq0(\/throttle)?|gtidle))?)?)$/;

/** Whether a directory below the GPU's is looked into. */
export function isEntered(path: string): boolean {
  return ENTERED.test(path);
}

/** Links below a device's directory that a dump holds, by their last component. */
const LINKS = /^(driver|subsystem|device|physfn|virtfn\d+|iommu_group|hwmon\d+)$/;

/** Whether a dump holds the link of this name. */
export function isDumpedLink(name: string): boolean {
  return LINKS.test(name);
}

/** Of a bridge above a GPU, what tells its place and its link. */
export function isDumpedOfBridge(path: string): boolean {
  return PCI.test(path) || POWER.test(path);
}
