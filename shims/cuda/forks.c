/* SPDX-License-Identifier: MIT */
#include "forks.h"

#include <stdatomic.h>
#include <stddef.h>

#define MOST_LOCKS 32

static struct {
	_Atomic(pthread_mutex_t *) locks[MOST_LOCKS];
	pthread_once_t once;
} forks = {.once = PTHREAD_ONCE_INIT};

static void in_child(void)
{
	for (size_t i = 0; i < MOST_LOCKS; i++) {
		pthread_mutex_t *lock = forks.locks[i];

		if (lock)
			pthread_mutex_init(lock, NULL);
	}
}

static void begin(void)
{
	pthread_atfork(NULL, NULL, in_child);
}

void fork_renews(pthread_mutex_t *lock)
{
	pthread_once(&forks.once, begin);
	for (size_t i = 0; i < MOST_LOCKS; i++) {
		pthread_mutex_t *free = NULL;

		if (forks.locks[i] == lock ||
		    atomic_compare_exchange_strong(&forks.locks[i], &free, lock) || free == lock)
			return;
	}
}
