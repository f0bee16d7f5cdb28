/* SPDX-License-Identifier: MIT */
/* Vectors, structures, choices and casts. */
#include <math.h>
#include <string.h>

#include "spirv_op.h"
#include "spirv_run.h"

/* Choices in choices are looked into this deep. */
#define ASSUMED_MOST 3

/* A component of a vector of whole numbers, as the element's type. */
static const struct value *component(struct spirv_run *r, const struct value *vector,
				     unsigned number, const struct type *type)
{
	if (vector->kind != VALUE_INTEGERS || number >= vector->count || !is_integer(type))
		return NULL;
	return value_integer(r->e->work, type, vector->at[number]);
}

static const struct value *extracted(struct spirv_run *r, const uint32_t *at,
				     const struct type *type)
{
	const struct value *whole = spirv_value(r, spirv_word(at, 3));
	uint32_t number = spirv_word(at, 4);

	if (whole->type->kind == TYPE_VECTOR && spirv_length(at) == 5)
		return component(r, whole, number, type);
	/* A member of a structure that was given as an argument. */
	if (whole->kind == VALUE_BYTES && whole->type->kind == TYPE_STRUCT &&
	    spirv_length(at) == 5) {
		const struct member *member = whole->type->members;

		while (member && number--)
			member = member->next;
		if (member && member->type == type)
			return value_bytes(r->e->work, type, whole->bytes + member->offset);
	}
	return NULL;
}

static const struct value *extracted_any(struct spirv_run *r, const uint32_t *at,
					 const struct type *type)
{
	const struct value *whole = spirv_value(r, spirv_word(at, 3));
	struct range number = spirv_window(r, spirv_word(at, 4), false), all;
	unsigned i;

	if (whole->kind != VALUE_INTEGERS || !is_integer(type) || !whole->count)
		return NULL;
	if (range_is_constant(&number) && number.min >= 0 && number.min < whole->count)
		return component(r, whole, (unsigned)number.min, type);
	all = whole->at[0];
	for (i = 1; i < whole->count; i++)
		all = range_join(all, whole->at[i]);
	/* Beyond its end it may give whatever. */
	if (!(number.min >= 0 && number.max < whole->count))
		return NULL;
	return value_integer(r->e->work, type, all);
}

static struct value *vector_of(struct spirv_run *r, const struct type *type)
{
	if (type->kind != TYPE_VECTOR || !type_integer_of(type) || type->count > COMPONENTS_MOST)
		return NULL;
	return value_integers(r->e->work, type, (unsigned)type->count);
}

static const struct value *inserted(struct spirv_run *r, const uint32_t *at,
				    const struct type *type)
{
	const struct value *part = spirv_value(r, spirv_word(at, 3));
	const struct value *whole = spirv_value(r, spirv_word(at, 4));
	struct value *vector = vector_of(r, type);
	unsigned i;

	if (!vector || spirv_length(at) != 6 || whole->type != type)
		return NULL;
	for (i = 0; i < vector->count; i++)
		vector->at[i] = value_range(i == spirv_word(at, 5) ? part : whole,
					    i == spirv_word(at, 5) ? 0 : i);
	return vector;
}

static const struct value *constructed(struct spirv_run *r, const uint32_t *at,
				       const struct type *type)
{
	struct value *vector = vector_of(r, type);
	unsigned count = 0, i, j;

	if (!vector)
		return NULL;
	for (i = 3; i < spirv_length(at); i++) {
		const struct value *part = spirv_value(r, at[i]);
		unsigned width = part->type->kind == TYPE_VECTOR ? (unsigned)part->type->count : 1;

		if (type_integer_of(part->type) != type_integer_of(type))
			return NULL;
		for (j = 0; j < width && count < vector->count; j++)
			vector->at[count++] = value_range(part, j);
	}
	return count == vector->count ? vector : NULL;
}

static const struct value *shuffled(struct spirv_run *r, const uint32_t *at,
				    const struct type *type)
{
	const struct value *a = spirv_value(r, spirv_word(at, 3));
	const struct value *b = spirv_value(r, spirv_word(at, 4));
	struct value *vector = vector_of(r, type);
	unsigned i;

	if (!vector || a->type->kind != TYPE_VECTOR || b->type->kind != TYPE_VECTOR ||
	    type_integer_of(a->type) != type_integer_of(type) ||
	    type_integer_of(b->type) != type_integer_of(type))
		return NULL;
	for (i = 0; i < vector->count; i++) {
		uint32_t number = spirv_word(at, 5 + i);

		vector->at[i] = number < a->type->count
				    ? value_range(a, number)
				    : value_range(b, number - (uint32_t)a->type->count);
	}
	return vector;
}

/* What is known where the condition's outcome is that. */
static const struct value *assumed(struct spirv_run *r, uint32_t condition, bool truth, uint32_t id,
				   bool *is_possible)
{
	struct state *outer = r->e->state, here = {0};
	const struct value *value;

	if (r->assumed >= ASSUMED_MOST || !outer->is_live) {
		*is_possible = true;
		return spirv_value(r, id);
	}
	state_copy(r->e->work, &here, outer);
	r->e->state = &here;
	r->assumed++;
	r->time++;
	spirv_assume(r, condition, truth);
	r->time++;
	*is_possible = here.is_live;
	value = spirv_value(r, id);
	r->assumed--;
	r->e->state = outer;
	r->time++;
	return value;
}

static const struct value *chosen(struct spirv_run *r, const uint32_t *at, const struct type *type)
{
	uint32_t condition = spirv_word(at, 3);
	enum truth truth = spirv_truth(r, condition);
	const struct value *a, *b;
	bool is_a = true, is_b = true;

	if (spirv_type_of(r, condition)->kind == TYPE_VECTOR)
		return NULL;
	if (truth == TRUTH_ALWAYS)
		return spirv_value(r, spirv_word(at, 4));
	if (truth == TRUTH_NEVER)
		return spirv_value(r, spirv_word(at, 5));
	a = assumed(r, condition, true, spirv_word(at, 4), &is_a);
	b = assumed(r, condition, false, spirv_word(at, 5), &is_b);
	if (type->kind == TYPE_POINTER) {
		a = value_as_pointer(r->e->work, a, r->e->version);
		b = value_as_pointer(r->e->work, b, r->e->version);
		a = spirv_retyped(r, a, type);
		b = spirv_retyped(r, b, type);
	}
	return !is_a ? b : !is_b ? a : value_join(r->e->work, a, b);
}

/* Casts: whole numbers of one width are the same bits, and pointers lead where they led. */
static const struct value *cast(struct spirv_run *r, const uint32_t *at, const struct type *type)
{
	const struct value *value = spirv_value(r, spirv_word(at, 3));

	if (type->kind == TYPE_POINTER) {
		if (value->type->kind == TYPE_POINTER || value->kind == VALUE_POINTER)
			return spirv_retyped(r, value_as_pointer(r->e->work, value, r->e->version),
					     type);
		return value_convert(r->e->work, value, type, r->e->version);
	}
	return value->type == type ? value : NULL;
}

/* Of arrays, and of levels but the first, it may be whatever. */
static const struct value *image_size(struct spirv_run *r, const uint32_t *at,
				      const struct type *type)
{
	const struct value *image = spirv_value(r, spirv_word(at, 3));
	const struct type *of = image->type;
	struct range level = range_constant(0);
	struct value *vector = vector_of(r, type);
	bool is_known;
	unsigned i;

	if (spirv_op(at) == OP_IMAGE_QUERY_SIZE_LOD)
		level = value_number(spirv_value(r, spirv_word(at, 4)));
	is_known = of->kind == TYPE_IMAGE && strcmp(of->name, "image array") && level.min == 0 &&
		   level.max == 0;
	if (is_integer(type))
		return value_integer(r->e->work, type,
				     is_known ? image_extent(r->e, image, 0)
					      : range_interval(0, 2147483647));
	for (i = 0; vector && i < vector->count; i++)
		vector->at[i] = is_known && i < 3 ? image_extent(r->e, image, i)
						  : range_interval(0, 2147483647);
	return vector;
}

const struct value *spirv_composite(struct spirv_run *r, const uint32_t *at,
				    const struct type *type)
{
	switch (spirv_op(at)) {
	case OP_COMPOSITE_EXTRACT:
		return extracted(r, at, type);
	case OP_VECTOR_EXTRACT_DYNAMIC:
		return extracted_any(r, at, type);
	case OP_COMPOSITE_INSERT:
		return inserted(r, at, type);
	case OP_COMPOSITE_CONSTRUCT:
		return constructed(r, at, type);
	case OP_VECTOR_SHUFFLE:
		return shuffled(r, at, type);
	case OP_SELECT:
		return chosen(r, at, type);
	case OP_ACCESS_CHAIN:
	case OP_IN_BOUNDS_ACCESS_CHAIN:
	case OP_PTR_ACCESS_CHAIN:
	case OP_IN_BOUNDS_PTR_ACCESS_CHAIN:
		return spirv_chain(r, at, type);
	case OP_BITCAST:
	case OP_COPY_OBJECT:
	case OP_COPY_LOGICAL:
	case OP_PTR_CAST_TO_GENERIC:
	case OP_GENERIC_CAST_TO_PTR:
	case OP_GENERIC_CAST_TO_PTR_EXPLICIT:
	case OP_CONVERT_U_TO_PTR:
	case OP_SAMPLED_IMAGE:
	case OP_IMAGE:
		return cast(r, at, type);
	case OP_IMAGE_QUERY_SIZE_LOD:
	case OP_IMAGE_QUERY_SIZE:
		return image_size(r, at, type);
	default:
		return NULL;
	}
}
