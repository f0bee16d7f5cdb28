/* SPDX-License-Identifier: MIT */
/* Types and constants of a module. */
#include <string.h>

#include "spirv.h"
#include "spirv_op.h"

/* What holds no program that runs is not to overflow. */
#define SIZE_MOST ((uint64_t)1 << 40)

static const struct type SAMPLER = {.kind = TYPE_SAMPLER, .size = 8, .align = 8, .name = "sampler"};
static const struct type EVENT = {.kind = TYPE_EVENT, .size = 8, .align = 8, .name = "event"};
static const struct type OTHER = {.kind = TYPE_OTHER, .name = "?"};

static const struct type *type_of(const struct spirv_module *m, uint32_t id)
{
	const struct type *type = spirv_id(m, id)->type;

	return type ? type : &TYPE_ANY;
}

bool spirv_number(const struct spirv_module *m, uint32_t id, int64_t *number)
{
	const struct spirv_id *of = spirv_id(m, id);
	uint64_t bits;

	if (!of->at || !of->type || !is_integer(of->type))
		return false;
	switch (spirv_op(of->at)) {
	case OP_CONSTANT_TRUE:
	case OP_SPEC_CONSTANT_TRUE:
		*number = 1;
		return true;
	case OP_CONSTANT_FALSE:
	case OP_SPEC_CONSTANT_FALSE:
	case OP_CONSTANT_NULL:
		*number = 0;
		return true;
	case OP_CONSTANT:
	case OP_SPEC_CONSTANT:
		bits = spirv_word(of->at, 3) | (uint64_t)spirv_word(of->at, 4) << 32;
		if (of->type->size < 8) {
			unsigned free = 64 - width_of(of->type);

			bits = (uint64_t)((int64_t)(bits << free) >> free);
		}
		*number = (int64_t)bits;
		return true;
	default:
		return false;
	}
}

static const struct type *integer(struct work *work, uint32_t width)
{
	switch (width) {
	case 8:
		return type_by_name(work, "uchar", 5);
	case 16:
		return type_by_name(work, "ushort", 6);
	case 32:
		return &TYPE_UINT;
	case 64:
		return &TYPE_ULONG;
	default:
		return &OTHER;
	}
}

static const struct type *floating(struct work *work, uint32_t width)
{
	return width == 16   ? type_by_name(work, "half", 4)
	       : width == 32 ? &TYPE_FLOATING
	       : width == 64 ? &TYPE_DOUBLE
			     : &OTHER;
}

/* Sampled type, dimension, depth, arrayed, ... */
static const struct type *image(struct spirv_module *m, const uint32_t *at)
{
	static const char *const NAMES[] = {"image1d", "image2d", "image3d"};
	struct type *type = work_take(m->work, sizeof(*type));
	uint32_t dimension = spirv_word(at, 3), is_arrayed = spirv_word(at, 5) != 0;
	uint64_t count = dimension < 3 ? dimension + 1 : dimension == 5 ? 1 : 0;

	if (!count || count + is_arrayed > 3)
		return &OTHER;
	*type = (struct type){.kind = TYPE_IMAGE,
			      .count = count + is_arrayed,
			      .name = is_arrayed ? "image array" : NAMES[count - 1]};
	return type;
}

static const struct type *vector(struct spirv_module *m, const uint32_t *at)
{
	const struct type *of = type_of(m, spirv_word(at, 2));
	uint32_t count = spirv_word(at, 3);

	if ((of->kind != TYPE_INTEGER && of->kind != TYPE_FLOAT) || count < 2 || count > 16)
		return &OTHER;
	return type_vector(m->work, of, count);
}

static const struct type *array(struct spirv_module *m, const uint32_t *at)
{
	int64_t count;

	if (spirv_op(at) == OP_TYPE_RUNTIME_ARRAY)
		return type_array(m->work, type_of(m, spirv_word(at, 2)), 0);
	if (!spirv_number(m, spirv_word(at, 3), &count) || count < 0)
		return &OTHER;
	return type_array(m->work, type_of(m, spirv_word(at, 2)), (uint64_t)count);
}

/* Laid out as C does, or without gaps. */
static const struct type *structure(struct spirv_module *m, const uint32_t *at)
{
	struct type *type = work_take(m->work, sizeof(*type));
	const struct spirv_id *id = spirv_id(m, spirv_word(at, 1));
	bool is_packed = id->flags & SPIRV_IS_PACKED;
	struct member **to = &type->members;
	uint32_t i;

	*type =
	    (struct type){.kind = TYPE_STRUCT, .align = 1, .is_complete = true, .name = id->name};
	for (i = 2; i < spirv_length(at); i++) {
		struct member *member = work_take(m->work, sizeof(*member));
		uint64_t align;

		member->type = type_of(m, at[i]);
		align = is_packed || !member->type->align ? 1 : member->type->align;
		if (type->size > SIZE_MOST || member->type->size > SIZE_MOST || align > 4096)
			work_fail(m->work, spirv_place(m, at), "a structure is too large");
		type->size = (type->size + align - 1) / align * align;
		member->offset = type->size;
		type->size += member->type->size;
		if (align > type->align)
			type->align = align;
		*to = member;
		to = &member->next;
	}
	type->size = (type->size + type->align - 1) / type->align * type->align;
	return type;
}

static enum space space_of(uint32_t storage)
{
	switch (storage) {
	case SPIRV_CONSTANT_MEMORY:
		return SPACE_CONSTANT;
	case SPIRV_WORKGROUP:
		return SPACE_LOCAL;
	case SPIRV_CROSS_WORKGROUP:
		return SPACE_GLOBAL;
	case SPIRV_INPUT:
	case SPIRV_FUNCTION:
		return SPACE_PRIVATE;
	default:
		return SPACE_GENERIC;
	}
}

static const struct type *read_type(struct spirv_module *m, const uint32_t *at)
{
	switch (spirv_op(at)) {
	case OP_TYPE_VOID:
		return &TYPE_NOTHING;
	case OP_TYPE_BOOL:
		return &TYPE_BOOL;
	case OP_TYPE_INT:
		return integer(m->work, spirv_word(at, 2));
	case OP_TYPE_FLOAT:
		return floating(m->work, spirv_word(at, 2));
	case OP_TYPE_VECTOR:
		return vector(m, at);
	case OP_TYPE_IMAGE:
		return image(m, at);
	case OP_TYPE_SAMPLED_IMAGE:
		return type_of(m, spirv_word(at, 2));
	case OP_TYPE_SAMPLER:
		return &SAMPLER;
	case OP_TYPE_EVENT:
		return &EVENT;
	case OP_TYPE_ARRAY:
	case OP_TYPE_RUNTIME_ARRAY:
		return array(m, at);
	case OP_TYPE_STRUCT:
		return structure(m, at);
	case OP_TYPE_POINTER:
		return type_pointer(m->work, type_of(m, spirv_word(at, 3)),
				    space_of(spirv_word(at, 2)), false);
	case OP_TYPE_FORWARD_POINTER:
		return type_pointer(m->work, &TYPE_ANY, space_of(spirv_word(at, 2)), false);
	case OP_TYPE_FUNCTION:
	case OP_TYPE_OPAQUE:
	case OP_TYPE_DEVICE_EVENT:
	case OP_TYPE_RESERVE_ID:
	case OP_TYPE_QUEUE:
	case OP_TYPE_PIPE:
		return &OTHER;
	default:
		return NULL;
	}
}

bool spirv_type(struct spirv_module *m, const uint32_t *at)
{
	const struct type *type = read_type(m, at);
	struct spirv_id *id = spirv_id(m, spirv_word(at, 1));

	if (type && id != m->ids)
		id->type = type;
	return type != NULL;
}
