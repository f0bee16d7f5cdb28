/* SPDX-License-Identifier: MIT */
/* What can be assigned to. */
#include <math.h>
#include <string.h>

#include "evaluate.h"

unsigned components_of(const char *name, uint64_t count, unsigned char components[16])
{
	static const char XYZW[] = "xyzw", RGBA[] = "rgba", HEX[] = "0123456789abcdef";
	size_t length = strlen(name), i;
	unsigned half = (unsigned)(count == 3 ? 4 : count) / 2, n = 0;

	if (!strcmp(name, "lo") || !strcmp(name, "hi") || !strcmp(name, "even") ||
	    !strcmp(name, "odd")) {
		for (i = 0; i < half; i++)
			components[n++] =
			    (unsigned char)(name[0] == 'l'   ? i
					    : name[0] == 'h' ? half + i
							     : 2 * i + (name[0] == 'o'));
		return n;
	}
	if ((name[0] == 's' || name[0] == 'S') && length > 1 && length <= 17) {
		for (i = 1; i < length; i++) {
			char c = name[i] >= 'A' && name[i] <= 'F' ? (char)(name[i] + 32) : name[i];
			const char *found = strchr(HEX, c);

			if (!found)
				return 0;
			components[n++] = (unsigned char)(found - HEX);
		}
	} else {
		for (i = 0; i < length && i < 16; i++) {
			const char *found = strchr(XYZW, name[i]), *other = strchr(RGBA, name[i]);

			if (!found && !other)
				return 0;
			components[n++] = (unsigned char)(found ? found - XYZW : other - RGBA);
		}
	}
	for (i = 0; i < n; i++) {
		if (components[i] >= (count == 3 ? 4 : count))
			return 0;
	}
	return n;
}

static struct target of_variable(struct evaluator *e, const struct expression *x)
{
	const struct variable *variable = x->variable;
	struct target target = {.kind = TARGET_NOWHERE, .type = variable->type, .place = x->place};

	if (variable->is_global || variable->is_static) {
		struct value *pointer = value_pointer(
		    e->work, type_pointer(e->work, variable->type, SPACE_CONSTANT, false));

		pointer->roots = variable->is_constant ? ROOT_CONSTANT : ROOT_PROGRAM;
		target.kind = TARGET_MEMORY;
		target.pointer = pointer;
		return target;
	}
	if (variable->space == SPACE_LOCAL || variable->is_volatile)
		return target;
	if (variable->space == SPACE_CONSTANT)
		return target;
	target.kind = TARGET_SLOT;
	target.slot = e->frame->base + variable->slot;
	return target;
}

/* What a pointer leads to. */
static struct target of_memory(struct evaluator *e, const struct value *pointer, struct place place)
{
	struct target target = {.kind = TARGET_MEMORY, .place = place};

	pointer = value_as_pointer(e->work, pointer, e->version);
	target.type = pointer->type->kind == TYPE_POINTER ? pointer->type->of : &TYPE_ANY;
	target.pointer = pointer;
	/* A variable of its own: as if it were named. */
	if (pointer->roots == ROOT_PRIVATE && !pointer->args && pointer->slot != NO_SLOT &&
	    range_is_constant(&pointer->at[0]) && pointer->at[0].min == 0) {
		unsigned slot = (unsigned)pointer->slot;
		const struct value *value =
		    e->state->is_live && slot < e->state->count ? e->state->slots[slot] : NULL;

		if (value && value->type == target.type) {
			target.kind = TARGET_SLOT;
			target.slot = slot;
		}
	}
	return target;
}

static struct target member_of(struct evaluator *e, struct target whole, const struct expression *x)
{
	const struct type *type = whole.type;

	if (type->kind == TYPE_VECTOR) {
		unsigned char components[16], i;
		unsigned count = components_of(x->name, type->count, components);
		double first = 16, end = 0, size = (double)type->of->size;

		if (!count) {
			refuse(e, ANALYSIS_UNKNOWN, x->place,
			       "a component that is not known: %.40s", x->name);
			whole.type = &TYPE_ANY;
			return whole;
		}
		for (i = 0; i < count; i++) {
			/* Of components: v.wzyx.x is v.w. */
			if (whole.count)
				components[i] = whole.components[components[i] % 16];
			first = fmin(first, components[i]);
			end = fmax(end, components[i] + 1);
		}
		whole.type = count == 1 ? type->of : type_vector(e->work, type->of, count);
		whole.count = count;
		memcpy(whole.components, components, count);
		if (whole.kind == TARGET_SLOT)
			whole.kind = TARGET_COMPONENTS;
		if (whole.kind == TARGET_MEMORY) {
			whole.pointer =
			    pointer_move(e, whole.pointer, range_constant(first * size));
			whole.size = (end - first) * size;
			for (i = 0; i < count; i++)
				whole.components[i] -= (unsigned char)first;
		}
		return whole;
	}
	if (type->kind == TYPE_STRUCT || type->kind == TYPE_UNION) {
		const struct member *member = type_member(type, x->name);

		whole.size = 0;
		if (whole.kind == TARGET_SLOT)
			whole.kind = TARGET_PART;
		if (!member) {
			refuse(e, ANALYSIS_UNKNOWN, x->place, "a member that is not known: %.40s",
			       x->name);
			whole.type = &TYPE_ANY;
			return whole;
		}
		whole.type = member->type;
		if (whole.kind == TARGET_MEMORY)
			whole.pointer =
			    pointer_move(e, whole.pointer, range_constant((double)member->offset));
		return whole;
	}
	if (type->kind != TYPE_UNKNOWN || whole.kind == TARGET_MEMORY)
		refuse(e, ANALYSIS_UNKNOWN, x->place, "a member of what has none: %.40s", x->name);
	whole.type = &TYPE_ANY;
	if (whole.kind == TARGET_SLOT)
		whole.kind = TARGET_PART;
	return whole;
}

struct target evaluate_target(struct evaluator *e, const struct expression *x)
{
	struct target target = {.kind = TARGET_NOWHERE, .type = &TYPE_ANY, .place = x->place};
	const struct value *value;

	evaluate_step(e, x->place);
	switch (x->kind) {
	case EXPRESSION_NAME:
		if (x->variable)
			return of_variable(e, x);
		break;
	case EXPRESSION_INDEX: {
		const struct value *a = evaluate(e, x->a), *b = evaluate(e, x->b);
		bool is_turned = a->type->kind != TYPE_POINTER && b->type->kind == TYPE_POINTER;

		/* A component of a vector: v[i]. */
		if (a->type->kind == TYPE_VECTOR) {
			if (!is_repeatable(x->a))
				refuse(e, ANALYSIS_UNKNOWN, x->place,
				       "a component of what changes something");
			target = evaluate_target(e, x->a);
			if (target.kind == TARGET_COMPONENTS || target.kind == TARGET_SLOT)
				target.kind = TARGET_PART;
			target.type = a->type->of;
			if (target.kind == TARGET_MEMORY && !target.count)
				target.size = (double)a->type->size;
			target.count = 0;
			return target;
		}
		return of_memory(
		    e, pointer_index(e, is_turned ? b : a, is_turned ? a : b, false, x->place),
		    x->place);
	}
	case EXPRESSION_UNARY:
		if (x->op == '*')
			return of_memory(e, evaluate(e, x->a), x->place);
		if (x->op == PUNCT2('+', '+') || x->op == PUNCT2('-', '-')) {
			evaluate(e, x);
			if (!is_repeatable(x->a))
				refuse(e, ANALYSIS_UNKNOWN, x->place,
				       "a place that changes something, and is changed");
			return evaluate_target(e, x->a);
		}
		break;
	case EXPRESSION_MEMBER:
		return member_of(e, evaluate_target(e, x->a), x);
	case EXPRESSION_ARROW:
		return member_of(e, of_memory(e, evaluate(e, x->a), x->place), x);
	case EXPRESSION_LIST:
	case EXPRESSION_CALL:
	case EXPRESSION_BLOCK:
	case EXPRESSION_CAST:
	case EXPRESSION_VECTOR:
	case EXPRESSION_ASSIGN:
	case EXPRESSION_CHOICE:
	case EXPRESSION_BINARY:
	case EXPRESSION_OPAQUE:
	case EXPRESSION_NUMBER:
	case EXPRESSION_AFTER:
		break;
	}
	/* A value, of which a part is wanted. */
	value = evaluate(e, x);
	target.type = value->type;
	if (value->type->kind == TYPE_POINTER || value->type->kind == TYPE_IMAGE)
		refuse(e, ANALYSIS_UNKNOWN, x->place, "a pointer that is not followed here");
	return target;
}

const struct value *target_load(struct evaluator *e, const struct target *target)
{
	const struct type *type = target->type;
	struct value *result;
	unsigned i;

	/* An array stands for its first element. */
	if (type->kind == TYPE_ARRAY) {
		result = value_pointer(e->work, type_pointer(e->work, type->of, SPACE_NONE, false));
		if (target->kind == TARGET_MEMORY) {
			memcpy(result, target->pointer, sizeof(*result) + sizeof(struct range));
			result->type = type_pointer(e->work, type->of, target->pointer->type->space,
						    target->pointer->type->is_volatile);
		} else if (target->kind == TARGET_SLOT || target->kind == TARGET_PART) {
			result->roots = ROOT_PRIVATE;
			result->slot = (int)target->slot;
			slot_take(e, target->slot, target->place);
		} else {
			result->roots = ROOT_LOCAL;
		}
		return result;
	}
	switch (target->kind) {
	case TARGET_SLOT:
		return slot_value(e, target->slot, type);
	case TARGET_COMPONENTS: {
		const struct value *vector = slot_value(e, target->slot, type);

		if (!type_integer_of(type) || vector->kind != VALUE_INTEGERS ||
		    target->count > COMPONENTS_MOST)
			return value_opaque(e->work, type);
		result = value_integers(e->work, type, target->count);
		for (i = 0; i < target->count; i++)
			result->at[i] = value_range(vector, target->components[i]);
		return result;
	}
	case TARGET_MEMORY:
		memory_access(e, target->pointer, type,
			      target->size > 0 ? target->size : (double)type->size, false,
			      target->place);
		return value_opaque(e->work, type);
	default:
		return value_opaque(e->work, type);
	}
}

void target_store(struct evaluator *e, const struct target *target, const struct value *value)
{
	const struct type *type = target->type;
	struct value *vector;
	unsigned i;

	value = value_convert(e->work, value, type, e->version);
	switch (target->kind) {
	case TARGET_SLOT:
		slot_set(e, target->slot, value);
		return;
	case TARGET_COMPONENTS: {
		const struct value *before = slot_value(e, target->slot, type);

		if (before->type->kind != TYPE_VECTOR || before->type->count > COMPONENTS_MOST ||
		    !type_integer_of(before->type)) {
			slot_set(e, target->slot, NULL);
			return;
		}
		vector = value_integers(e->work, before->type, (unsigned)before->type->count);
		for (i = 0; i < vector->count; i++)
			vector->at[i] = value_range(before, i);
		for (i = 0; i < target->count; i++) {
			if (target->components[i] < vector->count)
				vector->at[target->components[i]] = value_range(value, i);
		}
		slot_set(e, target->slot, vector);
		return;
	}
	case TARGET_PART:
		slot_set(e, target->slot, NULL);
		return;
	case TARGET_MEMORY:
		memory_access(e, target->pointer, type,
			      target->size > 0 ? target->size : (double)type->size, true,
			      target->place);
		private_store(e, target->pointer, value);
		return;
	case TARGET_NOWHERE:
		return;
	}
}
