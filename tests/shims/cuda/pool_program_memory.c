/* SPDX-License-Identifier: MIT */
/* Allocations: that they hold what is written, come back, and fail without a trace. */
#include "pool_program.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* FAKE_CARDS: three of 64 MiB, of which 2 each are spared. */
#define SUM (186 * MIB)

static size_t unused_now(void)
{
	size_t unused, total;

	EXPECT(cuMemGetInfo_v2(&unused, &total) == CUDA_SUCCESS);
	EXPECT(total == 192 * MIB);
	return unused;
}

void test_one(void)
{
	CUdeviceptr pointer;
	size_t bytes = 115 * MIB;
	int pieces[3] = {0};

	/* 1.8 times a card. */
	EXPECT(unused_now() == SUM);
	EXPECT(cuMemAlloc_v2(&pointer, bytes) == CUDA_SUCCESS);
	fill(pointer, bytes, 1);
	check(pointer, bytes, 1);
	for (size_t i = 0; i < bytes; i += 2 * MIB)
		pieces[fake_card_at(pointer + i)]++;
	for (int i = 0; i < 3; i++)
		EXPECT(pieces[i] >= 19 && pieces[i] <= 20);
	/* Neighbours lie on different cards. */
	for (size_t i = 0; i + 6 * MIB <= bytes; i += 2 * MIB)
		EXPECT(fake_card_at(pointer + i) != fake_card_at(pointer + i + 2 * MIB));
	EXPECT(session_bytes("pci:0000:07:00.0") == pieces[1] * (long long)(2 * MIB));
	EXPECT(unused_now() == SUM - 116 * MIB);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pointer) == CUDA_ERROR_INVALID_VALUE);
	EXPECT(unused_now() == SUM);
	expect_nothing_left();

	/* All there is in one, and not a byte more. */
	EXPECT(cuMemAlloc_v2(&pointer, SUM) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	pointer = 77;
	EXPECT(cuMemAlloc_v2(&pointer, SUM + 1) == CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(pointer == 77);
	EXPECT(cuMemAlloc_v2(&pointer, 0) != CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&pointer, SIZE_MAX) == CUDA_ERROR_OUT_OF_MEMORY);
	expect_nothing_left();
}

static int allocate_all(size_t bytes, CUdeviceptr *pointers, int most)
{
	int count = 0;

	while (count < most && cuMemAlloc_v2(&pointers[count], bytes) == CUDA_SUCCESS) {
		fill(pointers[count], bytes, (unsigned long)count);
		count++;
	}
	return count;
}

static void free_all(size_t bytes, const CUdeviceptr *pointers, int count)
{
	for (int i = 0; i < count; i++)
		check(pointers[i], bytes, (unsigned long)i);
	for (int i = 0; i < count; i++)
		EXPECT(cuMemFree_v2(pointers[i]) == CUDA_SUCCESS);
}

void test_many(void)
{
	static const size_t sizes[] = {300, 70000, 900000, 2 * MIB, 7 * MIB};
	static CUdeviceptr pointers[60000];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t bytes = sizes[i], most = i ? 60000 : 20000;
		int count = allocate_all(bytes, pointers, (int)most);

		/* 1.8 times a card at least; small ones have less over. */
		EXPECT((size_t)count == most || (size_t)count * bytes >= 115 * MIB);
		free_all(bytes, pointers, count);
		EXPECT(unused_now() == SUM);
		expect_nothing_left();
	}
}

/* What fits the own card is the driver's, also when unused pooled memory lies there. */
void test_local(void)
{
	CUdeviceptr pointers[8], pooled;
	size_t pitch;

	for (int i = 0; i < 6; i++) {
		EXPECT(cuMemAlloc_v2(&pointers[i], 10 * MIB) == CUDA_SUCCESS);
		EXPECT(fake_card_at(pointers[i]) == 0);
	}
	EXPECT(fake_calls("cuMemCreate") == 0);
	EXPECT(cuMemAlloc_v2(&pooled, 10 * MIB) == CUDA_SUCCESS);
	EXPECT(fake_calls("cuMemCreate") > 0);
	EXPECT(cuMemFree_v2(pooled) == CUDA_SUCCESS);
	EXPECT(cuMemAllocPitch_v2(&pooled, &pitch, 1000, 20000, 4) == CUDA_SUCCESS);
	EXPECT(pitch == 1024 && fake_card_at(pooled) > 0);
	fill(pooled, pitch * 20000, 4);
	check(pooled, pitch * 20000, 4);
	EXPECT(cuMemFree_v2(pooled) == CUDA_SUCCESS);
	for (int i = 0; i < 6; i++)
		EXPECT(cuMemFree_v2(pointers[i]) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&pooled, 100 * MIB) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pooled) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&pooled, 60 * MIB) == CUDA_SUCCESS);
	EXPECT(fake_card_at(pooled) == 0 && fake_card_at(pooled + 59 * MIB) == 0);
	EXPECT(fake_handles() == 0);
	EXPECT(cuMemFree_v2(pooled) == CUDA_SUCCESS);

	/* The same size again needs no new mapping. */
	EXPECT(cuMemAlloc_v2(&pooled, 100 * MIB) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pooled) == CUDA_SUCCESS);
	long maps = fake_calls("cuMemMap");
	EXPECT(cuMemAlloc_v2(&pooled, 99 * MIB) == CUDA_SUCCESS);
	EXPECT(fake_calls("cuMemMap") == maps);
	EXPECT(cuMemFree_v2(pooled) == CUDA_SUCCESS);
	expect_nothing_left();
}

/* Each call of the driver fails once, at each place. */
void test_failures(void)
{
	static const char *const names[] = {
	    "cuMemAddressReserve", "cuMemCreate",     "cuMemMap",
	    "cuMemSetAccess",	   "cuMemGetInfo_v2", "cuCtxGetDevice",
	    "cuCtxPushCurrent_v2", "cuCtxGetCurrent",
	};
	static const int codes[] = {CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_INVALID_VALUE,
				    CUDA_ERROR_UNKNOWN};

	for (size_t name = 0; name < sizeof(names) / sizeof(*names); name++)
		for (int i = 0; i < 180; i++) {
			CUdeviceptr pointer = 77;
			CUresult result;

			fake_fail(names[name], i / 3, codes[i % 3]);
			result = cuMemAlloc_v2(&pointer, 115 * MIB);
			fake_fail(NULL, 0, 0);
			if (result == CUDA_SUCCESS) {
				if (i % 40 == 0) {
					fill(pointer, 115 * MIB, 5);
					check(pointer, 115 * MIB, 5);
				}
				EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
			} else {
				EXPECT(pointer == 77);
			}
			/* What a card has less than it said is found on another. */
			if (name == 1 && i % 3 == 0)
				EXPECT(result == CUDA_SUCCESS);
			expect_nothing_left();
		}

	/* A wait that fails leaves the memory as it was. */
	CUdeviceptr pointer;

	EXPECT(cuMemAlloc_v2(&pointer, 115 * MIB) == CUDA_SUCCESS);
	fill(pointer, 115 * MIB, 6);
	fake_fail("cuCtxSynchronize", 0, 700);
	EXPECT(cuMemFree_v2(pointer) == 700);
	check(pointer, 115 * MIB, 6);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

struct slots {
	CUdeviceptr pointer[24];
	size_t bytes[24];
	CUcontext context;
	size_t largest;
	unsigned long seed;
	int rounds;
};

static void churn(struct slots *slots)
{
	for (int round = 0; round < slots->rounds; round++) {
		size_t i = random_below(24);
		CUresult result;

		if (slots->bytes[i]) {
			check(slots->pointer[i], slots->bytes[i], slots->seed + i);
			result = random_below(2) ? cuMemFree_v2(slots->pointer[i])
						 : cuMemFreeAsync(slots->pointer[i], NULL);
			EXPECT(result == CUDA_SUCCESS);
			slots->bytes[i] = 0;
			continue;
		}
		slots->bytes[i] = 1 + random_below(random_below(2) ? slots->largest : 100000);
		result = random_below(2)
			     ? cuMemAlloc_v2(&slots->pointer[i], slots->bytes[i])
			     : cuMemAllocAsync(&slots->pointer[i], slots->bytes[i], NULL);
		if (result != CUDA_SUCCESS) {
			EXPECT(result == CUDA_ERROR_OUT_OF_MEMORY);
			slots->bytes[i] = 0;
			continue;
		}
		fill(slots->pointer[i], slots->bytes[i], slots->seed + i);
	}
	for (size_t i = 0; i < 24; i++) {
		if (!slots->bytes[i])
			continue;
		check(slots->pointer[i], slots->bytes[i], slots->seed + i);
		EXPECT(cuMemFree_v2(slots->pointer[i]) == CUDA_SUCCESS);
	}
}

/* What comes and goes in all sizes overlaps nowhere, and leaves room for the largest again. */
void test_fragments(void)
{
	struct slots slots = {.largest = 30 * MIB, .seed = 1000, .rounds = 2000};
	CUdeviceptr pointer;

	churn(&slots);
	EXPECT(cuMemAlloc_v2(&pointer, SUM) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

static void *churn_thread(void *data)
{
	struct slots *slots = data;
	CUcontext popped;
	int attribute = 0;

	EXPECT(cuda_push(slots->context));
	churn(slots);
	cuPointerGetAttribute(&attribute, 9, 4096);
	EXPECT(cuda_pop(&popped));
	return NULL;
}

void test_threads(void)
{
	struct slots slots[4] = {0};
	pthread_t threads[4];

	for (unsigned long i = 0; i < 4; i++) {
		slots[i] = (struct slots){.largest = 12 * MIB, .seed = i << 32, .rounds = 250};
		slots[i].context = cuda_current();
		EXPECT(!pthread_create(&threads[i], NULL, churn_thread, &slots[i]));
	}
	for (int i = 0; i < 4; i++)
		EXPECT(!pthread_join(threads[i], NULL));
	expect_nothing_left();
}

/* Memory that is freed on a stream stays until the stream is past that point. */
void test_stream_order(void)
{
	CUdeviceptr pointer, other = 0;
	size_t before;

	EXPECT(cuMemAllocAsync(&pointer, 100 * MIB, NULL) == CUDA_SUCCESS);
	before = unused_now();
	fake_begin_work();
	EXPECT(cuMemFreeAsync(pointer, NULL) == CUDA_SUCCESS);
	EXPECT(cuMemFreeAsync(pointer, NULL) == CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuMemFree_v2(pointer) == CUDA_ERROR_INVALID_VALUE);
	EXPECT(unused_now() == before);
	fill(pointer, 100 * MIB, 3);
	fake_end_work();
	EXPECT(unused_now() == before + 100 * MIB);
	expect_nothing_left();

	/* An allocation that needs it waits. */
	EXPECT(cuMemAllocAsync(&pointer, 100 * MIB, NULL) == CUDA_SUCCESS);
	fake_begin_work();
	EXPECT(cuMemFreeAsync(pointer, NULL) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&other, 120 * MIB) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(other) == CUDA_SUCCESS);
	expect_nothing_left();

	/* A stream that is captured has no such point; allocations there are the driver's. */
	EXPECT(cuMemAllocAsync(&pointer, 100 * MIB, NULL) == CUDA_SUCCESS);
	EXPECT(cuMemFreeAsync(pointer, (CUstream)0x77) == CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuMemAllocAsync(&other, 70 * MIB, (CUstream)0x77) == CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

/* cuMemFree waits for work that uses the memory. */
void test_waits(void)
{
	CUdeviceptr pointer;

	EXPECT(cuMemAlloc_v2(&pointer, SUM) == CUDA_SUCCESS);
	fake_begin_work();
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	/* Now it is unmapped for another size. */
	EXPECT(cuMemAlloc_v2(&pointer, 100 * MIB) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

void test_contexts(void)
{
	CUdeviceptr pointer, small;

	EXPECT(cuMemAlloc_v2(&pointer, 100 * MIB) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&small, 100 * MIB) == CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(cuMemFreeAsync(pointer, NULL) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&pointer, 100 * MIB) == CUDA_SUCCESS);
	fake_begin_work();
	/* Its allocations go with a context. */
	EXPECT(cuDevicePrimaryCtxReset_v2(0) == CUDA_SUCCESS);
	expect_nothing_left();
	EXPECT(cuMemFree_v2(pointer) == CUDA_ERROR_INVALID_VALUE);

	/* With one that is gone already, nobody waits. */
	EXPECT(cuMemAlloc_v2(&pointer, 100 * MIB) == CUDA_SUCCESS);
	long waits = fake_calls("cuCtxSynchronize");
	EXPECT(cuCtxDestroy_v2(cuda_current()) == CUDA_SUCCESS);
	EXPECT(fake_calls("cuCtxSynchronize") == waits);
	expect_nothing_left();
}

static atomic_bool has_forked;

static void *fork_often(void *data)
{
	(void)data;
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			size_t unused, total;

			/* Not stuck in a lock that another thread had. */
			alarm(5);
			cuMemGetInfo_v2(&unused, &total);
			_exit(0);
		}
		EXPECT(waitpid(child, &status, 0) == child);
		EXPECT(WIFEXITED(status));
	}
	has_forked = true;
	return NULL;
}

void test_fork(void)
{
	CUdeviceptr pointer;
	pthread_t thread;

	EXPECT(cuMemAlloc_v2(&pointer, 115 * MIB) == CUDA_SUCCESS);
	EXPECT(!pthread_create(&thread, NULL, fork_often, NULL));
	while (!has_forked)
		unused_now();
	EXPECT(!pthread_join(thread, NULL));
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

/* MVGAL_POOL_HOST: 32 MiB, after the cards. */
void test_host(void)
{
	CUdeviceptr pointer, host, more;
	size_t unused, total;

	EXPECT(cuMemGetInfo_v2(&unused, &total) == CUDA_SUCCESS);
	EXPECT(unused == SUM + 32 * MIB && total == 224 * MIB);
	EXPECT(cuMemAlloc_v2(&pointer, 150 * MIB) == CUDA_SUCCESS);
	EXPECT(fake_used(-1) == 0);
	EXPECT(cuMemAlloc_v2(&host, 60 * MIB) == CUDA_SUCCESS);
	EXPECT(fake_used(-1) == 24 * MIB || fake_used(-1) == 26 * MIB);
	EXPECT(session_bytes("host") == (long long)fake_used(-1));
	fill(host, 60 * MIB, 9);
	check(host, 60 * MIB, 9);
	EXPECT(cuMemAlloc_v2(&more, 20 * MIB) == CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(cuMemFree_v2(host) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

/* Each card's part counts against its own limit. */
void test_limits(void)
{
	CUdeviceptr pointer, other;
	size_t unused, total;

	account_most[1] = 20 * MIB;
	EXPECT(cuMemGetInfo_v2(&unused, &total) == CUDA_SUCCESS);
	EXPECT(total == 148 * MIB && unused == 62 * MIB + 18 * MIB + 62 * MIB);
	EXPECT(cuDeviceTotalMem_v2(&total, 0) == CUDA_SUCCESS && total == 148 * MIB);
	EXPECT(cuMemAlloc_v2(&pointer, 130 * MIB) == CUDA_SUCCESS);
	EXPECT(account_used[1] > 0 && account_used[1] <= 20 * MIB);
	EXPECT(account_used[0] + account_used[1] + account_used[2] == 130 * MIB);
	EXPECT(cuMemAlloc_v2(&other, 20 * MIB) == CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}
