/* SPDX-License-Identifier: MIT */
#include "pool_lock.h"

#include <pthread.h>

#include "pool_cards.h"
#include "pool_table.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t forks = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
	cards_lock();
	table_lock();
}

static void after_fork(void)
{
	table_unlock();
	cards_unlock();
	pthread_mutex_unlock(&lock);
}

static void watch(void)
{
	pthread_atfork(before_fork, after_fork, after_fork);
}

void pool_watch_forks(void)
{
	pthread_once(&forks, watch);
}

void pool_lock(void)
{
	pthread_mutex_lock(&lock);
}

void pool_unlock(void)
{
	pthread_mutex_unlock(&lock);
}
