/* SPDX-License-Identifier: MIT */
/* The blocks of a function: an order, who dominates whom, and loops. */
#include <string.h>

#include "spirv.h"
#include "spirv_op.h"

#define BLOCKS_MOST 8192
#define NESTED_MOST 24

static uint32_t block_of(const struct spirv_module *m, const struct spirv_function *f, uint32_t id)
{
	const struct spirv_id *of = spirv_id(m, id);

	return of->at && of->function == f && spirv_op(of->at) == OP_LABEL ? of->block : SPIRV_NONE;
}

static void lead(struct spirv_module *m, struct spirv_function *f, struct spirv_block *block,
		 uint32_t id)
{
	uint32_t to = block_of(m, f, id), i;

	if (to == SPIRV_NONE || to == 0) {
		spirv_break(m, f, block->last, "a jump to what is no block of its function");
		return;
	}
	for (i = 0; i < block->next_count; i++) {
		if (block->next[i] == to)
			return;
	}
	block->next[block->next_count++] = to;
	f->blocks.at[to].before_count++;
}

/* The words of a literal in OpSwitch. */
static uint32_t literal_words(const struct spirv_module *m, const uint32_t *at)
{
	const struct type *type = spirv_id(m, spirv_word(at, 1))->type;

	return type && type->size == 8 ? 2 : 1;
}

static void find_next(struct spirv_module *m, struct spirv_function *f, struct spirv_block *block)
{
	const uint32_t *at = block->last;
	uint32_t i, step;

	block->next = work_take(m->work, spirv_length(at) * sizeof(*block->next));
	switch (spirv_op(at)) {
	case OP_BRANCH:
		lead(m, f, block, spirv_word(at, 1));
		break;
	case OP_BRANCH_CONDITIONAL:
		lead(m, f, block, spirv_word(at, 2));
		lead(m, f, block, spirv_word(at, 3));
		break;
	case OP_SWITCH:
		step = literal_words(m, at);
		lead(m, f, block, spirv_word(at, 2));
		for (i = 3; i + step < spirv_length(at); i += step + 1)
			lead(m, f, block, at[i + step]);
		break;
	default:
		break;
	}
}

static void find_before(struct spirv_module *m, struct spirv_function *f)
{
	size_t i;
	uint32_t j;

	for (i = 0; i < f->blocks.count; i++) {
		struct spirv_block *block = &f->blocks.at[i];

		block->before = work_take(m->work, (block->before_count + 1) * sizeof(uint32_t));
		block->before_count = 0;
	}
	for (i = 0; i < f->blocks.count; i++) {
		const struct spirv_block *block = &f->blocks.at[i];

		for (j = 0; j < block->next_count; j++) {
			struct spirv_block *to = &f->blocks.at[block->next[j]];

			to->before[to->before_count++] = (uint32_t)i;
		}
	}
}

/* From the entry on, each block after all that lead to it but from loops. */
static void find_order(struct spirv_module *m, struct spirv_function *f)
{
	uint32_t count = (uint32_t)f->blocks.count, depth = 0, left = count;
	uint32_t *stack = work_take(m->work, count * sizeof(*stack));
	uint32_t *passed = work_take(m->work, count * sizeof(*passed));

	f->order = work_take(m->work, count * sizeof(*f->order));
	stack[depth++] = 0;
	f->blocks.at[0].is_reached = true;
	while (depth) {
		uint32_t at = stack[depth - 1];
		struct spirv_block *block = &f->blocks.at[at];

		if (passed[at] < block->next_count) {
			uint32_t to = block->next[passed[at]++];

			if (!f->blocks.at[to].is_reached) {
				f->blocks.at[to].is_reached = true;
				stack[depth++] = to;
			}
			continue;
		}
		f->order[--left] = at;
		depth--;
	}
	f->order_count = count - left;
	memmove(f->order, f->order + left, f->order_count * sizeof(*f->order));
	for (left = 0; left < f->order_count; left++)
		f->blocks.at[f->order[left]].order = left;
}

/* Cooper, Harvey and Kennedy: A simple, fast dominance algorithm. */
static void find_dominators(struct spirv_module *m, struct spirv_function *f)
{
	struct spirv_block *at = f->blocks.at;
	bool has_changed = true;
	size_t rounds = 0;
	uint32_t i, j;

	for (i = 0; i < f->order_count; i++)
		at[f->order[i]].dominator = SPIRV_NONE;
	at[0].dominator = 0;
	while (has_changed) {
		has_changed = false;
		if (++rounds > 64)
			work_fail(m->work, f->as.place, "its jumps are too many to be followed");
		for (i = 1; i < f->order_count; i++) {
			struct spirv_block *block = &at[f->order[i]];
			uint32_t found = SPIRV_NONE;

			for (j = 0; j < block->before_count; j++) {
				uint32_t a = block->before[j], b = found;

				if (!at[a].is_reached || at[a].dominator == SPIRV_NONE)
					continue;
				while (b != SPIRV_NONE && a != b) {
					while (at[a].order > at[b].order)
						a = at[a].dominator;
					while (at[b].order > at[a].order)
						b = at[b].dominator;
				}
				found = a;
			}
			if (found != block->dominator) {
				block->dominator = found;
				has_changed = true;
			}
		}
	}
}

static bool dominates(const struct spirv_function *f, uint32_t a, uint32_t b)
{
	const struct spirv_block *at = f->blocks.at;

	while (at[b].order > at[a].order)
		b = at[b].dominator;
	return a == b;
}

/* Puts all that leads to a block without its head into a loop, that is not in a smaller one. */
static void fill(struct spirv_function *f, struct spirv_loop *loop, uint32_t from, uint32_t *stack)
{
	uint32_t depth = 0, i;

	stack[depth++] = from;
	while (depth) {
		struct spirv_block *block = &f->blocks.at[stack[--depth]];

		if (block->is_passed || !block->is_reached)
			continue;
		block->is_passed = true;
		loop->size++;
		if (!block->loop) {
			block->loop = loop;
		} else {
			struct spirv_loop *inner = block->loop;

			while (inner->outer && inner->outer != loop)
				inner = inner->outer;
			if (inner != loop)
				inner->outer = loop;
		}
		for (i = 0; i < block->before_count; i++)
			stack[depth++] = block->before[i];
	}
}

/* Of heads from the last to the first, so that inner loops come before those around them. */
static void find_loops(struct spirv_module *m, struct spirv_function *f)
{
	uint32_t *stack, i, j, k, edges = 1;

	for (i = 0; i < f->blocks.count; i++)
		edges += f->blocks.at[i].before_count + 1;
	stack = work_take(m->work, edges * sizeof(*stack));
	for (i = f->order_count; i-- > 0;) {
		uint32_t head = f->order[i];
		struct spirv_loop *loop = NULL;

		for (j = 0; j < f->blocks.at[head].before_count; j++) {
			uint32_t from = f->blocks.at[head].before[j];

			if (!f->blocks.at[from].is_reached || f->blocks.at[from].order < i)
				continue;
			if (!dominates(f, head, from)) {
				spirv_break(m, f, f->blocks.at[from].last,
					    "its jumps make no loops that can be followed");
				return;
			}
			if (!loop) {
				loop = work_take(m->work, sizeof(*loop));
				loop->head = head;
				loop->number = f->loop_count++;
				loop->next = f->loops;
				f->loops = loop;
				for (k = 0; k < f->order_count; k++)
					f->blocks.at[f->order[k]].is_passed = false;
				f->blocks.at[head].is_passed = true;
				f->blocks.at[head].loop = loop;
			}
			fill(f, loop, from, stack);
		}
	}
}

static void check_nesting(struct spirv_module *m, struct spirv_function *f)
{
	const struct spirv_loop *loop, *outer;
	unsigned depth;

	for (loop = f->loops; loop; loop = loop->next) {
		for (depth = 0, outer = loop; outer && depth <= NESTED_MOST; outer = outer->outer)
			depth++;
		if (depth > NESTED_MOST)
			spirv_break(m, f, f->at, "its loops are nested too deep");
	}
}

void spirv_graph(struct spirv_module *m, struct spirv_function *f)
{
	size_t i;

	if (!f->blocks.count || f->as.is_broken)
		return;
	if (f->blocks.count > BLOCKS_MOST) {
		spirv_break(m, f, f->at, "it has too many blocks");
		return;
	}
	for (i = 0; i < f->blocks.count; i++)
		find_next(m, f, &f->blocks.at[i]);
	if (f->as.is_broken)
		return;
	find_before(m, f);
	find_order(m, f);
	find_dominators(m, f);
	find_loops(m, f);
	check_nesting(m, f);
}
