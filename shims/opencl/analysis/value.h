/* SPDX-License-Identifier: MIT */
/* What is known of a value, and of all variables at a point of the kernel. */
#ifndef MVGAL_ANALYSIS_VALUE_H
#define MVGAL_ANALYSIS_VALUE_H

#include "range.h"
#include "type.h"

enum value_kind {
	VALUE_OPAQUE,	/* of its type, no more is known */
	VALUE_INTEGERS, /* a whole number, or the first four of a vector */
	VALUE_POINTER,	/* or an image */
	VALUE_BYTES,	/* a scalar argument as it was given */
};

/* Where a pointer may lead, beside arguments. */
enum {
	ROOT_LOCAL = 1,
	ROOT_PRIVATE = 2,  /* to `slot`, or to any variable whose address was taken */
	ROOT_CONSTANT = 4, /* memory that nobody writes */
	ROOT_PROGRAM = 8,  /* variables of the program */
	ROOT_NULL = 16,
	ROOT_UNKNOWN = 32,
};

#define NO_SLOT (-1)

struct value {
	const struct type *type;
	enum value_kind kind;
	unsigned count;
	/* Of a pointer: a bit for each argument; then where else. */
	uint64_t args;
	unsigned roots;
	int slot;
	/* Of an argument's value. */
	const unsigned char *bytes;
	/* Integers; the offset of a pointer in bytes. */
	struct range at[];
};

#define COMPONENTS_MOST 4

const struct value *value_opaque(struct work *work, const struct type *type);
const struct value *value_integer(struct work *work, const struct type *type, struct range range);
struct value *value_integers(struct work *work, const struct type *type, unsigned count);
struct value *value_pointer(struct work *work, const struct type *type);
const struct value *value_bytes(struct work *work, const struct type *type,
				const unsigned char *bytes);

/* What is known of a component as bits of the type's element; all numbers where that is nothing. */
struct range value_range(const struct value *value, unsigned component);
/* As the number that it is. */
struct range value_number(const struct value *value);

/* As a pointer, whatever it is. */
const struct value *value_as_pointer(struct work *work, const struct value *value,
				     unsigned version);

const struct value *value_convert(struct work *work, const struct value *value,
				  const struct type *type, unsigned version);

/* Of either; null stands for nothing known. */
const struct value *value_join(struct work *work, const struct value *a, const struct value *b);
const struct value *value_widen(struct work *work, const struct value *old,
				const struct value *grown, bool is_last);
bool value_contains(const struct value *outer, const struct value *inner);

/* All variables of the functions that are being looked at; null for what is not known. */
struct state {
	bool is_live;
	unsigned count, room;
	const struct value **slots;
};

void state_copy(struct work *work, struct state *to, const struct state *from);
void state_reserve(struct work *work, struct state *state, unsigned count);
void state_join(struct work *work, struct state *into, const struct state *other);
void state_widen(struct work *work, struct state *old, const struct state *grown, bool is_last);
bool state_contains(const struct state *outer, const struct state *inner);

#endif
