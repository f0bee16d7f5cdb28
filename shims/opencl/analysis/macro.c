/* SPDX-License-Identifier: MIT */
/* Macros: their table, and where their names are replaced. */
#include <stdio.h>
#include <string.h>

#include "preprocess.h"

#define DEPTH_MOST 200

static size_t bucket_of(const struct token *name)
{
	uint32_t hash = 2166136261u, i;

	for (i = 0; i < name->length; i++)
		hash = (hash ^ (unsigned char)name->text[i]) * 16777619u;
	return hash % MACRO_BUCKETS;
}

static bool is_same(const struct token *a, const struct token *b)
{
	return a->length == b->length && !memcmp(a->text, b->text, a->length);
}

struct macro *macro_find(const struct preprocessor *pp, const struct token *name)
{
	struct macro *macro = pp->macros[bucket_of(name)];

	while (macro && !is_same(&macro->name, name))
		macro = macro->next;
	return macro;
}

void macro_remove(struct preprocessor *pp, const struct token *name)
{
	struct macro **at = &pp->macros[bucket_of(name)];

	while (*at && !is_same(&(*at)->name, name))
		at = &(*at)->next;
	if (*at)
		*at = (*at)->next;
}

bool macro_is_removed(const struct preprocessor *pp, const struct token *name)
{
	const struct macro *macro = pp->removed[bucket_of(name)];

	while (macro && !is_same(&macro->name, name))
		macro = macro->next;
	return macro != NULL;
}

void macro_undefine(struct preprocessor *pp, const struct token *name)
{
	struct macro **bucket = &pp->removed[bucket_of(name)], *macro;

	macro_remove(pp, name);
	if (!macro_may_be_predefined(pp, name) || macro_is_removed(pp, name))
		return;
	macro = work_take(pp->work, sizeof(*macro));
	macro->name = *name;
	macro->next = *bucket;
	*bucket = macro;
}

/* Reads `(a, b, ...)`; gives how many tokens that were. */
static size_t read_parameters(struct preprocessor *pp, struct macro *macro, const struct token *at,
			      size_t count, struct place place)
{
	size_t i = 1;

	if (i < count && is_punct(&at[i], ')'))
		return i + 1;
	for (; i < count; i++) {
		if (at[i].kind == TOKEN_NAME) {
			LIST_ADD(pp->work, &macro->parameters, at[i]);
			if (i + 1 < count && is_punct(&at[i + 1], PUNCT3('.', '.', '.'))) {
				macro->is_variadic = true;
				i++;
			}
		} else if (is_punct(&at[i], PUNCT3('.', '.', '.'))) {
			struct token rest = at[i];

			rest.kind = TOKEN_NAME;
			rest.text = "__VA_ARGS__";
			rest.length = 11;
			LIST_ADD(pp->work, &macro->parameters, rest);
			macro->is_variadic = true;
		} else {
			break;
		}
		i++;
		if (i < count && is_punct(&at[i], ')'))
			return i + 1;
		if (i >= count || macro->is_variadic || !is_punct(&at[i], ','))
			break;
	}
	work_fail(pp->work, place, "the parameters of a macro have no end");
}

void macro_define(struct preprocessor *pp, const struct token *at, size_t count, struct place place)
{
	struct macro *macro = work_take(pp->work, sizeof(*macro));
	size_t i = 1;

	if (!count || at[0].kind != TOKEN_NAME)
		work_fail(pp->work, place, "#define has no name");
	macro->name = at[0];
	if (count > 1 && is_punct(&at[1], '(') && !at[1].has_space) {
		macro->is_function = true;
		i += read_parameters(pp, macro, at + 1, count - 1, place);
	}
	for (; i < count; i++)
		LIST_ADD(pp->work, &macro->body, at[i]);
	macro_remove(pp, &macro->name);
	macro->next = pp->macros[bucket_of(&macro->name)];
	pp->macros[bucket_of(&macro->name)] = macro;
}

void macro_define_text(struct preprocessor *pp, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	struct tokens tokens = {0};
	static const char ONE[] = "1";

	lex_source(pp->work, text, equals ? (size_t)(equals - text) : length, 0, &tokens);
	if (equals && tokens.count) {
		size_t first = tokens.count;

		lex_source(pp->work, equals + 1, length - (size_t)(equals + 1 - text), 0, &tokens);
		/* `-DN=(3)` has no parameters. */
		if (first < tokens.count)
			tokens.at[first].has_space = true;
	} else {
		lex_source(pp->work, ONE, 1, 0, &tokens);
		tokens.at[tokens.count - 1].has_space = true;
	}
	macro_define(pp, tokens.at, tokens.count, (struct place){0});
}

void preprocess_step(struct preprocessor *pp, struct place place)
{
	if (++pp->steps > 4u << 20)
		work_fail(pp->work, place, "its macros expand to too much");
}

/* Tokens that are still to be looked at; those of a macro's replacement are over those after it. */
struct frame {
	struct frame *below;
	const struct token *at, *end;
	struct macro *macro;
};

static const struct token *pull(struct frame **top)
{
	while (*top && (*top)->at == (*top)->end) {
		if ((*top)->macro)
			(*top)->macro->is_active = false;
		*top = (*top)->below;
	}
	return *top ? (*top)->at++ : NULL;
}

static const struct token *peek(const struct frame *top)
{
	while (top && top->at == top->end)
		top = top->below;
	return top ? top->at : NULL;
}

static void push(struct preprocessor *pp, struct frame **top, const struct tokens *tokens,
		 struct macro *macro)
{
	struct frame *frame = work_take(pp->work, sizeof(*frame));

	*frame = (struct frame){*top, tokens->at, tokens->at + tokens->count, macro};
	if (macro)
		macro->is_active = true;
	*top = frame;
}

/* Reads arguments from behind the '(' to the ')'. */
static struct tokens *read_arguments(struct preprocessor *pp, const struct macro *macro,
				     struct frame **top, const struct token *name)
{
	size_t most = macro->parameters.count ? macro->parameters.count : 1, which = 0, depth = 0;
	struct tokens *arguments = work_take(pp->work, most * sizeof(*arguments));

	for (;;) {
		const struct token *token = pull(top);

		if (!token)
			work_fail(pp->work, name->place, "the call of the macro %.*s has no end",
				  (int)name->length, name->text);
		preprocess_step(pp, token->place);
		pp->is_of_lines |= token->place.line != name->place.line;
		if (is_punct(token, ')') && depth-- == 0)
			break;
		if (is_punct(token, '('))
			depth++;
		if (is_punct(token, ',') && depth == 0 &&
		    !(macro->is_variadic && which + 1 == macro->parameters.count)) {
			if (++which >= most)
				work_fail(pp->work, name->place,
					  "too many arguments for the macro %.*s",
					  (int)name->length, name->text);
			continue;
		}
		LIST_ADD(pp->work, &arguments[which], *token);
	}
	if (which + 1 < macro->parameters.count &&
	    !(macro->is_variadic && which + 2 == macro->parameters.count))
		work_fail(pp->work, name->place, "too few arguments for the macro %.*s",
			  (int)name->length, name->text);
	pp->is_rest_left_out = macro->is_variadic && which + 2 == macro->parameters.count;
	if (!macro->parameters.count && arguments[0].count)
		work_fail(pp->work, name->place, "the macro %.*s takes no arguments",
			  (int)name->length, name->text);
	return arguments;
}

/* __LINE__; __FILE__ is left to the compiler, which alone knows it. */
static void expand_own(struct preprocessor *pp, struct token *token, bool is_in_call)
{
	char text[16];

	if (token_is(token, "__COUNTER__") || token_is(token, "__VA_OPT__"))
		work_fail(pp->work, token->place, "a macro of some compilers: %.*s",
			  (int)token->length, token->text);
	if (!token_is(token, "__LINE__"))
		return;
	/* Of the line where the call ends. */
	if (pp->has_line || (is_in_call && pp->is_of_lines))
		work_fail(pp->work, token->place, "it is not known which line __LINE__ is");
	token->kind = TOKEN_NUMBER;
	snprintf(text, sizeof(text), "%u", token->place.line);
	token->text = work_text(pp->work, text, strlen(text));
	token->length = (uint32_t)strlen(token->text);
}

void macro_expand(struct preprocessor *pp, const struct token *at, size_t count, struct tokens *out)
{
	const struct tokens all = {(struct token *)at, count, count};
	const struct token *pulled;
	struct frame *top = NULL;

	if (++pp->depth > DEPTH_MOST)
		work_fail(pp->work, count ? at->place : (struct place){0},
			  "its macros are nested too deep");
	push(pp, &top, &all, NULL);
	while ((pulled = pull(&top))) {
		struct token token = *pulled;
		struct tokens replaced = {0}, *arguments = NULL;
		const struct token *ahead;
		struct macro *macro;
		bool is_in_call = pp->depth > 1 || top->below;

		preprocess_step(pp, token.place);
		if (!is_in_call)
			pp->is_of_lines = false;
		macro =
		    token.kind == TOKEN_NAME && !token.is_painted ? macro_find(pp, &token) : NULL;
		if (!macro) {
			if (token.kind == TOKEN_NAME)
				expand_own(pp, &token, is_in_call);
			LIST_ADD(pp->work, out, token);
			continue;
		}
		ahead = peek(top);
		if (macro->is_active || (macro->is_function && !(ahead && is_punct(ahead, '(')))) {
			token.is_painted = macro->is_active;
			LIST_ADD(pp->work, out, token);
			continue;
		}
		if (macro->is_function) {
			pull(&top);
			arguments = read_arguments(pp, macro, &top, &token);
		}
		macro_replace(pp, macro, &token, arguments, &replaced);
		push(pp, &top, &replaced, macro);
	}
	pp->depth--;
}
