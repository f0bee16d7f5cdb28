/* SPDX-License-Identifier: MIT */
#include "charge.h"

#include <stdlib.h>

#include "async.h"

static bool is_blurred(enum ledger_kind kind)
{
	return kind == LEDGER_MANAGED;
}

bool charge_begin(struct charge *charge, enum ledger_kind kind, const struct device *device,
		  uint64_t bytes)
{
	*charge = (struct charge){.entry = ledger_new(), .device = device, .reserved = bytes};
	if (!charge->entry)
		return false;
	if (!account_reserve(device, bytes)) {
		free(charge->entry);
		return false;
	}
	charge->entry->kind = kind;
	if (is_blurred(kind))
		account_blur(device);
	return true;
}

bool charge_correct(struct charge *charge, uint64_t bytes)
{
	uint64_t now = charge->reserved + charge->added;

	charge->entry->bytes = bytes;
	if (bytes <= now)
		return true;
	if (!account_reserve(charge->device, bytes - now))
		return false;
	account_keep(charge->device, bytes - now);
	charge->added += bytes - now;
	return true;
}

static void fail(struct charge *charge)
{
	account_cancel(charge->device, charge->reserved);
	account_release(charge->device, charge->added);
	if (is_blurred(charge->entry->kind))
		account_unblur(charge->device);
	free(charge->entry);
}

CUresult charge_end(struct charge *charge, CUresult result, uint64_t key)
{
	uint64_t charged = charge->reserved + charge->added;
	struct ledger_entry *entry = charge->entry;
	CUcontext context = NULL;

	if (result != CUDA_SUCCESS) {
		fail(charge);
		return result;
	}
	account_keep(charge->device, charge->reserved);
	if (entry->bytes && entry->bytes < charged)
		account_release(charge->device, charged - entry->bytes);
	else
		entry->bytes = charged;
	if (cuda_real()->cuCtxGetCurrent)
		cuda_real()->cuCtxGetCurrent(&context);
	entry->key = key;
	entry->device = charge->device;
	entry->owner = context;
	ledger_put(entry);
	return result;
}

struct ledger_entry *charge_free_begin(uint64_t key)
{
	account_busy();
	return ledger_take(key);
}

CUresult charge_free_end(struct ledger_entry *entry, CUresult result)
{
	if (entry && result == CUDA_SUCCESS)
		charge_drop(entry);
	else if (entry)
		ledger_put(entry);
	account_idle();
	return result;
}

void charge_drop(struct ledger_entry *entry)
{
	if (entry->kind == LEDGER_POOLED) {
		async_freed(entry->owner, entry->bytes);
	} else {
		account_release(entry->device, entry->bytes);
		if (is_blurred(entry->kind))
			account_unblur(entry->device);
	}
	free(entry);
}
