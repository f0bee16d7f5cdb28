/* SPDX-License-Identifier: MIT */
/*
 * A program of CUDA's driver API that tries what `mvgal run` promises:
 *
 *     sample WAY [library=PATH] FEATURE=NUMBER…
 *
 * WAY is how it finds the driver (find_driver.c); `inside` is a library of this very source, linked
 * with the driver and opened with RTLD_DEEPBIND. The number is what mvgal was told: bytes or a
 * percentage.
 */
#define _GNU_SOURCE
#include "driver.h"
#include "features.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char ptx[] = ".version 6.0\n"
			  ".target sm_50\n"
			  ".address_size 64\n"
			  ".visible .entry spin_1ms()\n"
			  "{\n"
			  "	.reg .pred %p;\n"
			  "	.reg .u64 %start, %now;\n"
			  "	mov.u64 %start, %globaltimer;\n"
			  "again:\n"
			  "	mov.u64 %now, %globaltimer;\n"
			  "	sub.u64 %now, %now, %start;\n"
			  "	setp.lt.u64 %p, %now, 1000000;\n"
			  "	@%p bra again;\n"
			  "	ret;\n"
			  "}\n";

static struct {
	struct driver driver;
	const char *missing;
	CUcontext context;
	CUfunction kernel;
	CUmemoryPool pool;
	CUevent events[EVENTS];
} sample;

#define CALL(name, ...)                                                                            \
	do {                                                                                       \
		CUresult result_ = sample.driver.name(__VA_ARGS__);                                \
                                                                                                   \
		if (result_) {                                                                     \
			*what = #name;                                                             \
			return result_;                                                            \
		}                                                                                  \
	} while (0)

static int start(const char **what)
{
	CUmodule module;
	CUdevice device;

	if (sample.missing) {
		*what = sample.missing;
		return CUDA_ERROR_NOT_FOUND;
	}
	CALL(cuInit, 0);
	CALL(cuDeviceGet, &device, 0);
	CALL(cuDevicePrimaryCtxRetain, &sample.context, device);
	CALL(cuCtxSetCurrent, sample.context);
	CALL(cuModuleLoadData, &module, ptx);
	CALL(cuModuleGetFunction, &sample.kernel, module, "spin_1ms");
	for (int i = 0; i < EVENTS; i++)
		CALL(cuEventCreate, &sample.events[i], CU_EVENT_DISABLE_TIMING);
	return 0;
}

static int enter(void)
{
	return sample.driver.cuCtxSetCurrent(sample.context);
}

static int count(int *devices)
{
	return sample.driver.cuDeviceGetCount(devices);
}

static int info(size_t *unused, size_t *total)
{
	return sample.driver.cuMemGetInfo(unused, total);
}

static int make_array(size_t bytes, struct block *block)
{
	/* Rows of 8192 four-byte numbers. */
	CUDA_ARRAY_DESCRIPTOR shape = {8192, bytes / 8192 / 4, 0x20, 1};
	CUarray array;
	int result = sample.driver.cuArrayCreate(&array, &shape);

	if (!result)
		block->handle = (uintptr_t)array;
	return result;
}

static int make_pooled(size_t bytes, struct block *block)
{
	CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
	int result = 0;

	if (!sample.pool)
		result = sample.driver.cuMemPoolCreate(&sample.pool, &props);
	return result ? result
		      : sample.driver.cuMemAllocFromPoolAsync((CUdeviceptr *)&block->pointer, bytes,
							      sample.pool, NULL);
}

static int make_mapped(size_t bytes, struct block *block)
{
	const struct driver *driver = &sample.driver;
	CUmemAllocationProp props = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
	CUmemAccessDesc access = {{CU_MEM_LOCATION_TYPE_DEVICE, 0},
				  CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
	CUdeviceptr pointer;
	CUmemGenericAllocationHandle handle;
	int result = driver->cuMemCreate(&handle, bytes, &props, 0);

	if (result)
		return result;
	result = driver->cuMemAddressReserve(&pointer, bytes, 0, 0, 0);
	if (result)
		goto release;
	result = driver->cuMemMap(pointer, bytes, 0, handle, 0);
	if (result)
		goto unreserve;
	result = driver->cuMemSetAccess(pointer, bytes, &access, 1);
	if (result)
		goto unmap;
	block->pointer = pointer;
	block->handle = handle;
	return 0;
unmap:
	driver->cuMemUnmap(pointer, bytes);
unreserve:
	driver->cuMemAddressFree(pointer, bytes);
release:
	driver->cuMemRelease(handle);
	return result;
}

static int allocate(enum kind kind, size_t bytes, struct block *block)
{
	const struct driver *driver = &sample.driver;
	CUdeviceptr *pointer = (CUdeviceptr *)&block->pointer;
	size_t pitch;

	block->bytes = bytes;
	switch (kind) {
	case PITCH:
		return driver->cuMemAllocPitch(pointer, &pitch, 4096, bytes / 4096, 4);
	case MANAGED:
		return driver->cuMemAllocManaged(pointer, bytes, 1);
	case ARRAY:
		return make_array(bytes, block);
	case ASYNC:
		return driver->cuMemAllocAsync(pointer, bytes, NULL);
	case POOL:
		return make_pooled(bytes, block);
	case MAPPED:
		return make_mapped(bytes, block);
	default:
		return driver->cuMemAlloc(pointer, bytes);
	}
}

static int release(enum kind kind, struct block *block)
{
	const struct driver *driver = &sample.driver;
	int result;

	switch (kind) {
	case ARRAY:
		return driver->cuArrayDestroy((CUarray)(uintptr_t)block->handle);
	case ASYNC:
	case POOL:
		result = driver->cuMemFreeAsync(block->pointer, NULL);
		if (!result)
			result = driver->cuStreamSynchronize(NULL);
		return result || kind == ASYNC ? result : driver->cuMemPoolTrimTo(sample.pool, 0);
	case MAPPED:
		result = driver->cuMemUnmap(block->pointer, block->bytes);
		if (!result)
			result = driver->cuMemRelease(block->handle);
		return result ? result : driver->cuMemAddressFree(block->pointer, block->bytes);
	default:
		return driver->cuMemFree(block->pointer);
	}
}

static int fill(const struct block *block, size_t from, size_t bytes, unsigned char value)
{
	return sample.driver.cuMemsetD8(block->pointer + from, value, bytes);
}

static int read_back(const struct block *block, size_t at, unsigned char *value)
{
	return sample.driver.cuMemcpyDtoH(value, block->pointer + at, 1);
}

static int launch(void)
{
	return sample.driver.cuLaunchKernel(sample.kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
}

static int mark(int event)
{
	return sample.driver.cuEventRecord(sample.events[event], NULL);
}

static int wait_for(int event)
{
	return sample.driver.cuEventSynchronize(sample.events[event]);
}

static const struct way way = {
    .start = start,
    .enter = enter,
    .count = count,
    .info = info,
    .allocate = allocate,
    .release = release,
    .fill = fill,
    .read = read_back,
    .launch = launch,
    .mark = mark,
    .wait = wait_for,
};

int sample_main(int argc, char **argv)
{
	const char *library = NULL;
	int features = 2;

	if (argc > 2 && !strncmp(argv[2], "library=", 8)) {
		library = argv[2] + 8;
		features = 3;
	}
	if (argc <= features) {
		fprintf(stderr, "sample WAY [library=PATH] FEATURE=NUMBER...\n");
		return 2;
	}
	sample.missing = find_driver(&sample.driver, argv[1], library);
	if (is_child(&way, argc, argv))
		return 0;
	return try_features(&way, argc - features, argv + features);
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "inside")) {
		void *library = dlopen(argv[2] + strlen("library="), RTLD_NOW | RTLD_DEEPBIND);
		int (*inside)(int, char **) =
		    library ? (int (*)(int, char **))dlsym(library, "sample_main") : NULL;

		if (!inside) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		return inside(argc, argv);
	}
	return sample_main(argc, argv);
}
#endif
