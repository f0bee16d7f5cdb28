/* SPDX-License-Identifier: MIT */
/* The kernels of a program, for those who ask. */
#include <stdio.h>
#include <string.h>

#include "program.h"

static const char *spelled(struct work *work, const struct type *type)
{
	static const char *const SPACES[] = {"",	"private ",  "local ",
					     "global ", "constant ", "generic "};
	char text[96];

	if (type->kind == TYPE_POINTER)
		snprintf(text, sizeof(text), "%s%.60s*", SPACES[type->space],
			 spelled(work, type->of));
	else if (type->kind == TYPE_VECTOR)
		snprintf(text, sizeof(text), "%.40s%u", spelled(work, type->of),
			 (unsigned)type->count);
	else if (type->kind == TYPE_ARRAY)
		snprintf(text, sizeof(text), "%.40s[%llu]", spelled(work, type->of),
			 (unsigned long long)type->count);
	else
		snprintf(text, sizeof(text), "%.80s", type->name ? type->name : "?");
	return work_text(work, text, strlen(text));
}

static enum analysis_arg_kind kind_of(const struct type *type)
{
	switch (type->kind) {
	case TYPE_POINTER:
		return type->space == SPACE_LOCAL ? ANALYSIS_LOCAL : ANALYSIS_BUFFER;
	case TYPE_IMAGE:
		return ANALYSIS_IMAGE;
	case TYPE_SAMPLER:
		return ANALYSIS_SAMPLER;
	case TYPE_OTHER:
	case TYPE_EVENT:
	case TYPE_UNKNOWN:
		return ANALYSIS_OTHER;
	default:
		return ANALYSIS_SCALAR;
	}
}

/* One more than the largest dimension that functions ask for by number. */
static unsigned dimensions_of(const struct analysis *analysis, const struct signature *kernel)
{
	const struct token *tokens = analysis->tokens.at;
	unsigned most = 1;
	size_t i, j;

	for (i = 0; i < analysis->tree.signatures.count; i++) {
		const struct signature *s = &analysis->tree.signatures.at[i];

		if (s != kernel && s->is_kernel)
			continue;
		for (j = s->body_first; j + 2 < s->body_last; j++) {
			unsigned d;

			if (tokens[j].kind != TOKEN_NAME || tokens[j].length < 5 ||
			    strncmp(tokens[j].text, "get_", 4) || !is_punct(&tokens[j + 1], '(') ||
			    tokens[j + 2].kind != TOKEN_NUMBER)
				continue;
			d = (unsigned)(tokens[j + 2].text[0] - '0');
			if (d < 3 && d + 1 > most)
				most = d + 1;
		}
	}
	return most;
}

void describe_kernel(struct analysis *analysis, const struct function *function,
		     unsigned dimensions)
{
	struct kernel kernel = {.function = function};
	struct analysis_arg_info *args =
	    work_take(&analysis->work, (function->parameter_count + 1) * sizeof(*args));
	const struct variable *parameter = function->parameters;
	unsigned i;

	for (i = 0; parameter; parameter = parameter->next, i++) {
		const struct type *type = parameter->type;

		args[i].name = parameter->name;
		args[i].type = spelled(&analysis->work, type);
		args[i].kind = kind_of(type);
		args[i].size = args[i].kind == ANALYSIS_SCALAR	 ? type->size
			       : args[i].kind == ANALYSIS_BUFFER ? type->of->size
								 : 0;
		args[i].is_integer = is_integer(type);
	}
	kernel.info = (struct analysis_kernel_info){
	    .name = function->name,
	    .line = function->place.line,
	    .column = function->place.column,
	    .arg_count = function->parameter_count,
	    .args = args,
	    .has_hidden = !analysis->grid_reason && rewrite_asks(analysis, function->name),
	    .dimensions = dimensions,
	};
	for (i = 0; i < 3; i++)
		kernel.info.required_local[i] = (size_t)function->required_local[i];
	LIST_ADD(&analysis->work, &analysis->kernels, kernel);
}

void list_kernels(struct analysis *analysis)
{
	const struct function *function = analysis->tree.functions;
	size_t i;

	for (; function; function = function->next) {
		const struct signature *signature = NULL;

		if (!function->is_kernel || !function->is_defined)
			continue;
		for (i = 0; i < analysis->tree.signatures.count; i++) {
			const struct signature *s = &analysis->tree.signatures.at[i];

			if (s->body_last && !strcmp(s->name, function->name))
				signature = s;
		}
		describe_kernel(analysis, function, dimensions_of(analysis, signature));
	}
}
