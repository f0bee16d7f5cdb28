/*
 * A libamdhip64.so that lists the devices of devices.txt.
 *
 * Keys of the system: driver_version (60241133). Keys of a device: name, uuid (16 characters), pci,
 * memory (bytes), attribute_<N>.
 */
#include "description.h"

typedef int hipError_t;
typedef int hipDevice_t;

typedef struct {
	char bytes[16];
} hipUUID;

enum {
	hipErrorInvalidValue = 1,
	hipErrorNotInitialized = 3,
	hipErrorNoDevice = 100,
	hipErrorInvalidDevice = 101
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
