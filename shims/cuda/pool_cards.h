/* SPDX-License-Identifier: MIT */
/* The GPUs whose memory is one pool. The first is the program's own: it sees no other, and has the
 * memory of the others lent (lender.h). */
#ifndef MVGAL_CUDA_POOL_CARDS_H
#define MVGAL_CUDA_POOL_CARDS_H

#include "abi.h"
#include "devices.h"
#include "pool_plan.h"

struct cards {
	int count;
	/* Bytes that pieces are a multiple of; that host memory may hold; and its NUMA node. */
	size_t granularity, host;
	int node;
	struct {
		/* The driver's number of the own card; of the others a number that no card has
		 * which the program sees. */
		CUdevice device;
		/* Its place among the lender's. */
		unsigned int lent;
		const struct device *name;
		/* Its memory, and what of it the pool leaves alone. */
		size_t total, spared;
	} card[PLAN_CARDS];
};

/* NULL where nothing is pooled: it is not asked for, there is one GPU, or the driver does not know
 * how: what is asked for and cannot be is told on stderr. */
const struct cards *cards_pooled(void);
bool cards_are_known(void);

/* Whether the calling thread's context is of the program's own card. */
bool cards_are_current(const struct cards *cards);

/*
 * What the pool may still take of each lane, and if `total` is given all memory that they have.
 * False where there is no context of the own card to ask in.
 */
bool cards_room(const struct cards *cards, size_t room[PLAN_LANES], size_t *total);

/* All memory that they have, without asking in a context. */
size_t cards_total(const struct cards *cards);

/* What the own card has left, in a context of it. */
size_t cards_own_free(const struct cards *cards);

/* Memory that lies in a lane: against the limits of that card, and in the session's page. */
bool cards_take(const struct cards *cards, int lane, size_t bytes);
void cards_give(const struct cards *cards, int lane, size_t bytes);

/* What the driver needs to make a piece of the own card or of the host. */
void cards_props(const struct cards *cards, int lane, CUmemAllocationProp *props);

/* Around fork. */
void cards_lock(void);
void cards_unlock(void);

#endif
