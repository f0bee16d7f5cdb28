/* SPDX-License-Identifier: MIT */
/*
 * What a guest gets of a kernel's launches: a member far slower than the home, as a processor is
 * beside a GPU. Arithmetic alone.
 *
 * Work-groups may take different times, and on a guest a part that is a little too heavy takes many
 * times the whole. So it has the end of the range, and only as much of it as the home has run as a
 * part of its own before, and was timed at: the weight of that, of the whole's, is known then. Its
 * share grows by steps, each weighed in the same way, as far as the guest keeps up with the others.
 */
#ifndef MVGAL_OPENCL_GUEST_H
#define MVGAL_OPENCL_GUEST_H

#include <stdbool.h>
#include <stdint.h>

/* Who runs the end of a launch. */
enum guest_turn {
	GUEST_NONE,
	GUEST_PROBE, /* the home does, as a part of its own: the weight is asked for */
	GUEST_TRY,   /* the guest does, and what that brings is asked for */
	GUEST_STAY,  /* the guest does */
};

/* What a guest is known for: launches that differ may have their weight elsewhere. */
struct guest_launch {
	unsigned int member;
	uint64_t groups;
	uint64_t numbers; /* a sum of its arguments and its grid */
};

struct guest {
	struct guest_launch launch; /* groups 0: none yet */
	uint64_t share;		    /* of its groups the last */
	double weight;		    /* of these, of the whole's; 0: not known yet */
	double seen;		    /* the same, when it was looked at once */
	/* The weight that is looked for; shares that have less, and more; 0: none. */
	double low, high;
	uint64_t light, heavy;
	uint64_t late; /* a share with which it did not keep up; 0: none */
	/* The share that is left for one that is looked for. */
	uint64_t kept;
	double kept_weight;
	double without; /* seconds that the launch before would have taken without it */
	double speed;	/* of the others' together; 0: not known yet */
	unsigned int begun, probes, growths, silent, strange, poor, late_turns, bad;
	bool is_warm, is_settled, is_out;
};

/* Whose turn it is in the next launch, and how many of its last groups that is about. */
enum guest_turn guest_next(struct guest *of, const struct guest_launch *launch, uint64_t *share);

/* What its next turn may take more than a launch, in launches. */
double guest_risk(const struct guest *of);

/* What was measured: of the share at home, and of a whole launch there. */
void guest_probed(struct guest *of, double seconds, double all);

/* Of the share where the guest ran it, of the longest part beside it, and what moving cost. */
void guest_took(struct guest *of, double seconds, double others, double moving);

/* It takes no part in such launches any more. */
void guest_leave(struct guest *of);

#endif
