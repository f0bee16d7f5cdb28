/* SPDX-License-Identifier: MIT */
#include "type.h"

#include <string.h>

#define DEPTH_MOST 64

const struct type TYPE_BOOL = {.kind = TYPE_INTEGER, .size = 1, .align = 1, .name = "bool"};
const struct type TYPE_CHAR = {
    .kind = TYPE_INTEGER, .is_signed = true, .size = 1, .align = 1, .name = "char"};
const struct type TYPE_INT = {
    .kind = TYPE_INTEGER, .is_signed = true, .size = 4, .align = 4, .name = "int"};
const struct type TYPE_UINT = {.kind = TYPE_INTEGER, .size = 4, .align = 4, .name = "uint"};
const struct type TYPE_LONG = {
    .kind = TYPE_INTEGER, .is_signed = true, .size = 8, .align = 8, .name = "long"};
const struct type TYPE_ULONG = {.kind = TYPE_INTEGER, .size = 8, .align = 8, .name = "ulong"};
const struct type TYPE_SIZE = {.kind = TYPE_INTEGER, .size = 8, .align = 8, .name = "size_t"};
const struct type TYPE_ANY = {.kind = TYPE_UNKNOWN, .name = "?"};
const struct type TYPE_NOTHING = {.kind = TYPE_VOID, .size = 1, .align = 1, .name = "void"};
const struct type TYPE_FLOATING = {.kind = TYPE_FLOAT, .size = 4, .align = 4, .name = "float"};
const struct type TYPE_DOUBLE = {.kind = TYPE_FLOAT, .size = 8, .align = 8, .name = "double"};

const struct type TYPE_ENUM = {.kind = TYPE_OTHER, .name = "enum"};

static const struct type OWN[] = {
    {.kind = TYPE_INTEGER, .size = 1, .align = 1, .name = "uchar"},
    {.kind = TYPE_INTEGER, .is_signed = true, .size = 2, .align = 2, .name = "short"},
    {.kind = TYPE_INTEGER, .size = 2, .align = 2, .name = "ushort"},
    {.kind = TYPE_FLOAT, .size = 2, .align = 2, .name = "half"},
    {.kind = TYPE_INTEGER, .size = 8, .align = 8, .name = "uintptr_t"},
    {.kind = TYPE_INTEGER, .is_signed = true, .size = 8, .align = 8, .name = "intptr_t"},
    {.kind = TYPE_INTEGER, .is_signed = true, .size = 8, .align = 8, .name = "ptrdiff_t"},
    {.kind = TYPE_IMAGE, .count = 1, .name = "image1d_t"},
    {.kind = TYPE_IMAGE, .count = 1, .name = "image1d_buffer_t"},
    {.kind = TYPE_IMAGE, .count = 2, .name = "image1d_array_t"},
    {.kind = TYPE_IMAGE, .count = 2, .name = "image2d_t"},
    {.kind = TYPE_IMAGE, .count = 2, .name = "image2d_depth_t"},
    {.kind = TYPE_IMAGE, .count = 3, .name = "image2d_array_t"},
    {.kind = TYPE_IMAGE, .count = 3, .name = "image2d_array_depth_t"},
    {.kind = TYPE_IMAGE, .count = 3, .name = "image3d_t"},
    {.kind = TYPE_SAMPLER, .size = 8, .align = 8, .name = "sampler_t"},
    {.kind = TYPE_EVENT, .size = 8, .align = 8, .name = "event_t"},
    {.kind = TYPE_OTHER, .name = "queue_t"},
    {.kind = TYPE_OTHER, .name = "ndrange_t"},
    {.kind = TYPE_OTHER, .name = "clk_event_t"},
    {.kind = TYPE_OTHER, .name = "reserve_id_t"},
    {.kind = TYPE_OTHER, .name = "pipe"},
};

/* Element types of vectors, as well as words of their own. */
static const struct type *const SCALARS[] = {
    &TYPE_CHAR, &OWN[0],     &OWN[1],	     &OWN[2],	   &TYPE_INT, &TYPE_UINT,
    &TYPE_LONG, &TYPE_ULONG, &TYPE_FLOATING, &TYPE_DOUBLE, &OWN[3],
};

static const struct type *const WORDS[] = {&TYPE_SIZE, &TYPE_BOOL, &TYPE_NOTHING};

static bool is_name(const char *name, size_t length, const char *text)
{
	return strlen(text) == length && !memcmp(name, text, length);
}

const struct type *type_vector(struct work *work, const struct type *of, uint64_t count)
{
	struct type *type = work_take(work, sizeof(*type));
	uint64_t slots = count == 3 ? 4 : count;

	*type = (struct type){.kind = TYPE_VECTOR,
			      .size = slots * of->size,
			      .align = slots * of->size,
			      .of = of,
			      .count = count};
	return type;
}

const struct type *type_by_name(struct work *work, const char *name, size_t length)
{
	size_t i, base = length;
	unsigned count = 0;

	for (i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		if (is_name(name, length, WORDS[i]->name))
			return WORDS[i];
	}
	for (i = 0; i < sizeof(OWN) / sizeof(*OWN); i++) {
		if (is_name(name, length, OWN[i].name))
			return &OWN[i];
	}
	while (base && name[base - 1] >= '0' && name[base - 1] <= '9')
		base--;
	for (i = base; i < length && i < base + 3; i++)
		count = 10 * count + (unsigned)(name[i] - '0');
	if (base < length && count != 2 && count != 3 && count != 4 && count != 8 && count != 16)
		return NULL;
	for (i = 0; i < sizeof(SCALARS) / sizeof(*SCALARS); i++) {
		if (!is_name(name, base, SCALARS[i]->name))
			continue;
		return base < length ? type_vector(work, SCALARS[i], count) : SCALARS[i];
	}
	return NULL;
}

/* Whoever looks at a type goes down all of them. */
static unsigned depth_over(struct work *work, const struct type *of)
{
	if (of->depth >= DEPTH_MOST)
		work_fail(work, (struct place){0}, "a type of too many types");
	return of->depth + 1;
}

const struct type *type_pointer(struct work *work, const struct type *to, enum space space,
				bool is_volatile)
{
	struct type *type = work_take(work, sizeof(*type));

	*type = (struct type){.kind = TYPE_POINTER,
			      .size = 8,
			      .align = 8,
			      .of = to,
			      .space = space,
			      .is_volatile = is_volatile,
			      .depth = depth_over(work, to)};
	return type;
}

const struct type *type_array(struct work *work, const struct type *of, uint64_t count)
{
	struct type *type = work_take(work, sizeof(*type));

	/* What no program has is not to overflow. */
	if (count > UINT32_MAX || of->size > UINT32_MAX)
		work_fail(work, (struct place){0}, "an array is too large");
	*type = (struct type){.kind = TYPE_ARRAY,
			      .size = count * of->size,
			      .align = of->align,
			      .of = of,
			      .count = count,
			      .depth = depth_over(work, of)};
	return type;
}

const struct type *type_integer_of(const struct type *type)
{
	if (type->kind == TYPE_VECTOR)
		type = type->of;
	return is_integer(type) ? type : NULL;
}

const struct member *type_member(const struct type *type, const char *name)
{
	const struct member *member = type->members;

	while (member && strcmp(member->name, name))
		member = member->next;
	return member;
}

bool type_is_same(const struct type *a, const struct type *b)
{
	while (a != b) {
		if (a->kind != b->kind || a->size != b->size || a->count != b->count ||
		    a->is_signed != b->is_signed || a->space != b->space || !a->of || !b->of)
			return a->kind == b->kind && a->name && a->name == b->name &&
			       a->kind != TYPE_STRUCT && a->kind != TYPE_UNION;
		a = a->of;
		b = b->of;
	}
	return true;
}
