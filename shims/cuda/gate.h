/* SPDX-License-Identifier: MIT */
/*
 * A process's share of the time of one GPU: launches pass through a gate, which is open in the
 * process's turns. See docs/cuda.md, "Share of a GPU's time".
 */
#ifndef MVGAL_CUDA_GATE_H
#define MVGAL_CUDA_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "busy.h"
#include "device_limits.h"
#include "gate_marks.h"
#include "turns.h"

enum gate_state {
	GATE_SHUT,  /* it has no turn */
	GATE_OPEN,  /* launches pass */
	GATE_ENDS,  /* the turn's work is waited for */
	GATE_STUCK, /* it has been waited for for too long: launches pass */
};

struct gate {
	pthread_mutex_t lock;
	const struct device *device;
	enum gate_state state;
	struct limits limits;
	/* The share that the turns go by; 0 for none. */
	uint32_t pct;
	uint64_t limits_asked;
	struct turns turns;
	uint64_t looked_for_dead;
	struct marks marks;
	struct busy busy;
	struct busy_guesses guesses;
	/* Which turn this is. */
	uint64_t turn;
	/* When it was asked for, began, and was to end; when marks were last set or looked at. */
	uint64_t asked, began, ending, marked, sampled;
	/* A launch that is measured: its kind, and the mark behind it. */
	uint64_t sample_key;
	const struct mark *sample_mark;
	/* The longest turn until now. */
	uint64_t longest;
	/* Until then there is no limit, as far as was seen: read without the lock. */
	_Atomic uint64_t free_until;
};

/* A launch. */
struct gate_launch {
	struct marks_stream stream;
	CUcontext current;
	/* What is launched; not 0. */
	uint64_t key;
	/* Whether the thread may not be made to wait. */
	bool no_wait;
	/* Filled by gate_enter: when it was let pass. */
	uint64_t now;
	/* Filled by gate_enter: the turn in which it is, 0 for none, and how long it may take. */
	uint64_t turn, guess;
	/* Filled by gate_enter: it is measured. */
	bool is_sample;
};

void gate_init(struct gate *gate, const struct device *device);

/* Waits for the turn; to be called before the launch, and gate_leave after it. */
void gate_enter(struct gate *gate, struct gate_launch *launch);
void gate_leave(struct gate *gate, const struct gate_launch *launch);

/* The stream, or all of a context, are about to go. */
void gate_stream_gone(struct gate *gate, CUstream stream, CUcontext current);
void gate_context_gone(struct gate *gate, CUcontext context);

/* In a child after fork. */
void gate_after_fork(struct gate *gate);

/* Gives up the place in the table, so that others need not find out. */
void gate_end(struct gate *gate);

/* Which process takes turns: turns_file.h, or a test's. */
struct turns_table *gate_table(const char *id);
uint64_t gate_owner(void);
turns_lives gate_lives;
/* Name of the group whose budget it is; empty for none. */
const char *gate_group(void);

#endif
