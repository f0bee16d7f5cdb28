/* SPDX-License-Identifier: MIT */
/*
 * How long a GPU works for a turn: what is guessed while it does, and what was measured. No clock
 * and no CUDA: times come in, in ns of one clock. See docs/cuda.md, "Share of a GPU's time".
 */
#ifndef MVGAL_CUDA_BUSY_H
#define MVGAL_CUDA_BUSY_H

#include <stdbool.h>
#include <stdint.h>

#define BUSY_SETS 512
#define BUSY_WAYS 4
#define BUSY_KINDS 32

/* How long launches take, by what is launched. */
struct busy_guesses {
	struct busy_guess {
		uint64_t key;
		uint64_t ns;	   /* 0: not known yet */
		uint64_t used;	   /* the start of the turn in which it was, last */
		uint32_t launches; /* in that turn */
		uint32_t measured; /* in those before */
	} known[BUSY_SETS][BUSY_WAYS];
	/* Of all launches, the last ones most. */
	uint64_t mean;
	uint64_t turn_start;
};

/* The work of one turn. */
struct busy {
	/* When it began, and when all that was launched is done by the guesses. */
	uint64_t start;
	uint64_t end;
	/* In which nothing was there to do; and of that, whose beginning is guessed. */
	uint64_t idle;
	uint64_t unsure;
	/* Guessed time of all launches, but of those of a kind that is not known. */
	uint64_t guessed;
	uint64_t launches;
	/* What follows should wait until this is measured: much of it is of a kind of which little
	 * is known. */
	bool is_bold;
	/* The launches that had no guess: of one kind, since they end the turn. */
	uint64_t new_key;
	uint64_t new_launches;
	/* A launch that was measured. */
	uint64_t sample_key;
	uint64_t sample_ns;
	/* Some of the kinds that were launched. */
	uint32_t kinds;
	uint64_t kind[BUSY_KINDS];
};

void busy_begin(struct busy *busy, struct busy_guesses *guesses, uint64_t now);

/* Whether something may be left to do at `now`. */
enum busy_queue {
	BUSY_QUEUED,	/* it is, or nobody knows: no pause */
	BUSY_DRY,	/* it is not; busy.end says by a guess since when */
	BUSY_DRY_SINCE, /* it is not, and busy.end was measured */
};

/* The time until `now` counts as a pause where there was one. */
void busy_pause(struct busy *busy, uint64_t now, enum busy_queue queue);

/* A launch of the kind `key`, not 0: how long it is thought to take. */
uint64_t busy_launch(struct busy *busy, struct busy_guesses *guesses, uint64_t key);

/* The turn's work took from its start to `end`: the time that it was busy, which the guesses learn
 * from. */
uint64_t busy_end(struct busy *busy, struct busy_guesses *guesses, uint64_t end);

#endif
