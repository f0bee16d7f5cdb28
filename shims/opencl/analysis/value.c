/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <math.h>
#include <string.h>

static struct value *make(struct work *work, const struct type *type, enum value_kind kind,
			  unsigned count)
{
	struct value *value = work_take(work, sizeof(*value) + count * sizeof(struct range));

	value->type = type;
	value->kind = kind;
	value->count = count;
	value->slot = NO_SLOT;
	return value;
}

const struct value *value_opaque(struct work *work, const struct type *type)
{
	return make(work, type, VALUE_OPAQUE, 0);
}

struct value *value_integers(struct work *work, const struct type *type, unsigned count)
{
	return make(work, type, VALUE_INTEGERS, count);
}

const struct value *value_integer(struct work *work, const struct type *type, struct range range)
{
	struct value *value = make(work, type, VALUE_INTEGERS, 1);

	value->at[0] = range;
	return value;
}

struct value *value_pointer(struct work *work, const struct type *type)
{
	return make(work, type, VALUE_POINTER, 1);
}

/* The number that the bytes of an integer are. */
static double number_of(const unsigned char *bytes, const struct type *type)
{
	uint64_t bits = 0;

	memcpy(&bits, bytes, type->size < 8 ? type->size : 8);
	if (type->is_signed && type->size < 8 && bits >> (8 * type->size - 1))
		bits |= ~(uint64_t)0 << (8 * type->size);
	return type->is_signed ? (double)(int64_t)bits : (double)bits;
}

static struct range number_range(const unsigned char *bytes, const struct type *type)
{
	double number = number_of(bytes, type);

	/* Doubles do not hold it exactly. */
	return fabs(number) < RANGE_LIMIT ? range_constant(number) : range_top(64);
}

const struct value *value_bytes(struct work *work, const struct type *type,
				const unsigned char *bytes)
{
	const struct type *integer = type_integer_of(type);
	struct value *value;
	unsigned i, count;

	if (integer) {
		count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1;
		if (count > COMPONENTS_MOST)
			return value_opaque(work, type);
		value = make(work, type, VALUE_INTEGERS, count);
		for (i = 0; i < count; i++)
			value->at[i] = number_range(bytes + i * integer->size, integer);
		return value;
	}
	if (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION)
		return value_opaque(work, type);
	value = make(work, type, VALUE_BYTES, 0);
	value->bytes = bytes;
	return value;
}

struct range value_range(const struct value *value, unsigned component)
{
	const struct type *integer = type_integer_of(value->type);

	if (value->kind == VALUE_INTEGERS && component < value->count)
		return value->at[component];
	return integer ? range_top(width_of(integer)) : range_interval(-INFINITY, INFINITY);
}

struct range value_number(const struct value *value)
{
	const struct type *integer = type_integer_of(value->type);

	if (!integer)
		return range_interval(-INFINITY, INFINITY);
	return range_window(value_range(value, 0), width_of(integer), integer->is_signed);
}

/* Where a pointer that was not followed may lead. */
static unsigned roots_of(const struct type *type, unsigned version)
{
	if (type->kind != TYPE_POINTER)
		return ROOT_UNKNOWN;
	switch (type->space) {
	case SPACE_LOCAL:
		return ROOT_LOCAL;
	case SPACE_CONSTANT:
	case SPACE_GLOBAL:
	case SPACE_GENERIC:
		return ROOT_UNKNOWN;
	case SPACE_PRIVATE:
		return ROOT_PRIVATE;
	default:
		return version < 200 ? ROOT_PRIVATE : ROOT_UNKNOWN;
	}
}

const struct value *value_as_pointer(struct work *work, const struct value *value, unsigned version)
{
	struct value *pointer;

	if (value->kind == VALUE_POINTER)
		return value;
	pointer = value_pointer(work, value->type);
	pointer->roots = roots_of(value->type, version);
	pointer->at[0] = range_interval(-INFINITY, INFINITY);
	return pointer;
}

/* An integer as one of another type. */
static struct range converted(struct range range, const struct type *from, const struct type *to)
{
	if (to == &TYPE_BOOL) {
		range = range_window(range, width_of(from), from->is_signed);
		if (range.min > 0 || range.max < 0)
			return range_constant(1);
		return range_is_constant(&range) ? range_constant(0) : range_interval(0, 1);
	}
	if (to->size <= from->size)
		return range;
	return range_window(range, width_of(from), from->is_signed);
}

static const struct value *to_pointer(struct work *work, const struct value *value,
				      const struct type *type, unsigned version)
{
	struct value *pointer = value_pointer(work, type);

	if (value->kind == VALUE_POINTER) {
		memcpy(pointer, value, sizeof(*value) + sizeof(struct range));
		pointer->type = type;
		return pointer;
	}
	pointer->at[0] = range_interval(-INFINITY, INFINITY);
	if (value->kind == VALUE_INTEGERS && range_is_constant(&value->at[0]) &&
	    value->at[0].min == 0)
		pointer->roots = ROOT_NULL;
	else if (value->type->kind == TYPE_POINTER)
		pointer->roots = roots_of(value->type, version) | roots_of(type, version);
	else
		/* An integer that was a pointer, into whatever memory. */
		pointer->roots = type->space == SPACE_LOCAL ? ROOT_LOCAL : ROOT_UNKNOWN;
	return pointer;
}

const struct value *value_convert(struct work *work, const struct value *value,
				  const struct type *type, unsigned version)
{
	const struct type *to = type_integer_of(type), *from = type_integer_of(value->type);
	struct value *result;
	unsigned count, i;

	if (value->type == type)
		return value;
	if (type->kind == TYPE_POINTER)
		return to_pointer(work, value, type, version);
	if (type->kind == TYPE_IMAGE && value->kind == VALUE_POINTER)
		return value;
	if (!to || value->kind != VALUE_INTEGERS || !from)
		return type->kind == TYPE_UNKNOWN || value->kind == VALUE_BYTES
			   ? value
			   : value_opaque(work, type);
	count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1;
	if (count > COMPONENTS_MOST ||
	    (value->type->kind == TYPE_VECTOR && value->type->count != count))
		return value_opaque(work, type);
	result = value_integers(work, type, count);
	for (i = 0; i < count; i++)
		result->at[i] = converted(value->at[value->count == 1 ? 0 : i], from, to);
	return result;
}

/* Whether two values differ in no more than their ranges. */
static bool is_alike(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->type == b->type && a->count == b->count &&
	       a->slot == b->slot && a->bytes == b->bytes;
}

const struct value *value_join(struct work *work, const struct value *a, const struct value *b)
{
	struct value *result;
	unsigned i;

	if (a == b || !a || !b)
		return a && b ? a : NULL;
	if (!type_is_same(a->type, b->type))
		return NULL;
	if (a->kind != b->kind || a->count != b->count)
		return value_opaque(work, a->type);
	if (a->kind == VALUE_OPAQUE)
		return a;
	if (a->kind == VALUE_BYTES)
		return a->bytes == b->bytes ? a : value_opaque(work, a->type);
	if (is_alike(a, b) && a->args == b->args && a->roots == b->roots &&
	    !memcmp(a->at, b->at, a->count * sizeof(*a->at)))
		return a;
	result = make(work, a->type, a->kind, a->count);
	result->args = a->args | b->args;
	result->roots = a->roots | b->roots;
	result->slot = a->slot == b->slot ? a->slot : NO_SLOT;
	/* A null pointer leads nowhere. */
	if (a->kind == VALUE_POINTER && a->roots == ROOT_NULL && !a->args) {
		result->slot = b->slot;
		result->at[0] = b->at[0];
		return result;
	}
	if (a->kind == VALUE_POINTER && b->roots == ROOT_NULL && !b->args) {
		result->slot = a->slot;
		result->at[0] = a->at[0];
		return result;
	}
	for (i = 0; i < a->count; i++)
		result->at[i] = range_join(a->at[i], b->at[i]);
	return result;
}

const struct value *value_widen(struct work *work, const struct value *old,
				const struct value *grown, bool is_last)
{
	const struct value *both = value_join(work, old, grown);
	const struct type *integer;
	struct value *result;
	unsigned i, width;

	if (!both || both == old || both->kind == VALUE_OPAQUE || both->kind == VALUE_BYTES ||
	    old->kind != both->kind)
		return both;
	integer = type_integer_of(both->type);
	width = integer ? width_of(integer) : 64;
	result = make(work, both->type, both->kind, both->count);
	result->args = both->args;
	result->roots = both->roots;
	result->slot = both->slot;
	for (i = 0; i < both->count; i++) {
		if (range_contains(&old->at[i], &both->at[i]))
			result->at[i] = old->at[i];
		else if (is_last)
			result->at[i] = range_interval(-INFINITY, INFINITY);
		else
			result->at[i] = range_widen(old->at[i], both->at[i], width);
	}
	return result;
}

bool value_contains(const struct value *outer, const struct value *inner)
{
	unsigned i;

	if (!outer || outer == inner)
		return true;
	if (!inner || !type_is_same(outer->type, inner->type))
		return false;
	if (outer->kind == VALUE_OPAQUE)
		return true;
	if (outer->kind != inner->kind || outer->count != inner->count)
		return false;
	if (outer->kind == VALUE_BYTES)
		return outer->bytes == inner->bytes;
	if ((inner->args & ~outer->args) || (inner->roots & ~outer->roots) ||
	    (outer->slot != inner->slot && outer->slot != NO_SLOT))
		return false;
	for (i = 0; i < outer->count; i++) {
		if (!range_contains(&outer->at[i], &inner->at[i]))
			return false;
	}
	return true;
}
