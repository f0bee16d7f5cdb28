/* SPDX-License-Identifier: MIT */
/* Expressions that are numbers before anything runs. */
#include "parse.h"

/* A number as bits of its type, with its sign before them. */
struct constant {
	const struct type *type;
	uint64_t bits;
};

static uint64_t cut(const struct type *type, uint64_t bits)
{
	unsigned unused = type->size < 8 ? 64 - width_of(type) : 0;

	bits <<= unused;
	return type->is_signed ? (uint64_t)((int64_t)bits >> unused) : bits >> unused;
}

static bool is_negative(const struct constant *c)
{
	return c->type->is_signed && (int64_t)c->bits < 0;
}

static const struct type *promoted(const struct type *type)
{
	return type->size < 4 ? &TYPE_INT : type;
}

static const struct type *common(const struct constant *a, const struct constant *b)
{
	const struct type *x = promoted(a->type), *y = promoted(b->type);

	if (x->size != y->size)
		return x->size > y->size ? x : y;
	return x->is_signed ? y : x;
}

static bool is_less(const struct constant *a, const struct constant *b)
{
	return a->type->is_signed ? (int64_t)a->bits < (int64_t)b->bits : a->bits < b->bits;
}

/* What gives 0 or 1; false for other operations. */
static bool compared(uint32_t op, const struct constant *a, const struct constant *b,
		     uint64_t *truth)
{
	switch (op) {
	case '<':
		*truth = is_less(a, b);
		return true;
	case '>':
		*truth = is_less(b, a);
		return true;
	case PUNCT2('<', '='):
		*truth = !is_less(b, a);
		return true;
	case PUNCT2('>', '='):
		*truth = !is_less(a, b);
		return true;
	case PUNCT2('=', '='):
		*truth = a->bits == b->bits;
		return true;
	case PUNCT2('!', '='):
		*truth = a->bits != b->bits;
		return true;
	case PUNCT2('&', '&'):
		*truth = a->bits && b->bits;
		return true;
	case PUNCT2('|', '|'):
		*truth = a->bits || b->bits;
		return true;
	default:
		return false;
	}
}

/* Signed numbers that leave their type are given up, as is what differs between compilers. */
static bool is_whole(const struct type *type, __int128 number, uint64_t *bits)
{
	*bits = cut(type, (uint64_t)number);
	return !type->is_signed || number == (int64_t)*bits;
}

static bool shifted(uint32_t op, const struct constant *a, const struct constant *b,
		    struct constant *c)
{
	c->type = promoted(a->type);
	if (is_negative(a) || is_negative(b) || b->bits >= width_of(c->type))
		return false;
	if (op == PUNCT2('<', '<') && c->type->is_signed)
		return is_whole(c->type, (__int128)a->bits << b->bits, &c->bits);
	c->bits = op == PUNCT2('<', '<') ? cut(c->type, a->bits << b->bits) : a->bits >> b->bits;
	return true;
}

/* Of two numbers of one type. */
static bool operated(uint32_t op, const struct constant *a, const struct constant *b,
		     struct constant *c)
{
	bool is_signed = a->type->is_signed;
	__int128 x = is_signed ? (__int128)(int64_t)a->bits : (__int128)a->bits;
	__int128 y = is_signed ? (__int128)(int64_t)b->bits : (__int128)b->bits;

	switch (op) {
	case '+':
		return is_whole(c->type, x + y, &c->bits);
	case '-':
		return is_whole(c->type, x - y, &c->bits);
	case '*':
		/* Two unsigned ones of 64 bits have more than fits. */
		return (is_signed || x <= INT64_MAX || y <= INT64_MAX) &&
		       is_whole(c->type, x * y, &c->bits);
	case '/':
	case '%':
		if (x < 0 || y <= 0)
			return false;
		return is_whole(c->type, op == '/' ? x / y : x % y, &c->bits);
	case '&':
		c->bits = a->bits & b->bits;
		return true;
	case '|':
		c->bits = a->bits | b->bits;
		return true;
	case '^':
		c->bits = a->bits ^ b->bits;
		return true;
	default:
		return false;
	}
}

static bool fold(const struct expression *e, struct constant *c);

static bool binary(const struct expression *e, struct constant *c)
{
	struct constant a, b;

	if (!fold(e->a, &a) || !fold(e->b, &b))
		return false;
	if (e->op == PUNCT2('<', '<') || e->op == PUNCT2('>', '>'))
		return shifted(e->op, &a, &b, c);
	c->type = common(&a, &b);
	if (e->op != PUNCT2('&', '&') && e->op != PUNCT2('|', '|')) {
		a = (struct constant){c->type, cut(c->type, a.bits)};
		b = (struct constant){c->type, cut(c->type, b.bits)};
	}
	if (!compared(e->op, &a, &b, &c->bits))
		return operated(e->op, &a, &b, c);
	c->type = &TYPE_INT;
	return true;
}

static bool unary(const struct expression *e, struct constant *c)
{
	struct constant a;

	if (!fold(e->a, &a))
		return false;
	c->type = promoted(a.type);
	switch (e->op) {
	case '!':
		*c = (struct constant){&TYPE_INT, !a.bits};
		return true;
	case '+':
		c->bits = a.bits;
		return true;
	case '~':
		c->bits = cut(c->type, ~a.bits);
		return true;
	case '-':
		return is_whole(c->type, -(__int128)(int64_t)a.bits, &c->bits);
	default:
		return false;
	}
}

/* The type of a choice is that of both sides, whichever is taken. */
static bool choice(const struct expression *e, struct constant *c)
{
	struct constant a, b, condition;

	if (!fold(e->a, &condition) || !fold(e->b, &a) || !fold(e->c, &b))
		return false;
	c->type = common(&a, &b);
	c->bits = cut(c->type, condition.bits ? a.bits : b.bits);
	return true;
}

/* To a type that holds it. */
static bool cast(const struct expression *e, struct constant *c)
{
	struct constant a;

	if (!is_integer(e->type) || !fold(e->a, &a))
		return false;
	*c = (struct constant){e->type, cut(e->type, a.bits)};
	return c->bits == a.bits && is_negative(c) == is_negative(&a) &&
	       (e->type != &TYPE_BOOL || c->bits <= 1);
}

static bool fold(const struct expression *e, struct constant *c)
{
	switch (e->kind) {
	case EXPRESSION_NUMBER:
		*c = (struct constant){e->type, (uint64_t)e->value};
		return is_integer(e->type);
	case EXPRESSION_NAME:
		if (!e->variable || !e->variable->has_value)
			return false;
		*c = (struct constant){e->variable->type, (uint64_t)e->variable->value};
		return true;
	case EXPRESSION_UNARY:
		return unary(e, c);
	case EXPRESSION_BINARY:
		return binary(e, c);
	case EXPRESSION_CHOICE:
		return choice(e, c);
	case EXPRESSION_CAST:
		return cast(e, c);
	default:
		return false;
	}
}

bool constant_value(const struct expression *e, int64_t *value)
{
	struct constant c;

	if (!fold(e, &c) || (!c.type->is_signed && c.bits > INT64_MAX))
		return false;
	*value = (int64_t)c.bits;
	return true;
}

int64_t parse_constant(struct parser *p)
{
	struct expression *e = parse_choice(p);
	int64_t value;

	if (!constant_value(e, &value))
		work_fail(p->work, e->place, "a size that is no number here");
	return value;
}
