/* SPDX-License-Identifier: MIT */
/*
 * The words for a split: where a kernel asks for the whole grid it takes the numbers of a hidden
 * last argument, which is handed on to the functions that it calls.
 */
#include <string.h>

#include "spirv_op.h"
#include "spirv_rewrite.h"

#define VECTOR16 7
#define LENGTH_MOST 65535
#define ROUNDS_MOST 64

/* Where in the hidden argument its numbers are; -1 for what is the same in parts. */
static int base_of(uint32_t builtin)
{
	switch (builtin) {
	case SPIRV_WORKGROUP_ID:
		return 0;
	case SPIRV_NUM_WORKGROUPS:
		return 3;
	case SPIRV_GLOBAL_SIZE:
		return 6;
	case SPIRV_GLOBAL_OFFSET:
		return 9;
	case SPIRV_GLOBAL_LINEAR:
		return 12;
	default:
		return -1;
	}
}

/* Of a load of what a work-item knows of the grid; -1 for others. */
static int asked(const struct spirv_module *m, const uint32_t *at)
{
	const struct spirv_id *of;

	if (spirv_op(at) != OP_LOAD)
		return -1;
	of = spirv_id(m, spirv_word(at, 3));
	return of->builtin && !of->function ? base_of(of->builtin - 1) : -1;
}

static struct spirv_function *callee(const struct spirv_module *m, const uint32_t *at)
{
	struct spirv_function *f;

	if (spirv_op(at) != OP_FUNCTION_CALL)
		return NULL;
	f = spirv_id(m, spirv_word(at, 3))->function;
	return f && f->id == spirv_word(at, 3) ? f : NULL;
}

static void cannot(struct rewrite *w, const uint32_t *at, const char *reason)
{
	if (w->analysis->grid_reason)
		return;
	w->analysis->grid_reason = reason;
	w->analysis->grid_place = spirv_place(w->m, at);
}

static void check_linear(struct rewrite *w, const uint32_t *at)
{
	if (spirv_id(w->m, spirv_word(at, 1))->type != &TYPE_ULONG) {
		cannot(w, at, "it asks for its linear number as one that has no 64 bits");
		return;
	}
	w->number = spirv_word(at, 1);
	w->is_linear = true;
}

/* What is loaded is three numbers of 64 bits. */
static void check_load(struct rewrite *w, const uint32_t *at)
{
	const struct spirv_id *vector = spirv_id(w->m, spirv_word(at, 1));

	if (spirv_id(w->m, spirv_word(at, 3))->builtin - 1 == SPIRV_GLOBAL_LINEAR)
		check_linear(w, at);
	else if (!vector->at || spirv_op(vector->at) != OP_TYPE_VECTOR ||
		 spirv_word(vector->at, 3) != 3 || type_integer_of(vector->type) != &TYPE_ULONG)
		cannot(w, at, "it asks for the grid in numbers that have no 64 bits");
	else
		w->number = spirv_word(vector->at, 2);
}

/* All functions that ask, or call one that does. */
static bool find_asking(struct rewrite *w)
{
	bool has_grown = true, is_any = false;
	struct spirv_function *f;
	unsigned rounds = 0;
	const uint32_t *at;

	while (has_grown) {
		has_grown = false;
		if (++rounds > ROUNDS_MOST)
			cannot(w, w->m->body, "its functions call too deep");
		if (rounds > ROUNDS_MOST)
			break;
		for (f = w->m->functions; f; f = f->next) {
			for (at = f->at; at < f->end && !f->asks; at += spirv_length(at)) {
				const struct spirv_function *to = callee(w->m, at);

				f->asks = asked(w->m, at) >= 0 || (to && to->asks);
			}
		}
		for (f = w->m->functions; f; f = f->next) {
			has_grown |= f->asks && !f->is_visited;
			f->is_visited = f->asks;
			is_any |= f->asks;
		}
	}
	for (f = w->m->functions; f; f = f->next) {
		for (at = f->at; at < f->end; at += spirv_length(at)) {
			if (asked(w->m, at) >= 0)
				check_load(w, at);
			if (callee(w->m, at) && spirv_length(at) == LENGTH_MOST)
				cannot(w, at, "a call has too many arguments");
		}
	}
	return is_any;
}

/* The type of a function with one more argument. */
static struct changed_type *changed(struct rewrite *w, uint32_t from)
{
	struct changed_type type = {.from = from};
	const uint32_t *of = spirv_id(w->m, from)->at, *at;
	uint32_t length;
	size_t i;

	for (i = 0; i < w->types.count; i++) {
		if (w->types.at[i].from == from)
			return &w->types.at[i];
	}
	if (!of || spirv_op(of) != OP_TYPE_FUNCTION || spirv_length(of) == LENGTH_MOST) {
		cannot(w, of ? of : w->m->words, "a function has no type");
		return NULL;
	}
	/* Types may not be there twice. */
	length = spirv_length(of);
	for (at = w->m->words + 5; at < w->m->body && w->has_vector; at += spirv_length(at)) {
		if (spirv_op(at) == OP_TYPE_FUNCTION && spirv_length(at) == length + 1 &&
		    at[length] == w->vector &&
		    !memcmp(at + 2, of + 2, (length - 2) * sizeof(*at))) {
			type.to = at[1];
			type.is_there = true;
		}
	}
	if (!type.is_there)
		type.to = w->bound++;
	LIST_ADD(w->m->work, &w->types, type);
	return &w->types.at[w->types.count - 1];
}

static void find_types(struct rewrite *w)
{
	struct spirv_function *f;
	const uint32_t *at;

	for (at = w->m->words + 5; at < w->m->body; at += spirv_length(at)) {
		if (spirv_op(at) == OP_TYPE_VECTOR && spirv_word(at, 2) == w->number &&
		    spirv_word(at, 3) == 16) {
			w->vector = at[1];
			w->has_vector = true;
		}
	}
	if (!w->has_vector)
		w->vector = w->bound++;
	if (w->is_linear)
		linear_find(w);
	for (f = w->m->functions; f; f = f->next) {
		if (f->asks)
			changed(w, f->type);
	}
}

void rewrite_put(struct rewrite *w, const uint32_t *words, uint32_t count)
{
	while (count--)
		LIST_ADD(w->m->work, &w->out, *words++);
}

static void put_types(struct rewrite *w)
{
	size_t i;

	if (!w->has_vector)
		PUT(w, OP_TYPE_VECTOR, w->vector, w->number, 16);
	for (i = 0; i < w->types.count; i++) {
		const struct changed_type *type = &w->types.at[i];
		const uint32_t *of = spirv_id(w->m, type->from)->at;
		uint32_t length = spirv_length(of);

		if (type->is_there)
			continue;
		LIST_ADD(w->m->work, &w->out, OP_TYPE_FUNCTION | (length + 1) << 16);
		LIST_ADD(w->m->work, &w->out, type->to);
		rewrite_put(w, of + 2, length - 2);
		LIST_ADD(w->m->work, &w->out, w->vector);
	}
	if (w->is_linear)
		linear_put_types(w);
}

/* A group's number is the part's plus where that begins; all others are the hidden argument's. */
static void put_load(struct rewrite *w, const uint32_t *at, uint32_t hidden)
{
	uint32_t type = at[1], base = (uint32_t)asked(w->m, at), own, first;

	if (spirv_id(w->m, at[3])->builtin - 1 == SPIRV_GLOBAL_LINEAR) {
		linear_put_load(w, at, hidden);
		return;
	}
	if (base) {
		PUT(w, OP_VECTOR_SHUFFLE, type, at[2], hidden, hidden, base, base + 1, base + 2);
		return;
	}
	own = w->bound++;
	first = w->bound++;
	rewrite_put(w, at, 2);
	rewrite_put(w, &own, 1);
	rewrite_put(w, at + 3, spirv_length(at) - 3);
	PUT(w, OP_VECTOR_SHUFFLE, type, first, hidden, hidden, 0, 1, 2);
	PUT(w, OP_IADD, type, at[2], own, first);
}

static void put_function(struct rewrite *w, const struct spirv_function *f)
{
	uint32_t hidden = w->bound++;
	const uint32_t *at = f->at;
	bool has_hidden = false;

	LIST_ADD(w->m->work, &w->out, at[0]);
	rewrite_put(w, at + 1, 3);
	LIST_ADD(w->m->work, &w->out, changed(w, f->type)->to);
	for (at += spirv_length(at); at < f->end; at += spirv_length(at)) {
		const struct spirv_function *to = callee(w->m, at);

		if (spirv_op(at) == OP_LABEL && !has_hidden) {
			PUT(w, OP_FUNCTION_PARAMETER, w->vector, hidden);
			has_hidden = true;
		}
		if (asked(w->m, at) >= 0) {
			put_load(w, at, hidden);
		} else if (to && to->asks) {
			LIST_ADD(w->m->work, &w->out,
				 OP_FUNCTION_CALL | (spirv_length(at) + 1) << 16);
			rewrite_put(w, at + 1, spirv_length(at) - 1);
			LIST_ADD(w->m->work, &w->out, hidden);
		} else {
			rewrite_put(w, at, spirv_length(at));
		}
	}
}

/* Translators keep what they knew of arguments in texts: those are one short then. */
static bool is_of_arguments(const uint32_t *at)
{
	return spirv_op(at) == OP_STRING && !strncmp(spirv_string(at, 2), "kernel_arg_", 11);
}

void spirv_rewrite(struct analysis *analysis, struct spirv_module *m)
{
	struct rewrite w = {.analysis = analysis, .m = m, .bound = m->bound};
	const struct spirv_function *f;
	const uint32_t *at, *end;

	analysis->text = (char *)m->words;
	analysis->length = m->count * sizeof(*m->words);
	if (!find_asking(&w) || analysis->grid_reason)
		return;
	find_types(&w);
	if (analysis->grid_reason)
		return;
	rewrite_put(&w, m->words, 5);
	for (at = m->words + 5; at < m->body; at += spirv_length(at)) {
		if (at == m->after_capabilities && !m->has_vector16)
			PUT(&w, OP_CAPABILITY, VECTOR16);
		if (at == m->first_type && w.is_linear)
			linear_put_decoration(&w);
		if (spirv_op(at) == OP_ENTRY_POINT && w.is_linear)
			linear_put_entry(&w, at);
		else if (!is_of_arguments(at))
			rewrite_put(&w, at, spirv_length(at));
	}
	put_types(&w);
	for (f = m->functions; f; f = f->next) {
		end = f->next ? f->next->at : m->words + m->count;
		if (f->asks)
			put_function(&w, f);
		else
			rewrite_put(&w, f->at, (uint32_t)(f->end - f->at));
		rewrite_put(&w, f->end, (uint32_t)(end - f->end));
	}
	w.out.at[3] = w.bound;
	analysis->text = (char *)w.out.at;
	analysis->length = w.out.count * sizeof(*w.out.at);
}
