/* SPDX-License-Identifier: MIT */
#include "pool_room.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lent.h"

/* For so long what the lender said of the cards' room is believed, less what was taken since:
 * asking takes it some ms. */
#define ROOM_NS 200000000u

static struct {
	pthread_mutex_t lock;
	struct lender_card cards[LENDER_CARDS];
	unsigned int count;
	uint64_t until;
	/* Of each card since then; what was given back counts against it. */
	atomic_llong taken[PLAN_CARDS];
} said = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void room_of_lent(const struct cards *cards, size_t unused[PLAN_CARDS])
{
	room_lock();
	if (now_ns() >= said.until) {
		if (lent_cards(said.cards, &said.count) != CUDA_SUCCESS)
			said.count = 0;
		for (int i = 0; i < cards->count; i++)
			atomic_store(&said.taken[i], 0);
		said.until = now_ns() + ROOM_NS;
	}
	for (int i = 1; i < cards->count; i++) {
		unsigned int at = cards->card[i].lent;
		long long left = -atomic_load(&said.taken[i]);

		if (at < said.count)
			left += (long long)said.cards[at].unused;
		unused[i] = at < said.count && left > 0 ? (size_t)left : 0;
	}
	room_unlock();
}

void room_taken(int card, size_t bytes)
{
	atomic_fetch_add(&said.taken[card], (long long)bytes);
}

void room_given(int card, size_t bytes)
{
	atomic_fetch_sub(&said.taken[card], (long long)bytes);
}

void room_ask_again(void)
{
	room_lock();
	said.until = 0;
	room_unlock();
}

void room_lock(void)
{
	pthread_mutex_lock(&said.lock);
}

void room_unlock(void)
{
	pthread_mutex_unlock(&said.lock);
}
