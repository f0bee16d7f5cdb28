/* SPDX-License-Identifier: MIT */
/* What a program may ask of memory objects. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"

cl_int CL_API_CALL pool_clGetMemObjectInfo(cl_mem handle, cl_mem_info name, size_t room, void *out,
					   size_t *used)
{
	const struct memory *memory = (struct memory *)handle;
	const cl_mem_properties none = 0;
	cl_mem inner;

	if (!is_memory(handle))
		return CL_INVALID_MEM_OBJECT;
	inner = memory->copies[memory->home].inner;
	switch (name) {
	case CL_MEM_TYPE:
		ANSWER(cl_mem_object_type, memory->type);
	case CL_MEM_FLAGS:
		ANSWER(cl_mem_flags, memory->flags);
	case CL_MEM_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(memory));
	case CL_MEM_CONTEXT:
		ANSWER(cl_context, (cl_context)memory->context);
	case CL_MEM_ASSOCIATED_MEMOBJECT:
		ANSWER(cl_mem, (cl_mem)memory->parent);
	case CL_MEM_OFFSET:
		ANSWER(size_t, is_image_type(memory->type) ? 0 : memory->origin);
	case CL_MEM_USES_SVM_POINTER:
		ANSWER(cl_bool, CL_FALSE);
	case CL_MEM_PROPERTIES:
		return answer(&none, memory->property_count * sizeof(none), room, out, used);
	case CL_MEM_SIZE:
	case CL_MEM_HOST_PTR:
	case CL_MEM_MAP_COUNT:
		return of(inner)->clGetMemObjectInfo(inner, name, room, out, used);
	default:
		return CL_INVALID_VALUE;
	}
}

cl_int CL_API_CALL pool_clGetImageInfo(cl_mem handle, cl_image_info name, size_t room, void *out,
				       size_t *used)
{
	const struct memory *memory = (struct memory *)handle;
	cl_mem inner;

	if (!is_image(handle))
		return CL_INVALID_MEM_OBJECT;
	inner = memory->copies[memory->home].inner;
	switch (name) {
	case CL_IMAGE_BUFFER:
		ANSWER(cl_mem, memory->parent && !is_image_type(memory->parent->type)
				   ? (cl_mem)memory->parent
				   : NULL);
	case CL_IMAGE_FORMAT:
	case CL_IMAGE_ELEMENT_SIZE:
	case CL_IMAGE_ROW_PITCH:
	case CL_IMAGE_SLICE_PITCH:
	case CL_IMAGE_WIDTH:
	case CL_IMAGE_HEIGHT:
	case CL_IMAGE_DEPTH:
	case CL_IMAGE_ARRAY_SIZE:
	case CL_IMAGE_NUM_MIP_LEVELS:
	case CL_IMAGE_NUM_SAMPLES:
		return of(inner)->clGetImageInfo(inner, name, room, out, used);
	default:
		return CL_INVALID_VALUE;
	}
}

static cl_int formats_on(struct context *context, unsigned int member, cl_mem_flags flags,
			 cl_mem_object_type type, cl_image_format **list, cl_uint *count)
{
	cl_int status;
	cl_context inner;

	*list = NULL;
	*count = 0;
	pthread_mutex_lock(&context->lock);
	inner = context_on(context, member, &status);
	pthread_mutex_unlock(&context->lock);
	if (!inner)
		return status;
	status = of(inner)->clGetSupportedImageFormats(inner, flags, type, 0, NULL, count);
	if (status != CL_SUCCESS || !*count)
		return status;
	*list = calloc(*count, sizeof(**list));
	if (!*list)
		return CL_OUT_OF_HOST_MEMORY;
	return of(inner)->clGetSupportedImageFormats(inner, flags, type, *count, *list, count);
}

/* Whether one before it is of the same make, and has the same. */
static bool is_another(unsigned int member)
{
	const struct member *members = pool()->members;

	for (unsigned int i = 0; i < member; i++)
		if (members[i].platform == members[member].platform &&
		    !strcmp(members[i].name, members[member].name))
			return true;
	return false;
}

/* Those of all members, in the order of the first. */
static cl_int shared_formats(struct context *context, cl_mem_flags flags, cl_mem_object_type type,
			     cl_image_format **list, cl_uint *count)
{
	cl_int status = formats_on(context, 0, flags, type, list, count);

	for (unsigned int i = 1; i < pool()->count && status == CL_SUCCESS; i++) {
		cl_image_format *other;
		cl_uint others, both = 0;

		if (is_another(i))
			continue;
		status = formats_on(context, i, flags, type, &other, &others);
		for (cl_uint a = 0; a < *count; a++)
			for (cl_uint b = 0; b < others; b++)
				if (!memcmp(&(*list)[a], &other[b], sizeof(*other))) {
					(*list)[both++] = (*list)[a];
					break;
				}
		*count = both;
		free(other);
	}
	return status;
}

cl_int CL_API_CALL pool_clGetSupportedImageFormats(cl_context context, cl_mem_flags flags,
						   cl_mem_object_type type, cl_uint room,
						   cl_image_format *formats, cl_uint *count)
{
	cl_image_format *list;
	cl_uint all;
	cl_int status;

	if (!is_context(context))
		return CL_INVALID_CONTEXT;
	if (type < CL_MEM_OBJECT_IMAGE2D || type > CL_MEM_OBJECT_IMAGE1D_BUFFER ||
	    (formats && !room))
		return CL_INVALID_VALUE;
	status = shared_formats((struct context *)context, flags, type, &list, &all);
	if (status == CL_SUCCESS) {
		if (formats && all)
			memcpy(formats, list, (all < room ? all : room) * sizeof(*list));
		if (count)
			*count = all;
	}
	free(list);
	return status;
}
