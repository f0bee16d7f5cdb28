/* SPDX-License-Identifier: MIT */
/*
 * A small libcuda.so.1 for the tests of pooled memory: cards with little memory, the virtual memory
 * functions with the rules of the real ones (whole handles at offset 0, whole mappings, access
 * before use), and a failure of any call when a test wants one. FAKE_CARDS has the MiB of each
 * card, FAKE_UNREACHED a card that the first cannot reach.
 */
#define _GNU_SOURCE
#include "pool_driver.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi.h"

#define CARDS 8
#define MOST 65536
#define GRANULARITY ((size_t)2 << 20)
#define HOST (-1)

struct CUctx_st {
	int device;
};

struct CUevent_st {
	int of;
};

struct handle {
	int descriptor, device, mappings, is_released;
	size_t bytes;
};

struct mapping {
	CUdeviceptr at;
	struct handle *handle;
	int has_access;
};

struct area {
	CUdeviceptr at;
	size_t bytes;
	int device;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int cards, unreached, faults, is_mixed_refused, work, ended;
	size_t total[CARDS], used[CARDS + 1];
	struct CUctx_st primary[CARDS];
	struct area areas[MOST], reserved[MOST];
	struct mapping mappings[MOST];
	int area_count, reserved_count, mapping_count, handle_count;
	char fail_name[64];
	int fail_after, fail_code;
	struct {
		const char *name;
		long calls;
	} counts[128];
} fake = {.unreached = -2};

static __thread CUcontext stack[16];
static __thread int depth, capture_mode;

void fake_fail(const char *name, int after, int code)
{
	pthread_mutex_lock(&lock);
	snprintf(fake.fail_name, sizeof(fake.fail_name), "%s", name ? name : "");
	fake.fail_after = after;
	fake.fail_code = code;
	pthread_mutex_unlock(&lock);
}

static int enter(const char *name)
{
	int i = 0, code = 0;

	pthread_mutex_lock(&lock);
	while (fake.counts[i].name && strcmp(fake.counts[i].name, name))
		i++;
	fake.counts[i].name = name;
	fake.counts[i].calls++;
	if (!strcmp(fake.fail_name, name) && fake.fail_after-- == 0) {
		fake.fail_name[0] = '\0';
		code = fake.fail_code;
	}
	if (code)
		pthread_mutex_unlock(&lock);
	return code;
}

#define ENTER                                                                                      \
	do {                                                                                       \
		int code = enter(__func__);                                                        \
                                                                                                   \
		if (code)                                                                          \
			return code;                                                               \
	} while (0)

static CUresult leave(CUresult result)
{
	pthread_mutex_unlock(&lock);
	return result;
}

long fake_calls(const char *name)
{
	long calls = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; fake.counts[i].name; i++)
		if (!strcmp(fake.counts[i].name, name))
			calls = fake.counts[i].calls;
	pthread_mutex_unlock(&lock);
	return calls;
}

#define ASK(type, name, what)                                                                      \
	type name                                                                                  \
	{                                                                                          \
		type value;                                                                        \
                                                                                                   \
		pthread_mutex_lock(&lock);                                                         \
		value = what;                                                                      \
		pthread_mutex_unlock(&lock);                                                       \
		return value;                                                                      \
	}
ASK(size_t, fake_used(int device), fake.used[device < 0 ? CARDS : device])
ASK(int, fake_handles(void), fake.handle_count)
ASK(int, fake_reservations(void), fake.reserved_count)
ASK(int, fake_cards(void), fake.cards)
ASK(int, fake_faults(void), fake.faults)

static struct mapping *mapping_at(CUdeviceptr pointer)
{
	for (int i = 0; i < fake.mapping_count; i++)
		if (pointer - fake.mappings[i].at < fake.mappings[i].handle->bytes)
			return &fake.mappings[i];
	return NULL;
}

static int card_at(CUdeviceptr pointer)
{
	const struct mapping *mapping = mapping_at(pointer);

	if (mapping)
		return mapping->handle->device;
	for (int i = 0; i < fake.area_count; i++)
		if (pointer - fake.areas[i].at < fake.areas[i].bytes)
			return fake.areas[i].device;
	return -2;
}
ASK(int, fake_card_at(unsigned long long pointer), card_at(pointer))

void fake_begin_work(void)
{
	pthread_mutex_lock(&lock);
	fake.work++;
	pthread_mutex_unlock(&lock);
}

void fake_end_work(void)
{
	pthread_mutex_lock(&lock);
	fake.ended = fake.work;
	pthread_mutex_unlock(&lock);
}

void fake_refuse_mixed(int refuse)
{
	fake.is_mixed_refused = refuse;
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

CUresult cuInit(unsigned int flags)
{
	char *text = getenv("FAKE_CARDS"), *unreached = getenv("FAKE_UNREACHED");

	(void)flags;
	pthread_atfork(before_fork, after_fork, after_fork);
	ENTER;
	if (!fake.cards)
		for (char *at = text; at && *at; at += strcspn(at, ","), at += *at == ',') {
			fake.primary[fake.cards].device = fake.cards;
			fake.total[fake.cards++] = (size_t)atoi(at) << 20;
		}
	if (unreached)
		fake.unreached = atoi(unreached);
	return leave(CUDA_SUCCESS);
}

CUresult cuDeviceGetCount(int *count)
{
	ENTER;
	*count = fake.cards ? 1 : 0;
	return leave(fake.cards ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED);
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	ENTER;
	*device = ordinal;
	return leave(ordinal < fake.cards ? CUDA_SUCCESS : 101);
}

CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device)
{
	ENTER;
	snprintf(text, (size_t)length, "0000:%02X:00.0", 6 + device);
	return leave(CUDA_SUCCESS);
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
	(void)device;
	ENTER;
	*value = attribute == 102;
	return leave(CUDA_SUCCESS);
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	ENTER;
	*bytes = fake.total[device];
	return leave(CUDA_SUCCESS);
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice from, CUdevice to)
{
	ENTER;
	*can = from != fake.unreached && to != fake.unreached;
	return leave(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
	ENTER;
	*context = &fake.primary[device];
	return leave(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	(void)device;
	ENTER;
	return leave(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *active)
{
	(void)device;
	ENTER;
	*flags = 0;
	*active = 1;
	return leave(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	(void)device;
	ENTER;
	return leave(CUDA_SUCCESS);
}

CUresult cuCtxPushCurrent_v2(CUcontext context)
{
	ENTER;
	stack[depth++] = context;
	return leave(CUDA_SUCCESS);
}

CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
	ENTER;
	*context = stack[--depth];
	return leave(CUDA_SUCCESS);
}

CUresult cuCtxGetCurrent(CUcontext *context)
{
	ENTER;
	*context = depth ? stack[depth - 1] : NULL;
	return leave(CUDA_SUCCESS);
}

CUresult cuCtxGetDevice(CUdevice *device)
{
	ENTER;
	if (!depth)
		return leave(CUDA_ERROR_INVALID_CONTEXT);
	*device = stack[depth - 1]->device;
	return leave(CUDA_SUCCESS);
}

CUresult cuCtxSynchronize(void)
{
	ENTER;
	fake.ended = fake.work;
	return leave(CUDA_SUCCESS);
}

CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
	(void)flags;
	ENTER;
	*event = calloc(1, sizeof(**event));
	return leave(CUDA_SUCCESS);
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
	(void)stream;
	ENTER;
	event->of = fake.work;
	return leave(CUDA_SUCCESS);
}

CUresult cuEventQuery(CUevent event)
{
	ENTER;
	/* It would spoil a stream that another thread captures. */
	fake.faults += capture_mode != 2;
	return leave(event->of <= fake.ended ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY);
}

CUresult cuEventSynchronize(CUevent event)
{
	ENTER;
	if (event->of > fake.ended)
		fake.ended = event->of;
	return leave(CUDA_SUCCESS);
}

CUresult cuEventDestroy_v2(CUevent event)
{
	ENTER;
	free(event);
	return leave(CUDA_SUCCESS);
}

CUresult cuThreadExchangeStreamCaptureMode(int *mode)
{
	int before = capture_mode;

	capture_mode = *mode;
	*mode = before;
	return CUDA_SUCCESS;
}

CUresult cuStreamIsCapturing(CUstream stream, int *status)
{
	ENTER;
	/* A stream that is being captured, for the tests. */
	*status = stream == (CUstream)0x77;
	return leave(CUDA_SUCCESS);
}

CUresult cuMemGetInfo_v2(size_t *unused, size_t *total)
{
	ENTER;
	if (!depth)
		return leave(CUDA_ERROR_INVALID_CONTEXT);
	*total = fake.total[stack[depth - 1]->device];
	*unused = *total - fake.used[stack[depth - 1]->device];
	return leave(CUDA_SUCCESS);
}

static size_t *used_of(int device)
{
	return &fake.used[device < 0 ? CARDS : device];
}

static int take(int device, size_t bytes)
{
	if (device >= 0 && bytes > fake.total[device] - fake.used[device])
		return 0;
	*used_of(device) += bytes;
	return 1;
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
	struct area *area;

	ENTER;
	area = &fake.areas[fake.area_count];
	area->device = stack[depth - 1]->device;
	area->bytes = (bytes + 4095) / 4096 * 4096;
	if (!bytes)
		return leave(CUDA_ERROR_INVALID_VALUE);
	if (!take(area->device, area->bytes))
		return leave(CUDA_ERROR_OUT_OF_MEMORY);
	area->at = (CUdeviceptr)(uintptr_t)mmap(NULL, area->bytes, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*pointer = area->at;
	fake.area_count++;
	return leave(CUDA_SUCCESS);
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			    unsigned int element)
{
	(void)element;
	*pitch = (width + 511) / 512 * 512;
	return cuMemAlloc_v2(pointer, *pitch * height);
}

CUresult cuMemFree_v2(CUdeviceptr pointer)
{
	ENTER;
	for (int i = 0; i < fake.area_count; i++) {
		if (fake.areas[i].at != pointer)
			continue;
		munmap((void *)(uintptr_t)pointer, fake.areas[i].bytes);
		fake.used[fake.areas[i].device] -= fake.areas[i].bytes;
		fake.areas[i] = fake.areas[--fake.area_count];
		return leave(CUDA_SUCCESS);
	}
	return leave(CUDA_ERROR_INVALID_VALUE);
}

CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream)
{
	(void)stream;
	return cuMemAlloc_v2(pointer, bytes);
}

CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream stream)
{
	(void)stream;
	return cuMemFree_v2(pointer);
}

CUresult cuMemGetAllocationGranularity(size_t *bytes, const CUmemAllocationProp *props, int option)
{
	(void)props, (void)option;
	ENTER;
	*bytes = GRANULARITY;
	return leave(CUDA_SUCCESS);
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
		     const CUmemAllocationProp *props, unsigned long long flags)
{
	int device =
	    props->location.type == CU_MEM_LOCATION_TYPE_DEVICE ? props->location.id : HOST;
	struct handle *made;

	ENTER;
	if (!bytes || bytes % GRANULARITY || flags)
		return leave(CUDA_ERROR_INVALID_VALUE);
	if (!take(device, bytes))
		return leave(CUDA_ERROR_OUT_OF_MEMORY);
	made = calloc(1, sizeof(*made));
	made->descriptor = memfd_create("memory", MFD_CLOEXEC);
	made->device = device;
	made->bytes = bytes;
	if (ftruncate(made->descriptor, (off_t)bytes))
		abort();
	fake.handle_count++;
	*handle = (CUmemGenericAllocationHandle)(uintptr_t)made;
	return leave(CUDA_SUCCESS);
}

static void drop(struct handle *handle)
{
	if (handle->mappings || !handle->is_released)
		return;
	*used_of(handle->device) -= handle->bytes;
	fake.handle_count--;
	close(handle->descriptor);
	free(handle);
}

CUresult cuMemRelease(CUmemGenericAllocationHandle number)
{
	struct handle *handle = (struct handle *)(uintptr_t)number;

	ENTER;
	handle->is_released = 1;
	drop(handle);
	return leave(CUDA_SUCCESS);
}

CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *props,
						CUmemGenericAllocationHandle number)
{
	ENTER;
	memset(props, 0, sizeof(*props));
	props->type = CU_MEM_ALLOCATION_TYPE_PINNED;
	props->location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	props->location.id = ((struct handle *)(uintptr_t)number)->device;
	return leave(CUDA_SUCCESS);
}

CUresult cuMemAddressReserve(CUdeviceptr *pointer, size_t bytes, size_t alignment, CUdeviceptr wish,
			     unsigned long long flags)
{
	void *at;

	(void)alignment, (void)wish, (void)flags;
	ENTER;
	at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	*pointer = (CUdeviceptr)(uintptr_t)at;
	fake.reserved[fake.reserved_count++] = (struct area){*pointer, bytes, 0};
	return leave(CUDA_SUCCESS);
}

CUresult cuMemAddressFree(CUdeviceptr pointer, size_t bytes)
{
	ENTER;
	for (int i = 0; i < fake.mapping_count; i++)
		if (fake.mappings[i].at - pointer < bytes)
			return leave(CUDA_ERROR_INVALID_VALUE);
	for (int i = 0; i < fake.reserved_count; i++) {
		if (fake.reserved[i].at != pointer || fake.reserved[i].bytes != bytes)
			continue;
		munmap((void *)(uintptr_t)pointer, bytes);
		fake.reserved[i] = fake.reserved[--fake.reserved_count];
		return leave(CUDA_SUCCESS);
	}
	return leave(CUDA_ERROR_INVALID_VALUE);
}

CUresult cuMemMap(CUdeviceptr pointer, size_t bytes, size_t offset,
		  CUmemGenericAllocationHandle number, unsigned long long flags)
{
	struct handle *handle = (struct handle *)(uintptr_t)number;

	ENTER;
	if (offset || flags || bytes != handle->bytes || mapping_at(pointer))
		return leave(CUDA_ERROR_INVALID_VALUE);
	if (mmap((void *)(uintptr_t)pointer, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED,
		 handle->descriptor, 0) == MAP_FAILED)
		abort();
	handle->mappings++;
	fake.mappings[fake.mapping_count++] = (struct mapping){pointer, handle, 0};
	return leave(CUDA_SUCCESS);
}

CUresult cuMemSetAccess(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc *access,
			size_t count)
{
	ENTER;
	for (size_t i = 0; i < count; i++)
		if (access[i].location.id == fake.unreached)
			return leave(CUDA_ERROR_INVALID_VALUE);
	for (size_t done = 0; done < bytes;) {
		struct mapping *mapping = mapping_at(pointer + done);

		if (!mapping)
			return leave(CUDA_ERROR_INVALID_VALUE);
		mapping->has_access = 1;
		done += mapping->handle->bytes;
	}
	mprotect((void *)(uintptr_t)pointer, bytes, PROT_READ | PROT_WRITE);
	return leave(CUDA_SUCCESS);
}

CUresult cuMemUnmap(CUdeviceptr pointer, size_t bytes)
{
	ENTER;
	fake.faults += fake.work > fake.ended;
	for (size_t done = 0; done < bytes;) {
		struct mapping *mapping = mapping_at(pointer + done);

		if (!mapping || mapping->at != pointer + done ||
		    mapping->handle->bytes > bytes - done)
			return leave(CUDA_ERROR_INVALID_VALUE);
		done += mapping->handle->bytes;
		mapping->handle->mappings--;
		drop(mapping->handle);
		*mapping = fake.mappings[--fake.mapping_count];
	}
	mmap((void *)(uintptr_t)pointer, bytes, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	return leave(CUDA_SUCCESS);
}

/* Whether a run of addresses lies on several cards, where that is refused. */
static int is_refused(CUdeviceptr pointer, size_t bytes)
{
	int first = card_at(pointer);

	if (!fake.is_mixed_refused || first == -2)
		return 0;
	for (size_t done = 0; done < bytes; done += 4096)
		if (card_at(pointer + done) != first)
			return 1;
	return card_at(pointer + bytes - 1) != first;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr target, const void *source, size_t bytes)
{
	ENTER;
	if (is_refused(target, bytes))
		return leave(CUDA_ERROR_INVALID_VALUE);
	memcpy((void *)(uintptr_t)target, source, bytes);
	return leave(CUDA_SUCCESS);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes, CUstream stream)
{
	(void)stream;
	ENTER;
	if (is_refused(target, bytes) || is_refused(source, bytes))
		return leave(CUDA_ERROR_INVALID_VALUE);
	memcpy((void *)(uintptr_t)target, (void *)(uintptr_t)source, bytes);
	return leave(CUDA_SUCCESS);
}

CUresult cuMemsetD32_v2(CUdeviceptr target, unsigned int value, size_t count)
{
	ENTER;
	if (is_refused(target, count * 4))
		return leave(CUDA_ERROR_INVALID_VALUE);
	for (size_t i = 0; i < count; i++)
		((unsigned int *)(uintptr_t)target)[i] = value;
	return leave(CUDA_SUCCESS);
}

CUresult cuPointerGetAttribute(void *value, int attribute, CUdeviceptr pointer)
{
	ENTER;
	if (attribute != 9 || card_at(pointer) == -2)
		return leave(CUDA_ERROR_INVALID_VALUE);
	/* As of memory that was lent. */
	*(int *)value = 0;
	return leave(CUDA_SUCCESS);
}

CUresult cuPointerGetAttributes(unsigned int count, int *attributes, void **values,
				CUdeviceptr pointer)
{
	(void)pointer;
	ENTER;
	for (unsigned int i = 0; i < count; i++)
		if (attributes[i] == 9)
			*(int *)values[i] = 0;
	return leave(CUDA_SUCCESS);
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr pointer)
{
	(void)base, (void)bytes, (void)pointer;
	ENTER;
	return leave(CUDA_ERROR_NOT_FOUND);
}

CUresult cuIpcGetMemHandle(CUipcMemHandle *handle, CUdeviceptr pointer)
{
	(void)handle, (void)pointer;
	ENTER;
	return leave(CUDA_SUCCESS);
}
