/* SPDX-License-Identifier: MIT */
/* Pointers, and the variables by which a work-item learns who it is. */
#include <math.h>
#include <string.h>

#include "spirv_op.h"
#include "spirv_run.h"

const struct value *spirv_retyped(struct spirv_run *r, const struct value *pointer,
				  const struct type *type)
{
	struct value *copy;

	if (pointer->type == type || pointer->kind != VALUE_POINTER)
		return pointer;
	copy = value_pointer(r->e->work, type);
	memcpy(copy, pointer, sizeof(*copy) + sizeof(struct range));
	copy->type = type;
	return copy;
}

const struct value *spirv_as_pointer(struct spirv_run *r, uint32_t id)
{
	return value_as_pointer(r->e->work, spirv_value(r, id), r->e->version);
}

/* An index, as far as a signed number of its width. */
static struct range index_of(struct spirv_run *r, uint32_t id)
{
	const struct type *type = type_integer_of(spirv_type_of(r, id));

	if (!type)
		return range_interval(-INFINITY, INFINITY);
	/* One of 64 bits wraps as the address does. */
	return type->size < 8 ? spirv_window(r, id, true) : value_range(spirv_value(r, id), 0);
}

static struct range scaled(struct spirv_run *r, uint32_t id, const struct type *of)
{
	if (!of->size)
		return range_interval(-INFINITY, INFINITY);
	return range_mul(r->e->last, index_of(r, id), range_constant((double)of->size), 64);
}

const struct value *spirv_chain(struct spirv_run *r, const uint32_t *at, const struct type *type)
{
	bool has_element =
	    spirv_op(at) == OP_PTR_ACCESS_CHAIN || spirv_op(at) == OP_IN_BOUNDS_PTR_ACCESS_CHAIN;
	const struct type *base = spirv_type_of(r, spirv_word(at, 3)), *of;
	const struct value *pointer = spirv_as_pointer(r, spirv_word(at, 3));
	uint32_t i = 4;

	if (type->kind != TYPE_POINTER)
		return NULL;
	of = base->kind == TYPE_POINTER ? base->of : &TYPE_ANY;
	if (has_element)
		pointer = pointer_move(r->e, pointer, scaled(r, spirv_word(at, i++), of));
	for (; i < spirv_length(at); i++) {
		const struct member *member;
		int64_t number;

		switch (of->kind) {
		case TYPE_ARRAY:
		case TYPE_VECTOR:
			of = of->of;
			pointer = pointer_move(r->e, pointer, scaled(r, at[i], of));
			break;
		case TYPE_STRUCT:
			member = of->members;
			if (!spirv_number(r->m, at[i], &number))
				member = NULL;
			while (member && number-- > 0)
				member = member->next;
			of = member ? member->type : &TYPE_ANY;
			pointer = pointer_move(r->e, pointer,
					       member ? range_constant((double)member->offset)
						      : range_interval(-INFINITY, INFINITY));
			break;
		default:
			of = &TYPE_ANY;
			pointer = pointer_move(r->e, pointer, range_interval(-INFINITY, INFINITY));
		}
	}
	return spirv_retyped(r, pointer, type);
}

/* A variable of the module. */
const struct value *spirv_variable(struct spirv_run *r, const struct spirv_id *of)
{
	const struct type *type = of->type ? of->type : &TYPE_ANY;
	struct value *pointer;

	if (type->kind != TYPE_POINTER)
		return value_opaque(r->e->work, type);
	pointer = value_pointer(r->e->work, type);
	switch (spirv_word(of->at, 3)) {
	case SPIRV_WORKGROUP:
		pointer->roots = ROOT_LOCAL;
		break;
	case SPIRV_CONSTANT_MEMORY:
		pointer->roots = ROOT_CONSTANT;
		break;
	case SPIRV_CROSS_WORKGROUP:
		pointer->roots = of->flags & SPIRV_IS_CONSTANT ? ROOT_CONSTANT : ROOT_PROGRAM;
		break;
	default:
		/* What work-items know of themselves is loaded, and no more. */
		pointer->roots = ROOT_UNKNOWN;
	}
	return pointer;
}

void spirv_forget(struct spirv_run *r, const struct value *pointer)
{
	size_t i;

	if (!(pointer->roots & ROOT_PRIVATE))
		return;
	if (pointer->slot != NO_SLOT) {
		slot_set(r->e, (unsigned)pointer->slot, NULL);
		return;
	}
	for (i = 0; i < r->contents.count && i < r->e->state->count; i++) {
		if (r->contents.at[i])
			slot_set(r->e, (unsigned)i, NULL);
	}
}

static enum asked asked_of(uint32_t builtin)
{
	switch (builtin) {
	case SPIRV_NUM_WORKGROUPS:
		return ASKED_GROUPS;
	case SPIRV_WORKGROUP_SIZE:
	case SPIRV_ENQUEUED_SIZE:
		return ASKED_LOCAL_SIZE;
	case SPIRV_WORKGROUP_ID:
		return ASKED_GROUP_ID;
	case SPIRV_LOCAL_ID:
		return ASKED_LOCAL_ID;
	case SPIRV_LOCAL_INDEX:
		return ASKED_LOCAL_LINEAR_ID;
	case SPIRV_GLOBAL_ID:
		return ASKED_GLOBAL_ID;
	case SPIRV_GLOBAL_SIZE:
		return ASKED_GLOBAL_SIZE;
	case SPIRV_GLOBAL_OFFSET:
		return ASKED_GLOBAL_OFFSET;
	case SPIRV_GLOBAL_LINEAR:
		return ASKED_GLOBAL_LINEAR_ID;
	case SPIRV_WORK_DIM:
		return ASKED_DIMENSIONS;
	default:
		return ASKED_OTHER;
	}
}

const struct value *spirv_asked(struct spirv_run *r, uint32_t variable, const struct type *type)
{
	enum asked asked = asked_of(spirv_id(r->m, variable)->builtin - 1);
	struct value *vector;
	unsigned i;

	if (is_integer(type))
		return value_integer(r->e->work, type, asked_range(r->e, asked, 0));
	if (type->kind != TYPE_VECTOR || !type_integer_of(type) || type->count > COMPONENTS_MOST)
		return NULL;
	vector = value_integers(r->e->work, type, (unsigned)type->count);
	for (i = 0; i < vector->count; i++)
		vector->at[i] = asked_range(r->e, asked, i);
	return vector;
}

void spirv_ask(struct spirv_run *r, uint32_t variable, struct place place)
{
	const struct spirv_id *of = spirv_id(r->m, variable);

	asked_check(r->e, asked_of(of->builtin - 1), of->name ? of->name : "this", place);
}
