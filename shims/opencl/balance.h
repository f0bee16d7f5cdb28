/* SPDX-License-Identifier: MIT */
/*
 * How a kernel's launches are shared out, by how long they and their parts took: arithmetic alone.
 *
 * Launches of about the same number of work-groups are of one class. A class is run whole first;
 * one that takes long enough is tried in parts, which are sized to take the same time. Where that
 * does not pay, it runs whole for a while, and longer each time.
 *
 * Work-groups may take different times: the middle of a Mandelbrot set takes a thousand times its
 * edge. Of members of the home's kind the time of a part tells what its groups cost; of others,
 * whose parts may take longer for that or for what the members are, it tells how fast they are.
 */
#ifndef MVGAL_OPENCL_BALANCE_H
#define MVGAL_OPENCL_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

#define BALANCE_MEMBERS 16
/* Parts of a launch at most: of the first one members may have several. */
#define BALANCE_PARTS 32
#define BALANCE_CLASSES 8
/* A launch's groups in so many runs of one length. */
#define BALANCE_RUNS 64

/* Groups [from, to) of a launch. */
struct balance_part {
	unsigned int member;
	uint64_t from, to;
	double seconds; /* 0: not known */
};

struct balance_class {
	uint64_t key; /* 0: unused */
	/* Seconds of a group of each run, on a member of the home's kind; 0: nothing is known. */
	double cost[BALANCE_RUNS];
	unsigned int learned; /* launches that told of it */
	/* Members of the home's kind, a bit each; 0: not known. */
	uint32_t alike;
	/* Of others: times as fast as one of the home's kind; 0: not known. */
	double speed[BALANCE_MEMBERS];
	/* Seconds of a launch: whole at best, and the longest of its parts. */
	double whole, parted;
	unsigned int untold; /* launches since then that are over, and of no known time */
	/* What was moved for a launch in parts: the mean of so many that were settled. */
	double moving;
	unsigned int moves;
	/* Of the last launch whose time is known, whichever way it ran. */
	double last;
	/* Launches that run whole yet, and how many it will be the next time; splits since. */
	unsigned int rest, next_rest, splits;
	uint64_t used;
	/* The shares of the last launch of so many groups; 0: none. */
	uint64_t cut_groups, cut[BALANCE_MEMBERS + 1];
	/* Of a member that takes no part in shares; and the longest part without it, 0: not known.
	 */
	struct guest guest;
	double unguested;
};

struct balance {
	struct balance_class classes[BALANCE_CLASSES];
	uint64_t clock;
};

/* The class of a launch; the one that was used longest ago is given up for a new one. */
struct balance_class *balance_class_of(struct balance *balance, uint64_t groups);

/* Whether the next launch might be split; where not, it counts as one that runs whole. */
bool balance_may(struct balance_class *of);

/* The same, by what splits have brought. */
bool balance_splits(struct balance_class *of);

/* Whether it is not known yet what splits bring. */
bool balance_is_trying(const struct balance_class *of);

/* Whether a launch takes long enough to be split. */
bool balance_is_long(const struct balance_class *of);

/* Whether the next time that is measured, of parts or of the whole, may change how launches are
 * run. */
bool balance_is_learning(const struct balance_class *of, bool in_parts);

/* It turned out not to be possible: whole for a while. */
void balance_give_up(struct balance_class *of);

/* Why it is not: a word that stays. */
const char *balance_reason(const struct balance_class *of);

/*
 * Shares of the first `shared` of a launch's groups in order: member i gets [from[i], from[i + 1]).
 * `power` is what is thought of members that were not measured, and the same for those that are
 * alike; most for the home, and 0 for one that takes no part. How many have a share. Shares stay as
 * they were while others would bring next to nothing: what members have of memory goes by them.
 */
unsigned int balance_share(struct balance_class *of, const double *power, unsigned int count,
			   uint64_t groups, uint64_t shared, uint64_t *from);

/* What was measured; 0 seconds: it was not. */
void balance_took_whole(struct balance_class *of, unsigned int member, uint64_t groups,
			double seconds);
/* A launch that ran otherwise would have taken so long; 0: it is not known. */
void balance_was_whole(struct balance_class *of, double seconds);
/* Parts of a launch of so many groups. */
void balance_learn(struct balance_class *of, uint64_t groups, const struct balance_part *parts,
		   unsigned int count);
/* All parts of a launch: the longest. */
void balance_took_parts(struct balance_class *of, double longest);
/* Each launch in parts, also one whose times are never known: what moving cost. */
void balance_moved(struct balance_class *of, double seconds);
/* What a launch in parts costs more than whole, as far as is known. */
double balance_loss(const struct balance_class *of, double moving);

#endif
