/*
 * A libcuda.so.1 that lists the devices of devices.txt.
 *
 * Built with -DOLD_DRIVER it lacks cuDeviceGetUuid_v2.
 *
 * Keys of the system: driver_version (13000). Keys of a device: name, uuid (32 hexadecimal digits),
 * pci, memory (bytes), attribute_<N>.
 */
#include "description.h"

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
