/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <string.h>

#include "device.h"
#include "finish.h"
#include "flight.h"
#include "placement.h"
#include "rehearsal.h"
#include "settings.h"
#include "split.h"

#define HOST_PROPERTIES (CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE)

/* As it was asked for, where the member knows lists of properties. */
static cl_command_queue create_on(struct queue *queue, unsigned int member, cl_int *status)
{
	const struct member *which = &pool()->members[member];
	cl_context context = context_on(queue->context, member, status);

	if (!context)
		return NULL;
	/* Where launches are split their parts are timed. */
	if (split_is_wanted())
		return of(context)->clCreateCommandQueue(
		    context, which->device, queue->properties | CL_QUEUE_PROFILING_ENABLE, status);
	if (queue->list_count && which->version >= 200)
		return of(context)->clCreateCommandQueueWithProperties(context, which->device,
								       queue->list, status);
	return of(context)->clCreateCommandQueue(context, which->device, queue->properties, status);
}

static cl_int finish_on(struct queue *queue, unsigned int member)
{
	cl_command_queue inner = queue->inner[member];
	cl_int status = CL_SUCCESS;

	if (inner && !flight_has_lost(queue->context, member))
		status = finish(inner, member);
	return status == CL_SUCCESS ? status : flight_recover(queue->context, member, status);
}

cl_command_queue queue_on(struct queue *queue, unsigned int member, cl_int *status)
{
	*status = CL_SUCCESS;
	rehearsal_wait(queue->context, member);
	if (queue->is_parted) {
		for (unsigned int i = 0; i < pool()->count && *status == CL_SUCCESS; i++)
			if (i != member)
				*status = finish_on(queue, i);
		if (*status != CL_SUCCESS)
			return NULL;
		queue->is_parted = false;
		queue->last = member;
	} else if (queue->last != member) {
		*status = finish_on(queue, queue->last);
		if (*status != CL_SUCCESS)
			return NULL;
		queue->last = member;
	}
	if (!queue->inner[member])
		queue->inner[member] = create_on(queue, member, status);
	return queue->inner[member];
}

cl_command_queue queue_for_part(struct queue *queue, unsigned int member, cl_int *status)
{
	*status = CL_SUCCESS;
	rehearsal_wait(queue->context, member);
	queue->is_parted = true;
	if (!queue->inner[member])
		queue->inner[member] = create_on(queue, member, status);
	return queue->inner[member];
}

void queue_flush(struct queue *queue)
{
	for (unsigned int i = 0; i < pool()->count; i++) {
		cl_command_queue inner = queue->inner[i];

		if (inner)
			of(inner)->clFlush(inner);
	}
}

/* How many queues were made beside the context's first that is there. */
static unsigned int next_of(struct context *context)
{
	unsigned int nth;

	pthread_mutex_lock(&context->lock);
	nth = context->turn = context->queues ? context->turn + 1 : 0;
	pthread_mutex_unlock(&context->lock);
	return nth;
}

static cl_command_queue create(struct context *context, struct queue *queue, cl_int *errcode_ret)
{
	const unsigned int nth = next_of(context);
	cl_int status = CL_SUCCESS;

	/* The first queue is where the context is. */
	queue->home = context->home;
	if (nth) {
		queue->home = placement_of_queue(context->home, nth);
		queue->placed = true;
		if (queue->home != context->home && !context_spread(context)) {
			placement_left(queue->home);
			queue->home = context->home;
			queue->placed = false;
		}
	}
	queue->last = queue->home;
	queue->context = context;
	pthread_mutex_lock(&context->lock);
	queue->inner[queue->home] = create_on(queue, queue->home, &status);
	if (queue->inner[queue->home]) {
		queue->next = context->queues;
		context->queues = queue;
	}
	pthread_mutex_unlock(&context->lock);
	status_to(errcode_ret, status);
	if (status != CL_SUCCESS) {
		if (queue->placed)
			placement_left(queue->home);
		object_abandon(queue);
		return NULL;
	}
	if (settings()->debug)
		say("opencl: a queue on member %u", queue->home);
	object_hold(context);
	return object_ready(queue);
}

void queue_destroy(void *object)
{
	struct queue *queue = object;
	struct context *context = queue->context;

	pthread_mutex_lock(&context->lock);
	for (struct queue **at = &context->queues; *at; at = &(*at)->next)
		if (*at == queue) {
			*at = queue->next;
			break;
		}
	for (unsigned int i = 0; i < pool()->count; i++)
		if (queue->inner[i])
			context_take_queue(context, i, queue->inner[i]);
	pthread_mutex_unlock(&context->lock);
	flight_tidy(context);
	if (queue->placed)
		placement_left(queue->home);
	object_unhold(context);
}

cl_command_queue CL_API_CALL pool_clCreateCommandQueue(cl_context context, cl_device_id device,
						       cl_command_queue_properties properties,
						       cl_int *errcode_ret)
{
	const cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, properties, 0};
	struct queue *queue;

	if (!is_context(context)) {
		status_to(errcode_ret, CL_INVALID_CONTEXT);
		return NULL;
	}
	if (properties & ~(cl_command_queue_properties)HOST_PROPERTIES) {
		status_to(errcode_ret, check_device(device) == CL_SUCCESS ? CL_INVALID_VALUE
									  : CL_INVALID_DEVICE);
		return NULL;
	}
	queue = (struct queue *)pool_clCreateCommandQueueWithProperties(context, device, list,
									errcode_ret);
	/* It was given no list to be asked for. */
	if (queue)
		queue->list_count = 0;
	return (cl_command_queue)queue;
}

cl_command_queue CL_API_CALL
pool_clCreateCommandQueueWithProperties(cl_context handle, cl_device_id device,
					const cl_queue_properties *properties, cl_int *errcode_ret)
{
	cl_command_queue_properties bits = 0;
	cl_uint count = 0;
	struct queue *queue;
	cl_int status = CL_SUCCESS;

	if (!is_context(handle))
		status = CL_INVALID_CONTEXT;
	else if (check_device(device) != CL_SUCCESS)
		status = CL_INVALID_DEVICE;
	for (; status == CL_SUCCESS && properties && properties[count]; count += 2) {
		if (properties[count] == CL_QUEUE_PROPERTIES)
			bits = properties[count + 1];
		else if (properties[count] == CL_QUEUE_SIZE)
			status = CL_INVALID_QUEUE_PROPERTIES;
		else
			status = CL_INVALID_VALUE;
		if (count >= 4)
			status = CL_INVALID_VALUE;
	}
	if (status == CL_SUCCESS && bits & ~(cl_command_queue_properties)HOST_PROPERTIES)
		/* Queues on the device are what a device may lack; other bits are nothing. */
		status =
		    bits & ~(cl_command_queue_properties)(HOST_PROPERTIES | CL_QUEUE_ON_DEVICE |
							  CL_QUEUE_ON_DEVICE_DEFAULT)
			? CL_INVALID_VALUE
			: CL_INVALID_QUEUE_PROPERTIES;
	queue = status == CL_SUCCESS ? object_new(OBJECT_QUEUE) : NULL;
	if (!queue) {
		status_to(errcode_ret, status == CL_SUCCESS ? CL_OUT_OF_HOST_MEMORY : status);
		return NULL;
	}
	queue->properties = bits;
	if (properties) {
		queue->list_count = count + 1;
		memcpy(queue->list, properties, queue->list_count * sizeof(*properties));
	}
	return create((struct context *)handle, queue, errcode_ret);
}

cl_int CL_API_CALL pool_clSetDefaultDeviceCommandQueue(cl_context context, cl_device_id device,
						       cl_command_queue queue)
{
	if (!is_context(context))
		return CL_INVALID_CONTEXT;
	if (check_device(device) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clRetainCommandQueue(cl_command_queue queue)
{
	return object_retain(queue, OBJECT_QUEUE) ? CL_SUCCESS : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clReleaseCommandQueue(cl_command_queue queue)
{
	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	queue_flush((struct queue *)queue);
	return object_release(queue, OBJECT_QUEUE) ? CL_SUCCESS : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clGetCommandQueueInfo(cl_command_queue handle, cl_command_queue_info name,
					      size_t room, void *out, size_t *used)
{
	const struct queue *queue = (struct queue *)handle;

	if (!is_queue(handle))
		return CL_INVALID_COMMAND_QUEUE;
	switch (name) {
	case CL_QUEUE_CONTEXT:
		ANSWER(cl_context, (cl_context)queue->context);
	case CL_QUEUE_DEVICE:
		ANSWER(cl_device_id, the_device());
	case CL_QUEUE_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(queue));
	case CL_QUEUE_PROPERTIES:
		ANSWER(cl_command_queue_properties, queue->properties);
	case CL_QUEUE_PROPERTIES_ARRAY:
		return answer(queue->list, queue->list_count * sizeof(*queue->list), room, out,
			      used);
	case CL_QUEUE_DEVICE_DEFAULT:
		ANSWER(cl_command_queue, NULL);
	case CL_QUEUE_SIZE: /* of queues on the device */
		return CL_INVALID_COMMAND_QUEUE;
	default:
		return CL_INVALID_VALUE;
	}
}

/* Deprecated since 1.1: members need not have it. */
cl_int CL_API_CALL pool_clSetCommandQueueProperty(cl_command_queue queue,
						  cl_command_queue_properties properties,
						  cl_bool enable,
						  cl_command_queue_properties *before)
{
	(void)properties;
	(void)enable;
	(void)before;
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clFlush(cl_command_queue queue)
{
	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	queue_flush((struct queue *)queue);
	return CL_SUCCESS;
}

cl_int CL_API_CALL pool_clFinish(cl_command_queue handle)
{
	struct queue *queue = (struct queue *)handle;
	cl_int status = CL_SUCCESS;

	if (!is_queue(handle))
		return CL_INVALID_COMMAND_QUEUE;
	for (unsigned int i = 0; i < pool()->count && status == CL_SUCCESS; i++) {
		cl_command_queue inner = queue->inner[i];

		if (!inner || flight_has_lost(queue->context, i))
			continue;
		/* Not locked: others enqueue while it waits. */
		status = finish(inner, i);
		if (status == CL_SUCCESS)
			continue;
		pthread_mutex_lock(&queue->context->lock);
		status = flight_recover(queue->context, i, status);
		pthread_mutex_unlock(&queue->context->lock);
	}
	flight_tidy(queue->context);
	return status;
}
