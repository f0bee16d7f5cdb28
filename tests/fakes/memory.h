/*
 * Memory of fake devices: host memory, with a book of whose it is, so that a copy from or to what was
 * not allocated, or by a device that may not, is refused.
 */
#ifndef MVGAL_FAKE_MEMORY_H
#define MVGAL_FAKE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Owner of page-locked host memory. */
#define FAKE_HOST (-1)

static struct fake_block {
	char *start;
	size_t size;
	int owner;
	/* What to unmap, for memory of another's; otherwise 0. */
	size_t mapped;
	size_t offset;
} fake_blocks[64];

/* Memory of another's, which it keeps at `offset` of a file. The descriptor stays the caller's. */
static inline void *fake_import(int fd, size_t offset, size_t size, int owner)
{
	for (size_t i = 0; size && i < sizeof(fake_blocks) / sizeof(*fake_blocks); i++) {
		char *start;

		if (fake_blocks[i].start)
			continue;
		start = mmap(NULL, offset + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (start == MAP_FAILED)
			return NULL;
		fake_blocks[i] = (struct fake_block){ start + offset, size, owner, offset + size,
						      offset };
		return fake_blocks[i].start;
	}
	return NULL;
}

static inline void *fake_allocate(size_t size, int owner)
{
	for (size_t i = 0; size && i < sizeof(fake_blocks) / sizeof(*fake_blocks); i++) {
		if (fake_blocks[i].start)
			continue;
		fake_blocks[i].start = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);
		fake_blocks[i].size = size;
		fake_blocks[i].owner = owner;
		fake_blocks[i].mapped = 0;
		return fake_blocks[i].start;
	}
	return NULL;
}

/* False where nothing of this owner begins there. */
static inline bool fake_release(const void *start, bool is_host)
{
	for (size_t i = 0; i < sizeof(fake_blocks) / sizeof(*fake_blocks); i++) {
		if (fake_blocks[i].start != start || !start ||
		    (fake_blocks[i].owner == FAKE_HOST) != is_host)
			continue;
		if (fake_blocks[i].mapped)
			munmap(fake_blocks[i].start - fake_blocks[i].offset, fake_blocks[i].mapped);
		else
			free(fake_blocks[i].start);
		fake_blocks[i].start = NULL;
		return true;
	}
	return false;
}

/* Blocks that were not freed. */
static inline int fake_leaks(void)
{
	int count = 0;

	for (size_t i = 0; i < sizeof(fake_blocks) / sizeof(*fake_blocks); i++)
		count += fake_blocks[i].start != NULL;
	return count;
}

/* Whose `size` bytes from `start` are; -2 for nobody's. */
static inline int fake_owner(const char *start, size_t size)
{
	for (size_t i = 0; i < sizeof(fake_blocks) / sizeof(*fake_blocks); i++) {
		const struct fake_block *block = &fake_blocks[i];
		if (block->start && start >= block->start &&
		    start + size <= block->start + block->size)
			return block->owner;
	}
	return -2;
}

static inline uint64_t fake_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
