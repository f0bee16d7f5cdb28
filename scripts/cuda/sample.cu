/* SPDX-License-Identifier: MIT */
/*
 * A program of CUDA's runtime that tries what `mvgal run` promises: as nvcc builds it, with the runtime in it
 * (`-cudart static`) or beside it (`-cudart shared`), with streams of the process or of threads.
 *
 *     sample-static WAY FEATURE=NUMBER…
 */
#include "features.h"

#include <cuda.h>
#include <cuda_runtime.h>
#include <stdio.h>

static cudaMemPool_t own_pool;
static cudaEvent_t events[EVENTS];

__global__ void spin_1ms()
{
	unsigned long long begin, at;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(begin));
	do {
		asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(at));
	} while (at - begin < 1000000);
}

/* Errors of the runtime stay until they are asked for. */
static int said(cudaError_t result)
{
	cudaGetLastError();
	return result;
}

static int start(const char **what)
{
	int result = said(cudaFree(NULL));

	*what = "cudaFree";
	for (int i = 0; i < EVENTS && !result; i++) {
		*what = "cudaEventCreateWithFlags";
		result = said(cudaEventCreateWithFlags(&events[i], cudaEventDisableTiming));
	}
	return result;
}

static int enter()
{
	return said(cudaSetDevice(0));
}

static int count(int *devices)
{
	return said(cudaGetDeviceCount(devices));
}

static int info(size_t *unused, size_t *total)
{
	return said(cudaMemGetInfo(unused, total));
}

static int make_pooled(void **pointer, size_t bytes)
{
	cudaMemPoolProps props = {};
	int result = 0;

	props.allocType = cudaMemAllocationTypePinned;
	props.location.type = cudaMemLocationTypeDevice;
	if (!own_pool)
		result = said(cudaMemPoolCreate(&own_pool, &props));
	return result ? result : said(cudaMallocFromPoolAsync(pointer, bytes, own_pool, 0));
}

/* A function of the driver, as programs of the runtime get it. */
#if CUDART_VERSION >= 12050
template <typename Function> static int driver(Function *&function, const char *name)
{
	cudaDriverEntryPointQueryResult status;
	void *found = NULL;
	int result = said(cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault,
							   &status));

	function = (Function *)found;
	return result ? result : found ? 0 : NOT_THERE;
}
#else
template <typename Function> static int driver(Function *&, const char *)
{
	return NOT_THERE;
}
#endif

#define FOUND(name) (!name##_ ? driver(name##_, #name) : 0)

static decltype(cuMemCreate) *cuMemCreate_;
static decltype(cuMemRelease) *cuMemRelease_;

static int create(size_t bytes, struct block *block)
{
	CUmemAllocationProp props = {};
	CUmemGenericAllocationHandle handle;
	int result = FOUND(cuMemCreate);

	if (!result)
		result = FOUND(cuMemRelease);
	if (result)
		return result;
	props.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	props.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	result = cuMemCreate_(&handle, bytes, &props, 0);
	if (!result)
		block->handle = handle;
	return result;
}

static int allocate(enum kind kind, size_t bytes, struct block *block)
{
	cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
	cudaArray_t array;
	void *pointer = NULL;
	size_t pitch;
	int result;

	block->bytes = bytes;
	switch (kind) {
	case PITCH:
		result = said(cudaMallocPitch(&pointer, &pitch, 4096, bytes / 4096));
		break;
	case MANAGED:
		result = said(cudaMallocManaged(&pointer, bytes));
		break;
	case ARRAY:
		result = said(cudaMallocArray(&array, &format, 8192, bytes / 8192 / 4));
		block->handle = (uint64_t)array;
		break;
	case ASYNC:
		result = said(cudaMallocAsync(&pointer, bytes, 0));
		break;
	case POOL:
		result = make_pooled(&pointer, bytes);
		break;
	case MAPPED:
		return create(bytes, block);
	default:
		result = said(cudaMalloc(&pointer, bytes));
	}
	block->pointer = (uint64_t)pointer;
	return result;
}

static int release(enum kind kind, struct block *block)
{
	int result;

	switch (kind) {
	case ARRAY:
		return said(cudaFreeArray((cudaArray_t)block->handle));
	case ASYNC:
	case POOL:
		result = said(cudaFreeAsync((void *)block->pointer, 0));
		if (!result)
			result = said(cudaStreamSynchronize(0));
		return result || kind == ASYNC ? result : said(cudaMemPoolTrimTo(own_pool, 0));
	case MAPPED:
		return cuMemRelease_(block->handle);
	default:
		return said(cudaFree((void *)block->pointer));
	}
}

static int fill(const struct block *block, size_t from, size_t bytes, unsigned char value)
{
	return said(cudaMemset((char *)block->pointer + from, value, bytes));
}

static int read_back(const struct block *block, size_t at, unsigned char *value)
{
	return said(cudaMemcpy(value, (char *)block->pointer + at, 1, cudaMemcpyDeviceToHost));
}

static int launch()
{
	spin_1ms<<<1, 1>>>();
	return cudaGetLastError();
}

static int mark(int event)
{
	return said(cudaEventRecord(events[event], 0));
}

static int wait_for(int event)
{
	return said(cudaEventSynchronize(events[event]));
}

int main(int argc, char **argv)
{
	/* In the order of the structure: nvcc's C++ need not know designators. */
	static const struct way way = {start,	enter, count,	  info,	  allocate, release,
				       fill,	read_back, launch, mark, wait_for};

	if (argc < 3) {
		fprintf(stderr, "sample WAY FEATURE=NUMBER...\n");
		return 2;
	}
	return is_child(&way, argc, argv) ? 0 : try_features(&way, argc - 2, argv + 2);
}
