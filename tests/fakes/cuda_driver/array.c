/* Arrays: device memory without addresses, in rows of pieces of 512 bytes. */
#include "driver.h"
#include <string.h>

struct array {
	CUDA_ARRAY3D_DESCRIPTOR desc;
	uint64_t va, pitch;
	unsigned int levels;
};

static unsigned int element(int format, unsigned int channels)
{
	switch (format) {
	case 0x01:
	case 0x08:
		return channels;
	case 0x02:
	case 0x09:
	case 0x10:
		return 2 * channels;
	case 0x03:
	case 0x0a:
	case 0x20:
		return 4 * channels;
	default:
		return 0;
	}
}

static uint64_t bytes_of(const CUDA_ARRAY3D_DESCRIPTOR *desc, uint64_t *pitch)
{
	uint64_t rows = (desc->height ? desc->height : 1) * (desc->depth ? desc->depth : 1);

	*pitch = (desc->width * element(desc->format, desc->channels) + 511) / 512 * 512;
	return *pitch * rows;
}

static CUresult make(CUcontext context, const CUDA_ARRAY3D_DESCRIPTOR *desc, unsigned int levels,
		     CUarray *out)
{
	CUDA_ARRAY3D_DESCRIPTOR level;
	uint64_t total = 0, pitch, first;
	CUresult failure;
	CUarray made;

	if (!out || !desc || !desc->width || !levels || !element(desc->format, desc->channels) ||
	    (desc->channels != 1 && desc->channels != 2 && desc->channels != 4))
		return CUDA_ERROR_INVALID_VALUE;
	level = *desc;
	bytes_of(desc, &first);
	for (unsigned int i = 0; i < levels; i++) {
		total += bytes_of(&level, &pitch);
		level.width = level.width > 1 ? level.width / 2 : level.width;
		level.height = level.height > 1 ? level.height / 2 : level.height;
		level.depth = level.depth > 1 ? level.depth / 2 : level.depth;
	}
	made = object_new(ARRAY, sizeof(*made));
	made->desc = *desc;
	made->pitch = first;
	made->levels = levels;
	failure = memory_allocate(context, total, &made->va);
	if (failure) {
		object_end(made);
		return failure;
	}
	*out = made;
	return 0;
}

static CUresult end(CUarray array)
{
	CUresult failure;

	if (!object_is(array, ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	failure = memory_free(array->va);
	if (!failure)
		object_end(array);
	return failure;
}

EXPORT CUresult cuArrayCreate_v2(CUarray *out, const CUDA_ARRAY_DESCRIPTOR *desc)
{
	CURRENT(context);
	CUDA_ARRAY3D_DESCRIPTOR full = {0};

	if (!desc)
		return CUDA_ERROR_INVALID_VALUE;
	full = (CUDA_ARRAY3D_DESCRIPTOR){desc->width,  desc->height,   0,
					 desc->format, desc->channels, 0};
	return make(context, &full, 1, out);
}

EXPORT CUresult cuArray3DCreate_v2(CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR *desc)
{
	CURRENT(context);
	return make(context, desc, 1, out);
}

EXPORT CUresult cuArrayDestroy(CUarray array)
{
	INITIALISED();
	return end(array);
}

EXPORT CUresult cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *out, CUarray array)
{
	INITIALISED();
	if (!object_is(array, ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = (CUDA_ARRAY_DESCRIPTOR){array->desc.width, array->desc.height, array->desc.format,
				       array->desc.channels};
	return 0;
}

EXPORT CUresult cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *out, CUarray array)
{
	INITIALISED();
	if (!object_is(array, ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = array->desc;
	return 0;
}

EXPORT CUresult cuMipmappedArrayCreate(CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR *desc,
				       unsigned int levels)
{
	CURRENT(context);
	return make(context, desc, levels, out);
}

EXPORT CUresult cuMipmappedArrayDestroy(CUarray array)
{
	INITIALISED();
	return end(array);
}

/* Where a side of a copy begins: its memory, however it is named. */
static bool side(int type, const void *host, CUdeviceptr device, CUarray array, size_t x, size_t y,
		 size_t *pitch, uint64_t *va)
{
	if (type == 1)
		*va = (uint64_t)host;
	else if (type == 2 || type == 4)
		*va = device;
	else if (type == 3 && object_is(array, ARRAY)) {
		*va = array->va;
		*pitch = array->pitch;
	} else {
		return false;
	}
	*va += y * *pitch + x;
	return true;
}

static CUresult copy2d(CUcontext context, const CUDA_MEMCPY2D *copy, CUstream handle,
		       bool per_thread, bool wait)
{
	struct stream *stream;
	struct point point;
	size_t from_pitch, to_pitch;
	uint64_t from, to;
	CUresult failure = stream_of(context, handle, per_thread, &stream);

	if (failure)
		return failure;
	if (!copy)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->capture)
		return CUDA_ERROR_NOT_SUPPORTED;
	from_pitch = copy->src_pitch ? copy->src_pitch : copy->width;
	to_pitch = copy->dst_pitch ? copy->dst_pitch : copy->width;
	if (!side(copy->src_type, copy->src_host, copy->src_device, copy->src_array, copy->src_x,
		  copy->src_y, &from_pitch, &from) ||
	    !side(copy->dst_type, copy->dst_host, copy->dst_device, copy->dst_array, copy->dst_x,
		  copy->dst_y, &to_pitch, &to) ||
	    copy->width > from_pitch || copy->width > to_pitch)
		return CUDA_ERROR_INVALID_VALUE;
	point = stream_work(stream, copy_time(context, copy->width * copy->height));
	for (size_t y = 0; y < copy->height && !failure; y++)
		failure = copy_bytes(to + y * to_pitch, from + y * from_pitch, copy->width, point,
				     context);
	if (!failure && wait)
		wait_point(point);
	return failure;
}

#define COPY2D(NAME, PER_THREAD)                                                                   \
	EXPORT CUresult NAME(const CUDA_MEMCPY2D *copy)                                            \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return copy2d(context, copy, NULL, PER_THREAD, true);                              \
	}

#define COPY2D_ASYNC(NAME, PER_THREAD)                                                             \
	EXPORT CUresult NAME(const CUDA_MEMCPY2D *copy, CUstream stream)                           \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return copy2d(context, copy, stream, PER_THREAD, false);                           \
	}

COPY2D(cuMemcpy2D_v2, false)
COPY2D(cuMemcpy2D_v2_ptds, true)
COPY2D(cuMemcpy2DUnaligned_v2, false)
COPY2D(cuMemcpy2DUnaligned_v2_ptds, true)
COPY2D_ASYNC(cuMemcpy2DAsync_v2, false)
COPY2D_ASYNC(cuMemcpy2DAsync_v2_ptsz, true)
