/* SPDX-License-Identifier: MIT */
/* Which member a context or a queue is put on. */
#ifndef MVGAL_OPENCL_PLACEMENT_H
#define MVGAL_OPENCL_PLACEMENT_H

/* By MVGAL_STRATEGY. The member counts as in use until placement_left. */
unsigned int placement_of_context(void);
/* The `nth` queue beside a first one of a context, whose home is given. */
unsigned int placement_of_queue(unsigned int home, unsigned int nth);
void placement_left(unsigned int member);

#endif
