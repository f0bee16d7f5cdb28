/* SPDX-License-Identifier: MIT */
/*
 * A module of SPIR-V as OpenCL takes it (Kernel capability, physical addresses of 64 bits).
 *
 * Source: SPIR-V specification 1.6 and its OpenCL extended instruction set. Words of a module are
 * never trusted: an operand that is not there reads as 0, and id 0 is nothing.
 */
#ifndef MVGAL_ANALYSIS_SPIRV_H
#define MVGAL_ANALYSIS_SPIRV_H

#include "program.h"

#define SPIRV_MAGIC 0x07230203u
#define SPIRV_NONE UINT32_MAX

enum spirv_builtin {
	SPIRV_NUM_WORKGROUPS = 24,
	SPIRV_WORKGROUP_SIZE = 25,
	SPIRV_WORKGROUP_ID = 26,
	SPIRV_LOCAL_ID = 27,
	SPIRV_GLOBAL_ID = 28,
	SPIRV_LOCAL_INDEX = 29,
	SPIRV_WORK_DIM = 30,
	SPIRV_GLOBAL_SIZE = 31,
	SPIRV_ENQUEUED_SIZE = 32,
	SPIRV_GLOBAL_OFFSET = 33,
	SPIRV_GLOBAL_LINEAR = 34,
};

/* A pointer's storage classes. */
enum {
	SPIRV_CONSTANT_MEMORY = 0,
	SPIRV_INPUT = 1,
	SPIRV_WORKGROUP = 4,
	SPIRV_CROSS_WORKGROUP = 5,
	SPIRV_FUNCTION = 7,
	SPIRV_GENERIC = 8,
	SPIRV_ATOMIC_COUNTER = 10,
	SPIRV_IMAGE = 11,
};

/* What is said of an id in decorations. */
enum {
	SPIRV_IS_CONSTANT = 1,
	SPIRV_IS_PACKED = 2,
	SPIRV_IS_BY_VALUE = 4,
	SPIRV_IS_VOLATILE = 8,
	SPIRV_IS_REMARK = 16, /* a set of instructions that do nothing: for debuggers */
};

struct spirv_function;

struct spirv_id {
	/* Its instruction; null for none. */
	const uint32_t *at;
	/* Of a type itself; of a value what it is; null for what has none. */
	const struct type *type;
	const char *name;
	/* Of a value in a function: its slot there, and its block; else SPIRV_NONE. */
	uint32_t slot, block;
	/* Of a variable of a function: the slot of what is in it. */
	uint32_t content;
	/* Of a kernel: the work-group that it requires; or null. */
	const uint32_t *local_size;
	/* One more than the built-in that a variable is, or 0. */
	uint32_t builtin;
	uint32_t flags;
	struct spirv_function *function;
};

struct spirv_loop {
	uint32_t head;
	/* The loop around it, or null. */
	struct spirv_loop *outer;
	uint32_t number, size;
	struct spirv_loop *next;
};

struct spirv_block {
	uint32_t id;
	/* From its label to behind its last instruction, the terminator. */
	const uint32_t *first, *last, *end;
	uint32_t *next;
	uint32_t next_count, before_count;
	uint32_t *before;
	/* By how they are come to: before all they lead to, but for the heads of loops. */
	uint32_t order, dominator;
	bool is_reached, is_passed;
	struct spirv_loop *loop;
};

struct spirv_function {
	struct function as;
	uint32_t id, type;
	const uint32_t *at, *end;
	struct {
		uint32_t *at;
		size_t count, room;
	} parameters;
	struct {
		struct spirv_block *at;
		size_t count, room;
	} blocks;
	/* Numbers of blocks in order. */
	uint32_t *order;
	uint32_t order_count, slot_count, loop_count;
	/* Innermost ones come last. */
	struct spirv_loop *loops;
	/* Loads what a split has to be told, or calls what does. */
	bool asks;
	bool is_visited;
	struct spirv_function *next;
};

/* OpLine: from a word on. */
struct spirv_line {
	uint32_t word, file, line;
};

struct spirv_module {
	struct work *work;
	uint32_t *words;
	size_t count;
	uint32_t bound;
	struct spirv_id *ids;
	uint32_t opencl; /* the imported instructions */
	struct spirv_function *functions;
	/* Where functions begin, capabilities end, and what has results begins. */
	const uint32_t *body, *after_capabilities, *first_type;
	struct {
		struct spirv_line *at;
		size_t count, room;
	} lines;
	bool has_vector16;
};

/* An instruction. */
static inline uint32_t spirv_op(const uint32_t *at)
{
	return at[0] & 0xffff;
}

static inline uint32_t spirv_length(const uint32_t *at)
{
	return at[0] >> 16;
}

/* Its word of that number, or 0. */
static inline uint32_t spirv_word(const uint32_t *at, uint32_t number)
{
	return number < spirv_length(at) ? at[number] : 0;
}

static inline struct spirv_id *spirv_id(const struct spirv_module *m, uint32_t id)
{
	return &m->ids[id < m->bound ? id : 0];
}

/* Where it is, as analyses say it: its word, in no file of the program's. */
static inline struct place spirv_place(const struct spirv_module *m, const uint32_t *at)
{
	return (struct place){.file = 1, .line = at ? (uint32_t)(at - m->words) : 0};
}

/* spirv_names.c */
struct spirv_format {
	const char *name;
	bool has_type, has_result;
	/* In a function: it computes, and does no more. */
	bool is_pure;
};

/* Null for what is not known. */
const struct spirv_format *spirv_format(uint32_t op);

/* The id that it makes, or 0. */
uint32_t spirv_result(const uint32_t *at);

/* spirv_read.c */
bool spirv_is(const void *source, size_t length);
/* Reads a module; leaves by work_fail() where it is none. */
void spirv_read(struct work *work, struct spirv_module *m, const void *source, size_t length);
/* The literal string at a word, or "" where it has no end. */
const char *spirv_string(const uint32_t *at, uint32_t number);

/* spirv_type.c: false for what is no type. */
bool spirv_type(struct spirv_module *m, const uint32_t *at);
/* The number that a constant is; false for what is none. */
bool spirv_number(const struct spirv_module *m, uint32_t id, int64_t *number);

/* spirv_function.c: reads one, and gives where it ends. */
const uint32_t *spirv_function(struct spirv_module *m, const uint32_t *at);
__attribute__((format(printf, 4, 5))) void spirv_break(const struct spirv_module *m,
						       struct spirv_function *f, const uint32_t *at,
						       const char *format, ...);

/* spirv_graph.c: the order of its blocks, and its loops. */
void spirv_graph(struct spirv_module *m, struct spirv_function *f);

/* spirv_kernels.c: the kernels among its entry points. */
void spirv_kernels(struct analysis *analysis, struct spirv_module *m);

/* spirv_rewrite.c: the words for a split. */
void spirv_rewrite(struct analysis *analysis, struct spirv_module *m);

#endif
