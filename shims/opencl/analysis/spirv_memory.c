/* SPDX-License-Identifier: MIT */
/* Instructions that touch memory, or order what does. */
#include <math.h>
#include <string.h>

#include "spirv_op.h"
#include "spirv_run.h"

#define VOLATILE_ACCESS 1
/* Scopes: the work-group, the sub-group, the work-item; 5 and 6 are wider again. */
#define WORKGROUP_SCOPE 2
#define INVOCATION_SCOPE 4

/* Whether a pointer leads to the begin of a variable of the function's own. */
static bool is_variable(const struct spirv_run *r, const struct value *pointer)
{
	return pointer->roots == ROOT_PRIVATE && !pointer->args && pointer->slot != NO_SLOT &&
	       range_is_constant(&pointer->at[0]) && (size_t)pointer->slot < r->contents.count &&
	       r->contents.at[pointer->slot];
}

static void check_volatile(struct spirv_run *r, const struct value *pointer, uint32_t operands,
			   const uint32_t *at)
{
	if (operands & VOLATILE_ACCESS && pointer->args)
		refuse(r->e, ANALYSIS_COHERENT, spirv_place(r->m, at),
		       "this is volatile memory of all work-groups");
}

static void load(struct spirv_run *r, const uint32_t *at)
{
	const struct value *pointer = spirv_as_pointer(r, spirv_word(at, 3)), *kept;
	const struct type *type = spirv_type_of(r, spirv_result(at));
	const struct value *value = NULL;
	double at_byte;

	check_volatile(r, pointer, spirv_word(at, 4), at);
	if (is_variable(r, pointer)) {
		kept = (unsigned)pointer->slot < r->e->state->count
			   ? r->e->state->slots[pointer->slot]
			   : NULL;
		at_byte = pointer->at[0].min;
		if (kept && at_byte == 0 && kept->type == type)
			value = kept;
		else if (kept && kept->kind == VALUE_BYTES && at_byte >= 0 && type->size &&
			 at_byte + (double)type->size <= (double)kept->type->size)
			value = value_bytes(r->e->work, type, kept->bytes + (size_t)at_byte);
	} else {
		memory_access(r->e, pointer, type, (double)type->size, false,
			      spirv_place(r->m, at));
	}
	spirv_set(r, spirv_result(at), value ? value : value_opaque(r->e->work, type));
}

static void store(struct spirv_run *r, const uint32_t *at)
{
	const struct value *pointer = spirv_as_pointer(r, spirv_word(at, 1));
	const struct value *value = spirv_value(r, spirv_word(at, 2));
	const struct type *type = spirv_type_of(r, spirv_word(at, 2));

	check_volatile(r, pointer, spirv_word(at, 3), at);
	if (is_variable(r, pointer) && pointer->at[0].min == 0 &&
	    r->contents.at[pointer->slot] == type) {
		slot_set(r->e, (unsigned)pointer->slot, value);
		return;
	}
	memory_access(r->e, pointer, type, (double)type->size, true, spirv_place(r->m, at));
	spirv_forget(r, pointer);
}

/* Bytes from a pointer on; all it may lead to where their number is not known. */
static void run_of(struct spirv_run *r, const struct value *pointer, double size, bool is_store,
		   const uint32_t *at)
{
	if (size > 0 && size < RANGE_LIMIT)
		memory_access(r->e, pointer, &TYPE_CHAR, size, is_store, spirv_place(r->m, at));
	else
		memory_anywhere(r->e, pointer, is_store, spirv_place(r->m, at));
	if (is_store)
		spirv_forget(r, pointer);
}

static void copy(struct spirv_run *r, const uint32_t *at)
{
	const struct type *type = spirv_type_of(r, spirv_word(at, 1));
	double size = type->kind == TYPE_POINTER ? (double)type->of->size : 0;
	bool is_sized = spirv_op(at) == OP_COPY_MEMORY_SIZED;
	const struct value *to = spirv_as_pointer(r, spirv_word(at, 1));
	const struct value *from = spirv_as_pointer(r, spirv_word(at, 2));
	int64_t number = 0;

	if (is_sized)
		size = spirv_number(r->m, spirv_word(at, 3), &number) ? (double)number : 0;
	check_volatile(r, to, spirv_word(at, is_sized ? 4 : 3), at);
	check_volatile(r, from, spirv_word(at, is_sized ? 4 : 3), at);
	run_of(r, from, size, false, at);
	run_of(r, to, size, true, at);
}

/* On memory of the work-group's own they are as any other access. */
static void atomic(struct spirv_run *r, const uint32_t *at)
{
	bool has_result = spirv_result(at) != 0;
	const struct value *pointer = spirv_as_pointer(r, spirv_word(at, has_result ? 3 : 1));

	if (pointer->args) {
		refuse(r->e, ANALYSIS_ATOMIC, spirv_place(r->m, at),
		       "Op%.60s works on memory that all work-groups share",
		       spirv_format(spirv_op(at))->name);
		memory_anywhere(r->e, pointer, false, spirv_place(r->m, at));
	}
	memory_anywhere(r->e, pointer, true, spirv_place(r->m, at));
	spirv_forget(r, pointer);
}

static void barrier(struct spirv_run *r, const uint32_t *at)
{
	uint32_t scopes = spirv_op(at) == OP_CONTROL_BARRIER ? 2 : 1, i;
	int64_t number;

	r->e->uses_groups = true;
	for (i = 1; i <= scopes; i++) {
		if (spirv_number(r->m, spirv_word(at, i), &number) && number >= WORKGROUP_SCOPE &&
		    number <= INVOCATION_SCOPE)
			continue;
		refuse(r->e, ANALYSIS_COHERENT, spirv_place(r->m, at),
		       "this barrier reaches beyond the work-group");
	}
}

/* Scope, to, from, count, stride, event. */
static void group_copy(struct spirv_run *r, const uint32_t *at)
{
	const struct type *type = spirv_type_of(r, spirv_word(at, 4));
	struct range count = spirv_window(r, spirv_word(at, 6), false);
	double size = type->kind == TYPE_POINTER ? (double)type->of->size : 0;
	int64_t stride;

	r->e->uses_groups = true;
	size = isfinite(count.max) ? size * count.max : 0;
	if (!spirv_number(r->m, spirv_word(at, 7), &stride) || stride != 1)
		size = 0;
	run_of(r, spirv_as_pointer(r, spirv_word(at, 4)), size, true, at);
	run_of(r, spirv_as_pointer(r, spirv_word(at, 5)), size, false, at);
}

/* Coordinates are signed. */
static const struct value *coordinate_of(struct spirv_run *r, uint32_t id)
{
	const struct value *value = spirv_value(r, id);
	const struct type *integer = type_integer_of(value->type);
	struct value *copy;

	if (!integer || integer->size != 4 || value->kind != VALUE_INTEGERS)
		return NULL;
	copy = value_integers(r->e->work,
			      value->count == 1 ? &TYPE_INT
						: type_vector(r->e->work, &TYPE_INT, value->count),
			      value->count);
	memcpy(copy->at, value->at, value->count * sizeof(*value->at));
	return copy;
}

static void image(struct spirv_run *r, const uint32_t *at, uint32_t operand, bool is_store)
{
	image_access(r->e, spirv_value(r, spirv_word(at, operand)),
		     coordinate_of(r, spirv_word(at, operand + 1)), is_store,
		     spirv_place(r->m, at));
}

static bool is_between(uint32_t op, uint32_t first, uint32_t last)
{
	return op >= first && op <= last;
}

static bool others(struct spirv_run *r, const uint32_t *at)
{
	uint32_t op = spirv_op(at);

	if (is_between(op, OP_ATOMIC_LOAD, OP_ATOMIC_XOR) || op == OP_ATOMIC_FLAG_TEST_AND_SET ||
	    op == OP_ATOMIC_FLAG_CLEAR) {
		atomic(r, at);
	} else if (is_between(op, OP_GROUP_ALL, OP_GROUP_SMAX) || op == OP_GROUP_WAIT_EVENTS ||
		   is_between(op, OP_GROUP_NON_UNIFORM_ELECT, OP_GROUP_NON_UNIFORM_QUAD_SWAP)) {
		r->e->uses_groups = r->e->uses_subgroups = true;
	} else if (is_between(op, OP_READ_PIPE, OP_GROUP_COMMIT_WRITE_PIPE) ||
		   is_between(op, OP_ENQUEUE_MARKER, OP_BUILD_NDRANGE)) {
		refuse(r->e, ANALYSIS_SIDE_EFFECT, spirv_place(r->m, at),
		       "pipes and queues are of one device");
	} else {
		return false;
	}
	return true;
}

bool spirv_memory(struct spirv_run *r, const uint32_t *at)
{
	switch (spirv_op(at)) {
	case OP_LOAD:
		load(r, at);
		return true;
	case OP_STORE:
		store(r, at);
		return true;
	case OP_COPY_MEMORY:
	case OP_COPY_MEMORY_SIZED:
		copy(r, at);
		return true;
	case OP_CONTROL_BARRIER:
	case OP_MEMORY_BARRIER:
		barrier(r, at);
		return true;
	case OP_GROUP_ASYNC_COPY:
		group_copy(r, at);
		return true;
	case OP_IMAGE_WRITE:
		image(r, at, 1, true);
		return true;
	case OP_IMAGE_READ:
	case OP_IMAGE_FETCH:
	case OP_IMAGE_SAMPLE_EXPLICIT_LOD:
		image(r, at, 3, false);
		return true;
	case OP_LIFETIME_START:
	case OP_LIFETIME_STOP:
		return true;
	case OP_EXT_INST:
		return spirv_extended_memory(r, at);
	default:
		return others(r, at);
	}
}
