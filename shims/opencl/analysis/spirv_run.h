/* SPDX-License-Identifier: MIT */
/*
 * Follows a kernel of SPIR-V through one launch, as evaluate.h does with a syntax tree: the same
 * values, states, accesses and refusals, over blocks in place of statements.
 *
 * What instructions compute of other values is computed again wherever it is used, with what is
 * known there; slots of the state keep what it is computed of (loads, phis, parameters, results of
 * calls), what is in variables, and of all others what conditions said of them.
 */
#ifndef MVGAL_ANALYSIS_SPIRV_RUN_H
#define MVGAL_ANALYSIS_SPIRV_RUN_H

#include "evaluate.h"
#include "spirv.h"

#define SPIRV_STEPS_MOST 3000000

/* Of a loop, while a function is looked at. */
struct spirv_round {
	/* What comes round. */
	struct state next;
	/* Its head is being looked for: what leaves it does not count. */
	bool is_searched;
	/* The head that was found last, for the state that it was entered with. */
	struct state entry, head;
	bool is_known;
	/* How many variables there were by then. */
	unsigned variables;
};

/* A function that is being looked at. */
struct spirv_frame {
	const struct spirv_function *function;
	struct spirv_frame *outer, *next;
	unsigned base;
	/* By block: the states that come together there. */
	struct state *in;
	struct spirv_round *rounds;
	struct state returned;
	const struct value *result;
	bool has_result;
	/* By slot: values that were computed, and when. */
	const struct value **memory;
	uint64_t *times;
};

struct spirv_run {
	struct evaluator *e;
	const struct spirv_module *m;
	struct spirv_frame *frame;
	/* Goes on where values that were computed may not hold any more. */
	uint64_t time;
	unsigned depth, assumed, forwarded;
	/* The block whose end is being looked at, or SPIRV_NONE. */
	uint32_t ended;
	/* By slot: of which type the variable is that it is of; null for none. */
	struct {
		const struct type **at;
		size_t count, room;
	} contents;
	/* How often a slot became one of a variable. */
	unsigned variables;
	/* Frames that were left, to be used again. */
	struct spirv_frame *frames;
};

/* spirv_value.c: what is known of an id here. */
const struct value *spirv_value(struct spirv_run *r, uint32_t id);
/* The same, of the type that the id has. */
const struct type *spirv_type_of(const struct spirv_run *r, uint32_t id);
void spirv_set(struct spirv_run *r, uint32_t id, const struct value *value);
/* Whether an instruction is computed where it is used. */
bool spirv_is_pure(const struct spirv_run *r, const uint32_t *at);
/* Of the number, read as signed or unsigned. */
struct range spirv_window(struct spirv_run *r, uint32_t id, bool is_signed);
enum truth spirv_truth(struct spirv_run *r, uint32_t id);
/* An instruction of the function that is looked at, or null. */
const uint32_t *spirv_at(const struct spirv_run *r, uint32_t id);

/* spirv_operation.c: null for what is not known. */
const struct value *spirv_operation(struct spirv_run *r, const uint32_t *at,
				    const struct type *type);
const struct value *spirv_extended(struct spirv_run *r, const uint32_t *at,
				   const struct type *type);
/* spirv_bits.c: (x << c) >> c, which puts a sign before the lower bits: how many. 0 for none. */
unsigned spirv_extends(const struct spirv_run *r, const uint32_t *at, uint32_t *of);

/* spirv_composite.c */
const struct value *spirv_composite(struct spirv_run *r, const uint32_t *at,
				    const struct type *type);

/* spirv_pointer.c */
const struct value *spirv_chain(struct spirv_run *r, const uint32_t *at, const struct type *type);
const struct value *spirv_variable(struct spirv_run *r, const struct spirv_id *of);
/* Of what a work-item asks; refuses where that cannot be answered. */
const struct value *spirv_asked(struct spirv_run *r, uint32_t variable, const struct type *type);
void spirv_ask(struct spirv_run *r, uint32_t variable, struct place place);
const struct value *spirv_as_pointer(struct spirv_run *r, uint32_t id);
/* The same pointer, of another type. */
const struct value *spirv_retyped(struct spirv_run *r, const struct value *pointer,
				  const struct type *type);
/* What is in variables that a pointer may lead to is not known any more. */
void spirv_forget(struct spirv_run *r, const struct value *pointer);

/* spirv_assume.c: narrows the state by a condition's outcome. */
void spirv_assume(struct spirv_run *r, uint32_t condition, bool truth);
void spirv_assume_equal(struct spirv_run *r, uint32_t id, int64_t number);

/* spirv_memory.c: loads, stores, atomics, barriers; false for what is none of them. */
bool spirv_memory(struct spirv_run *r, const uint32_t *at);
/* Functions of the extended set that touch memory. */
bool spirv_extended_memory(struct spirv_run *r, const uint32_t *at);
bool spirv_is_extended_memory(const uint32_t *at);

/* spirv_block.c: a block from the state that came together in it; or its end alone, from here. */
void spirv_block(struct spirv_run *r, uint32_t block);
void spirv_end_block(struct spirv_run *r, uint32_t block);
const struct value *spirv_call(struct spirv_run *r, const struct spirv_function *f,
			       const struct value *const *args, unsigned count, const uint32_t *at);

/* spirv_loop.c: all blocks of a loop, or of the function where it is null. */
void spirv_region(struct spirv_run *r, const struct spirv_loop *loop);
void spirv_jump(struct spirv_run *r, uint32_t from, uint32_t to);
/* What leaves a block, for one or for the function's end, counts. */
bool spirv_counts(const struct spirv_run *r, uint32_t from, uint32_t to);
/* Copies a state over one that there is. */
void spirv_copy(struct work *work, struct state *to, const struct state *from);

#endif
