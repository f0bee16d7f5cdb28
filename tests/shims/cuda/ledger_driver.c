/* SPDX-License-Identifier: MIT */
/* Exercises what the shim notes of allocations (ledger.c, ranges.c) and how it sizes arrays
 * (array_size.c). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../../shims/cuda/array_size.h"
#include "../../../shims/cuda/ledger.h"
#include "../../../shims/cuda/ordinal.h"
#include "../../../shims/cuda/ranges.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define KEYS 20000

static int owners[2];
static uint64_t dropped;

static void put(uint64_t key, uint64_t bytes, void *owner)
{
	struct ledger_entry *entry = ledger_new();

	*entry = (struct ledger_entry){.key = key, .bytes = bytes, .owner = owner};
	ledger_put(entry);
}

static void drop(struct ledger_entry *entry)
{
	dropped += entry->bytes;
	free(entry);
}

static void check_ledger(void)
{
	/* As pointers are: multiples of 512 and of 2 MiB. */
	for (uint64_t i = 1; i <= KEYS; i++)
		put(i * (i % 2 ? 512 : 2 << 20), i, &owners[i % 3 == 0]);
	CHECK(!ledger_take(1) && !ledger_take(0));
	for (uint64_t i = 1; i <= KEYS; i += 2) {
		struct ledger_entry *entry = ledger_take(i * 512);

		CHECK(entry && entry->bytes == i);
		CHECK(!ledger_take(i * 512));
		free(entry);
	}
	ledger_take_owned(&owners[1], drop);
	for (uint64_t i = 6; i <= KEYS; i += 6)
		dropped -= i;
	CHECK(dropped == 0);
	ledger_take_owned(&owners[1], drop);
	CHECK(dropped == 0);
	ledger_take_owned(&owners[0], drop);
	CHECK(dropped > 0);
	CHECK(!ledger_take(2 * (2 << 20)));
}

static void *put_and_take(void *which)
{
	uint64_t first = (uint64_t)(uintptr_t)which << 40;

	for (int round = 0; round < 20; round++) {
		for (uint64_t i = 0; i < 500; i++)
			put(first + i * 512, i, NULL);
		for (uint64_t i = 0; i < 500; i++) {
			struct ledger_entry *entry = ledger_take(first + i * 512);

			CHECK(entry && entry->bytes == i);
			free(entry);
		}
	}
	return NULL;
}

static void check_threads(void)
{
	pthread_t running[4];

	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&running[i], NULL, put_and_take, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(running[i], NULL);
}

static void check_ranges(void)
{
	struct ranges ranges = {0};
	struct range taken;

	CHECK(!ranges_find(&ranges, 0) && !ranges_take_within(&ranges, 0, UINT64_MAX, &taken));
	for (uint64_t i = 0; i < 1000; i++) {
		CHECK(ranges_prepare(&ranges));
		/* In an order of their own: 7 has no part in 1000. */
		ranges_add(&ranges, (struct range){.from = i * 7 % 1000 * 10 + 5, .length = 8});
	}
	for (uint64_t i = 0; i < 10005; i++) {
		const struct range *found = ranges_find(&ranges, i);

		CHECK(!found == (i < 5 || (i - 5) % 10 >= 8));
		CHECK(!found || (found->from <= i && i - found->from < 8));
	}
	/* Those that begin in it, and no other. */
	for (int i = 0; i < 3; i++)
		CHECK(ranges_take_within(&ranges, 105, 30, &taken) &&
		      taken.from == 105u + 10u * (unsigned)i);
	CHECK(!ranges_take_within(&ranges, 105, 30, &taken));
	CHECK(!ranges_find(&ranges, 105) && ranges_find(&ranges, 135) && ranges_find(&ranges, 95));
	CHECK(ranges.count == 997);
	free(ranges.rows);
}

static uint64_t bytes_of(size_t width, size_t height, size_t depth, int format, unsigned channels,
			 unsigned flags)
{
	return array_bytes(&(CUDA_ARRAY3D_DESCRIPTOR){.Width = width,
						      .Height = height,
						      .Depth = depth,
						      .Format = format,
						      .NumChannels = channels,
						      .Flags = flags});
}

static void check_arrays(void)
{
	CUDA_ARRAY3D_DESCRIPTOR layered = {
	    .Width = 16, .Height = 4, .Depth = 6, .Format = 0x01, .NumChannels = 1, .Flags = 1};

	CHECK(bytes_of(100, 0, 0, 0x20, 4, 0) == 1600);
	CHECK(bytes_of(100, 10, 0, 0x10, 2, 0) == 4000);
	CHECK(bytes_of(100, 10, 3, 0x08, 1, 0) == 3000);
	/* Compressed: blocks of 4 by 4, of all channels. */
	CHECK(bytes_of(10, 10, 0, 0x91, 4, 0) == 9 * 8);
	CHECK(bytes_of(8, 8, 0, 0x9d, 4, 0) == 4 * 16);
	CHECK(bytes_of(10, 10, 0, 0xc5, 4, 0) == 800);
	/* Without memory of their own, of another format, and beyond all. */
	CHECK(bytes_of(100, 10, 3, 0x08, 1, 0x40) == 0 && bytes_of(100, 10, 3, 0x08, 1, 0x80) == 0);
	CHECK(bytes_of(100, 10, 3, 0x7777, 1, 0) == 0 && bytes_of(0, 0, 0, 0x08, 1, 0) == 0);
	CHECK(bytes_of(SIZE_MAX, SIZE_MAX, 0, 0x20, 4, 0) == UINT64_MAX);
	/* Layers stay as many. */
	CHECK(mipmap_bytes(&layered, 3) == (64 + 16 + 4) * 6);
	CHECK(mipmap_bytes(&layered, 99) == (64 + 16 + 4 + 2 + 1) * 6);
	layered.Flags = 0;
	CHECK(mipmap_bytes(&layered, 3) == 64 * 6 + 16 * 3 + 4);
}

static void check_ordinals(void)
{
	static const char uuid[] = "GPU-01234567-89ab-cdef-0123-456789abcdef";

	CHECK(ordinal_in(NULL, 3, uuid) == 3);
	CHECK(ordinal_in("", 0, uuid) == -1);
	CHECK(ordinal_in("2,3", 3, uuid) == 1);
	CHECK(ordinal_in("2,-1,3", 3, uuid) == -1);
	CHECK(ordinal_in("2,x,3", 3, uuid) == -1);
	CHECK(ordinal_in("2, gpu-0123", 3, uuid) == 1);
	CHECK(ordinal_in("GPU-99,GPU-01234567-89ab-cdef-0123-456789abcdef", 3, uuid) == 1);
	CHECK(ordinal_in("GPU-", 3, uuid) == -1);
}

int main(void)
{
	check_ledger();
	check_threads();
	check_ranges();
	check_arrays();
	check_ordinals();
	return 0;
}
