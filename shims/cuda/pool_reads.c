/* SPDX-License-Identifier: MIT */
#include "pool_reads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "pool_cards.h"
#include "pool_lock.h"
#include "pool_near.h"
#include "pool_params.h"
#include "pool_table.h"
#include "real.h"

/* Of less than that it does not matter where it lies. */
#define LEAST_AWAY ((size_t)16 << 20)

/* Of an allocation that is larger, this much from the pointer on is taken for what is used. */
#define MOST_WINDOW ((size_t)8 << 30)

/* How often a launch reads what it refers to, if it is worth it, and at most how fast a link is, in
 * bytes a ms; and what part of the time is to be left, if it was. */
#define OFTEN 3
#define FASTEST 1e9
#define LEFT 0.75f

#define WATCHES 256

/* Launches of the same kind on the same memory. */
struct watch {
	uint64_t key;
	enum { FREE, NEW, TIMED, BROUGHT, LEFT_ALONE } state;
	/* Around the launch that is timed. */
	CUevent start, end;
	CUcontext context;
	bool is_pending;
	float ms_before;
};

static struct {
	pthread_mutex_t lock;
	struct watch watches[WATCHES];
	atomic_ullong launches;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct referred {
	struct near_window windows[PARAMS_POINTERS];
	int count;
	size_t away;
	uint64_t key;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static void look(const CUdeviceptr *pointers, int count, uint64_t kind, struct referred *referred)
{
	unsigned long long now = atomic_fetch_add(&seen.launches, 1);

	memset(referred, 0, sizeof(*referred));
	referred->key = kind;
	for (int i = 0; i < count; i++) {
		struct near_window *window = &referred->windows[referred->count];

		window->from = pointers[i];
		referred->away += table_away(pointers[i], MOST_WINDOW, now, &window->bytes);
		referred->count += window->bytes > 0;
		referred->key = mix(referred->key, pointers[i]);
	}
	referred->key |= 1;
}

static void drop_events(struct watch *watch)
{
	const struct cuda_real *real = cuda_real();

	if (watch->start)
		real->cuEventDestroy_v2(watch->start);
	if (watch->end)
		real->cuEventDestroy_v2(watch->end);
	watch->start = watch->end = NULL;
	watch->is_pending = false;
}

void reads_context_gone(CUcontext context)
{
	pthread_mutex_lock(&seen.lock);
	for (int i = 0; i < WATCHES; i++) {
		struct watch *watch = &seen.watches[i];

		if (watch->context != context)
			continue;
		watch->start = watch->end = NULL;
		watch->is_pending = false;
	}
	pthread_mutex_unlock(&seen.lock);
}

/* That of a key; another's place is taken where there is none, with `add`. */
static struct watch *watch_of(uint64_t key, bool add)
{
	struct watch *place = &seen.watches[key % WATCHES];

	if (place->key == key)
		return place;
	if (!add)
		return NULL;
	drop_events(place);
	memset(place, 0, sizeof(*place));
	place->key = key;
	place->state = NEW;
	return place;
}

static bool is_captured(CUstream stream)
{
	const struct cuda_real *real = cuda_real();
	int status = CU_STREAM_CAPTURE_STATUS_NONE;

	return !real->cuStreamIsCapturing ||
	       real->cuStreamIsCapturing(stream, &status) != CUDA_SUCCESS ||
	       status != CU_STREAM_CAPTURE_STATUS_NONE;
}

static bool make_events(struct watch *watch)
{
	const struct cuda_real *real = cuda_real();
	CUcontext current = NULL;

	if (real->cuCtxGetCurrent(&current) != CUDA_SUCCESS || !current)
		return false;
	/* Events went with a context that is gone. */
	if (watch->context != current) {
		watch->start = watch->end = NULL;
		watch->context = current;
	}
	if (!watch->start && real->cuEventCreate(&watch->start, 0) != CUDA_SUCCESS)
		watch->start = NULL;
	if (!watch->end && real->cuEventCreate(&watch->end, 0) != CUDA_SUCCESS)
		watch->end = NULL;
	return watch->start && watch->end;
}

/* How long the last timed launch took; negative where that is not over. */
static float time_of(struct watch *watch)
{
	const struct cuda_real *real = cuda_real();
	float ms;

	if (!watch->is_pending || real->cuEventQuery(watch->end) != CUDA_SUCCESS)
		return -1;
	watch->is_pending = false;
	return real->cuEventElapsedTime(&ms, watch->start, watch->end) == CUDA_SUCCESS ? ms : -1;
}

/* Brings what is referred to where the launch was slow for it. */
static void judge(struct watch *watch, const struct referred *referred, float ms)
{
	const struct cards *cards = cards_pooled();

	if (watch->state == BROUGHT && ms > watch->ms_before * LEFT) {
		watch->state = LEFT_ALONE;
		return;
	}
	if (watch->state == BROUGHT)
		watch->state = TIMED;
	if (referred->away < LEAST_AWAY || ms < OFTEN * (double)referred->away / FASTEST)
		return;
	pool_lock();
	if (near_bring(cards, referred->windows, referred->count, ms * 1e-3 / OFTEN) > 0) {
		watch->state = BROUGHT;
		watch->ms_before = ms;
	}
	pool_unlock();
}

static int consider(const struct referred *referred, CUstream stream)
{
	struct watch *watch;
	int index = -1;
	float ms;

	if (is_captured(stream))
		return -1;
	pthread_mutex_lock(&seen.lock);
	watch = watch_of(referred->key, referred->away >= LEAST_AWAY);
	if (watch && watch->state != LEFT_ALONE) {
		ms = time_of(watch);
		if (ms >= 0)
			judge(watch, referred, ms);
		if (!watch->is_pending && make_events(watch) &&
		    cuda_real()->cuEventRecord(watch->start, stream) == CUDA_SUCCESS)
			index = (int)(watch - seen.watches);
	}
	pthread_mutex_unlock(&seen.lock);
	return index;
}

struct reads reads_before(CUfunction function, void **parameters, void **extra, uint64_t kind,
			  CUstream stream)
{
	struct reads reads = {.watch = -1};
	CUdeviceptr pointers[PARAMS_POINTERS];
	struct referred referred;
	int count;

	if (!cards_are_known())
		return reads;
	if (table_has_away()) {
		count = params_pointers(function, parameters, extra, pointers);
		if (count) {
			look(pointers, count, kind, &referred);
			if (referred.count)
				reads.watch = consider(&referred, stream);
		}
	}
	reads.entered = near_enter();
	return reads;
}

struct reads reads_none(void)
{
	return (struct reads){.watch = -1, .entered = near_enter()};
}

void reads_after(struct reads reads, CUstream stream)
{
	near_leave(reads.entered);
	if (reads.watch < 0)
		return;
	pthread_mutex_lock(&seen.lock);
	seen.watches[reads.watch].is_pending =
	    seen.watches[reads.watch].end &&
	    cuda_real()->cuEventRecord(seen.watches[reads.watch].end, stream) == CUDA_SUCCESS;
	pthread_mutex_unlock(&seen.lock);
}
