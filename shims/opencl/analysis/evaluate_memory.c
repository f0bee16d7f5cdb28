/* SPDX-License-Identifier: MIT */
/* Loads, stores and pointers. */
#include <math.h>
#include <string.h>

#include "evaluate.h"

const struct value *slot_value(struct evaluator *e, unsigned slot, const struct type *type)
{
	const struct value *value =
	    e->state->is_live && slot < e->state->count ? e->state->slots[slot] : NULL;

	return value ? value : value_opaque(e->work, type);
}

void slot_set(struct evaluator *e, unsigned slot, const struct value *value)
{
	if (!e->state->is_live)
		return;
	if (slot >= e->state->count)
		state_reserve(e->work, e->state, slot + 1);
	e->state->slots[slot] = value;
}

void slot_take(struct evaluator *e, unsigned slot, struct place place)
{
	if (slot < sizeof(e->taken) && e->taken[slot])
		return;
	/* Stores through pointers may reach more now: what was found of loops no longer holds. */
	e->loops = NULL;
	e->taken_count++;
	if (slot < sizeof(e->taken))
		e->taken[slot] = 1;
	else
		refuse(e, ANALYSIS_TOO_COMPLEX, place, "too many variables for the analysis");
}

void private_store(struct evaluator *e, const struct value *pointer, const struct value *value)
{
	unsigned i;

	if (!(pointer->roots & ROOT_PRIVATE))
		return;
	if (pointer->slot != NO_SLOT) {
		unsigned slot = (unsigned)pointer->slot;
		const struct value *before =
		    slot < e->state->count && e->state->is_live ? e->state->slots[slot] : NULL;
		bool is_whole = !pointer->args && pointer->roots == ROOT_PRIVATE && value &&
				before && before->type == value->type &&
				range_is_constant(&pointer->at[0]) && pointer->at[0].min == 0;

		slot_set(e, slot, is_whole ? value : NULL);
		return;
	}
	for (i = 0; i < sizeof(e->taken); i++) {
		if (e->taken[i] && i < e->state->count)
			slot_set(e, i, NULL);
	}
}

static void add_access(struct evaluator *e, struct access access)
{
	if (e->quiet || !e->state->is_live)
		return;
	LIST_ADD(e->work, &e->accesses, access);
}

/* For each argument that a pointer may be. */
static void add_accesses(struct evaluator *e, const struct value *pointer, struct access access)
{
	unsigned i;

	if (access.is_store && (pointer->args & (pointer->args - 1)))
		refuse(e, ANALYSIS_UNKNOWN_POINTER, access.place,
		       "this stores through a pointer that may be one of several arguments");
	for (i = 0; i < ANALYSIS_ARGS; i++) {
		if (!(pointer->args >> i & 1))
			continue;
		access.arg = i;
		add_access(e, access);
	}
}

static bool check_roots(struct evaluator *e, const struct value *pointer, bool is_store,
			struct place place)
{
	if (pointer->roots & ROOT_UNKNOWN) {
		refuse(e, ANALYSIS_UNKNOWN_POINTER, place,
		       "this %s through a pointer of which it is not known where it leads",
		       is_store ? "stores" : "loads");
		if (!e->quiet && e->state->is_live)
			e->is_incomplete = true;
	}
	if (pointer->roots & ROOT_PROGRAM)
		refuse(e, ANALYSIS_GLOBAL_VARIABLE, place,
		       "this uses a variable of the program that kernels can change");
	return pointer->args != 0;
}

void memory_access(struct evaluator *e, const struct value *pointer, const struct type *pointed,
		   double size, bool is_store, struct place place)
{
	struct access access = {.is_store = is_store, .size = size, .place = place};

	if (!check_roots(e, pointer, is_store, place))
		return;
	if (pointer->type->kind == TYPE_POINTER && pointer->type->is_volatile)
		refuse(e, ANALYSIS_COHERENT, place, "this is volatile memory of all work-groups");
	/* Of what has no size here nothing is known. */
	if (!(size > 0) || pointed->kind == TYPE_UNKNOWN || pointed->kind == TYPE_VOID) {
		access.size = 1;
		access.at[0] = range_interval(-INFINITY, INFINITY);
	} else {
		access.at[0] = pointer->at[0];
	}
	add_accesses(e, pointer, access);
}

void memory_anywhere(struct evaluator *e, const struct value *pointer, bool is_store,
		     struct place place)
{
	struct access access = {.is_store = is_store, .size = 1, .place = place};

	if (is_store)
		private_store(e, pointer, NULL);
	if (!check_roots(e, pointer, is_store, place))
		return;
	access.at[0] = range_interval(-INFINITY, INFINITY);
	add_accesses(e, pointer, access);
}

const struct value *pointer_move(struct evaluator *e, const struct value *pointer,
				 struct range bytes)
{
	struct value *moved = value_pointer(e->work, pointer->type);

	memcpy(moved, pointer, sizeof(*pointer) + sizeof(struct range));
	moved->at[0] = range_add(e->last, pointer->at[0], bytes, 64);
	return moved;
}

const struct value *pointer_index(struct evaluator *e, const struct value *pointer,
				  const struct value *index, bool is_back, struct place place)
{
	const struct type *type = type_integer_of(index->type);
	struct range range = value_range(index, 0);
	double size;

	pointer = value_as_pointer(e->work, pointer, e->version);
	size = pointer->type->kind == TYPE_POINTER ? (double)pointer->type->of->size : 0;
	/* An index of 64 bits wraps as the address does. */
	if (!type || index->type->kind == TYPE_VECTOR)
		range = range_interval(-INFINITY, INFINITY);
	else if (type->size < 8)
		range = range_window(range, width_of(type), type->is_signed);
	if (!(size > 0) && pointer->args) {
		refuse(e, ANALYSIS_UNKNOWN, place,
		       "the size of what this pointer leads to is not known");
		range = range_interval(-INFINITY, INFINITY);
		size = 1;
	}
	range = range_mul(e->last, range, range_constant(size), 64);
	if (is_back)
		range = range_negate(e->last, range, 64);
	return pointer_move(e, pointer, range);
}

void image_access(struct evaluator *e, const struct value *image, const struct value *coordinate,
		  bool is_store, struct place place)
{
	const struct type *type = coordinate ? type_integer_of(coordinate->type) : NULL;
	struct access access = {.is_store = is_store, .is_image = true, .size = 1, .place = place};
	unsigned i;

	if (image->kind != VALUE_POINTER || image->roots) {
		refuse(e, ANALYSIS_UNKNOWN_POINTER, place, "it is not known which image this is");
		if (!e->quiet && e->state->is_live)
			e->is_incomplete = true;
		return;
	}
	for (i = 0; i < 3; i++) {
		access.at[i] = range_interval(-INFINITY, INFINITY);
		if (type && coordinate->kind == VALUE_INTEGERS && i < coordinate->count)
			access.at[i] =
			    range_window(coordinate->at[i], width_of(type), type->is_signed);
	}
	add_accesses(e, image, access);
}
