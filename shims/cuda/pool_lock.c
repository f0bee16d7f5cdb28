/* SPDX-License-Identifier: MIT */
#include "pool_lock.h"

#include <pthread.h>

#include "pool_cards.h"
#include "pool_table.h"
#include "real.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t forks = PTHREAD_ONCE_INIT;

/* CU_STREAM_CAPTURE_MODE_RELAXED while the thread has the lock, and what it has else. */
#define CAPTURE_RELAXED 2
static __thread int capture_mode;

static void exchange_mode(void)
{
	const struct cuda_real *real = cuda_real();

	if (real->cuThreadExchangeStreamCaptureMode)
		real->cuThreadExchangeStreamCaptureMode(&capture_mode);
}

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
	capture_mode = CAPTURE_RELAXED;
	exchange_mode();
}

void pool_unlock(void)
{
	exchange_mode();
	pthread_mutex_unlock(&lock);
}
