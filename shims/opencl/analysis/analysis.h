/* SPDX-License-Identifier: MIT */
/*
 * Whether kernels of OpenCL C or of SPIR-V may be cut between work-groups.
 *
 * analysis_create() reads a program once. analysis_judge() says of one launch, whose scalar
 * arguments and sizes are numbers by then, along which dimension it may be cut and what each
 * work-group touches. No globals, no exit; an analysis does not change once it is made, so threads
 * may judge at once.
 *
 * A split runs analysis_source(), never the program's own text: that is what was looked at, with
 * all macros expanded, and with a hidden argument for kernels that ask for the whole grid. size_t
 * and addresses are taken to have 64 bits: kernels of other devices are not to be split.
 */
#ifndef MVGAL_ANALYSIS_H
#define MVGAL_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kernels with more arguments run whole. */
#define ANALYSIS_ARGS 64

/* Why a kernel or a launch runs whole. */
enum analysis_rule {
	ANALYSIS_SPLIT, /* it does not */
	ANALYSIS_ONE_GROUP,
	ANALYSIS_ATOMIC,	   /* on global memory */
	ANALYSIS_COHERENT,	   /* volatile, fences beyond the work-group */
	ANALYSIS_SIDE_EFFECT,	   /* printf, pipes, kernels that start kernels */
	ANALYSIS_UNKNOWN_POINTER,  /* from memory, from an integer, or one of several arguments */
	ANALYSIS_GLOBAL_VARIABLE,  /* of the program, written */
	ANALYSIS_GRID,		   /* asks for the whole grid in a way that cannot be rewritten */
	ANALYSIS_ALIASING,	   /* one memory behind two arguments, one of them written */
	ANALYSIS_STORE_NOT_AFFINE, /* where it stores is not a multiple of the work-group's id */
	ANALYSIS_STORE_OVERLAPS,   /* two work-groups may store to the same bytes */
	ANALYSIS_LOAD_OF_WRITTEN,  /* it may load what another work-group stores */
	ANALYSIS_IMAGE_STORE,	   /* texels that are not proved to be the work-group's own */
	ANALYSIS_NO_STORE,
	ANALYSIS_NO_LOCAL_SIZE, /* asks for work-groups whose size the program left open */
	ANALYSIS_UNKNOWN,	/* something in its text that is not understood */
	ANALYSIS_TOO_COMPLEX,
	ANALYSIS_MALFORMED, /* the program's text, or what was said of the launch */
	ANALYSIS_RULES,
};

/* `load_of_written`, ... */
const char *analysis_rule_name(enum analysis_rule rule);
/* What to change in the kernel, in a sentence. */
const char *analysis_rule_advice(enum analysis_rule rule);

/* A header given by name, as to clCompileProgram. */
struct analysis_header {
	const char *name;
	const char *source;
	size_t length;
};

struct analysis_input {
	/* OpenCL C, or the words of a module of SPIR-V: that is told by its first word. */
	const char *source;
	size_t length;
	/* Of clBuildProgram; null for none. */
	const char *options;
	const struct analysis_header *headers;
	size_t header_count;
	/* "NAME" or "NAME=VALUE": extensions, features, whatever the compilers at hand predefine.
	 */
	const char *const *macros;
	size_t macro_count;
	/* Names that some of the compilers predefine and others do not. */
	const char *const *mixed;
	size_t mixed_count;
	/* As __OPENCL_C_VERSION__ without -cl-std, and __OPENCL_VERSION__: 120, 300. 0 for not
	 * known, or not the same to all: what the program is depends on it then. */
	unsigned c_version, device_version;
};

struct analysis;

/* Null without memory; a program that cannot be read is an analysis with an error and no kernels.
 */
struct analysis *analysis_create(const struct analysis_input *input);
void analysis_free(struct analysis *analysis);

/* Null where the text could be read; else one line, and where, if asked (line 0: nowhere). */
const char *analysis_error(const struct analysis *analysis, unsigned *line, unsigned *column);

/* What was stepped over between functions, with why and where. */
size_t analysis_gap_count(const struct analysis *analysis);
const char *analysis_gap(const struct analysis *analysis, size_t gap, unsigned *line,
			 unsigned *column);

/* Whether it is of SPIR-V; then lines are words of the module, and so is the text for a split. */
bool analysis_is_spirv(const struct analysis *analysis);

/* What is at a word of a module: its name without Op, and the source's line where that is known. */
struct analysis_instruction {
	const char *name, *file;
	unsigned line;
};

bool analysis_instruction(const struct analysis *analysis, unsigned word,
			  struct analysis_instruction *instruction);

/* The text for a split, to be built with analysis_options() alone; null with an error. */
const char *analysis_source(const struct analysis *analysis, size_t *length);
/* The options without -D, -U and -I. */
const char *analysis_options(const struct analysis *analysis);

size_t analysis_kernel_count(const struct analysis *analysis);
/* Its number by name, or -1. */
int analysis_kernel_find(const struct analysis *analysis, const char *name);

enum analysis_arg_kind {
	ANALYSIS_SCALAR, /* any value: vectors and structures too */
	ANALYSIS_BUFFER, /* __global or __constant */
	ANALYSIS_LOCAL,
	ANALYSIS_IMAGE,
	ANALYSIS_SAMPLER,
	ANALYSIS_OTHER,
};

struct analysis_arg_info {
	const char *name, *type;
	enum analysis_arg_kind kind;
	/* Of the value; of what a buffer points to; 0 for what has none. */
	size_t size;
	/* An integer that can be given as a number. */
	bool is_integer;
};

struct analysis_kernel_info {
	const char *name;
	unsigned line, column;
	size_t arg_count;
	const struct analysis_arg_info *args;
	/* The split text has one more argument, the last: 16 ulong, see analysis_hidden(). */
	bool has_hidden;
	/* How many dimensions its ids are asked for, 1 to 3. */
	unsigned dimensions;
	/* reqd_work_group_size, or zeros. */
	size_t required_local[3];
};

/* False where there is no such kernel. */
bool analysis_kernel_info(const struct analysis *analysis, size_t kernel,
			  struct analysis_kernel_info *info);

/* What is known of an argument at the launch. */
struct analysis_arg {
	/* The bytes of a scalar; null for unknown. */
	const void *value;
	size_t size;
	/* Of a buffer: how many bytes the kernel sees; 0 for unknown. */
	uint64_t bytes;
	/* Which memory is behind it, and where in that it begins: equal numbers are the same; 0 for
	 * its own. */
	uint64_t memory, memory_offset;
	/* Of an image: its width, height and depth in texels; 0 for unknown, or none. */
	uint64_t extent[3];
};

struct analysis_launch {
	unsigned dimensions;
	/* `local` all zero: left to the device. Then any row of ids may be a part's first. */
	uint64_t offset[3], global[3], local[3];
	const struct analysis_arg *args;
	size_t arg_count;
	/* For tests: a bit for each rule that is left out. The verdict may be wrong. */
	uint32_t without;
};

/*
 * Group `w` of the split dimension touches nothing outside [stride * w + first, stride * w + end):
 * bytes of a buffer, texels of an image along `axis`.
 */
struct analysis_window {
	bool is_used;
	bool is_all; /* nothing is known: any byte */
	int64_t stride, first, end;
};

/*
 * A part may leave bytes of its write window as they were (guards, holes): bring them up to date on
 * its device first, unless it is filled. Of the read window it may read any byte.
 */
struct analysis_use {
	struct analysis_window writes, reads;
	/* Every work-group writes every byte of its write window. */
	bool is_filled;
	/* Of an image that is written: which coordinate the windows are of. */
	unsigned axis;
};

struct analysis_verdict {
	/* ANALYSIS_SPLIT, or why not. */
	enum analysis_rule rule;
	/* Where that is in the source; 0 for nowhere in particular. */
	unsigned line, column;
	/* Whether the place is in the program's own source, not in a header. */
	bool is_in_source;
	char reason[192];
	/* Of a split: groups of `group` ids each along the dimension, `groups` of them. */
	unsigned dimension;
	uint64_t group, groups;
	/* Of what sub-groups do, whose size is the device's: members that are not alike differ. */
	bool uses_subgroups;
	size_t use_count;
	/* By argument; for a kernel that runs whole they say what it may write, as far as that is
	 * known. */
	struct analysis_use uses[ANALYSIS_ARGS];
	/* Whether `uses` of a whole kernel can be relied on. */
	bool has_uses;
};

/* Judges one launch. The verdict holds for just these numbers. */
void analysis_judge(const struct analysis *analysis, size_t kernel,
		    const struct analysis_launch *launch, struct analysis_verdict *verdict);

/* The bytes or texels that groups [from, to) touch, within [0, size). False for none. */
bool analysis_slice(const struct analysis_window *window, uint64_t from, uint64_t to, uint64_t size,
		    uint64_t *begin, uint64_t *end);

/*
 * The hidden argument for a part that begins at group `from` of the dimension, launched with the
 * offset offset + from * local. For a whole launch `from` is 0.
 */
void analysis_hidden(const struct analysis_launch *launch, unsigned dimension, uint64_t from,
		     uint64_t hidden[16]);

/*
 * What `mvgal explain` shows, as JSON. `options` are those of clBuildProgram, and for the launch to
 * be looked at: --global=X[xY[xZ]], --local=..., --arg=NAME=NUMBER. Writes up to `out_length` bytes
 * and gives how many the text has, 0 for failure.
 */
size_t mvgal_explain(const char *source, size_t length, const char *options, char *out,
		     size_t out_length);

#endif
