/* SPDX-License-Identifier: MIT */
/*
 * The page through which a program with a shim and mvgal speak: see docs/sessions.md.
 *
 * Made by scripts/gen_session_header.ts from lib/session/layout.ts: change that, not this.
 */
#ifndef MVGAL_SESSION_LAYOUT_H
#define MVGAL_SESSION_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define MVGAL_SESSION_MAGIC UINT64_C(0x5345534c4147564d)
#define MVGAL_GROUP_MAGIC UINT64_C(0x5052474c4147564d)
#define MVGAL_SESSION_LAYOUT_VERSION 1
#define MVGAL_SESSION_GPUS 32
#define MVGAL_SESSION_REASONS 32
#define MVGAL_GROUP_SLOTS 64
#define MVGAL_NO_LIMIT UINT64_MAX
#define MVGAL_FULL_WEIGHT 1000000

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are little-endian");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics take no lock");

/* Strategies. */
enum mvgal_strategy {
	MVGAL_STRATEGY_NONE = 0,
	MVGAL_STRATEGY_ROUND_ROBIN = 1,
	MVGAL_STRATEGY_AFR = 2,
	MVGAL_STRATEGY_SFR = 3,
	MVGAL_STRATEGY_TASK = 4,
	MVGAL_STRATEGY_COMPUTE_OFFLOAD = 5,
	MVGAL_STRATEGY_HYBRID = 6,
	MVGAL_STRATEGY_SINGLE = 7,
};

/* Their names, from MVGAL_STRATEGY_NONE + 1 on. */
#define MVGAL_STRATEGY_NAMES { "round_robin", "afr", "sfr", "task", "compute_offload", "hybrid", "single" }

/* Bits of mvgal_policy_gpu.flags. */
enum mvgal_policy_gpu_flags {
	MVGAL_POLICY_GPU_ENABLED = 1,
	MVGAL_POLICY_GPU_PREFERRED = 2,
	MVGAL_POLICY_GPU_MEMORY_BY_HAND = 4,
	MVGAL_POLICY_GPU_TIME_BY_HAND = 8,
};

/* The program, as its shim wrote it once. */
struct mvgal_session_header {
	uint64_t magic; /* MVGAL_SESSION_MAGIC */
	uint32_t layout_version; /* MVGAL_SESSION_LAYOUT_VERSION */
	uint32_t page_bytes; /* sizeof(struct mvgal_session_page) */
	uint32_t pid; /* of the program, in its own PID namespace */
	uint8_t reserved_0[4]; /* 0 */
	uint64_t start_time; /* field 22 of /proc/PID/stat: clock ticks since boot */
	uint64_t began_ns; /* when the page was made, ns since 1970 */
	char api[16]; /* which shim: cuda, opencl, vulkan, opengl */
	char command[64]; /* name of the program; empty where unknown */
	uint32_t asked_strategy; /* MVGAL_STRATEGY of the environment; 0 for none */
	uint8_t reserved_1[4]; /* 0 */
	uint64_t asked_mask; /* MVGAL_GPU_MASK of the environment; 0 for none */
	char asked_gpus[376]; /* MVGAL_GPUS; empty where unset or too long */
};
_Static_assert(sizeof(struct mvgal_session_header) == 512, "mvgal_session_header");
_Static_assert(offsetof(struct mvgal_session_header, magic) == 0, "mvgal_session_header.magic");
_Static_assert(offsetof(struct mvgal_session_header, layout_version) == 8, "mvgal_session_header.layout_version");
_Static_assert(offsetof(struct mvgal_session_header, page_bytes) == 12, "mvgal_session_header.page_bytes");
_Static_assert(offsetof(struct mvgal_session_header, pid) == 16, "mvgal_session_header.pid");
_Static_assert(offsetof(struct mvgal_session_header, reserved_0) == 20, "mvgal_session_header.reserved_0");
_Static_assert(offsetof(struct mvgal_session_header, start_time) == 24, "mvgal_session_header.start_time");
_Static_assert(offsetof(struct mvgal_session_header, began_ns) == 32, "mvgal_session_header.began_ns");
_Static_assert(offsetof(struct mvgal_session_header, api) == 40, "mvgal_session_header.api");
_Static_assert(offsetof(struct mvgal_session_header, command) == 56, "mvgal_session_header.command");
_Static_assert(offsetof(struct mvgal_session_header, asked_strategy) == 120, "mvgal_session_header.asked_strategy");
_Static_assert(offsetof(struct mvgal_session_header, reserved_1) == 124, "mvgal_session_header.reserved_1");
_Static_assert(offsetof(struct mvgal_session_header, asked_mask) == 128, "mvgal_session_header.asked_mask");
_Static_assert(offsetof(struct mvgal_session_header, asked_gpus) == 136, "mvgal_session_header.asked_gpus");

/* The shim about itself. */
struct mvgal_session_status {
	_Atomic uint64_t policy_seen; /* generation of the policy obeyed; 0: none */
	_Atomic uint64_t policy_refused; /* policies that were not sound */
	_Atomic uint64_t reasons_lost; /* pieces of work whose reason had no row */
	_Atomic uint64_t gpus_lost; /* GPUs that had no row */
	_Atomic uint64_t whole; /* kernels that ran whole, on whatever device */
	_Atomic uint64_t parted; /* kernels that ran in parts, each counted once */
	uint8_t reserved_0[16]; /* 0 */
};
_Static_assert(sizeof(struct mvgal_session_status) == 64, "mvgal_session_status");
_Static_assert(offsetof(struct mvgal_session_status, policy_seen) == 0, "mvgal_session_status.policy_seen");
_Static_assert(offsetof(struct mvgal_session_status, policy_refused) == 8, "mvgal_session_status.policy_refused");
_Static_assert(offsetof(struct mvgal_session_status, reasons_lost) == 16, "mvgal_session_status.reasons_lost");
_Static_assert(offsetof(struct mvgal_session_status, gpus_lost) == 24, "mvgal_session_status.gpus_lost");
_Static_assert(offsetof(struct mvgal_session_status, whole) == 32, "mvgal_session_status.whole");
_Static_assert(offsetof(struct mvgal_session_status, parted) == 40, "mvgal_session_status.parted");
_Static_assert(offsetof(struct mvgal_session_status, reserved_0) == 48, "mvgal_session_status.reserved_0");

/* Why work ran whole, and how often. */
struct mvgal_session_reason {
	_Atomic uint32_t state; /* 0 free, 1 being filled, 2 filled */
	uint8_t reserved_0[4]; /* 0 */
	_Atomic uint64_t count; /* pieces of work */
	char text[48]; /* the reason, a few words */
};
_Static_assert(sizeof(struct mvgal_session_reason) == 64, "mvgal_session_reason");
_Static_assert(offsetof(struct mvgal_session_reason, state) == 0, "mvgal_session_reason.state");
_Static_assert(offsetof(struct mvgal_session_reason, reserved_0) == 4, "mvgal_session_reason.reserved_0");
_Static_assert(offsetof(struct mvgal_session_reason, count) == 8, "mvgal_session_reason.count");
_Static_assert(offsetof(struct mvgal_session_reason, text) == 16, "mvgal_session_reason.text");

/* What the program may do with one GPU. */
struct mvgal_policy_gpu {
	char id[64]; /* stable name: pci:0000:06:00.0 */
	uint32_t flags; /* MVGAL_POLICY_GPU_* */
	uint32_t weight; /* share in what is split, the heaviest 1000000; 0: not measured */
	uint64_t memory_limit_bytes; /* that the program may allocate; all ones: no limit */
	uint32_t compute_pct; /* share of the time in which it may compute, 1 to 100 */
	uint32_t priority; /* 0 to 100 */
	uint8_t reserved_0[8]; /* 0 */
};
_Static_assert(sizeof(struct mvgal_policy_gpu) == 96, "mvgal_policy_gpu");
_Static_assert(offsetof(struct mvgal_policy_gpu, id) == 0, "mvgal_policy_gpu.id");
_Static_assert(offsetof(struct mvgal_policy_gpu, flags) == 64, "mvgal_policy_gpu.flags");
_Static_assert(offsetof(struct mvgal_policy_gpu, weight) == 68, "mvgal_policy_gpu.weight");
_Static_assert(offsetof(struct mvgal_policy_gpu, memory_limit_bytes) == 72, "mvgal_policy_gpu.memory_limit_bytes");
_Static_assert(offsetof(struct mvgal_policy_gpu, compute_pct) == 80, "mvgal_policy_gpu.compute_pct");
_Static_assert(offsetof(struct mvgal_policy_gpu, priority) == 84, "mvgal_policy_gpu.priority");
_Static_assert(offsetof(struct mvgal_policy_gpu, reserved_0) == 88, "mvgal_policy_gpu.reserved_0");

/* What mvgal asks of the program. */
struct mvgal_session_policy {
	uint64_t generation; /* odd while it is written; 0: never written */
	uint32_t checksum; /* of all that follows, and the generation */
	uint32_t strategy; /* MVGAL_STRATEGY_* */
	uint32_t gpu_count; /* rows of gpus that are used */
	uint32_t flags; /* 0 */
	uint8_t reserved_0[40]; /* 0 */
	struct mvgal_policy_gpu gpus[32]; /* in the order of the listing */
};
_Static_assert(sizeof(struct mvgal_session_policy) == 3136, "mvgal_session_policy");
_Static_assert(offsetof(struct mvgal_session_policy, generation) == 0, "mvgal_session_policy.generation");
_Static_assert(offsetof(struct mvgal_session_policy, checksum) == 8, "mvgal_session_policy.checksum");
_Static_assert(offsetof(struct mvgal_session_policy, strategy) == 12, "mvgal_session_policy.strategy");
_Static_assert(offsetof(struct mvgal_session_policy, gpu_count) == 16, "mvgal_session_policy.gpu_count");
_Static_assert(offsetof(struct mvgal_session_policy, flags) == 20, "mvgal_session_policy.flags");
_Static_assert(offsetof(struct mvgal_session_policy, reserved_0) == 24, "mvgal_session_policy.reserved_0");
_Static_assert(offsetof(struct mvgal_session_policy, gpus) == 64, "mvgal_session_policy.gpus");

/* What was done on one GPU. */
struct mvgal_session_counters {
	_Atomic uint32_t state; /* 0 free, 1 being filled, 2 filled */
	uint8_t reserved_0[4]; /* 0 */
	_Atomic uint64_t bytes_now; /* allocated now */
	_Atomic uint64_t bytes_peak; /* allocated at most */
	_Atomic uint64_t bytes_copied; /* copied to, from and on the GPU */
	_Atomic uint64_t launches; /* kernels, or submissions of frames */
	_Atomic uint64_t splits; /* of these, parts of split work */
	_Atomic uint64_t busy_ns; /* time of work, as far as it was measured */
	uint8_t reserved_1[8]; /* 0 */
	char id[64]; /* stable name, as the shim knows it */
};
_Static_assert(sizeof(struct mvgal_session_counters) == 128, "mvgal_session_counters");
_Static_assert(offsetof(struct mvgal_session_counters, state) == 0, "mvgal_session_counters.state");
_Static_assert(offsetof(struct mvgal_session_counters, reserved_0) == 4, "mvgal_session_counters.reserved_0");
_Static_assert(offsetof(struct mvgal_session_counters, bytes_now) == 8, "mvgal_session_counters.bytes_now");
_Static_assert(offsetof(struct mvgal_session_counters, bytes_peak) == 16, "mvgal_session_counters.bytes_peak");
_Static_assert(offsetof(struct mvgal_session_counters, bytes_copied) == 24, "mvgal_session_counters.bytes_copied");
_Static_assert(offsetof(struct mvgal_session_counters, launches) == 32, "mvgal_session_counters.launches");
_Static_assert(offsetof(struct mvgal_session_counters, splits) == 40, "mvgal_session_counters.splits");
_Static_assert(offsetof(struct mvgal_session_counters, busy_ns) == 48, "mvgal_session_counters.busy_ns");
_Static_assert(offsetof(struct mvgal_session_counters, reserved_1) == 56, "mvgal_session_counters.reserved_1");
_Static_assert(offsetof(struct mvgal_session_counters, id) == 64, "mvgal_session_counters.id");

/* The page. */
struct mvgal_session_page {
	struct mvgal_session_header header; /* written once, by the shim */
	struct mvgal_session_status status; /* written by the shim */
	uint8_t reserved_0[448]; /* 0 */
	struct mvgal_session_reason reasons[32]; /* written by the shim */
	uint8_t reserved_1[1024]; /* 0 */
	struct mvgal_session_policy policy; /* written by mvgal alone */
	uint8_t reserved_2[960]; /* 0 */
	struct mvgal_session_counters counters[32]; /* written by the shim */
};
_Static_assert(sizeof(struct mvgal_session_page) == 12288, "mvgal_session_page");
_Static_assert(offsetof(struct mvgal_session_page, header) == 0, "mvgal_session_page.header");
_Static_assert(offsetof(struct mvgal_session_page, status) == 512, "mvgal_session_page.status");
_Static_assert(offsetof(struct mvgal_session_page, reserved_0) == 576, "mvgal_session_page.reserved_0");
_Static_assert(offsetof(struct mvgal_session_page, reasons) == 1024, "mvgal_session_page.reasons");
_Static_assert(offsetof(struct mvgal_session_page, reserved_1) == 3072, "mvgal_session_page.reserved_1");
_Static_assert(offsetof(struct mvgal_session_page, policy) == 4096, "mvgal_session_page.policy");
_Static_assert(offsetof(struct mvgal_session_page, reserved_2) == 7232, "mvgal_session_page.reserved_2");
_Static_assert(offsetof(struct mvgal_session_page, counters) == 8192, "mvgal_session_page.counters");

/* What a group may do with one GPU. */
struct mvgal_group_gpu {
	char id[64]; /* stable name */
	uint64_t memory_limit_bytes; /* of all programs together; all ones: no limit */
	uint32_t compute_pct; /* share of the time of all programs together, 1 to 100 */
	uint8_t reserved_0[20]; /* 0 */
};
_Static_assert(sizeof(struct mvgal_group_gpu) == 96, "mvgal_group_gpu");
_Static_assert(offsetof(struct mvgal_group_gpu, id) == 0, "mvgal_group_gpu.id");
_Static_assert(offsetof(struct mvgal_group_gpu, memory_limit_bytes) == 64, "mvgal_group_gpu.memory_limit_bytes");
_Static_assert(offsetof(struct mvgal_group_gpu, compute_pct) == 72, "mvgal_group_gpu.compute_pct");
_Static_assert(offsetof(struct mvgal_group_gpu, reserved_0) == 76, "mvgal_group_gpu.reserved_0");

/* What one program of a group uses. */
struct mvgal_group_slot {
	uint32_t pid; /* 0: the slot is free */
	uint8_t reserved_0[4]; /* 0 */
	uint64_t start_time; /* field 22 of /proc/PID/stat */
	uint8_t reserved_1[48]; /* 0 */
	_Atomic uint64_t used_bytes[32]; /* allocated now, by the row of the GPU */
};
_Static_assert(sizeof(struct mvgal_group_slot) == 320, "mvgal_group_slot");
_Static_assert(offsetof(struct mvgal_group_slot, pid) == 0, "mvgal_group_slot.pid");
_Static_assert(offsetof(struct mvgal_group_slot, reserved_0) == 4, "mvgal_group_slot.reserved_0");
_Static_assert(offsetof(struct mvgal_group_slot, start_time) == 8, "mvgal_group_slot.start_time");
_Static_assert(offsetof(struct mvgal_group_slot, reserved_1) == 16, "mvgal_group_slot.reserved_1");
_Static_assert(offsetof(struct mvgal_group_slot, used_bytes) == 64, "mvgal_group_slot.used_bytes");

/* Limits that several programs share. */
struct mvgal_group {
	uint64_t magic; /* MVGAL_GROUP_MAGIC */
	uint32_t layout_version; /* MVGAL_SESSION_LAYOUT_VERSION */
	uint32_t file_bytes; /* sizeof(struct mvgal_group) */
	uint32_t gpu_count; /* rows of gpus that are used */
	uint8_t reserved_0[44]; /* 0 */
	struct mvgal_group_gpu gpus[32]; /* written by mvgal alone */
	struct mvgal_group_slot slots[64]; /* each by its program, under the lock */
};
_Static_assert(sizeof(struct mvgal_group) == 23616, "mvgal_group");
_Static_assert(offsetof(struct mvgal_group, magic) == 0, "mvgal_group.magic");
_Static_assert(offsetof(struct mvgal_group, layout_version) == 8, "mvgal_group.layout_version");
_Static_assert(offsetof(struct mvgal_group, file_bytes) == 12, "mvgal_group.file_bytes");
_Static_assert(offsetof(struct mvgal_group, gpu_count) == 16, "mvgal_group.gpu_count");
_Static_assert(offsetof(struct mvgal_group, reserved_0) == 20, "mvgal_group.reserved_0");
_Static_assert(offsetof(struct mvgal_group, gpus) == 64, "mvgal_group.gpus");
_Static_assert(offsetof(struct mvgal_group, slots) == 3136, "mvgal_group.slots");

#endif
