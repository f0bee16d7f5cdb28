/* SPDX-License-Identifier: MIT */
/* Follows a kernel through one launch, for one dimension: what may each work-group touch? */
#ifndef MVGAL_ANALYSIS_EVALUATE_H
#define MVGAL_ANALYSIS_EVALUATE_H

#include "analysis.h"
#include "tree.h"
#include "value.h"

/* A load or store of an argument's memory. */
struct access {
	unsigned arg;
	bool is_store, is_image;
	/* An address, or coordinates of an image; how many bytes. */
	struct range at[3];
	double size;
	struct place place;
};

/* What keeps the kernel whole, whatever the windows are. */
struct refusal {
	enum analysis_rule rule;
	struct place place;
	char reason[192];
};

/* Where the states of break, continue and return come together. */
struct targets {
	struct state *breaks, *continues;
	struct state *entry; /* of a switch */
	struct expression *selector;
	bool has_default;
};

/* A function that is being looked at. */
struct frame {
	const struct function *function;
	struct frame *outer;
	unsigned base;
	struct state returned;
	const struct value *result;
	bool has_result;
};

struct evaluator {
	struct work *work;
	const struct tree *tree;
	const struct analysis_launch *launch;
	uint32_t without;
	unsigned version;
	/* The dimension, its last work-group, and ids of a work-group in each dimension. */
	unsigned dimension;
	double last;
	double group[3], groups[3];
	bool has_local;
	struct state *state;
	struct frame *frame;
	struct targets *targets;
	unsigned depth;
	size_t steps;
	/* 0 while accesses count. */
	unsigned quiet;
	struct {
		struct access *at;
		size_t count, room;
	} accesses;
	struct refusal refusal;
	/* Whether the accesses are all that there are. */
	bool is_incomplete;
	struct known_loop *loops;
	/* Slots whose address was taken. */
	unsigned char taken[1024];
	unsigned taken_count;
	bool uses_grid, uses_groups, uses_subgroups;
	struct place place;
};

/* The head of a loop that was found last, for the state that it was entered with. */
struct known_loop {
	const struct statement *loop;
	unsigned base;
	struct state entry, head;
	struct known_loop *next;
};

/* spirv_block.c: the same for a kernel of SPIR-V. */
void evaluate_spirv(struct evaluator *e, const struct function *kernel);

/* Runs it; accesses and a refusal are in the evaluator afterwards. */
void evaluate_kernel(struct evaluator *e, const struct function *kernel);

__attribute__((format(printf, 4, 5))) void refuse(struct evaluator *e, enum analysis_rule rule,
						  struct place place, const char *format, ...);
void evaluate_step(struct evaluator *e, struct place place);
/* Counts how deep it is in the tree; whoever calls it counts `depth` down again. */
void evaluate_enter(struct evaluator *e, struct place place);

/* evaluate_expression.c */
const struct value *evaluate(struct evaluator *e, const struct expression *x);
const struct value *evaluate_operation(struct evaluator *e, uint32_t op, const struct value *a,
				       const struct value *b, struct place place);
/* Whether to evaluate it again changes nothing. */
bool is_repeatable(const struct expression *x);
/* As operators see it: no type is narrower than int. */
const struct type *promoted(const struct type *type);
const struct type *common_type(const struct type *a, const struct type *b);

/* evaluate_compound.c */
const struct value *evaluate_choice(struct evaluator *e, const struct expression *x);
const struct value *evaluate_vector(struct evaluator *e, const struct expression *x);
const struct value *evaluate_block(struct evaluator *e, const struct statement *block);
void evaluate_list(struct evaluator *e, const struct expression *x);

/* evaluate_place.c */
enum target_kind {
	TARGET_SLOT,	   /* a variable */
	TARGET_COMPONENTS, /* of a variable that is a vector */
	TARGET_PART,	   /* of a variable: of which no more is followed */
	TARGET_MEMORY,
	TARGET_NOWHERE, /* memory of the work-group's own that is not followed */
};

struct target {
	enum target_kind kind;
	const struct type *type;
	unsigned slot;
	unsigned count;
	unsigned char components[16];
	/* Of memory: a pointer. */
	const struct value *pointer;
	/* Of a part of memory: bytes that a store may touch. */
	double size;
	struct place place;
};

struct target evaluate_target(struct evaluator *e, const struct expression *x);
const struct value *target_load(struct evaluator *e, const struct target *target);
void target_store(struct evaluator *e, const struct target *target, const struct value *value);
/* The components that a name like `xyz` or `s01` means; 0 for none. */
unsigned components_of(const char *name, uint64_t count, unsigned char components[16]);

/* evaluate_memory.c */
void memory_access(struct evaluator *e, const struct value *pointer, const struct type *pointed,
		   double size, bool is_store, struct place place);
/* All of what a pointer may lead to. */
void memory_anywhere(struct evaluator *e, const struct value *pointer, bool is_store,
		     struct place place);
const struct value *pointer_move(struct evaluator *e, const struct value *pointer,
				 struct range bytes);
const struct value *pointer_index(struct evaluator *e, const struct value *pointer,
				  const struct value *index, bool is_back, struct place place);
/* An image's texel; coordinates are null where they are not whole numbers. */
void image_access(struct evaluator *e, const struct value *image, const struct value *coordinate,
		  bool is_store, struct place place);
/* The value of a slot, or nothing known. */
const struct value *slot_value(struct evaluator *e, unsigned slot, const struct type *type);
void slot_set(struct evaluator *e, unsigned slot, const struct value *value);
/* Its address is known to pointers from here on. */
void slot_take(struct evaluator *e, unsigned slot, struct place place);
/* A store through a pointer to variables. */
void private_store(struct evaluator *e, const struct value *pointer, const struct value *value);

/* evaluate_call.c */
const struct value *evaluate_call(struct evaluator *e, const struct expression *x);

#define ARGUMENTS_MOST 32

struct arguments {
	const struct value *at[ARGUMENTS_MOST];
	const struct expression *expressions[ARGUMENTS_MOST];
	unsigned count;
};

/* builtin_id.c: what a work-item asks of itself. */
enum asked {
	ASKED_OTHER, /* of sub-groups */
	ASKED_GLOBAL_ID,
	ASKED_GLOBAL_SIZE,
	ASKED_GLOBAL_OFFSET,
	ASKED_GLOBAL_LINEAR_ID,
	ASKED_LOCAL_ID,
	ASKED_LOCAL_LINEAR_ID,
	ASKED_LOCAL_SIZE,
	ASKED_GROUP_ID,
	ASKED_GROUPS,
	ASKED_DIMENSIONS,
};

/* The answer in a dimension; 3 for one that is not known. */
struct range asked_range(const struct evaluator *e, enum asked asked, unsigned d);
/* Notes that it is asked for; false, and a refusal, where the launch leaves the answer open. */
bool asked_check(struct evaluator *e, enum asked asked, const char *name, struct place place);

/* builtin_*.c: null where the name is not theirs. */
const struct value *builtin_id(struct evaluator *e, const struct expression *x,
			       const struct arguments *args);
const struct value *builtin_integer(struct evaluator *e, const struct expression *x,
				    const struct arguments *args);
const struct value *builtin_memory(struct evaluator *e, const struct expression *x,
				   const struct arguments *args);
/* The texels of an image along an axis, as far as the launch tells. */
struct range image_extent(const struct evaluator *e, const struct value *image, unsigned axis);
const struct value *builtin_image(struct evaluator *e, const struct expression *x,
				  const struct arguments *args);
const struct value *builtin_order(struct evaluator *e, const struct expression *x,
				  const struct arguments *args);
const struct value *builtin_pure(struct evaluator *e, const struct expression *x,
				 const struct arguments *args);
/* Of those, what is a bool. */
bool is_truth(const char *name);
bool is_builtin_constant(const char *name, int64_t *value, bool *has_value);
/* Whether compilers may know a function of the name. */
bool is_builtin_name(const char *name);

/* assume.c: narrows the state by a condition's outcome. */
void assume(struct evaluator *e, struct state *state, const struct expression *x, bool truth);

/* evaluate_statement.c, evaluate_loop.c */
void evaluate_statement(struct evaluator *e, const struct statement *s);
void evaluate_statements(struct evaluator *e, const struct statement *s);
void evaluate_loop(struct evaluator *e, const struct statement *s);
void evaluate_condition(struct evaluator *e, const struct expression *x, struct state *yes,
			struct state *no);

#endif
