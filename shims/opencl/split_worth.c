/* SPDX-License-Identifier: MIT */
#include "split_worth.h"

#include <string.h>

#include "settings.h"
#include "split_program.h"

/* Bytes a second that are thought to be moved until it is known; of less nothing is learned. */
#define MOVED 8e9
#define LEAST_MOVED ((size_t)1 << 20)
/* So much of the kernel's time may be spent. */
#define OF_ALL 0.03
/* The same for a guest: it brings little. */
#define GUEST_OF_LAUNCH 0.05
#define GUEST_OF_ALL 0.01

/* What parts are thought to take of the time at home, by what is known of the home: 1 where a
 * member is of another make. */
static double share_of_longest(const struct split_work *work, const struct split_part *parts,
			       unsigned int count)
{
	const struct member *home = &pool()->members[work->queue->context->home];
	uint64_t longest = 0, all = 0, groups[POOL_MEMBERS] = {0};

	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(pool()->members[parts[i].member].name, home->name))
			return 1;
		groups[parts[i].member] += parts[i].to - parts[i].from;
		if (groups[parts[i].member] > longest)
			longest = groups[parts[i].member];
		all += parts[i].to - parts[i].from;
	}
	return (double)longest / (double)all;
}

/* How long it is thought to take to move so many bytes. */
static double moving_of(const struct context *context, size_t bytes)
{
	return (double)bytes / (context->moved > 0 ? context->moved : MOVED);
}

void worth_moved(struct context *context, size_t bytes, double seconds)
{
	const double rate = seconds > 0 ? (double)bytes / seconds : 0;

	if (bytes >= LEAST_MOVED && rate > 0)
		context->moved = context->moved > 0 ? (context->moved + rate) / 2 : rate;
}

/* Whether so many seconds may be lost, in one launch where nothing was before, or of all. */
static bool is_affordable(const struct split_past *past, double cost, double in_launch,
			  double of_all)
{
	return (past->lost <= 0 && cost <= in_launch) || past->lost + cost <= past->spent * of_all;
}

bool worth_rehearsing(const struct split_work *work, const struct balance_class *class,
		      size_t missing)
{
	return is_affordable(work->kernel->split->past, moving_of(work->queue->context, missing),
			     class->whole * GUEST_OF_LAUNCH, GUEST_OF_ALL);
}

/* Beside a small part of one launch it may be what members like the home should make up for in that
 * very launch. */
bool worth_trying(const struct split_work *work, const struct balance_class *class,
		  const struct split_plan *plan, double seconds)
{
	double least, saved;
	size_t missing;

	if (settings()->split == SPLIT_FORCE ||
	    (!balance_is_trying(class) && plan->turn != GUEST_TRY))
		return true;
	missing = split_parts_missing(work, plan->parts, plan->count);
	if (plan->turn == GUEST_TRY)
		return worth_rehearsing(work, class, missing);
	least = seconds * WORTH_OF_LAUNCH;
	saved = seconds * (1 - share_of_longest(work, plan->parts, plan->count));
	return is_affordable(work->kernel->split->past, moving_of(work->queue->context, missing),
			     saved > least ? saved : least, OF_ALL);
}
