/* SPDX-License-Identifier: MIT */
/* An instruction of a module, for those who read of it. */
#include <string.h>

#include "spirv.h"
#include "spirv_op.h"

/* The line of the source that a word is of, where the module says so. */
static const struct spirv_line *line_of(const struct spirv_module *m, const uint32_t *at)
{
	const struct spirv_line *found = NULL;
	const struct spirv_function *f = m->functions;
	size_t i;

	while (f && !(at >= f->at && at < f->end))
		f = f->next;
	for (i = 0; f && i < m->lines.count; i++) {
		const struct spirv_line *line = &m->lines.at[i];

		if (m->words + line->word > f->at && m->words + line->word < at)
			found = line;
	}
	return found;
}

bool analysis_instruction(const struct analysis *analysis, unsigned word,
			  struct analysis_instruction *instruction)
{
	const struct spirv_module *m = analysis->spirv;
	const struct spirv_format *format;
	const struct spirv_line *line;
	const uint32_t *at;

	if (!m || analysis->has_failed || word < 5 || word >= m->count)
		return false;
	for (at = m->words + 5; at < m->words + word; at += spirv_length(at))
		;
	format = spirv_format(spirv_op(at));
	if (at != m->words + word || !format)
		return false;
	*instruction = (struct analysis_instruction){.name = format->name, .file = ""};
	line = line_of(m, at);
	if (line && spirv_id(m, line->file)->at &&
	    spirv_op(spirv_id(m, line->file)->at) == OP_STRING) {
		instruction->file = spirv_string(spirv_id(m, line->file)->at, 2);
		instruction->line = line->line;
	}
	return true;
}
