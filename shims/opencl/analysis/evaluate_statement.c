/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "evaluate.h"

#define STEPS_MOST 1600000
#define DEPTH_MOST 400

void refuse(struct evaluator *e, enum analysis_rule rule, struct place place, const char *format,
	    ...)
{
	va_list args;

	if (e->quiet || !e->state || !e->state->is_live)
		return;
	if (rule == ANALYSIS_UNKNOWN || rule == ANALYSIS_TOO_COMPLEX)
		e->is_incomplete = true;
	if (e->refusal.rule || (e->without >> rule & 1))
		return;
	e->refusal.rule = rule;
	e->refusal.place = place;
	va_start(args, format);
	vsnprintf(e->refusal.reason, sizeof(e->refusal.reason), format, args);
	va_end(args);
}

void evaluate_step(struct evaluator *e, struct place place)
{
	if (++e->steps > STEPS_MOST)
		work_fail(e->work, place, "its loops and calls are too much for the analysis");
}

void evaluate_enter(struct evaluator *e, struct place place)
{
	evaluate_step(e, place);
	if (++e->depth > DEPTH_MOST)
		work_fail(e->work, place, "it is nested too deep for the analysis");
}

void evaluate_condition(struct evaluator *e, const struct expression *x, struct state *yes,
			struct state *no)
{
	const struct value *value = evaluate(e, x);
	struct range number;

	state_copy(e->work, yes, e->state);
	state_copy(e->work, no, e->state);
	if (!e->state->is_live)
		return;
	assume(e, yes, x, true);
	assume(e, no, x, false);
	if (!is_integer(value->type) || value->kind != VALUE_INTEGERS)
		return;
	number = value_number(value);
	if (number.min == 0 && number.max == 0)
		yes->is_live = false;
	if (number.min > 0 || number.max < 0)
		no->is_live = false;
}

static void evaluate_declaration(struct evaluator *e, const struct statement *s)
{
	const struct variable *variable;

	for (variable = s->variables; variable; variable = variable->next) {
		const struct value *value = NULL;
		bool is_own = !variable->is_static && variable->space != SPACE_LOCAL &&
			      variable->space != SPACE_CONSTANT && !variable->is_volatile;

		if (variable->is_static && !variable->is_constant)
			refuse(e, ANALYSIS_GLOBAL_VARIABLE, variable->place,
			       "%.60s is a variable that outlives the kernel", variable->name);
		/* How many work-items share it. */
		if (variable->space == SPACE_LOCAL)
			e->uses_groups = true;
		if (variable->initial)
			value = evaluate(e, variable->initial);
		if (!is_own)
			continue;
		if (variable->type->kind == TYPE_ARRAY)
			value = NULL;
		else if (!value)
			value = value_opaque(e->work, variable->type);
		else
			value = value_convert(e->work, value, variable->type, e->version);
		slot_set(e, e->frame->base + variable->slot, value);
	}
}

static void evaluate_if(struct evaluator *e, const struct statement *s)
{
	struct state *yes = work_take(e->work, sizeof(*yes)), *no = work_take(e->work, sizeof(*no));

	evaluate_condition(e, s->expression, yes, no);
	*e->state = *yes;
	evaluate_statement(e, s->body);
	*yes = *e->state;
	*e->state = *no;
	if (s->other)
		evaluate_statement(e, s->other);
	state_join(e->work, e->state, yes);
}

static void evaluate_switch(struct evaluator *e, const struct statement *s)
{
	struct state breaks = {0}, entry;
	struct targets targets = {.breaks = &breaks, .entry = &entry, .selector = s->expression};
	struct targets *outer = e->targets;

	evaluate(e, s->expression);
	state_copy(e->work, &entry, e->state);
	targets.continues = outer ? outer->continues : NULL;
	e->targets = &targets;
	/* Nothing before the first label is run. */
	e->state->is_live = false;
	evaluate_statement(e, s->body);
	e->targets = outer;
	state_join(e->work, e->state, &breaks);
	if (!targets.has_default)
		state_join(e->work, e->state, &entry);
}

/* Whether a constant is a number of the promoted type of what is switched on: it is converted to
 * that. */
static bool is_case_of(struct evaluator *e, const struct expression *selector,
		       const struct expression *constant)
{
	const struct type *type = evaluate(e, selector)->type;
	const struct range number = value_number(evaluate(e, constant));
	const unsigned bits = is_integer(type) ? width_of(type) : 0;
	const double half = ldexp(1, bits < 32 ? 31 : (int)bits - 1);

	if (!bits || !range_is_constant(&number))
		return false;
	if (bits >= 32 && !type->is_signed)
		return number.min >= 0 && number.min < half * 2;
	return number.min >= -half && number.min < half;
}

static void evaluate_label(struct evaluator *e, const struct statement *s)
{
	struct targets *targets = e->targets;
	struct state here;

	if (!targets || !targets->entry) {
		/* In a loop in the switch: nobody writes that. */
		work_fail(e->work, s->place, "a label that is not directly in its switch");
	}
	if (s->kind == STATEMENT_DEFAULT)
		targets->has_default = true;
	state_copy(e->work, &here, targets->entry);
	if (s->kind == STATEMENT_CASE && !s->last && is_repeatable(targets->selector) &&
	    is_repeatable(s->expression) && is_case_of(e, targets->selector, s->expression)) {
		struct expression equal = {.kind = EXPRESSION_BINARY,
					   .op = PUNCT2('=', '='),
					   .place = s->place,
					   .a = targets->selector,
					   .b = s->expression};

		assume(e, &here, &equal, true);
	}
	state_join(e->work, e->state, &here);
}

static void evaluate_return(struct evaluator *e, const struct statement *s)
{
	struct frame *frame = e->frame;
	const struct value *value;

	if (s->expression) {
		value = evaluate(e, s->expression);
		if (frame->function->result && frame->function->result->kind != TYPE_VOID)
			value = value_convert(e->work, value, frame->function->result, e->version);
		if (e->state->is_live) {
			frame->result =
			    frame->has_result ? value_join(e->work, frame->result, value) : value;
			frame->has_result = true;
		}
	}
	state_join(e->work, &frame->returned, e->state);
	e->state->is_live = false;
}

static void evaluate_jump(struct evaluator *e, const struct statement *s)
{
	struct state *to = !e->targets			? NULL
			   : s->kind == STATEMENT_BREAK ? e->targets->breaks
							: e->targets->continues;

	if (!to)
		work_fail(e->work, s->place, "a jump out of nothing");
	state_join(e->work, to, e->state);
	e->state->is_live = false;
}

void evaluate_statements(struct evaluator *e, const struct statement *s)
{
	for (; s; s = s->next)
		evaluate_statement(e, s);
}

void evaluate_statement(struct evaluator *e, const struct statement *s)
{
	evaluate_enter(e, s->place);
	switch (s->kind) {
	case STATEMENT_EXPRESSION:
		if (e->state->is_live)
			evaluate(e, s->expression);
		break;
	case STATEMENT_DECLARATION:
		if (e->state->is_live)
			evaluate_declaration(e, s);
		break;
	case STATEMENT_BLOCK:
		evaluate_statements(e, s->first);
		break;
	case STATEMENT_IF:
		if (e->state->is_live)
			evaluate_if(e, s);
		break;
	case STATEMENT_FOR:
	case STATEMENT_WHILE:
	case STATEMENT_DO:
		if (e->state->is_live)
			evaluate_loop(e, s);
		break;
	case STATEMENT_SWITCH:
		if (e->state->is_live)
			evaluate_switch(e, s);
		break;
	case STATEMENT_CASE:
	case STATEMENT_DEFAULT:
		evaluate_label(e, s);
		break;
	case STATEMENT_BREAK:
	case STATEMENT_CONTINUE:
		evaluate_jump(e, s);
		break;
	case STATEMENT_RETURN:
		if (e->state->is_live)
			evaluate_return(e, s);
		break;
	case STATEMENT_EMPTY:
		break;
	}
	e->depth--;
}
