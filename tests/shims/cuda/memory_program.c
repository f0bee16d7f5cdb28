/* SPDX-License-Identifier: MIT */
/*
 * A program that allocates in every way, with the shim compiled into it, and checks what is charged
 * and shown. The driver is found as ever: a fake one, or that of the host.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../shims/cuda/abi.h"
#include "../../../shims/cuda/hooks.h"

#define DECLARE(result, name, parameters, arguments) result name parameters;
MVGAL_MEMORY_HOOKS(DECLARE)
MVGAL_NVML_HOOKS(DECLARE)

#define MIB ((size_t)1 << 20)
#define UNTOUCHED 0x5a5a5a5a5a5a5a5aull

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define SAME(one, other)                                                                           \
	do {                                                                                       \
		unsigned long long one_ = (one), other_ = (other);                                 \
		if (one_ != other_) {                                                              \
			fprintf(stderr, "%s:%d: %s is %llu, not %llu\n", __FILE__, __LINE__, #one, \
				one_, other_);                                                     \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* A function of the driver for which there is no hook. */
#define DRIVER(name, ...) ((CUresult(*)(__VA_ARGS__))dlsym(dlopen("libcuda.so.1", RTLD_NOW), #name))
#define NVML(name, ...)                                                                            \
	((nvmlReturn_t(*)(__VA_ARGS__))dlsym(dlopen("libnvidia-ml.so.1", RTLD_NOW), #name))

static CUcontext context;
/* Memory of the GPU as the program first saw it. */
static size_t total, used_first;

static size_t used_now(void)
{
	size_t unused, all;

	SAME(cuMemGetInfo_v2(&unused, &all), CUDA_SUCCESS);
	SAME(all, total);
	return all - unused;
}

static size_t used(void)
{
	return used_now() - used_first;
}

static void begin(void)
{
	size_t unused;

	SAME(DRIVER(cuInit, unsigned int)(0), CUDA_SUCCESS);
	SAME(DRIVER(cuDevicePrimaryCtxRetain, CUcontext *, CUdevice)(&context, 0), CUDA_SUCCESS);
	SAME(DRIVER(cuCtxSetCurrent, CUcontext)(context), CUDA_SUCCESS);
	SAME(cuMemGetInfo_v2(&unused, &total), CUDA_SUCCESS);
	used_first = used_now();
}

static CUdeviceptr allocate(size_t bytes)
{
	CUdeviceptr pointer;

	SAME(cuMemAlloc_v2(&pointer, bytes), CUDA_SUCCESS);
	return pointer;
}

static void refused(size_t bytes)
{
	CUdeviceptr pointer = UNTOUCHED;
	size_t before = used();

	SAME(cuMemAlloc_v2(&pointer, bytes), CUDA_ERROR_OUT_OF_MEMORY);
	SAME(pointer, UNTOUCHED);
	SAME(used(), before);
}

static void plain(void)
{
	CUdeviceptr one = allocate(10 * MIB), pointer = UNTOUCHED;
	size_t pitch = 7;

	SAME(used(), 10 * MIB);
	refused(total - 10 * MIB + 1);
	/* All that is left, to the byte. */
	pointer = allocate(total - used_now());
	SAME(used_now(), total);
	refused(1);
	SAME(cuMemFree_v2(pointer), CUDA_SUCCESS);
	SAME(used(), 10 * MIB);
	CHECK(cuMemFree_v2(pointer) != CUDA_SUCCESS);
	CHECK(cuMemFree_v2(0x1234) != CUDA_SUCCESS);
	SAME(cuMemFree_v2(0), CUDA_SUCCESS);
	SAME(used(), 10 * MIB);
	SAME(cuMemFree_v2(one), CUDA_SUCCESS);
	SAME(used(), 0);

	SAME(cuMemAllocPitch_v2(&pointer, &pitch, 1000, 3000, 4), CUDA_SUCCESS);
	SAME(used(), pitch * 3000);
	SAME(cuMemFree_v2(pointer), CUDA_SUCCESS);
	SAME(used(), 0);
	pointer = UNTOUCHED;
	pitch = 7;
	SAME(cuMemAllocPitch_v2(&pointer, &pitch, total / 1024, 1025, 4), CUDA_ERROR_OUT_OF_MEMORY);
	CHECK(pointer == UNTOUCHED && pitch == 7);

	SAME(cuMemAllocManaged(&pointer, 5 * MIB, 1), CUDA_SUCCESS);
	SAME(used(), 5 * MIB);
	SAME(cuMemFree_v2(pointer), CUDA_SUCCESS);
	pointer = UNTOUCHED;
	SAME(cuMemAllocManaged(&pointer, total + 1, 1), CUDA_ERROR_OUT_OF_MEMORY);
	SAME(pointer, UNTOUCHED);
	SAME(used(), 0);
}

static void arrays(void)
{
	CUDA_ARRAY3D_DESCRIPTOR cube = {
	    .Width = 128, .Height = 64, .Depth = 32, .Format = 0x20, .NumChannels = 4};
	CUDA_ARRAY_DESCRIPTOR line = {.Width = 1000, .Format = 0x02, .NumChannels = 2};
	CUmipmappedArray levels = NULL;
	CUarray array = NULL, untouched = (CUarray)&line;

	SAME(cuArrayCreate_v2(&array, &line), CUDA_SUCCESS);
	SAME(used(), 1000 * 2 * 2);
	SAME(cuArrayDestroy(array), CUDA_SUCCESS);
	SAME(cuArray3DCreate_v2(&array, &cube), CUDA_SUCCESS);
	SAME(used(), 128 * 64 * 32 * 16);
	SAME(cuArrayDestroy(array), CUDA_SUCCESS);
	SAME(used(), 0);
	SAME(cuMipmappedArrayCreate(&levels, &cube, 3), CUDA_SUCCESS);
	SAME(used(), (128 * 64 * 32 + 64 * 32 * 16 + 32 * 16 * 8) * 16);
	SAME(cuMipmappedArrayDestroy(levels), CUDA_SUCCESS);
	SAME(used(), 0);
	line.Width = total;
	array = untouched;
	SAME(cuArrayCreate_v2(&array, &line), CUDA_ERROR_OUT_OF_MEMORY);
	CHECK(array == untouched);
	SAME(used(), 0);
}

static size_t reserved_of(CUmemoryPool pool)
{
	cuuint64_t bytes;

	SAME(DRIVER(cuMemPoolGetAttribute, CUmemoryPool, int,
		    void *)(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &bytes),
	     CUDA_SUCCESS);
	return bytes;
}

static void async(void)
{
	CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}};
	CUdeviceptr one = UNTOUCHED, other;
	cuuint64_t keep = UINT64_MAX;
	CUmemoryPool pool, own;

	SAME(DRIVER(cuDeviceGetDefaultMemPool, CUmemoryPool *, CUdevice)(&pool, 0), CUDA_SUCCESS);
	SAME(DRIVER(cuMemPoolSetAttribute, CUmemoryPool, int, void *)(pool, 4, &keep),
	     CUDA_SUCCESS);
	SAME(cuMemAllocAsync(&one, total + 1, NULL), CUDA_ERROR_OUT_OF_MEMORY);
	SAME(one, UNTOUCHED);
	SAME(used(), 0);
	SAME(cuMemAllocAsync(&one, 3 * MIB, NULL), CUDA_SUCCESS);
	SAME(used(), reserved_of(pool));
	CHECK(used() >= 3 * MIB);
	SAME(cuMemAllocFromPoolAsync(&other, 5 * MIB, pool, NULL), CUDA_SUCCESS);
	SAME(used(), reserved_of(pool));
	CHECK(used() >= 8 * MIB);
	/* Freed, and kept by the pool. */
	SAME(cuMemFreeAsync(other, NULL), CUDA_SUCCESS);
	SAME(cuMemFree_v2(one), CUDA_SUCCESS);
	SAME(DRIVER(cuCtxSynchronize, void)(), CUDA_SUCCESS);
	CHECK(used() >= 8 * MIB);
	SAME(used(), reserved_of(pool));
	SAME(cuMemPoolTrimTo(pool, 0), CUDA_SUCCESS);
	SAME(reserved_of(pool), 0);
	SAME(used(), 0);

	/* One that shrinks by itself, at a synchronisation, and goes. */
	SAME(cuMemPoolCreate(&own, &props), CUDA_SUCCESS);
	SAME(cuMemAllocFromPoolAsync_ptsz(&one, 6 * MIB, own, NULL), CUDA_SUCCESS);
	CHECK(used() >= 6 * MIB);
	SAME(cuMemFreeAsync_ptsz(one, NULL), CUDA_SUCCESS);
	SAME(DRIVER(cuCtxSynchronize, void)(), CUDA_SUCCESS);
	SAME(used(), reserved_of(own));
	SAME(cuMemAllocFromPoolAsync(&one, 4 * MIB, own, NULL), CUDA_SUCCESS);
	CHECK(used() >= 4 * MIB);
	SAME(cuMemFreeAsync(one, NULL), CUDA_SUCCESS);
	SAME(cuMemPoolDestroy(own), CUDA_SUCCESS);
	SAME(used(), 0);
	/* The pool grows by more than there is: all of it goes back. */
	other = allocate(total - used_now() - 3 * MIB);
	one = UNTOUCHED;
	SAME(cuMemAllocAsync(&one, 2 * MIB, NULL), CUDA_ERROR_OUT_OF_MEMORY);
	SAME(one, UNTOUCHED);
	SAME(reserved_of(pool), 0);
	SAME(used_now(), total - 3 * MIB);
	SAME(cuMemFree_v2(other), CUDA_SUCCESS);
	/* What the pool keeps is room for others when it is needed. */
	SAME(cuMemAllocAsync(&one, total / 2, NULL), CUDA_SUCCESS);
	SAME(cuMemFreeAsync(one, NULL), CUDA_SUCCESS);
	SAME(cuMemPoolTrimTo(pool, 0), CUDA_SUCCESS);
	SAME(cuMemFree_v2(allocate(total - used_first)), CUDA_SUCCESS);
	SAME(used(), 0);
}

/* The driver is not asked for what is over the limit. */
static void over(void)
{
	CUdeviceptr one = UNTOUCHED;

	SAME(cuMemAllocAsync(&one, total + 1, NULL), CUDA_ERROR_OUT_OF_MEMORY);
	SAME(cuMemAlloc_v2(&one, total + 1), CUDA_ERROR_OUT_OF_MEMORY);
	SAME(one, UNTOUCHED);
}

static CUmemGenericAllocationHandle create(size_t bytes, CUdevice device)
{
	CUmemAllocationProp props = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = {CU_MEM_LOCATION_TYPE_DEVICE, device}};
	CUmemGenericAllocationHandle handle;

	SAME(cuMemCreate(&handle, bytes, &props, 0), CUDA_SUCCESS);
	return handle;
}

static void blocks(void)
{
	CUmemAllocationProp props = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
	CUmemGenericAllocationHandle one, other, again = UNTOUCHED;
	CUdeviceptr at;

	SAME(cuMemCreate(&again, (total / (2 * MIB) + 1) * 2 * MIB, &props, 0),
	     CUDA_ERROR_OUT_OF_MEMORY);
	SAME(again, UNTOUCHED);
	SAME(DRIVER(cuMemAddressReserve, CUdeviceptr *, size_t, size_t, CUdeviceptr,
		    unsigned long long)(&at, 16 * MIB, 0, 0, 0),
	     CUDA_SUCCESS);
	one = create(4 * MIB, 0);
	other = create(2 * MIB, 0);
	SAME(used(), 6 * MIB);
	/* Mapped twice, the one; and of another GPU, nothing of this. */
	SAME(cuMemMap(at, 4 * MIB, 0, one, 0), CUDA_SUCCESS);
	SAME(cuMemMap(at + 4 * MIB, 4 * MIB, 0, one, 0), CUDA_SUCCESS);
	SAME(cuMemMap(at + 8 * MIB, 2 * MIB, 0, other, 0), CUDA_SUCCESS);
	SAME(cuMemRelease(create(8 * MIB, 1)), CUDA_SUCCESS);
	SAME(used(), 6 * MIB);
	/* Released, and there while it is mapped. */
	SAME(cuMemRelease(one), CUDA_SUCCESS);
	SAME(cuMemRelease(other), CUDA_SUCCESS);
	SAME(used(), 6 * MIB);
	SAME(cuMemUnmap(at, 4 * MIB), CUDA_SUCCESS);
	SAME(used(), 6 * MIB);
	/* A handle of what is mapped keeps it again. */
	SAME(cuMemRetainAllocationHandle(&again, (void *)(uintptr_t)(at + 5 * MIB)), CUDA_SUCCESS);
	SAME(cuMemUnmap(at + 4 * MIB, 6 * MIB), CUDA_SUCCESS);
	SAME(used(), 4 * MIB);
	SAME(cuMemRelease(again), CUDA_SUCCESS);
	SAME(used(), 0);
	CHECK(cuMemRelease(again) != CUDA_SUCCESS);
	SAME(used(), 0);
	/* Of the host: not charged. */
	props.location = (CUmemLocation){CU_MEM_LOCATION_TYPE_HOST_NUMA, 0};
	if (cuMemCreate(&one, 4 * MIB, &props, 0) == CUDA_SUCCESS) {
		SAME(used(), 0);
		SAME(cuMemRelease(one), CUDA_SUCCESS);
	}
}

/* Memory goes with its context, freed or not. */
static void contexts(void)
{
	CUcontext made, popped;
	CUdeviceptr kept = allocate(3 * MIB);

	SAME(DRIVER(cuCtxCreate_v2, CUcontext *, unsigned int, CUdevice)(&made, 0, 0),
	     CUDA_SUCCESS);
	allocate(4 * MIB);
	SAME(cuMemFree_v2(allocate(5 * MIB)), CUDA_SUCCESS);
	SAME(used(), 7 * MIB);
	SAME(DRIVER(cuCtxPopCurrent_v2, CUcontext *)(&popped), CUDA_SUCCESS);
	SAME(cuCtxDestroy_v2(made), CUDA_SUCCESS);
	SAME(DRIVER(cuCtxSetCurrent, CUcontext)(context), CUDA_SUCCESS);
	SAME(used(), 3 * MIB);
	/* Held twice, it stays with the first release. */
	SAME(DRIVER(cuDevicePrimaryCtxRetain, CUcontext *, CUdevice)(&made, 0), CUDA_SUCCESS);
	SAME(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
	SAME(used(), 3 * MIB);
	SAME(cuMemFree_v2(kept), CUDA_SUCCESS);
	allocate(6 * MIB);
	SAME(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
	begin();
	SAME(used_first, 0);
	allocate(6 * MIB);
	SAME(cuDevicePrimaryCtxReset_v2(0), CUDA_SUCCESS);
	begin();
	SAME(used_first, 0);
}

static void nvml(size_t *unused, size_t *all, size_t *taken)
{
	nvmlDevice_t device;
	nvmlMemory_t memory;
	nvmlMemory_v2_t second = {.version = sizeof(second) | 2 << 24};

	SAME(NVML(nvmlInit_v2, void)(), NVML_SUCCESS);
	SAME(NVML(nvmlDeviceGetHandleByIndex_v2, unsigned int, nvmlDevice_t *)(0, &device),
	     NVML_SUCCESS);
	SAME(nvmlDeviceGetMemoryInfo(device, &memory), NVML_SUCCESS);
	SAME(nvmlDeviceGetMemoryInfo_v2(device, &second), NVML_SUCCESS);
	SAME(second.total, memory.total);
	SAME(second.free, memory.free);
	SAME(second.used, memory.used);
	*unused = memory.free;
	*all = memory.total;
	*taken = memory.used;
}

/* NVML and CUDA say the same. */
static void shown(void)
{
	size_t unused, all, taken, bytes, at_first = used_now();

	allocate(10 * MIB);
	nvml(&unused, &all, &taken);
	SAME(cuDeviceTotalMem_v2(&bytes, 0), CUDA_SUCCESS);
	SAME(bytes, total);
	SAME(all, total);
	SAME(taken, used_now());
	SAME(unused, total - taken);
	printf("%zu %zu %zu\n", total, at_first, used_now());
}

/* Without CUDA, as nvidia-smi has it. */
static void shown_by_nvml(void)
{
	size_t unused, all, taken;

	nvml(&unused, &all, &taken);
	CHECK(!dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD));
	printf("%zu %zu\n", all, taken);
}

/* What one process of many does; each goes on after a refusal. */
static void race_one(unsigned int seed, int rounds)
{
	CUdeviceptr held[4] = {0};

	begin();
	for (int i = 0; i < rounds; i++) {
		int which = rand_r(&seed) % 4;
		CUresult result;

		if (held[which]) {
			SAME(cuMemFree_v2(held[which]), CUDA_SUCCESS);
			held[which] = 0;
			continue;
		}
		result = cuMemAlloc_v2(&held[which], MIB * (size_t)(1 + rand_r(&seed) % 16));
		CHECK(result == CUDA_SUCCESS || result == CUDA_ERROR_OUT_OF_MEMORY);
	}
	for (int i = 0; i < 4; i++)
		SAME(held[i] ? cuMemFree_v2(held[i]) : CUDA_SUCCESS, CUDA_SUCCESS);
}

static void race(int processes, int rounds)
{
	int status;

	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			race_one((unsigned int)i + 1, rounds);
			_exit(0);
		}
	while (wait(&status) > 0)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	begin();
	SAME(used_first, 0);
	SAME(cuMemFree_v2(allocate(total)), CUDA_SUCCESS);
}

static void *run_thread(void *seed)
{
	unsigned int state = (unsigned int)(uintptr_t)seed;

	SAME(DRIVER(cuCtxSetCurrent, CUcontext)(context), CUDA_SUCCESS);
	for (int i = 0; i < 100; i++) {
		CUdeviceptr one, other;

		/* No small ones: of these the driver rounds up what the limit counts as well. */
		if (cuMemAlloc_v2(&one, MIB * (size_t)(2 + rand_r(&state) % 8 * 2)) != CUDA_SUCCESS)
			continue;
		if (cuMemAllocAsync(&other, MIB, CU_STREAM_PER_THREAD) == CUDA_SUCCESS)
			SAME(cuMemFreeAsync(other, CU_STREAM_PER_THREAD), CUDA_SUCCESS);
		SAME(cuMemRelease(create(2 * MIB, 1)), CUDA_SUCCESS);
		SAME(cuMemFree_v2(one), CUDA_SUCCESS);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t running[8];
	CUmemoryPool pool;

	for (uintptr_t i = 0; i < 8; i++)
		pthread_create(&running[i], NULL, run_thread, (void *)(i + 1));
	for (int i = 0; i < 8; i++)
		pthread_join(running[i], NULL);
	SAME(DRIVER(cuDeviceGetDefaultMemPool, CUmemoryPool *, CUdevice)(&pool, 0), CUDA_SUCCESS);
	SAME(DRIVER(cuCtxSynchronize, void)(), CUDA_SUCCESS);
	SAME(cuMemPoolTrimTo(pool, 0), CUDA_SUCCESS);
	SAME(used(), 0);
}

/* The driver refuses: nothing stays charged. */
static void failing(void)
{
	CUDA_ARRAY_DESCRIPTOR line = {.Width = 1000, .Format = 0x02, .NumChannels = 2};
	CUmemAllocationProp props = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
	CUmemGenericAllocationHandle handle;
	CUdeviceptr pointer = UNTOUCHED;
	CUarray array;
	size_t pitch;

	CHECK(cuMemAlloc_v2(&pointer, MIB) != CUDA_SUCCESS);
	CHECK(cuMemAllocManaged(&pointer, MIB, 1) != CUDA_SUCCESS);
	CHECK(cuMemAllocPitch_v2(&pointer, &pitch, 1000, 1000, 4) != CUDA_SUCCESS);
	CHECK(cuArrayCreate_v2(&array, &line) != CUDA_SUCCESS);
	CHECK(cuMemCreate(&handle, 2 * MIB, &props, 0) != CUDA_SUCCESS);
	CHECK(cuMemAllocAsync(&pointer, MIB, NULL) != CUDA_SUCCESS);
	SAME(pointer, UNTOUCHED);
	SAME(used(), 0);
}

/* What is set while the program runs counts from the next allocation on. */
static void live(void)
{
	size_t before, all, unused;
	char line[16];

	allocate(10 * MIB);
	while (printf("%zu %zu\n", total, used_now()), fflush(stdout),
	       fgets(line, sizeof(line), stdin)) {
		before = total;
		for (int i = 0; i < 100 && total == before; i++) {
			usleep(10000);
			SAME(cuMemGetInfo_v2(&unused, &all), CUDA_SUCCESS);
			total = all;
		}
		refused(total - used_now() + 1);
	}
}

int main(int count, char **arguments)
{
	const char *what = count > 1 ? arguments[1] : "";
	const struct {
		const char *name;
		void (*run)(void);
	} scenes[] = {
	    {"plain", plain},	  {"arrays", arrays},	  {"async", async},	{"blocks", blocks},
	    {"shown", shown},	  {"contexts", contexts}, {"threads", threads}, {"live", live},
	    {"failing", failing}, {"over", over},
	};

	if (!strcmp(what, "nvml")) {
		shown_by_nvml();
		return 0;
	}
	if (!strcmp(what, "race")) {
		race(atoi(arguments[2]), atoi(arguments[3]));
		return 0;
	}
	begin();
	if (!strcmp(what, "hold")) {
		allocate((size_t)atoi(arguments[2]) * MIB);
		printf("%zu %zu\n", total, used_now());
		fflush(stdout);
		pause();
	}
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		if (!strcmp(what, scenes[i].name)) {
			scenes[i].run();
			return 0;
		}
	return 2;
}
