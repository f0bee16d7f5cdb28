/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "flight.h"
#include "lines.h"
#include "residency.h"

#define KERNEL_ACCESS (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY)
#define HOST_ACCESS (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)
#define HOST_MEMORY (CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR)

/* Bytes of all programs' objects of this process on each member, as far as we made them. */
static _Atomic uint64_t taken[POOL_MEMBERS];

static bool has_several(cl_mem_flags flags)
{
	return (flags & (flags - 1)) != 0;
}

cl_int memory_check_flags(cl_mem_flags flags, const void *host_pointer)
{
	const cl_mem_flags known =
	    KERNEL_ACCESS | HOST_ACCESS | HOST_MEMORY | CL_MEM_KERNEL_READ_AND_WRITE;

	if (flags & ~known || has_several(flags & KERNEL_ACCESS) ||
	    has_several(flags & HOST_ACCESS))
		return CL_INVALID_VALUE;
	if (flags & CL_MEM_USE_HOST_PTR && flags & (CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR))
		return CL_INVALID_VALUE;
	if (!(flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != !host_pointer)
		return CL_INVALID_HOST_PTR;
	return CL_SUCCESS;
}

static cl_mem make_buffer(struct memory *memory, unsigned int member, cl_mem_flags flags,
			  void *host_pointer, cl_int *status)
{
	cl_context context = context_on(memory->context, member, status);

	if (!context)
		return NULL;
	return of(context)->clCreateBuffer(context, flags, memory->size, host_pointer, status);
}

static cl_mem make_part(struct memory *memory, unsigned int member, cl_int *status)
{
	const cl_buffer_region region = {memory->origin - memory->parent->origin, memory->size};
	cl_mem parent = memory_on(memory->parent, member, status);

	if (!parent)
		return NULL;
	return of(parent)->clCreateSubBuffer(parent, memory->flags & KERNEL_ACCESS,
					     CL_BUFFER_CREATE_TYPE_REGION, &region, status);
}

static cl_mem make_image(struct memory *memory, unsigned int member, cl_mem_flags flags,
			 void *host_pointer, cl_int *status)
{
	cl_context context = context_on(memory->context, member, status);
	cl_image_desc image = memory->image;

	if (!context)
		return NULL;
	image.mem_object = NULL;
	if (memory->parent) {
		image.mem_object = memory_on(memory->parent, member, status);
		if (!image.mem_object)
			return NULL;
	} else if (!host_pointer) {
		/* They describe what the host has. */
		image.image_row_pitch = image.image_slice_pitch = 0;
	}
	return of(context)->clCreateImage(context, flags, &memory->format, &image, host_pointer,
					  status);
}

/*
 * What the host may do is ours to see to: we read and write what the program may not. Only where it
 * was made at first it has the host's memory.
 */
static cl_mem make(struct memory *memory, unsigned int member, void *host_pointer, cl_int *status)
{
	cl_mem_flags flags = memory->flags & ~(cl_mem_flags)HOST_ACCESS;

	if (member != memory->home)
		flags &= ~(cl_mem_flags)(CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
	if (is_image_type(memory->type))
		return make_image(memory, member, memory->parent ? flags & KERNEL_ACCESS : flags,
				  host_pointer, status);
	if (memory->parent)
		return make_part(memory, member, status);
	return make_buffer(memory, member, flags, host_pointer, status);
}

static void give_back(struct memory *memory, unsigned int member)
{
	cl_mem inner = memory->copies[member].inner;

	if (!inner)
		return;
	of(inner)->clReleaseMemObject(inner);
	if (!memory->parent)
		atomic_fetch_sub(&taken[member], memory->size);
}

cl_mem memory_on(struct memory *memory, unsigned int member, cl_int *status)
{
	struct copy *copy = &memory->copies[member];

	*status = CL_SUCCESS;
	if (!copy->inner) {
		copy->inner = make(memory, member, NULL, status);
		if (copy->inner && !memory->parent)
			atomic_fetch_add(&taken[member], memory->size);
	}
	return copy->inner;
}

static uint64_t room_on(unsigned int member)
{
	const uint64_t all = pool()->members[member].memory, used = atomic_load(&taken[member]);

	return used < all ? all - used : 0;
}

/* The context's home, or where there is most room if it has none. Drivers often find out late. */
static unsigned int choose_home(const struct memory *memory)
{
	unsigned int home = memory->context->home;

	if (memory->parent)
		return memory->parent->home;
	if (memory->size <= room_on(home))
		return home;
	for (unsigned int i = 0; i < pool()->count; i++)
		if (room_on(i) > room_on(home) && memory->size <= pool()->members[i].largest)
			home = i;
	return memory->size <= room_on(home) && context_spread(memory->context)
		   ? home
		   : memory->context->home;
}

/* Where it is, and what is in it. False: no memory. */
static bool note_first(struct memory *memory, struct copy *copy, const void *host_pointer)
{
	const size_t size = memory->size ? memory->size : 1;

	/* What was written before the context was spread, nobody noted. */
	if (host_pointer || !context_is_spread(memory->context))
		if (!ranges_add(&memory->defined, 0, size))
			return false;
	return ranges_add(&copy->valid, 0, size);
}

cl_mem memory_create(struct memory *memory, void *host_pointer, cl_int *errcode_ret)
{
	struct context *context = memory->context;
	cl_int status = CL_OUT_OF_HOST_MEMORY;
	struct copy *copy = NULL;

	memory->root = memory->parent ? memory->parent->root : memory;
	memory->home = choose_home(memory);
	memory->copies = calloc(pool()->count, sizeof(*memory->copies));
	if (memory->copies) {
		copy = &memory->copies[memory->home];
		pthread_mutex_lock(&context->lock);
		copy->inner = make(memory, memory->home, host_pointer, &status);
		pthread_mutex_unlock(&context->lock);
	}
	if (copy && copy->inner && is_image_type(memory->type)) {
		of(copy->inner)
		    ->clGetImageInfo(copy->inner, CL_IMAGE_ELEMENT_SIZE, sizeof(memory->element),
				     &memory->element, NULL);
		lines_note(memory);
	}
	if (copy && copy->inner && !memory->parent && !note_first(memory, copy, host_pointer)) {
		of(copy->inner)->clReleaseMemObject(copy->inner);
		copy->inner = NULL;
		ranges_free(&copy->valid);
		ranges_free(&memory->defined);
		status = CL_OUT_OF_HOST_MEMORY;
	}
	status_to(errcode_ret, status);
	if (!copy || !copy->inner) {
		free(memory->copies);
		object_abandon(memory);
		return NULL;
	}
	if (!memory->parent)
		atomic_fetch_add(&taken[memory->home], memory->size);
	else
		object_hold(memory->parent);
	object_hold(context);
	return object_ready(memory);
}

void memory_destroy(void *object)
{
	struct memory *memory = object;

	for (unsigned int i = 0; i < pool()->count; i++) {
		give_back(memory, i);
		ranges_free(&memory->copies[i].valid);
	}
	ranges_free(&memory->defined);
	free(memory->copies);
	object_unhold(memory->parent);
	object_unhold(memory->context);
}

cl_int CL_API_CALL pool_clRetainMemObject(cl_mem memory)
{
	return object_retain(memory, OBJECT_MEMORY) ? CL_SUCCESS : CL_INVALID_MEM_OBJECT;
}

cl_int CL_API_CALL pool_clReleaseMemObject(cl_mem handle)
{
	struct memory *memory = (struct memory *)handle;
	struct context *context = is_memory(handle) ? memory->context : NULL;
	bool is_released;

	/* A part that is over holds it no longer. */
	if (context && atomic_load(&context->flights.count))
		object_hold(context);
	else
		context = NULL;
	is_released = object_release(handle, OBJECT_MEMORY);
	if (context) {
		flight_tidy(context);
		object_unhold(context);
	}
	return is_released ? CL_SUCCESS : CL_INVALID_MEM_OBJECT;
}

struct destructor {
	cl_mem memory;
	void(CL_CALLBACK *call)(cl_mem, void *);
	void *data;
};

static void CL_CALLBACK destructed(cl_mem inner, void *data)
{
	const struct destructor destructor = *(struct destructor *)data;

	(void)inner;
	free(data);
	destructor.call(destructor.memory, destructor.data);
}

/* With the member's object: that one goes when no command uses it, and with it the host's memory.
 */
cl_int CL_API_CALL pool_clSetMemObjectDestructorCallback(cl_mem handle,
							 void(CL_CALLBACK *call)(cl_mem, void *),
							 void *data)
{
	struct memory *memory = (struct memory *)handle;
	struct destructor *destructor;
	cl_mem inner;
	cl_int status;

	if (!is_memory(handle))
		return CL_INVALID_MEM_OBJECT;
	if (!call)
		return CL_INVALID_VALUE;
	destructor = malloc(sizeof(*destructor));
	if (!destructor)
		return CL_OUT_OF_HOST_MEMORY;
	*destructor = (struct destructor){handle, call, data};
	inner = memory->copies[memory->home].inner;
	status = of(inner)->clSetMemObjectDestructorCallback(inner, destructed, destructor);
	if (status != CL_SUCCESS)
		free(destructor);
	return status;
}
