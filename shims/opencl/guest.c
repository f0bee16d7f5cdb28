/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <math.h>

/* The share that a guest begins with, of all; and at most. */
#define FIRST (1.0 / 1024)
#define MOST (1.0 / 2)
/* What its share is to take of a launch without it: it has to be done before the others are, and
 * others use a processor too. */
#define AIM 0.75
#define LEAST_AIM 0.65
#define AGAIN 0.9
/* So often it has to take no more: launches may differ by turns. */
#define AGREED 2
/* How much of a launch's time is believed. */
#define BELIEVED 0.25
/* From one share to the next: one that takes next to nothing may be far from what it can do. */
#define STEP 2
#define LONG_STEP 4
#define NEXT_TO_NOTHING 0.02
#define NEAR 1.1
/* More than the others take: its share was too much, or another uses the guest. */
#define TOO_LATE 2
#define MOST_LATE 2
/* A launch with the guest takes so much of one without at most. */
#define PAYS 0.97
#define MOST_POOR 2
#define MOST_POOR_SETTLED 4
#define MOST_SILENT 4
#define MOST_REHEARSALS 24
#define MOST_CHOSEN 4
/* Launches that rehearsals take together, and then the best is taken: they use the guest, and the
 * program may need it. */
#define MOST_REHEARSED 8
#define MOST_BEGUN 4
#define MOST_STRANGE 8

void guest_leave(struct guest *of)
{
	of->is_out = true;
}

static void begin(struct guest *of, const struct guest_launch *launch)
{
	const unsigned int begun = of->begun + 1;
	const uint64_t share = (uint64_t)((double)launch->groups * FIRST);

	*of = (struct guest){.launch = *launch, .begun = begun};
	of->share = share ? share : 1;
	/* A kernel whose launches are ever others is not got to know. */
	of->is_out = launch->groups < 2 || begun > MOST_BEGUN;
}

static bool is_known(const struct guest *of, const struct guest_launch *launch)
{
	return of->launch.member == launch->member && of->launch.groups == launch->groups &&
	       of->launch.numbers == launch->numbers;
}

enum guest_turn guest_next(struct guest *of, const struct guest_launch *launch, uint64_t *share)
{
	*share = 0;
	if (!is_known(of, launch)) {
		/* One of another kind now and then is not for the guest. */
		if (of->launch.groups && ++of->strange < MOST_STRANGE)
			return GUEST_NONE;
		begin(of, launch);
		return GUEST_NONE;
	}
	of->strange = 0;
	if (of->is_out)
		return GUEST_NONE;
	*share = of->share;
	if (!of->is_ready)
		return GUEST_REHEARSE;
	return of->is_settled ? GUEST_STAY : GUEST_TRY;
}

/* The next share to be rehearsed, where this one took so much of a launch; 0: there is none. */
static uint64_t next_share(const struct guest *of, double took)
{
	const uint64_t most = (uint64_t)((double)of->launch.groups * MOST);
	/* As much as is looked for, where all groups take the same. */
	uint64_t next = (uint64_t)fmin((double)of->share * (AIM / took), (double)most);

	if (of->light && of->heavy) {
		if (of->share != of->light || (double)next > (double)of->heavy / NEAR)
			next = (uint64_t)sqrt((double)of->light * (double)of->heavy);
	} else if (of->heavy) {
		if (next > of->share / 2)
			next = of->share / 2;
		/* A half may take as much as all of it. */
		if (!next && of->share > 1)
			next = 1;
	} else {
		const uint64_t step = took < NEXT_TO_NOTHING ? LONG_STEP : STEP;

		if (next > of->share * step)
			next = of->share * step;
	}
	/* What is nearly as much is not worth another one. */
	if ((double)next < (double)of->light * NEAR || (of->heavy && next >= of->heavy))
		return 0;
	return next;
}

static bool was_silent(struct guest *of, double seconds)
{
	if (seconds > 0)
		return false;
	if (++of->silent > MOST_SILENT)
		guest_leave(of);
	return true;
}

void guest_rehearsed(struct guest *of, double seconds, double without)
{
	double took;
	uint64_t next;

	if (of->is_out || of->is_ready || was_silent(of, seconds < without ? seconds : without))
		return;
	/* Drivers compile at the first launch, and the code is cold: it tells nothing. */
	if (!of->is_warm) {
		of->is_warm = true;
		return;
	}
	took = seconds / without;
	of->rehearsals++;
	of->rehearsed += took;
	if (of->share == of->chosen) {
		of->seconds = seconds;
		of->agreed = took <= AGAIN ? of->agreed + 1 : 0;
		of->is_ready = of->agreed == AGREED;
		if (of->agreed)
			return;
		/* Launches differ in what nobody sees: what was light before may not be. */
		of->chosen = of->light = 0;
	}
	if (took > AIM)
		of->heavy = of->share;
	else
		of->light = of->share;
	next = next_share(of, took);
	if (took <= AIM && took >= LEAST_AIM)
		next = 0;
	if (!next || of->rehearsals >= MOST_REHEARSALS || of->rehearsed > MOST_REHEARSED)
		next = of->chosen = of->light;
	of->share = next;
	if (!next || of->rehearsals >= MOST_REHEARSALS + MOST_CHOSEN)
		guest_leave(of);
}

/* What is a part of what it has rehearsed takes no longer. */
static void shrink(struct guest *of, double to)
{
	of->share = (uint64_t)((double)of->share * to);
	of->seconds *= to;
	if (!of->share)
		guest_leave(of);
}

void guest_took(struct guest *of, double seconds, double others, double moving, double without)
{
	const double longest = seconds > others ? seconds : others;

	if (of->is_out || !of->is_ready || was_silent(of, seconds < others ? seconds : others))
		return;
	of->seconds += (seconds - of->seconds) * BELIEVED;
	of->late = seconds > others * TOO_LATE ? of->late + 1 : 0;
	if (of->late >= MOST_LATE) {
		guest_leave(of);
	} else if (of->late) {
		/* Others may have used it: it is asked again. */
		shrink(of, 0.5);
	} else if (of->seconds > others) {
		shrink(of, AIM * others / of->seconds);
	} else if (longest + moving > without * PAYS) {
		if (++of->poor >= (of->is_settled ? MOST_POOR_SETTLED : MOST_POOR))
			guest_leave(of);
	} else {
		of->poor = 0;
		of->is_settled = true;
	}
}
