/* SPDX-License-Identifier: MIT */
/* How much room there is on the cards that are lent: what the lender said a moment ago, and what
 * was taken and given back since. */
#ifndef MVGAL_CUDA_POOL_ROOM_H
#define MVGAL_CUDA_POOL_ROOM_H

#include "pool_cards.h"

/* What is unused of each card but the own; 0 where nobody says. */
void room_of_lent(const struct cards *cards, size_t unused[PLAN_CARDS]);

void room_taken(int card, size_t bytes);
void room_given(int card, size_t bytes);

/* It was not so: the lender is to be asked anew. */
void room_ask_again(void);

/* Around fork. */
void room_lock(void);
void room_unlock(void);

#endif
