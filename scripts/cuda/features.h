/* SPDX-License-Identifier: MIT */
/*
 * What the samples of `deno task check:cuda` try, whatever way they have to the driver. C and C++.
 */
#ifndef MVGAL_SAMPLE_FEATURES_H
#define MVGAL_SAMPLE_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of memory; of an array and a pool the sample says itself what it makes. */
enum kind { PLAIN, PITCH, MANAGED, ARRAY, ASYNC, POOL, MAPPED };

/* Memory that was allocated: `handle` is for the way's own use. */
struct block {
	uint64_t pointer;
	uint64_t handle;
	size_t bytes;
};

#define OUT_OF_MEMORY 2
/* The way has no such call. */
#define NOT_THERE (-1)

/* A way to the driver. Results are CUDA's codes: 0 for done. */
struct way {
	/* Driver, context, kernel. Once a process; `what` says which call failed. */
	int (*start)(const char **what);
	/* A thread that is to use the context. */
	int (*enter)(void);
	int (*count)(int *devices);
	int (*info)(size_t *unused, size_t *total);
	int (*allocate)(enum kind kind, size_t bytes, struct block *block);
	int (*release)(enum kind kind, struct block *block);
	int (*fill)(const struct block *block, size_t from, size_t bytes, unsigned char value);
	int (*read)(const struct block *block, size_t at, unsigned char *value);
	/* A kernel of 1 ms; an event after it; until that event has come to pass. */
	int (*launch)(void);
	int (*mark)(int event);
	int (*wait)(int event);
};

#define EVENTS 2

/*
 * Tries features, `name=number` each, and prints a line for each: `name ok`, or why not. Exit
 * status: 0, or 1 where one fails.
 */
int try_features(const struct way *way, int count, char **features);

/* Says why not, for the feature that is tried; returns false. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
int why_not(const char *format, ...);

/* Allocates blocks until it is refused. The blocks, and how many; -1 for another error. */
#define MOST_BLOCKS 40
int fill_up(const struct way *way, enum kind kind, size_t limit, struct block *blocks);
void give_back(const struct way *way, enum kind kind, struct block *blocks, int count);

/* Of sample_children.c: what takes other processes of the same group. */
int try_children(const struct way *way, const char *feature, size_t limit);
/* Makes the children that fork makes: before the driver is there, which no child inherits. */
void make_children(const struct way *way, int count, char **features);
/* The other side of a spawned child; true when this process is one. */
int is_child(const struct way *way, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
