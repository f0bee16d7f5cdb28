/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <math.h>

/* The weight that a guest begins with, about, and how much slower it is thought to be then. */
#define FIRST (1.0 / 256)
#define FIRST_LOW (1.0 / 1024)
#define FIRST_HIGH (1.0 / 128)
#define SLOWER 128
/* At most so much of the range, and so many times what it was. */
#define MOST_OF_FIRST (1.0 / 4)
#define MOST (1.0 / 2)
#define STEP 4
/* Less is not worth the calls; parts have to bring 0.03. */
#define LEAST_IDEAL 0.035
/* What the share is to be of the ideal one, and how far it may be off. */
#define AIM 0.9
#define OVER 1.1
#define UNDER 1.25
/* More than the others take: its share was too much, or another uses the guest. */
#define LATE 1.1
#define TOO_LATE 2
#define MOST_LATE 2
#define MOST_POOR 2
/* A launch with the guest takes so much of one without at most, or it is a bad one. */
#define PAYS 0.985
#define MOST_BAD 4
#define MOST_SILENT 4
#define MOST_PROBES 24
#define MOST_GROWTHS 8
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
	of->low = FIRST_LOW;
	of->high = FIRST_HIGH;
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
	}
	of->strange = 0;
	if (of->is_out)
		return GUEST_NONE;
	*share = of->share;
	if (of->weight <= 0)
		return GUEST_PROBE;
	return of->is_settled ? GUEST_STAY : GUEST_TRY;
}

double guest_risk(const struct guest *of)
{
	const double took = of->weight / (of->speed > 0 ? of->speed : 1.0 / SLOWER);

	/* Steps are small ones. */
	return took > 1 && !of->growths ? took - 1 : 0;
}

/* No share of the wanted weight was found: as before. */
static void settle(struct guest *of)
{
	if (!of->kept) {
		guest_leave(of);
		return;
	}
	of->share = of->kept;
	of->weight = of->kept_weight;
	of->growths = MOST_GROWTHS;
	of->is_settled = true;
}

/* The next share to be weighed, by those that have been; 0: there is none. */
static uint64_t next_share(const struct guest *of)
{
	const uint64_t most = (uint64_t)((double)of->launch.groups * MOST_OF_FIRST);
	uint64_t next;

	if (of->light && of->heavy)
		next = (uint64_t)sqrt((double)of->light * (double)of->heavy);
	else if (of->heavy)
		next = of->heavy / STEP;
	else
		next = of->light < most && of->light * STEP > most ? most : of->light * STEP;
	if (next <= of->light || (of->heavy && next >= of->heavy) || (!of->heavy && next > most))
		return 0;
	return next;
}

void guest_probed(struct guest *of, double seconds, double all)
{
	const double weight = seconds / all;

	if (of->is_out || seconds <= 0 || all <= seconds) {
		if (++of->silent > MOST_SILENT)
			guest_leave(of);
		return;
	}
	of->probes++;
	if (weight >= of->low && weight <= of->high) {
		/* Twice: the launches before may have left it other things to do. */
		if (of->seen > 0)
			of->weight = weight > of->seen ? weight : of->seen;
		of->seen = of->seen > 0 ? 0 : weight;
		return;
	}
	of->seen = 0;
	if (weight < of->low)
		of->light = of->share;
	else
		of->heavy = of->share;
	of->share = next_share(of);
	if (!of->share || of->probes >= MOST_PROBES)
		settle(of);
}

/* A share that the home has run has parts that are no heavier than it. */
static void shrink(struct guest *of, double to)
{
	const uint64_t share = (uint64_t)((double)of->share * to);

	of->late = of->share;
	of->weight *= (double)share / (double)of->share;
	of->share = share;
	of->is_settled = true;
	if (!share)
		guest_leave(of);
}

/* Towards a weight, by a step: it is weighed before the guest gets it. */
static void grow(struct guest *of, double aim)
{
	const double times = aim / of->weight < STEP ? aim / of->weight : STEP;
	double share = (double)of->share * times;

	if (share > (double)of->launch.groups * MOST)
		share = (double)of->launch.groups * MOST;
	if (of->late && share >= (double)of->late)
		share = (double)of->late - 1;
	if ((uint64_t)share <= of->share || of->growths >= MOST_GROWTHS) {
		of->is_settled = true;
		return;
	}
	of->growths++;
	of->kept = of->light = of->share;
	of->heavy = of->late;
	of->kept_weight = of->weight;
	of->share = (uint64_t)share;
	of->weight = 0;
	/* What is done in no time at home seems to take longer than it does, and the guest fast. */
	of->speed = 0;
	of->low = 0;
	of->high = aim * OVER;
	of->is_settled = false;
}

/* A guest that is settled has to go on to be worth it. */
static void watch(struct guest *of, double now, double without)
{
	of->bad = now > without * PAYS ? of->bad + 1 : 0;
	if (of->bad >= MOST_BAD)
		guest_leave(of);
}

void guest_took(struct guest *of, double seconds, double others, double moving)
{
	const double without = others / (1 - of->weight);
	const double before = of->without;
	double now, ideal;

	if (of->is_out || of->weight <= 0)
		return;
	if (seconds <= 0 || others <= 0) {
		if (++of->silent > MOST_SILENT)
			guest_leave(of);
		return;
	}
	of->without = without;
	/* Drivers compile at the first launch, and the code is cold. */
	if (!of->is_warm) {
		of->is_warm = true;
		return;
	}
	/* Where others use what it runs beside, the guest is no faster for it. */
	now = of->weight / seconds * (before > 0 && before < without ? before : without);
	/* A better time is believed at once, a worse one slowly: others use it too. */
	of->speed = now > of->speed ? now : (of->speed + now) / 2;
	ideal = of->speed / (1 + of->speed);
	if (of->is_settled)
		watch(of, (seconds > others ? seconds : others) + moving, without);
	of->late_turns = seconds > others * TOO_LATE ? of->late_turns + 1 : 0;
	of->poor = ideal < LEAST_IDEAL ? of->poor + !of->late_turns : 0;
	if (of->late_turns >= MOST_LATE || of->poor >= MOST_POOR) {
		guest_leave(of);
	} else if (of->late_turns || ideal < LEAST_IDEAL) {
		/* Others may have used it: it is asked again, and with less where it got more. */
		if (of->growths)
			shrink(of, 0.5);
	} else if (seconds > others * LATE) {
		shrink(of, AIM * others / seconds);
	} else if (ideal * AIM > of->weight * UNDER) {
		grow(of, ideal * AIM);
	} else {
		of->is_settled = true;
	}
}
