/* SPDX-License-Identifier: MIT */
/* What queues are given beside kernels. */
#ifndef MVGAL_OPENCL_ENQUEUE_H
#define MVGAL_OPENCL_ENQUEUE_H

#include "command.h"

enum enqueue_what { ENQUEUE_BUFFER, ENQUEUE_IMAGE, ENQUEUE_MEMORY };

/* Whether the queue may be given a command with the object. */
static inline cl_int enqueue_check(cl_command_queue queue, cl_mem memory, enum enqueue_what what)
{
	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	if (!is_memory(memory) || (what == ENQUEUE_BUFFER && !is_buffer(memory)) ||
	    (what == ENQUEUE_IMAGE && !is_image(memory)))
		return CL_INVALID_MEM_OBJECT;
	return ((struct memory *)memory)->context == ((struct queue *)queue)->context
		   ? CL_SUCCESS
		   : CL_INVALID_CONTEXT;
}

static inline bool enqueue_fits(const struct memory *memory, size_t offset, size_t size)
{
	return offset <= memory->size && size <= memory->size - offset;
}

/* What the host may not: members have no such flags of ours. */
static inline bool host_reads(const struct memory *memory)
{
	return !(memory->flags & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS));
}

static inline bool host_writes(const struct memory *memory)
{
	return !(memory->flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS));
}

cl_int CL_API_CALL pool_clEnqueueReadBuffer(cl_command_queue, cl_mem, cl_bool, size_t, size_t,
					    void *, cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueWriteBuffer(cl_command_queue, cl_mem, cl_bool, size_t, size_t,
					     const void *, cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueReadBufferRect(cl_command_queue, cl_mem, cl_bool, const size_t *,
						const size_t *, const size_t *, size_t, size_t,
						size_t, size_t, void *, cl_uint, const cl_event *,
						cl_event *);
cl_int CL_API_CALL pool_clEnqueueWriteBufferRect(cl_command_queue, cl_mem, cl_bool, const size_t *,
						 const size_t *, const size_t *, size_t, size_t,
						 size_t, size_t, const void *, cl_uint,
						 const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueFillBuffer(cl_command_queue, cl_mem, const void *, size_t, size_t,
					    size_t, cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueCopyBuffer(cl_command_queue, cl_mem, cl_mem, size_t, size_t,
					    size_t, cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueCopyBufferRect(cl_command_queue, cl_mem, cl_mem, const size_t *,
						const size_t *, const size_t *, size_t, size_t,
						size_t, size_t, cl_uint, const cl_event *,
						cl_event *);
cl_int CL_API_CALL pool_clEnqueueReadImage(cl_command_queue, cl_mem, cl_bool, const size_t *,
					   const size_t *, size_t, size_t, void *, cl_uint,
					   const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueWriteImage(cl_command_queue, cl_mem, cl_bool, const size_t *,
					    const size_t *, size_t, size_t, const void *, cl_uint,
					    const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueFillImage(cl_command_queue, cl_mem, const void *, const size_t *,
					   const size_t *, cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueCopyImage(cl_command_queue, cl_mem, cl_mem, const size_t *,
					   const size_t *, const size_t *, cl_uint,
					   const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueCopyImageToBuffer(cl_command_queue, cl_mem, cl_mem, const size_t *,
						   const size_t *, size_t, cl_uint,
						   const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueCopyBufferToImage(cl_command_queue, cl_mem, cl_mem, size_t,
						   const size_t *, const size_t *, cl_uint,
						   const cl_event *, cl_event *);
void *CL_API_CALL pool_clEnqueueMapBuffer(cl_command_queue, cl_mem, cl_bool, cl_map_flags, size_t,
					  size_t, cl_uint, const cl_event *, cl_event *, cl_int *);
void *CL_API_CALL pool_clEnqueueMapImage(cl_command_queue, cl_mem, cl_bool, cl_map_flags,
					 const size_t *, const size_t *, size_t *, size_t *,
					 cl_uint, const cl_event *, cl_event *, cl_int *);
cl_int CL_API_CALL pool_clEnqueueUnmapMemObject(cl_command_queue, cl_mem, void *, cl_uint,
						const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueMigrateMemObjects(cl_command_queue, cl_uint, const cl_mem *,
						   cl_mem_migration_flags, cl_uint,
						   const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueNativeKernel(cl_command_queue, void(CL_CALLBACK *)(void *), void *,
					      size_t, cl_uint, const cl_mem *, const void **,
					      cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueMarkerWithWaitList(cl_command_queue, cl_uint, const cl_event *,
						    cl_event *);
cl_int CL_API_CALL pool_clEnqueueBarrierWithWaitList(cl_command_queue, cl_uint, const cl_event *,
						     cl_event *);
cl_int CL_API_CALL pool_clEnqueueMarker(cl_command_queue, cl_event *);
cl_int CL_API_CALL pool_clEnqueueWaitForEvents(cl_command_queue, cl_uint, const cl_event *);
cl_int CL_API_CALL pool_clEnqueueBarrier(cl_command_queue);

#endif
