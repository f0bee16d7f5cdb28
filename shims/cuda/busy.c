/* SPDX-License-Identifier: MIT */
#include "busy.h"

#include <string.h>

/* A guess moves by no more than this factor a turn, and stays within these. */
#define FACTOR 8
#define LEAST_NS UINT64_C(500)
#define MOST_NS UINT64_C(60000000000)

/* Of what is not known. */
#define UNKNOWN_NS UINT64_C(50000)

/* Launches after which a kind is known. */
#define ENOUGH 100000

/* A kind that was not seen for so long gives way to another. */
#define OLD_NS UINT64_C(60000000000)

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* NULL where there is no room for one more kind. */
static struct busy_guess *guess_of(struct busy_guesses *guesses, uint64_t key)
{
	struct busy_guess *set = guesses->known[(key ^ key >> 17 ^ key >> 40) % BUSY_SETS];
	struct busy_guess *room = NULL;

	for (int i = 0; i < BUSY_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (!set[i].key || guesses->turn_start - set[i].used > OLD_NS)
			room = &set[i];
	}
	if (room)
		*room = (struct busy_guess){.key = key, .used = guesses->turn_start};
	return room;
}

void busy_begin(struct busy *busy, struct busy_guesses *guesses, uint64_t now)
{
	memset(busy, 0, sizeof(*busy));
	busy->start = now;
	busy->end = now;
	guesses->turn_start = now;
}

static void note_kind(struct busy *busy, uint64_t key)
{
	for (uint32_t i = 0; i < busy->kinds; i++)
		if (busy->kind[i] == key)
			return;
	if (busy->kinds < BUSY_KINDS)
		busy->kind[busy->kinds++] = key;
}

void busy_pause(struct busy *busy, uint64_t now, enum busy_queue queue)
{
	uint64_t idle = now > busy->end ? now - busy->end : 0;

	if (!idle)
		return;
	busy->end = now;
	if (queue == BUSY_QUEUED)
		return;
	busy->idle += idle;
	if (queue == BUSY_DRY)
		busy->unsure += idle;
}

/* One more launch of a kind: of what was measured so often, twice as many make one turn at most. */
static bool is_bold(const struct busy_guesses *guesses, struct busy_guess *guess)
{
	if (guess->used != guesses->turn_start) {
		guess->measured += guess->launches < ENOUGH ? guess->launches : ENOUGH;
		if (guess->measured > ENOUGH)
			guess->measured = ENOUGH;
		guess->launches = 0;
		guess->used = guesses->turn_start;
	}
	guess->launches++;
	return guess->measured < ENOUGH && guess->launches > 2 * guess->measured;
}

uint64_t busy_launch(struct busy *busy, struct busy_guesses *guesses, uint64_t key)
{
	struct busy_guess *guess = guess_of(guesses, key);
	uint64_t ns = guess ? guess->ns : guesses->mean;

	if (guess && is_bold(guesses, guess))
		busy->is_bold = true;
	busy->launches++;
	if (!ns) {
		busy->end += UNKNOWN_NS;
		busy->new_key = key;
		busy->new_launches++;
		return UNKNOWN_NS;
	}
	guesses->mean = guesses->mean ? (guesses->mean * 63 + ns) / 64 : ns;
	busy->end += ns;
	busy->guessed += ns;
	note_kind(busy, key);
	return ns;
}

static void take_sample(struct busy_guesses *guesses, uint64_t key, uint64_t ns)
{
	struct busy_guess *guess = guess_of(guesses, key);

	if (!guess)
		return;
	ns = clamp(ns, LEAST_NS, MOST_NS);
	if (!guess->ns || ns > 4 * guess->ns || guess->ns > 4 * ns)
		guess->ns = ns;
	else
		guess->ns = (guess->ns * 3 + ns) / 4;
}

/* What was guessed is made to fit, all kinds of the turn by one factor: each is in other turns with
 * others. */
static void learn(struct busy *busy, struct busy_guesses *guesses, uint64_t ns)
{
	double factor = (double)ns / (double)busy->guessed;

	factor = factor > FACTOR ? FACTOR : factor < 1.0 / FACTOR ? 1.0 / FACTOR : factor;
	for (uint32_t i = 0; i < busy->kinds; i++) {
		struct busy_guess *guess = guess_of(guesses, busy->kind[i]);

		if (guess && guess->ns)
			guess->ns =
			    clamp((uint64_t)((double)guess->ns * factor), LEAST_NS, MOST_NS);
	}
}

uint64_t busy_end(struct busy *busy, struct busy_guesses *guesses, uint64_t end)
{
	uint64_t whole = end > busy->start ? end - busy->start : 0;
	uint64_t ns = whole > busy->idle ? whole - busy->idle : 0;
	uint64_t rest = ns > busy->guessed ? ns - busy->guessed : 0;

	if (busy->new_launches)
		take_sample(guesses, busy->new_key, rest / busy->new_launches);
	else if (busy->guessed && busy->unsure < whole / 10)
		learn(busy, guesses, ns);
	else if (busy->sample_ns)
		/* The time to launch it counts in, so that of short kernels it is too high. */
		take_sample(guesses, busy->sample_key, busy->sample_ns);
	return ns;
}
