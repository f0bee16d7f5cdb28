/*
 * libcuda.so.1 for tests of kernels: one device, whose memory is the host's. A module's text decides what
 * its kernels do: it must start with ".version", and every kernel writes what it was launched with to the
 * address in its first parameter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, INVALID_PTX = 218, NOT_FOUND = 500, LAUNCH_FAILED = 719 };

static int context_refs, selected, modules, max_shared;

int cuInit(unsigned flags)
{
	return flags == 0 ? SUCCESS : INVALID_VALUE;
}

int cuGetErrorName(int code, const char **name)
{
	*name = code == INVALID_PTX ? "CUDA_ERROR_INVALID_PTX" : "CUDA_ERROR_INVALID_VALUE";
	return SUCCESS;
}

int cuGetErrorString(int code, const char **text)
{
	(void)code;
	*text = "the fake says no";
	return SUCCESS;
}

int cuDeviceGetCount(int *count)
{
	*count = 1;
	return SUCCESS;
}

int cuDeviceGet(int *device, int ordinal)
{
	*device = 7;
	return ordinal == 0 ? SUCCESS : INVALID_VALUE;
}

int cuDeviceGetUuid_v2(unsigned char *uuid, int device)
{
	for (int i = 0; i < 16; i++)
		uuid[i] = (unsigned char)(0x10 + i);
	return device == 7 ? SUCCESS : INVALID_VALUE;
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
	switch (attribute) {
	case 16: *value = 132; break;
	case 75: *value = 9; break;
	case 76: *value = 0; break;
	case 97: *value = 232448; break;
	default: return INVALID_VALUE;
	}
	return device == 7 ? SUCCESS : INVALID_VALUE;
}

int cuDevicePrimaryCtxRetain(uint64_t *context, int device)
{
	context_refs++;
	*context = 0xc0;
	return device == 7 ? SUCCESS : INVALID_VALUE;
}

int cuDevicePrimaryCtxRelease_v2(int device)
{
	context_refs--;
	return device == 7 ? SUCCESS : INVALID_VALUE;
}

int cuCtxSetCurrent(uint64_t context)
{
	selected = context == 0xc0;
	return selected ? SUCCESS : INVALID_VALUE;
}

int cuMemAlloc_v2(uint64_t *address, size_t size)
{
	if (!selected || size > 1 << 20)
		return INVALID_VALUE;
	*address = (uint64_t)(uintptr_t)aligned_alloc(64, (size + 63) / 64 * 64);
	return SUCCESS;
}

int cuMemFree_v2(uint64_t address)
{
	free((void *)(uintptr_t)address);
	return SUCCESS;
}

int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t size)
{
	memcpy((void *)(uintptr_t)to, from, size);
	return SUCCESS;
}

int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t size)
{
	memcpy(to, (void *)(uintptr_t)from, size);
	return SUCCESS;
}

int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t size)
{
	memcpy((void *)(uintptr_t)to, (void *)(uintptr_t)from, size);
	return SUCCESS;
}

int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t size, uint64_t stream)
{
	return stream == 0x57 ? cuMemcpyDtoD_v2(to, from, size) : INVALID_VALUE;
}

int cuMemsetD32_v2(uint64_t to, unsigned value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((uint32_t *)(uintptr_t)to)[i] = value;
	return SUCCESS;
}

int cuModuleLoadDataEx(uint64_t *module, const char *text, unsigned count, const int *options,
		       void *const *values)
{
	if (strncmp(text, ".version", 8) != 0) {
		for (unsigned i = 0; i < count; i++)
			if (options[i] == 5)
				strcpy(values[i], "line 1: no version\nline 2: nothing\n");
		return INVALID_PTX;
	}
	modules++;
	*module = 0x30d;
	return SUCCESS;
}

int cuModuleUnload(uint64_t module)
{
	modules--;
	return module == 0x30d ? SUCCESS : INVALID_VALUE;
}

int cuModuleGetFunction(uint64_t *function, uint64_t module, const char *name)
{
	*function = 0xf0;
	return module == 0x30d && strcmp(name, "kernel") == 0 ? SUCCESS : NOT_FOUND;
}

int cuFuncSetAttribute(uint64_t function, int attribute, int value)
{
	if (function != 0xf0 || attribute != 8)
		return INVALID_VALUE;
	max_shared = value;
	return SUCCESS;
}

int cuLaunchKernel(uint64_t function, unsigned x, unsigned y, unsigned z, unsigned threads_x,
		   unsigned threads_y, unsigned threads_z, unsigned shared, uint64_t stream,
		   void **parameters, void **extra)
{
	if (function != 0xf0 || parameters || y * z * threads_y * threads_z != 1 || stream != 0x57)
		return INVALID_VALUE;
	if ((int)shared > max_shared)
		return LAUNCH_FAILED;
	const uint64_t *values = NULL;
	size_t size = 0;
	for (; *extra; extra += 2) {
		if (*extra == (void *)1)
			values = extra[1];
		else if (*extra == (void *)2)
			size = *(size_t *)extra[1];
	}
	uint64_t *out = (uint64_t *)(uintptr_t)values[0];
	out[0] = x;
	out[1] = threads_x;
	out[2] = size;
	memcpy(out + 3, values + 1, size - 8);
	return SUCCESS;
}

int cuStreamCreate(uint64_t *stream, unsigned flags)
{
	*stream = 0x57;
	return flags == 1 ? SUCCESS : INVALID_VALUE;
}

int cuStreamDestroy_v2(uint64_t stream)
{
	return stream == 0x57 ? SUCCESS : INVALID_VALUE;
}

int cuStreamSynchronize(uint64_t stream)
{
	return stream == 0x57 ? SUCCESS : INVALID_VALUE;
}

int cuEventCreate(uint64_t *event, unsigned flags)
{
	static uint64_t next = 0xe0;

	*event = next++;
	return flags == 0 ? SUCCESS : INVALID_VALUE;
}

int cuEventDestroy_v2(uint64_t event)
{
	(void)event;
	return SUCCESS;
}

int cuEventRecord(uint64_t event, uint64_t stream)
{
	return event >= 0xe0 && stream == 0x57 ? SUCCESS : INVALID_VALUE;
}

int cuEventElapsedTime(float *milliseconds, uint64_t start, uint64_t end)
{
	*milliseconds = 2.5f;
	return end == start + 1 ? SUCCESS : INVALID_VALUE;
}

/* What it was called with, in the map itself: 64 bits each. */
int cuTensorMapEncodeTiled(uint64_t *map, int type, unsigned rank, uint64_t address,
			   const uint64_t *size, const uint64_t *strides, const uint32_t *box,
			   const uint32_t *steps, int interleave, int swizzle, int promotion, int fill)
{
	if ((uintptr_t)map % 64 != 0 || rank != 2 || box[0] > 256 || box[1] > 256 ||
	    steps[0] * steps[1] != 1)
		return INVALID_VALUE;
	const uint64_t words[] = { (uint64_t)type, address, size[0], size[1], strides[0], box[0], box[1],
				   (uint64_t)interleave, (uint64_t)swizzle, (uint64_t)promotion,
				   (uint64_t)fill };
	memset(map, 0, 128);
	memcpy(map, words, sizeof(words));
	return SUCCESS;
}

/* For the test: what is still open. */
int fake_open_handles(void)
{
	return context_refs + modules;
}
