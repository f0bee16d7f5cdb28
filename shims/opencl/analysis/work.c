/* SPDX-License-Identifier: MIT */
#include "work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 << 10)

struct work_block {
	struct work_block *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

__attribute__((noreturn)) static void out_of_memory(struct work *work)
{
	work->is_out_of_memory = true;
	snprintf(work->message, sizeof(work->message), "it takes more memory than there is for it");
	longjmp(work->escape, 1);
}

void *work_take(struct work *work, size_t size)
{
	struct work_block *block = work->blocks;
	void *taken;

	if (size > work->limit - work->used)
		out_of_memory(work);
	size = (size + 15) & ~(size_t)15;
	if (!block || block->size - block->used < size) {
		size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + bytes);
		if (!block)
			out_of_memory(work);
		*block = (struct work_block){.next = work->blocks, .size = bytes};
		work->blocks = block;
	}
	taken = block->bytes + block->used;
	block->used += size;
	work->used += size < work->limit - work->used ? size : work->limit - work->used;
	return memset(taken, 0, size);
}

void *work_grow(struct work *work, const void *from, size_t used, size_t wanted)
{
	void *taken = work_take(work, wanted);

	if (used)
		memcpy(taken, from, used);
	return taken;
}

char *work_text(struct work *work, const char *text, size_t length)
{
	char *taken = work_take(work, length + 1);

	if (length)
		memcpy(taken, text, length);
	return taken;
}

void work_fail(struct work *work, struct place place, const char *format, ...)
{
	va_list args;

	work->place = place;
	va_start(args, format);
	vsnprintf(work->message, sizeof(work->message), format, args);
	va_end(args);
	longjmp(work->escape, 1);
}

void work_free(struct work *work)
{
	while (work->blocks) {
		struct work_block *next = work->blocks->next;

		free(work->blocks);
		work->blocks = next;
	}
	work->used = 0;
}
