/* SPDX-License-Identifier: MIT */
/*
 * What the pool asks of the accounts: each card's part of an allocation counts against that card's
 * limit. Without them all is granted.
 */
#ifndef MVGAL_CUDA_POOL_ACCOUNT_H
#define MVGAL_CUDA_POOL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

/* Reserves before the driver is asked; false where the limit is lower. The session's page is the
 * pool's. */
__attribute__((weak)) bool account_take(CUdevice device, size_t bytes);
__attribute__((weak)) void account_give(CUdevice device, size_t bytes);

/* Lowers what the driver says of a card to what the limit leaves. */
__attribute__((weak)) void account_view(CUdevice device, size_t *unused, size_t *total);

#endif
