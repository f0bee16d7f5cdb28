/* SPDX-License-Identifier: MIT */
#include "balance.h"

#include <math.h>
#include <string.h>

/* What takes less is not worth the calls that parts need. */
#define LEAST_SECONDS 0.0005
/* So much of the whole's time parts may need at most. */
#define PAYS 0.97
/* After so many launches without a time none is waited for. */
#define MOST_UNTOLD 2
/* The part of a member that was measured is this much of the launch, or none. */
#define LEAST_SHARE (1.0 / 64)
/* The first splits move what later ones have in place. */
#define SETTLING 2
/* Launches over which the mean of what they moved is taken: at first, and at most. */
#define LEAST_MOVES 4
#define MOST_MOVES 16
/* How much of a worse time is believed: others use the devices too. */
#define WORSE 0.25
/* Other shares have to be so much better: at first, and once what groups cost is known well, after
 * so many launches. */
#define BETTER_AT_FIRST 0.995
#define BETTER 0.98
#define SURE 6
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

/* How much of [from, to) is in [low, high). */
static double overlap(double low, double high, double from, double to)
{
	const double begin = low > from ? low : from, end = high < to ? high : to;

	return end > begin ? end - begin : 0;
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
	of->untold = 0;
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

bool balance_is_long(const struct balance_class *of)
{
	return !of->rest && of->whole >= LEAST_SECONDS;
}

bool balance_is_learning(const struct balance_class *of, bool in_parts)
{
	if (of->rest)
		return false;
	return in_parts ? of->splits < SURE : of->whole <= 0 && of->untold < MOST_UNTOLD;
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

/* Seconds that groups [from, to) are thought to take a member of the home's kind; in groups where
 * nothing is known. */
static double cost_of(const struct balance_class *of, uint64_t groups, double from, double to)
{
	const double run = (double)groups / BALANCE_RUNS;
	double sum = 0;

	for (unsigned int i = (unsigned int)(from / run); i < BALANCE_RUNS && run * i < to; i++)
		sum +=
		    overlap(run * i, run * (i + 1), from, to) * (of->cost[i] > 0 ? of->cost[i] : 1);
	return sum;
}

/* Where groups from 0 on have cost so much. */
static double reach_of(const struct balance_class *of, uint64_t groups, double cost)
{
	const double run = (double)groups / BALANCE_RUNS;

	for (unsigned int i = 0; i < BALANCE_RUNS; i++) {
		const double each = of->cost[i] > 0 ? of->cost[i] : 1;

		if (cost <= each * run)
			return run * i + cost / each;
		cost -= each * run;
	}
	return (double)groups;
}

/* Whether the shares of before do nearly as well as the best. */
static bool stays(const struct balance_class *of, const double *speed, unsigned int count,
		  uint64_t groups, uint64_t shared, double best)
{
	const double better = of->learned < SURE ? BETTER_AT_FIRST : BETTER;
	double longest = 0;

	if (of->cut_groups != groups || of->cut[count] != shared)
		return false;
	for (unsigned int i = 0; i < count; i++) {
		const uint64_t from = of->cut[i], to = of->cut[i + 1];
		double seconds;

		if ((to > from) != (speed[i] > 0))
			return false;
		if (to == from)
			continue;
		seconds = cost_of(of, groups, (double)from, (double)to) / speed[i];
		if (seconds > longest)
			longest = seconds;
	}
	return longest * better <= best;
}

/* How fast members are, those of the home's kind 1; 0: they get no share. Their sum. */
static double speeds_of(struct balance_class *of, const double *power, unsigned int count,
			double *speed)
{
	double most = 0, sum = 0, left = 0;

	for (unsigned int i = 0; i < count; i++)
		if (power[i] > most)
			most = power[i];
	of->alike = 0;
	for (unsigned int i = 0; i < count; i++) {
		if (power[i] > 0 && power[i] >= most)
			of->alike |= 1U << i;
		speed[i] = power[i] <= 0	? 0
			   : of->alike >> i & 1 ? 1
			   : of->speed[i] > 0	? of->speed[i]
						: power[i] / most;
		sum += speed[i];
	}
	for (unsigned int i = 0; i < count; i++) {
		/* One that is not measured is so with what it is given. */
		if (!(of->alike >> i & 1) && of->speed[i] > 0 && speed[i] < sum * LEAST_SHARE)
			speed[i] = 0;
		left += speed[i];
	}
	return left;
}

unsigned int balance_share(struct balance_class *of, const double *power, unsigned int count,
			   uint64_t groups, uint64_t shared, uint64_t *from)
{
	double speed[BALANCE_MEMBERS], running = 0;
	const double sum = speeds_of(of, power, count, speed);
	const double all = cost_of(of, groups, 0, (double)shared);
	unsigned int shares = 0;

	if (sum > 0 && stays(of, speed, count, groups, shared, all / sum)) {
		memcpy(from, of->cut, (count + 1) * sizeof(*from));
		for (unsigned int i = 0; i < count; i++)
			shares += from[i + 1] > from[i];
		return shares;
	}
	from[0] = 0;
	for (unsigned int i = 0; i < count; i++) {
		running += speed[i];
		from[i + 1] =
		    sum > 0 ? (uint64_t)(reach_of(of, groups, all * (running / sum)) + 0.5) : 0;
		if (from[i + 1] > shared || (sum > 0 && running >= sum))
			from[i + 1] = shared;
		shares += from[i + 1] > from[i];
	}
	of->cut_groups = groups;
	memcpy(of->cut, from, (count + 1) * sizeof(*from));
	return shares;
}

/* Groups [from, to) cost so many times what was thought: how many times each run does. */
static void correct(double *of_runs, uint64_t groups, const struct balance_part *part, double times)
{
	const double run = (double)groups / BALANCE_RUNS;
	const double from = (double)part->from, to = (double)part->to;

	for (unsigned int i = (unsigned int)(from / run); i < BALANCE_RUNS && run * i < to; i++)
		of_runs[i] += overlap(run * i, run * (i + 1), from, to) / run * (times - 1);
}

/* Whether its time tells what groups cost, and not how fast its member is. */
static bool tells_cost(const struct balance_class *of, const struct balance_part *part)
{
	return part->seconds > 0 && (!of->alike || of->alike >> part->member & 1);
}

/* What is known of some groups at first is thought of all. */
static void begin_costs(struct balance_class *of, const struct balance_part *parts,
			unsigned int count)
{
	double seconds = 0, groups = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (!tells_cost(of, &parts[i]))
			continue;
		seconds += parts[i].seconds;
		groups += (double)(parts[i].to - parts[i].from);
	}
	for (unsigned int i = 0; i < BALANCE_RUNS && groups > 0; i++)
		of->cost[i] = seconds / groups;
}

void balance_learn(struct balance_class *of, uint64_t groups, const struct balance_part *parts,
		   unsigned int count)
{
	/* At first what is new is believed, later half of it: others use the devices too. Of a
	 * member of another kind half as much: what its groups cost is not known so well. */
	const double belief = of->learned < SURE ? 1 : 0.5;
	double times[BALANCE_PARTS], of_runs[BALANCE_RUNS];
	bool is_told = false;

	if (of->cost[0] <= 0)
		begin_costs(of, parts, count);
	if (of->cost[0] <= 0)
		return;
	/* All by what was thought before. */
	for (unsigned int i = 0; i < count; i++)
		times[i] = parts[i].seconds /
			   cost_of(of, groups, (double)parts[i].from, (double)parts[i].to);
	/* A run may be of several parts. */
	for (unsigned int i = 0; i < BALANCE_RUNS; i++)
		of_runs[i] = 1;
	for (unsigned int i = 0; i < count; i++) {
		double *speed = &of->speed[parts[i].member];

		if (!(parts[i].seconds > 0))
			continue;
		if (tells_cost(of, &parts[i])) {
			correct(of_runs, groups, &parts[i], pow(times[i], belief));
			is_told = true;
		} else if (*speed > 0) {
			*speed /= pow(times[i] * *speed, belief / 2);
		} else {
			*speed = 1 / times[i];
		}
	}
	for (unsigned int i = 0; i < BALANCE_RUNS; i++)
		of->cost[i] *= of_runs[i];
	/* A slice tells of itself alone. */
	of->learned += is_told && (count > 1 || parts[0].to - parts[0].from == groups);
}

void balance_took_whole(struct balance_class *of, unsigned int member, uint64_t groups,
			double seconds)
{
	balance_learn(of, groups, &(struct balance_part){member, 0, groups, seconds}, 1);
	balance_was_whole(of, seconds);
}

void balance_was_whole(struct balance_class *of, double seconds)
{
	of->untold = seconds > 0 ? 0 : of->untold + 1;
	if (seconds <= 0)
		return;
	of->last = seconds;
	of->whole = of->whole > 0 && of->whole < seconds ? of->whole : seconds;
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
