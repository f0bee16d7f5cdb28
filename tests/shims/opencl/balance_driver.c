/* SPDX-License-Identifier: MIT */
/* Lets balance.c share out the launches of members of given speeds: `speed...`, in groups a second.
 * Of one whose speed is negative the first time is not told: it is to be stamped from then on.
 * Members of other speeds are of other kinds, unless BALANCE_ALIKE is set. With BALANCE_NOISE each
 * time differs by up to so much of it; with BALANCE_EVERY=n only each n-th launch moves anything;
 * with BALANCE_HILL=n the middle half of the groups takes n times as long as the rest, and with
 * BALANCE_SLOPE as well it gets there evenly, from both ends to the middle. With BALANCE_DEALT=n
 * the first launch is dealt out in n parts.
 *
 * Prints how many launches were split, how much faster than whole the last one was, how often the
 * shares changed, how many were split before one was within a twentieth of the last, and how much
 * faster the first of them was. */
#include "../../../shims/opencl/balance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double hill = 1;
static bool slope;

/* What groups [from, to) take, in those outside of the middle. */
static double work_of(uint64_t groups, uint64_t from, uint64_t to)
{
	double work = 0;

	for (uint64_t i = from; i < to; i++) {
		const double high = (double)(i < groups - i ? i : groups - i) * 2 / (double)groups;

		if (slope)
			work += 1 + (hill - 1) * high;
		else
			work += i >= groups / 4 && i < groups / 4 * 3 ? hill : 1;
	}
	return work;
}

/* By turns among all members of one speed, in so many parts of one length. */
static void deal(struct balance_class *of, uint64_t groups, unsigned int count,
		 unsigned int members, double speed)
{
	struct balance_part parts[BALANCE_PARTS];

	for (unsigned int i = 0; i < count; i++) {
		const uint64_t from = groups * i / count, to = groups * (i + 1) / count;

		parts[i] =
		    (struct balance_part){i % members, from, to, work_of(groups, from, to) / speed};
	}
	balance_learn(of, groups, parts, count);
	balance_was_whole(of, work_of(groups, 0, groups) / speed);
}

int main(int count, char **arguments)
{
	struct balance balance = {0};
	const uint64_t groups = strtoull(arguments[1], NULL, 10);
	const double moving = atof(arguments[2]);
	const unsigned int members = (unsigned int)count - 3;
	double speed[BALANCE_MEMBERS], power[BALANCE_MEMBERS], took = 0, whole = 0;
	bool silent[BALANCE_MEMBERS];
	const int every = getenv("BALANCE_EVERY") ? atoi(getenv("BALANCE_EVERY")) : 1;
	const double noise = getenv("BALANCE_NOISE") ? atof(getenv("BALANCE_NOISE")) : 0;
	const bool alike = getenv("BALANCE_ALIKE") && atoi(getenv("BALANCE_ALIKE"));
	uint64_t before[BALANCE_MEMBERS + 1] = {0};
	unsigned int splits = 0, changes = 0, seed = 1, soon = 0;
	double all[200] = {0};

	for (unsigned int i = 0; i < members; i++) {
		speed[i] = atof(arguments[3 + i]);
		silent[i] = speed[i] < 0;
		speed[i] = speed[i] < 0 ? -speed[i] : speed[i];
		power[i] = alike || speed[i] == speed[0] ? 1 : 0.9;
	}
	slope = getenv("BALANCE_SLOPE");
	hill = getenv("BALANCE_HILL") ? atof(getenv("BALANCE_HILL")) : 1;
	whole = work_of(groups, 0, groups) / speed[0];
	if (getenv("BALANCE_DEALT"))
		deal(balance_class_of(&balance, groups), groups,
		     (unsigned int)atoi(getenv("BALANCE_DEALT")), members, speed[0]);
	for (int launch = 0; launch < 200; launch++) {
		struct balance_class *of = balance_class_of(&balance, groups);
		struct balance_part parts[BALANCE_MEMBERS];
		uint64_t from[BALANCE_MEMBERS + 1], sum = 0;
		unsigned int shares = 0;
		double longest = 0;

		if (!balance_splits(of) ||
		    balance_share(of, power, members, groups, groups, from) < 2) {
			balance_took_whole(of, 0, groups, whole);
			took = whole;
			continue;
		}
		splits++;
		changes += memcmp(before, from, (members + 1) * sizeof(*from)) != 0;
		memcpy(before, from, (members + 1) * sizeof(*from));
		for (unsigned int i = 0; i < members; i++) {
			const uint64_t share = from[i + 1] - from[i];
			const double off = ((double)rand_r(&seed) / RAND_MAX * 2 - 1) * noise;
			const double seconds =
			    work_of(groups, from[i], from[i + 1]) / speed[i] * (1 + off);

			if (from[i + 1] < from[i] || from[i + 1] > groups)
				return 1;
			sum += share;
			if (!share)
				continue;
			parts[shares++] =
			    (struct balance_part){i, from[i], from[i + 1], silent[i] ? 0 : seconds};
			silent[i] = false;
			if (seconds > longest)
				longest = seconds;
		}
		if (sum != groups)
			return 1;
		balance_learn(of, groups, parts, shares);
		all[splits - 1] = longest;
		took = longest + (launch % every ? 0 : moving);
		balance_moved(of, launch % every ? 0 : moving);
		balance_took_parts(of, longest);
	}
	while (soon + 1 < splits && all[soon] > all[splits - 1] * 1.05)
		soon++;
	printf("%u %.3f %u %u %.3f\n", splits, whole / took, changes, soon, whole / all[0]);
	return 0;
}
