/* SPDX-License-Identifier: MIT */
/*
 * What several members need before the parts of a launch run, moved at once: each range is read
 * from its member one time, however many want it, and members read and write side by side.
 */
#ifndef MVGAL_OPENCL_EXCHANGE_H
#define MVGAL_OPENCL_EXCHANGE_H

#include "memory.h"

struct exchange_move {
	struct memory *root;
	unsigned int from, to;
	struct range range; /* of the root, bytes */
};

struct exchange {
	unsigned int count;
	struct exchange_move *moves; /* of malloc */
};

/* Notes what of a buffer is not on a member. With the lock of the context, as all. */
void exchange_want(struct exchange *exchange, struct memory *memory, unsigned int member,
		   size_t offset, size_t size);

/* Moves what is worth it, and empties the list: what was not moved is not noted as valid. */
void exchange_run(struct exchange *exchange, struct context *context);

#endif
