/* SPDX-License-Identifier: MIT */
/*
 * How long a GPU works for a turn: what is guessed while it does, and what was measured. No clock and no CUDA:
 * times come in, in ns of one clock. See docs/cuda.md, "Share of a GPU's time".
 */
#ifndef MVGAL_CUDA_BUSY_H
#define MVGAL_CUDA_BUSY_H

#include <stdbool.h>
#include <stdint.h>

#define BUSY_GUESSES 512
#define BUSY_KINDS 32

/* How long launches take, by what is launched. */
struct busy_guesses {
	struct {
		uint64_t key;
		uint64_t ns;
	} known[BUSY_GUESSES];
};

/* The work of one turn. */
struct busy {
	/* When it began, and when all that was launched is done by the guesses. */
	uint64_t start;
	uint64_t end;
	/* In which nothing was there to do, by what was seen of it. */
	uint64_t idle;
	/* Guessed time of all launches, and of those that are new. */
	uint64_t guessed;
	uint64_t launches;
	/* The launches that had no guess: at most one kind a turn. */
	uint64_t new_key;
	uint64_t new_launches;
	uint32_t kinds;
	uint64_t kind[BUSY_KINDS];
};

void busy_begin(struct busy *busy, uint64_t now);

/*
 * A launch of the kind `key`, not 0: how long it is thought to take. Where nothing is known of the kind,
 * new_launches is not 0 from then on.
 */
uint64_t busy_launch(struct busy *busy, struct busy_guesses *guesses, uint64_t key, uint64_t now);

/* What was launched will be, or was, done at `at`, by what was measured. */
void busy_done(struct busy *busy, uint64_t at);

/* Something that was launched is not done now, whatever the guesses say. */
void busy_not_done(struct busy *busy, uint64_t now);

/* The turn's work took from its start to `end`: the time that it was busy, which the guesses learn from. */
uint64_t busy_end(struct busy *busy, struct busy_guesses *guesses, uint64_t end);

#endif
