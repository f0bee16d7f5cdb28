/* SPDX-License-Identifier: MIT */
/* Memory of GPUs that the program does not see: lender.h. */
#ifndef MVGAL_CUDA_LENT_H
#define MVGAL_CUDA_LENT_H

#include "abi.h"
#include "lender.h"

/* Starts the lender, which takes its time, before it is needed. */
void lent_begin(void);

/* The GPUs of the pool as they are now, the program's own among them. */
CUresult lent_cards(struct lender_card cards[LENDER_CARDS], unsigned int *count);

/*
 * Up to LENDER_PIECES pieces of memory of a card. Where that does not have so much, `made` says how
 * many there are, and the result is CUDA_ERROR_OUT_OF_MEMORY if there is none.
 */
CUresult lent_memory(unsigned int card, size_t bytes, unsigned int count,
		     CUmemGenericAllocationHandle *handles, unsigned int *made);

#endif
