/* SPDX-License-Identifier: MIT */
/* What the session's page is told (docs/sessions.md): launches of each member, and why work ran
 * whole. */
#ifndef MVGAL_OPENCL_COUNT_H
#define MVGAL_OPENCL_COUNT_H

#include <stdbool.h>

/* The program has a context: its session begins. */
void count_begin(void);

/* A launch on a member; `part` of one that was split. */
void count_launch(unsigned int member, bool part);

/* A launch ran in parts: once for all of them. */
void count_split(void);

/* A launch ran whole where it might have been split; the reason is a string that stays. */
void count_whole(const char *reason);

#endif
