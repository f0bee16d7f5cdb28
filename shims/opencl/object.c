/* SPDX-License-Identifier: MIT */
#include "object.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "dispatch.h"

#define REFERENCE UINT64_C(1)
#define HOLD (UINT64_C(1) << 32)
#define REFERENCES(counts) ((uint32_t)(counts))

struct object_region object_region;

static struct {
	pthread_mutex_t lock;
	struct object *free;
	size_t used; /* bytes that were ever given out */
	uint64_t serial;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void (*const destroyers[OBJECT_KINDS])(void *) = {
    [OBJECT_CONTEXT] = context_destroy, [OBJECT_QUEUE] = queue_destroy,
    [OBJECT_MEMORY] = memory_destroy,	[OBJECT_SAMPLER] = sampler_destroy,
    [OBJECT_PROGRAM] = program_destroy, [OBJECT_KERNEL] = kernel_destroy,
    [OBJECT_EVENT] = event_destroy,
};

/* Addresses alone: the system gives memory where it is written to. */
static bool reserve(void)
{
	for (size_t size = (size_t)4 << 30; size >= (size_t)1 << 20; size /= 4) {
		void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (start == MAP_FAILED)
			continue;
		object_region.start = start;
		object_region.size = size;
		return true;
	}
	return false;
}

void *object_new(enum object_kind kind)
{
	struct object *object = NULL;
	uint64_t serial;

	(void)kind;
	pthread_mutex_lock(&state.lock);
	if (state.free) {
		object = state.free;
		state.free = object->next;
	} else if ((object_region.start || reserve()) && state.used < object_region.size) {
		object = (struct object *)(object_region.start + state.used);
		state.used += OBJECT_SLOT;
	}
	serial = ++state.serial;
	pthread_mutex_unlock(&state.lock);
	if (!object)
		return NULL;
	memset(object, 0, OBJECT_SLOT);
	object->dispatch = &dispatch;
	object->serial = serial;
	object->unused = (uint32_t)kind;
	atomic_init(&object->counts, REFERENCE);
	return object;
}

void *object_ready(void *handle)
{
	struct object *object = handle;

	atomic_store_explicit(&object->kind, object->unused, memory_order_release);
	return handle;
}

void object_abandon(void *handle)
{
	struct object *object = handle;

	/* The dispatch table stays: a loader reads it of released handles too. */
	atomic_store_explicit(&object->kind, OBJECT_FREE, memory_order_release);
	pthread_mutex_lock(&state.lock);
	object->next = state.free;
	state.free = object;
	pthread_mutex_unlock(&state.lock);
}

static void gone(struct object *object)
{
	const uint32_t kind = atomic_load(&object->kind);

	/* No handle any more, but its members are whole while it is taken apart. */
	atomic_store_explicit(&object->kind, OBJECT_FREE, memory_order_release);
	destroyers[kind](object);
	object_abandon(object);
}

bool object_retain(void *handle, enum object_kind kind)
{
	struct object *object = handle;
	uint64_t counts;

	if (!object_is(handle, kind))
		return false;
	counts = atomic_load(&object->counts);
	do {
		if (!counts)
			return false;
	} while (!atomic_compare_exchange_weak(&object->counts, &counts, counts + REFERENCE));
	return true;
}

bool object_release(void *handle, enum object_kind kind)
{
	struct object *object = handle;
	uint64_t counts;

	if (!object_is(handle, kind))
		return false;
	counts = atomic_load(&object->counts);
	do {
		if (!REFERENCES(counts))
			return false;
	} while (!atomic_compare_exchange_weak(&object->counts, &counts, counts - REFERENCE));
	if (counts == REFERENCE)
		gone(object);
	return true;
}

cl_uint object_references(const void *handle)
{
	const struct object *object = handle;

	return REFERENCES(atomic_load(&((struct object *)object)->counts));
}

void object_refer(void *handle)
{
	struct object *object = handle;

	atomic_fetch_add(&object->counts, REFERENCE);
}

void object_hold(void *handle)
{
	struct object *object = handle;

	atomic_fetch_add(&object->counts, HOLD);
}

void object_unhold(void *handle)
{
	struct object *object = handle;

	if (object && atomic_fetch_sub(&object->counts, HOLD) == HOLD)
		gone(object);
}
