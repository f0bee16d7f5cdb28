/* SPDX-License-Identifier: MIT */
/* Expressions that are made of several: choices, vectors, lists, blocks. */
#include "evaluate.h"

const struct value *evaluate_choice(struct evaluator *e, const struct expression *x)
{
	const struct value *condition, *a, *b, *joined;
	const struct type *type;
	struct state yes, no;

	condition = evaluate(e, x->a);
	state_copy(e->work, &yes, e->state);
	state_copy(e->work, &no, e->state);
	assume(e, &yes, x->a, true);
	assume(e, &no, x->a, false);
	*e->state = yes;
	a = evaluate(e, x->b);
	yes = *e->state;
	*e->state = no;
	b = evaluate(e, x->c);
	no = *e->state;
	*e->state = yes;
	state_join(e->work, e->state, &no);
	if (condition->type->kind == TYPE_VECTOR)
		return value_opaque(e->work, a->type);
	if (a->type->kind == TYPE_POINTER || b->type->kind == TYPE_POINTER) {
		type = a->type->kind == TYPE_POINTER ? a->type : b->type;
	} else if (type_integer_of(a->type) && type_integer_of(b->type)) {
		type = common_type(a->type, b->type);
	} else {
		return value_opaque(e->work, a->type->kind == b->type->kind
						 ? a->type
						 : common_type(a->type, b->type));
	}
	a = value_convert(e->work, a, type, e->version);
	b = value_convert(e->work, b, type, e->version);
	if (type->kind == TYPE_POINTER) {
		a = value_as_pointer(e->work, a, e->version);
		b = value_as_pointer(e->work, b, e->version);
	}
	if (!yes.is_live)
		return b;
	if (!no.is_live)
		return a;
	joined = value_join(e->work, a, b);
	return joined ? joined : value_opaque(e->work, type);
}

/* (int2)(x, y), and (float4)(a.xy, b, c), of which nothing is followed but whole numbers. */
const struct value *evaluate_vector(struct evaluator *e, const struct expression *x)
{
	const struct type *integer = type_integer_of(x->type);
	struct range at[COMPONENTS_MOST];
	const struct expression *arg;
	unsigned count = 0, args = 0, i;
	struct value *vector;
	bool is_followed =
	    integer && x->type->kind == TYPE_VECTOR && x->type->count <= COMPONENTS_MOST;

	for (arg = x->args; arg; arg = arg->next, args++) {
		const struct value *value = evaluate(e, arg);
		unsigned width =
		    value->type->kind == TYPE_VECTOR ? (unsigned)value->type->count : 1;

		if (value->type->kind == TYPE_UNKNOWN)
			is_followed = false;
		for (i = 0; i < width && is_followed && count < COMPONENTS_MOST; i++, count++) {
			const struct type *element =
			    value->type->kind == TYPE_VECTOR ? value->type->of : value->type;
			struct value *one = value_integers(e->work, element, 1);
			const struct value *as;

			one->at[0] = value_range(value, i);
			as = type_integer_of(element)
				 ? value_convert(e->work, one, integer, e->version)
				 : value_opaque(e->work, integer);
			at[count] = value_range(as, 0);
		}
	}
	if (!is_followed || count == 0 || (count != x->type->count && !(args == 1 && count == 1)))
		return value_opaque(e->work, x->type);
	vector = value_integers(e->work, x->type, (unsigned)x->type->count);
	for (i = 0; i < vector->count; i++)
		vector->at[i] = at[count == 1 ? 0 : i];
	return vector;
}

/* The value of ({ ... }) is that of its last expression. */
const struct value *evaluate_block(struct evaluator *e, const struct statement *block)
{
	const struct statement *s = block->first;

	for (; s && s->next; s = s->next)
		evaluate_statement(e, s);
	if (s && s->kind == STATEMENT_EXPRESSION && e->state->is_live)
		return evaluate(e, s->expression);
	if (s)
		evaluate_statement(e, s);
	return value_opaque(e->work, &TYPE_ANY);
}

void evaluate_list(struct evaluator *e, const struct expression *x)
{
	const struct expression *arg;

	for (arg = x->args; arg; arg = arg->next) {
		if (arg->kind == EXPRESSION_LIST)
			evaluate_list(e, arg);
		else
			evaluate(e, arg);
	}
}
