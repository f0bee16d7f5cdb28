/* SPDX-License-Identifier: MIT */
/*
 * What this process has allocated: what each pointer or handle of the driver was charged for.
 *
 * Who frees takes the entry out before the driver is called, since another thread may be given the
 * same pointer right after, and puts it back where the driver refuses.
 */
#ifndef MVGAL_CUDA_LEDGER_H
#define MVGAL_CUDA_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "devices.h"

/* Of a key of another kind nothing is known. */
enum ledger_kind {
	LEDGER_MEMORY, /* cuMemAlloc, of a pitch too */
	LEDGER_MANAGED,
	LEDGER_ARRAY,
	LEDGER_MIPMAP,
	LEDGER_POOLED, /* from a pool: `owner` is the pool's account */
};

struct ledger_entry {
	struct ledger_entry *next;
	uint64_t key;
	uint64_t bytes;
	/* NULL where nothing was charged. */
	const struct device *device;
	/* What it goes with: a context, or the account of a pool. */
	void *owner;
	enum ledger_kind kind;
};

/* An entry to be filled, taken before memory is allocated; NULL without memory. */
struct ledger_entry *ledger_new(void);

void ledger_put(struct ledger_entry *entry);

/* NULL for an unknown one. The driver gives no two things that live the same pointer or handle. */
struct ledger_entry *ledger_take(uint64_t key);

/* Takes out all that goes with a context, and gives each to `drop`, which frees it. */
void ledger_take_owned(const void *owner, void (*drop)(struct ledger_entry *entry));

/* In a child after fork: nothing of the parent's can be used here. */
void ledger_after_fork(void);

#endif
