/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "spirv.h"
#include "spirv_op.h"

#define BOUND_MOST ((uint32_t)1 << 20)
#define WORDS_MOST ((size_t)1 << 22)
#define ADDRESSING_64 2
#define LOCAL_SIZE 17

/* Decorations, and what a parameter's attribute says. */
enum {
	CPACKED = 10,
	BUILT_IN = 11,
	VOLATILE = 21,
	CONSTANT = 22,
	PARAMETER = 38,
	BY_VALUE = 2,
};

static uint32_t turned(uint32_t word)
{
	return __builtin_bswap32(word);
}

bool spirv_is(const void *source, size_t length)
{
	uint32_t magic;

	if (length < sizeof(magic))
		return false;
	memcpy(&magic, source, sizeof(magic));
	return magic == SPIRV_MAGIC || turned(magic) == SPIRV_MAGIC;
}

const char *spirv_string(const uint32_t *at, uint32_t number)
{
	uint32_t length = spirv_length(at);

	if (number >= length || !memchr(at + number, 0, (length - number) * sizeof(*at)))
		return "";
	return (const char *)(at + number);
}

static void copy_words(struct spirv_module *m, const void *source, size_t length)
{
	size_t i;

	m->count = length / sizeof(*m->words);
	if (length % sizeof(*m->words) || m->count < 5 || m->count > WORDS_MOST)
		work_fail(m->work, (struct place){0},
			  "it has no whole number of words, or too many");
	m->words = work_take(m->work, length);
	memcpy(m->words, source, length);
	if (m->words[0] != SPIRV_MAGIC) {
		for (i = 0; i < m->count; i++)
			m->words[i] = turned(m->words[i]);
	}
}

/* Whether instructions follow each other up to the end. */
static void check_lengths(struct spirv_module *m)
{
	const uint32_t *at = m->words + 5, *end = m->words + m->count;

	for (; at < end; at += spirv_length(at)) {
		if (!spirv_length(at) || spirv_length(at) > (size_t)(end - at))
			work_fail(m->work, spirv_place(m, at),
				  "an instruction of no length, or that ends "
				  "behind the module (word %u)",
				  (unsigned)(at - m->words));
	}
}

static void decorate(struct spirv_module *m, uint32_t target, const uint32_t *at)
{
	struct spirv_id *id = spirv_id(m, target);

	if (id == m->ids)
		return;
	switch (spirv_word(at, 2)) {
	case CPACKED:
		id->flags |= SPIRV_IS_PACKED;
		break;
	case BUILT_IN:
		if (spirv_word(at, 3) < SPIRV_NONE)
			id->builtin = spirv_word(at, 3) + 1;
		break;
	case VOLATILE:
		id->flags |= SPIRV_IS_VOLATILE;
		break;
	case CONSTANT:
		id->flags |= SPIRV_IS_CONSTANT;
		break;
	case PARAMETER:
		if (spirv_word(at, 3) == BY_VALUE)
			id->flags |= SPIRV_IS_BY_VALUE;
		break;
	default:
		break;
	}
}

/* Decorations of a group hold for its members too: they come before. */
static void decorate_group(struct spirv_module *m, const uint32_t *at)
{
	const struct spirv_id *group = spirv_id(m, spirv_word(at, 1));
	uint32_t i;

	for (i = 2; i < spirv_length(at); i++) {
		struct spirv_id *id = spirv_id(m, at[i]);

		if (id == m->ids)
			continue;
		id->flags |= group->flags;
		if (group->builtin)
			id->builtin = group->builtin;
	}
}

static void make(struct spirv_module *m, const uint32_t *at)
{
	const struct spirv_format *format = spirv_format(spirv_op(at));
	uint32_t result = spirv_result(at);
	struct spirv_id *id = spirv_id(m, result);

	if (!result)
		return;
	if (id == m->ids || id->at)
		work_fail(m->work, spirv_place(m, at),
			  "an id is out of bounds, or is made twice (word %u)",
			  (unsigned)(at - m->words));
	id->at = at;
	if (format->has_type)
		id->type = spirv_id(m, spirv_word(at, 1))->type;
}

static void take_set(struct spirv_module *m, const uint32_t *at)
{
	static const char *const REMARKS[] = {"NonSemantic.", "OpenCL.DebugInfo.", "DebugInfo",
					      "SPIRV.debug"};
	const char *name = spirv_string(at, 2);
	size_t i;

	if (!strcmp(name, "OpenCL.std"))
		m->opencl = spirv_word(at, 1);
	for (i = 0; i < sizeof(REMARKS) / sizeof(*REMARKS); i++) {
		if (!strncmp(name, REMARKS[i], strlen(REMARKS[i])))
			spirv_id(m, spirv_word(at, 1))->flags |= SPIRV_IS_REMARK;
	}
}

/* What is before all functions. */
static void read_module(struct spirv_module *m, const uint32_t *at)
{
	uint32_t op = spirv_op(at);
	struct spirv_id *id;

	make(m, at);
	if (!m->first_type && spirv_format(op) && spirv_format(op)->has_result &&
	    op != OP_EXT_INST_IMPORT && op != OP_STRING && op != OP_DECORATION_GROUP)
		m->first_type = at;
	if (spirv_type(m, at))
		return;
	switch (op) {
	case OP_CAPABILITY:
		m->after_capabilities = at + spirv_length(at);
		m->has_vector16 |= spirv_word(at, 1) == 7;
		break;
	case OP_MEMORY_MODEL:
		if (spirv_word(at, 1) != ADDRESSING_64)
			work_fail(
			    m->work, spirv_place(m, at),
			    "its addresses have no 64 bits: it is no module for OpenCL, or of "
			    "another device");
		break;
	case OP_NAME:
		id = spirv_id(m, spirv_word(at, 1));
		if (id != m->ids)
			id->name = spirv_string(at, 2);
		break;
	case OP_EXECUTION_MODE:
		if (spirv_word(at, 2) == LOCAL_SIZE)
			spirv_id(m, spirv_word(at, 1))->local_size = at;
		break;
	case OP_DECORATE:
		decorate(m, spirv_word(at, 1), at);
		break;
	case OP_GROUP_DECORATE:
		decorate_group(m, at);
		break;
	case OP_EXT_INST_IMPORT:
		take_set(m, at);
		break;
	default:
		break;
	}
}

void spirv_read(struct work *work, struct spirv_module *m, const void *source, size_t length)
{
	const uint32_t *at, *end;
	struct spirv_function **to = &m->functions, *f;
	uint32_t i;

	*m = (struct spirv_module){.work = work};
	copy_words(m, source, length);
	m->bound = m->words[3];
	if (!m->bound || m->bound > BOUND_MOST)
		work_fail(work, (struct place){0}, "its ids are too many");
	check_lengths(m);
	m->ids = work_take(work, m->bound * sizeof(*m->ids));
	for (i = 0; i < m->bound; i++)
		m->ids[i].slot = m->ids[i].block = m->ids[i].content = SPIRV_NONE;
	m->after_capabilities = m->words + 5;
	end = m->words + m->count;
	for (at = m->words + 5; at < end && spirv_op(at) != OP_FUNCTION; at += spirv_length(at)) {
		if (spirv_op(at) == OP_LINE)
			LIST_ADD(work, &m->lines,
				 ((struct spirv_line){(uint32_t)(at - m->words), spirv_word(at, 1),
						      spirv_word(at, 2)}));
		read_module(m, at);
	}
	m->body = at;
	while (at < end) {
		if (spirv_op(at) != OP_FUNCTION) {
			/* OpLine between functions. */
			at += spirv_length(at);
			continue;
		}
		f = work_take(work, sizeof(*f));
		*to = f;
		to = &f->next;
		f->at = at;
		make(m, at);
		spirv_id(m, spirv_word(at, 2))->function = f;
		at = spirv_function(m, at);
	}
	for (f = m->functions; f; f = f->next)
		spirv_graph(m, f);
}
