/* SPDX-License-Identifier: MIT */
#include "context.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "device.h"
#include "finish.h"
#include "flight.h"
#include "placement.h"
#include "queue.h"
#include "rehearsal.h"
#include "split.h"
#include "staging.h"

struct context_callback {
	void(CL_CALLBACK *call)(cl_context, void *);
	void *data;
	struct context_callback *next;
};

struct left_queue {
	unsigned int member;
	cl_command_queue inner;
	struct left_queue *next;
};

static cl_context make(const struct context *context, unsigned int member, cl_int *status)
{
	const struct member *which = &pool()->members[member];
	cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
					      (cl_context_properties)which->platform, 0};

	return of(which->device)
	    ->clCreateContext(properties, 1, &which->device, context->notify, context->notify_data,
			      status);
}

cl_context context_on(struct context *context, unsigned int member, cl_int *status)
{
	cl_context had = atomic_load(&context->inner[member]), made;

	*status = CL_SUCCESS;
	if (had)
		return had;
	made = make(context, member, status);
	if (!made || atomic_compare_exchange_strong(&context->inner[member], &had, made))
		return made;
	of(made)->clReleaseContext(made);
	return had;
}

cl_command_queue context_transfer(struct context *context, unsigned int member, cl_int *status)
{
	cl_context inner = context_on(context, member, status);

	if (inner && !context->transfer[member])
		context->transfer[member] = of(inner)->clCreateCommandQueue(
		    inner, pool()->members[member].device,
		    /* Others than the home rehearse there. */
		    split_is_wanted() && member != context->home ? CL_QUEUE_PROFILING_ENABLE : 0,
		    status);
	return context->transfer[member];
}

bool context_spread(struct context *context)
{
	bool spread;

	pthread_mutex_lock(&context->lock);
	if (!atomic_load(&context->spread) && !atomic_load(&context->pins)) {
		atomic_store(&context->spread, true);
		/* Those that saw it as it was are done with their calls before anything moves. */
		for (struct queue *queue = context->queues; queue; queue = queue->next)
			while (atomic_load(&queue->busy))
				sched_yield();
	}
	spread = atomic_load(&context->spread);
	pthread_mutex_unlock(&context->lock);
	return spread;
}

void context_pin(struct context *context)
{
	pthread_mutex_lock(&context->lock);
	/* Nothing can wait for a user event yet: this ends. */
	if (atomic_load(&context->spread) && !atomic_load(&context->pins))
		for (unsigned int i = 0; i < pool()->count; i++)
			context_finish(context, i);
	atomic_fetch_add(&context->pins, 1);
	pthread_mutex_unlock(&context->lock);
}

void context_unpin(struct context *context)
{
	atomic_fetch_sub(&context->pins, 1);
}

cl_int context_wait_left(struct context *context, unsigned int member)
{
	cl_int status = CL_SUCCESS;

	for (struct left_queue **at = &context->left; *at && status == CL_SUCCESS;) {
		struct left_queue *left = *at;

		if (left->member != member) {
			at = &left->next;
			continue;
		}
		status = finish(left->inner, left->member);
		*at = left->next;
		of(left->inner)->clReleaseCommandQueue(left->inner);
		free(left);
	}
	return status;
}

cl_int context_wait(struct context *context, unsigned int member)
{
	cl_int status = CL_SUCCESS;

	/* One may wait for what another has not sent off. */
	for (struct queue *queue = context->queues; queue && context->queues->next;
	     queue = queue->next) {
		cl_command_queue inner = queue->inner[member];

		if (inner)
			of(inner)->clFlush(inner);
	}
	for (struct queue *queue = context->queues; queue; queue = queue->next)
		if (queue->inner[member] && status == CL_SUCCESS)
			status = finish(queue->inner[member], member);
	return status == CL_SUCCESS ? context_wait_left(context, member) : status;
}

cl_int context_finish(struct context *context, unsigned int member)
{
	cl_int status = CL_SUCCESS;

	if (!flight_has_lost(context, member))
		status = context_wait(context, member);
	return status == CL_SUCCESS ? status : flight_recover(context, member, status);
}

void context_take_queue(struct context *context, unsigned int member, cl_command_queue inner)
{
	struct left_queue *left = NULL;

	/* On one member the driver sees to it all. */
	if (context_is_spread(context)) {
		if (!atomic_load(&context->pins))
			finish(inner, member);
		else
			left = malloc(sizeof(*left));
	}
	if (!left) {
		of(inner)->clReleaseCommandQueue(inner);
		return;
	}
	*left = (struct left_queue){member, inner, context->left};
	context->left = left;
}

/* Copies the list. Only what names no other interface than OpenCL can be had. */
static cl_int take_properties(struct context *context, const cl_context_properties *properties)
{
	bool has_platform = false, has_sync = false;
	size_t count = 0;

	if (!properties)
		return CL_SUCCESS;
	for (; properties[count]; count += 2) {
		switch (properties[count]) {
		case CL_CONTEXT_PLATFORM:
			if (has_platform)
				return CL_INVALID_PROPERTY;
			has_platform = true;
			if ((cl_platform_id)properties[count + 1] != the_platform())
				return CL_INVALID_PLATFORM;
			break;
		case CL_CONTEXT_INTEROP_USER_SYNC:
			if (has_sync)
				return CL_INVALID_PROPERTY;
			has_sync = true;
			break;
		default:
			return CL_INVALID_PROPERTY;
		}
	}
	context->property_count = count + 1;
	context->properties = malloc(context->property_count * sizeof(*properties));
	if (!context->properties)
		return CL_OUT_OF_HOST_MEMORY;
	memcpy(context->properties, properties, context->property_count * sizeof(*properties));
	return CL_SUCCESS;
}

static cl_context create(const cl_context_properties *properties,
			 void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
			 void *data, cl_int *errcode_ret)
{
	struct context *context;
	cl_int status;

	if (!notify && data) {
		status_to(errcode_ret, CL_INVALID_VALUE);
		return NULL;
	}
	context = object_new(OBJECT_CONTEXT);
	if (!context) {
		status_to(errcode_ret, CL_OUT_OF_HOST_MEMORY);
		return NULL;
	}
	pthread_mutex_init(&context->lock, NULL);
	context->notify = notify;
	context->notify_data = data;
	status = take_properties(context, properties);
	if (status == CL_SUCCESS) {
		context->home = placement_of_context();
		if (!context_on(context, context->home, &status))
			placement_left(context->home);
	}
	status_to(errcode_ret, status);
	if (status != CL_SUCCESS) {
		free(context->properties);
		pthread_mutex_destroy(&context->lock);
		object_abandon(context);
		return NULL;
	}
	/* Where its bytes are is noted from the beginning. */
	atomic_store(&context->spread, split_is_wanted());
	count_begin();
	return object_ready(context);
}

void context_destroy(void *object)
{
	struct context *context = object;

	while (context->callbacks) {
		struct context_callback *callback = context->callbacks;

		context->callbacks = callback->next;
		callback->call((cl_context)context, callback->data);
		free(callback);
	}
	while (context->left) {
		struct left_queue *left = context->left;

		context->left = left->next;
		of(left->inner)->clReleaseCommandQueue(left->inner);
		free(left);
	}
	rehearsal_forget(context);
	staging_drop(&context->staging);
	for (unsigned int i = 0; i < POOL_MEMBERS; i++) {
		if (context->transfer[i])
			of(context->transfer[i])->clReleaseCommandQueue(context->transfer[i]);
		if (context->inner[i])
			of(context->inner[i])->clReleaseContext(context->inner[i]);
	}
	placement_left(context->home);
	free(context->properties);
	pthread_mutex_destroy(&context->lock);
}

cl_context CL_API_CALL pool_clCreateContext(const cl_context_properties *properties, cl_uint count,
					    const cl_device_id *devices,
					    void(CL_CALLBACK *notify)(const char *, const void *,
								      size_t, void *),
					    void *data, cl_int *errcode_ret)
{
	const cl_int status = check_devices(count, devices);

	if (status != CL_SUCCESS) {
		status_to(errcode_ret, status);
		return NULL;
	}
	return create(properties, notify, data, errcode_ret);
}

cl_context CL_API_CALL
pool_clCreateContextFromType(const cl_context_properties *properties, cl_device_type type,
			     void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
			     void *data, cl_int *errcode_ret)
{
	cl_device_id device;
	const cl_int status = pool_clGetDeviceIDs(the_platform(), type, 1, &device, NULL);

	if (status != CL_SUCCESS) {
		status_to(errcode_ret, status);
		return NULL;
	}
	return create(properties, notify, data, errcode_ret);
}

cl_int CL_API_CALL pool_clRetainContext(cl_context handle)
{
	return object_retain(handle, OBJECT_CONTEXT) ? CL_SUCCESS : CL_INVALID_CONTEXT;
}

cl_int CL_API_CALL pool_clReleaseContext(cl_context handle)
{
	if (is_context(handle))
		flight_tidy((struct context *)handle);
	return object_release(handle, OBJECT_CONTEXT) ? CL_SUCCESS : CL_INVALID_CONTEXT;
}

cl_int CL_API_CALL pool_clGetContextInfo(cl_context handle, cl_context_info name, size_t room,
					 void *out, size_t *used)
{
	const struct context *context = (struct context *)handle;

	if (!is_context(handle))
		return CL_INVALID_CONTEXT;
	switch (name) {
	case CL_CONTEXT_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(context));
	case CL_CONTEXT_NUM_DEVICES:
		ANSWER(cl_uint, 1);
	case CL_CONTEXT_DEVICES:
		ANSWER(cl_device_id, the_device());
	case CL_CONTEXT_PROPERTIES:
		return answer(context->properties,
			      context->property_count * sizeof(*context->properties), room, out,
			      used);
	default:
		return CL_INVALID_VALUE;
	}
}

cl_int CL_API_CALL pool_clSetContextDestructorCallback(cl_context handle,
						       void(CL_CALLBACK *call)(cl_context, void *),
						       void *data)
{
	struct context *context = (struct context *)handle;
	struct context_callback *callback;

	if (!is_context(handle))
		return CL_INVALID_CONTEXT;
	if (!call)
		return CL_INVALID_VALUE;
	callback = malloc(sizeof(*callback));
	if (!callback)
		return CL_OUT_OF_HOST_MEMORY;
	pthread_mutex_lock(&context->lock);
	*callback = (struct context_callback){call, data, context->callbacks};
	context->callbacks = callback;
	pthread_mutex_unlock(&context->lock);
	return CL_SUCCESS;
}
