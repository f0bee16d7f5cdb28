/* SPDX-License-Identifier: MIT */
/* Types of OpenCL C. */
#ifndef MVGAL_ANALYSIS_TYPE_H
#define MVGAL_ANALYSIS_TYPE_H

#include "work.h"

enum type_kind {
	TYPE_UNKNOWN, /* of a call whose result is not known here */
	TYPE_VOID,
	TYPE_INTEGER,
	TYPE_FLOAT,
	TYPE_VECTOR,
	TYPE_POINTER,
	TYPE_ARRAY,
	TYPE_STRUCT,
	TYPE_UNION,
	TYPE_IMAGE,
	TYPE_SAMPLER,
	TYPE_EVENT,
	/* Known by name alone: pipes, queues. */
	TYPE_OTHER,
};

enum space {
	SPACE_NONE, /* private, or generic from OpenCL C 2.0 on */
	SPACE_PRIVATE,
	SPACE_LOCAL,
	SPACE_GLOBAL,
	SPACE_CONSTANT,
	SPACE_GENERIC,
};

struct type;

struct member {
	const char *name;
	const struct type *type;
	uint64_t offset;
	struct member *next;
};

struct type {
	enum type_kind kind;
	bool is_signed;
	/* An integer that is no type of another enumeration, nor int. */
	bool is_enum;
	/* Of what a pointer points to. */
	bool is_volatile;
	enum space space;
	uint64_t size, align;
	/* Of a vector, an array (0 for unknown), a pointer. */
	const struct type *of;
	/* Of a vector or array; dimensions of an image, with its layer. */
	uint64_t count;
	/* Of a structure; null and incomplete where it was only named. */
	struct member *members;
	bool is_complete;
	const char *name;
	/* How many types are below it by `of`. */
	unsigned depth;
};

extern const struct type TYPE_INT, TYPE_UINT, TYPE_LONG, TYPE_ULONG, TYPE_SIZE, TYPE_BOOL, TYPE_ANY,
    TYPE_NOTHING, TYPE_FLOATING, TYPE_DOUBLE, TYPE_CHAR;
/* An enumeration of which the numbers are not all known. */
extern const struct type TYPE_ENUM;

/* A type that OpenCL C knows by one word (int4, image2d_t), or null. */
const struct type *type_by_name(struct work *work, const char *name, size_t length);

const struct type *type_vector(struct work *work, const struct type *of, uint64_t count);
const struct type *type_pointer(struct work *work, const struct type *to, enum space space,
				bool is_volatile);
const struct type *type_array(struct work *work, const struct type *of, uint64_t count);

/* An integer's or a vector of integers' element, or null. */
const struct type *type_integer_of(const struct type *type);

static inline bool is_integer(const struct type *type)
{
	return type->kind == TYPE_INTEGER;
}

static inline unsigned width_of(const struct type *type)
{
	return (unsigned)(8 * type->size);
}

/* Whether two types, perhaps made at different places, are the same. */
bool type_is_same(const struct type *a, const struct type *b);

const struct member *type_member(const struct type *type, const char *name);

#endif
