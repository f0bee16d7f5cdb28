/* SPDX-License-Identifier: MIT */
/* Lets balance.c share out the launches of members of given speeds: `speed...`, in groups a second.
 * Of one whose speed is negative the first time is not told: it is to be stamped from then on. With
 * BALANCE_NOISE each time differs by up to so much of it; with BALANCE_EVERY=n only each n-th
 * launch moves anything. */
#include "../../../shims/opencl/balance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	uint64_t before[BALANCE_MEMBERS + 1] = {0};
	unsigned int splits = 0, changes = 0, seed = 1;

	for (unsigned int i = 0; i < members; i++) {
		speed[i] = atof(arguments[3 + i]);
		silent[i] = speed[i] < 0;
		speed[i] = speed[i] < 0 ? -speed[i] : speed[i];
		power[i] = 1;
		if (speed[i] > 0 && (whole == 0 || i == 0))
			whole = (double)groups / speed[i];
	}
	for (int launch = 0; launch < 200; launch++) {
		struct balance_class *of = balance_class_of(&balance, groups);
		uint64_t from[BALANCE_MEMBERS + 1], sum = 0;
		double longest = 0;

		if (!balance_splits(of) || balance_share(of, power, members, groups, from) < 2) {
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
			const double seconds = (double)share / speed[i] * (1 + off);

			if (from[i + 1] < from[i] || from[i + 1] > groups)
				return 1;
			sum += share;
			if (share && !silent[i])
				balance_took_part(of, i, share, seconds);
			if (share)
				silent[i] = false;
			if (seconds > longest)
				longest = seconds;
		}
		if (sum != groups)
			return 1;
		took = longest + (launch % every ? 0 : moving);
		balance_moved(of, launch % every ? 0 : moving);
		balance_took_parts(of, longest);
	}
	printf("%u %.3f %u\n", splits, whole / took, changes);
	return 0;
}
