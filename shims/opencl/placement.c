/* SPDX-License-Identifier: MIT */
#include "placement.h"

#include <stdatomic.h>
#include <unistd.h>

#include "pool.h"
#include "settings.h"

static struct {
	_Atomic unsigned int turn;
	_Atomic unsigned int users[POOL_MEMBERS];
} state;

/* Of several such the best. */
static unsigned int least_used(void)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < pool()->count; i++)
		if (atomic_load(&state.users[i]) < atomic_load(&state.users[best]))
			best = i;
	return best;
}

static unsigned int next_turn(void)
{
	/* Programs that start together begin at different members. */
	return ((unsigned int)getpid() + atomic_fetch_add(&state.turn, 1)) % pool()->count;
}

static unsigned int used(unsigned int member)
{
	atomic_fetch_add(&state.users[member], 1);
	return member;
}

/* The host's first device is the one that draws, as far as a library can tell. */
static unsigned int not_drawing(void)
{
	const struct pool *members = pool();

	return members->count > 1 && members->members[0].listed == 0 &&
		       members->members[1].type & CL_DEVICE_TYPE_GPU
		   ? 1
		   : 0;
}

unsigned int placement_of_context(void)
{
	switch (settings()->strategy) {
	case STRATEGY_ROUND_ROBIN:
		return used(next_turn());
	case STRATEGY_TASK:
		return used(least_used());
	case STRATEGY_COMPUTE_OFFLOAD:
		return used(not_drawing());
	default:
		return used(0);
	}
}

unsigned int placement_of_queue(unsigned int home, unsigned int nth)
{
	switch (settings()->strategy) {
	case STRATEGY_ROUND_ROBIN:
		return used((home + nth) % pool()->count);
	case STRATEGY_TASK:
		return used(least_used());
	default:
		return used(home);
	}
}

void placement_left(unsigned int member)
{
	atomic_fetch_sub(&state.users[member], 1);
}
