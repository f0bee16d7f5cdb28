/* SPDX-License-Identifier: MIT */
/*
 * What calls take by the driver's own functions, and by those that the program is given, side by
 * side in one process, on one stream: launches of an empty kernel, and pairs of cuMemAlloc and
 * cuMemFree of 1 MiB.
 *
 *     launch_loop BURST BLOCK SECONDS ALLOCATIONS [default]
 *
 * Both sides take turns in blocks of some ms, ABBABAAB, so that what drifts hits both alike; which
 * of them is A is random, with a fixed seed. A block is bursts of BURST launches until it takes
 * BLOCK ms; after each burst its end is waited for, so that the driver's queue, where BURST is less
 * than it holds, never holds a launch up. Blocks of allocations take 2 ms at most.
 *
 * At the start it prints "hooked" and whether the two sides differ. Then, for a line on stdin,
 * eight blocks a line for SECONDS (ALLOCATIONS seconds of the third figure): the figure's number
 * and the nanoseconds of the driver's side and of the other; then a dot. Figures are 0, the call
 * alone; 1, the launch until its end; 2, the allocation. With "default" the launches go into the
 * default stream.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "own_dlsym.h"

/* In a round; each side has half of them. */
#define BLOCKS 8
#define MOST_IN_A_BLOCK 100000
#define ALLOCATIONS_NS 2e6

static const char ptx[] = ".version 7.0\n.target sm_52\n.address_size 64\n"
			  ".visible .entry empty() { ret; }\n";

typedef int resolver(const char *, void **, int, uint64_t, int *);

/* How functions are found: by the C library's dlsym, or by that which the program has. */
struct way {
	void *(*look)(void *, const char *);
	resolver *resolve;
};

struct side {
	int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
		      void *, void **, void **);
	int (*allocate)(unsigned long long *, size_t);
	int (*release)(unsigned long long);
};

/* Nanoseconds of a block. */
struct taken {
	double calls;
	double whole;
};

static struct {
	void *driver;
	/* The driver's own, and the program's. */
	struct side sides[2];
	int (*synchronize)(void);
	void *function;
	void *stream;
	long burst;
	uint32_t random;
} loop = {.random = 1};

static void *find(const struct way *way, const char *name)
{
	void *found = NULL;

	if (!way->resolve || way->resolve(name, &found, 12000, 0, NULL) || !found)
		found = way->look(loop.driver, name);
	if (!found) {
		fprintf(stderr, "the driver has no %s\n", name);
		exit(1);
	}
	return found;
}

static void check(int result, const char *what)
{
	if (result) {
		fprintf(stderr, "%s: error %d\n", what, result);
		exit(1);
	}
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static void find_side(struct side *side, struct way *way)
{
	way->resolve = (resolver *)way->look(loop.driver, "cuGetProcAddress_v2");
	side->launch = find(way, "cuLaunchKernel");
	/* Memory of today's ABI has its version in the symbol's name. */
	side->allocate = way->look(loop.driver, "cuMemAlloc_v2");
	side->release = way->look(loop.driver, "cuMemFree_v2");
	if (!side->allocate || !side->release) {
		fprintf(stderr, "the driver has no cuMemAlloc_v2\n");
		exit(1);
	}
}

static void begin(bool in_default)
{
	struct way own = {.look = own_dlsym}, given = {.look = dlsym};
	void *context, *module;
	int device;

	find_side(&loop.sides[0], &own);
	find_side(&loop.sides[1], &given);
	check(((int (*)(unsigned))find(&given, "cuInit"))(0), "cuInit");
	check(((int (*)(int *, int))find(&given, "cuDeviceGet"))(&device, 0), "cuDeviceGet");
	check(((int (*)(void **, int))find(&given, "cuDevicePrimaryCtxRetain"))(&context, device),
	      "cuDevicePrimaryCtxRetain");
	check(((int (*)(void *))find(&given, "cuCtxSetCurrent"))(context), "cuCtxSetCurrent");
	check(((int (*)(void **, const void *))find(&given, "cuModuleLoadData"))(&module, ptx),
	      "cuModuleLoadData");
	check(((int (*)(void **, void *, const char *))find(&given, "cuModuleGetFunction"))(
		  &loop.function, module, "empty"),
	      "cuModuleGetFunction");
	if (!in_default)
		check(((int (*)(void **, unsigned))find(&given, "cuStreamCreate"))(&loop.stream, 1),
		      "cuStreamCreate");
	loop.synchronize = find(&given, "cuCtxSynchronize");
}

static struct taken launch_block(const struct side *side, long bursts)
{
	struct taken taken = {0};

	for (long burst = 0; burst < bursts; burst++) {
		double from = now_ns(), issued;

		for (long i = 0; i < loop.burst; i++)
			check(side->launch(loop.function, 1, 1, 1, 1, 1, 1, 0, loop.stream, NULL,
					   NULL),
			      "cuLaunchKernel");
		issued = now_ns();
		check(loop.synchronize(), "cuCtxSynchronize");
		taken.calls += issued - from;
		taken.whole += now_ns() - from;
	}
	return taken;
}

/* What one side has allocated it gives back itself. */
static struct taken allocate_block(const struct side *side, long pairs)
{
	double from = now_ns();

	for (long i = 0; i < pairs; i++) {
		unsigned long long pointer;

		check(side->allocate(&pointer, 1 << 20), "cuMemAlloc_v2");
		check(side->release(pointer), "cuMemFree_v2");
	}
	return (struct taken){.calls = now_ns() - from};
}

/* xorshift32 (G. Marsaglia, 2003). */
static unsigned random_bit(void)
{
	loop.random ^= loop.random << 13;
	loop.random ^= loop.random >> 17;
	loop.random ^= loop.random << 5;
	return loop.random >> 31;
}

/*
 * Eight blocks, in the order of Thue and Morse: the sum of each side's four. Each side is as often
 * first, second, third and last of four.
 */
static void measure(struct taken taken[2], struct taken (*block)(const struct side *, long),
		    long count)
{
	unsigned first = random_bit();

	taken[0] = taken[1] = (struct taken){0};
	for (int i = 0; i < BLOCKS; i++) {
		unsigned side = first ^ (0x96u >> i & 1);
		struct taken one = block(&loop.sides[side], count);

		taken[side].calls += one.calls;
		taken[side].whole += one.whole;
	}
}

/* How much takes so many nanoseconds. */
static long count_for(double ns, double one)
{
	double count = ns / (one > 0 ? one : 1);

	return count < 1 ? 1 : count > MOST_IN_A_BLOCK ? MOST_IN_A_BLOCK : (long)count;
}

int main(int argc, char **argv)
{
	double block_ns, seconds, allocations, end;
	struct taken taken[2];
	long bursts, pairs;

	if (argc < 5) {
		fprintf(stderr, "launch_loop BURST BLOCK SECONDS ALLOCATIONS [default]\n");
		return 2;
	}
	loop.burst = atol(argv[1]);
	block_ns = atof(argv[2]) * 1e6;
	seconds = atof(argv[3]);
	allocations = atof(argv[4]);
	loop.driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!loop.driver) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	begin(argc > 5);
	printf("hooked %d\n", loop.sides[0].launch != loop.sides[1].launch);
	for (int side = 0; side < 2; side++) {
		launch_block(&loop.sides[side], 10);
		allocate_block(&loop.sides[side], 10);
	}
	fflush(stdout);
	while (getchar() != EOF) {
		measure(taken, launch_block, 5);
		bursts = count_for(block_ns, taken[0].whole / (5 * BLOCKS / 2));
		end = now_ns() + seconds * 1e9;
		while (now_ns() < end) {
			double launches = BLOCKS / 2.0 * bursts * loop.burst;

			measure(taken, launch_block, bursts);
			printf("0 %.3f %.3f\n1 %.3f %.3f\n", taken[0].calls / launches,
			       taken[1].calls / launches, taken[0].whole / launches,
			       taken[1].whole / launches);
		}
		measure(taken, allocate_block, 10);
		pairs = count_for(block_ns < ALLOCATIONS_NS ? block_ns : ALLOCATIONS_NS,
				  taken[0].calls / (10 * BLOCKS / 2));
		end = now_ns() + allocations * 1e9;
		while (now_ns() < end) {
			measure(taken, allocate_block, pairs);
			printf("2 %.3f %.3f\n", taken[0].calls / (BLOCKS / 2.0 * pairs),
			       taken[1].calls / (BLOCKS / 2.0 * pairs));
		}
		puts(".");
		fflush(stdout);
	}
	return 0;
}
