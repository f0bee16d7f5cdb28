/* SPDX-License-Identifier: MIT */
/* What the files of the parser share. */
#ifndef MVGAL_ANALYSIS_PARSE_H
#define MVGAL_ANALYSIS_PARSE_H

#include "tree.h"

enum symbol_kind { SYMBOL_VARIABLE, SYMBOL_TYPE, SYMBOL_NUMBER, SYMBOL_FUNCTION, SYMBOL_TAG };

struct symbol {
	enum symbol_kind kind;
	const char *name;
	const struct type *type;
	enum space space;
	struct variable *variable;
	struct function *function;
	int64_t value;
	/* In its bucket; and the one that was declared before it. */
	struct symbol *next, *before;
	size_t bucket;
	/* How many blocks it is in. */
	unsigned scope;
};

#define SYMBOL_BUCKETS 512

struct parser {
	struct work *work;
	const struct token *tokens;
	size_t at, count;
	unsigned version, depth, ends, scope;
	/* Directly in the body of a switch. */
	bool can_label;
	struct tree *tree;
	struct symbol *buckets[SYMBOL_BUCKETS];
	struct symbol *newest;
	/* Null between functions. */
	struct function *function;
	struct function **end_of_functions;
};

/* What is before the names of a declaration. */
struct specifiers {
	const struct type *type;
	enum space space;
	bool is_typedef, is_kernel, is_volatile, is_const, is_static, is_packed;
	uint64_t required_local[3];
	uint64_t align;
};

/* One name of a declaration. */
struct declarator {
	const char *name;
	struct place place;
	const struct type *type;
	enum space space;
	/* Of what is declared, not of what it points to. */
	bool is_volatile, is_const;
	bool is_function;
	/* Attributes among its brackets and asterisks change what it takes. */
	bool is_laid_out;
	struct variable *parameters;
	unsigned parameter_count;
	size_t open, close;
};

/* parser.c */
const struct token *parse_peek(const struct parser *p, size_t ahead);
const struct token *parse_take(struct parser *p);
bool parse_is(const struct parser *p, uint32_t punct);
bool parse_accept(struct parser *p, uint32_t punct);
void parse_expect(struct parser *p, uint32_t punct);
bool parse_is_word(const struct parser *p, const char *word);
bool parse_accept_word(struct parser *p, const char *word);
const char *parse_name(struct parser *p);
__attribute__((noreturn)) void parse_fail(struct parser *p, const char *what);
/* Over (...), [...] or {...}: to the token after. */
void parse_skip_nested(struct parser *p);
void parse_enter(struct parser *p);
struct symbol *parse_find(const struct parser *p, const char *name, size_t length, bool is_tag);
struct symbol *parse_declare(struct parser *p, enum symbol_kind kind, const char *name);
void parse_forget(struct parser *p, struct symbol *newest);
/* One that was forgotten is the newest again. */
void parse_restore(struct parser *p, struct symbol *symbol);

/* parse_specifiers.c */
bool parse_starts_type(const struct parser *p);
struct specifiers parse_specifiers(struct parser *p);
void parse_attributes(struct parser *p, struct specifiers *s);

/* parse_struct.c */
const struct type *parse_struct(struct parser *p, struct specifiers *s);
const struct type *parse_enum(struct parser *p);

/* parse_declarator.c */
void parse_declarator(struct parser *p, const struct specifiers *s, struct declarator *d);
const struct type *parse_type_name(struct parser *p, struct specifiers *s);
void parse_typedef(struct parser *p, const struct specifiers *s, const struct declarator *d);
struct variable *parse_variable(struct parser *p, const struct specifiers *s,
				const struct declarator *d);

/* parse_expression.c, parse_primary.c */
struct expression *parse_expression(struct parser *p);
struct expression *parse_assignment(struct parser *p);
struct expression *parse_choice(struct parser *p);
struct expression *parse_unary(struct parser *p);
struct expression *parse_primary(struct parser *p);
struct expression *parse_initializer(struct parser *p);
/* Refuses trees that are too high to be walked. */
struct expression *parse_checked(struct parser *p, struct expression *e);
struct expression *parse_node(struct parser *p, enum expression_kind kind, struct place place);

/* constant.c */
bool constant_value(const struct expression *e, int64_t *value);
int64_t parse_constant(struct parser *p);

/* parse_statement.c */
struct statement *parse_block(struct parser *p);
struct statement *parse_declaration(struct parser *p);

#endif
