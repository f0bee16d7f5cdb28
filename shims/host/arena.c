/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pattern.h"
#include "team.h"

#define HUGE_PAGE ((uint64_t)2 << 20)

/* Loads that follow stores to the same place in a 4 KiB page wait for them on some processors: a, b
 * and c start at different places. */
#define ARRAY_STAGGER 1344

struct memory_run {
	struct mvgal_host_arena *arena;
	const struct kernels *kernels;
	uint32_t operation;
	uint32_t store;
	uint32_t passes;
};

/* The word that MVGAL_HOST_WRITE writes in the current sample. */
static uint64_t written_word(const struct mvgal_host_arena *arena)
{
	return pattern_word(~arena->seed, arena->generation);
}

static void fill_part(void *context, uint32_t index)
{
	struct mvgal_host_arena *arena = context;
	struct arena_part *part = &arena->parts[index];
	uint64_t first = part->offset / sizeof(double), sum = 0;
	double *b = (double *)(arena->b + part->offset), *c = (double *)(arena->c + part->offset);

	for (uint64_t i = 0; i < part->bytes / sizeof(double); i++) {
		b[i] = pattern_number(arena->seed, 2 * (first + i));
		c[i] = pattern_number(arena->seed, 2 * (first + i) + 1);
		sum += bits_of(b[i]);
	}
	memset(arena->a + part->offset, 0xff, part->bytes);
	part->b_sum = sum;
}

uint64_t arena_verify(const struct mvgal_host_arena *arena, const struct arena_part *part,
		      uint32_t operation, uint32_t passes)
{
	const uint64_t *a = (const uint64_t *)(arena->a + part->offset);
	uint64_t first = part->offset / sizeof(uint64_t), count = part->bytes / sizeof(uint64_t);
	uint64_t word = written_word(arena), seed = arena->seed, wrong = 0;

	switch (operation) {
	case MVGAL_HOST_READ:
		return part->read_sum == part->b_sum * passes ? 0 : count;
	case MVGAL_HOST_WRITE:
		for (uint64_t i = 0; i < count; i++)
			wrong += a[i] != word;
		return wrong;
	case MVGAL_HOST_COPY:
		for (uint64_t i = 0; i < count; i++)
			wrong += a[i] != bits_of(pattern_number(seed, 2 * (first + i)));
		return wrong;
	case MVGAL_HOST_TRIAD:
		for (uint64_t i = 0; i < count; i++) {
			double b = pattern_number(seed, 2 * (first + i));
			double c = pattern_number(seed, 2 * (first + i) + 1);

			wrong += a[i] != bits_of(b + TRIAD_SCALAR * c);
		}
		return wrong;
	default:
		return count;
	}
}

/* Leaves words in `a` that the operation must replace, past the caches where that is possible. */
static void poison_part(void *context, uint32_t index)
{
	struct memory_run *run = context;
	struct arena_part *part = &run->arena->parts[index];

	part->read_sum = 0;
	if (run->operation != MVGAL_HOST_READ)
		run->kernels->write[MVGAL_HOST_STREAMING](run->arena->a + part->offset, part->bytes,
							  ~written_word(run->arena));
}

static void work_part(void *context, uint32_t index)
{
	const struct memory_run *run = context;
	const struct kernels *kernels = run->kernels;
	struct arena_part *part = &run->arena->parts[index];
	uint8_t *a = run->arena->a + part->offset, *b = run->arena->b + part->offset;
	const uint8_t *c = run->arena->c + part->offset;
	uint64_t word = written_word(run->arena);

	for (uint32_t pass = 0; pass < run->passes; pass++) {
		switch (run->operation) {
		case MVGAL_HOST_READ:
			part->read_sum += kernels->read(b, part->bytes);
			break;
		case MVGAL_HOST_WRITE:
			kernels->write[run->store](a, part->bytes, word);
			break;
		case MVGAL_HOST_COPY:
			if (run->store == MVGAL_HOST_LIBC)
				memcpy(a, b, part->bytes);
			else
				kernels->copy[run->store](a, b, part->bytes);
			break;
		case MVGAL_HOST_TRIAD:
			kernels->triad[run->store](a, b, c, part->bytes);
			break;
		}
		/* Passes are not to be merged into one. */
		__asm__ volatile("" ::: "memory");
	}
}

static void verify_part(void *context, uint32_t index)
{
	const struct memory_run *run = context;
	struct arena_part *part = &run->arena->parts[index];

	part->wrong = arena_verify(run->arena, part, run->operation, run->passes);
}

static int map_arrays(struct mvgal_host_arena *arena)
{
	/* Array n starts n staggers into its own huge page; KERNEL_GRANULE of slack keeps it whole.
	 */
	uint64_t span = (arena->bytes + KERNEL_GRANULE + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	uint8_t *base;

	if (arena->bytes > (SIZE_MAX - HUGE_PAGE) / 4)
		return -ENOMEM;
	arena->mapping_bytes = 3 * span + HUGE_PAGE;
	arena->mapping = mmap(NULL, arena->mapping_bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena->mapping == MAP_FAILED)
		return -errno;
	/* Best effort: small pages are measured where the kernel gives no huge ones. */
	madvise(arena->mapping, arena->mapping_bytes, MADV_HUGEPAGE);

	base = (uint8_t *)(((uintptr_t)arena->mapping + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
	arena->a = base;
	arena->b = base + span + ARRAY_STAGGER;
	arena->c = base + 2 * span + 2 * ARRAY_STAGGER;
	return 0;
}

/* Gives each member an equal run of whole granules, the first ones one more where they do not come
 * out. */
static void split_parts(struct mvgal_host_arena *arena)
{
	uint64_t granules = arena->bytes / KERNEL_GRANULE, offset = 0;

	for (uint32_t i = 0; i < arena->cpu_count; i++) {
		uint64_t share = granules / arena->cpu_count + (i < granules % arena->cpu_count);

		arena->parts[i].offset = offset;
		arena->parts[i].bytes = share * KERNEL_GRANULE;
		offset += arena->parts[i].bytes;
	}
}

static int set_up(struct mvgal_host_arena *arena, const uint32_t *cpus)
{
	static const struct team_task fill = {.work = fill_part};
	int error;

	arena->cpus = calloc(arena->cpu_count, sizeof(*arena->cpus));
	arena->parts =
	    aligned_alloc(_Alignof(struct arena_part), arena->cpu_count * sizeof(*arena->parts));
	if (!arena->cpus || !arena->parts)
		return -ENOMEM;
	memset(arena->parts, 0, arena->cpu_count * sizeof(*arena->parts));
	memcpy(arena->cpus, cpus, arena->cpu_count * sizeof(*cpus));
	error = map_arrays(arena);
	if (error)
		return error;
	split_parts(arena);
	return team_run(arena->cpus, arena->cpu_count, &fill, arena, NULL);
}

struct mvgal_host_arena *mvgal_host_arena_create(uint64_t bytes, const uint32_t *cpus,
						 uint32_t cpu_count, uint64_t seed, int32_t *error)
{
	struct mvgal_host_arena *arena;

	*error = -EINVAL;
	if (bytes == 0 || bytes % KERNEL_GRANULE != 0 || cpu_count == 0)
		return NULL;
	*error = -ENOMEM;
	arena = calloc(1, sizeof(*arena));
	if (!arena)
		return NULL;
	arena->mapping = MAP_FAILED;
	arena->bytes = bytes;
	arena->seed = seed;
	arena->cpu_count = cpu_count;
	*error = set_up(arena, cpus);
	if (*error) {
		mvgal_host_arena_destroy(arena);
		return NULL;
	}
	return arena;
}

void mvgal_host_arena_destroy(struct mvgal_host_arena *arena)
{
	if (!arena)
		return;
	if (arena->mapping != MAP_FAILED)
		munmap(arena->mapping, arena->mapping_bytes);
	free(arena->parts);
	free(arena->cpus);
	free(arena);
}

int arena_measure(struct mvgal_host_arena *arena, const struct kernels *kernels, uint32_t operation,
		  uint32_t store, uint32_t passes, struct mvgal_host_sample *sample)
{
	static const struct team_task task = {
	    .prepare = poison_part, .work = work_part, .check = verify_part};
	static const uint32_t arrays_moved[MVGAL_HOST_OPERATION_COUNT] = {1, 1, 2, 3};
	struct memory_run run = {.arena = arena,
				 .kernels = kernels,
				 .operation = operation,
				 .store = store,
				 .passes = passes};
	int error;

	arena->generation++;
	*sample = (struct mvgal_host_sample){0};
	error = team_run(arena->cpus, arena->cpu_count, &task, &run, &sample->nanoseconds);
	if (error)
		return error;
	sample->work = arena->bytes * arrays_moved[operation] * passes;
	sample->checked = arena->bytes / sizeof(uint64_t);
	for (uint32_t i = 0; i < arena->cpu_count; i++)
		sample->wrong += arena->parts[i].wrong;
	return 0;
}

int32_t mvgal_host_memory(struct mvgal_host_arena *arena, uint32_t isa, uint32_t operation,
			  uint32_t store, uint32_t passes, struct mvgal_host_sample *sample)
{
	const struct kernels *kernels = kernels_for(isa);

	if (operation >= MVGAL_HOST_OPERATION_COUNT || store >= MVGAL_HOST_STORE_COUNT ||
	    passes == 0)
		return -EINVAL;
	if (operation == MVGAL_HOST_READ && store != MVGAL_HOST_CACHED)
		return -EINVAL;
	if (store == MVGAL_HOST_LIBC && operation != MVGAL_HOST_COPY)
		return -EINVAL;
	if (!kernels)
		return -ENOTSUP;
	return arena_measure(arena, kernels, operation, store, passes, sample);
}
