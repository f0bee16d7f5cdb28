/* SPDX-License-Identifier: MIT */
#include "analysis.h"

#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "spirv.h"

#define PROGRAM_BYTES ((size_t)256 << 20)

static void create_of_spirv(struct analysis *analysis, const struct analysis_input *input)
{
	const char *options = input->options ? input->options : "";

	analysis->spirv = work_take(&analysis->work, sizeof(*analysis->spirv));
	analysis->pp.options = work_text(&analysis->work, options, strlen(options));
	spirv_read(&analysis->work, analysis->spirv, input->source, input->length);
	spirv_rewrite(analysis, analysis->spirv);
	spirv_kernels(analysis, analysis->spirv);
}

struct analysis *analysis_create(const struct analysis_input *input)
{
	struct analysis *analysis = calloc(1, sizeof(*analysis));

	if (!analysis)
		return NULL;
	analysis->work.limit = PROGRAM_BYTES;
	if (setjmp(analysis->work.escape)) {
		analysis->has_failed = true;
		analysis->kernels.count = 0;
		return analysis;
	}
	if (spirv_is(input->source, input->length)) {
		create_of_spirv(analysis, input);
		return analysis;
	}
	preprocess_begin(&analysis->pp, &analysis->work, input);
	preprocess(&analysis->pp, &analysis->tokens);
	parse(&analysis->work, &analysis->tokens, analysis->pp.version, &analysis->tree);
	rewrite(analysis);
	list_kernels(analysis);
	/* Not the analysis' own; nobody is to look there again. */
	analysis->pp.input = NULL;
	return analysis;
}

void analysis_free(struct analysis *analysis)
{
	if (!analysis)
		return;
	work_free(&analysis->work);
	free(analysis);
}

const char *analysis_error(const struct analysis *analysis, unsigned *line, unsigned *column)
{
	const struct place *place = &analysis->work.place;
	const bool is_known = place->file == 0 && place->line;

	if (!analysis->has_failed)
		return NULL;
	if (line)
		*line = is_known ? place->line : 0;
	if (column)
		*column = is_known ? place->column : 0;
	return analysis->work.message;
}

const char *analysis_source(const struct analysis *analysis, size_t *length)
{
	*length = analysis->has_failed ? 0 : analysis->length;
	return analysis->has_failed ? NULL : analysis->text;
}

bool analysis_is_spirv(const struct analysis *analysis)
{
	return analysis->spirv != NULL;
}

const char *analysis_options(const struct analysis *analysis)
{
	return analysis->pp.options ? analysis->pp.options : "";
}

size_t analysis_kernel_count(const struct analysis *analysis)
{
	return analysis->kernels.count;
}

int analysis_kernel_find(const struct analysis *analysis, const char *name)
{
	size_t i;

	for (i = 0; i < analysis->kernels.count; i++) {
		if (!strcmp(analysis->kernels.at[i].info.name, name))
			return (int)i;
	}
	return -1;
}

bool analysis_kernel_info(const struct analysis *analysis, size_t kernel,
			  struct analysis_kernel_info *info)
{
	if (kernel >= analysis->kernels.count)
		return false;
	*info = analysis->kernels.at[kernel].info;
	return true;
}

size_t analysis_gap_count(const struct analysis *analysis)
{
	return analysis->has_failed ? 0 : analysis->tree.gaps.count;
}

const char *analysis_gap(const struct analysis *analysis, size_t gap, unsigned *line,
			 unsigned *column)
{
	const struct gap *of = &analysis->tree.gaps.at[gap];

	*line = of->place.file == 0 ? of->place.line : 0;
	*column = *line ? of->place.column : 0;
	return of->message;
}
