/* SPDX-License-Identifier: MIT */
/* Buffers, parts of them, and images. */
#ifndef MVGAL_OPENCL_MEMORY_H
#define MVGAL_OPENCL_MEMORY_H

#include "context.h"
#include "ranges.h"

/* What one member has of an object. */
struct copy {
	cl_mem inner;	     /* NULL: not made yet */
	struct ranges valid; /* bytes that are as they should be; of roots alone */
};

struct memory {
	struct object object;
	struct context *context;
	cl_mem_object_type type;
	cl_mem_flags flags;
	struct memory *parent; /* of a part of a buffer, or an image in one; it is held */
	struct memory *root;   /* whose ranges count: itself, or the buffer that it lies in */
	size_t origin;	       /* in the root, bytes */
	size_t size;	       /* bytes; of an image as its lines follow each other without gaps */
	unsigned int home;     /* where it was made, and is mapped */
	void *host_pointer;    /* with CL_MEM_USE_HOST_PTR */
	cl_image_format format;
	cl_image_desc image;
	size_t element;	   /* bytes of a pixel */
	unsigned int axis; /* of an image: the slowest, along which it has lines */
	size_t line;	   /* bytes of one */
	cl_mem_properties properties[8];
	unsigned int property_count;
	struct copy *copies;   /* one a member */
	struct ranges defined; /* of a root: bytes that anybody has written */
	bool is_dealt;	       /* of a root: its bytes are with members by turns, in many parts */
};
_Static_assert(sizeof(struct memory) <= OBJECT_SLOT, "a memory object fits a slot");

static inline bool is_memory(cl_mem handle)
{
	return object_is(handle, OBJECT_MEMORY);
}

static inline bool is_image_type(cl_mem_object_type type)
{
	return type != CL_MEM_OBJECT_BUFFER && type != CL_MEM_OBJECT_PIPE;
}

static inline bool is_buffer(cl_mem handle)
{
	return is_memory(handle) && ((struct memory *)handle)->type == CL_MEM_OBJECT_BUFFER;
}

static inline bool is_image(cl_mem handle)
{
	return is_memory(handle) && is_image_type(((struct memory *)handle)->type);
}

/* The member's object, whatever is in it. With the lock of a spread context. */
cl_mem memory_on(struct memory *memory, unsigned int member, cl_int *status);

/*
 * Makes one with `make`, on the context's home or where there is room. `memory` has all but its
 * copies; it is abandoned where that fails.
 */
cl_int memory_check_flags(cl_mem_flags flags, const void *host_pointer);
cl_mem memory_create(struct memory *memory, void *host_pointer, cl_int *errcode_ret);

cl_mem CL_API_CALL pool_clCreateBuffer(cl_context, cl_mem_flags, size_t, void *, cl_int *);
cl_mem CL_API_CALL pool_clCreateBufferWithProperties(cl_context, const cl_mem_properties *,
						     cl_mem_flags, size_t, void *, cl_int *);
cl_mem CL_API_CALL pool_clCreateSubBuffer(cl_mem, cl_mem_flags, cl_buffer_create_type, const void *,
					  cl_int *);
cl_mem CL_API_CALL pool_clCreateImage(cl_context, cl_mem_flags, const cl_image_format *,
				      const cl_image_desc *, void *, cl_int *);
cl_mem CL_API_CALL pool_clCreateImageWithProperties(cl_context, const cl_mem_properties *,
						    cl_mem_flags, const cl_image_format *,
						    const cl_image_desc *, void *, cl_int *);
cl_mem CL_API_CALL pool_clCreateImage2D(cl_context, cl_mem_flags, const cl_image_format *, size_t,
					size_t, size_t, void *, cl_int *);
cl_mem CL_API_CALL pool_clCreateImage3D(cl_context, cl_mem_flags, const cl_image_format *, size_t,
					size_t, size_t, size_t, size_t, void *, cl_int *);
cl_int CL_API_CALL pool_clGetSupportedImageFormats(cl_context, cl_mem_flags, cl_mem_object_type,
						   cl_uint, cl_image_format *, cl_uint *);
cl_int CL_API_CALL pool_clRetainMemObject(cl_mem);
cl_int CL_API_CALL pool_clReleaseMemObject(cl_mem);
cl_int CL_API_CALL pool_clGetMemObjectInfo(cl_mem, cl_mem_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clGetImageInfo(cl_mem, cl_image_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clSetMemObjectDestructorCallback(cl_mem,
							 void(CL_CALLBACK *)(cl_mem, void *),
							 void *);

#endif
