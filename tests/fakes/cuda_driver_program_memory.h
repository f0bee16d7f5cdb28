/* Scenarios of memory beyond cuMemAlloc. */
#pragma once
#include "cuda_driver_program.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const CUmemAllocationProp on_first = {.type = 1, .handle_types = 1, .location = {1, 0}};
static const CUmemAllocationProp on_second = {.type = 1, .handle_types = 1, .location = {1, 1}};
static const CUmemAllocationProp on_host = {.type = 1, .location = {3, 0}};

static void run_fill(CUdeviceptr to, uint64_t size, unsigned int value)
{
	void *params[] = {&to, &size, &value};

	EXPECT(0, launch(kernel("fill_1ms"), NULL, params));
}

static unsigned char byte_at(CUdeviceptr va)
{
	unsigned char byte;

	OK(cuMemcpyDtoH, &byte, va, (size_t)1);
	return byte;
}

/* Pieces of two devices and the host, in one range. */
static void vmm(void)
{
	CUmemAccessDesc first = {{1, 0}, 3}, read_second = {{1, 1}, 1};
	CUhandle handles[3], again;
	CUdeviceptr range, other;
	size_t granularity, before;
	unsigned long long flags;

	use_device(0);
	before = free_memory();
	OK(cuMemGetAllocationGranularity, &granularity, &on_first, 0);
	REQUIRE(granularity == 2 * MIB);
	OK(cuMemAddressReserve, &range, 6 * MIB, (size_t)0, (CUdeviceptr)0, (uint64_t)0);
	EXPECT(CUDA_ERROR_INVALID_VALUE,
	       CU(cuMemCreate, &handles[0], MIB, &on_first, (uint64_t)0));
	OK(cuMemCreate, &handles[0], 2 * MIB, &on_first, (uint64_t)0);
	OK(cuMemCreate, &handles[1], 2 * MIB, &on_second, (uint64_t)0);
	OK(cuMemCreate, &handles[2], 2 * MIB, &on_host, (uint64_t)0);
	EXPECT(CUDA_ERROR_OUT_OF_MEMORY,
	       CU(cuMemCreate, &again, 200 * MIB, &on_second, (uint64_t)0));
	REQUIRE(free_memory() == before - 2 * MIB);
	for (size_t i = 0; i < 3; i++)
		OK(cuMemMap, range + i * 2 * MIB, 2 * MIB, (size_t)0, handles[i], (uint64_t)0);
	EXPECT(CUDA_ERROR_INVALID_VALUE,
	       CU(cuMemMap, range, 2 * MIB, (size_t)0, handles[1], (uint64_t)0));
	EXPECT(CUDA_ERROR_INVALID_VALUE,
	       CU(cuMemSetAccess, range, 8 * MIB, &first, (size_t)1));
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemsetD8, range, 1, 6 * MIB));
	OK(cuMemSetAccess, range, 6 * MIB, &first, (size_t)1);
	OK(cuMemSetAccess, range, 2 * MIB, &read_second, (size_t)1);
	OK(cuMemGetAccess, &flags, &on_second.location, range);
	REQUIRE(flags == 1);
	run_fill(range + MIB, 4 * MIB, 9);
	OK(cuCtxSynchronize);
	REQUIRE(byte_at(range + MIB) == 9 && byte_at(range + 5 * MIB - 1) == 9 &&
		byte_at(range + 5 * MIB) == 0);
	for (int i = 0; i < 3; i++)
		OK(cuMemRelease, handles[i]);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemRelease, handles[0]));
	REQUIRE(free_memory() == before - 2 * MIB);
	OK(cuMemRetainAllocationHandle, &again, (void *)(range + 2 * MIB + 5));
	OK(cuMemAddressReserve, &other, 2 * MIB, (size_t)0, (CUdeviceptr)0, (uint64_t)0);
	OK(cuMemMap, other, 2 * MIB, (size_t)0, again, (uint64_t)0);
	OK(cuMemSetAccess, other, 2 * MIB, &first, (size_t)1);
	run_fill(other, MIB, 4);
	REQUIRE(byte_at(range + 2 * MIB) == 4);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemUnmap, range + MIB, 2 * MIB));
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemAddressFree, range, 6 * MIB));
	OK(cuCtxSynchronize);
	OK(cuMemUnmap, range, 6 * MIB);
	OK(cuMemUnmap, other, 2 * MIB);
	OK(cuMemRelease, again);
	OK(cuMemAddressFree, range, 6 * MIB);
	OK(cuMemAddressFree, other, 2 * MIB);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemAddressFree, other, 2 * MIB));
	REQUIRE(free_memory() == before);
}

static CUdeviceptr mapped(const CUmemAllocationProp *prop, int reader)
{
	CUmemAccessDesc access = {{1, reader}, 3};
	CUdeviceptr range;
	CUhandle handle;

	OK(cuMemAddressReserve, &range, 2 * MIB, (size_t)0, (CUdeviceptr)0, (uint64_t)0);
	OK(cuMemCreate, &handle, 2 * MIB, prop, (uint64_t)0);
	OK(cuMemMap, range, 2 * MIB, (size_t)0, handle, (uint64_t)0);
	OK(cuMemRelease, handle);
	OK(cuMemSetAccess, range, 2 * MIB, &access, (size_t)1);
	return range;
}

/* A device for which nothing was mapped faults, though it could reach the memory. */
static void no_access(void)
{
	use_device(0);
	run_fill(mapped(&on_second, 1), MIB, 1);
	EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuCtxSynchronize));
}

/* Unmapping does not wait. */
static void unmap_early(void)
{
	CUdeviceptr range;
	uint64_t size = MIB;
	unsigned int value = 1;
	void *params[] = {&range, &size, &value};

	use_device(0);
	range = mapped(&on_second, 0);
	EXPECT(0, launch(kernel("fill_500ms"), NULL, params));
	OK(cuMemUnmap, range, 2 * MIB);
	EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuCtxSynchronize));
}

/* Freeing does. */
static void free_waits(void)
{
	CUdeviceptr pointer;
	uint64_t size = MIB;
	unsigned int value = 1;
	void *params[] = {&pointer, &size, &value};

	use_device(0);
	OK(cuMemAlloc, &pointer, size);
	double start = seconds();
	EXPECT(0, launch(kernel("fill_20ms"), NULL, params));
	OK(cuMemFree, pointer);
	REQUIRE(seconds() - start >= 0.020);
}

/* A child process (not of a fork: CUDA is not for those) opens what its parent exported. */
static void peer_process(const char *text)
{
	CUmemAccessDesc access = {{1, 0}, 3};
	CUipcMemHandle ipc;
	CUdeviceptr pointer, range;
	CUhandle handle;
	size_t before;

	use_device(0);
	before = free_memory();
	for (size_t i = 0; i < sizeof(ipc); i++) {
		unsigned int byte;

		REQUIRE(sscanf(text + 2 * i, "%2x", &byte) == 1);
		((unsigned char *)&ipc)[i] = (unsigned char)byte;
	}
	OK(cuIpcOpenMemHandle, &pointer, ipc, 1);
	REQUIRE(byte_at(pointer) == 3);
	OK(cuMemsetD8, pointer, 5, (size_t)10);
	OK(cuMemImportFromShareableHandle, &handle, (void *)9, 1);
	OK(cuMemAddressReserve, &range, 2 * MIB, (size_t)0, (CUdeviceptr)0, (uint64_t)0);
	OK(cuMemMap, range, 2 * MIB, (size_t)0, handle, (uint64_t)0);
	OK(cuMemSetAccess, range, 2 * MIB, &access, (size_t)1);
	REQUIRE(byte_at(range) == 7);
	REQUIRE(free_memory() == before);
	OK(cuIpcCloseMemHandle, pointer);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuIpcCloseMemHandle, pointer));
}

static void shared_memory(void)
{
	CUipcMemHandle ipc;
	CUdeviceptr pointer, range;
	CUhandle handle;
	char text[2 * sizeof(ipc) + 1], path[] = "/proc/self/exe";
	int fd, status;
	pid_t child;

	use_device(0);
	OK(cuMemAlloc, &pointer, 1000 * (size_t)1000);
	OK(cuMemsetD8, pointer, 3, (size_t)1000);
	OK(cuIpcGetMemHandle, &ipc, pointer);
	EXPECT(CUDA_ERROR_INVALID_CONTEXT, CU(cuIpcOpenMemHandle, &range, ipc, 1));
	range = mapped(&on_first, 0);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuIpcGetMemHandle, &ipc, range));
	OK(cuIpcGetMemHandle, &ipc, pointer);
	OK(cuMemsetD8, range, 7, (size_t)1);
	OK(cuMemRetainAllocationHandle, &handle, (void *)range);
	OK(cuMemExportToShareableHandle, &fd, handle, 1, (uint64_t)0);
	for (size_t i = 0; i < sizeof(ipc); i++)
		snprintf(text + 2 * i, 3, "%02x", ((unsigned char *)&ipc)[i]);
	child = fork();
	if (!child) {
		dup2(fd, 9);
		execl(path, path, "peer_process", text, NULL);
		_exit(9);
	}
	REQUIRE(waitpid(child, &status, 0) == child && status == 0);
	REQUIRE(byte_at(pointer) == 5);
	OK(cuMemRelease, handle);
}

static void pools(void)
{
	CUdeviceptr a, b, c;
	CUmemoryPool pool;
	uint64_t value, threshold = 64 * MIB;
	size_t before;
	CUstream stream;

	use_device(0);
	OK(cuStreamCreate, &stream, 1);
	before = free_memory();
	OK(cuDeviceGetDefaultMemPool, &pool, 0);
	OK(cuMemAllocAsync, &a, 3 * MIB, stream);
	OK(cuMemAllocAsync, &b, 5 * MIB, stream);
	REQUIRE(free_memory() == before - 32 * MIB);
	OK(cuMemPoolGetAttribute, pool, 5, &value);
	REQUIRE(value == 32 * MIB);
	OK(cuMemPoolGetAttribute, pool, 7, &value);
	REQUIRE(value == 8 * MIB);
	OK(cuMemFreeAsync, a, stream);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemFreeAsync, a, stream));
	OK(cuMemAllocAsync, &c, 2 * MIB, stream);
	REQUIRE(c == a);
	EXPECT(CUDA_ERROR_OUT_OF_MEMORY, CU(cuMemAllocAsync, &a, 250 * MIB, stream));
	OK(cuMemFreeAsync, b, stream);
	OK(cuMemFree, c);
	OK(cuStreamSynchronize, stream);
	REQUIRE(free_memory() == before);
	OK(cuMemPoolGetAttribute, pool, 6, &value);
	REQUIRE(value == 32 * MIB);
	OK(cuMemPoolSetAttribute, pool, 4, &threshold);
	OK(cuMemAllocAsync, &a, MIB, stream);
	OK(cuMemFreeAsync, a, stream);
	OK(cuStreamSynchronize, stream);
	REQUIRE(free_memory() == before - 32 * MIB);
	OK(cuMemPoolTrimTo, pool, (size_t)0);
	REQUIRE(free_memory() == before);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemPoolDestroy, pool));
}

static void pointers(void)
{
	CUdeviceptr device, managed, start;
	size_t size;
	unsigned int type;
	int ordinal;
	void *host;

	use_device(1);
	OK(cuMemAlloc, &device, (size_t)5000);
	OK(cuMemAllocManaged, &managed, MIB, 1);
	OK(cuMemHostAlloc, &host, (size_t)100, 1);
	OK(cuPointerGetAttribute, &type, 2, device + 4999);
	REQUIRE(type == 2);
	OK(cuPointerGetAttribute, &type, 2, (CUdeviceptr)host);
	REQUIRE(type == 1);
	OK(cuPointerGetAttribute, &type, 8, managed);
	REQUIRE(type == 1);
	OK(cuPointerGetAttribute, &ordinal, 9, device);
	REQUIRE(ordinal == 1);
	OK(cuMemGetAddressRange, &start, &size, device + 100);
	REQUIRE(start == device && size == 5000);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuPointerGetAttribute, &type, 2, (CUdeviceptr)&type));
	OK(cuPointerGetAttributes, 1, (int[]){2}, (void *[]){&type}, (CUdeviceptr)&type);
	REQUIRE(type == 0);
	memset((void *)managed, 3, 100);
	REQUIRE(byte_at(managed) == 3);
	OK(cuMemFree, managed);
	OK(cuMemFreeHost, host);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemFreeHost, host));
}

static void arrays(void)
{
	CUDA_ARRAY3D_DESCRIPTOR desc = {512, 512, 2, 0x20, 4, 0};
	CUDA_MEMCPY2D copy = {.src_type = 1, .dst_type = 3, .width = 8, .height = 2};
	CUarray array, mipmaps;
	size_t before;
	char bytes[16] = "0123456789abcde", back[16] = "";

	use_device(0);
	before = free_memory();
	OK(cuArray3DCreate, &array, &desc);
	REQUIRE(before - free_memory() == 8 * MIB);
	OK(cuMipmappedArrayCreate, &mipmaps, &desc, 3);
	copy.src_host = bytes;
	copy.dst_array = array;
	OK(cuMemcpy2D, &copy);
	copy = (CUDA_MEMCPY2D){.src_type = 3, .src_array = array, .dst_type = 1, .dst_host = back,
			       .width = 8, .height = 2};
	OK(cuMemcpy2D, &copy);
	REQUIRE(!memcmp(bytes, back, 16));
	OK(cuMipmappedArrayDestroy, mipmaps);
	OK(cuArrayDestroy, array);
	EXPECT(CUDA_ERROR_INVALID_HANDLE, CU(cuArrayDestroy, array));
	REQUIRE(free_memory() == before);
}

static void external_memory(void)
{
	CUDA_EXTERNAL_MEMORY_HANDLE_DESC desc = {.type = 1, .size = MIB};
	CUDA_EXTERNAL_MEMORY_BUFFER_DESC buffer = {.size = MIB};
	CUexternalMemory memory_of;
	CUdeviceptr pointer;
	size_t before;

	use_device(0);
	before = free_memory();
	desc.handle.fd = memfd_create("external", 0);
	REQUIRE(desc.handle.fd >= 0 && ftruncate(desc.handle.fd, MIB) == 0);
	OK(cuImportExternalMemory, &memory_of, &desc);
	OK(cuExternalMemoryGetMappedBuffer, &pointer, memory_of, &buffer);
	run_fill(pointer, MIB, 6);
	OK(cuCtxSynchronize);
	REQUIRE(byte_at(pointer + MIB - 1) == 6);
	REQUIRE(free_memory() == before);
	OK(cuDestroyExternalMemory, memory_of);
}

static void *hammer(void *context)
{
	CUdeviceptr pointer;
	CUstream stream;

	OK(cuCtxSetCurrent, context);
	OK(cuStreamCreate, &stream, 1);
	for (int i = 0; i < 50; i++) {
		OK(cuMemAlloc, &pointer, MIB + (size_t)i * 100000);
		OK(cuMemsetD8Async, pointer, i, (size_t)100, stream);
		EXPECT(0, launch(kernel("spin_20us"), stream, NULL));
		OK(cuStreamSynchronize, stream);
		OK(cuMemFree, pointer);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t workers[4];
	CUcontext context = use_device(0);
	size_t before = free_memory();

	kernel("spin_20us");
	/* So that each call is looked up before there are threads. */
	hammer(context);
	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&workers[i], NULL, hammer, context));
	for (int i = 0; i < 4; i++)
		pthread_join(workers[i], NULL);
	REQUIRE(free_memory() == before);
}

#define MEMORY_SCENARIOS                                                                           \
	{"vmm", vmm}, {"no_access", no_access}, {"unmap_early", unmap_early},                      \
		{"free_waits", free_waits}, {"peer_process", peer_process},                        \
		{"shared_memory", shared_memory}, {"pools", pools}, {"pointers", pointers},        \
		{"arrays", arrays}, {"external_memory", external_memory}, {"threads", threads},
