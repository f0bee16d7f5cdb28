/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "value.h"

void state_reserve(struct work *work, struct state *state, unsigned count)
{
	if (count > state->room) {
		unsigned room = count + 16;

		state->slots = work_grow(work, state->slots, state->count * sizeof(*state->slots),
					 room * sizeof(*state->slots));
		state->room = room;
	}
	if (count > state->count)
		memset(&state->slots[state->count], 0,
		       (count - state->count) * sizeof(*state->slots));
	state->count = count;
}

void state_copy(struct work *work, struct state *to, const struct state *from)
{
	*to = (struct state){.is_live = from->is_live};
	if (!from->is_live)
		return;
	state_reserve(work, to, from->count);
	if (from->count)
		memcpy(to->slots, from->slots, from->count * sizeof(*to->slots));
}

void state_join(struct work *work, struct state *into, const struct state *other)
{
	unsigned i;

	if (!other->is_live)
		return;
	if (!into->is_live) {
		state_copy(work, into, other);
		return;
	}
	if (other->count < into->count)
		into->count = other->count;
	for (i = 0; i < into->count; i++)
		into->slots[i] = value_join(work, into->slots[i], other->slots[i]);
}

void state_widen(struct work *work, struct state *old, const struct state *grown, bool is_last)
{
	unsigned i;

	if (!old->is_live) {
		state_copy(work, old, grown);
		return;
	}
	if (!grown->is_live)
		return;
	for (i = 0; i < old->count && i < grown->count; i++)
		old->slots[i] = value_widen(work, old->slots[i], grown->slots[i], is_last);
}

bool state_contains(const struct state *outer, const struct state *inner)
{
	unsigned i;

	if (!inner->is_live)
		return true;
	if (!outer->is_live)
		return false;
	for (i = 0; i < outer->count; i++) {
		if (!value_contains(outer->slots[i], i < inner->count ? inner->slots[i] : NULL))
			return false;
	}
	return true;
}
