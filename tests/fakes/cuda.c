/*
 * A libcuda.so.1 that lists the devices of devices.txt, and copies between them.
 *
 * Built with -DOLD_DRIVER it lacks cuDeviceGetUuid_v2.
 *
 * Keys of the system: driver_version (13000). Keys of a device: name, uuid (32 hexadecimal digits),
 * pci, memory (bytes), attribute_<N>, peers (the ordinals it reaches), spoil (the offset
 * of a byte that copies to it get wrong), import_offset (where data begin in imported memory).
 */
#include "abi/external_memory.h"
#include "description.h"
#include "memory.h"

typedef int CUresult;
typedef int CUdevice;

typedef struct {
	char bytes[16];
} CUuuid;

enum {
	CUDA_ERROR_INVALID_VALUE = 1,
	CUDA_ERROR_NOT_INITIALIZED = 3,
	CUDA_ERROR_NO_DEVICE = 100,
	CUDA_ERROR_INVALID_DEVICE = 101,
	CUDA_ERROR_INVALID_CONTEXT = 201,
	CUDA_ERROR_INVALID_HANDLE = 400,
	CUDA_ERROR_NOT_READY = 600,
	CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED = 704,
	CUDA_ERROR_NOT_SUPPORTED = 801
};

static int initialised;

#define CHECKED(section)                                                                           \
	do {                                                                                       \
		long failure_;                                                                     \
		if (!initialised)                                                                  \
			return CUDA_ERROR_NOT_INITIALIZED;                                         \
		if (!(section))                                                                    \
			return CUDA_ERROR_INVALID_DEVICE;                                          \
		failure_ = fake_failure(section, __func__);                                        \
		if (failure_)                                                                      \
			return (CUresult)failure_;                                                 \
	} while (0)

static struct fake_section *device_at(CUdevice device)
{
	return fake_find(FAKE_DEVICE, NULL, device);
}

static CUresult copy_text(const char *value, char *text, int length)
{
	if (!value || strlen(value) >= (size_t)length)
		return CUDA_ERROR_INVALID_VALUE;
	strcpy(text, value);
	return 0;
}

EXPORT CUresult cuInit(unsigned int flags)
{
	if (flags != 0)
		return CUDA_ERROR_INVALID_VALUE;
	if (!fake_load() || fake_count(FAKE_DEVICE, NULL) == 0)
		return CUDA_ERROR_NO_DEVICE;
	initialised = 1;
	return (CUresult)fake_failure(&fake.sections[0], __func__);
}

EXPORT CUresult cuGetErrorName(CUresult error, const char **name)
{
	switch (error) {
	case CUDA_ERROR_NO_DEVICE:
		*name = "CUDA_ERROR_NO_DEVICE";
		return 0;
	case CUDA_ERROR_INVALID_VALUE:
		*name = "CUDA_ERROR_INVALID_VALUE";
		return 0;
	case CUDA_ERROR_NOT_SUPPORTED:
		*name = "CUDA_ERROR_NOT_SUPPORTED";
		return 0;
	case CUDA_ERROR_INVALID_CONTEXT:
		*name = "CUDA_ERROR_INVALID_CONTEXT";
		return 0;
	default:
		*name = NULL;
		return CUDA_ERROR_INVALID_VALUE;
	}
}

EXPORT CUresult cuGetErrorString(CUresult error, const char **text)
{
	*text = "no CUDA-capable device is detected";
	return error == CUDA_ERROR_NO_DEVICE ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDriverGetVersion(int *version)
{
	uint64_t value;

	if (!fake_number(&fake.sections[0], "driver_version", &value))
		return CUDA_ERROR_INVALID_VALUE;
	*version = (int)value;
	return 0;
}

EXPORT CUresult cuDeviceGetCount(int *count)
{
	CHECKED(&fake.sections[0]);
	*count = fake_count(FAKE_DEVICE, NULL);
	return 0;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	CHECKED(device_at(ordinal));
	*device = ordinal;
	return 0;
}

EXPORT CUresult cuDeviceGetName(char *text, int length, CUdevice device)
{
	CHECKED(device_at(device));
	return copy_text(fake_text(device_at(device), "name"), text, length);
}

static CUresult copy_uuid(CUuuid *uuid, CUdevice device, const char *key)
{
	const char *text = fake_text(device_at(device), key);
	unsigned int byte;

	if (!text)
		return CUDA_ERROR_NOT_SUPPORTED;
	for (int i = 0; i < 16; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return CUDA_ERROR_NOT_SUPPORTED;
		uuid->bytes[i] = (char)byte;
	}
	return 0;
}

EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device)
{
	CHECKED(device_at(device));
	return copy_uuid(uuid, device, "gpu_uuid");
}

#ifndef OLD_DRIVER
EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
	CHECKED(device_at(device));
	return copy_uuid(uuid, device, "uuid");
}
#endif

EXPORT CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device)
{
	CHECKED(device_at(device));
	return copy_text(fake_text(device_at(device), "pci"), text, length);
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	uint64_t value;

	CHECKED(device_at(device));
	if (!fake_number(device_at(device), "memory", &value))
		return CUDA_ERROR_NOT_SUPPORTED;
	*bytes = value;
	return 0;
}

EXPORT CUresult cuDeviceGetAttribute(int *out, int attribute, CUdevice device)
{
	char key[32];
	uint64_t value;

	CHECKED(device_at(device));
	snprintf(key, sizeof(key), "attribute_%d", attribute);
	if (!fake_number(device_at(device), key, &value))
		return CUDA_ERROR_INVALID_VALUE;
	*out = (int)value;
	return 0;
}

/* Copies: primary contexts, streams that do everything at once, events that are times. */

typedef uint64_t CUdeviceptr;

typedef struct CUctx_st {
	CUdevice device;
	int retained;
	uint32_t reaches;
} *CUcontext;

typedef struct CUstream_st {
	CUcontext context;
} *CUstream;

typedef struct CUevent_st {
	CUcontext context;
	uint64_t at;
	bool asked;
} *CUevent;

static struct CUctx_st contexts[32];
static CUcontext current;
static int imports;

#define CURRENT()                                                                                  \
	do {                                                                                       \
		if (!initialised)                                                                  \
			return CUDA_ERROR_NOT_INITIALIZED;                                         \
		if (!current || !current->retained)                                                \
			return CUDA_ERROR_INVALID_CONTEXT;                                         \
		long failure_ = fake_failure(device_at(current->device), __func__);                \
		if (failure_)                                                                      \
			return (CUresult)failure_;                                                 \
	} while (0)

EXPORT CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer)
{
	const char *peers;
	char wanted[16], list[256];

	CHECKED(device_at(device));
	CHECKED(device_at(peer));
	peers = fake_text(device_at(device), "peers");
	snprintf(wanted, sizeof(wanted), " %d ", peer);
	snprintf(list, sizeof(list), " %s ", peers ? peers : "");
	*can = strstr(list, wanted) && device != peer;
	return 0;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
	CHECKED(device_at(device));
	contexts[device].device = device;
	contexts[device].retained++;
	*context = &contexts[device];
	return 0;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	CHECKED(device_at(device));
	if (!contexts[device].retained)
		return CUDA_ERROR_INVALID_CONTEXT;
	contexts[device].retained--;
	return 0;
}

/* For tests: contexts that were not released, blocks and imported memory that were not freed. */
EXPORT int fakeLeftovers(void)
{
	int count = fake_leaks() + imports;

	for (int i = 0; i < 32; i++)
		count += contexts[i].retained;
	return count;
}

EXPORT CUresult cuCtxSetCurrent(CUcontext context)
{
	current = context;
	CURRENT();
	return 0;
}

EXPORT CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags)
{
	int can = 0;

	CURRENT();
	if (flags || cuDeviceCanAccessPeer(&can, current->device, peer->device) || !can)
		return CUDA_ERROR_INVALID_VALUE;
	if (current->reaches & (1u << peer->device))
		return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
	current->reaches |= 1u << peer->device;
	return 0;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t size)
{
	CURRENT();
	*out = (CUdeviceptr)fake_allocate(size, current->device);
	return *out ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr pointer)
{
	CURRENT();
	return fake_release((void *)pointer, false) ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemHostAlloc(void **out, size_t size, unsigned int flags)
{
	CURRENT();
	*out = flags == 1 ? fake_allocate(size, FAKE_HOST) : NULL;
	return *out ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemFreeHost(void *pointer)
{
	CURRENT();
	return fake_release(pointer, true) ? 0 : CUDA_ERROR_INVALID_VALUE;
}

/* A copy whose ends must have these owners, on a stream of the current context. */
static CUresult copy(CUdeviceptr to, int to_owner, CUdeviceptr from, int from_owner, size_t size,
		     CUstream stream)
{
	uint64_t spoiled;

	if (!stream || stream->context != current)
		return CUDA_ERROR_INVALID_HANDLE;
	if (fake_owner((char *)to, size) != to_owner ||
	    fake_owner((char *)from, size) != from_owner)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy((void *)to, (void *)from, size);
	if (to_owner != FAKE_HOST && from_owner != FAKE_HOST &&
	    fake_number(device_at(to_owner), "spoil", &spoiled) && spoiled < size)
		((char *)to)[spoiled] += 1;
	return 0;
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t size, CUstream stream)
{
	CURRENT();
	return copy(to, current->device, (CUdeviceptr)from, FAKE_HOST, size, stream);
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t size, CUstream stream)
{
	CURRENT();
	return copy((CUdeviceptr)to, FAKE_HOST, from, current->device, size, stream);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream)
{
	CURRENT();
	return copy(to, current->device, from, current->device, size, stream);
}

EXPORT CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext destination, CUdeviceptr from,
				  CUcontext source, size_t size, CUstream stream)
{
	CURRENT();
	return copy(to, destination->device, from, source->device, size, stream);
}

EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
{
	CURRENT();
	*stream = flags == 1 ? malloc(sizeof(**stream)) : NULL;
	if (!*stream)
		return CUDA_ERROR_INVALID_VALUE;
	(*stream)->context = current;
	return 0;
}

EXPORT CUresult cuStreamDestroy_v2(CUstream stream)
{
	CURRENT();
	free(stream);
	return 0;
}

EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags)
{
	CURRENT();
	return stream->context == current && event->at && !flags ? 0 : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
	CURRENT();
	*event = flags ? NULL : calloc(1, sizeof(**event));
	if (!*event)
		return CUDA_ERROR_INVALID_VALUE;
	(*event)->context = current;
	return 0;
}

EXPORT CUresult cuEventDestroy_v2(CUevent event)
{
	CURRENT();
	free(event);
	return 0;
}

EXPORT CUresult cuEventRecord(CUevent event, CUstream stream)
{
	CURRENT();
	if (event->context != current || stream->context != current)
		return CUDA_ERROR_INVALID_HANDLE;
	event->at = fake_now();
	return 0;
}

EXPORT CUresult cuEventSynchronize(CUevent event)
{
	CURRENT();
	return event->at ? 0 : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end)
{
	CURRENT();
	if (start->context != end->context || !start->at || !end->at)
		return CUDA_ERROR_INVALID_HANDLE;
	*milliseconds = (float)((double)(end->at - start->at) / 1e6);
	return 0;
}

/* Memory that another interface has exported: a file, with the data at import_offset of it. */

typedef struct cuda_external {
	int fd;
	size_t size;
} *CUexternalMemory;

EXPORT CUresult cuImportExternalMemory(CUexternalMemory *out,
				       const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc)
{
	CURRENT();
	if (desc->type != 1 || desc->handle.fd < 0 || !desc->size || desc->flags)
		return CUDA_ERROR_INVALID_VALUE;
	*out = malloc(sizeof(**out));
	(*out)->fd = desc->handle.fd;
	(*out)->size = desc->size;
	imports++;
	return 0;
}

EXPORT CUresult cuExternalMemoryGetMappedBuffer(CUdeviceptr *out, CUexternalMemory memory,
						const CUDA_EXTERNAL_MEMORY_BUFFER_DESC *desc)
{
	uint64_t offset = 0;

	CURRENT();
	if (desc->offset || desc->size > memory->size || desc->flags)
		return CUDA_ERROR_INVALID_VALUE;
	fake_number(device_at(current->device), "import_offset", &offset);
	*out = (CUdeviceptr)fake_import(memory->fd, offset, desc->size, current->device);
	return *out ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDestroyExternalMemory(CUexternalMemory memory)
{
	CURRENT();
	close(memory->fd);
	free(memory);
	imports--;
	return 0;
}

/* An event has not come yet when it is first asked for. */
EXPORT CUresult cuEventQuery(CUevent event)
{
	if (!event->at)
		return CUDA_ERROR_INVALID_VALUE;
	if (!event->asked) {
		event->asked = true;
		return CUDA_ERROR_NOT_READY;
	}
	return 0;
}
