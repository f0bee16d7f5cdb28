/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <stdlib.h>

#include "pool_arena.h"
#include "pool_cards.h"
#include "pool_dying.h"
#include "pool_lock.h"
#include "pool_map.h"
#include "pool_near.h"
#include "pool_room.h"
#include "pool_spare.h"
#include "pool_supply.h"
#include "pool_table.h"
#include "real.h"

/* How often a plan is made anew when a card turns out to have less than it said. */
#define MOST_PLANS 16

#define PITCH_ALIGNMENT 512

/* MVGAL_POOL_PIECE: bytes of a piece; rounded up to the granularity times a power of two. */
static size_t asked_piece(void)
{
	const char *text = getenv("MVGAL_POOL_PIECE");

	return text ? (size_t)strtoull(text, NULL, 10) : 0;
}

bool pool_is_on(void)
{
	return cards_pooled() != NULL;
}

bool pool_is_known(void)
{
	return cards_are_known();
}

/* Whether the own card has room, if need be that of what the pool itself has there. */
static bool fits_own(const struct cards *cards, size_t bytes, size_t in_pool)
{
	size_t room, wanted;
	bool fits;

	pool_lock();
	wanted = bytes + near_kept(cards);
	room = cards_own_free(cards) + in_pool;
	fits = room >= wanted;
	if (!fits && room + spare_held(0) + near_spare(cards) >= wanted) {
		spare_drop(cards);
		room = cards_own_free(cards) + in_pool;
		fits = room >= wanted || near_shrink(cards, wanted - room) >= wanted - room;
	}
	pool_unlock();
	return fits;
}

bool pool_is_local(size_t bytes)
{
	const struct cards *cards = cards_pooled();

	return !cards || bytes <= ARENA_MOST || !cards_are_current(cards) ||
	       fits_own(cards, bytes, 0);
}

/* What a memory pool of the driver holds and nobody uses. */
static size_t held_by(const struct cards *cards, CUmemoryPool from)
{
	const struct cuda_real *real = cuda_real();
	cuuint64_t reserved = 0, used = 0;

	if (!from && (!real->cuDeviceGetMemPool ||
		      real->cuDeviceGetMemPool(&from, cards->card[0].device) != CUDA_SUCCESS))
		return 0;
	if (!real->cuMemPoolGetAttribute ||
	    real->cuMemPoolGetAttribute(from, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved) !=
		CUDA_SUCCESS ||
	    real->cuMemPoolGetAttribute(from, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used) !=
		CUDA_SUCCESS ||
	    used > reserved)
		return 0;
	return (size_t)(reserved - used);
}

bool pool_is_local_async(size_t bytes, CUmemoryPool from, CUstream stream, bool per_thread)
{
	const struct cards *cards = cards_pooled();

	return !cards || bytes <= ARENA_MOST || !cards_are_current(cards) ||
	       dying_is_captured(stream, per_thread) ||
	       fits_own(cards, bytes, held_by(cards, from));
}

/* Maps a new range, with other plans as cards prove to be short of memory. */
static CUresult make_range(const struct cards *cards, size_t bytes, struct range **made)
{
	size_t room[PLAN_LANES], cap[PLAN_LANES];
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
	int short_of = 0;

	for (int i = 0; i < PLAN_LANES; i++)
		cap[i] = SIZE_MAX;
	for (int i = 0; i < MOST_PLANS && short_of >= 0; i++) {
		struct plan plan;
		size_t planned;

		if (!cards_room(cards, room, NULL))
			return CUDA_ERROR_OUT_OF_MEMORY;
		for (int lane = 0; lane < PLAN_LANES; lane++)
			if (room[lane] > cap[lane])
				room[lane] = cap[lane];
		if (!plan_make(&plan, bytes, cards->granularity, asked_piece(), room))
			return CUDA_ERROR_OUT_OF_MEMORY;
		result = range_map(cards, &plan, made, &short_of);
		if (result == CUDA_SUCCESS)
			return result;
		if (short_of < 0)
			break;
		room_ask_again();
		planned = plan.lane[short_of] * plan.piece;
		cap[short_of] = planned - (planned / 8 > plan.piece ? planned / 8 : plan.piece);
	}
	return result;
}

/* A range for that many bytes: an unused one, a new one, or a new one of what unused ones give
 * back. */
static CUresult find_range(const struct cards *cards, size_t bytes, struct range **found)
{
	size_t mapped = (bytes + cards->granularity - 1) / cards->granularity * cards->granularity;
	CUresult result;

	if (mapped < bytes)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*found = spare_take(mapped);
	if (*found)
		return CUDA_SUCCESS;
	result = make_range(cards, bytes, found);
	if (result == CUDA_ERROR_OUT_OF_MEMORY) {
		room_ask_again();
		result = make_range(cards, bytes, found);
	}
	if (result == CUDA_ERROR_OUT_OF_MEMORY && spare_drop(cards))
		result = make_range(cards, bytes, found);
	if (result == CUDA_ERROR_OUT_OF_MEMORY && near_shrink(cards, near_spare(cards)))
		result = make_range(cards, bytes, found);
	return result;
}

static CUresult add_range(const struct cards *cards, size_t bytes, bool is_small,
			  CUdeviceptr *pointer)
{
	struct range *range = NULL;
	CUresult result = find_range(cards, is_small ? ARENA_BYTES : bytes, &range);

	if (result != CUDA_SUCCESS)
		return result;
	range->asked = bytes;
	range->context = NULL;
	cuda_real()->cuCtxGetCurrent(&range->context);
	if (is_small)
		range->arena = calloc(1, sizeof(*range->arena));
	if (is_small && range->arena)
		arena_take(range->arena, bytes);
	*pointer = range->base;
	if ((is_small && !range->arena) || !table_add(range)) {
		spare_put(cards, range);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	return CUDA_SUCCESS;
}

static CUresult alloc_locked(const struct cards *cards, size_t bytes, CUdeviceptr *pointer)
{
	CUcontext context = NULL;
	CUdeviceptr small;

	if (bytes > ARENA_MOST)
		return add_range(cards, bytes, false, pointer);
	cuda_real()->cuCtxGetCurrent(&context);
	small = table_take_small(bytes, context);
	if (!small)
		return add_range(cards, bytes, true, pointer);
	*pointer = small;
	return CUDA_SUCCESS;
}

/* Writes nothing on failure, as the driver does not. */
CUresult pool_alloc(CUdeviceptr *pointer, size_t bytes)
{
	const struct cards *cards = cards_pooled();
	CUdeviceptr made = 0;
	CUresult result;

	if (!cards || !pointer || !bytes || !cards_are_current(cards))
		return CUDA_ERROR_OUT_OF_MEMORY;
	pool_lock();
	dying_reap(cards, false);
	result = alloc_locked(cards, bytes, &made);
	/* What is being freed may do, once the work before it is over. */
	if (result == CUDA_ERROR_OUT_OF_MEMORY && dying_reap(cards, true))
		result = alloc_locked(cards, bytes, &made);
	pool_unlock();
	if (result == CUDA_SUCCESS)
		*pointer = made;
	return result;
}

CUresult pool_alloc_pitch(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height)
{
	size_t row = (width + PITCH_ALIGNMENT - 1) / PITCH_ALIGNMENT * PITCH_ALIGNMENT;
	CUresult result;

	if (!pitch || !height || row < width || row > SIZE_MAX / height)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = pool_alloc(pointer, row * height);
	if (result == CUDA_SUCCESS)
		*pitch = row;
	return result;
}

CUresult pool_alloc_async(CUdeviceptr *pointer, size_t bytes, CUstream stream, bool per_thread)
{
	if (!pool_is_on() || dying_is_captured(stream, per_thread))
		return CUDA_ERROR_OUT_OF_MEMORY;
	return pool_alloc(pointer, bytes);
}

/* Waits for the work of a context. */
static CUresult synchronize(CUcontext context)
{
	const struct cuda_real *real = cuda_real();
	CUcontext popped;
	CUresult result;

	if (!context || real->cuCtxPushCurrent_v2(context) != CUDA_SUCCESS)
		return CUDA_SUCCESS;
	result = real->cuCtxSynchronize();
	real->cuCtxPopCurrent_v2(&popped);
	return result;
}

bool pool_free(CUdeviceptr pointer, CUresult *result)
{
	const struct cards *cards = cards_pooled();
	CUcontext current = NULL;
	struct pool_block block;
	struct range *emptied;

	if (!cards || !table_find(pointer, &block) || block.base != pointer || dying_has(pointer))
		return false;
	/* Without the pool's lock: it may take long. */
	*result = synchronize(block.context);
	cuda_real()->cuCtxGetCurrent(&current);
	if (*result == CUDA_SUCCESS && current != block.context)
		*result = synchronize(current);
	if (*result != CUDA_SUCCESS)
		return true;
	pool_lock();
	/* Somebody else may have freed it meanwhile: the driver knows what that is. */
	if (!table_remove(pointer, &emptied)) {
		pool_unlock();
		return false;
	}
	if (emptied)
		spare_put(cards, emptied);
	pool_unlock();
	return true;
}

bool pool_free_async(CUdeviceptr pointer, CUstream stream, bool per_thread, CUresult *result)
{
	const struct cards *cards = cards_pooled();
	struct pool_block block;

	if (!cards || !table_find(pointer, &block) || block.base != pointer)
		return false;
	pool_lock();
	*result = dying_add(pointer, block.context, stream, per_thread);
	dying_reap(cards, false);
	pool_unlock();
	return true;
}

bool pool_info(size_t *unused, size_t *total)
{
	const struct cards *cards = cards_pooled();
	size_t room[PLAN_LANES], sum = 0, all;

	if (!cards)
		return false;
	pool_lock();
	dying_reap(cards, false);
	if (!cards_room(cards, room, &all)) {
		pool_unlock();
		return false;
	}
	for (int i = 0; i < PLAN_LANES; i++)
		sum += room[i];
	sum += spare_bytes() + near_spare(cards);
	pool_unlock();
	if (unused)
		*unused = sum;
	if (total)
		*total = all;
	return true;
}

bool pool_total(CUdevice device, size_t *total)
{
	const struct cards *cards = cards_pooled();

	if (!cards || device != cards->card[0].device)
		return false;
	*total = cards_total(cards);
	return true;
}

/* The card for memory that the program maps itself: 0 where that is the driver's choice. */
static int place(const struct cards *cards, const CUmemAllocationProp *asked, size_t bytes)
{
	size_t room[PLAN_LANES];
	int most = 0;

	if (!asked || asked->type != CU_MEM_ALLOCATION_TYPE_PINNED ||
	    asked->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    asked->location.id != cards->card[0].device || !cards_are_current(cards) ||
	    fits_own(cards, bytes, 0) || !cards_room(cards, room, NULL))
		return 0;
	for (int i = 1; i < cards->count; i++)
		if (room[i] > room[most])
			most = i;
	return room[most] < bytes ? 0 : most;
}

bool pool_place(const CUmemAllocationProp *asked, size_t bytes, CUmemAllocationProp *placed)
{
	const struct cards *cards = cards_pooled();
	int card = cards ? place(cards, asked, bytes) : 0;

	if (!card)
		return false;
	*placed = *asked;
	placed->location.id = cards->card[card].device;
	return true;
}

bool pool_create(CUmemGenericAllocationHandle *handle, size_t bytes,
		 const CUmemAllocationProp *placed, CUresult *result)
{
	const struct cards *cards = pool_is_known() ? cards_pooled() : NULL;

	if (!cards || placed->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return false;
	for (int card = 1; card < cards->count; card++)
		if (placed->location.id == cards->card[card].device) {
			*result = supply_one(cards, card, bytes, handle);
			if (*result == CUDA_SUCCESS)
				room_taken(card, bytes);
			else
				room_ask_again();
			return true;
		}
	return false;
}

static void drop_context(const struct cards *cards, CUcontext context, bool is_gone)
{
	struct range *list;

	pool_lock();
	dying_drop(context, is_gone);
	list = table_remove_context(context);
	while (list) {
		struct range *range = list;

		list = range->next;
		range->next = NULL;
		spare_put(cards, range);
	}
	pool_unlock();
}

void pool_context_goes(CUcontext context)
{
	if (!context || !pool_is_known())
		return;
	synchronize(context);
	drop_context(cards_pooled(), context, false);
}

void pool_context_gone(CUcontext context)
{
	if (context && pool_is_known())
		drop_context(cards_pooled(), context, true);
}
