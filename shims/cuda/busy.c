/* SPDX-License-Identifier: MIT */
#include "busy.h"

#include <string.h>

/* A guess moves by no more than this factor a turn, and stays within these. */
#define FACTOR 8
#define LEAST_NS UINT64_C(500)
#define MOST_NS UINT64_C(60000000000)

/* Of what is not known. */
#define UNKNOWN_NS UINT64_C(1000000)

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static uint64_t *guess_of(struct busy_guesses *guesses, uint64_t key)
{
	/* Two kinds in one place forget each other: no worse than not to have known them. */
	size_t at = (key ^ key >> 17 ^ key >> 40) % BUSY_GUESSES;

	if (guesses->known[at].key != key) {
		guesses->known[at].key = key;
		guesses->known[at].ns = 0;
	}
	return &guesses->known[at].ns;
}

void busy_begin(struct busy *busy, uint64_t now)
{
	memset(busy, 0, sizeof(*busy));
	busy->start = now;
	busy->end = now;
}

static void note_kind(struct busy *busy, uint64_t key)
{
	for (uint32_t i = 0; i < busy->kinds; i++)
		if (busy->kind[i] == key)
			return;
	if (busy->kinds < BUSY_KINDS)
		busy->kind[busy->kinds++] = key;
}

uint64_t busy_launch(struct busy *busy, struct busy_guesses *guesses, uint64_t key, uint64_t now)
{
	uint64_t ns = *guess_of(guesses, key);

	if (now > busy->end) {
		busy->idle += now - busy->end;
		busy->end = now;
	}
	busy->launches++;
	if (!ns) {
		busy->end += UNKNOWN_NS;
		busy->new_key = key;
		busy->new_launches++;
		return UNKNOWN_NS;
	}
	busy->end += ns;
	busy->guessed += ns;
	note_kind(busy, key);
	return ns;
}

void busy_done(struct busy *busy, uint64_t at)
{
	busy->end = at;
}

void busy_not_done(struct busy *busy, uint64_t now)
{
	if (busy->end < now)
		busy->end = now;
}

static void learn(struct busy *busy, struct busy_guesses *guesses, uint64_t ns)
{
	uint64_t rest = ns > busy->guessed ? ns - busy->guessed : 0;

	if (busy->new_launches) {
		*guess_of(guesses, busy->new_key) =
			clamp(rest / busy->new_launches, LEAST_NS, MOST_NS);
		return;
	}
	if (!busy->guessed)
		return;
	/* One figure for all kinds of the turn: each that is often wrong alone meets others in others. */
	for (uint32_t i = 0; i < busy->kinds; i++) {
		uint64_t *guess = guess_of(guesses, busy->kind[i]);
		double factor = (double)ns / (double)busy->guessed;

		if (!*guess)
			continue;
		factor = factor > FACTOR ? FACTOR : factor < 1.0 / FACTOR ? 1.0 / FACTOR : factor;
		*guess = clamp((uint64_t)((double)*guess * factor), LEAST_NS, MOST_NS);
	}
}

uint64_t busy_end(struct busy *busy, struct busy_guesses *guesses, uint64_t end)
{
	uint64_t whole = end > busy->start ? end - busy->start : 0;
	uint64_t ns = whole > busy->idle ? whole - busy->idle : 0;

	learn(busy, guesses, ns);
	return ns;
}
