/* SPDX-License-Identifier: MIT */
/* The functions that make memory objects. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "memory.h"

#define KERNEL_ACCESS (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY)
#define HOST_ACCESS (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)
#define HOST_MEMORY (CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR)

static cl_mem failed(cl_int *errcode_ret, cl_int status)
{
	status_to(errcode_ret, status);
	return NULL;
}

/* No property is known yet: a list is empty. */
static bool take_properties(struct memory *memory, const cl_mem_properties *properties)
{
	memory->property_count = properties ? 1 : 0;
	return !properties || !properties[0];
}

cl_mem CL_API_CALL pool_clCreateBufferWithProperties(cl_context context,
						     const cl_mem_properties *properties,
						     cl_mem_flags flags, size_t size,
						     void *host_pointer, cl_int *errcode_ret)
{
	struct memory *memory;
	cl_int status;

	if (!is_context(context))
		return failed(errcode_ret, CL_INVALID_CONTEXT);
	status = memory_check_flags(flags, host_pointer);
	if (status == CL_SUCCESS && !size)
		status = CL_INVALID_BUFFER_SIZE;
	if (status != CL_SUCCESS)
		return failed(errcode_ret, status);
	memory = object_new(OBJECT_MEMORY);
	if (!memory)
		return failed(errcode_ret, CL_OUT_OF_HOST_MEMORY);
	if (!take_properties(memory, properties)) {
		object_abandon(memory);
		return failed(errcode_ret, CL_INVALID_PROPERTY);
	}
	memory->context = (struct context *)context;
	memory->type = CL_MEM_OBJECT_BUFFER;
	memory->flags = flags & KERNEL_ACCESS ? flags : flags | CL_MEM_READ_WRITE;
	memory->size = size;
	memory->host_pointer = flags & CL_MEM_USE_HOST_PTR ? host_pointer : NULL;
	return memory_create(memory, host_pointer, errcode_ret);
}

cl_mem CL_API_CALL pool_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size,
				       void *host_pointer, cl_int *errcode_ret)
{
	return pool_clCreateBufferWithProperties(context, NULL, flags, size, host_pointer,
						 errcode_ret);
}

/* A part may do what its buffer may, and less. */
static bool may(cl_mem_flags part, cl_mem_flags buffer)
{
	if (buffer & CL_MEM_WRITE_ONLY && part & (CL_MEM_READ_WRITE | CL_MEM_READ_ONLY))
		return false;
	if (buffer & CL_MEM_READ_ONLY && part & (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY))
		return false;
	if (buffer & CL_MEM_HOST_WRITE_ONLY && part & CL_MEM_HOST_READ_ONLY)
		return false;
	if (buffer & CL_MEM_HOST_READ_ONLY && part & CL_MEM_HOST_WRITE_ONLY)
		return false;
	return !(buffer & CL_MEM_HOST_NO_ACCESS &&
		 part & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY));
}

static size_t base_alignment(void)
{
	cl_uint bits = 0;

	pool_clGetDeviceInfo(the_device(), CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(bits), &bits,
			     NULL);
	return bits >= 8 ? bits / 8 : 1;
}

cl_mem CL_API_CALL pool_clCreateSubBuffer(cl_mem handle, cl_mem_flags flags,
					  cl_buffer_create_type type, const void *info,
					  cl_int *errcode_ret)
{
	struct memory *parent = (struct memory *)handle, *memory;
	const cl_buffer_region *region = info;

	if (!is_buffer(handle) || parent->parent)
		return failed(errcode_ret, CL_INVALID_MEM_OBJECT);
	if (flags & HOST_MEMORY || memory_check_flags(flags, NULL) != CL_SUCCESS ||
	    !may(flags, parent->flags) || type != CL_BUFFER_CREATE_TYPE_REGION || !region)
		return failed(errcode_ret, CL_INVALID_VALUE);
	if (!region->size)
		return failed(errcode_ret, CL_INVALID_BUFFER_SIZE);
	if (region->origin > parent->size || region->size > parent->size - region->origin)
		return failed(errcode_ret, CL_INVALID_VALUE);
	if (region->origin % base_alignment())
		return failed(errcode_ret, CL_MISALIGNED_SUB_BUFFER_OFFSET);
	memory = object_new(OBJECT_MEMORY);
	if (!memory)
		return failed(errcode_ret, CL_OUT_OF_HOST_MEMORY);
	if (!(flags & KERNEL_ACCESS))
		flags |= parent->flags & KERNEL_ACCESS;
	if (!(flags & HOST_ACCESS))
		flags |= parent->flags & HOST_ACCESS;
	memory->context = parent->context;
	memory->type = CL_MEM_OBJECT_BUFFER;
	memory->flags = flags | (parent->flags & HOST_MEMORY);
	memory->parent = parent;
	memory->origin = region->origin;
	memory->size = region->size;
	memory->host_pointer =
	    parent->host_pointer ? (char *)parent->host_pointer + region->origin : NULL;
	return memory_create(memory, NULL, errcode_ret);
}

/* The buffer or image that an image is made in. */
static cl_int take_parent(struct memory *memory, const cl_image_desc *image)
{
	struct memory *parent = (struct memory *)image->mem_object;

	if (!parent)
		return image->image_type == CL_MEM_OBJECT_IMAGE1D_BUFFER
			   ? CL_INVALID_IMAGE_DESCRIPTOR
			   : CL_SUCCESS;
	if (!is_memory(image->mem_object))
		return CL_INVALID_IMAGE_DESCRIPTOR;
	if (parent->context != memory->context)
		return CL_INVALID_CONTEXT;
	memory->parent = parent;
	memory->origin = parent->origin;
	if (!(memory->flags & KERNEL_ACCESS))
		memory->flags |= parent->flags & KERNEL_ACCESS;
	if (!(memory->flags & HOST_ACCESS))
		memory->flags |= parent->flags & HOST_ACCESS;
	memory->flags |= parent->flags & HOST_MEMORY;
	return CL_SUCCESS;
}

cl_mem CL_API_CALL pool_clCreateImageWithProperties(cl_context context,
						    const cl_mem_properties *properties,
						    cl_mem_flags flags,
						    const cl_image_format *format,
						    const cl_image_desc *image, void *host_pointer,
						    cl_int *errcode_ret)
{
	struct memory *memory;
	cl_int status;

	if (!is_context(context))
		return failed(errcode_ret, CL_INVALID_CONTEXT);
	if (!format)
		return failed(errcode_ret, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
	if (!image)
		return failed(errcode_ret, CL_INVALID_IMAGE_DESCRIPTOR);
	status = memory_check_flags(flags, host_pointer);
	if (status != CL_SUCCESS)
		return failed(errcode_ret, status);
	memory = object_new(OBJECT_MEMORY);
	if (!memory)
		return failed(errcode_ret, CL_OUT_OF_HOST_MEMORY);
	memory->context = (struct context *)context;
	memory->type = image->image_type;
	memory->flags = flags;
	memory->format = *format;
	memory->image = *image;
	memory->host_pointer = flags & CL_MEM_USE_HOST_PTR ? host_pointer : NULL;
	/* The type is what decides how it is copied: others are none. */
	if (!take_properties(memory, properties))
		status = CL_INVALID_PROPERTY;
	else if (image->image_type < CL_MEM_OBJECT_IMAGE2D ||
		 image->image_type > CL_MEM_OBJECT_IMAGE1D_BUFFER)
		status = CL_INVALID_IMAGE_DESCRIPTOR;
	else
		status = take_parent(memory, image);
	if (status != CL_SUCCESS) {
		object_abandon(memory);
		return failed(errcode_ret, status);
	}
	if (!(memory->flags & KERNEL_ACCESS))
		memory->flags |= CL_MEM_READ_WRITE;
	return memory_create(memory, host_pointer, errcode_ret);
}

cl_mem CL_API_CALL pool_clCreateImage(cl_context context, cl_mem_flags flags,
				      const cl_image_format *format, const cl_image_desc *image,
				      void *host_pointer, cl_int *errcode_ret)
{
	return pool_clCreateImageWithProperties(context, NULL, flags, format, image, host_pointer,
						errcode_ret);
}

static cl_mem create_old(cl_context context, cl_mem_flags flags, const cl_image_format *format,
			 const cl_image_desc *image, void *host_pointer, cl_int *errcode_ret)
{
	cl_int status = CL_SUCCESS;
	cl_mem made = pool_clCreateImage(context, flags, format, image, host_pointer, &status);

	/* They have a name of their own for it. */
	if (status == CL_INVALID_IMAGE_DESCRIPTOR)
		status = CL_INVALID_IMAGE_SIZE;
	status_to(errcode_ret, status);
	return made;
}

cl_mem CL_API_CALL pool_clCreateImage2D(cl_context context, cl_mem_flags flags,
					const cl_image_format *format, size_t width, size_t height,
					size_t row_pitch, void *host_pointer, cl_int *errcode_ret)
{
	const cl_image_desc image = {.image_type = CL_MEM_OBJECT_IMAGE2D,
				     .image_width = width,
				     .image_height = height,
				     .image_row_pitch = row_pitch};

	return create_old(context, flags, format, &image, host_pointer, errcode_ret);
}

cl_mem CL_API_CALL pool_clCreateImage3D(cl_context context, cl_mem_flags flags,
					const cl_image_format *format, size_t width, size_t height,
					size_t depth, size_t row_pitch, size_t slice_pitch,
					void *host_pointer, cl_int *errcode_ret)
{
	const cl_image_desc image = {.image_type = CL_MEM_OBJECT_IMAGE3D,
				     .image_width = width,
				     .image_height = height,
				     .image_depth = depth,
				     .image_row_pitch = row_pitch,
				     .image_slice_pitch = slice_pitch};

	return create_old(context, flags, format, &image, host_pointer, errcode_ret);
}
