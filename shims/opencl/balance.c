/* SPDX-License-Identifier: MIT */
#include "balance.h"

#include <string.h>

/* What takes less is not worth the calls that parts need. */
#define LEAST_SECONDS 0.0005
/* So much of the whole's time parts may need at most. */
#define PAYS 0.97
/* The part of a member that was measured is this much of the launch, or none. */
#define LEAST_SHARE (1.0 / 64)
/* The first splits move what later ones have in place. */
#define SETTLING 2
/* Launches over which the mean of what they moved is taken: at first, and at most. */
#define LEAST_MOVES 4
#define MOST_MOVES 16
/* How much of a worse time is believed: others use the devices too. */
#define WORSE 0.25
/* Other shares have to be so much better. */
#define BETTER 0.98
#define REST 16
#define MOST_REST 4096

static uint64_t key_of(uint64_t groups)
{
	return 64 - (uint64_t)__builtin_clzll(groups | 1);
}

struct balance_class *balance_class_of(struct balance *balance, uint64_t groups)
{
	const uint64_t key = key_of(groups);
	struct balance_class *oldest = &balance->classes[0];

	balance->clock++;
	for (unsigned int i = 0; i < BALANCE_CLASSES; i++) {
		struct balance_class *each = &balance->classes[i];

		if (each->key == key) {
			each->used = balance->clock;
			return each;
		}
		if (each->used < oldest->used)
			oldest = each;
	}
	memset(oldest, 0, sizeof(*oldest));
	oldest->key = key;
	oldest->used = balance->clock;
	oldest->next_rest = REST;
	return oldest;
}

static void rest(struct balance_class *of)
{
	of->rest = of->next_rest;
	if (of->next_rest < MOST_REST)
		of->next_rest *= 2;
	of->splits = 0;
	of->parted = 0;
	of->moving = 0;
	of->moves = 0;
	of->unguested = 0;
	if (of->guest.is_settled && !of->guest.is_out)
		of->guest.launch.groups = 0;
	/* Members change: what was measured is asked for again then. */
	of->whole = 0;
}

bool balance_may(struct balance_class *of)
{
	if (of->rest) {
		of->rest--;
		return false;
	}
	return of->whole >= LEAST_SECONDS;
}

bool balance_splits(struct balance_class *of)
{
	if (!balance_may(of))
		return false;
	if (of->splits > SETTLING && of->moves >= LEAST_MOVES &&
	    of->parted + of->moving > of->whole * PAYS) {
		rest(of);
		return false;
	}
	return true;
}

bool balance_is_trying(const struct balance_class *of)
{
	return of->splits <= SETTLING;
}

void balance_give_up(struct balance_class *of)
{
	rest(of);
}

const char *balance_reason(const struct balance_class *of)
{
	if (of->rest)
		return "does_not_pay";
	return of->whole > 0 ? "too_short" : "not_measured";
}

/* Whether the shares of before do nearly as well as the best. */
static bool stays(const struct balance_class *of, const double *rate, unsigned int count,
		  uint64_t groups, double best)
{
	double longest = 0;

	if (of->cut_groups != groups)
		return false;
	for (unsigned int i = 0; i < count; i++) {
		const uint64_t share = of->cut[i + 1] - of->cut[i];

		if ((share > 0) != (rate[i] > 0))
			return false;
		if (share && (double)share / rate[i] > longest)
			longest = (double)share / rate[i];
	}
	return longest * BETTER <= best;
}

unsigned int balance_share(struct balance_class *of, const double *power, unsigned int count,
			   uint64_t groups, uint64_t *from)
{
	double rate[BALANCE_MEMBERS], sum = 0, scale = 0, running = 0;
	unsigned int shares = 0;

	/* Members that were not measured, on the scale of those that were. */
	for (unsigned int i = 0; i < count; i++)
		if (power[i] > 0 && of->rate[i] > 0 && of->rate[i] / power[i] > scale)
			scale = of->rate[i] / power[i];
	for (unsigned int i = 0; i < count; i++) {
		rate[i] = power[i] <= 0	    ? 0
			  : of->rate[i] > 0 ? of->rate[i]
					    : power[i] * (scale > 0 ? scale : 1);
		sum += rate[i];
	}
	for (unsigned int i = 0; i < count; i++)
		/* One that is not measured is so with what it is given. */
		if (of->rate[i] > 0 && rate[i] < sum * LEAST_SHARE)
			rate[i] = 0;
	sum = 0;
	for (unsigned int i = 0; i < count; i++)
		sum += rate[i];
	if (sum > 0 && stays(of, rate, count, groups, (double)groups / sum)) {
		memcpy(from, of->cut, (count + 1) * sizeof(*from));
		for (unsigned int i = 0; i < count; i++)
			shares += from[i + 1] > from[i];
		return shares;
	}
	from[0] = 0;
	for (unsigned int i = 0; i < count; i++) {
		running += rate[i];
		from[i + 1] = sum > 0 ? (uint64_t)((double)groups * (running / sum) + 0.5) : 0;
		if (from[i + 1] > groups)
			from[i + 1] = groups;
		shares += from[i + 1] > from[i];
	}
	of->cut_groups = groups;
	memcpy(of->cut, from, (count + 1) * sizeof(*from));
	return shares;
}

static void learn(double *known, double now)
{
	*known = *known > 0 ? *known * 0.5 + now * 0.5 : now;
}

void balance_took_whole(struct balance_class *of, unsigned int member, uint64_t groups,
			double seconds)
{
	if (seconds <= 0)
		return;
	learn(&of->rate[member], (double)groups / seconds);
	of->last = seconds;
	of->whole = of->whole > 0 && of->whole < seconds ? of->whole : seconds;
}

void balance_took_part(struct balance_class *of, unsigned int member, uint64_t groups,
		       double seconds)
{
	if (seconds > 0)
		learn(&of->rate[member], (double)groups / seconds);
}

/* Shares get better from one to the next: the better time is believed at once, a worse one slowly.
 */
void balance_took_parts(struct balance_class *of, double longest)
{
	of->splits++;
	of->last = longest;
	if (of->splits <= SETTLING + 1 || longest < of->parted)
		of->parted = longest;
	else
		of->parted += (longest - of->parted) * WORSE;
}

void balance_moved(struct balance_class *of, double seconds)
{
	/* What the first ones moved is in place. */
	if (of->splits < SETTLING)
		return;
	if (of->moves < MOST_MOVES)
		of->moves++;
	of->moving += (seconds - of->moving) / of->moves;
}

double balance_loss(const struct balance_class *of, double moving)
{
	const double loss = of->parted + moving - of->whole;

	return of->parted > 0 && of->whole > 0 && loss > 0 ? loss : 0;
}
