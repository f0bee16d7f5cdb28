/* The driver as a whole and its devices. */
#include "driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
int visible[MAX_DEVICES], visible_count;
static int ready_in; /* the process that initialised the driver */

void driver_lock(void)
{
	pthread_mutex_lock(&lock);
}

void driver_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

CUresult fake_enter(struct guard *guard, const char *name, struct counter **counter)
{
	struct counter *found = __atomic_load_n(counter, __ATOMIC_ACQUIRE);
	int fault;

	if (!fake_open())
		return CUDA_ERROR_NO_DEVICE;
	if (!found) {
		found = fake_counter(name);
		__atomic_store_n(counter, found, __ATOMIC_RELEASE);
	}
	if (found)
		__atomic_fetch_add(&found->calls, 1, __ATOMIC_RELAXED);
	fault = fake_fault(name);
	if (fault)
		return fault;
	driver_lock();
	guard->locked = true;
	return 0;
}

void fake_leave(struct guard *guard)
{
	if (guard->locked)
		driver_unlock();
}

/* As with the real one, a child that was forked from a process with CUDA in it has no CUDA. */
bool driver_ready(void)
{
	return ready_in == getpid();
}

static void in_child(void)
{
	pthread_mutex_init(&lock, NULL);
	host_function_forget();
	fake_forget_process();
}

static int by_pci(const void *left, const void *right)
{
	return strcmp(described.devices[*(const int *)left].pci,
		      described.devices[*(const int *)right].pci);
}

/* The device that an element of CUDA_VISIBLE_DEVICES names: its place in the order, or its UUID's
 * beginning. */
static int named(const char *name, const int *order)
{
	char *end;
	long index = strtol(name, &end, 10);
	int found = -1;

	if (end != name && !*end)
		return index >= 0 && index < described.count ? order[index] : -1;
	if (strncmp(name, "GPU-", 4))
		return -1;
	for (int i = 0; i < described.count; i++) {
		const unsigned char *u = described.devices[i].uuid;
		char text[64];

		snprintf(text, sizeof(text),
			 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
			 u[12], u[13], u[14], u[15]);
		if (!strncmp(text, name, strlen(name)))
			found = found < 0 ? i : MAX_DEVICES;
	}
	return found == MAX_DEVICES ? -1 : found;
}

/* An element that names nothing ends the list; one that is there twice empties it. */
static void see_devices(void)
{
	const char *order_name = getenv("CUDA_DEVICE_ORDER"),
		   *list = getenv("CUDA_VISIBLE_DEVICES");
	char copy[1024], *rest = copy, *word;
	int order[MAX_DEVICES];

	for (int i = 0; i < described.count; i++)
		order[i] = visible[i] = i;
	visible_count = described.count;
	if (order_name && !strcmp(order_name, "PCI_BUS_ID")) {
		qsort(order, (size_t)described.count, sizeof(order[0]), by_pci);
		memcpy(visible, order, sizeof(order));
	}
	if (!list)
		return;
	snprintf(copy, sizeof(copy), "%s", list);
	visible_count = 0;
	while ((word = strsep(&rest, ",")) && visible_count < MAX_DEVICES) {
		int device = named(word, order);

		if (device < 0)
			return;
		if (ordinal_of(device) >= 0) {
			visible_count = 0;
			return;
		}
		visible[visible_count++] = device;
	}
}

EXPORT CUresult cuInit(unsigned int flags)
{
	CALL();
	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (ready_in && !driver_ready())
		return CUDA_ERROR_NOT_INITIALIZED;
	if (!ready_in)
		see_devices();
	if (!visible_count)
		return CUDA_ERROR_NO_DEVICE;
	if (!ready_in)
		pthread_atfork(NULL, NULL, in_child);
	ready_in = getpid();
	return 0;
}

EXPORT CUresult cuDriverGetVersion(int *version)
{
	CALL();
	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	*version = described.driver;
	return 0;
}

EXPORT CUresult cuDeviceGetCount(int *count)
{
	INITIALISED();
	*count = visible_count;
	return 0;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	INITIALISED();
	if (!is_device(ordinal))
		return CUDA_ERROR_INVALID_DEVICE;
	*device = ordinal;
	return 0;
}

EXPORT CUresult cuDeviceGetName(char *text, int length, CUdevice device)
{
	DEVICE(device);
	snprintf(text, (size_t)length, "%s", described.devices[device].name);
	return 0;
}

EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device)
{
	DEVICE(device);
	memcpy(uuid->bytes, described.devices[device].uuid, 16);
	return 0;
}

EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
	DEVICE(device);
	memcpy(uuid->bytes, described.devices[device].uuid, 16);
	return 0;
}

EXPORT CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device)
{
	DEVICE(device);
	snprintf(text, (size_t)length, "%s", described.devices[device].pci);
	return 0;
}

EXPORT CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *pci)
{
	INITIALISED();
	for (int i = 0; i < visible_count; i++)
		if (!strcmp(described.devices[visible[i]].pci, pci)) {
			*device = i;
			return 0;
		}
	return CUDA_ERROR_INVALID_DEVICE;
}

EXPORT CUresult cuDeviceTotalMem(unsigned int *bytes, CUdevice device)
{
	DEVICE(device);
	*bytes = (unsigned int)(described.devices[device].memory > UINT32_MAX
				    ? UINT32_MAX
				    : described.devices[device].memory);
	return 0;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	DEVICE(device);
	*bytes = described.devices[device].memory;
	return 0;
}

EXPORT CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device)
{
	DEVICE(device);
	*major = described.devices[device].major;
	*minor = described.devices[device].minor;
	return 0;
}

static int attribute_of(const struct device *device, int attribute)
{
	unsigned int domain = 0, bus = 0, slot = 0;

	sscanf(device->pci, "%x:%x:%x", &domain, &bus, &slot);
	switch (attribute) {
	case 1: /* threads per block */
	case 2:
	case 3:
		return 1024;
	case 4:
		return 64;
	case 5:
		return 2147483647;
	case 6:
	case 7:
		return 65535;
	case 8:
		return 49152;
	case 10: /* warp */
		return 32;
	case 13: /* kHz */
		return 1980000;
	case 16:
		return device->processors;
	case 33:
		return (int)bus;
	case 34:
		return (int)slot;
	case 36: /* memory clock */
		return 3201000;
	case 37: /* bus width */
		return 6144;
	case 39: /* threads per multiprocessor */
		return 2048;
	case 50:
		return (int)domain;
	case 75:
		return device->major;
	case 76:
		return device->minor;
	case 19:  /* can map host memory */
	case 31:  /* concurrent kernels */
	case 40:  /* engines */
	case 41:  /* unified addressing */
	case 83:  /* managed memory */
	case 89:  /* concurrent managed access */
	case 95:  /* cooperative launch */
	case 102: /* virtual memory management */
	case 103: /* POSIX handles of it */
	case 115: /* memory pools */
		return 1;
	default:
		return 0;
	}
}

EXPORT CUresult cuDeviceGetAttribute(int *out, int attribute, CUdevice device)
{
	DEVICE(device);
	if (attribute < 1 || attribute > 160)
		return CUDA_ERROR_INVALID_VALUE;
	*out = attribute_of(&described.devices[device], attribute);
	return 0;
}

EXPORT CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer)
{
	DEVICE(device);
	if (!is_device(peer))
		return CUDA_ERROR_INVALID_DEVICE;
	peer = visible[peer];
	*can = 0;
	for (int i = 0; described.devices[device].peers[i] >= 0; i++)
		if (described.devices[device].peers[i] == peer && peer != device)
			*can = 1;
	return 0;
}

static const struct {
	CUresult code;
	const char *name, *text;
} errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {704, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled"},
    {705, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a "
     "capturing stream"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static CUresult describe_error(CUresult error, const char **out, bool name)
{
	*out = NULL;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].code == error)
			*out = name ? errors[i].name : errors[i].text;
	return *out ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGetErrorName(CUresult error, const char **name)
{
	CALL();
	return describe_error(error, name, true);
}

EXPORT CUresult cuGetErrorString(CUresult error, const char **text)
{
	CALL();
	return describe_error(error, text, false);
}
