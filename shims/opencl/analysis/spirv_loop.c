/* SPDX-License-Identifier: MIT */
/*
 * The blocks of a function, in order, and its loops as evaluate_loop.c has them: the first round by
 * itself, then a state at the head that holds for all others, found by widening, made smaller where
 * that holds too; only then accesses count.
 */
#include <math.h>
#include <string.h>

#include "spirv_op.h"
#include "spirv_run.h"

#define WIDEN_AFTER 1
#define WIDEN_LAST 7
#define ROUNDS_MOST 60
#define FORWARDED_MOST 4

void spirv_copy(struct work *work, struct state *to, const struct state *from)
{
	to->is_live = from->is_live;
	to->count = 0;
	if (!from->is_live)
		return;
	state_reserve(work, to, from->count);
	if (from->count)
		memcpy(to->slots, from->slots, from->count * sizeof(*to->slots));
}

static void join(struct work *work, struct state *into, const struct state *other)
{
	if (!into->is_live)
		spirv_copy(work, into, other);
	else
		state_join(work, into, other);
}

static bool is_in(const struct spirv_loop *loop, const struct spirv_loop *around)
{
	while (loop && loop != around)
		loop = loop->outer;
	return loop == around;
}

bool spirv_counts(const struct spirv_run *r, uint32_t from, uint32_t to)
{
	const struct spirv_block *at = r->frame->function->blocks.at;
	const struct spirv_loop *loop = at[from].loop;

	for (; loop; loop = loop->outer) {
		if (to != SPIRV_NONE && is_in(at[to].loop, loop))
			break;
		if (r->frame->rounds[loop->number].is_searched)
			return false;
	}
	return true;
}

/* What a phi is where one block leads to its own. */
static uint32_t incoming(const uint32_t *phi, uint32_t label)
{
	uint32_t i;

	for (i = 3; i + 1 < spirv_length(phi); i += 2) {
		if (phi[i + 1] == label)
			return phi[i];
	}
	return 0;
}

/* Phis change all at once. */
static void take_phis(struct spirv_run *r, const struct spirv_block *from,
		      const struct spirv_block *to)
{
	const struct value *values[64];
	const uint32_t *phis[64], *at;
	unsigned count = 0, i;

	for (at = to->first + spirv_length(to->first); at < to->last; at += spirv_length(at)) {
		if (spirv_op(at) == OP_LINE || spirv_op(at) == OP_NO_LINE)
			continue;
		if (spirv_op(at) != OP_PHI)
			break;
		if (spirv_id(r->m, spirv_result(at))->slot == SPIRV_NONE)
			continue;
		if (count == 64) {
			refuse(r->e, ANALYSIS_TOO_COMPLEX, spirv_place(r->m, at),
			       "too many values come together here");
			r->e->state->is_live = false;
			return;
		}
		phis[count] = at;
		values[count++] = spirv_value(r, incoming(at, from->id));
	}
	for (i = 0; i < count; i++) {
		const struct value *value = values[i];
		const struct type *type = spirv_type_of(r, spirv_result(phis[i]));

		if (type->kind == TYPE_POINTER)
			value = spirv_retyped(r, value_as_pointer(r->e->work, value, r->e->version),
					      type);
		spirv_set(r, spirv_result(phis[i]), value);
	}
}

/* What was known of values of the round before is nothing of the next one's. */
static void clear_round(struct spirv_run *r, const struct spirv_loop *loop)
{
	const struct spirv_function *f = r->frame->function;
	uint32_t i;

	for (i = 0; i < f->order_count; i++) {
		const struct spirv_block *block = &f->blocks.at[f->order[i]];
		const uint32_t *at;

		if (!is_in(block->loop, loop))
			continue;
		for (at = block->first; at < block->last; at += spirv_length(at)) {
			if (spirv_op(at) == OP_PHI && f->order[i] == loop->head)
				continue;
			if (spirv_result(at))
				spirv_set(r, spirv_result(at), NULL);
		}
	}
}

/* A block that only decides on what comes together in it: each way to it is followed by itself. */
static bool is_decision(const struct spirv_run *r, uint32_t number)
{
	const struct spirv_block *block = &r->frame->function->blocks.at[number];
	const uint32_t *at = block->first + spirv_length(block->first);

	if (block->before_count < 2 || spirv_op(block->last) != OP_BRANCH_CONDITIONAL ||
	    spirv_op(at) != OP_PHI || (block->loop && block->loop->head == number) ||
	    r->forwarded >= FORWARDED_MOST)
		return false;
	for (; at < block->last; at += spirv_length(at)) {
		/* What is loaded of the grid is asked for. */
		if (spirv_op(at) != OP_PHI && (!spirv_is_pure(r, at) || spirv_op(at) == OP_LOAD))
			return false;
	}
	return true;
}

void spirv_jump(struct spirv_run *r, uint32_t from, uint32_t to)
{
	const struct spirv_function *f = r->frame->function;
	const struct spirv_loop *loop = f->blocks.at[to].loop;
	struct state *outer = r->e->state, here = {0};

	if (!outer->is_live || !spirv_counts(r, from, to))
		return;
	state_copy(r->e->work, &here, outer);
	r->e->state = &here;
	r->time++;
	take_phis(r, &f->blocks.at[from], &f->blocks.at[to]);
	r->time++;
	if (!here.is_live) {
		/* No more is known. */
	} else if (loop && loop->head == to && is_in(f->blocks.at[from].loop, loop)) {
		clear_round(r, loop);
		join(r->e->work, &r->frame->rounds[loop->number].next, &here);
	} else if (is_decision(r, to)) {
		r->forwarded++;
		spirv_end_block(r, to);
		r->forwarded--;
	} else {
		join(r->e->work, &r->frame->in[to], &here);
	}
	r->e->state = outer;
	r->time++;
}

/* One round from a state at the head: gives the state that comes round. */
static void round_of(struct spirv_run *r, const struct spirv_loop *loop, const struct state *head,
		     struct state *next)
{
	struct spirv_round *round = &r->frame->rounds[loop->number];

	spirv_copy(r->e->work, &r->frame->in[loop->head], head);
	round->next.is_live = false;
	spirv_region(r, loop);
	spirv_copy(r->e->work, next, &round->next);
}

/*
 * A loop that goes on until a number is reached: it is guessed that a phi of its head stays between
 * where it begins and there. What is guessed is tried as any other state.
 */
static void guess(struct spirv_run *r, const struct spirv_loop *loop, const struct state *entry,
		  struct state *head)
{
	const struct spirv_function *f = r->frame->function;
	struct state *outer = r->e->state, here = {0};
	uint32_t i;

	state_copy(r->e->work, &here, entry);
	r->e->state = &here;
	r->time++;
	for (i = 0; i < f->order_count; i++) {
		const struct spirv_block *block = &f->blocks.at[f->order[i]];
		const uint32_t *at;
		int64_t plus = 0;
		uint32_t id;
		struct range bound, range;
		unsigned slot;

		if (!is_in(block->loop, loop) || spirv_op(block->last) != OP_BRANCH_CONDITIONAL)
			continue;
		at = spirv_at(r, spirv_word(block->last, 1));
		if (!at || (spirv_op(at) != OP_IEQUAL && spirv_op(at) != OP_INOT_EQUAL))
			continue;
		id = spirv_word(at, 3);
		bound = spirv_window(r, spirv_word(at, 4), true);
		at = spirv_at(r, id);
		if (at && spirv_op(at) == OP_IADD && spirv_number(r->m, spirv_word(at, 4), &plus)) {
			id = spirv_word(at, 3);
			at = spirv_at(r, id);
		}
		if (!at || spirv_op(at) != OP_PHI || spirv_id(r->m, id)->block != loop->head ||
		    !range_is_constant(&bound) || !isfinite(bound.min) ||
		    !is_integer(spirv_type_of(r, id)))
			continue;
		slot = r->frame->base + spirv_id(r->m, id)->slot;
		range = spirv_window(r, id, true);
		if (!isfinite(range.min) || !isfinite(range.max) || slot >= head->count)
			continue;
		range = range_interval(fmin(range.min, bound.min - (double)plus),
				       fmax(range.max, bound.min - (double)plus));
		head->slots[slot] = value_integer(r->e->work, spirv_type_of(r, id), range);
	}
	r->e->state = outer;
	r->time++;
}

/* Finds a head that holds, and what comes round from it. */
static void grow(struct spirv_run *r, const struct spirv_loop *loop, const struct state *entry,
		 struct state *head, struct state *next)
{
	struct work *work = r->e->work;
	unsigned i;

	spirv_copy(work, head, entry);
	for (i = 0;; i++) {
		if (i == ROUNDS_MOST)
			work_fail(work, spirv_place(r->m, r->frame->function->at),
				  "a loop is too much for the analysis");
		round_of(r, loop, head, next);
		state_join(work, next, entry);
		if (!next->is_live || state_contains(head, next))
			return;
		if (i < WIDEN_AFTER) {
			state_join(work, head, next);
			guess(r, loop, entry, head);
		} else {
			state_widen(work, head, next, i >= WIDEN_LAST);
		}
	}
}

/* Where what comes round is less than was assumed, and holds too, that is enough to assume. */
static void shrink(struct spirv_run *r, const struct spirv_loop *loop, const struct state *entry,
		   struct state *head, struct state *next)
{
	struct state after = {0};
	unsigned i;

	for (i = 0; i < 4; i++) {
		if (state_contains(next, head))
			return;
		round_of(r, loop, next, &after);
		state_join(r->e->work, &after, entry);
		if (!state_contains(next, &after))
			return;
		spirv_copy(r->e->work, head, next);
		spirv_copy(r->e->work, next, &after);
	}
}

static void find_head(struct spirv_run *r, const struct spirv_loop *loop, const struct state *entry,
		      struct state *head)
{
	struct spirv_round *round = &r->frame->rounds[loop->number];
	struct state next = {0};

	if (round->is_known && round->variables == r->variables &&
	    state_contains(&round->entry, entry) && state_contains(entry, &round->entry)) {
		spirv_copy(r->e->work, head, &round->head);
		return;
	}
	r->e->quiet++;
	round->is_searched = true;
	grow(r, loop, entry, head, &next);
	shrink(r, loop, entry, head, &next);
	round->is_searched = false;
	r->e->quiet--;
	spirv_copy(r->e->work, &round->entry, entry);
	spirv_copy(r->e->work, &round->head, head);
	round->is_known = true;
	round->variables = r->variables;
}

static void run_loop(struct spirv_run *r, const struct spirv_loop *loop)
{
	struct state entry = {0}, next = {0}, head = {0};

	state_copy(r->e->work, &entry, &r->frame->in[loop->head]);
	if (!entry.is_live)
		return;
	/* The first round by itself: of many loops over the grid it is the only one. */
	round_of(r, loop, &entry, &next);
	if (!next.is_live)
		return;
	find_head(r, loop, &next, &head);
	round_of(r, loop, &head, &next);
}

void spirv_region(struct spirv_run *r, const struct spirv_loop *loop)
{
	const struct spirv_function *f = r->frame->function;
	uint32_t i;

	for (i = 0; i < f->order_count; i++) {
		const struct spirv_block *block = &f->blocks.at[f->order[i]];

		if (!r->frame->in[f->order[i]].is_live)
			continue;
		if (block->loop == loop)
			spirv_block(r, f->order[i]);
		else if (block->loop && block->loop->outer == loop &&
			 block->loop->head == f->order[i])
			run_loop(r, block->loop);
	}
}
