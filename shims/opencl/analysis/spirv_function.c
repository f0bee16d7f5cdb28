/* SPDX-License-Identifier: MIT */
/* Functions: their parameters, blocks, and where values are kept. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "spirv.h"
#include "spirv_op.h"

void spirv_break(const struct spirv_module *m, struct spirv_function *f, const uint32_t *at,
		 const char *format, ...)
{
	va_list args;

	if (f->as.is_broken)
		return;
	f->as.is_broken = true;
	f->as.broken_place = spirv_place(m, at);
	va_start(args, format);
	vsnprintf(f->as.broken, sizeof(f->as.broken), format, args);
	va_end(args);
}

static bool is_end(uint32_t op)
{
	return (op >= OP_BRANCH && op <= OP_SWITCH) || op == OP_RETURN || op == OP_RETURN_VALUE ||
	       op == OP_UNREACHABLE;
}

/* Of floating-point numbers and the like nothing is followed. */
static bool is_kept(const struct type *type)
{
	return type && (type_integer_of(type) || type->kind == TYPE_POINTER ||
			type->kind == TYPE_IMAGE || type->kind == TYPE_STRUCT);
}

static void keep(struct spirv_module *m, struct spirv_function *f, const uint32_t *at)
{
	const struct spirv_format *format = spirv_format(spirv_op(at));
	uint32_t result = spirv_result(at);
	struct spirv_id *id = spirv_id(m, result);

	if (!format) {
		spirv_break(m, f, at, "an instruction that is not known: %u", spirv_op(at));
		return;
	}
	if (!format->has_result)
		return;
	if (id == m->ids || id->at)
		work_fail(m->work, spirv_place(m, at),
			  "an id is out of bounds, or is made twice (word %u)",
			  (unsigned)(at - m->words));
	id->at = at;
	id->function = f;
	id->block = f->blocks.count ? (uint32_t)f->blocks.count - 1 : SPIRV_NONE;
	if (format->has_type)
		id->type = spirv_id(m, spirv_word(at, 1))->type;
	if (is_kept(id->type))
		id->slot = f->slot_count++;
	if (spirv_op(at) == OP_VARIABLE)
		id->content = f->slot_count++;
}

static void begin_block(struct spirv_module *m, struct spirv_function *f, const uint32_t *at)
{
	struct spirv_block block = {.id = spirv_word(at, 1), .first = at};

	LIST_ADD(m->work, &f->blocks, block);
}

static void take_parameter(struct spirv_module *m, struct spirv_function *f, const uint32_t *at)
{
	struct spirv_id *id;

	keep(m, f, at);
	LIST_ADD(m->work, &f->parameters, spirv_word(at, 2));
	id = spirv_id(m, spirv_word(at, 2));
	/* What a structure by value is copied to. */
	if (id->flags & SPIRV_IS_BY_VALUE)
		id->content = f->slot_count++;
}

/* In a block, up to its end. */
static const uint32_t *read_block(struct spirv_module *m, struct spirv_function *f,
				  const uint32_t *at, const uint32_t *end)
{
	struct spirv_block *block;

	begin_block(m, f, at);
	for (; at < end && spirv_op(at) != OP_FUNCTION_END; at += spirv_length(at)) {
		if (spirv_op(at) == OP_LINE)
			LIST_ADD(m->work, &m->lines,
				 ((struct spirv_line){(uint32_t)(at - m->words), spirv_word(at, 1),
						      spirv_word(at, 2)}));
		keep(m, f, at);
		if (!is_end(spirv_op(at)))
			continue;
		block = &f->blocks.at[f->blocks.count - 1];
		block->last = at;
		block->end = at + spirv_length(at);
		return block->end;
	}
	work_fail(m->work, spirv_place(m, at), "a block has no end");
}

const uint32_t *spirv_function(struct spirv_module *m, const uint32_t *at)
{
	const uint32_t *end = m->words + m->count;
	struct spirv_id *id = spirv_id(m, spirv_word(at, 2));
	struct spirv_function *f = id->function;

	if (!f)
		work_fail(m->work, spirv_place(m, at), "a function has no id");
	f->id = spirv_word(at, 2);
	f->type = spirv_word(at, 4);
	f->as.name = id->name && *id->name ? id->name : "?";
	f->as.result = id->type;
	f->as.place = spirv_place(m, at);
	for (at += spirv_length(at); at < end; at += at < end ? spirv_length(at) : 0) {
		while (at < end && spirv_op(at) == OP_LABEL)
			at = read_block(m, f, at, end);
		if (at == end)
			break;
		if (spirv_op(at) == OP_FUNCTION_PARAMETER)
			take_parameter(m, f, at);
		if (spirv_op(at) == OP_FUNCTION_END) {
			f->end = at + spirv_length(at);
			f->as.is_defined = f->blocks.count > 0;
			f->as.parameter_count = (unsigned)f->parameters.count;
			return f->end;
		}
	}
	work_fail(m->work, spirv_place(m, f->at), "a function has no end");
}
