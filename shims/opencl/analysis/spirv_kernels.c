/* SPDX-License-Identifier: MIT */
/* The kernels of a module, as those of a program of OpenCL C. */
#include <stdio.h>
#include <string.h>

#include "spirv.h"
#include "spirv_op.h"

#define KERNEL 6
#define KERNELS_MOST 1024

/* Whole numbers have no sign there; most are signed. */
static const struct type *signed_of(struct work *work, const struct type *type)
{
	if (!is_integer(type) || type == &TYPE_BOOL)
		return type;
	return type->size == 1	 ? &TYPE_CHAR
	       : type->size == 2 ? type_by_name(work, "short", 5)
	       : type->size == 4 ? &TYPE_INT
				 : &TYPE_LONG;
}

static const char *parameter_name(struct spirv_module *m, const struct spirv_id *id,
				  unsigned number)
{
	char text[24];

	if (id->name && *id->name)
		return id->name;
	snprintf(text, sizeof(text), "arg%u", number);
	return work_text(m->work, text, strlen(text));
}

/*
 * A kernel that does no more than call a function with its own arguments is how translators write
 * those that others may call too: names are there.
 */
static const struct spirv_function *called(const struct spirv_module *m,
					   const struct spirv_function *f)
{
	const struct spirv_function *to;
	const uint32_t *at, *call = NULL;
	size_t i;

	if (f->blocks.count != 1)
		return f;
	for (at = f->blocks.at[0].first; at < f->blocks.at[0].last; at += spirv_length(at)) {
		if (spirv_op(at) != OP_FUNCTION_CALL)
			continue;
		call = at;
	}
	to = call ? spirv_id(m, spirv_word(call, 3))->function : NULL;
	if (!to || to->parameters.count != f->parameters.count)
		return f;
	for (i = 0; i < f->parameters.count; i++) {
		if (spirv_word(call, 4 + (uint32_t)i) != f->parameters.at[i])
			return f;
	}
	return to;
}

static struct function *kernel_of(struct spirv_module *m, struct spirv_function *f,
				  const char *name)
{
	const struct spirv_function *inner = called(m, f);
	struct function *kernel = work_take(m->work, sizeof(*kernel));
	struct variable **to = &kernel->parameters;
	unsigned i, free_slot = f->slot_count;

	*kernel = f->as;
	kernel->name = name;
	kernel->is_kernel = true;
	kernel->spirv = f;
	kernel->module = m;
	kernel->parameters = NULL;
	for (i = 0; i < f->parameters.count; i++) {
		const struct spirv_id *id = spirv_id(m, f->parameters.at[i]);
		struct variable *parameter = work_take(m->work, sizeof(*parameter));
		const struct type *type = id->type ? id->type : &TYPE_ANY;

		if (id->flags & SPIRV_IS_BY_VALUE && type->kind == TYPE_POINTER)
			type = type->of;
		parameter->name = parameter_name(m, spirv_id(m, inner->parameters.at[i]), i);
		parameter->type = signed_of(m->work, type);
		parameter->slot = free_slot++;
		parameter->place = f->as.place;
		if (parameter->type->kind == TYPE_POINTER &&
		    parameter->type->space != SPACE_GLOBAL &&
		    parameter->type->space != SPACE_CONSTANT &&
		    parameter->type->space != SPACE_LOCAL)
			spirv_break(m, f, f->at, "an argument that no kernel can have");
		*to = parameter;
		to = &parameter->next;
	}
	kernel->is_broken = f->as.is_broken;
	kernel->broken_place = f->as.broken_place;
	memcpy(kernel->broken, f->as.broken, sizeof(kernel->broken));
	kernel->slot_count = free_slot;
	return kernel;
}

/* The number of a dimension that is taken of what a variable has. */
static unsigned dimension_of(const struct spirv_module *m, const uint32_t *at)
{
	const uint32_t *load = spirv_id(m, spirv_word(at, 3))->at;
	int64_t number;

	if (!load || spirv_op(load) != OP_LOAD || !spirv_id(m, spirv_word(load, 3))->builtin)
		return 0;
	if (spirv_op(at) == OP_COMPOSITE_EXTRACT)
		return spirv_word(at, 4);
	return spirv_number(m, spirv_word(at, 4), &number) && number >= 0 && number < 3
		   ? (unsigned)number
		   : 2;
}

/* One more than the largest dimension that the function, and what it calls, asks for. */
static unsigned dimensions_of(const struct spirv_module *m, struct spirv_function *f,
			      unsigned depth)
{
	unsigned most = 1, each;
	const uint32_t *at;

	if (depth > 32 || f->is_visited)
		return 1;
	f->is_visited = true;
	for (at = f->at; at < f->end; at += spirv_length(at)) {
		struct spirv_function *to = NULL;

		each = 1;
		if (spirv_op(at) == OP_FUNCTION_CALL)
			to = spirv_id(m, spirv_word(at, 3))->function;
		if (to && to->id == spirv_word(at, 3))
			each = dimensions_of(m, to, depth + 1);
		else if (spirv_op(at) == OP_COMPOSITE_EXTRACT ||
			 spirv_op(at) == OP_VECTOR_EXTRACT_DYNAMIC)
			each = dimension_of(m, at) + 1;
		if (each > most && each <= 3)
			most = each;
	}
	return most;
}

void spirv_kernels(struct analysis *analysis, struct spirv_module *m)
{
	const uint32_t *at;
	unsigned count = 0, i;

	for (at = m->words + 5; at < m->body; at += spirv_length(at)) {
		uint32_t id = spirv_word(at, 2);
		struct spirv_function *f, *each;
		struct function *kernel;

		if (spirv_op(at) != OP_ENTRY_POINT || spirv_word(at, 1) != KERNEL)
			continue;
		f = spirv_id(m, id)->function;
		if (!f || f->id != id || !f->as.is_defined || ++count > KERNELS_MOST)
			work_fail(m->work, spirv_place(m, at),
				  "an entry point that is no function, or too many");
		kernel = kernel_of(m, f, spirv_string(at, 3));
		for (i = 0; i < 3 && spirv_id(m, id)->local_size; i++)
			kernel->required_local[i] = spirv_word(spirv_id(m, id)->local_size, 3 + i);
		for (each = m->functions; each; each = each->next)
			each->is_visited = false;
		if (f->asks)
			LIST_ADD(m->work, &analysis->grid, kernel->name);
		describe_kernel(analysis, kernel, dimensions_of(m, f, 0));
	}
}
