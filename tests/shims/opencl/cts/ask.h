/* SPDX-License-Identifier: MIT */
/* What checks of queries and errors say often. */
#ifndef ASK_H
#define ASK_H

#include "cts.h"

#define IS(condition) EXPECT(condition, "line %d: %s", __LINE__, #condition)
#define SAME(a, b) ask_same((long long)(a), (long long)(b), #a, __LINE__)

/* A query that a value answers: its size is told, it is taken, and less room is refused. */
#define QUERY(function, object, name, value)                                                       \
	do {                                                                                       \
		size_t used_ = 0;                                                                  \
		OK(function(object, name, 0, NULL, &used_));                                       \
		SAME(used_, sizeof(value));                                                        \
		OK(function(object, name, sizeof(value), &(value), NULL));                         \
		REFUSED(function(object, name, sizeof(value) - 1, &(value), NULL),                 \
			CL_INVALID_VALUE);                                                         \
	} while (0)
/* The same, and the value is this one. */
#define QUERY_IS(function, object, name, type, want)                                               \
	do {                                                                                       \
		type value_;                                                                       \
		QUERY(function, object, name, value_);                                             \
		EXPECT(value_ == (want), "line %d: %s is another one than %s", __LINE__, #name,    \
		       #want);                                                                     \
	} while (0)

static inline void ask_same(long long got, long long want, const char *what, int line)
{
	EXPECT(got == want, "line %d: %s is %lld instead of %lld", line, what, got, want);
}

/* Zeroed host memory for CL_MEM_USE_HOST_PTR: aligned for all types. */
static inline void *ask_host(size_t size)
{
	const size_t room = (size + 127) / 128 * 128;
	void *memory = aligned_alloc(128, room ? room : 128);

	EXPECT(memory, "no %zu bytes on the host", size);
	return cts_own(CTS_HOST, memset(memory, 0, room));
}

#endif
