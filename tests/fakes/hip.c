/*
 * A libamdhip64.so that lists the devices of devices.txt, and copies between them.
 *
 * Keys of the system: driver_version (60241133). Keys of a device: name, uuid (16 characters), pci,
 * memory (bytes), attribute_<N>, peers (the ordinals it reaches), import_offset (where data begin
 * in imported memory).
 */
#include "abi/external_memory.h"
#include "description.h"
#include "memory.h"

typedef int hipError_t;
typedef int hipDevice_t;

typedef struct {
	char bytes[16];
} hipUUID;

enum {
	hipErrorInvalidValue = 1,
	hipErrorNotInitialized = 3,
	hipErrorNoDevice = 100,
	hipErrorInvalidDevice = 101,
	hipErrorInvalidHandle = 400,
	hipErrorNotReady = 600,
	hipErrorPeerAccessAlreadyEnabled = 704
};

static int initialised;

#define CHECKED(section)                                                                           \
	do {                                                                                       \
		long failure_;                                                                     \
		if (!initialised)                                                                  \
			return hipErrorNotInitialized;                                             \
		if (!(section))                                                                    \
			return hipErrorInvalidDevice;                                              \
		failure_ = fake_failure(section, __func__);                                        \
		if (failure_)                                                                      \
			return (hipError_t)failure_;                                               \
	} while (0)

static struct fake_section *device_at(hipDevice_t device)
{
	return fake_find(FAKE_DEVICE, NULL, device);
}

static hipError_t copy_text(const char *value, char *text, int length)
{
	if (!value || strlen(value) >= (size_t)length)
		return hipErrorInvalidValue;
	strcpy(text, value);
	return 0;
}

EXPORT hipError_t hipInit(unsigned int flags)
{
	if (flags != 0)
		return hipErrorInvalidValue;
	if (!fake_load() || fake_count(FAKE_DEVICE, NULL) == 0)
		return hipErrorNoDevice;
	initialised = 1;
	return 0;
}

EXPORT const char *hipGetErrorName(hipError_t error)
{
	switch (error) {
	case hipErrorInvalidValue:
		return "hipErrorInvalidValue";
	case hipErrorNoDevice:
		return "hipErrorNoDevice";
	case hipErrorInvalidDevice:
		return "hipErrorInvalidDevice";
	default:
		return "hipErrorUnknown";
	}
}

EXPORT hipError_t hipDriverGetVersion(int *version)
{
	uint64_t value;

	CHECKED(&fake.sections[0]);
	if (!fake_number(&fake.sections[0], "driver_version", &value))
		return hipErrorInvalidValue;
	*version = (int)value;
	return 0;
}

EXPORT hipError_t hipGetDeviceCount(int *count)
{
	CHECKED(&fake.sections[0]);
	*count = fake_count(FAKE_DEVICE, NULL);
	return 0;
}

EXPORT hipError_t hipDeviceGetName(char *text, int length, hipDevice_t device)
{
	CHECKED(device_at(device));
	return copy_text(fake_text(device_at(device), "name"), text, length);
}

EXPORT hipError_t hipDeviceGetUuid(hipUUID *uuid, hipDevice_t device)
{
	const char *text;

	CHECKED(device_at(device));
	text = fake_text(device_at(device), "uuid");
	if (!text)
		return hipErrorInvalidValue;
	strncpy(uuid->bytes, text, sizeof(uuid->bytes));
	return 0;
}

EXPORT hipError_t hipDeviceGetPCIBusId(char *text, int length, int device)
{
	CHECKED(device_at(device));
	return copy_text(fake_text(device_at(device), "pci"), text, length);
}

EXPORT hipError_t hipDeviceTotalMem(size_t *bytes, hipDevice_t device)
{
	uint64_t value;

	CHECKED(device_at(device));
	if (!fake_number(device_at(device), "memory", &value))
		return hipErrorInvalidValue;
	*bytes = value;
	return 0;
}

EXPORT hipError_t hipDeviceGetAttribute(int *out, int attribute, int device)
{
	char key[32];
	uint64_t value;

	CHECKED(device_at(device));
	snprintf(key, sizeof(key), "attribute_%d", attribute);
	if (!fake_number(device_at(device), key, &value))
		return hipErrorInvalidValue;
	*out = (int)value;
	return 0;
}

/* Copies: streams that do everything at once, events that are times. */

typedef uint64_t hipDeviceptr_t;

typedef struct ihipStream_t {
	int device;
} *hipStream_t;

typedef struct ihipEvent_t {
	int device;
	uint64_t at;
	bool asked;
} *hipEvent_t;

static int current;
static int imports;
static uint32_t reaches[32];

#define CURRENT() CHECKED(device_at(current))

EXPORT int fakeLeftovers(void)
{
	return fake_leaks() + imports;
}

EXPORT hipError_t hipSetDevice(int device)
{
	CHECKED(device_at(device));
	current = device;
	return 0;
}

EXPORT hipError_t hipDeviceCanAccessPeer(int *can, int device, int peer)
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

EXPORT hipError_t hipDeviceEnablePeerAccess(int peer, unsigned int flags)
{
	int can = 0;

	CURRENT();
	if (flags || hipDeviceCanAccessPeer(&can, current, peer) || !can)
		return hipErrorInvalidDevice;
	if (reaches[current] & (1u << peer))
		return hipErrorPeerAccessAlreadyEnabled;
	reaches[current] |= 1u << peer;
	return 0;
}

EXPORT hipError_t hipMalloc(void **out, size_t size)
{
	CURRENT();
	*out = fake_allocate(size, current);
	return *out ? 0 : hipErrorInvalidValue;
}

EXPORT hipError_t hipFree(void *pointer)
{
	CURRENT();
	return fake_release(pointer, false) ? 0 : hipErrorInvalidValue;
}

EXPORT hipError_t hipHostMalloc(void **out, size_t size, unsigned int flags)
{
	CURRENT();
	*out = flags == 1 ? fake_allocate(size, FAKE_HOST) : NULL;
	return *out ? 0 : hipErrorInvalidValue;
}

EXPORT hipError_t hipHostFree(void *pointer)
{
	CURRENT();
	return fake_release(pointer, true) ? 0 : hipErrorInvalidValue;
}

static hipError_t copy(void *to, int to_owner, const void *from, int from_owner, size_t size,
		       hipStream_t stream)
{
	if (!stream || stream->device != current)
		return hipErrorInvalidHandle;
	if (fake_owner(to, size) != to_owner || fake_owner(from, size) != from_owner)
		return hipErrorInvalidValue;
	memcpy(to, from, size);
	return 0;
}

EXPORT hipError_t hipMemcpyHtoDAsync(hipDeviceptr_t to, void *from, size_t size, hipStream_t stream)
{
	CURRENT();
	return copy((void *)to, current, from, FAKE_HOST, size, stream);
}

EXPORT hipError_t hipMemcpyDtoHAsync(void *to, hipDeviceptr_t from, size_t size, hipStream_t stream)
{
	CURRENT();
	return copy(to, FAKE_HOST, (void *)from, current, size, stream);
}

EXPORT hipError_t hipMemcpyDtoDAsync(hipDeviceptr_t to, hipDeviceptr_t from, size_t size,
				     hipStream_t stream)
{
	CURRENT();
	return copy((void *)to, current, (void *)from, current, size, stream);
}

EXPORT hipError_t hipMemcpyPeerAsync(void *to, int destination, const void *from, int source,
				     size_t size, hipStream_t stream)
{
	CURRENT();
	return copy(to, destination, from, source, size, stream);
}

EXPORT hipError_t hipStreamCreateWithFlags(hipStream_t *stream, unsigned int flags)
{
	CURRENT();
	*stream = flags == 1 ? malloc(sizeof(**stream)) : NULL;
	if (!*stream)
		return hipErrorInvalidValue;
	(*stream)->device = current;
	return 0;
}

EXPORT hipError_t hipStreamDestroy(hipStream_t stream)
{
	free(stream);
	return 0;
}

EXPORT hipError_t hipStreamWaitEvent(hipStream_t stream, hipEvent_t event, unsigned int flags)
{
	return stream && event->at && !flags ? 0 : hipErrorInvalidHandle;
}

EXPORT hipError_t hipEventCreateWithFlags(hipEvent_t *event, unsigned int flags)
{
	CURRENT();
	*event = flags ? NULL : calloc(1, sizeof(**event));
	if (!*event)
		return hipErrorInvalidValue;
	(*event)->device = current;
	return 0;
}

EXPORT hipError_t hipEventDestroy(hipEvent_t event)
{
	free(event);
	return 0;
}

EXPORT hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream)
{
	if (event->device != stream->device)
		return hipErrorInvalidHandle;
	event->at = fake_now();
	return 0;
}

EXPORT hipError_t hipEventSynchronize(hipEvent_t event)
{
	return event->at ? 0 : hipErrorInvalidHandle;
}

EXPORT hipError_t hipEventElapsedTime(float *milliseconds, hipEvent_t start, hipEvent_t end)
{
	if (start->device != end->device || !start->at || !end->at)
		return hipErrorInvalidHandle;
	*milliseconds = (float)((double)(end->at - start->at) / 1e6);
	return 0;
}

/* Memory that another interface has exported: a file, with the data at import_offset of it. */

typedef struct hip_external {
	int fd;
	size_t size;
} *hipExternalMemory_t;

EXPORT hipError_t hipImportExternalMemory(hipExternalMemory_t *out,
					  const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc)
{
	CURRENT();
	if (desc->type != 1 || desc->handle.fd < 0 || !desc->size || desc->flags)
		return hipErrorInvalidValue;
	*out = malloc(sizeof(**out));
	(*out)->fd = desc->handle.fd;
	(*out)->size = desc->size;
	imports++;
	return 0;
}

EXPORT hipError_t hipExternalMemoryGetMappedBuffer(void **out, hipExternalMemory_t memory,
						   const CUDA_EXTERNAL_MEMORY_BUFFER_DESC *desc)
{
	uint64_t offset = 0;

	CURRENT();
	if (desc->offset || desc->size > memory->size || desc->flags)
		return hipErrorInvalidValue;
	fake_number(device_at(current), "import_offset", &offset);
	*out = fake_import(memory->fd, offset, desc->size, current);
	return *out ? 0 : hipErrorInvalidValue;
}

EXPORT hipError_t hipDestroyExternalMemory(hipExternalMemory_t memory)
{
	CURRENT();
	close(memory->fd);
	free(memory);
	imports--;
	return 0;
}

/* An event has not come yet when it is first asked for. */
EXPORT hipError_t hipEventQuery(hipEvent_t event)
{
	if (!event->at)
		return hipErrorInvalidValue;
	if (!event->asked) {
		event->asked = true;
		return hipErrorNotReady;
	}
	return 0;
}
