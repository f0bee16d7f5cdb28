/* SPDX-License-Identifier: MIT */
/* Why something could not be done: one line, for people. */
#ifndef MVGAL_LAUNCHER_WHY_H
#define MVGAL_LAUNCHER_WHY_H

#include <stdbool.h>

/* Room for a path and what is wrong with it; longer text is cut. */
struct why {
	char text[4600];
	bool damaged; /* this executable is: nothing else will help */
};

/* Writes the reason and returns -1, so that a function can `return because(...)`. */
__attribute__((format(printf, 2, 3))) int because(struct why *why, const char *format, ...);

/* Puts where it happened in front of another reason. Returns -1. */
int because_at(struct why *why, const char *where, const struct why *cause);

#endif
