/* SPDX-License-Identifier: MIT */
/*
 * The objects that a program holds handles of.
 *
 * All lie in one reserved region, in slots of one size that are never given back to the system. So
 * any word can be asked whether it is a live object of a kind, also a handle that was released, one
 * of another kind, and no handle at all: a wrong one is answered with an error, never with a crash.
 *
 * An object has references, which are the program's, and holds, which other objects have on it. It
 * goes when it has neither.
 */
#ifndef MVGAL_OPENCL_OBJECT_H
#define MVGAL_OPENCL_OBJECT_H

#include <stdatomic.h>

#include "opencl.h"

#define OBJECT_SLOT 512

enum object_kind {
	OBJECT_FREE,
	OBJECT_CONTEXT,
	OBJECT_QUEUE,
	OBJECT_MEMORY,
	OBJECT_SAMPLER,
	OBJECT_PROGRAM,
	OBJECT_KERNEL,
	OBJECT_EVENT,
	OBJECT_KINDS,
};

struct object {
	const cl_icd_dispatch *dispatch; /* the loader reads it */
	_Atomic uint32_t kind;
	uint32_t unused;
	_Atomic uint64_t counts; /* references below, holds above */
	uint64_t serial;	 /* of all objects of the process, each its own */
	struct object *next;	 /* free */
};

struct object_region {
	unsigned char *start;
	size_t size;
};
extern struct object_region object_region;

/* Zeroed, with one reference; not known as an object before object_ready. NULL: no memory. */
void *object_new(enum object_kind kind);
void *object_ready(void *object);
/* Takes one back that was not made ready, without its kind's destroyer. */
void object_abandon(void *object);

static inline bool object_is(const void *handle, enum object_kind kind)
{
	const uintptr_t at = (uintptr_t)handle - (uintptr_t)object_region.start;
	const struct object *object = handle;

	return at < object_region.size && at % OBJECT_SLOT == 0 &&
	       atomic_load_explicit(&object->kind, memory_order_acquire) == (uint32_t)kind;
}

/* The kind of any word: OBJECT_FREE where it is no object. */
static inline enum object_kind object_kind_of(const void *handle)
{
	const uintptr_t at = (uintptr_t)handle - (uintptr_t)object_region.start;
	const struct object *object = handle;

	if (at >= object_region.size || at % OBJECT_SLOT)
		return OBJECT_FREE;
	return (enum object_kind)atomic_load_explicit(&object->kind, memory_order_acquire);
}

/* The program's references. False: there is no such object, or none left to release. */
bool object_retain(void *handle, enum object_kind kind);
bool object_release(void *handle, enum object_kind kind);
cl_uint object_references(const void *object);

/* Our own. The program's once more, of one that is held. */
void object_refer(void *object);
void object_hold(void *object);
void object_unhold(void *object);

/* What goes with an object, a function a kind. */
void context_destroy(void *object);
void queue_destroy(void *object);
void memory_destroy(void *object);
void sampler_destroy(void *object);
void program_destroy(void *object);
void kernel_destroy(void *object);
void event_destroy(void *object);

#endif
