/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "evaluate.h"

static const struct value *evaluate_name(struct evaluator *e, const struct expression *x)
{
	struct target target;
	int64_t number;
	bool has_value;

	if (!x->variable) {
		if (x->function || !is_builtin_constant(x->name, &number, &has_value)) {
			refuse(e, ANALYSIS_UNKNOWN, x->place, "a name that is not known: %.60s",
			       x->name);
			return value_opaque(e->work, &TYPE_ANY);
		}
		return has_value
			   ? value_integer(e->work, is_truth(x->name) ? &TYPE_BOOL : &TYPE_INT,
					   range_constant((double)number))
			   : value_opaque(e->work, &TYPE_ANY);
	}
	if (x->variable->has_value)
		return value_integer(e->work, x->variable->type,
				     range_constant((double)x->variable->value));
	target = evaluate_target(e, x);
	return target_load(e, &target);
}

/* The bytes of a structure that was given as an argument, or null. */
static const unsigned char *bytes_of(struct evaluator *e, const struct expression *x,
				     const struct type **type)
{
	const struct value *value;
	const unsigned char *bytes;
	const struct member *member;

	if (x->kind == EXPRESSION_NAME && x->variable && !x->variable->is_global &&
	    !x->variable->is_static && !x->variable->is_volatile &&
	    x->variable->space != SPACE_LOCAL) {
		value = slot_value(e, e->frame->base + x->variable->slot, x->variable->type);
		*type = value->type;
		return value->kind == VALUE_BYTES ? value->bytes : NULL;
	}
	if (x->kind != EXPRESSION_MEMBER)
		return NULL;
	bytes = bytes_of(e, x->a, type);
	if (!bytes || ((*type)->kind != TYPE_STRUCT && (*type)->kind != TYPE_UNION))
		return NULL;
	member = type_member(*type, x->name);
	if (!member)
		return NULL;
	*type = member->type;
	return bytes + member->offset;
}

static const struct value *evaluate_part(struct evaluator *e, const struct expression *x)
{
	const struct type *type;
	const unsigned char *bytes = bytes_of(e, x, &type);
	struct target target;

	if (bytes && (type_integer_of(type) || type->kind == TYPE_FLOAT))
		return value_bytes(e->work, type, bytes);
	/* A component of what is no variable: (int2)(x, y).x */
	if (x->kind == EXPRESSION_MEMBER &&
	    (x->a->kind == EXPRESSION_VECTOR || x->a->kind == EXPRESSION_CALL ||
	     x->a->kind == EXPRESSION_CAST || x->a->kind == EXPRESSION_BINARY ||
	     x->a->kind == EXPRESSION_CHOICE || x->a->kind == EXPRESSION_ASSIGN)) {
		const struct value *whole = evaluate(e, x->a);
		const struct type *of = whole->type;
		unsigned char components[16], i;
		unsigned count;
		struct value *part;

		if (of->kind == TYPE_STRUCT || of->kind == TYPE_UNION) {
			const struct member *member = type_member(of, x->name);

			return value_opaque(e->work, member ? member->type : &TYPE_ANY);
		}
		if (of->kind != TYPE_VECTOR)
			return value_opaque(e->work, &TYPE_ANY);
		count = components_of(x->name, of->count, components);
		type = count == 1 ? of->of : type_vector(e->work, of->of, count);
		if (!count || count > COMPONENTS_MOST || whole->kind != VALUE_INTEGERS)
			return value_opaque(e->work, count ? type : &TYPE_ANY);
		part = value_integers(e->work, type, count);
		for (i = 0; i < count; i++)
			part->at[i] = value_range(whole, components[i]);
		return part;
	}
	target = evaluate_target(e, x);
	return target_load(e, &target);
}

static const struct value *evaluate_address(struct evaluator *e, const struct expression *x)
{
	struct target target = evaluate_target(e, x);
	struct value *pointer;

	if (target.kind == TARGET_MEMORY) {
		pointer = value_pointer(e->work, type_pointer(e->work, target.type,
							      target.pointer->type->space,
							      target.pointer->type->is_volatile));
		pointer->args = target.pointer->args;
		pointer->roots = target.pointer->roots;
		pointer->slot = target.pointer->slot;
		pointer->at[0] = target.pointer->at[0];
		return pointer;
	}
	pointer = value_pointer(e->work, type_pointer(e->work, target.type, SPACE_NONE, false));
	if (target.kind == TARGET_NOWHERE) {
		pointer->roots = ROOT_LOCAL;
		return pointer;
	}
	pointer->roots = ROOT_PRIVATE;
	pointer->slot = (int)target.slot;
	/* Of a component or a member: what it leads to is not the whole variable. */
	if (target.kind != TARGET_SLOT)
		pointer->at[0] = range_interval(-INFINITY, INFINITY);
	slot_take(e, target.slot, x->place);
	return pointer;
}

static const struct value *step(struct evaluator *e, const struct expression *x, bool is_after)
{
	struct target target = evaluate_target(e, x->a);
	const struct value *before = target_load(e, &target), *after;
	const struct value *one = value_integer(e->work, &TYPE_INT, range_constant(1));

	after = evaluate_operation(e, x->op & 0xff, before, one, x->place);
	target_store(e, &target, after);
	return is_after ? before : value_convert(e->work, after, target.type, e->version);
}

static const struct value *negated(struct evaluator *e, const struct value *value,
				   bool is_complement)
{
	const struct type *type = value->type, *integer = type_integer_of(type);
	struct value *result;
	unsigned i;

	if (!integer || value->kind != VALUE_INTEGERS)
		return value;
	result = value_integers(e->work, type, value->count);
	for (i = 0; i < value->count; i++) {
		result->at[i] = range_negate(e->last, value->at[i], width_of(integer));
		/* ~x is -x - 1. */
		if (is_complement)
			result->at[i] =
			    range_sub(e->last, result->at[i], range_constant(1), width_of(integer));
	}
	return result;
}

/* 0, 1 or either; of vectors it is not followed. */
static const struct value *truth_value(struct evaluator *e, const struct value *of,
				       enum truth truth)
{
	if (of->type->kind == TYPE_VECTOR || of->type->kind == TYPE_UNKNOWN)
		return value_opaque(e->work, &TYPE_ANY);
	return value_integer(e->work, &TYPE_INT,
			     range_interval(truth == TRUTH_ALWAYS, truth != TRUTH_NEVER));
}

static enum truth truth_of(const struct value *value)
{
	struct range number;

	if (value->kind != VALUE_INTEGERS || value->count != 1)
		return TRUTH_SOMETIMES;
	number = value_number(value);
	if (number.min > 0 || number.max < 0)
		return TRUTH_ALWAYS;
	return number.min == 0 && number.max == 0 ? TRUTH_NEVER : TRUTH_SOMETIMES;
}

static const struct value *evaluate_unary(struct evaluator *e, const struct expression *x)
{
	const struct value *value;
	struct target target;
	enum truth truth;

	switch (x->op) {
	case '&':
		return evaluate_address(e, x->a);
	case '*':
		target = evaluate_target(e, x);
		return target_load(e, &target);
	case PUNCT2('+', '+'):
	case PUNCT2('-', '-'):
		return step(e, x, false);
	default:
		break;
	}
	value = evaluate(e, x->a);
	if (x->op != '!' && is_integer(value->type))
		value = value_convert(e->work, value, promoted(value->type), e->version);
	if (x->op == '-' || x->op == '~')
		return negated(e, value, x->op == '~');
	if (x->op != '!')
		return value;
	truth = truth_of(value);
	return truth_value(e, value,
			   truth == TRUTH_ALWAYS  ? TRUTH_NEVER
			   : truth == TRUTH_NEVER ? TRUTH_ALWAYS
						  : TRUTH_SOMETIMES);
}

/* && and ||: the right side may not be run. */
static const struct value *evaluate_logical(struct evaluator *e, const struct expression *x)
{
	const struct value *a = evaluate(e, x->a), *b;
	struct state yes, no;

	if (a->type->kind == TYPE_VECTOR) {
		evaluate(e, x->b);
		return value_opaque(e->work, &TYPE_ANY);
	}
	state_copy(e->work, &yes, e->state);
	state_copy(e->work, &no, e->state);
	assume(e, &yes, x->a, true);
	assume(e, &no, x->a, false);
	*e->state = x->op == PUNCT2('&', '&') ? yes : no;
	b = evaluate(e, x->b);
	state_join(e->work, e->state, x->op == PUNCT2('&', '&') ? &no : &yes);
	if (x->op == PUNCT2('&', '&')) {
		if (truth_of(a) == TRUTH_NEVER || truth_of(b) == TRUTH_NEVER)
			return truth_value(e, a, TRUTH_NEVER);
		return truth_value(e, a,
				   truth_of(a) == TRUTH_ALWAYS ? truth_of(b) : TRUTH_SOMETIMES);
	}
	if (truth_of(a) == TRUTH_ALWAYS || truth_of(b) == TRUTH_ALWAYS)
		return truth_value(e, a, TRUTH_ALWAYS);
	return truth_value(e, a, truth_of(a) == TRUTH_NEVER ? truth_of(b) : TRUTH_SOMETIMES);
}

static const struct value *evaluate_assignment(struct evaluator *e, const struct expression *x)
{
	const struct value *value;
	struct target target;

	/* The value may change what the place is made of; the place is looked at with what was
	 * before. */
	value = evaluate(e, x->b);
	target = evaluate_target(e, x->a);
	/* Of structures compilers look at the place first. */
	if ((target.type->kind == TYPE_STRUCT || target.type->kind == TYPE_UNION) &&
	    !is_repeatable(x->b))
		refuse(e, ANALYSIS_UNKNOWN, x->place,
		       "a structure that is set by what changes something");
	if (x->op)
		value = evaluate_operation(e, x->op, target_load(e, &target), value, x->place);
	target_store(e, &target, value);
	if (target.type->kind == TYPE_UNKNOWN)
		return value;
	return value_convert(e->work, value, target.type, e->version);
}

const struct value *evaluate(struct evaluator *e, const struct expression *x)
{
	const struct value *a, *b;

	evaluate_step(e, x->place);
	evaluate_enter(e, x->place);
	switch (x->kind) {
	case EXPRESSION_NUMBER:
		a = value_integer(e->work, x->type, range_constant((double)x->value));
		/* Doubles do not hold it exactly. */
		if (fabs((double)x->value) >= RANGE_LIMIT)
			a = value_opaque(e->work, x->type);
		break;
	case EXPRESSION_OPAQUE:
		a = value_opaque(e->work, x->type);
		break;
	case EXPRESSION_NAME:
		a = evaluate_name(e, x);
		break;
	case EXPRESSION_UNARY:
		a = evaluate_unary(e, x);
		break;
	case EXPRESSION_AFTER:
		a = step(e, x, true);
		break;
	case EXPRESSION_BINARY:
		if (x->op == PUNCT2('&', '&') || x->op == PUNCT2('|', '|')) {
			a = evaluate_logical(e, x);
			break;
		}
		a = evaluate(e, x->a);
		b = evaluate(e, x->b);
		a = x->op == ',' ? b : evaluate_operation(e, x->op, a, b, x->place);
		break;
	case EXPRESSION_ASSIGN:
		a = evaluate_assignment(e, x);
		break;
	case EXPRESSION_CHOICE:
		a = evaluate_choice(e, x);
		break;
	case EXPRESSION_BLOCK:
		a = evaluate_block(e, x->block);
		break;
	case EXPRESSION_CALL:
		a = evaluate_call(e, x);
		break;
	case EXPRESSION_CAST:
		a = value_convert(e->work, evaluate(e, x->a), x->type, e->version);
		break;
	case EXPRESSION_VECTOR:
		a = evaluate_vector(e, x);
		break;
	case EXPRESSION_LIST:
		evaluate_list(e, x);
		a = value_opaque(e->work, x->type ? x->type : &TYPE_ANY);
		break;
	default:
		a = evaluate_part(e, x);
		break;
	}
	e->depth--;
	return a;
}
