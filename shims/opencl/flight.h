/* SPDX-License-Identifier: MIT */
/*
 * Parts of launches that are under way on other members than the home, and what it takes to run
 * them there again: where a member fails, its parts are done over by the home, and it gets no more.
 *
 * The home can run a part again as long as it has what that read as it was, or as other parts that
 * can be run again made it: noted when the part begins, and struck out where something else is
 * written over it. The last that are over are kept for that too. What else a failed member alone
 * had is lost: whoever reads it gets an error.
 */
#ifndef MVGAL_OPENCL_FLIGHT_H
#define MVGAL_OPENCL_FLIGHT_H

#include "split_part.h"

struct flight;

/* Notes a part that was enqueued. NULL: it is the home's, or there is no memory for it: it cannot
 * be run again. With the lock, as all but where it says otherwise. */
struct flight *flight_begin(const struct split_work *work, const struct split_part *part,
			    cl_event event);

/* A range of the root is written on a member: what needed it as it was cannot be run again. */
void flight_wrote(struct memory *root, unsigned int member, struct range range);
/* The home was given a range as it is on other members; or some of it, where that failed. */
void flight_came_home(struct memory *root, struct range range, cl_int status);

/* Whether a member of the context has failed; whether one has in any context. Not locked. */
bool flight_has_lost(const struct context *context, unsigned int member);
bool flight_has_lost_anywhere(unsigned int member);

/*
 * A member has failed with a status: from now on it is left out, and what it had in flight is done
 * over. CL_SUCCESS where that is done, else the status.
 */
cl_int flight_recover(struct context *context, unsigned int member, cl_int why);

/* An event of a program's own reference to it: done over where its member fails. Not locked. */
void flight_hold(struct flight *flight);
void flight_drop(struct flight *flight);
bool flight_is_done_over(const struct flight *flight);
cl_int flight_failed(struct flight *flight, struct context *context, cl_int why);

/* Lets go of the memory of parts that are over. Not with the lock. */
void flight_tidy(struct context *context);

#endif
