/* SPDX-License-Identifier: MIT */
/* What the invocation of a macro stands for: parameters, # and ##. */
#include <string.h>

#include "preprocess.h"

/* Which parameter a token names, or -1. */
static int parameter_of(const struct macro *macro, const struct token *token)
{
	size_t i;

	if (token->kind != TOKEN_NAME || !macro->is_function)
		return -1;
	for (i = 0; i < macro->parameters.count; i++) {
		const struct token *name = &macro->parameters.at[i];

		if (name->length == token->length && !memcmp(name->text, token->text, name->length))
			return (int)i;
	}
	return -1;
}

static struct token string_of(struct preprocessor *pp, const struct tokens *argument,
			      struct token as)
{
	size_t length = 2, i, j;
	char *text, *to;

	for (i = 0; i < argument->count; i++)
		length += 2 * (size_t)argument->at[i].length + 1;
	to = text = work_take(pp->work, length + 1);
	*to++ = '"';
	for (i = 0; i < argument->count; i++) {
		const struct token *token = &argument->at[i];
		bool is_quoted = token->kind == TOKEN_STRING || token->kind == TOKEN_CHARACTER;

		if (i && token->has_space)
			*to++ = ' ';
		for (j = 0; j < token->length; j++) {
			if (is_quoted && (token->text[j] == '"' || token->text[j] == '\\'))
				*to++ = '\\';
			*to++ = token->text[j];
		}
	}
	*to++ = '"';
	as.kind = TOKEN_STRING;
	as.text = text;
	as.length = (uint32_t)(to - text);
	return as;
}

/* Joins a token to the last one of a list. */
static void paste(struct preprocessor *pp, struct tokens *out, const struct token *right,
		  struct place place)
{
	struct token *left = &out->at[out->count - 1];
	struct tokens joined = {0};
	bool has_space = left->has_space;
	char *text;

	if (right->kind == TOKEN_NOTHING)
		return;
	if (left->kind == TOKEN_NOTHING) {
		*left = *right;
		left->has_space = has_space;
		return;
	}
	text = work_take(pp->work, (size_t)left->length + right->length + 1);
	memcpy(text, left->text, left->length);
	memcpy(text + left->length, right->text, right->length);
	lex_source(pp->work, text, (size_t)left->length + right->length, place.file, &joined);
	if (joined.count != 1)
		work_fail(pp->work, place, "## makes no token of %.40s", text);
	*left = joined.at[0];
	left->has_space = has_space;
	left->is_first = false;
	left->place = place;
}

struct replacing {
	struct preprocessor *pp;
	const struct macro *macro;
	const struct token *name;
	const struct tokens *arguments;
	struct tokens *expanded;
	bool *is_expanded;
	struct tokens *out;
};

/* Adds what a token of the body stands for where ## is beside it: arguments as they were written.
 */
static void add_raw(struct replacing *r, const struct token *token, bool is_pasted)
{
	int parameter = parameter_of(r->macro, token);
	struct tokens one = {(struct token *)token, 1, 1};
	const struct tokens *list = parameter < 0 ? &one : &r->arguments[parameter];
	struct token nothing = *token;
	const struct tokens empty = {&nothing, 1, 1};
	size_t i;

	nothing.kind = TOKEN_NOTHING;
	nothing.length = 0;
	if (!list->count)
		list = &empty;
	for (i = 0; i < list->count; i++) {
		struct token add = list->at[i];

		if (parameter < 0)
			add.place = r->name->place;
		if (i == 0)
			add.has_space = token->has_space;
		add.is_first = false;
		if (i == 0 && is_pasted && r->out->count)
			paste(r->pp, r->out, &add, r->name->place);
		else
			LIST_ADD(r->pp->work, r->out, add);
	}
}

static void add_expanded(struct replacing *r, int parameter, const struct token *token)
{
	const struct tokens *argument = &r->arguments[parameter];
	size_t first = r->out->count, i;

	if (!r->is_expanded[parameter]) {
		macro_expand(r->pp, argument->at, argument->count, &r->expanded[parameter]);
		r->is_expanded[parameter] = true;
	}
	for (i = 0; i < r->expanded[parameter].count; i++) {
		preprocess_step(r->pp, r->name->place);
		LIST_ADD(r->pp->work, r->out, r->expanded[parameter].at[i]);
	}
	if (r->out->count > first) {
		r->out->at[first].has_space = token->has_space;
		r->out->at[first].is_first = false;
	}
}

/* `, ## __VA_ARGS__`: the comma goes where there is nothing after it. */
static bool is_comma_of_rest(const struct macro *macro, const struct token *left, int parameter)
{
	return macro->is_variadic && parameter == (int)macro->parameters.count - 1 &&
	       is_punct(left, ',');
}

void macro_replace(struct preprocessor *pp, const struct macro *macro, const struct token *name,
		   const struct tokens *arguments, struct tokens *out)
{
	const struct token *body = macro->body.at;
	size_t count = macro->body.count, i, j;
	size_t parameters = macro->parameters.count + 1;
	struct replacing r = {
	    .pp = pp,
	    .macro = macro,
	    .name = name,
	    .arguments = arguments,
	    .expanded = work_take(pp->work, parameters * sizeof(struct tokens)),
	    .is_expanded = work_take(pp->work, parameters * sizeof(bool)),
	    .out = out,
	};
	const uint32_t paste_mark = PUNCT2('#', '#');
	const bool is_left_out = pp->is_rest_left_out;
	bool is_pasted = false;

	for (i = 0; i < count; i++) {
		int parameter = parameter_of(macro, &body[i]);
		bool is_left = i + 1 < count && is_punct(&body[i + 1], paste_mark);

		preprocess_step(pp, name->place);
		if (is_punct(&body[i], paste_mark)) {
			int next = i + 1 < count ? parameter_of(macro, &body[i + 1]) : -1;

			if (!out->count || i + 1 == count)
				work_fail(pp->work, name->place, "## at an end of a macro");
			if (next >= 0 && i && is_comma_of_rest(macro, &body[i - 1], next)) {
				/* Of one that is there and empty not all say that the comma goes.
				 */
				if (!arguments[next].count && !is_left_out)
					work_fail(pp->work, name->place,
						  "a comma before ## and nothing");
				/* As it was written: it is looked at with what is around it. */
				if (arguments[next].count)
					add_raw(&r, &body[i + 1], false);
				else
					out->count--;
				i++;
				continue;
			}
			is_pasted = true;
			continue;
		}
		if (macro->is_function && is_punct(&body[i], '#') && i + 1 < count &&
		    parameter_of(macro, &body[i + 1]) >= 0) {
			struct token text = body[i];

			text.place = name->place;
			text = string_of(pp, &arguments[parameter_of(macro, &body[++i])], text);
			LIST_ADD(pp->work, out, text);
			continue;
		}
		if (is_pasted || is_left || parameter < 0)
			add_raw(&r, &body[i], is_pasted);
		else
			add_expanded(&r, parameter, &body[i]);
		is_pasted = false;
	}
	for (i = j = 0; i < out->count; i++) {
		if (out->at[i].kind != TOKEN_NOTHING)
			out->at[j++] = out->at[i];
	}
	out->count = j;
	if (out->count) {
		out->at[0].has_space = name->has_space;
		out->at[0].is_first = name->is_first;
	}
}
