/* SPDX-License-Identifier: MIT */
#include "pool_cards.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "pool_lock.h"
#include "real.h"
#include "session.h"
#include "settings.h"
#include "view.h"

#define ATTRIBUTE_VMM 102
#define ATTRIBUTE_NUMA_NODE 134
#define GRANULARITY_MINIMUM 0

#define MIB ((size_t)1 << 20)

/* What stays free of the own card for modules, local memory and small allocations; of the others
 * for contexts. */
#define OWN_SPARED (512 * MIB)
#define OTHER_SPARED (64 * MIB)

enum { UNKNOWN, NONE, POOLED };

static struct {
	struct cards cards;
	atomic_int state;
	pthread_mutex_t finding;
	/* Contexts of the other cards, once they are needed: to ask for their room, and for the
	 * driver's sake. */
	atomic_bool has_contexts;
	CUcontext context[PLAN_CARDS];
	atomic_size_t host_used;
	atomic_uint host_row;
} pool = {.finding = PTHREAD_MUTEX_INITIALIZER, .host_row = MVGAL_SESSION_NO_GPU};

static bool is_asked(void)
{
	const struct settings *asked = settings();

	return asked->enabled && asked->pool;
}

static bool has_vmm(const struct cuda_real *real, CUdevice device)
{
	int has = 0;

	return real->cuMemCreate && real->cuMemMap && real->cuMemUnmap && real->cuMemRelease &&
	       real->cuMemAddressReserve && real->cuMemAddressFree && real->cuMemSetAccess &&
	       real->cuMemGetAllocationGranularity &&
	       real->cuDeviceGetAttribute(&has, ATTRIBUTE_VMM, device) == CUDA_SUCCESS && has;
}

static bool reaches(const struct cuda_real *real, CUdevice from, CUdevice to)
{
	int can = 0;

	return from == to || (real->cuDeviceCanAccessPeer(&can, from, to) == CUDA_SUCCESS && can);
}

static void add_card(struct cards *cards, const struct cuda_real *real, CUdevice device)
{
	size_t total, spared = cards->count ? OTHER_SPARED : OWN_SPARED;

	if (!has_vmm(real, device) || real->cuDeviceTotalMem_v2(&total, device) != CUDA_SUCCESS)
		return;
	cards->card[cards->count].device = device;
	cards->card[cards->count].name = device_of(device);
	cards->card[cards->count].total = total;
	cards->card[cards->count++].spared = spared < total / 32 ? spared : total / 32;
}

static void find_access(struct cards *cards, const struct cuda_real *real)
{
	for (int i = 0; i < cards->count; i++) {
		bool all = true;

		for (int j = 0; j < cards->count; j++)
			all = all && reaches(real, cards->card[i].device, cards->card[j].device);
		if (all)
			cards->access[cards->access_count++] =
			    (CUmemAccessDesc){{CU_MEM_LOCATION_TYPE_DEVICE, cards->card[i].device},
					      CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
	}
}

static size_t find_granularity(const struct cards *cards, const struct cuda_real *real)
{
	size_t most = 0;

	for (int i = 0; i < cards->count; i++) {
		CUmemAllocationProp props;
		size_t bytes;

		cards_props(cards, i, &props);
		if (real->cuMemGetAllocationGranularity(&bytes, &props, GRANULARITY_MINIMUM) !=
		    CUDA_SUCCESS)
			return 0;
		if (bytes > most)
			most = bytes;
	}
	return most;
}

static size_t asked_host(void)
{
	const char *text = getenv("MVGAL_POOL_HOST");

	return text ? (size_t)strtoull(text, NULL, 10) : 0;
}

/* Which cards take part; before cuInit nobody can say. */
static int find_cards(struct cards *cards)
{
	const struct cuda_real *real = cuda_real();
	int shown = 0, unreached = 0;

	if (!is_asked() || !real->cuDeviceGetCount || !real->cuDeviceGet ||
	    !real->cuDeviceGetAttribute || !real->cuDeviceTotalMem_v2 ||
	    !real->cuDeviceCanAccessPeer || !real->cuMemGetInfo_v2)
		return NONE;
	if (real->cuDeviceGetCount(&shown) != CUDA_SUCCESS)
		return UNKNOWN;
	memset(cards, 0, sizeof(*cards));
	for (int i = 0; i < shown && cards->count < PLAN_CARDS; i++) {
		CUdevice device;

		if (real->cuDeviceGet(&device, i) != CUDA_SUCCESS)
			continue;
		if (cards->count && !reaches(real, cards->card[0].device, device))
			unreached++;
		else
			add_card(cards, real, device);
		if (!cards->count)
			return NONE;
	}
	if (unreached)
		fprintf(stderr,
			"mvgal: %d of %d GPUs are left out of the pool: the first cannot reach "
			"their memory\n",
			unreached, shown);
	cards->host = asked_host();
	if (cards->count < 2 && !cards->host)
		return NONE;
	if (real->cuDeviceGetAttribute(&cards->node, ATTRIBUTE_NUMA_NODE, cards->card[0].device) !=
		CUDA_SUCCESS ||
	    cards->node < 0)
		cards->node = 0;
	find_access(cards, real);
	cards->granularity = find_granularity(cards, real);
	return cards->granularity ? POOLED : NONE;
}

void cards_lock(void)
{
	pthread_mutex_lock(&pool.finding);
}

void cards_unlock(void)
{
	pthread_mutex_unlock(&pool.finding);
}

const struct cards *cards_pooled(void)
{
	int state = atomic_load_explicit(&pool.state, memory_order_acquire);

	if (state == UNKNOWN) {
		pool_watch_forks();
		cards_lock();
		state = atomic_load_explicit(&pool.state, memory_order_relaxed);
		if (state == UNKNOWN) {
			state = find_cards(&pool.cards);
			atomic_store_explicit(&pool.state, state, memory_order_release);
		}
		cards_unlock();
	}
	return state == POOLED ? &pool.cards : NULL;
}

bool cards_are_known(void)
{
	return atomic_load_explicit(&pool.state, memory_order_acquire) == POOLED;
}

bool cards_are_current(const struct cards *cards)
{
	const struct cuda_real *real = cuda_real();
	CUdevice device;

	return real->cuCtxGetDevice && real->cuCtxGetDevice(&device) == CUDA_SUCCESS &&
	       device == cards->card[0].device;
}

/* A card without a context takes no part in what follows. */
static void make_contexts(const struct cards *cards)
{
	const struct cuda_real *real = cuda_real();

	if (atomic_load_explicit(&pool.has_contexts, memory_order_acquire))
		return;
	cards_lock();
	if (!atomic_load_explicit(&pool.has_contexts, memory_order_relaxed)) {
		for (int i = 1; i < cards->count; i++)
			if (real->cuDevicePrimaryCtxRetain(&pool.context[i],
							   cards->card[i].device) != CUDA_SUCCESS) {
				pool.context[i] = NULL;
				fprintf(stderr,
					"mvgal: GPU %d is left out of the pool: it has no memory "
					"for a context\n",
					cards->card[i].device);
			}
		atomic_store_explicit(&pool.has_contexts, true, memory_order_release);
	}
	cards_unlock();
}

static bool info(const struct cards *cards, int card, size_t *unused, size_t *total)
{
	const struct cuda_real *real = cuda_real();
	CUcontext popped;
	CUresult result;

	if (card == 0) {
		result = real->cuMemGetInfo_v2(unused, total);
	} else {
		if (!pool.context[card] ||
		    real->cuCtxPushCurrent_v2(pool.context[card]) != CUDA_SUCCESS)
			return false;
		result = real->cuMemGetInfo_v2(unused, total);
		real->cuCtxPopCurrent_v2(&popped);
	}
	if (result != CUDA_SUCCESS)
		return false;
	account_view(cards->card[card].device, unused, total);
	return true;
}

size_t cards_own_free(const struct cards *cards)
{
	size_t unused, total;

	if (!info(cards, 0, &unused, &total) || unused < cards->card[0].spared)
		return 0;
	return unused - cards->card[0].spared;
}

bool cards_room(const struct cards *cards, size_t room[PLAN_LANES], size_t *total)
{
	size_t used = atomic_load(&pool.host_used);

	if (!cards_are_current(cards))
		return false;
	make_contexts(cards);
	memset(room, 0, PLAN_LANES * sizeof(*room));
	room[PLAN_HOST] = cards->host > used ? cards->host - used : 0;
	if (total)
		*total = cards->host;
	for (int i = 0; i < cards->count; i++) {
		size_t unused, all;

		if (!info(cards, i, &unused, &all))
			continue;
		room[i] = unused > cards->card[i].spared ? unused - cards->card[i].spared : 0;
		if (total)
			*total += all;
	}
	return true;
}

size_t cards_total(const struct cards *cards)
{
	size_t sum = cards->host;

	for (int i = 0; i < cards->count; i++) {
		size_t unused = cards->card[i].total, total = unused;

		account_view(cards->card[i].device, &unused, &total);
		sum += total;
	}
	return sum;
}

/* Host memory has a row of its own in the session's page. */
static uint32_t row_of(const struct cards *cards, int lane)
{
	if (lane == PLAN_HOST) {
		uint32_t row = atomic_load(&pool.host_row);

		if (row == MVGAL_SESSION_NO_GPU) {
			mvgal_session_begin("cuda");
			row = mvgal_session_gpu("host");
			atomic_store(&pool.host_row, row);
		}
		return row;
	}
	return cards->card[lane].name ? cards->card[lane].name->row : MVGAL_SESSION_NO_GPU;
}

bool cards_take(const struct cards *cards, int lane, size_t bytes)
{
	if (lane == PLAN_HOST) {
		size_t used = atomic_fetch_add(&pool.host_used, bytes);

		if (used > cards->host || bytes > cards->host - used) {
			atomic_fetch_sub(&pool.host_used, bytes);
			return false;
		}
	} else if (!account_take(cards->card[lane].device, bytes)) {
		return false;
	}
	mvgal_session_allocated(row_of(cards, lane), bytes);
	return true;
}

void cards_give(const struct cards *cards, int lane, size_t bytes)
{
	if (lane == PLAN_HOST)
		atomic_fetch_sub(&pool.host_used, bytes);
	else
		account_give(cards->card[lane].device, bytes);
	mvgal_session_freed(row_of(cards, lane), bytes);
}

void cards_props(const struct cards *cards, int lane, CUmemAllocationProp *props)
{
	memset(props, 0, sizeof(*props));
	props->type = CU_MEM_ALLOCATION_TYPE_PINNED;
	if (lane == PLAN_HOST) {
		props->location.type = CU_MEM_LOCATION_TYPE_HOST_NUMA;
		props->location.id = cards->node;
	} else {
		props->location.type = CU_MEM_LOCATION_TYPE_DEVICE;
		props->location.id = cards->card[lane].device;
	}
}
