/* SPDX-License-Identifier: MIT */
/*
 * Loops: a state at the head that holds for every round is found by widening, made smaller again
 * where that holds too, and only then accesses count.
 */
#include "evaluate.h"

#define WIDEN_AFTER 1
#define WIDEN_LAST 7
#define ROUNDS_MOST 60

/* One round from the head: gives the state at its end, and those that leave. */
static void round_of(struct evaluator *e, const struct statement *s, const struct state *head,
		     struct state *left)
{
	struct state breaks = {0}, continues = {0}, yes, no = {0};
	struct targets targets = {.breaks = &breaks, .continues = &continues};
	struct targets *outer = e->targets;

	state_copy(e->work, e->state, head);
	if (s->kind != STATEMENT_DO && s->expression && e->state->is_live) {
		evaluate_condition(e, s->expression, &yes, &no);
		*e->state = yes;
	}
	e->targets = &targets;
	evaluate_statement(e, s->body);
	e->targets = outer;
	state_join(e->work, e->state, &continues);
	if (s->step && e->state->is_live)
		evaluate(e, s->step);
	if (s->kind == STATEMENT_DO && e->state->is_live) {
		evaluate_condition(e, s->expression, &yes, &no);
		*e->state = yes;
	}
	*left = breaks;
	state_join(e->work, left, &no);
}

/* The state at the end of a round, with what comes in from before the loop. */
static void next_of(struct evaluator *e, const struct statement *s, const struct state *entry,
		    const struct state *head, struct state *next)
{
	struct state left;

	round_of(e, s, head, &left);
	state_copy(e->work, next, e->state);
	state_join(e->work, next, entry);
}

/* Finds a head that holds, and what comes round from it. */
static void grow(struct evaluator *e, const struct statement *s, const struct state *entry,
		 struct state *head, struct state *next)
{
	unsigned i, taken;

	state_copy(e->work, head, entry);
	for (i = 0;; i++) {
		taken = e->taken_count;
		if (i == ROUNDS_MOST)
			work_fail(e->work, s->place, "this loop is too much for the analysis");
		next_of(e, s, entry, head, next);
		if (state_contains(head, next)) {
			if (taken == e->taken_count)
				return;
			continue;
		}
		if (i < WIDEN_AFTER)
			state_join(e->work, head, next);
		else
			state_widen(e->work, head, next, i >= WIDEN_LAST);
	}
}

/* Where what comes round is less than was assumed, and holds too, that is enough to assume. */
static void shrink(struct evaluator *e, const struct statement *s, const struct state *entry,
		   struct state *head, struct state *next)
{
	struct state after;
	unsigned i;

	for (i = 0; i < 4; i++) {
		if (state_contains(next, head))
			return;
		next_of(e, s, entry, next, &after);
		if (!state_contains(next, &after))
			return;
		*head = *next;
		*next = after;
	}
}

/* Where the loop was looked at last; loops around it come here again and again. */
static struct known_loop *known(struct evaluator *e, const struct statement *s)
{
	struct known_loop *loop = e->loops;

	while (loop && (loop->loop != s || loop->base != e->frame->base))
		loop = loop->next;
	if (!loop) {
		loop = work_take(e->work, sizeof(*loop));
		loop->loop = s;
		loop->base = e->frame->base;
		loop->next = e->loops;
		e->loops = loop;
	}
	return loop;
}

/* The state at the head that holds for every round. */
static void find_head(struct evaluator *e, const struct statement *s, const struct state *entry,
		      struct state *head)
{
	struct known_loop *loop = known(e, s);
	struct state next;
	unsigned taken = e->taken_count;

	if (state_contains(&loop->entry, entry) && state_contains(entry, &loop->entry)) {
		state_copy(e->work, head, &loop->head);
		return;
	}
	grow(e, s, entry, head, &next);
	shrink(e, s, entry, head, &next);
	if (taken != e->taken_count)
		return;
	state_copy(e->work, &loop->entry, entry);
	state_copy(e->work, &loop->head, head);
}

/* All rounds after the first. */
static void other_rounds(struct evaluator *e, const struct statement *s)
{
	struct state entry, head, left, returned;
	const struct value *result = e->frame->result;
	bool has_result = e->frame->has_result;

	state_copy(e->work, &entry, e->state);
	/* What returns on the way to the head's state does not count either. */
	state_copy(e->work, &returned, &e->frame->returned);
	e->quiet++;
	find_head(e, s, &entry, &head);
	e->quiet--;
	e->frame->returned = returned;
	e->frame->result = result;
	e->frame->has_result = has_result;
	round_of(e, s, &head, &left);
	*e->state = left;
}

void evaluate_loop(struct evaluator *e, const struct statement *s)
{
	struct state entry, left;

	if (s->kind == STATEMENT_FOR && s->first)
		evaluate_statement(e, s->first);
	if (!e->state->is_live)
		return;
	/* The first round by itself: of many loops over the grid it is the only one. */
	state_copy(e->work, &entry, e->state);
	round_of(e, s, &entry, &left);
	if (e->state->is_live)
		other_rounds(e, s);
	state_join(e->work, e->state, &left);
}
