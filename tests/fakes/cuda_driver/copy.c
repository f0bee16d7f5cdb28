/*
 * Copies and fills. They move their bytes when they are submitted and take their time on the
 * device's timeline, which no program that synchronises as it must can tell from doing both there.
 */
#include "driver.h"
#include <string.h>

struct busy {
	struct point point;
	CUcontext context;
	const char *from;
	char *to;
	unsigned int value, width;
	uint64_t done;
	uint64_t other; /* where the second of two device stretches begins */
};

uint64_t copy_time(CUcontext context, uint64_t size)
{
	uint64_t rate = described.devices[context->device].copy_rate;

	return rate ? (uint64_t)((double)size * 1e9 / (double)rate) : 0;
}

/* Mapped memory that no device may touch cannot be copied either. */
static bool touch(struct piece *piece, struct busy *busy)
{
	if (piece->vmm && !piece->read)
		return false;
	if (!piece->busy_context || point_reached(piece->busy) ||
	    piece->busy.device != busy->point.device || piece->busy.level < busy->point.level) {
		piece->busy = busy->point;
		piece->busy_context = busy->context;
	}
	return true;
}

static bool check_one(struct piece *piece, char *bytes, uint64_t size, void *data)
{
	(void)bytes;
	(void)size;
	return touch(piece, data);
}

static bool from_one(struct piece *piece, char *bytes, uint64_t size, void *data)
{
	struct busy *busy = data;

	if (!touch(piece, busy))
		return false;
	memmove(busy->to + busy->done, bytes, size);
	busy->done += size;
	return true;
}

static bool to_one(struct piece *piece, char *bytes, uint64_t size, void *data)
{
	struct busy *busy = data;

	if (!touch(piece, busy))
		return false;
	memmove(bytes, busy->from + busy->done, size);
	busy->done += size;
	return true;
}

static bool each_of_two(struct piece *piece, char *bytes, uint64_t size, void *data)
{
	struct busy *busy = data, inner = *busy;

	if (!touch(piece, busy))
		return false;
	inner.to = bytes;
	inner.done = 0;
	if (!space_walk(busy->other + busy->done, size, from_one, &inner))
		return false;
	busy->done += size;
	return true;
}

/* Whether the address is one of ours; others are the host's. */
static bool ours(uint64_t va)
{
	struct block *block = block_at(va);

	return piece_at(va) || (block && block->kind == RANGE);
}

CUresult copy_bytes(uint64_t to, uint64_t from, uint64_t size, struct point point,
		    CUcontext context)
{
	struct busy busy = {.point = point, .context = context, .other = from};
	bool good = true;

	if (!size)
		return 0;
	if (!to || !from)
		return CUDA_ERROR_INVALID_VALUE;
	if (ours(to) && ours(from)) {
		good = space_walk(from, size, check_one, &busy) &&
		       space_walk(to, size, check_one, &busy) &&
		       space_walk(to, size, each_of_two, &busy);
	} else if (ours(from)) {
		busy.to = (char *)to;
		good = space_walk(from, size, check_one, &busy) &&
		       space_walk(from, size, from_one, &busy);
	} else if (ours(to)) {
		busy.from = (const char *)from;
		good =
		    space_walk(to, size, check_one, &busy) && space_walk(to, size, to_one, &busy);
	} else {
		memmove((void *)to, (void *)from, size);
	}
	return good ? 0 : CUDA_ERROR_INVALID_VALUE;
}

static bool set_one(struct piece *piece, char *bytes, uint64_t size, void *data)
{
	struct busy *busy = data;

	if (!touch(piece, busy))
		return false;
	if (busy->width == 1)
		memset(bytes, (int)busy->value, size);
	else
		for (uint64_t i = 0; i + busy->width <= size; i += busy->width)
			memcpy(bytes + i, &busy->value, busy->width);
	return true;
}

CUresult set_bytes(uint64_t to, unsigned int value, unsigned int width, uint64_t count,
		   struct point point, CUcontext context)
{
	struct busy busy = {.point = point, .context = context, .value = value, .width = width};

	if (to % width)
		return CUDA_ERROR_INVALID_VALUE;
	if (!space_walk(to, count * width, check_one, &busy))
		return CUDA_ERROR_INVALID_VALUE;
	space_walk(to, count * width, set_one, &busy);
	return 0;
}

/* Which ends of a copy must be the driver's; of the others it finds out. */
enum { END_ANY = 0, END_TO = 1, END_FROM = 2, END_BOTH = 3 };

static CUresult copy(CUcontext context, uint64_t to, uint64_t from, uint64_t size, int ends,
		     CUstream handle, bool per_thread, bool wait)
{
	struct stream *stream;
	struct point point;
	CUresult failure = stream_of(context, handle, per_thread, &stream);

	if (failure)
		return failure;
	if (size && (((ends & END_TO) && !ours(to)) || ((ends & END_FROM) && !ours(from))))
		return CUDA_ERROR_INVALID_VALUE;
	if (wait && capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (stream->capture)
		return capture_node(
		    stream,
		    (struct node){.type = NODE_MEMCPY, .to = to, .from = from, .size = size});
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	point = stream_work(stream, copy_time(context, size));
	failure = copy_bytes(to, from, size, point, context);
	if (!failure && wait)
		wait_point(point);
	return failure;
}

static CUresult fill(CUcontext context, uint64_t to, unsigned int value, unsigned int width,
		     uint64_t count, CUstream handle, bool per_thread, bool wait)
{
	struct stream *stream;
	struct point point;
	CUresult failure = stream_of(context, handle, per_thread, &stream);

	if (failure)
		return failure;
	if (stream->capture)
		return capture_node(stream, (struct node){.type = NODE_MEMSET,
							  .to = to,
							  .value = value,
							  .width = width,
							  .size = count});
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	point = stream_work(stream, copy_time(context, count * width));
	failure = set_bytes(to, value, width, count, point, context);
	if (!failure && wait)
		wait_point(point);
	return failure;
}

static CUresult fill_rows(CUcontext context, uint64_t to, size_t pitch, unsigned int value,
			  unsigned int width, size_t columns, size_t rows, CUstream handle,
			  bool per_thread, bool wait)
{
	CUresult failure = columns * width > pitch ? CUDA_ERROR_INVALID_VALUE : 0;

	for (size_t y = 0; y < rows && !failure; y++)
		failure = fill(context, to + y * pitch, value, width, columns, handle, per_thread,
			       wait && y + 1 == rows);
	return failure;
}

/* A function with its twin for the per-thread default stream. */
#define WAITING(NAME, SUFFIX, ARGUMENTS, TO, FROM, SIZE, ENDS)                                     \
	EXPORT CUresult NAME##SUFFIX ARGUMENTS                                                     \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return copy(context, (uint64_t)(TO), (uint64_t)(FROM), SIZE, ENDS, NULL, false,    \
			    true);                                                                 \
	}                                                                                          \
	EXPORT CUresult NAME##SUFFIX##_ptds ARGUMENTS                                              \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return copy(context, (uint64_t)(TO), (uint64_t)(FROM), SIZE, ENDS, NULL, true,     \
			    true);                                                                 \
	}

#define STREAMED(NAME, SUFFIX, ARGUMENTS, TO, FROM, SIZE, ENDS)                                    \
	EXPORT CUresult NAME##SUFFIX ARGUMENTS                                                     \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return copy(context, (uint64_t)(TO), (uint64_t)(FROM), SIZE, ENDS, stream, false,  \
			    false);                                                                \
	}                                                                                          \
	EXPORT CUresult NAME##SUFFIX##_ptsz ARGUMENTS                                              \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return copy(context, (uint64_t)(TO), (uint64_t)(FROM), SIZE, ENDS, stream, true,   \
			    false);                                                                \
	}

WAITING(cuMemcpy, , (CUdeviceptr to, CUdeviceptr from, size_t size), to, from, size, END_ANY)
WAITING(cuMemcpyHtoD, _v2, (CUdeviceptr to, const void *from, size_t size), to, from, size, END_TO)
WAITING(cuMemcpyDtoH, _v2, (void *to, CUdeviceptr from, size_t size), to, from, size, END_FROM)
WAITING(cuMemcpyDtoD, _v2, (CUdeviceptr to, CUdeviceptr from, size_t size), to, from, size,
	END_BOTH)
WAITING(cuMemcpyPeer, ,
	(CUdeviceptr to, CUcontext there, CUdeviceptr from, CUcontext here, size_t size),
	context_valid(there) ? to : 0, context_valid(here) ? from : 0, size, END_BOTH)
STREAMED(cuMemcpyAsync, , (CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream), to,
	 from, size, END_ANY)
STREAMED(cuMemcpyHtoDAsync, _v2, (CUdeviceptr to, const void *from, size_t size, CUstream stream),
	 to, from, size, END_TO)
STREAMED(cuMemcpyDtoHAsync, _v2, (void *to, CUdeviceptr from, size_t size, CUstream stream), to,
	 from, size, END_FROM)
STREAMED(cuMemcpyDtoDAsync, _v2, (CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream),
	 to, from, size, END_BOTH)
STREAMED(cuMemcpyPeerAsync, ,
	 (CUdeviceptr to, CUcontext there, CUdeviceptr from, CUcontext here, size_t size,
	  CUstream stream),
	 context_valid(there) ? to : 0, context_valid(here) ? from : 0, size, END_BOTH)

#define FILLS(NAME, TYPE, WIDTH)                                                                   \
	EXPORT CUresult NAME##_v2(CUdeviceptr to, TYPE value, size_t count)                        \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return fill(context, to, value, WIDTH, count, NULL, false, true);                  \
	}                                                                                          \
	EXPORT CUresult NAME##_v2_ptds(CUdeviceptr to, TYPE value, size_t count)                   \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return fill(context, to, value, WIDTH, count, NULL, true, true);                   \
	}                                                                                          \
	EXPORT CUresult NAME##Async(CUdeviceptr to, TYPE value, size_t count, CUstream stream)     \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return fill(context, to, value, WIDTH, count, stream, false, false);               \
	}                                                                                          \
	EXPORT CUresult NAME##Async_ptsz(CUdeviceptr to, TYPE value, size_t count,                 \
					 CUstream stream)                                          \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return fill(context, to, value, WIDTH, count, stream, true, false);                \
	}

FILLS(cuMemsetD8, unsigned char, 1)
FILLS(cuMemsetD16, unsigned short, 2)
FILLS(cuMemsetD32, unsigned int, 4)

#define ROWS(NAME, TYPE, WIDTH, PER_THREAD)                                                        \
	EXPORT CUresult NAME(CUdeviceptr to, size_t pitch, TYPE value, size_t columns,             \
			     size_t rows)                                                          \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return fill_rows(context, to, pitch, value, WIDTH, columns, rows, NULL,            \
				 PER_THREAD, true);                                                \
	}

#define ROWS_ASYNC(NAME, TYPE, WIDTH, PER_THREAD)                                                  \
	EXPORT CUresult NAME(CUdeviceptr to, size_t pitch, TYPE value, size_t columns,             \
			     size_t rows, CUstream stream)                                         \
	{                                                                                          \
		CURRENT(context);                                                                  \
		return fill_rows(context, to, pitch, value, WIDTH, columns, rows, stream,          \
				 PER_THREAD, false);                                               \
	}

ROWS(cuMemsetD2D8_v2, unsigned char, 1, false)
ROWS(cuMemsetD2D8_v2_ptds, unsigned char, 1, true)
ROWS(cuMemsetD2D32_v2, unsigned int, 4, false)
ROWS(cuMemsetD2D32_v2_ptds, unsigned int, 4, true)
ROWS_ASYNC(cuMemsetD2D8Async, unsigned char, 1, false)
ROWS_ASYNC(cuMemsetD2D8Async_ptsz, unsigned char, 1, true)
ROWS_ASYNC(cuMemsetD2D32Async, unsigned int, 4, false)
ROWS_ASYNC(cuMemsetD2D32Async_ptsz, unsigned int, 4, true)
