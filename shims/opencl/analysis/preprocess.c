/* SPDX-License-Identifier: MIT */
/* Directives, and the files that they name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preprocess.h"

#define INCLUDES_MOST 64
#define BRANCHES_MOST 200
#define FILE_MOST ((size_t)8 << 20)

/* One #if that is not ended yet. */
struct branch {
	bool is_taken; /* the lines here count */
	bool was_taken, has_else, is_outer_taken;
	struct place place;
};

struct file {
	struct preprocessor *pp;
	const char *name;
	struct branch branches[BRANCHES_MOST];
	size_t branch_count;
	unsigned depth;
};

static void preprocess_file(struct preprocessor *pp, const char *text, size_t length,
			    const char *name, unsigned depth);

static bool is_live(const struct file *file)
{
	return !file->branch_count || file->branches[file->branch_count - 1].is_taken;
}

static const char *read_file(struct preprocessor *pp, const char *path, size_t *length)
{
	FILE *file = fopen(path, "re");
	char *text;

	if (!file)
		return NULL;
	/* Sources are small: what is larger is no header. */
	text = malloc(FILE_MOST);
	*length = text ? fread(text, 1, FILE_MOST, file) : 0;
	fclose(file);
	if (text && *length < FILE_MOST) {
		char *taken;

		/* Taken after the free, which work_fail() would leave out. */
		text = realloc(text, *length + 1) ?: text;
		if (*length + 16 > pp->work->limit - pp->work->used) {
			free(text);
			work_fail(pp->work, (struct place){0}, "a header is too large");
		}
		taken = work_text(pp->work, text, *length);
		free(text);
		return taken;
	}
	free(text);
	return NULL;
}

static void include_named(struct file *file, const char *name, struct place place)
{
	struct preprocessor *pp = file->pp;
	const struct analysis_input *input = pp->input;
	const char *text;
	size_t i, length;

	if (file->depth >= INCLUDES_MOST)
		work_fail(pp->work, place, "#include is nested too deep");
	for (i = 0; i < input->header_count; i++) {
		const struct analysis_header *header = &input->headers[i];

		if (!strcmp(header->name, name)) {
			preprocess_file(pp, header->source, header->length, name, file->depth + 1);
			return;
		}
	}
	for (i = 0; i <= pp->directories.count; i++) {
		const char *directory = i < pp->directories.count ? pp->directories.at[i] : ".";
		size_t size = strlen(directory) + strlen(name) + 2;
		char *path = work_take(pp->work, size);

		snprintf(path, size, "%s/%s", directory, name);
		text = read_file(pp, name[0] == '/' ? name : path, &length);
		if (text) {
			preprocess_file(pp, text, length, path, file->depth + 1);
			return;
		}
	}
	work_fail(pp->work, place, "no header is named %.80s", name);
}

static void include(struct file *file, const struct token *at, size_t count, struct place place)
{
	struct work *work = file->pp->work;
	struct tokens expanded = {0};
	size_t length = 0, i;
	char *name;

	if (count && at->kind == TOKEN_NAME) {
		macro_expand(file->pp, at, count, &expanded);
		at = expanded.at;
		count = expanded.count;
	}
	if (count && at->kind == TOKEN_STRING) {
		include_named(file, work_text(work, at->text + 1, at->length - 2), place);
		return;
	}
	if (!count || !is_punct(at, '<'))
		work_fail(work, place, "#include has no name");
	for (i = 1; i < count && !is_punct(&at[i], '>'); i++)
		length += at[i].length;
	name = work_take(work, length + 1);
	for (i = 1, length = 0; i < count && !is_punct(&at[i], '>'); i++) {
		memcpy(name + length, at[i].text, at[i].length);
		length += at[i].length;
	}
	include_named(file, name, place);
}

static void begin_branch(struct file *file, bool is_taken, struct place place)
{
	bool is_outer = is_live(file);

	if (file->branch_count == BRANCHES_MOST)
		work_fail(file->pp->work, place, "#if is nested too deep");
	file->branches[file->branch_count++] = (struct branch){
	    .is_taken = is_outer && is_taken,
	    .was_taken = is_taken,
	    .is_outer_taken = is_outer,
	    .place = place,
	};
}

/* Of #ifdef and #ifndef. */
static bool is_asked(const struct preprocessor *pp, const struct token *at, size_t count,
		     struct place place)
{
	enum macro_state state;

	if (count != 2 || at[1].kind != TOKEN_NAME)
		work_fail(pp->work, place, "#%.*s has no name", (int)at->length, at->text);
	state = macro_state(pp, &at[1]);
	if (state == MACRO_UNKNOWN)
		work_fail(pp->work, at[1].place, "it depends on what compilers define: %.*s",
			  (int)(at[1].length < 60 ? at[1].length : 60), at[1].text);
	return (state == MACRO_PRESENT) == token_is(at, "ifdef");
}

/* Directives that count in lines that do not. Whether it was one. */
static bool conditional(struct file *file, const struct token *at, size_t count, struct place place)
{
	struct preprocessor *pp = file->pp;
	struct branch *top = file->branch_count ? &file->branches[file->branch_count - 1] : NULL;

	if (token_is(at, "if")) {
		begin_branch(file,
			     is_live(file) && preprocess_condition(pp, at + 1, count - 1, place),
			     place);
	} else if (token_is(at, "ifdef") || token_is(at, "ifndef")) {
		begin_branch(file, is_live(file) && is_asked(pp, at, count, place), place);
	} else if (token_is(at, "elif") || token_is(at, "else")) {
		bool is_else = token_is(at, "else");

		if (!top || top->has_else)
			work_fail(pp->work, place, "#%.*s without #if", (int)at->length, at->text);
		top->has_else = is_else;
		top->is_taken = top->is_outer_taken && !top->was_taken &&
				(is_else || preprocess_condition(pp, at + 1, count - 1, place));
		top->was_taken |= top->is_taken;
	} else if (token_is(at, "endif")) {
		if (!top)
			work_fail(pp->work, place, "#endif without #if");
		file->branch_count--;
	} else if (token_is(at, "elifdef") || token_is(at, "elifndef")) {
		work_fail(pp->work, place, "#%.*s is not read by all compilers", (int)at->length,
			  at->text);
	} else {
		return false;
	}
	return true;
}

static void directive(struct file *file, const struct token *hash, size_t count)
{
	struct preprocessor *pp = file->pp;
	const struct token *at = hash + 1, *last = hash + count - 1;

	if (--count == 0 || conditional(file, at, count, hash->place) || !is_live(file))
		return;
	if (token_is(at, "define")) {
		macro_define(pp, at + 1, count - 1, hash->place);
	} else if (token_is(at, "undef")) {
		if (count > 1)
			macro_undefine(pp, &at[1]);
	} else if (token_is(at, "include")) {
		include(file, at + 1, count - 1, hash->place);
	} else if (token_is(at, "pragma") && count == 2 && token_is(&at[1], "once")) {
		LIST_ADD(pp->work, &pp->once, file->name);
	} else if (token_is(at, "pragma")) {
		struct token pragma = *hash;

		if (!pragma_is_known(at + 1, count - 1))
			work_fail(pp->work, hash->place, "a #pragma that is not known: %.*s",
				  (int)(count > 1 && at[1].length < 60 ? at[1].length : 0),
				  count > 1 ? at[1].text : "");
		pragma.kind = TOKEN_PRAGMA;
		pragma.length = (uint32_t)(last->text + last->length - hash->text);
		if (last->text - hash->text > 4096)
			work_fail(pp->work, hash->place, "a #pragma that is not understood");
		LIST_ADD(pp->work, pp->out, pragma);
	} else if (token_is(at, "error")) {
		work_fail(pp->work, hash->place, "#error: %.*s",
			  (int)(last->text > at->text && last->text - at->text < 120
				    ? last->text + last->length - at->text
				    : at->length),
			  at->text);
	} else if (token_is(at, "line") || at->kind == TOKEN_NUMBER) {
		pp->has_line = true;
	} else if (!token_is(at, "warning")) {
		work_fail(pp->work, hash->place, "#%.*s is not known", (int)at->length, at->text);
	}
}

static bool is_directive(const struct token *token)
{
	return token->is_first && is_punct(token, '#');
}

static void preprocess_file(struct preprocessor *pp, const char *text, size_t length,
			    const char *name, unsigned depth)
{
	struct file *file = work_take(pp->work, sizeof(*file));
	struct tokens tokens = {0};
	size_t i = 0;

	for (i = 0; i < pp->once.count; i++) {
		if (!strcmp(pp->once.at[i], name))
			return;
	}
	i = 0;
	*file = (struct file){.pp = pp, .name = name, .depth = depth};
	LIST_ADD(pp->work, &pp->files, name);
	lex_source(pp->work, text, length, (uint32_t)pp->files.count - 1, &tokens);
	while (i < tokens.count) {
		size_t end = i + 1;

		if (is_directive(&tokens.at[i])) {
			while (end < tokens.count && !tokens.at[end].is_first)
				end++;
			directive(file, &tokens.at[i], end - i);
		} else {
			while (end < tokens.count && !is_directive(&tokens.at[end]))
				end++;
			if (is_live(file))
				macro_expand(pp, &tokens.at[i], end - i, pp->out);
		}
		i = end;
	}
	if (file->branch_count)
		work_fail(pp->work, file->branches[file->branch_count - 1].place,
			  "#if has no #endif");
}

static void define_number(struct preprocessor *pp, const char *name, unsigned number)
{
	char text[64];

	snprintf(text, sizeof(text), "%s=%u", name, number);
	macro_define_text(pp, work_text(pp->work, text, strlen(text)), strlen(text));
}

void preprocess_begin(struct preprocessor *pp, struct work *work,
		      const struct analysis_input *input)
{
	static const char *const VERSIONS[] = {
	    "__ENDIAN_LITTLE__=1", "CL_VERSION_1_0=100", "CL_VERSION_1_1=110",
	    "CL_VERSION_1_2=120",  "CL_VERSION_2_0=200", "CL_VERSION_3_0=300",
	};
	/* Compilers of 2.0 have that, clang has neither 2.1 nor 2.2. */
	size_t versions = input->device_version >= 300 ? 6 : input->device_version >= 200 ? 5 : 4;
	size_t i;

	*pp = (struct preprocessor){.work = work, .input = input};
	pp->version = input->c_version ? input->c_version : 120;
	pp->has_version = input->c_version != 0;
	for (i = 0; i < versions; i++)
		macro_define_text(pp, VERSIONS[i], strlen(VERSIONS[i]));
	for (i = 0; i < input->macro_count; i++)
		macro_define_text(pp, input->macros[i], strlen(input->macros[i]));
	preprocess_options(pp);
	if (pp->has_version)
		define_number(pp, "__OPENCL_C_VERSION__", pp->version);
	if (input->device_version)
		define_number(pp, "__OPENCL_VERSION__", input->device_version);
	if (pp->is_fast)
		macro_define_text(pp, "__FAST_RELAXED_MATH__", 21);
}

void preprocess(struct preprocessor *pp, struct tokens *out)
{
	static const struct token END = {.kind = TOKEN_END, .text = "", .is_first = true};
	struct token end = END;

	pp->out = out;
	preprocess_file(pp, pp->input->source, pp->input->length, "", 0);
	pragma_check_operators(pp, out);
	if (out->count)
		end.place = out->at[out->count - 1].place;
	LIST_ADD(pp->work, out, end);
}
