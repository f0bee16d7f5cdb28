/* SPDX-License-Identifier: MIT */
/*
 * Lets guest.c share launches out between a home and a guest, and says what came of it.
 *
 *     guest_driver GROUPS PROFILE SLOWER NOISE
 *         one kernel: "out share gain worst lost rehearsed"
 *     guest_driver turns SLOWER PLACE [KINDS]
 *         the same of one that is even and one with its work at a place, by turns; by their numbers
 *         there are so many kinds
 *     guest_driver slows SLOWER TIMES
 *         the same of an even one that the guest is slower at from the middle on
 *     guest_driver random CASES SEED
 *         many: "worst" of them, how many gained, and the longest "rehearsed"
 *
 * PROFILE is what each group takes: even, or where in the range all the work is: 0.5 the middle.
 * All times are in launches: the home runs all of it in 1.
 */
#include "../../../shims/opencl/guest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096
#define LAUNCHES 300

struct kernel {
	uint64_t groups;
	/* Of the weights before each group; of launches that take turns. */
	double sums[2][MOST + 1];
	bool has_turns;
	unsigned int kinds; /* of launches, by their numbers; 0: one */
	double slower, noise;
	double slows; /* so many times, in the middle; 0: not */
	unsigned int seed;
};

struct outcome {
	struct guest guest;
	double gain, worst, lost; /* of the last launch, of any, of all together */
	double rehearsed;	  /* all rehearsals together */
};

static double off(struct kernel *of)
{
	return 1 + ((double)rand_r(&of->seed) / RAND_MAX * 2 - 1) * of->noise;
}

static bool simulate(struct kernel *kernel, struct outcome *out)
{
	double lost = 0, away = 0, rehearsed = 0;

	*out = (struct outcome){0};
	for (int launch = 0; launch < LAUNCHES; launch++) {
		uint64_t share = 0;
		const struct guest_launch what = {
		    1, kernel->groups, kernel->kinds ? (uint64_t)launch % kernel->kinds : 0};
		enum guest_turn turn = guest_next(&out->guest, &what, &share);
		const double *sum = kernel->sums[kernel->has_turns && launch % 2];
		const double weight = 1 - sum[kernel->groups - share];
		double rest = (1 - weight) * off(kernel), end = weight * off(kernel), took = 1;

		if (share > kernel->groups / 2 || (share > 0) != (turn != GUEST_NONE))
			return false;
		end *= kernel->slower;
		end *= kernel->slows > 0 && launch > LAUNCHES / 2 ? kernel->slows : 1;
		/* A rehearsal goes on beside launches. */
		if (away > 0) {
			away -= 1;
		} else if (turn == GUEST_REHEARSE) {
			/* The first time it is compiled for. */
			end += !out->guest.is_warm;
			away = end - 1;
			rehearsed += end;
			guest_rehearsed(&out->guest, end, off(kernel));
		} else if (turn != GUEST_NONE) {
			took = end > rest ? end : rest;
			guest_took(&out->guest, end, rest, 0, 1);
		}
		lost += took > 1 ? took - 1 : 0;
		out->gain = 1 / took;
		if (took > out->worst)
			out->worst = took;
	}
	out->lost = lost;
	out->rehearsed = rehearsed;
	return true;
}

/* All of the work in a twentieth of the range, about a place; but for a little everywhere. */
static double hill(double at, double middle)
{
	return 1e-4 + (fabs(at - middle) < 0.025 ? 1 : 0);
}

static void even_out(double *sum, uint64_t groups)
{
	for (uint64_t i = 1; i <= groups; i++)
		sum[i] += sum[i - 1];
	for (uint64_t i = 0; i <= groups; i++)
		sum[i] /= sum[groups];
}

static void profile(struct kernel *of, double *sum, const char *what)
{
	for (uint64_t i = 0; i < of->groups; i++)
		sum[i + 1] = strcmp(what, "even")
				 ? hill(((double)i + 0.5) / (double)of->groups, atof(what))
				 : 1;
	even_out(sum, of->groups);
}

static double part(unsigned int *seed)
{
	return (double)rand_r(seed) / RAND_MAX;
}

/* Steps, slopes and peaks, over several orders of magnitude. */
static void random_profile(struct kernel *of, unsigned int *seed)
{
	double now = 1, slope = 0;

	for (uint64_t i = 0; i < of->groups; i++) {
		if (rand_r(seed) % (of->groups / 6 + 1) == 0) {
			now = pow(10, part(seed) * 8 - 4);
			slope = (part(seed) - 0.5) / (double)of->groups * 20;
		}
		of->sums[0][i + 1] = now * (rand_r(seed) % 64 ? 1 : 30 * part(seed));
		now *= 1 + slope;
	}
	even_out(of->sums[0], of->groups);
}

static int run_random(int cases, unsigned int seed)
{
	static struct kernel kernel;
	struct outcome out;
	double worst = 0, rehearsed = 0;
	int gained = 0;

	for (int i = 0; i < cases; i++) {
		unsigned int own = seed + (unsigned int)i;

		memset(&kernel, 0, sizeof(kernel));
		kernel.groups = 1 + (uint64_t)(pow(part(&own), 3) * (MOST - 1));
		kernel.slower = pow(10, part(&own) * 2.3);
		kernel.noise = part(&own) * 0.05;
		kernel.seed = own;
		random_profile(&kernel, &own);
		if (!simulate(&kernel, &out))
			return 1;
		if (out.worst > worst)
			worst = out.worst;
		if (out.rehearsed > rehearsed)
			rehearsed = out.rehearsed;
		gained += out.gain > 1.02;
		if (out.worst > 2 || getenv("GUEST_VERBOSE"))
			fprintf(stderr, "seed %u: %g groups, %g slower: worst %g, gain %g\n",
				seed + (unsigned int)i, (double)kernel.groups, kernel.slower,
				out.worst, out.gain);
	}
	printf("%.3f %d %.1f\n", worst, gained, rehearsed);
	return 0;
}

int main(int count, char **arguments)
{
	static struct kernel kernel;
	struct outcome out;

	if (count < 4)
		return 2;
	if (!strcmp(arguments[1], "random"))
		return run_random(atoi(arguments[2]), (unsigned int)atoi(arguments[3]));
	kernel.seed = 1;
	kernel.has_turns = !strcmp(arguments[1], "turns");
	if (kernel.has_turns) {
		kernel.groups = MOST;
		kernel.slower = atof(arguments[2]);
		kernel.noise = 0.01;
		profile(&kernel, kernel.sums[0], "even");
		profile(&kernel, kernel.sums[1], arguments[3]);
		kernel.kinds = count > 4 ? (unsigned int)atoi(arguments[4]) : 0;
	} else if (!strcmp(arguments[1], "slows")) {
		kernel.groups = MOST;
		kernel.slower = atof(arguments[2]);
		kernel.slows = atof(arguments[3]);
		kernel.noise = 0.01;
		profile(&kernel, kernel.sums[0], "even");
	} else {
		if (count < 5)
			return 2;
		kernel.groups = strtoull(arguments[1], NULL, 10);
		kernel.slower = atof(arguments[3]);
		kernel.noise = atof(arguments[4]);
		if (kernel.groups > MOST)
			return 2;
		profile(&kernel, kernel.sums[0], arguments[2]);
	}
	if (!simulate(&kernel, &out))
		return 1;
	printf("%d %.4f %.3f %.3f %.3f %.3f\n", out.guest.is_out,
	       out.guest.is_out ? 0 : (double)out.guest.share / (double)kernel.groups, out.gain,
	       out.worst, out.lost, out.rehearsed);
	return 0;
}
