/* SPDX-License-Identifier: MIT */
/* Blocks, their ends, and calls. */
#include <string.h>

#include "spirv_op.h"
#include "spirv_run.h"

#define CALLS_MOST 24

/* A pointer to a variable of its own in a slot, and what is in it. */
static const struct value *variable_in(struct spirv_run *r, unsigned slot, const struct type *type,
				       const struct value *content)
{
	struct value *pointer = value_pointer(r->e->work, type);

	while (r->contents.count <= slot)
		LIST_ADD(r->e->work, &r->contents, NULL);
	r->variables += !r->contents.at[slot];
	r->contents.at[slot] = type->of;
	slot_set(r->e, slot, content ? content : value_opaque(r->e->work, type->of));
	pointer->roots = ROOT_PRIVATE;
	pointer->slot = (int)slot;
	return pointer;
}

static void make_variable(struct spirv_run *r, const uint32_t *at)
{
	const struct spirv_id *of = spirv_id(r->m, spirv_result(at));

	if (of->type && of->type->kind == TYPE_POINTER)
		spirv_set(r, spirv_result(at),
			  variable_in(r, r->frame->base + of->content, of->type, NULL));
}

/* A structure by value: what it points to is a copy. */
static const struct value *copied(struct spirv_run *r, const struct spirv_id *of,
				  const struct value *arg)
{
	const struct value *content = NULL;
	struct state *state = r->e->state;

	if (arg->kind == VALUE_POINTER && arg->roots == ROOT_PRIVATE && !arg->args &&
	    arg->slot != NO_SLOT && range_is_constant(&arg->at[0]) && arg->at[0].min == 0 &&
	    (unsigned)arg->slot < state->count)
		content = state->slots[arg->slot];
	if (content && content->type != of->type->of)
		content = NULL;
	return variable_in(r, r->frame->base + of->content, of->type, content);
}

static void make_call(struct spirv_run *r, const uint32_t *at)
{
	const struct value *args[ARGUMENTS_MOST], *result;
	const struct spirv_function *f = spirv_id(r->m, spirv_word(at, 3))->function;
	unsigned count = spirv_length(at) - 4, i;

	if (!f || f->id != spirv_word(at, 3) || count > ARGUMENTS_MOST ||
	    count != f->parameters.count) {
		refuse(r->e, ANALYSIS_UNKNOWN, spirv_place(r->m, at),
		       "a call that is not understood");
		return;
	}
	for (i = 0; i < count; i++)
		args[i] = spirv_value(r, at[4 + i]);
	result = spirv_call(r, f, args, count, at);
	if (r->e->state->is_live)
		spirv_set(r, spirv_result(at), result);
}

static void run(struct spirv_run *r, const uint32_t *at)
{
	const struct spirv_format *format = spirv_format(spirv_op(at));

	switch (spirv_op(at)) {
	case OP_NOP:
	case OP_LINE:
	case OP_NO_LINE:
	case OP_LABEL:
	case OP_PHI:
	case OP_LOOP_MERGE:
	case OP_SELECTION_MERGE:
		return;
	case OP_VARIABLE:
		make_variable(r, at);
		return;
	case OP_FUNCTION_CALL:
		make_call(r, at);
		return;
	default:
		break;
	}
	if (spirv_is_pure(r, at)) {
		if (spirv_op(at) == OP_LOAD)
			spirv_ask(r, spirv_word(at, 3), spirv_place(r->m, at));
		return;
	}
	if (!spirv_memory(r, at))
		refuse(r->e, ANALYSIS_UNKNOWN, spirv_place(r->m, at),
		       "an instruction that is not followed: Op%s", format ? format->name : "?");
}

static void leave(struct spirv_run *r, uint32_t block, const uint32_t *at)
{
	struct spirv_frame *frame = r->frame;
	const struct value *value;

	if (!spirv_counts(r, block, SPIRV_NONE))
		return;
	if (spirv_op(at) == OP_RETURN_VALUE) {
		value = spirv_value(r, spirv_word(at, 1));
		frame->result =
		    frame->has_result ? value_join(r->e->work, frame->result, value) : value;
		frame->has_result = true;
	}
	state_join(r->e->work, &frame->returned, r->e->state);
}

static void branch(struct spirv_run *r, uint32_t block, uint32_t condition, uint32_t yes,
		   uint32_t no)
{
	struct state *state = r->e->state, here = {0};
	uint32_t to = spirv_id(r->m, yes)->block, other = spirv_id(r->m, no)->block;

	state_copy(r->e->work, &here, state);
	r->e->state = &here;
	r->time++;
	spirv_assume(r, condition, true);
	spirv_jump(r, block, to);
	r->e->state = state;
	r->ended = block;
	r->time++;
	spirv_assume(r, condition, false);
	spirv_jump(r, block, other);
}

static void choose(struct spirv_run *r, uint32_t block, const uint32_t *at)
{
	const struct type *type = spirv_type_of(r, spirv_word(at, 1));
	struct state *state = r->e->state;
	uint32_t step = type->size == 8 ? 2 : 1, i;
	unsigned free = is_integer(type) ? 64 - width_of(type) : 32;

	for (i = 3; i + step < spirv_length(at); i += step + 1) {
		uint64_t bits = at[i] | (step == 2 ? (uint64_t)at[i + 1] << 32 : 0);
		/* As constants are read. */
		int64_t number = (int64_t)(bits << free) >> free;
		struct state here = {0};

		state_copy(r->e->work, &here, state);
		r->e->state = &here;
		r->ended = block;
		r->time++;
		spirv_assume_equal(r, spirv_word(at, 1), number);
		spirv_jump(r, block, spirv_id(r->m, at[i + step])->block);
	}
	r->e->state = state;
	r->time++;
	spirv_jump(r, block, spirv_id(r->m, spirv_word(at, 2))->block);
}

void spirv_end_block(struct spirv_run *r, uint32_t block)
{
	const uint32_t *at = r->frame->function->blocks.at[block].last;

	if (!r->e->state->is_live)
		return;
	r->ended = block;
	switch (spirv_op(at)) {
	case OP_BRANCH:
		spirv_jump(r, block, spirv_id(r->m, spirv_word(at, 1))->block);
		break;
	case OP_BRANCH_CONDITIONAL:
		branch(r, block, spirv_word(at, 1), spirv_word(at, 2), spirv_word(at, 3));
		break;
	case OP_SWITCH:
		choose(r, block, at);
		break;
	case OP_RETURN:
	case OP_RETURN_VALUE:
		leave(r, block, at);
		break;
	default:
		break;
	}
	r->ended = SPIRV_NONE;
}

void spirv_block(struct spirv_run *r, uint32_t number)
{
	const struct spirv_block *block = &r->frame->function->blocks.at[number];
	struct state *state = &r->frame->in[number], *outer = r->e->state;
	const uint32_t *at;

	r->e->state = state;
	r->time++;
	for (at = block->first; at < block->last && state->is_live; at += spirv_length(at)) {
		if (++r->e->steps > SPIRV_STEPS_MOST)
			work_fail(r->e->work, spirv_place(r->m, at),
				  "its loops and calls are too much for the analysis");
		run(r, at);
	}
	spirv_end_block(r, number);
	state->is_live = false;
	r->e->state = outer;
}

static struct spirv_frame *frame_of(struct spirv_run *r, const struct spirv_function *f,
				    unsigned base)
{
	struct spirv_frame **at = &r->frames, *frame;
	struct work *work = r->e->work;

	while ((frame = *at) && (frame->function != f || frame->base != base))
		at = &frame->next;
	if (frame) {
		*at = frame->next;
		frame->returned.is_live = false;
		frame->has_result = false;
		return frame;
	}
	frame = work_take(work, sizeof(*frame));
	frame->function = f;
	frame->base = base;
	frame->in = work_take(work, f->blocks.count * sizeof(*frame->in));
	frame->rounds = work_take(work, (f->loop_count + 1) * sizeof(*frame->rounds));
	frame->memory = work_take(work, (f->slot_count + 1) * sizeof(*frame->memory));
	frame->times = work_take(work, (f->slot_count + 1) * sizeof(*frame->times));
	return frame;
}

static bool may_be_called(struct spirv_run *r, const struct spirv_function *f, const uint32_t *at)
{
	struct spirv_frame *outer;
	unsigned depth = 0;

	for (outer = r->frame; outer; outer = outer->outer) {
		if (outer->function == f || ++depth > CALLS_MOST) {
			refuse(r->e, ANALYSIS_UNKNOWN, spirv_place(r->m, at),
			       "a function that calls itself, or calls too deep: %.60s",
			       f->as.name);
			return false;
		}
	}
	if (!f->as.is_defined)
		refuse(r->e, ANALYSIS_UNKNOWN, spirv_place(r->m, at),
		       "a function that is not in this module: %.60s", f->as.name);
	else if (f->as.is_broken)
		refuse(r->e, ANALYSIS_UNKNOWN, f->as.broken_place, "%.95s in %.60s", f->as.broken,
		       f->as.name);
	return f->as.is_defined && !f->as.is_broken;
}

const struct value *spirv_call(struct spirv_run *r, const struct spirv_function *f,
			       const struct value *const *args, unsigned count, const uint32_t *at)
{
	const struct type *type = f->as.result ? f->as.result : &TYPE_ANY;
	struct spirv_frame *frame;
	struct state *state = r->e->state;
	unsigned base = state->count, i;

	if (!may_be_called(r, f, at) || !state->is_live)
		return value_opaque(r->e->work, type);
	frame = frame_of(r, f, base);
	frame->outer = r->frame;
	state_reserve(r->e->work, state, base + f->slot_count);
	r->frame = frame;
	for (i = 0; i < count; i++) {
		const struct spirv_id *of = spirv_id(r->m, f->parameters.at[i]);

		if (of->content != SPIRV_NONE && of->type && of->type->kind == TYPE_POINTER)
			spirv_set(r, f->parameters.at[i], copied(r, of, args[i]));
		else
			spirv_set(r, f->parameters.at[i], args[i]);
	}
	spirv_copy(r->e->work, &frame->in[0], state);
	spirv_region(r, NULL);
	r->frame = frame->outer;
	r->time++;
	*state = (struct state){.slots = state->slots, .room = state->room};
	spirv_copy(r->e->work, state, &frame->returned);
	if (state->is_live && state->count > base)
		state->count = base;
	frame->next = r->frames;
	r->frames = frame;
	if (frame->has_result && frame->result && frame->result->type == type)
		return frame->result;
	return value_opaque(r->e->work, type);
}

/* Parameters as bind() has them, of the types of their ids. */
static void take_parameters(struct spirv_run *r, const struct function *kernel,
			    const struct value **args)
{
	const struct variable *parameter = kernel->parameters;
	const struct spirv_function *f = kernel->spirv;
	unsigned i;

	for (i = 0; parameter; parameter = parameter->next, i++) {
		const struct type *type = spirv_type_of(r, f->parameters.at[i]);
		const struct value *value = slot_value(r->e, parameter->slot, parameter->type);
		struct value *number;

		args[i] = value;
		if (is_integer(type) && value->kind == VALUE_INTEGERS) {
			number = value_integers(r->e->work, type, 1);
			number->at[0] = value->at[0];
			args[i] = number;
		} else if (type->kind == TYPE_POINTER && value->kind == VALUE_POINTER) {
			args[i] = spirv_retyped(r, value, type);
		} else if (type->kind == TYPE_POINTER) {
			args[i] = variable_in(r, parameter->slot, type, value);
		}
	}
}

void evaluate_spirv(struct evaluator *e, const struct function *kernel)
{
	struct spirv_run r = {.e = e, .m = kernel->module, .ended = SPIRV_NONE};
	const struct value *args[ANALYSIS_ARGS];
	/* What is not in a function that is looked at is looked up in none. */
	static const struct spirv_function nothing;
	struct spirv_frame outer = {.function = &nothing};

	if (kernel->parameter_count > ANALYSIS_ARGS)
		return;
	e->version = 300;
	r.frame = &outer;
	take_parameters(&r, kernel, args);
	outer.function = NULL;
	r.frame = NULL;
	spirv_call(&r, kernel->spirv, args, kernel->parameter_count, kernel->spirv->at);
}
