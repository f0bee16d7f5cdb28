/* SPDX-License-Identifier: MIT */
/*
 * Calls every function of libmvgal_host from C, so that sanitizers and valgrind see it: results,
 * wrong results put in on purpose, and wrong arguments. Prints a line for each failure; ends with 1
 * after any.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "chains.h"
#include "host.h"
#include "kernels.h"
#include "team.h"

#define BYTES (UINT64_C(5) * KERNEL_GRANULE)
#define MAX_CPUS 1024

static int failures;
static uint32_t cpus[MAX_CPUS];
static uint32_t cpu_count;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: %s\n", __func__, __LINE__, #condition);                     \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

static void find_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (uint32_t cpu = 0; cpu < MAX_CPUS && cpu_count < 4; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[cpu_count++] = cpu;
}

struct record {
	atomic_uint prepared, worked, checked;
	int cpu[MAX_CPUS];
};

static void record_prepare(void *context, uint32_t index)
{
	struct record *record = context;

	record->cpu[index] = sched_getcpu();
	atomic_fetch_add(&record->prepared, 1);
}

static void record_work(void *context, uint32_t index)
{
	struct record *record = context;

	(void)index;
	/* The time begins when all are prepared. */
	CHECK(atomic_load(&record->prepared) == cpu_count);
	atomic_fetch_add(&record->worked, 1);
}

static void record_check(void *context, uint32_t index)
{
	(void)index;
	atomic_fetch_add(&((struct record *)context)->checked, 1);
}

static const struct team_task record_task = {record_prepare, record_work, record_check};

static void test_team(void)
{
	struct record record = {0};
	uint32_t with_none[2] = {cpus[0], 900};
	uint64_t nanoseconds = 0;

	CHECK(team_run(cpus, cpu_count, &record_task, &record, &nanoseconds) == 0);
	CHECK(record.worked == cpu_count);
	CHECK(record.checked == cpu_count);
	CHECK(nanoseconds > 0 && nanoseconds < UINT64_C(60000000000));
	for (uint32_t i = 0; i < cpu_count; i++)
		CHECK(record.cpu[i] == (int)cpus[i]);

	/* A CPU that cannot be had stops all members before they work. */
	memset(&record, 0, sizeof(record));
	CHECK(team_run(with_none, 2, &record_task, &record, &nanoseconds) == -EINVAL);
	CHECK(record.worked == 0);
	CHECK(team_run(cpus, 0, &record_task, &record, &nanoseconds) == -EINVAL);
}

static const uint64_t bytes_moved[MVGAL_HOST_OPERATION_COUNT] = {BYTES, BYTES, 2 * BYTES,
								 3 * BYTES};

static int store_fits(uint32_t operation, uint32_t store)
{
	if (store == MVGAL_HOST_STREAMING)
		return operation != MVGAL_HOST_READ;
	return store == MVGAL_HOST_CACHED || operation == MVGAL_HOST_COPY;
}

static void test_memory_of(struct mvgal_host_arena *arena, uint32_t isa)
{
	struct mvgal_host_sample sample;

	for (uint32_t operation = 0; operation < MVGAL_HOST_OPERATION_COUNT; operation++) {
		for (uint32_t store = 0; store < MVGAL_HOST_STORE_COUNT; store++) {
			int error = mvgal_host_memory(arena, isa, operation, store, 3, &sample);

			if (!store_fits(operation, store)) {
				CHECK(error == -EINVAL);
				continue;
			}
			CHECK(error == 0);
			CHECK(sample.nanoseconds > 0);
			CHECK(sample.work == 3 * bytes_moved[operation]);
			CHECK(sample.checked == BYTES / 8);
			CHECK(sample.wrong == 0);
		}
	}
}

/* A damaged source shows in everything that reads it. */
static void test_memory_damage(struct mvgal_host_arena *arena, uint32_t isa)
{
	struct mvgal_host_sample sample;
	uint64_t *b = (uint64_t *)(arena->b + BYTES - 8), whole = *b;
	uint64_t *a = (uint64_t *)arena->a;
	const struct arena_part *part = &arena->parts[0];

	*b ^= 1;
	CHECK(mvgal_host_memory(arena, isa, MVGAL_HOST_READ, MVGAL_HOST_CACHED, 1, &sample) == 0);
	CHECK(sample.wrong > 0);
	CHECK(mvgal_host_memory(arena, isa, MVGAL_HOST_COPY, MVGAL_HOST_CACHED, 1, &sample) == 0);
	CHECK(sample.wrong == 1);
	*b = whole ^ (UINT64_C(1) << 51);
	CHECK(mvgal_host_memory(arena, isa, MVGAL_HOST_TRIAD, MVGAL_HOST_CACHED, 1, &sample) == 0);
	CHECK(sample.wrong == 1);
	*b = whole;

	/* A damaged result shows, whatever wrote it. */
	for (uint32_t operation = MVGAL_HOST_WRITE; operation <= MVGAL_HOST_TRIAD; operation++) {
		CHECK(mvgal_host_memory(arena, isa, operation, MVGAL_HOST_STREAMING, 1, &sample) ==
		      0);
		CHECK(arena_verify(arena, part, operation, 1) == 0);
		a[7] ^= 1;
		CHECK(arena_verify(arena, part, operation, 1) == 1);
	}
}

static uint64_t read_nothing(const void *b, size_t bytes)
{
	(void)b;
	(void)bytes;
	return 0;
}

static void copy_nothing(void *a, const void *b, size_t bytes)
{
	(void)a;
	(void)b;
	(void)bytes;
}

static void triad_nothing(void *a, const void *b, const void *c, size_t bytes)
{
	(void)a;
	(void)b;
	(void)c;
	(void)bytes;
}

/* What an operation leaves behind does not make the next one's result right. */
static void test_memory_idle(struct mvgal_host_arena *arena, uint32_t isa)
{
	struct kernels idle = *kernels_for(isa);
	struct mvgal_host_sample sample;

	idle.read = read_nothing;
	idle.copy[MVGAL_HOST_CACHED] = copy_nothing;
	idle.triad[MVGAL_HOST_CACHED] = triad_nothing;
	for (uint32_t operation = 0; operation < MVGAL_HOST_OPERATION_COUNT; operation++) {
		if (operation == MVGAL_HOST_WRITE)
			continue; /* every sample writes another word */
		CHECK(mvgal_host_memory(arena, isa, operation, MVGAL_HOST_CACHED, 1, &sample) == 0);
		CHECK(sample.wrong == 0);
		CHECK(arena_measure(arena, &idle, operation, MVGAL_HOST_CACHED, 1, &sample) == 0);
		CHECK(sample.wrong == sample.checked);
	}
}

static long mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = -1;

	if (file && fscanf(file, "%ld", &pages) != 1)
		pages = -1;
	if (file)
		fclose(file);
	return pages;
}

static void test_arenas_are_unmapped(void)
{
	const int arenas = 64; /* of 8 MiB each */
	const long page = 4096, before = mapped_pages();
	int32_t error;

	for (int i = 0; i < arenas; i++)
		mvgal_host_arena_destroy(mvgal_host_arena_create(BYTES, cpus, 1, 1, &error));
	CHECK((mapped_pages() - before) * page < (long)arenas * 4 << 20);
}

static void test_memory_arguments(struct mvgal_host_arena *arena, uint32_t isa)
{
	struct mvgal_host_sample sample;
	uint32_t none = 900;
	int32_t error = 0;

	CHECK(mvgal_host_memory(arena, isa, MVGAL_HOST_OPERATION_COUNT, 0, 1, &sample) == -EINVAL);
	CHECK(mvgal_host_memory(arena, isa, MVGAL_HOST_WRITE, MVGAL_HOST_STORE_COUNT, 1, &sample) ==
	      -EINVAL);
	CHECK(mvgal_host_memory(arena, isa, MVGAL_HOST_READ, 0, 0, &sample) == -EINVAL);
	CHECK(mvgal_host_memory(arena, MVGAL_HOST_ISA_COUNT, 0, 0, 1, &sample) == -ENOTSUP);

	CHECK(!mvgal_host_arena_create(BYTES + 8, cpus, cpu_count, 1, &error) && error == -EINVAL);
	CHECK(!mvgal_host_arena_create(0, cpus, cpu_count, 1, &error) && error == -EINVAL);
	CHECK(!mvgal_host_arena_create(BYTES, cpus, 0, 1, &error) && error == -EINVAL);
	CHECK(!mvgal_host_arena_create(BYTES, &none, 1, 1, &error) && error == -EINVAL);
	CHECK(!mvgal_host_arena_create(UINT64_C(1) << 62, cpus, 1, 1, &error) && error == -ENOMEM);
	CHECK(!mvgal_host_arena_create(~UINT64_C(0xfff), cpus, 1, 1, &error) && error == -ENOMEM);
	mvgal_host_arena_destroy(NULL);
}

static void test_fma(uint32_t isa, uint32_t precision)
{
	const struct kernels *kernels = kernels_for(isa);
	size_t lanes = kernels->vector_bytes / (precision == MVGAL_HOST_FP32 ? 4 : 8);
	struct mvgal_host_sample sample;
	struct chains chains;
	const uint64_t seed = 11, iterations = 1000;

	/* As many seeds as lanes: every lane of every chain is compared. */
	for (uint64_t i = 0; i < lanes; i++) {
		CHECK(mvgal_host_fma(cpus, cpu_count, isa, precision, iterations, i, &sample) == 0);
		CHECK(sample.nanoseconds > 0);
		CHECK(sample.work == 2 * lanes * kernels->chains * iterations * cpu_count);
		CHECK(sample.checked == (uint64_t)kernels->chains * cpu_count);
		CHECK(sample.wrong == 0);
	}
	CHECK(mvgal_host_fma(cpus, cpu_count, isa, precision, 0, 1, &sample) == -EINVAL);
	CHECK(mvgal_host_fma(cpus, 0, isa, precision, 1, 1, &sample) == -EINVAL);

	chains_start(&chains, kernels, precision, seed);
	if (precision == MVGAL_HOST_FP32)
		kernels->fma_fp32(chains.state.fp32, chains.constants.fp32, iterations);
	else
		kernels->fma_fp64(chains.state.fp64, chains.constants.fp64, iterations);
	CHECK(chains_verify(&chains, kernels, precision, seed, iterations) == 0);
	/* One step too few or too many is seen in every chain, and so is one bit of a result. */
	CHECK(chains_verify(&chains, kernels, precision, seed, iterations - 1) == kernels->chains);
	CHECK(chains_verify(&chains, kernels, precision, seed, iterations + 1) == kernels->chains);
	((uint8_t *)&chains.state)[(seed % lanes) * (kernels->vector_bytes / lanes)] ^= 1;
	CHECK(chains_verify(&chains, kernels, precision, seed, iterations) == 1);
}

static void test_clock(void)
{
	struct mvgal_host_sample sample;

	CHECK(mvgal_host_clock(cpus, cpu_count, 100000, &sample) == 0);
	CHECK(sample.work == 100000 / 64 * 64);
	CHECK(sample.nanoseconds > 0);
	CHECK(mvgal_host_clock(cpus, cpu_count, 63, &sample) == -EINVAL);
	CHECK(mvgal_host_clock(cpus, 0, 1000, &sample) == -EINVAL);
}

int main(void)
{
	struct mvgal_host_sample sample;
	struct mvgal_host_arena *arena;
	int32_t error = -1;
	uint32_t sets = mvgal_host_instruction_sets();

	find_cpus();
	CHECK(mvgal_host_abi() == MVGAL_HOST_ABI);
	CHECK(sets != 0);
	test_team();
	test_clock();
	test_arenas_are_unmapped();

	arena = mvgal_host_arena_create(BYTES, cpus, cpu_count, 42, &error);
	CHECK(arena && error == 0);
	for (uint32_t isa = 0; isa < MVGAL_HOST_ISA_COUNT; isa++) {
		if (!(sets & UINT32_C(1) << isa)) {
			CHECK(mvgal_host_memory(arena, isa, 0, 0, 1, &sample) == -ENOTSUP);
			CHECK(mvgal_host_fma(cpus, cpu_count, isa, 0, 1, 1, &sample) == -ENOTSUP);
			continue;
		}
		printf("instruction set %u\n", isa);
		test_memory_of(arena, isa);
		test_memory_damage(arena, isa);
		test_memory_idle(arena, isa);
		test_memory_arguments(arena, isa);
		test_fma(isa, MVGAL_HOST_FP32);
		test_fma(isa, MVGAL_HOST_FP64);
	}
	mvgal_host_arena_destroy(arena);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
