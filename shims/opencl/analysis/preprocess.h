/* SPDX-License-Identifier: MIT */
/* The preprocessor of OpenCL C, with the options of clBuildProgram. */
#ifndef MVGAL_ANALYSIS_PREPROCESS_H
#define MVGAL_ANALYSIS_PREPROCESS_H

#include "analysis.h"
#include "lex.h"

struct macro {
	struct macro *next;
	struct token name;
	bool is_function, is_variadic;
	/* Its replacement is being expanded: its name there is no macro's. */
	bool is_active;
	/* Names; the last one is that of the rest where it is variadic. */
	struct tokens parameters;
	struct tokens body;
};

#define MACRO_BUCKETS 256

struct preprocessor {
	struct work *work;
	const struct analysis_input *input;
	struct macro *macros[MACRO_BUCKETS];
	/* What the program has undefined and the compiler may have defined. */
	struct macro *removed[MACRO_BUCKETS];
	/* Names of files, by number; the first is the program's own source. */
	struct {
		const char **at;
		size_t count, room;
	} files;
	struct {
		const char **at;
		size_t count, room;
	} directories;
	/* Files of #pragma once. */
	struct {
		const char **at;
		size_t count, room;
	} once;
	/* Options that are the compiler's, not the preprocessor's. */
	char *options;
	/* As __OPENCL_C_VERSION__, as far as that is known. */
	unsigned version;
	bool has_version;
	bool is_fast;
	/* What is expanded is in a call that is of several lines; #line has been there. */
	bool is_of_lines, has_line;
	/* The call that was read last has nothing for `...`, nor a comma before that. */
	bool is_rest_left_out;
	unsigned depth;
	size_t steps;
	struct tokens *out;
};

/* Sets up macros and options. Leaves by work_fail() for what is malformed. */
void preprocess_begin(struct preprocessor *pp, struct work *work,
		      const struct analysis_input *input);

/* The program's tokens, with TOKEN_END at the end. */
void preprocess(struct preprocessor *pp, struct tokens *out);

/* options.c */
void preprocess_options(struct preprocessor *pp);

/* macro.c */
enum macro_state {
	MACRO_ABSENT,
	MACRO_PRESENT,
	/* To some compilers, or it cannot be told. */
	MACRO_UNKNOWN,
};

struct macro *macro_find(const struct preprocessor *pp, const struct token *name);
void macro_remove(struct preprocessor *pp, const struct token *name);
/* For good: the compiler has none of the name either. */
void macro_undefine(struct preprocessor *pp, const struct token *name);
bool macro_is_removed(const struct preprocessor *pp, const struct token *name);
/* From the tokens after #define. */
void macro_define(struct preprocessor *pp, const struct token *at, size_t count,
		  struct place place);
/* From "NAME" or "NAME=VALUE" or "NAME(x)=VALUE". */
void macro_define_text(struct preprocessor *pp, const char *text, size_t length);
void macro_expand(struct preprocessor *pp, const struct token *at, size_t count,
		  struct tokens *out);

/* predefined.c: whether a name is a macro where the program is compiled. */
enum macro_state macro_state(const struct preprocessor *pp, const struct token *name);
bool macro_may_be_predefined(const struct preprocessor *pp, const struct token *name);
bool macro_is_for_options(const struct preprocessor *pp, const struct token *name, bool is_undef);

/* macro_replace.c: what an invocation stands for; arguments as they were written. */
void macro_replace(struct preprocessor *pp, const struct macro *macro, const struct token *name,
		   const struct tokens *arguments, struct tokens *out);

/* condition.c: the value of #if. */
bool preprocess_condition(struct preprocessor *pp, const struct token *at, size_t count,
			  struct place place);

/* pragma.c: from the tokens after #pragma. */
bool pragma_is_known(const struct token *at, size_t count);
/* Of _Pragma; the last token is no operator's. */
void pragma_check_operators(struct preprocessor *pp, const struct tokens *tokens);

/* Counts work that a hostile source could make endless. */
void preprocess_step(struct preprocessor *pp, struct place place);

#endif
