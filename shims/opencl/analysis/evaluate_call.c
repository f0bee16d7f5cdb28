/* SPDX-License-Identifier: MIT */
/* Calls: functions of the program are followed as if they were written where they are called. */
#include <string.h>

#include "evaluate.h"

#define CALLS_MOST 24

static const struct value *cannot(struct evaluator *e, struct place place, const char *what,
				  const char *name)
{
	refuse(e, ANALYSIS_UNKNOWN, place, "%s: %.80s", what, name);
	return value_opaque(e->work, &TYPE_ANY);
}

/* Whether arguments are of just the types of the parameters. */
static bool is_exact(const struct function *function, const struct arguments *args)
{
	const struct variable *parameter = function->parameters;
	unsigned i;

	for (i = 0; i < args->count; i++, parameter = parameter->next) {
		if (args->at[i]->type->kind == TYPE_UNKNOWN ||
		    args->at[i]->type->kind == TYPE_OTHER ||
		    !type_is_same(args->at[i]->type, parameter->type))
			return false;
	}
	return true;
}

/* The function of its name that is called, or null where that is not plain. Compilers prefer their
 * own of the name where arguments are to be converted. */
static const struct function *function_of(const struct expression *x, const struct arguments *args)
{
	const struct function *each, *found = NULL, *exact = NULL;
	unsigned count = 0, exact_count = 0;

	for (each = x->function; each; each = each->other) {
		if (each->parameter_count != args->count)
			continue;
		found = each;
		count++;
		if (is_exact(each, args)) {
			exact = each;
			exact_count++;
		}
	}
	if (count == 1 && !is_builtin_name(found->name))
		return found;
	return exact_count == 1 ? exact : NULL;
}

/* Whether the program has a function of its own of the name that was not read, or comes later. */
static bool is_elsewhere(const struct tree *tree, const char *name)
{
	size_t i, j;

	for (i = 0; i < tree->signatures.count; i++) {
		if (!strcmp(tree->signatures.at[i].name, name))
			return true;
	}
	for (i = 0; i < tree->gaps.count; i++) {
		for (j = tree->gaps.at[i].first; j < tree->gaps.at[i].last; j++) {
			if (token_is(&tree->tokens->at[j], name))
				return true;
		}
	}
	return false;
}

static const struct value *inline_call(struct evaluator *e, const struct expression *x,
				       const struct function *function,
				       const struct arguments *args)
{
	struct targets *targets = e->targets;
	struct frame frame = {.function = function, .outer = e->frame}, *outer;
	const struct variable *parameter;
	unsigned depth = 0, i = 0;

	for (outer = e->frame; outer; outer = outer->outer) {
		if (outer->function == function || ++depth > CALLS_MOST)
			return cannot(e, x->place,
				      "a function that calls itself, or calls too deep", x->name);
	}
	if (!e->state->is_live)
		return value_opaque(e->work, function->result);
	frame.base = e->state->count;
	state_reserve(e->work, e->state, frame.base + function->slot_count);
	for (parameter = function->parameters; parameter; parameter = parameter->next, i++) {
		if (i >= args->count)
			return cannot(e, x->place, "a call with too few arguments", x->name);
		slot_set(e, frame.base + parameter->slot,
			 value_convert(e->work, args->at[i], parameter->type, e->version));
	}
	e->frame = &frame;
	e->targets = NULL;
	evaluate_statement(e, function->body);
	e->targets = targets;
	e->frame = frame.outer;
	state_join(e->work, &frame.returned, e->state);
	*e->state = frame.returned;
	if (e->state->is_live)
		e->state->count = frame.base;
	if (frame.has_result && frame.result)
		return frame.result;
	return value_opaque(e->work, function->result);
}

static const struct value *(*const BUILTINS[])(struct evaluator *e, const struct expression *x,
					       const struct arguments *args) = {
    builtin_id, builtin_integer, builtin_order, builtin_memory, builtin_image, builtin_pure,
};

const struct value *evaluate_call(struct evaluator *e, const struct expression *x)
{
	struct arguments *args = work_take(e->work, sizeof(*args));
	const struct function *function;
	const struct expression *arg;
	const struct value *value;
	size_t i;

	for (arg = x->args; arg; arg = arg->next) {
		if (args->count == ARGUMENTS_MOST)
			return cannot(e, x->place, "a call with too many arguments", x->name);
		args->expressions[args->count] = arg;
		args->at[args->count++] = evaluate(e, arg);
	}
	if (x->function) {
		function = function_of(x, args);
		if (!function)
			return cannot(e, x->place,
				      "it is not known which function of the name this is",
				      x->name);
		if (!function->is_defined || function->is_twice)
			return cannot(e, x->place, "a function that is not in this program",
				      x->name);
		if (function->is_broken) {
			refuse(e, ANALYSIS_UNKNOWN, function->broken_place, "%.95s in %.60s",
			       function->broken, function->name);
			return value_opaque(e->work, function->result);
		}
		return inline_call(e, x, function, args);
	}
	if (is_elsewhere(e->tree, x->name))
		return cannot(e, x->place, "a function that is not understood, or comes later",
			      x->name);
	for (i = 0; i < sizeof(BUILTINS) / sizeof(*BUILTINS); i++) {
		value = BUILTINS[i](e, x, args);
		if (value)
			return value;
	}
	return cannot(e, x->place, "a function that is not known", x->name);
}
