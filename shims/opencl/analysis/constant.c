/* SPDX-License-Identifier: MIT */
/* Expressions that are numbers before anything runs. */
#include "parse.h"

static bool is_small(int64_t value)
{
	return value > -((int64_t)1 << 31) && value < (int64_t)1 << 32;
}

static bool binary(const struct expression *e, int64_t *value)
{
	int64_t a, b;

	if (!constant_value(e->a, &a) || !constant_value(e->b, &b) || !is_small(a) || !is_small(b))
		return false;
	switch (e->op) {
	case '+':
		*value = a + b;
		return true;
	case '-':
		*value = a - b;
		return true;
	case '*':
		*value = a * b;
		return is_small(*value);
	case '/':
	case '%':
		if (a < 0 || b <= 0)
			return false;
		*value = e->op == '/' ? a / b : a % b;
		return true;
	case PUNCT2('<', '<'):
		if (a < 0 || b < 0 || b > 30)
			return false;
		*value = a << b;
		return is_small(*value);
	case PUNCT2('>', '>'):
		if (a < 0 || b < 0 || b > 30)
			return false;
		*value = a >> b;
		return true;
	case '<':
		*value = a < b;
		return true;
	case '>':
		*value = a > b;
		return true;
	case PUNCT2('<', '='):
		*value = a <= b;
		return true;
	case PUNCT2('>', '='):
		*value = a >= b;
		return true;
	case PUNCT2('=', '='):
		*value = a == b;
		return true;
	case PUNCT2('!', '='):
		*value = a != b;
		return true;
	case PUNCT2('&', '&'):
		*value = a && b;
		return true;
	case PUNCT2('|', '|'):
		*value = a || b;
		return true;
	case '&':
		*value = a & b;
		return a >= 0 && b >= 0;
	case '|':
		*value = a | b;
		return a >= 0 && b >= 0;
	case '^':
		*value = a ^ b;
		return a >= 0 && b >= 0;
	default:
		return false;
	}
}

bool constant_value(const struct expression *e, int64_t *value)
{
	int64_t a;

	switch (e->kind) {
	case EXPRESSION_NUMBER:
		*value = e->value;
		return true;
	case EXPRESSION_NAME:
		if (!e->variable || !e->variable->has_value)
			return false;
		*value = e->variable->value;
		return true;
	case EXPRESSION_UNARY:
		if (!constant_value(e->a, &a) || !is_small(a))
			return false;
		*value = e->op == '-' ? -a : e->op == '!' ? !a : a;
		return e->op == '-' || e->op == '+' || e->op == '!';
	case EXPRESSION_BINARY:
		return binary(e, value);
	case EXPRESSION_CHOICE:
		return constant_value(e->a, &a) && constant_value(a ? e->b : e->c, value);
	case EXPRESSION_CAST:
		return e->type->kind == TYPE_INTEGER && e->type->size >= 4 &&
		       constant_value(e->a, value) && *value >= 0 && *value <= INT32_MAX;
	default:
		return false;
	}
}

int64_t parse_constant(struct parser *p)
{
	struct expression *e = parse_choice(p);
	int64_t value;

	if (!constant_value(e, &value))
		work_fail(p->work, e->place, "a size that is no number here");
	return value;
}
