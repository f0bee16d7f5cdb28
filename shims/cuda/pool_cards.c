/* SPDX-License-Identifier: MIT */
#include "pool_cards.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "lent.h"
#include "pool_lock.h"
#include "pool_near.h"
#include "pool_room.h"
#include "real.h"
#include "say.h"
#include "session.h"
#include "settings.h"
#include "view.h"

#define ATTRIBUTE_VMM 102
#define ATTRIBUTE_NUMA_NODE 134
#define GRANULARITY_MINIMUM 0

#define MIB ((size_t)1 << 20)

/* What stays free of the own card for modules, local memory and small allocations; of the others
 * for what the driver rounds up. */
#define OWN_SPARED (512 * MIB)
#define OTHER_SPARED (64 * MIB)

enum { UNKNOWN, NONE, POOLED };

static struct {
	struct cards cards;
	atomic_int state;
	pthread_mutex_t finding;
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

static void add_card(struct cards *cards, unsigned int lent, const struct lender_card *card)
{
	size_t spared = lent ? OTHER_SPARED : OWN_SPARED;
	int at = cards->count++;

	cards->card[at].device = lent ? (CUdevice)lent : 0;
	cards->card[at].lent = lent;
	cards->card[at].name =
	    lent ? device_unseen((CUdevice)lent, card->id, card->uuid) : device_of(0);
	cards->card[at].total = card->total;
	cards->card[at].spared = spared < card->total / 32 ? spared : card->total / 32;
	if (card->granularity > cards->granularity)
		cards->granularity = card->granularity;
}

/* Those of the lender's that the own card reaches. The first has to be that very card. */
static bool add_lent(struct cards *cards, int shown)
{
	static struct lender_card lent[LENDER_CARDS];
	unsigned int count, left_out = 0;
	const struct device *own = device_of(0);
	CUresult result;

	if (shown > 1) {
		say("memory is not pooled: the program sees %d GPUs; CUDA_VISIBLE_DEVICES has to "
		    "name "
		    "the first of " LENDER_GPUS " alone",
		    shown);
		return false;
	}
	result = lent_cards(lent, &count);
	if (result != CUDA_SUCCESS) {
		say("memory is not pooled: the other GPUs cannot be asked for theirs (CUDA error "
		    "%d)",
		    result);
		return false;
	}
	if (!count || !own || strcmp(lent[0].id, own->id)) {
		say("memory is not pooled: the program's GPU is not the first of " LENDER_GPUS);
		return false;
	}
	for (unsigned int i = 0; i < count && cards->count < PLAN_CARDS; i++) {
		if (lent[i].is_reached && lent[i].granularity)
			add_card(cards, i, &lent[i]);
		else
			left_out++;
		if (!cards->count)
			return false;
	}
	if (left_out)
		say("%u of %u GPUs are left out of the pool: the first cannot reach their memory",
		    left_out, count);
	return true;
}

/* With memory of the host alone no other GPU is asked. */
static bool add_own(struct cards *cards)
{
	const struct cuda_real *real = cuda_real();
	CUmemAllocationProp props;
	struct lender_card own = {.id = ""};
	size_t total, granularity;

	cards_props(cards, 0, &props);
	if (real->cuDeviceTotalMem_v2(&total, 0) != CUDA_SUCCESS ||
	    real->cuMemGetAllocationGranularity(&granularity, &props, GRANULARITY_MINIMUM) !=
		CUDA_SUCCESS)
		return false;
	own.total = total;
	own.granularity = granularity;
	add_card(cards, 0, &own);
	return true;
}

static size_t asked_host(void)
{
	const char *text = getenv("MVGAL_POOL_HOST");

	return text ? (size_t)strtoull(text, NULL, 10) : 0;
}

/* The pieces of the host may want more than those of the cards. */
static bool add_host(struct cards *cards)
{
	const struct cuda_real *real = cuda_real();
	CUmemAllocationProp props;
	size_t granularity;

	cards->host = asked_host();
	if (real->cuDeviceGetAttribute(&cards->node, ATTRIBUTE_NUMA_NODE, 0) != CUDA_SUCCESS ||
	    cards->node < 0)
		cards->node = 0;
	if (!cards->host)
		return true;
	cards_props(cards, PLAN_HOST, &props);
	if (real->cuMemGetAllocationGranularity(&granularity, &props, GRANULARITY_MINIMUM) !=
	    CUDA_SUCCESS)
		return false;
	if (granularity > cards->granularity)
		cards->granularity = granularity;
	return true;
}

/* Which cards take part; before cuInit nobody can say. */
static int find_cards(struct cards *cards)
{
	const struct cuda_real *real = cuda_real();
	CUdevice device;
	int shown = 0;

	if (!is_asked() || !real->cuDeviceGetCount || !real->cuDeviceGet ||
	    !real->cuDeviceGetAttribute || !real->cuDeviceTotalMem_v2 || !real->cuMemGetInfo_v2)
		return NONE;
	if (real->cuDeviceGetCount(&shown) != CUDA_SUCCESS)
		return UNKNOWN;
	if (!shown || real->cuDeviceGet(&device, 0) != CUDA_SUCCESS || !has_vmm(real, device))
		return NONE;
	memset(cards, 0, sizeof(*cards));
	if (getenv(LENDER_GPUS) ? !add_lent(cards, shown) : !add_own(cards))
		return NONE;
	if (!add_host(cards) || (cards->count < 2 && !cards->host))
		return NONE;
	return POOLED;
}

void cards_lock(void)
{
	pthread_mutex_lock(&pool.finding);
	room_lock();
}

void cards_unlock(void)
{
	room_unlock();
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

/* What the own card has, in a context of it. */
static bool own_info(const struct cards *cards, size_t *unused, size_t *total)
{
	if (cuda_real()->cuMemGetInfo_v2(unused, total) != CUDA_SUCCESS)
		return false;
	account_view(cards->card[0].device, unused, total);
	return true;
}

size_t cards_own_free(const struct cards *cards)
{
	size_t unused, total;

	if (!own_info(cards, &unused, &total) || unused < cards->card[0].spared)
		return 0;
	return unused - cards->card[0].spared;
}

bool cards_room(const struct cards *cards, size_t room[PLAN_LANES], size_t *total)
{
	size_t used = atomic_load(&pool.host_used), lent[PLAN_CARDS];

	if (!cards_are_current(cards))
		return false;
	memset(room, 0, PLAN_LANES * sizeof(*room));
	room[PLAN_HOST] = cards->host > used ? cards->host - used : 0;
	if (total)
		*total = cards->host;
	if (cards->count > 1)
		room_of_lent(cards, lent);
	for (int i = 0; i < cards->count; i++) {
		size_t unused, all, kept;

		if (i == 0) {
			if (!own_info(cards, &unused, &all))
				continue;
		} else {
			unused = lent[i];
			all = cards->card[i].total;
			account_view(cards->card[i].device, &unused, &all);
		}
		kept = cards->card[i].spared + (i ? 0 : near_kept(cards));
		room[i] = unused > kept ? unused - kept : 0;
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
	} else {
		room_taken(lane, bytes);
	}
	mvgal_session_allocated(row_of(cards, lane), bytes);
	return true;
}

void cards_give(const struct cards *cards, int lane, size_t bytes)
{
	if (lane == PLAN_HOST) {
		atomic_fetch_sub(&pool.host_used, bytes);
	} else {
		account_give(cards->card[lane].device, bytes);
		room_given(lane, bytes);
	}
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
