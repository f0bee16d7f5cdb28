/* SPDX-License-Identifier: MIT */
#include "pool_plan.h"

#include <string.h>

static size_t round_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) / to * to;
}

/* `pieces` over the cards by their room in pieces, of which there is enough: the largest remainders
 * round up. */
static void deal(struct plan *plan, uint32_t pieces, const uint64_t room[PLAN_CARDS], uint64_t sum)
{
	uint64_t rest[PLAN_CARDS] = {0};
	uint32_t dealt = 0;

	for (int i = 0; sum && i < PLAN_CARDS; i++) {
		plan->lane[i] = (uint32_t)(pieces * room[i] / sum);
		rest[i] = pieces * room[i] % sum;
		dealt += plan->lane[i];
	}
	for (; dealt < pieces; dealt++) {
		int most = 0;

		for (int i = 1; i < PLAN_CARDS; i++)
			if (rest[i] > rest[most])
				most = i;
		plan->lane[most]++;
		rest[most] = 0;
	}
}

/* The plan with pieces of that size. A piece that is smaller, the last, counts as a whole one. */
static bool plan_with(struct plan *plan, size_t piece, const size_t room[PLAN_LANES])
{
	uint64_t card[PLAN_CARDS], sum = 0;
	uint32_t on_cards;

	plan->piece = piece;
	plan->pieces = (uint32_t)((plan->bytes + piece - 1) / piece);
	memset(plan->lane, 0, sizeof(plan->lane));
	for (int i = 0; i < PLAN_CARDS; i++) {
		card[i] = room[i] / piece;
		sum += card[i];
	}
	on_cards = plan->pieces < sum ? plan->pieces : (uint32_t)sum;
	plan->lane[PLAN_HOST] = plan->pieces - on_cards;
	if (plan->lane[PLAN_HOST] > room[PLAN_HOST] / piece)
		return false;
	deal(plan, on_cards, card, sum);
	return true;
}

/* Whether larger pieces serve as well, and cost less to make. */
static bool is_small(size_t piece, size_t bytes)
{
	size_t pieces = (bytes + piece - 1) / piece;

	return pieces > PLAN_PIECES || (pieces > PLAN_FEW && piece < PLAN_LARGE);
}

bool plan_make(struct plan *plan, size_t bytes, size_t granularity, size_t least,
	       const size_t room[PLAN_LANES])
{
	size_t piece = granularity;

	if (bytes == 0 || bytes > SIZE_MAX / 2)
		return false;
	plan->bytes = round_up(bytes, granularity);
	/* One piece is the most: beyond that doubling has no end. */
	if (least > plan->bytes)
		least = plan->bytes;
	while (least ? piece < least : is_small(piece, plan->bytes))
		piece *= 2;
	/* What is left of a card below a piece is lost to the plan: small pieces lose less. */
	for (; piece >= granularity; piece /= 2) {
		if (plan->bytes / piece > UINT32_MAX)
			return false;
		if (plan_with(plan, piece, room))
			return true;
	}
	return false;
}

/*
 * As a schedule in which each lane is due every pieces / lane steps: of the lanes whose next piece
 * may come already, the one whose piece must come first. No run from the beginning then has a whole
 * piece more or less of a lane than its share (Baruah and others, Proportionate Progress, 1996).
 */
int plan_next(struct plan_walk *walk, const struct plan *plan, size_t *bytes)
{
	uint64_t soonest = UINT64_MAX, all = plan->pieces;
	int lane = -1;

	if (walk->at == plan->pieces)
		return -1;
	for (int i = 0; i < PLAN_LANES; i++) {
		uint64_t given = walk->given[i], due;

		if (given == plan->lane[i] || given * all / plan->lane[i] > walk->at)
			continue;
		due = ((given + 1) * all + plan->lane[i] - 1) / plan->lane[i];
		/* Of two that are due together the one that waits longer: neighbours lie apart. */
		if (due < soonest ||
		    (due == soonest &&
		     given * plan->lane[lane] < (uint64_t)walk->given[lane] * plan->lane[i])) {
			soonest = due;
			lane = i;
		}
	}
	*bytes = plan->piece;
	if (walk->at + 1 == plan->pieces)
		*bytes = plan->bytes - (size_t)walk->at * plan->piece;
	walk->given[lane]++;
	walk->at++;
	return lane;
}
