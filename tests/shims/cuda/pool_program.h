/* SPDX-License-Identifier: MIT */
/* What the tests of pooled memory share. */
#ifndef POOL_PROGRAM_H
#define POOL_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "hooks.h"
#include "pool_driver.h"

#define MIB ((size_t)1 << 20)

/* The hooks, as the program calls them. */
#define DECLARE(result, name, parameters, arguments) result name parameters;
MVGAL_MEMORY_HOOKS(DECLARE)
MVGAL_POOL_HOOKS(DECLARE)
#undef DECLARE

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* Bytes that the session's page has of a GPU: by its slot, or "host". */
long long session_bytes(const char *id);

/* What the accounts have granted of a card, and what they grant at most. */
extern size_t account_used[8], account_most[8];

/* What nobody uses is given back, too; then the driver has nothing of the pool's left. */
void expect_nothing_left(void);

size_t random_below(size_t most);

/* Writes each page, and sees whether each has what was written. */
void fill(CUdeviceptr pointer, size_t bytes, unsigned long seed);
void check(CUdeviceptr pointer, size_t bytes, unsigned long seed);

/* The driver's own, which no hook stands before. */
CUcontext cuda_current(void);
bool cuda_push(CUcontext context);
bool cuda_pop(CUcontext *context);
bool cuda_reserve(CUdeviceptr *pointer, size_t bytes);
bool cuda_access(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc *access);

void test_plan(void);
void test_arena(void);
void test_one(void);
void test_many(void);
void test_local(void);
void test_failures(void);
void test_fragments(void);
void test_threads(void);
void test_stream_order(void);
void test_waits(void);
void test_attributes(void);
void test_devices(void);
void test_copies(void);
void test_program_vmm(void);
void test_contexts(void);
void test_fork(void);
void test_host(void);
void test_limits(void);
void test_unreached(void);

#endif
