/* SPDX-License-Identifier: MIT */
/* The syntax tree of a program. */
#ifndef MVGAL_ANALYSIS_TREE_H
#define MVGAL_ANALYSIS_TREE_H

#include "lex.h"
#include "type.h"

enum expression_kind {
	EXPRESSION_NUMBER, /* a whole number: value */
	EXPRESSION_OPAQUE, /* a number that is none, a string */
	EXPRESSION_NAME,   /* variable, or null and name for what the compiler knows */
	EXPRESSION_UNARY,  /* op: + - ! ~ * &, and ++ -- before it */
	EXPRESSION_AFTER,  /* ++ -- after it */
	EXPRESSION_BINARY, /* op */
	EXPRESSION_ASSIGN, /* op: 0 for =, else that of the operation */
	EXPRESSION_CHOICE, /* a ? b : c */
	EXPRESSION_CALL,   /* function, or null and name; args */
	EXPRESSION_CAST,   /* type */
	EXPRESSION_VECTOR, /* (type)(args) */
	EXPRESSION_LIST,   /* { args }, of a type where it is a compound literal */
	EXPRESSION_MEMBER, /* a.name */
	EXPRESSION_ARROW,  /* a->name */
	EXPRESSION_BLOCK,  /* ({ statements }) */
	EXPRESSION_INDEX,  /* a[b] */
};

struct expression {
	enum expression_kind kind;
	uint32_t op;
	struct place place;
	const struct type *type;
	struct expression *a, *b, *c;
	/* Arguments, linked by next. */
	struct expression *args, *next;
	const char *name;
	struct variable *variable;
	struct function *function;
	struct statement *block;
	int64_t value;
	/* Of the tree below it. */
	unsigned height;
};

struct variable {
	const char *name;
	const struct type *type;
	enum space space;
	bool is_volatile, is_static, is_constant;
	/* Of the program, not of a function. */
	bool is_global;
	/* A number for good. */
	bool has_value;
	int64_t value;
	/* Among the variables of its function. */
	unsigned slot;
	struct place place;
	struct expression *initial;
	/* Of a declaration, or of parameters. */
	struct variable *next;
};

enum statement_kind {
	STATEMENT_EMPTY,
	STATEMENT_EXPRESSION,
	STATEMENT_DECLARATION,
	STATEMENT_BLOCK,
	STATEMENT_IF,
	STATEMENT_FOR,
	STATEMENT_WHILE,
	STATEMENT_DO,
	STATEMENT_SWITCH,
	STATEMENT_CASE,
	STATEMENT_DEFAULT,
	STATEMENT_BREAK,
	STATEMENT_CONTINUE,
	STATEMENT_RETURN,
};

struct statement {
	enum statement_kind kind;
	struct place place;
	struct expression *expression, *step;
	/* Of a case: its value, and the last one of `case a ... b`. */
	struct expression *last;
	struct variable *variables;
	struct statement *first, *body, *other;
	struct statement *next;
};

struct function {
	const char *name;
	const struct type *result;
	struct variable *parameters;
	unsigned parameter_count, slot_count;
	struct statement *body;
	bool is_kernel, is_twice, is_defined;
	/* Its body is not understood. */
	bool is_broken;
	struct place broken_place;
	char broken[96];
	struct place place;
	uint64_t required_local[3];
	struct function *next;
	/* Of its name, with other parameters. */
	struct function *other;
	/* What it is where it is one of SPIR-V: it has no body then. */
	const struct spirv_function *spirv;
	const struct spirv_module *module;
};

/* Where the parameters of a function are written, in a prototype or a definition. */
struct signature {
	const char *name;
	/* Tokens '(' and ')'. */
	size_t open, close;
	/* Of a definition: '{' and '}', else zeros. */
	size_t body_first, body_last;
	bool is_kernel;
};

/* What the parser could not read between functions. */
struct gap {
	size_t first, last;
	struct place place;
	char message[96];
};

struct tree {
	const struct tokens *tokens; /* that it was read from */
	struct function *functions;
	struct {
		struct signature *at;
		size_t count, room;
	} signatures;
	struct {
		struct gap *at;
		size_t count, room;
	} gaps;
};

/* Reads all tokens. Functions that are not understood are marked, not refused. */
void parse(struct work *work, const struct tokens *tokens, unsigned version, struct tree *tree);

#endif
