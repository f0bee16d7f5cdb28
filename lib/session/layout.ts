/**
 * The page through which a program with a shim and mvgal speak, and the file of a group of programs: the
 * one definition of both. `scripts/gen_session_header.ts` makes `shims/include/mvgal_session.h` of it.
 *
 * Who writes what is in docs/sessions.md. What the shim writes and what mvgal writes lie in different
 * cache lines, and the policy in a memory page of its own.
 *
 * A change of this file that moves a field, or gives it another meaning, takes another
 * {@linkcode LAYOUT_VERSION}: a program of yesterday may meet the mvgal of today.
 *
 * @module
 */

import { record } from "./fixed_layout.ts";

/** Raised with every change of the layout. A page of another version is left alone. */
export const LAYOUT_VERSION = 1;

/** The first 8 bytes of a page: `MVGALSES`. */
export const PAGE_MAGIC = 0x5345_534c_4147_564dn;

/** The first 8 bytes of a group's file: `MVGALGRP`. */
export const GROUP_MAGIC = 0x5052_474c_4147_564dn;

/** The most GPUs of a page or a group. */
export const GPU_ROWS = 32;

/** The most reasons of a page. */
export const REASON_ROWS = 32;

/** The most programs of a group. */
export const GROUP_SLOTS = 64;

/** No limit, where a limit in bytes stands. */
export const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

/** The weight of the heaviest GPU. 0 is a GPU that was not measured. */
export const FULL_WEIGHT = 1_000_000;

/**
 * Strategies by number: their place in this list, counted from 1; 0 is none. New ones go to the end. A
 * test holds it against the strategies that there are.
 */
export const STRATEGY_NUMBERS = [
  "round_robin",
  "afr",
  "sfr",
  "task",
  "compute_offload",
  "hybrid",
  "single",
] as const;

/** Bits of `mvgal_policy_gpu.flags`. */
export const POLICY_GPU_FLAGS = {
  /** The program may use the GPU. */
  enabled: 1,
  /** A program that uses one GPU is to use this one. */
  preferred: 2,
  /** Its limit of memory was set by hand: it holds in place of the environment's, and the service keeps it. */
  memory_by_hand: 4,
  /** So was its share of time. */
  time_by_hand: 8,
} as const;

/** What the shim says of itself and its program, once, before anybody can see the page. */
export const HEADER = record(
  "mvgal_session_header",
  512,
  "The program, as its shim wrote it once.",
  [
    { name: "magic", type: "u64", doc: "MVGAL_SESSION_MAGIC" },
    { name: "layout_version", type: "u32", doc: "MVGAL_SESSION_LAYOUT_VERSION" },
    { name: "page_bytes", type: "u32", doc: "sizeof(struct mvgal_session_page)" },
    { name: "pid", type: "u32", doc: "of the program, in its own PID namespace" },
    { name: "reserved_0", type: "reserved", length: 4, doc: "0" },
    { name: "start_time", type: "u64", doc: "field 22 of /proc/PID/stat: clock ticks since boot" },
    { name: "began_ns", type: "u64", doc: "when the page was made, ns since 1970" },
    { name: "api", type: "text", length: 16, doc: "which shim: cuda, opencl, vulkan, opengl" },
    { name: "command", type: "text", length: 64, doc: "name of the program; empty where unknown" },
    { name: "asked_strategy", type: "u32", doc: "MVGAL_STRATEGY of the environment; 0 for none" },
    { name: "reserved_1", type: "reserved", length: 4, doc: "0" },
    { name: "asked_mask", type: "u64", doc: "MVGAL_GPU_MASK of the environment; 0 for none" },
    {
      name: "asked_gpus",
      type: "text",
      length: 376,
      doc: "MVGAL_GPUS; empty where unset or too long",
    },
  ],
);

/** What the shim says of itself while it runs. */
export const STATUS = record("mvgal_session_status", 64, "The shim about itself.", [
  {
    name: "policy_seen",
    type: "u64",
    atomic: true,
    doc: "generation of the policy obeyed; 0: none",
  },
  { name: "policy_refused", type: "u64", atomic: true, doc: "policies that were not sound" },
  {
    name: "reasons_lost",
    type: "u64",
    atomic: true,
    doc: "pieces of work whose reason had no row",
  },
  { name: "gpus_lost", type: "u64", atomic: true, doc: "GPUs that had no row" },
  { name: "whole", type: "u64", atomic: true, doc: "kernels that ran whole, on whatever device" },
  {
    name: "parted",
    type: "u64",
    atomic: true,
    doc: "kernels that ran in parts, each counted once",
  },
  { name: "reserved_0", type: "reserved", length: 16, doc: "0" },
]);

/** How often work ran whole for one reason. */
export const REASON = record("mvgal_session_reason", 64, "Why work ran whole, and how often.", [
  { name: "state", type: "u32", atomic: true, doc: "0 free, 1 being filled, 2 filled" },
  { name: "reserved_0", type: "reserved", length: 4, doc: "0" },
  { name: "count", type: "u64", atomic: true, doc: "pieces of work" },
  { name: "text", type: "text", length: 48, doc: "the reason, a few words" },
]);

/** A GPU in the policy. */
export const POLICY_GPU = record("mvgal_policy_gpu", 96, "What the program may do with one GPU.", [
  { name: "id", type: "text", length: 64, doc: "stable name: pci:0000:06:00.0" },
  { name: "flags", type: "u32", doc: "MVGAL_POLICY_GPU_*" },
  {
    name: "weight",
    type: "u32",
    doc: "share in what is split, the heaviest 1000000; 0: not measured",
  },
  {
    name: "memory_limit_bytes",
    type: "u64",
    doc: "that the program may allocate; all ones: no limit",
  },
  { name: "compute_pct", type: "u32", doc: "share of the time in which it may compute, 1 to 100" },
  { name: "priority", type: "u32", doc: "0 to 100" },
  { name: "reserved_0", type: "reserved", length: 8, doc: "0" },
]);

/** What mvgal asks of the program. */
export const POLICY = record("mvgal_session_policy", 3136, "What mvgal asks of the program.", [
  { name: "generation", type: "u64", doc: "odd while it is written; 0: never written" },
  { name: "checksum", type: "u32", doc: "of all that follows, and the generation" },
  { name: "strategy", type: "u32", doc: "MVGAL_STRATEGY_*" },
  { name: "gpu_count", type: "u32", doc: "rows of gpus that are used" },
  { name: "flags", type: "u32", doc: "0" },
  { name: "reserved_0", type: "reserved", length: 40, doc: "0" },
  { name: "gpus", type: POLICY_GPU, count: GPU_ROWS, doc: "in the order of the listing" },
]);

/** What the shim counts of one GPU. */
export const COUNTERS = record("mvgal_session_counters", 128, "What was done on one GPU.", [
  { name: "state", type: "u32", atomic: true, doc: "0 free, 1 being filled, 2 filled" },
  { name: "reserved_0", type: "reserved", length: 4, doc: "0" },
  { name: "bytes_now", type: "u64", atomic: true, doc: "allocated now" },
  { name: "bytes_peak", type: "u64", atomic: true, doc: "allocated at most" },
  { name: "bytes_copied", type: "u64", atomic: true, doc: "copied to, from and on the GPU" },
  { name: "launches", type: "u64", atomic: true, doc: "kernels, or submissions of frames" },
  { name: "splits", type: "u64", atomic: true, doc: "of these, parts of split work" },
  { name: "busy_ns", type: "u64", atomic: true, doc: "time of work, as far as it was measured" },
  { name: "reserved_1", type: "reserved", length: 8, doc: "0" },
  { name: "id", type: "text", length: 64, doc: "stable name, as the shim knows it" },
]);

/** All of the page. */
export const PAGE = record("mvgal_session_page", 12288, "The page.", [
  { name: "header", type: HEADER, doc: "written once, by the shim" },
  { name: "status", type: STATUS, doc: "written by the shim" },
  { name: "reserved_0", type: "reserved", length: 448, doc: "0" },
  { name: "reasons", type: REASON, count: REASON_ROWS, doc: "written by the shim" },
  { name: "reserved_1", type: "reserved", length: 1024, doc: "0" },
  { name: "policy", type: POLICY, doc: "written by mvgal alone" },
  { name: "reserved_2", type: "reserved", length: 960, doc: "0" },
  { name: "counters", type: COUNTERS, count: GPU_ROWS, doc: "written by the shim" },
]);

/** A limit that the programs of a group share. */
export const GROUP_GPU = record("mvgal_group_gpu", 96, "What a group may do with one GPU.", [
  { name: "id", type: "text", length: 64, doc: "stable name" },
  { name: "memory_limit_bytes", type: "u64", doc: "of all programs together; all ones: no limit" },
  { name: "compute_pct", type: "u32", doc: "share of the time of all programs together, 1 to 100" },
  { name: "reserved_0", type: "reserved", length: 20, doc: "0" },
]);

/** A program of a group. */
export const GROUP_SLOT = record("mvgal_group_slot", 320, "What one program of a group uses.", [
  { name: "pid", type: "u32", doc: "0: the slot is free" },
  { name: "reserved_0", type: "reserved", length: 4, doc: "0" },
  { name: "start_time", type: "u64", doc: "field 22 of /proc/PID/stat" },
  { name: "reserved_1", type: "reserved", length: 48, doc: "0" },
  {
    name: "used_bytes",
    type: "u64",
    count: GPU_ROWS,
    atomic: true,
    doc: "allocated now, by the row of the GPU",
  },
]);

/** All of a group's file. */
export const GROUP = record("mvgal_group", 23616, "Limits that several programs share.", [
  { name: "magic", type: "u64", doc: "MVGAL_GROUP_MAGIC" },
  { name: "layout_version", type: "u32", doc: "MVGAL_SESSION_LAYOUT_VERSION" },
  { name: "file_bytes", type: "u32", doc: "sizeof(struct mvgal_group)" },
  { name: "gpu_count", type: "u32", doc: "rows of gpus that are used" },
  { name: "reserved_0", type: "reserved", length: 44, doc: "0" },
  { name: "gpus", type: GROUP_GPU, count: GPU_ROWS, doc: "written by mvgal alone" },
  {
    name: "slots",
    type: GROUP_SLOT,
    count: GROUP_SLOTS,
    doc: "each by its program, under the lock",
  },
]);

/** All records, inner ones first. */
export const RECORDS = [
  HEADER,
  STATUS,
  REASON,
  POLICY_GPU,
  POLICY,
  COUNTERS,
  PAGE,
  GROUP_GPU,
  GROUP_SLOT,
  GROUP,
] as const;
