/* SPDX-License-Identifier: MIT */
/* Functions that load, store, copy or change memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"

/* vload4, vstore_half, vstorea_half8_rte ... */
struct vector_access {
	bool is_store, is_half, is_aligned;
	unsigned count;
};

static bool read_name(const char *name, struct vector_access *access)
{
	*access = (struct vector_access){.count = 1};
	if (!strncmp(name, "vload", 5)) {
		name += 5;
	} else if (!strncmp(name, "vstore", 6)) {
		access->is_store = true;
		name += 6;
	} else {
		return false;
	}
	if (*name == 'a') {
		access->is_aligned = true;
		name++;
	}
	if (!strncmp(name, "_half", 5)) {
		access->is_half = true;
		name += 5;
	} else if (access->is_aligned || *name < '0' || *name > '9') {
		return false;
	}
	if (*name >= '0' && *name <= '9')
		access->count = (unsigned)strtoul(name, (char **)&name, 10);
	if (access->count < 1 || access->count > 16)
		return false;
	return !*name || *name == '_';
}

static const struct value *vector_access(struct evaluator *e, const struct expression *x,
					 const struct arguments *args)
{
	struct vector_access access;
	const struct value *pointer, *at;
	const struct type *of;
	double stride, size;

	if (!read_name(x->name, &access) || args->count != (access.is_store ? 3u : 2u))
		return NULL;
	at = args->at[access.is_store ? 1 : 0];
	pointer = value_as_pointer(e->work, args->at[access.is_store ? 2 : 1], e->version);
	if (pointer->type->kind != TYPE_POINTER || !type_integer_of(at->type))
		return NULL;
	of = pointer->type->of;
	size = access.count * (double)of->size;
	stride = access.is_aligned && access.count == 3 ? 4 * (double)of->size : size;
	at = value_convert(e->work, at, &TYPE_SIZE, e->version);
	pointer = pointer_move(e, pointer,
			       range_mul(e->last, value_range(at, 0), range_constant(stride), 64));
	memory_access(e, pointer, of, size, access.is_store, x->place);
	if (access.is_store)
		private_store(e, pointer, NULL);
	if (access.is_store)
		return value_opaque(e->work, &TYPE_NOTHING);
	if (access.is_half)
		of = &TYPE_FLOATING;
	if (access.count == 1)
		return value_opaque(e->work, of);
	return of->kind == TYPE_INTEGER || of->kind == TYPE_FLOAT
		   ? value_opaque(e->work, type_vector(e->work, of, access.count))
		   : value_opaque(e->work, &TYPE_ANY);
}

/* `count` elements from a pointer on. */
static void run_access(struct evaluator *e, const struct value *pointer, const struct value *count,
		       bool is_store, struct place place)
{
	struct range number = value_number(count);
	const struct type *of;

	pointer = value_as_pointer(e->work, pointer, e->version);
	of = pointer->type->kind == TYPE_POINTER ? pointer->type->of : &TYPE_ANY;
	if (number.min >= 0 && number.max < RANGE_LIMIT && of->size && number.max > 0)
		memory_access(e, pointer, of, number.max * (double)of->size, is_store, place);
	else
		memory_anywhere(e, pointer, is_store, place);
	if (is_store)
		private_store(e, pointer, NULL);
}

static const struct value *group_copy(struct evaluator *e, const struct expression *x,
				      const struct arguments *args)
{
	e->uses_groups = true;
	if (!strcmp(x->name, "async_work_group_copy") && args->count == 4) {
		run_access(e, args->at[0], args->at[2], true, x->place);
		run_access(e, args->at[1], args->at[2], false, x->place);
	} else if (!strcmp(x->name, "async_work_group_strided_copy") && args->count == 5) {
		memory_anywhere(e, value_as_pointer(e->work, args->at[0], e->version), true,
				x->place);
		memory_anywhere(e, value_as_pointer(e->work, args->at[1], e->version), false,
				x->place);
	} else {
		return NULL;
	}
	return value_opaque(e->work, &TYPE_ANY);
}

/* On memory of the work-group's own they are as any other access. */
static const struct value *atomic(struct evaluator *e, const struct expression *x,
				  const struct arguments *args)
{
	const struct value *pointer;
	unsigned i;

	if (!args->count)
		return NULL;
	pointer = value_as_pointer(e->work, args->at[0], e->version);
	if (pointer->args) {
		refuse(e, ANALYSIS_ATOMIC, x->place,
		       "%.60s works on memory that all work-groups share", x->name);
		memory_anywhere(e, pointer, false, x->place);
	}
	for (i = 0; i < args->count; i++) {
		if (args->at[i]->type->kind == TYPE_POINTER)
			memory_anywhere(e, value_as_pointer(e->work, args->at[i], e->version), true,
					x->place);
	}
	if (pointer->type->kind == TYPE_POINTER)
		return value_opaque(e->work, pointer->type->of);
	return value_opaque(e->work, &TYPE_ANY);
}

/* Functions with a second result behind their last argument. */
static const char *const SECOND_RESULT[] = {"fract", "frexp",  "lgamma_r",
					    "modf",  "remquo", "sincos"};

const struct value *builtin_memory(struct evaluator *e, const struct expression *x,
				   const struct arguments *args)
{
	const char *name = x->name;
	size_t i;

	if (name[0] == 'v')
		return vector_access(e, x, args);
	if (!strncmp(name, "atomic_", 7) || !strncmp(name, "atom_", 5))
		return atomic(e, x, args);
	if (!strncmp(name, "async_work_group_", 17))
		return group_copy(e, x, args);
	if (!strcmp(name, "prefetch"))
		return value_opaque(e->work, &TYPE_NOTHING);
	if (!strcmp(name, "printf")) {
		refuse(e, ANALYSIS_SIDE_EFFECT, x->place,
		       "what several devices print comes in another order");
		return value_opaque(e->work, &TYPE_INT);
	}
	for (i = 0; i < sizeof(SECOND_RESULT) / sizeof(*SECOND_RESULT); i++) {
		if (strcmp(name, SECOND_RESULT[i]) || args->count < 2)
			continue;
		run_access(e, args->at[args->count - 1],
			   value_integer(e->work, &TYPE_INT, range_constant(1)), true, x->place);
		return value_opaque(e->work, &TYPE_ANY);
	}
	return NULL;
}
