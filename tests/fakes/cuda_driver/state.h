/*
 * What all processes on the fake's GPUs share: one mapped file, `state`, in the fake's directory.
 * The first bytes, up to the counters, are also read and written by tests/fakes/cuda_driver.ts.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

enum {
	MAX_DEVICES = 16,
	HOST = MAX_DEVICES, /* the place of host memory that was made by cuMemCreate */
	MAX_PROCESSES = 64,
	MAX_EXTENTS = 16384,
	MAX_COUNTERS = 1024,
	MAX_FAULTS = 64,
	MAX_STEPS = 4096,
	MAX_SAMPLES = 128,
	SAMPLE_NS = 10000000
};

/* `fail NAME after N code C times T`: calls N+1 to N+T of the function return C. */
struct fault {
	char name[64];
	int64_t after;
	int32_t code;
	int32_t times;
	uint64_t seen;
	uint64_t pad;
};

struct counter {
	char name[56];
	uint64_t calls;
};

/* The end of a stretch of time in which a process got 1/share of a device. */
struct step {
	uint64_t time;
	uint64_t service;
	uint64_t share;
};

/* A process's work on a device, in nanoseconds of the whole device. */
struct work {
	uint64_t queued;  /* submitted so far */
	uint64_t service; /* done so far */
	uint32_t steps;	  /* written so far into the ring */
	struct step ring[MAX_STEPS];
	struct {
		uint64_t tick;
		uint64_t service;
	} samples[MAX_SAMPLES];
};

struct process {
	int32_t pid;
	int32_t pad;
	uint64_t start;
	uint64_t charges[MAX_DEVICES]; /* contexts and modules */
	uint32_t contexts[MAX_DEVICES];
	struct work work[MAX_DEVICES];
};

/* A piece of a device's memory; it lives as long as one process holds it. */
struct extent {
	uint64_t offset; /* in the device's file */
	uint64_t size;
	uint64_t holders; /* a bit for each process */
	uint32_t generation;
	int16_t place;
	int16_t owner;	  /* whose use it counts as */
	int16_t exported; /* descriptors of it that nobody has imported yet */
	int32_t next;	  /* by offset; -1 for none */
};

struct state {
	uint32_t magic;
	uint32_t faults_used;
	uint64_t unsynchronised; /* memory taken away under running work */
	uint64_t illegal;	 /* accesses to what is not mapped for the device */
	uint32_t counters_used;
	uint32_t pad[9];
	struct fault faults[MAX_FAULTS];
	struct counter counters[MAX_COUNTERS];
	pthread_mutex_t lock;
	uint64_t used[MAX_DEVICES + 1];
	int32_t first[MAX_DEVICES + 1];
	uint64_t advanced[MAX_DEVICES]; /* when the work was last brought up to date */
	struct extent extents[MAX_EXTENTS];
	struct process processes[MAX_PROCESSES];
};

_Static_assert(offsetof(struct state, faults) == 64, "cuda_driver.ts reads this");
_Static_assert(sizeof(struct fault) == 96, "cuda_driver.ts writes this");
_Static_assert(offsetof(struct state, counters) == 64 + 64 * 96, "cuda_driver.ts reads this");

/* A device of the description. Both libraries read it for themselves. */
struct device {
	char name[96];
	char pci[32];
	unsigned char uuid[16];
	uint64_t memory;
	uint64_t reserved; /* of NVML's total, beside what CUDA has */
	int major, minor, processors;
	int peers[MAX_DEVICES]; /* ordinals; -1 ends them */
	uint64_t copy_rate;	/* bytes a second; 0: copies take no time */
};

struct description {
	int driver;
	int count;
	uint64_t granularity, overhead, module_bytes, pool_chunk;
	bool lazy; /* modules are charged at the first launch */
	char missing[64][48];
	int missing_count;
	struct device devices[MAX_DEVICES];
};

extern struct state *shared;
extern struct description described;
extern char fake_directory[4096];

/* Opens the directory's state and reads the description. False: there is none. */
bool fake_open(void);
void fake_lock(void);
void fake_unlock(void);
/* This process's slot, made when it has none yet; -1 with none free. With the lock held. */
int fake_self(void);
/* Takes back what dead processes held. With the lock held. */
void fake_reap(void);
struct counter *fake_counter(const char *name);
/* The fault that is due for a call, 0 for none. */
int fake_fault(const char *name);
uint64_t fake_now(void);
bool fake_missing(const char *symbol);
void fake_forget_process(void);

/* extents.c, with the lock held. */
int extent_new(int place, uint64_t size);
void extent_drop(int index, int slot);
/* A descriptor of it is made, which holds it until it is imported: one that is closed without that
 * holds it for good. */
void extent_export(int index);
void extent_imported(int index);
bool extent_hold(int index, uint32_t generation, int slot);
bool charge(int device, int slot, uint64_t bytes);
void uncharge(int device, int slot, uint64_t bytes);
uint64_t process_bytes(int slot, int device);

/* engine.c, with the lock held. */
void engine_advance(int device, uint64_t now);
uint64_t engine_submit(int device, int slot, uint64_t duration, uint64_t now);
bool engine_reached(int device, int slot, uint64_t level);
uint64_t engine_when(int device, int slot, uint64_t level);
uint64_t engine_eta(int device, int slot, uint64_t level, uint64_t now);
void engine_abandon(int slot);
/* Share of the device that a process had in the last `window` nanoseconds, 0 to 1. */
double engine_share(int device, int slot, uint64_t window, uint64_t now);
