/* SPDX-License-Identifier: MIT */
/* Memory of one piece of work, freed at once, and the one way out of it. */
#ifndef MVGAL_ANALYSIS_WORK_H
#define MVGAL_ANALYSIS_WORK_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where something is in the user's source. */
struct place {
	uint32_t file, line, column;
};

struct work_block;

struct work {
	struct work_block *blocks;
	size_t used, limit;
	/* Where work_fail() goes. Whoever begins the work sets it. */
	jmp_buf escape;
	/* Why it went there. */
	struct place place;
	char message[160];
	bool is_out_of_memory;
};

/* Zeroed memory, aligned for anything; leaves by work_fail() when there is none. */
void *work_take(struct work *work, size_t size);

/* A larger copy of an array. */
void *work_grow(struct work *work, const void *from, size_t used, size_t wanted);

/* A copy that ends with a zero. */
char *work_text(struct work *work, const char *text, size_t length);

/* Gives the work up. */
__attribute__((noreturn, format(printf, 3, 4))) void
work_fail(struct work *work, struct place place, const char *format, ...);

void work_free(struct work *work);

/* A list that grows: `struct T *at; size_t count, room`. */
#define LIST_ADD(work, list, item)                                                                 \
	do {                                                                                       \
		if ((list)->count == (list)->room) {                                               \
			size_t wanted_ = (list)->room ? 2 * (list)->room : 8;                      \
			(list)->at =                                                               \
			    work_grow((work), (list)->at, (list)->count * sizeof(*(list)->at),     \
				      wanted_ * sizeof(*(list)->at));                              \
			(list)->room = wanted_;                                                    \
		}                                                                                  \
		(list)->at[(list)->count++] = (item);                                              \
	} while (0)

#endif
