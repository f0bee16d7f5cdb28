/* SPDX-License-Identifier: MIT */
/*
 * What a guest gets of a kernel's launches: a member far slower than the home, as a processor is
 * beside a GPU. Arithmetic alone.
 *
 * Work-groups may take different times, and on a guest a part that is a little too heavy takes many
 * times the whole. So it gets the end of the range, and only as much of it as it has rehearsed: it
 * ran that for itself, beside a launch that needed nothing of it, in less than the launch took.
 * What that brings shows in the first launches in which it counts.
 */
#ifndef MVGAL_OPENCL_GUEST_H
#define MVGAL_OPENCL_GUEST_H

#include <stdbool.h>
#include <stdint.h>

/* What the guest does with the end of a launch. */
enum guest_turn {
	GUEST_NONE,
	GUEST_REHEARSE, /* it runs it for itself, as the others do: its time is asked for */
	GUEST_TRY,	/* it runs it, and what that brings is asked for */
	GUEST_STAY,	/* it runs it */
};

/* What a guest is known for: launches that differ may have their work elsewhere. */
struct guest_launch {
	unsigned int member;
	uint64_t groups;
	uint64_t numbers; /* a sum of its arguments and its grid */
};

struct guest {
	struct guest_launch launch; /* groups 0: none yet */
	uint64_t share;		    /* of its groups the last */
	/* Shares that take it less than is looked for, and more; 0: none. */
	uint64_t light, heavy;
	uint64_t chosen;  /* the one to have, if it takes the same again */
	double seconds;	  /* that the share takes, more or less */
	double rehearsed; /* in launches */
	unsigned int begun, rehearsals, agreed, silent, strange, poor, late;
	bool is_warm, is_ready, is_settled, is_out;
};

/* Whose turn it is in the next launch, and how many of its last groups that is about. */
enum guest_turn guest_next(struct guest *of, const struct guest_launch *launch, uint64_t *share);

/* What was measured, in seconds; 0: it was not. Of the share where the guest rehearsed it, and of a
 * launch without it. */
void guest_rehearsed(struct guest *of, double seconds, double without);

/* Of the share where the guest ran it, of the longest part beside it, of what moving cost, and of a
 * launch without it. */
void guest_took(struct guest *of, double seconds, double others, double moving, double without);

/* It takes no part in such launches any more. */
void guest_leave(struct guest *of);

#endif
