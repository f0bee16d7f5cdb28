/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "policy.h"

/*
 * Looks at a row that another thread is filling, which takes it some ns. Where that is not enough,
 * the thread does not run now, or the page was scribbled over, and the next row is taken.
 */
#define LOOKS 200

/* Turns given to other threads, of some 100 ns at least. */
#define TURNS 100000

/* Of rows, as in the page. */
enum { ROW_FREE, ROW_FILLING, ROW_FILLED };

enum state {
	STATE_UNUSED,  /* begin was never called */
	STATE_OPENING, /* some thread makes the page */
	STATE_OPEN,
	STATE_NONE,   /* no page could be made, or it was given up */
	STATE_FORKED, /* a child that has not made its own yet */
};

static struct {
	_Atomic(struct mvgal_session_page *) page;
	atomic_int state;
	struct place place;
	char api[16];
	/* GPUs by number. They outlive the page: a child makes its own with the same numbers. */
	struct {
		_Atomic uint32_t state;
		char id[64];
	} gpus[MVGAL_SESSION_GPUS];
	/* A policy that was not sound: not looked at again. */
	_Atomic uint64_t refused;
} session;

/* Whether a row is filled, or is so in a moment. */
static bool is_filled(_Atomic uint32_t *state)
{
	for (int look = 0; look < LOOKS && atomic_load(state) == ROW_FILLING; look++)
		;
	return atomic_load(state) == ROW_FILLED;
}

/*
 * The same of a row that nobody else can write to, until the thread that fills it has run: a GPU in
 * two rows would be counted twice. Not for ever, should a signal's handler have stopped that thread
 * here.
 */
static bool is_filled_soon(_Atomic uint32_t *state)
{
	for (int turn = 0; turn < TURNS && !is_filled(state); turn++)
		sched_yield();
	return is_filled(state);
}

static void fill_row(struct mvgal_session_page *page, uint32_t gpu)
{
	struct mvgal_session_counters *row = &page->counters[gpu];

	/* Whoever fills it writes the same. */
	memcpy(row->id, session.gpus[gpu].id, sizeof(row->id));
	atomic_store_explicit(&row->state, ROW_FILLED, memory_order_release);
}

static void make_page(void)
{
	struct mvgal_session_page *page = place_take(&session.place, session.api);

	if (!page) {
		atomic_store(&session.state, STATE_NONE);
		return;
	}
	atomic_store(&session.refused, 0);
	atomic_store(&session.page, page);
	for (uint32_t gpu = 0; gpu < MVGAL_SESSION_GPUS; gpu++)
		if (atomic_load(&session.gpus[gpu].state) == ROW_FILLED)
			fill_row(page, gpu);
	atomic_store(&session.state, STATE_OPEN);
}

static struct mvgal_session_page *current_page(void)
{
	struct mvgal_session_page *page = atomic_load_explicit(&session.page, memory_order_acquire);
	int forked = STATE_FORKED;

	if (page || atomic_load_explicit(&session.state, memory_order_relaxed) != STATE_FORKED)
		return page;
	if (atomic_compare_exchange_strong(&session.state, &forked, STATE_OPENING)) {
		int error = errno;

		make_page();
		errno = error;
	}
	return atomic_load_explicit(&session.page, memory_order_acquire);
}

/* In the child there is one thread, and what others were at stays half done. */
static void after_fork(void)
{
	struct mvgal_session_page *page = atomic_load(&session.page);
	int error = errno;

	if (atomic_load(&session.state) == STATE_UNUSED)
		return;
	atomic_store(&session.page, NULL);
	if (page)
		place_leave(&session.place, page);
	for (uint32_t gpu = 0; gpu < MVGAL_SESSION_GPUS; gpu++)
		if (atomic_load(&session.gpus[gpu].state) == ROW_FILLING)
			atomic_store(&session.gpus[gpu].state, ROW_FREE);
	atomic_store(&session.state, STATE_FORKED);
	errno = error;
}

void mvgal_session_begin(const char *api)
{
	int unused = STATE_UNUSED;
	int error = errno;

	if (!atomic_compare_exchange_strong(&session.state, &unused, STATE_OPENING))
		return;
	strncpy(session.api, api, sizeof(session.api) - 1);
	/* Without the first a child would count into its parent's page. */
	if (pthread_atfork(NULL, NULL, after_fork) == 0) {
		make_page();
		atexit(mvgal_session_end);
	} else {
		atomic_store(&session.state, STATE_NONE);
	}
	errno = error;
}

void mvgal_session_end(void)
{
	struct mvgal_session_page *page = atomic_exchange(&session.page, NULL);
	int error = errno;

	if (!page)
		return;
	atomic_store(&session.state, STATE_NONE);
	/* It stays mapped: another thread may be counting. */
	place_remove(&session.place);
	errno = error;
}

bool mvgal_session_active(void)
{
	return current_page() != NULL;
}

uint32_t mvgal_session_gpu(const char *id)
{
	struct mvgal_session_page *page = current_page();
	size_t length = strlen(id);

	for (uint32_t gpu = 0; length < sizeof(session.gpus[0].id) && gpu < MVGAL_SESSION_GPUS;
	     gpu++) {
		uint32_t free = ROW_FREE;

		if (atomic_compare_exchange_strong(&session.gpus[gpu].state, &free, ROW_FILLING)) {
			memcpy(session.gpus[gpu].id, id, length + 1);
			/*
			 * Either make_page sees this row, or the page is seen here: both store and
			 * then load, in one order for all (seq_cst).
			 */
			atomic_store(&session.gpus[gpu].state, ROW_FILLED);
			page = atomic_load(&session.page);
			if (page)
				fill_row(page, gpu);
			return gpu;
		}
		if (is_filled_soon(&session.gpus[gpu].state) && !strcmp(session.gpus[gpu].id, id))
			return gpu;
	}
	if (page)
		atomic_fetch_add_explicit(&page->status.gpus_lost, 1, memory_order_relaxed);
	return MVGAL_SESSION_NO_GPU;
}

static struct mvgal_session_counters *counters_of(uint32_t gpu)
{
	struct mvgal_session_page *page = gpu < MVGAL_SESSION_GPUS ? current_page() : NULL;

	return page ? &page->counters[gpu] : NULL;
}

static void add(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

void mvgal_session_allocated(uint32_t gpu, uint64_t bytes)
{
	struct mvgal_session_counters *counters = counters_of(gpu);
	uint64_t now, peak;

	if (!counters)
		return;
	now = atomic_fetch_add_explicit(&counters->bytes_now, bytes, memory_order_relaxed) + bytes;
	peak = atomic_load_explicit(&counters->bytes_peak, memory_order_relaxed);
	while (peak < now &&
	       !atomic_compare_exchange_weak_explicit(&counters->bytes_peak, &peak, now,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

void mvgal_session_freed(uint32_t gpu, uint64_t bytes)
{
	struct mvgal_session_counters *counters = counters_of(gpu);
	uint64_t now;

	if (!counters)
		return;
	/* What a parent allocated before fork was not counted here. */
	now = atomic_load_explicit(&counters->bytes_now, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&counters->bytes_now, &now,
						      now > bytes ? now - bytes : 0,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

void mvgal_session_copied(uint32_t gpu, uint64_t bytes)
{
	struct mvgal_session_counters *counters = counters_of(gpu);

	if (counters)
		add(&counters->bytes_copied, bytes);
}

void mvgal_session_launched(uint32_t gpu, bool part)
{
	struct mvgal_session_counters *counters = counters_of(gpu);

	if (!counters)
		return;
	add(&counters->launches, 1);
	if (part)
		add(&counters->splits, 1);
}

_Atomic uint64_t *mvgal_session_launches(uint32_t gpu)
{
	struct mvgal_session_counters *counters = counters_of(gpu);

	return counters ? &counters->launches : NULL;
}

void mvgal_session_busy(uint32_t gpu, uint64_t ns)
{
	struct mvgal_session_counters *counters = counters_of(gpu);

	if (counters)
		add(&counters->busy_ns, ns);
}

void mvgal_session_kernel(bool parted)
{
	struct mvgal_session_page *page = current_page();

	if (page)
		add(parted ? &page->status.parted : &page->status.whole, 1);
}

void mvgal_session_whole(const char *reason)
{
	struct mvgal_session_page *page = current_page();

	if (!page)
		return;
	for (int i = 0; i < MVGAL_SESSION_REASONS; i++) {
		struct mvgal_session_reason *row = &page->reasons[i];
		uint32_t free = ROW_FREE;

		if (atomic_compare_exchange_strong(&row->state, &free, ROW_FILLING)) {
			strncpy(row->text, reason, sizeof(row->text) - 1);
			atomic_store_explicit(&row->state, ROW_FILLED, memory_order_release);
		}
		/* Compared no further than the row: anybody may have written over the text's end.
		 */
		if (is_filled(&row->state) && !strncmp(row->text, reason, sizeof(row->text) - 1)) {
			add(&row->count, 1);
			return;
		}
	}
	add(&page->status.reasons_lost, 1);
}

bool mvgal_session_policy_read(struct mvgal_session_policy *policy)
{
	struct mvgal_session_page *page = current_page();
	struct mvgal_session_policy read;
	uint64_t generation;

	if (!page)
		return false;
	generation = policy_generation(&page->policy);
	if (generation == policy->generation || generation % 2 != 0 ||
	    generation == atomic_load_explicit(&session.refused, memory_order_relaxed))
		return false;
	switch (policy_copy(&read, &page->policy)) {
	case POLICY_TORN:
		return false; /* the next call finds it whole */
	case POLICY_UNSOUND:
		atomic_store_explicit(&session.refused, read.generation, memory_order_relaxed);
		add(&page->status.policy_refused, 1);
		return false;
	case POLICY_SOUND:
		break;
	}
	memcpy(policy, &read, sizeof(*policy));
	atomic_store_explicit(&page->status.policy_seen, read.generation, memory_order_relaxed);
	return true;
}
