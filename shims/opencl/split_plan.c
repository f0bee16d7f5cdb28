/* SPDX-License-Identifier: MIT */
#include "split_plan.h"

#include <string.h>

#include "flight.h"
#include "rehearsal.h"
#include "settings.h"

/* A member whose figures promise less than this of the home's is a guest. */
#define LIKE (1.0 / 16)
/* Launches that take less are not worth a guest's calls: its part is a small one. */
#define LEAST_SECONDS 0.005

/* Whether a member is far slower than the home, whatever its figures say: a processor beside a GPU
 * may be a hundred times, or ten. */
static bool is_guest(const struct member *member, const struct member *home)
{
	if (settings()->split == SPLIT_FORCE)
		return false;
	if (home->type & CL_DEVICE_TYPE_GPU && !(member->type & CL_DEVICE_TYPE_GPU))
		return true;
	return member->power < home->power * LIKE;
}

static bool is_like(const struct member *member, const struct member *home)
{
	return !strcmp(member->name, home->name) && member->platform == home->platform;
}

/* What is thought of members before they are measured; 0 for those that take no part, all that are
 * not like the home with `strict`. Of guests the most powerful one, or POOL_MEMBERS. */
static unsigned int power_of(const struct context *context, bool strict, double power[POOL_MEMBERS])
{
	const struct member *home = &pool()->members[context->home];
	unsigned int guest = POOL_MEMBERS;

	for (unsigned int i = 0; i < pool()->count; i++) {
		const struct member *member = &pool()->members[i];

		power[i] = member->power;
		/* Others may be slower than their figures: they begin with little. */
		if (strcmp(member->name, home->name) && power[i] > home->power / 8)
			power[i] = home->power / 8;
		if (settings()->split == SPLIT_FORCE)
			power[i] = 1;
		if (flight_has_lost_anywhere(i))
			power[i] = 0;
		if (strict && !is_like(member, home))
			power[i] = 0;
		if (!is_guest(member, home))
			continue;
		if (power[i] > 0 &&
		    (guest == POOL_MEMBERS || member->power > pool()->members[guest].power))
			guest = i;
		power[i] = 0;
	}
	return guest;
}

unsigned int split_members(const struct context *context)
{
	double power[POOL_MEMBERS];
	unsigned int members = 1U << context->home;

	power_of(context, settings()->split == SPLIT_STRICT, power);
	for (unsigned int i = 0; i < pool()->count; i++)
		if (power[i] > 0)
			members |= 1U << i;
	return members;
}

static void add(uint64_t *sum, const void *bytes, size_t size)
{
	const unsigned char *each = bytes;

	for (size_t i = 0; i < size; i++)
		*sum = (*sum ^ each[i]) * UINT64_C(1099511628211);
}

/* The numbers that a launch is made with: with others its work may be elsewhere. */
static uint64_t numbers_of(const struct kernel *kernel)
{
	uint64_t sum = UINT64_C(14695981039346656037);

	add(&sum, kernel->split->grid, sizeof(kernel->split->grid));
	for (cl_uint i = 0; i < kernel->argument_count; i++)
		if (kernel->arguments[i].kind == ARGUMENT_VALUE)
			add(&sum, argument_bytes(&kernel->arguments[i]), kernel->arguments[i].size);
	return sum;
}

/* Whether it is the guest's turn; says why not. */
static enum guest_turn turn_of(const struct kernel *kernel, struct balance_class *class,
			       const struct guest_launch *launch, uint64_t *last, const char **why)
{
	const enum guest_turn turn = guest_next(&class->guest, launch, last);

	if (turn == GUEST_NONE || split_build_is_ready(kernel->program, 1U << launch->member))
		return turn;
	*why = "not_built_yet";
	return GUEST_NONE;
}

void split_plan(struct kernel *kernel, const struct analysis_verdict *verdict,
		struct balance_class *class, bool with_guest, struct split_plan *plan)
{
	struct balance_class nothing = {0};
	const uint64_t groups = verdict->groups;
	uint64_t from[POOL_MEMBERS + 1], last = 0;
	double power[POOL_MEMBERS];
	const bool strict = settings()->split == SPLIT_STRICT || verdict->uses_subgroups;
	const unsigned int guest = power_of(kernel->context, strict, power);
	unsigned int others = 0;

	*plan = (struct split_plan){.why = "one_member"};
	for (unsigned int i = 0; i < pool()->count; i++)
		others += power[i] > 0;
	/* The others are settled before: it is measured by what they take together. */
	if (with_guest && guest < POOL_MEMBERS && class->whole >= LEAST_SECONDS &&
	    (others < 2 || !balance_is_trying(class)) && !rehearsal_is_on(kernel->context))
		plan->turn = turn_of(kernel, class,
				     &(struct guest_launch){guest, groups, numbers_of(kernel)},
				     &last, &plan->why);
	if (plan->turn == GUEST_REHEARSE)
		plan->guest = (struct split_part){guest, groups - last, groups};
	if (plan->turn == GUEST_NONE || plan->turn == GUEST_REHEARSE)
		last = 0;
	balance_share(settings()->split == SPLIT_FORCE ? &nothing : class, power, pool()->count,
		      groups, groups - last, from);
	for (unsigned int i = 0; i < pool()->count; i++)
		if (from[i + 1] > from[i])
			plan->parts[plan->count++] = (struct split_part){i, from[i], from[i + 1]};
	if (last)
		plan->parts[plan->count++] = (struct split_part){guest, groups - last, groups};
	if (plan->count < 2)
		plan->count = 0;
}

void split_plan_deal(const struct context *context, uint64_t first, uint64_t groups, uint64_t least,
		     struct split_plan *plan)
{
	const unsigned int members = split_members(context);
	const unsigned int count = (unsigned int)__builtin_popcount(members);
	uint64_t turns = (groups - first) / (least * count), each;

	*plan = (struct split_plan){.why = "one_member"};
	if (turns > BALANCE_PARTS / count)
		turns = BALANCE_PARTS / count;
	turns += !turns;
	each = (groups - first) / (turns * count);
	if (count < 2 || !each)
		return;
	while (turns--)
		for (unsigned int i = 0; i < pool()->count; i++) {
			if (!(members >> i & 1))
				continue;
			plan->parts[plan->count++] = (struct split_part){i, first, first + each};
			first += each;
		}
	plan->parts[plan->count - 1].to = groups;
}
