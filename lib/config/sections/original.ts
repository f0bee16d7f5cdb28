/**
 * Sections of the original's files of which nothing, or little, has a meaning here. They are accepted, so
 * that a file that was written for it can stay, and each key of theirs is answered with a warning.
 *
 * @module
 */

import { section } from "../section.ts";

const SHARED = "each way between GPUs is tried, and the best that works is taken";
const WEIGHED = "what GPUs do is weighed by every strategy that can use it";

/** Sections with keys that are other names of keys here. */
export const originalSections = {
  global: section({
    describe: "Another name of [core].",
    keys: {},
    otherNames: {
      enabled: { to: "core.enabled" },
      log_level: { to: "log.level" },
    },
    withoutEffect: { debug: "[log] level = debug is what it was for" },
  }),
  general: section({
    describe: "Another name of [core].",
    keys: {},
    otherNames: {
      enabled: { to: "core.enabled" },
      log_level: { to: "log.level" },
    },
    withoutEffect: { debug: "[log] level = debug is what it was for" },
  }),
  gpus: section({
    describe: "GPUs by their numbers.",
    keys: {},
    otherNames: { max_gpus: { to: "core.gpu_count" } },
    withoutEffect: {
      auto_detect: "GPUs are always searched for",
      devices: "GPUs are always searched for",
      manual_devices: "GPUs are always searched for; [core] gpu_indices says which are used",
      enable_all:
        "GPUs are enabled unless [core] gpu_indices or a section of theirs says otherwise",
      gpu_0_enabled: "write [gpu_0] enabled",
      gpu_1_enabled: "write [gpu_1] enabled",
      gpu_2_enabled: "write [gpu_2] enabled",
      gpu_3_enabled: "write [gpu_3] enabled",
      primary_gpu: "[compute_offload] primary names the GPU that draws",
    },
  }),
  scheduler: section({
    describe: "How work is placed.",
    keys: {},
    otherNames: { strategy: { to: "core.default_strategy" } },
    withoutEffect: {
      load_balance: WEIGHED,
      dynamic_load_balance: WEIGHED,
      load_balance_threshold: WEIGHED,
      balance_interval_ms: WEIGHED,
      thermal_aware: "[power] thermal_threshold keeps GPUs cool",
      power_aware: "[power] power_limit_watts keeps the power down",
      max_queued_workloads: "mvgal has no queue of its own: programs keep theirs",
      min_distribute_size: "work is split where that was measured to take less time",
    },
  }),
} as const;

const noShim = (api: string) => `this version has no library that goes into programs of ${api}`;

/** Sections without any meaning here, and why. Every key in them is accepted with a warning. */
export const SECTIONS_WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  workload: "it never had a key",
  memory: SHARED,
  performance: "mvgal bench measures, and mvgal status watches",
  custom:
    "mvgal runs no scripts in its scheduler: [core] default_strategy names one of its strategies",
  cuda: noShim("CUDA"),
  opencl: noShim("OpenCL"),
  vulkan: noShim("Vulkan"),
  direct3d: "Direct3D comes as Vulkan, through Wine's DXVK and VKD3D",
  metal: "Linux has no programs of Metal",
  webgpu: "WebGPU comes as Vulkan",
  dri: "GPUs are found by what the kernel tells of them, and not by names of files",
  debug: "[log] level = debug is what it was for",
  network: "mvgal uses the GPUs of this host alone",
  ai_scheduler: "mvgal has no model: what it measures decides",
};
