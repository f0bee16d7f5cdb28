/* SPDX-License-Identifier: MIT */
/*
 * One allocation that is charged: begun before the driver is called, and then made or failed.
 *
 *	if (!charge_begin(&charge, LEDGER_MEMORY, device, bytes))
 *		return CUDA_ERROR_OUT_OF_MEMORY;
 *	result = real->...;
 *	return charge_end(&charge, result, key);
 */
#ifndef MVGAL_CUDA_CHARGE_H
#define MVGAL_CUDA_CHARGE_H

#include "account.h"
#include "ledger.h"
#include "real.h"

/* A function that the program finds in place of the driver's. */
#define HOOK __attribute__((visibility("default")))

struct charge {
	struct ledger_entry *entry;
	const struct device *device;
	/* Reserved at first, and what was added since. */
	uint64_t reserved, added;
};

/* No where the bytes are over a limit, or there is no memory to note them. */
bool charge_begin(struct charge *charge, enum ledger_kind kind, const struct device *device,
		  uint64_t bytes);

/* The memory is this large; no where that is over a limit: then it is to be freed, and has failed.
 */
bool charge_correct(struct charge *charge, uint64_t bytes);

/* What became of it; gives the result of the driver back. */
CUresult charge_end(struct charge *charge, CUresult result, uint64_t key);

/* Calls that free what `key` names: before the driver is called, and after. */
struct ledger_entry *charge_free_begin(uint64_t key);
CUresult charge_free_end(struct ledger_entry *entry, CUresult result);

/* The memory of an entry that was taken out of the ledger is gone. */
void charge_drop(struct ledger_entry *entry);

#endif
