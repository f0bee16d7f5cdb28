/* SPDX-License-Identifier: MIT */
/* Queues: one on each member that their commands run on. */
#ifndef MVGAL_OPENCL_QUEUE_H
#define MVGAL_OPENCL_QUEUE_H

#include "context.h"

struct queue {
	struct object object;
	struct context *context;
	struct queue *next; /* of the context's */
	cl_command_queue_properties properties;
	cl_queue_properties list[8]; /* as given, with the 0; empty where there were none */
	unsigned int list_count;
	bool placed;		   /* it counts at its member */
	unsigned int home;	   /* where its commands run */
	unsigned int last;	   /* where the last one ran */
	bool is_parted;		   /* the last one ran in parts, on several members */
	_Atomic unsigned int busy; /* commands that are being enqueued without the context's lock */
	_Atomic(cl_command_queue) inner[POOL_MEMBERS]; /* made with the context's lock */
};
_Static_assert(sizeof(struct queue) <= OBJECT_SLOT, "a queue fits a slot");

static inline bool is_queue(cl_command_queue handle)
{
	return object_is(handle, OBJECT_QUEUE);
}

/*
 * The queue on a member, on which all that the queue got before is done or stands before. With the
 * lock of a spread context.
 */
cl_command_queue queue_on(struct queue *queue, unsigned int member, cl_int *status);

/* The same for a part of a command: only what the member itself got stands before. */
cl_command_queue queue_for_part(struct queue *queue, unsigned int member, cl_int *status);

/* Sends off what waits in each of its queues. */
void queue_flush(struct queue *queue);

cl_command_queue CL_API_CALL pool_clCreateCommandQueue(cl_context, cl_device_id,
						       cl_command_queue_properties, cl_int *);
cl_command_queue CL_API_CALL pool_clCreateCommandQueueWithProperties(cl_context, cl_device_id,
								     const cl_queue_properties *,
								     cl_int *);
cl_int CL_API_CALL pool_clSetDefaultDeviceCommandQueue(cl_context, cl_device_id, cl_command_queue);
cl_int CL_API_CALL pool_clRetainCommandQueue(cl_command_queue);
cl_int CL_API_CALL pool_clReleaseCommandQueue(cl_command_queue);
cl_int CL_API_CALL pool_clGetCommandQueueInfo(cl_command_queue, cl_command_queue_info, size_t,
					      void *, size_t *);
cl_int CL_API_CALL pool_clSetCommandQueueProperty(cl_command_queue, cl_command_queue_properties,
						  cl_bool, cl_command_queue_properties *);
cl_int CL_API_CALL pool_clFlush(cl_command_queue);
cl_int CL_API_CALL pool_clFinish(cl_command_queue);

#endif
