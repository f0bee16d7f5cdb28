/* SPDX-License-Identifier: MIT */
/* The parts that need no driver: the plan, and small allocations. */
#include "pool_program.h"

#include <string.h>

#include "pool_arena.h"
#include "pool_plan.h"

/* No run of pieces has a whole one more or less of a card than its share. */
static void expect_even(const struct plan *plan)
{
	struct plan_walk walk = {0};
	uint32_t given[PLAN_LANES] = {0};
	size_t sum = 0, bytes;
	int lane;

	while ((lane = plan_next(&walk, plan, &bytes)) >= 0) {
		EXPECT(lane < PLAN_LANES);
		EXPECT(bytes > 0 && bytes <= plan->piece);
		sum += bytes;
		given[lane]++;
		for (int i = 0; i < PLAN_LANES; i++) {
			long long off =
			    (long long)given[i] * plan->pieces - (long long)plan->lane[i] * walk.at;

			EXPECT(llabs(off) < plan->pieces);
		}
	}
	EXPECT(sum == plan->bytes);
	EXPECT(!memcmp(given, plan->lane, sizeof(given)));
}

static void random_plan(void)
{
	size_t room[PLAN_LANES] = {0}, cards = 0, bytes, granularity = 2 * MIB;
	int count = 1 + (int)random_below(8);
	struct plan plan;
	size_t whole = 0;

	for (int i = 0; i < count; i++) {
		room[i] = random_below(4) ? random_below(200 * MIB) : 0;
		cards += room[i];
		whole += room[i] / granularity;
	}
	if (random_below(2))
		room[PLAN_HOST] = random_below(100 * MIB);
	bytes = 1 + random_below(cards + room[PLAN_HOST] + 2 * MIB);
	if (!plan_make(&plan, bytes, granularity, random_below(2) ? 8 * MIB : 0, room)) {
		EXPECT((bytes + granularity - 1) / granularity >
		       whole + room[PLAN_HOST] / granularity);
		return;
	}
	EXPECT(plan.bytes >= bytes && plan.bytes - bytes < granularity);
	EXPECT(plan.bytes % granularity == 0 && plan.piece % granularity == 0);
	for (int i = 0; i < PLAN_LANES; i++)
		EXPECT(plan.lane[i] * plan.piece <= room[i]);
	/* The host last. */
	if (plan.lane[PLAN_HOST])
		for (int i = 0; i < count; i++)
			EXPECT(room[i] - plan.lane[i] * plan.piece < plan.piece);
	/* By room, within a piece. */
	for (int i = 0; i < count && !plan.lane[PLAN_HOST]; i++) {
		double sum = 0, share;

		for (int j = 0; j < count; j++)
			sum += (double)(room[j] / plan.piece);
		share = plan.pieces * (double)(room[i] / plan.piece) / sum;
		EXPECT(plan.lane[i] < share + 1 && plan.lane[i] > share - 1);
	}
	expect_even(&plan);
}

void test_plan(void)
{
	size_t room[PLAN_LANES] = {0}, bytes;
	struct plan_walk walk = {0};
	struct plan plan;

	for (int i = 0; i < 3000; i++)
		random_plan();

	/* Equal room: the own card first, then in turn. */
	room[0] = room[1] = 100 * MIB;
	EXPECT(plan_make(&plan, 11 * MIB, 2 * MIB, 0, room));
	for (int i = 0; i < 6; i++)
		EXPECT(plan_next(&walk, &plan, &bytes) == i % 2);
	EXPECT(plan_next(&walk, &plan, &bytes) == -1);

	/* Seven cards' worth of 141 GiB each is no more pieces than that. */
	for (int i = 0; i < 8; i++)
		room[i] = (size_t)139 << 30;
	EXPECT(plan_make(&plan, (size_t)973 << 30, 2 * MIB, 0, room));
	EXPECT(plan.pieces <= PLAN_PIECES && plan.piece == 64 * MIB);
	EXPECT(plan_make(&plan, (size_t)32 << 30, 2 * MIB, 0, room));
	EXPECT(plan.piece == PLAN_LARGE);
	EXPECT(plan_make(&plan, 200 * MIB, 2 * MIB, 0, room) && plan.piece == 2 * MIB);
	/* No power of two is as large: all is one piece then. */
	EXPECT(plan_make(&plan, 200 * MIB, 2 * MIB, SIZE_MAX, room) && plan.pieces == 1);
	EXPECT(plan_make(&plan, 600 * MIB, 2 * MIB, 0, room) && plan.piece == 8 * MIB);
	EXPECT(plan_make(&plan, (size_t)32 << 30, 2 * MIB, 2 * MIB, room));
	EXPECT(plan.piece == 2 * MIB);
	EXPECT(!plan_make(&plan, 0, 2 * MIB, 0, room));
	EXPECT(!plan_make(&plan, SIZE_MAX, 2 * MIB, 0, room));
}

void test_arena(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	struct {
		long begin;
		size_t bytes;
	} blocks[64] = {0};
	unsigned char *owner = calloc(ARENA_BYTES, 1);
	size_t begin, asked;

	for (int round = 0; round < 20000; round++) {
		int i = (int)random_below(64);

		if (blocks[i].bytes) {
			size_t inner = (size_t)blocks[i].begin + random_below(blocks[i].bytes);

			EXPECT(arena_find(arena, inner, &begin, &asked));
			EXPECT(begin == (size_t)blocks[i].begin && asked == blocks[i].bytes);
			arena_give(arena, begin);
			memset(owner + begin, 0, asked);
			EXPECT(!arena_find(arena, inner, &begin, &asked));
			blocks[i].bytes = 0;
			continue;
		}
		blocks[i].bytes = 1 + random_below(random_below(4) ? 20000 : 200000);
		blocks[i].begin = arena_take(arena, blocks[i].bytes);
		if (blocks[i].begin < 0) {
			blocks[i].bytes = 0;
			continue;
		}
		EXPECT((size_t)blocks[i].begin + blocks[i].bytes <= ARENA_BYTES);
		for (size_t at = 0; at < blocks[i].bytes; at++)
			EXPECT(!owner[(size_t)blocks[i].begin + at]++);
	}
	for (int i = 0; i < 64; i++)
		if (blocks[i].bytes)
			arena_give(arena, (size_t)blocks[i].begin);
	EXPECT(arena->taken == 0);
	EXPECT(arena_take(arena, ARENA_BYTES) == 0);
	EXPECT(arena_take(arena, 1) < 0);
	free(owner);
	free(arena);
}
