/* SPDX-License-Identifier: MIT */
/*
 * A work-item's linear number in the whole grid: of its global id, which parts have right, and the
 * hidden argument's sizes and offsets.
 */
#include <string.h>

#include "spirv_op.h"
#include "spirv_rewrite.h"

#define BUILT_IN 11
#define LENGTH_MOST 65535
/* Where in the hidden argument. */
#define SIZES 6
#define OFFSETS 9

void linear_find(struct rewrite *w)
{
	const struct spirv_module *m = w->m;
	const uint32_t *at;

	for (at = m->words + 5; at < m->body; at += spirv_length(at)) {
		switch (spirv_op(at)) {
		case OP_TYPE_VECTOR:
			if (spirv_word(at, 2) == w->number && spirv_word(at, 3) == 3) {
				w->triple = at[1];
				w->has_triple = true;
			}
			break;
		case OP_TYPE_POINTER:
			if (w->has_triple && spirv_word(at, 2) == SPIRV_INPUT &&
			    spirv_word(at, 3) == w->triple) {
				w->pointer = at[1];
				w->has_pointer = true;
			}
			break;
		case OP_VARIABLE:
			if (w->has_pointer && spirv_word(at, 1) == w->pointer &&
			    spirv_id(m, spirv_word(at, 2))->builtin == SPIRV_GLOBAL_ID + 1) {
				w->ids = at[2];
				w->has_ids = true;
			}
			break;
		default:
			break;
		}
	}
	if (!w->has_triple)
		w->triple = w->bound++;
	if (!w->has_pointer)
		w->pointer = w->bound++;
	if (!w->has_ids)
		w->ids = w->bound++;
}

void linear_put_decoration(struct rewrite *w)
{
	if (!w->has_ids)
		PUT(w, OP_DECORATE, w->ids, BUILT_IN, SPIRV_GLOBAL_ID);
}

void linear_put_types(struct rewrite *w)
{
	if (!w->has_triple)
		PUT(w, OP_TYPE_VECTOR, w->triple, w->number, 3);
	if (!w->has_pointer)
		PUT(w, OP_TYPE_POINTER, w->pointer, SPIRV_INPUT, w->triple);
	if (!w->has_ids)
		PUT(w, OP_VARIABLE, w->pointer, w->ids, SPIRV_INPUT);
}

/* The variable is among those that it says it uses. */
void linear_put_entry(struct rewrite *w, const uint32_t *at)
{
	uint32_t length = spirv_length(at);
	uint32_t i = 4 + (uint32_t)strlen(spirv_string(at, 3)) / sizeof(*at);

	while (i < length && at[i] != w->ids)
		i++;
	if (i < length || length == LENGTH_MOST) {
		rewrite_put(w, at, length);
		return;
	}
	LIST_ADD(w->m->work, &w->out, OP_ENTRY_POINT | (length + 1) << 16);
	rewrite_put(w, at + 1, length - 1);
	LIST_ADD(w->m->work, &w->out, w->ids);
}

static uint32_t part_of(struct rewrite *w, uint32_t vector, uint32_t number)
{
	uint32_t id = w->bound++;

	PUT(w, OP_COMPOSITE_EXTRACT, w->number, id, vector, number);
	return id;
}

static uint32_t operation(struct rewrite *w, uint32_t op, uint32_t type, uint32_t a, uint32_t b)
{
	uint32_t id = w->bound++;

	PUT(w, op, type, id, a, b);
	return id;
}

/* Row after row, from 0 on. */
void linear_put_load(struct rewrite *w, const uint32_t *at, uint32_t hidden)
{
	uint32_t ids = w->bound++, offsets = w->bound++, sum;

	PUT(w, OP_LOAD, w->triple, ids, w->ids);
	PUT(w, OP_VECTOR_SHUFFLE, w->triple, offsets, hidden, hidden, OFFSETS, OFFSETS + 1,
	    OFFSETS + 2);
	ids = operation(w, OP_ISUB, w->triple, ids, offsets);
	sum = operation(w, OP_IMUL, w->number, part_of(w, ids, 2), part_of(w, hidden, SIZES + 1));
	sum = operation(w, OP_IADD, w->number, sum, part_of(w, ids, 1));
	sum = operation(w, OP_IMUL, w->number, sum, part_of(w, hidden, SIZES));
	PUT(w, OP_IADD, w->number, at[2], sum, part_of(w, ids, 0));
}
