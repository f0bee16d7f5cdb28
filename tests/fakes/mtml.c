/*
 * A libmtml.so.2 that shows the GPUs of devices.txt.
 *
 * Built with -DOLD_DRIVER it lacks what is not in every release, and with -DNEW_DRIVER the
 * functions that give parts back, which are deprecated.
 *
 * Keys of a device: pci (0000:3a:00.0), link (generation width max-generation max-width), power_mw,
 * fans and fan_rpm (one number a fan; `fans none` for none), mtlinks (a state each), utilization,
 * engines (geometry 2d 3d compute), temperature, threshold, clocks (core max-core memory max-memory
 * video), memory (total used used-system), memory_utilization, memory_temperature, ecc_errors
 * (corrected uncorrected), retired (single double), codec (encode decode), voltage_mv, power_limit
 * (enforced default, mW), pstate.
 */
#include "abi/mtml.h"
#include "description.h"

enum part { PART_LIBRARY, PART_DEVICE, PART_GPU, PART_MEMORY, PART_VPU };

struct object {
	enum part part;
	struct fake_section *section;
};

/* How many objects were made and not given back, and whether one was given back as another. */
static int live, mistaken;

EXPORT int mvgal_fake_live(void)
{
	return live;
}

EXPORT int mvgal_fake_mistaken(void)
{
	return mistaken;
}

static MtmlReturn make(enum part part, struct fake_section *section, void **out)
{
	struct object *object = malloc(sizeof(*object));

	object->part = part;
	object->section = section;
	*out = object;
	live++;
	return MTML_SUCCESS;
}

static MtmlReturn give_back(void *pointer, enum part part)
{
	struct object *object = pointer;

	if (!object || object->part != part) {
		mistaken++;
		return MTML_ERROR_INVALID_ARGUMENT;
	}
	live--;
	free(object);
	return MTML_SUCCESS;
}

/* The section of a part, once it is known to be that part and does not have to fail. */
#define CHECKED(pointer, kind)                                                                     \
	struct fake_section *section = pointer ? ((struct object *)(pointer))->section : NULL;     \
	do {                                                                                       \
		long failure_;                                                                     \
		if (!section || ((struct object *)(pointer))->part != (kind)) {                    \
			mistaken++;                                                                \
			return MTML_ERROR_INVALID_ARGUMENT;                                        \
		}                                                                                  \
		failure_ = fake_failure(section, __func__);                                        \
		if (failure_)                                                                      \
			return (MtmlReturn)failure_;                                               \
	} while (0)

/* The nth number of a key; -1 words for a key that is not there. */
static int word(const struct fake_section *section, const char *key, int index, long long *out)
{
	const char *at = fake_text(section, key);
	char *end = NULL;
	int count = 0;

	for (; at; at = end, count++) {
		long long value = strtoll(at, &end, 0);

		if (end == at)
			return count;
		if (count == index)
			*out = value;
	}
	return -1;
}

static MtmlReturn number(const struct fake_section *section, const char *key, int index, int *out)
{
	long long value = 0;
	int count = word(section, key, index, &value);

	if (count < 0)
		return MTML_ERROR_NOT_SUPPORTED;
	if (index >= count)
		return MTML_ERROR_INVALID_ARGUMENT;
	*out = (int)value;
	return MTML_SUCCESS;
}

#define NUMBER_OF(function, type, part, key, index)                                                \
	EXPORT MtmlReturn function(const type *of, int *out)                                       \
	{                                                                                          \
		CHECKED(of, part);                                                                 \
		return number(section, key, index, out);                                           \
	}

#define NTH_OF(function, type, part, key)                                                          \
	EXPORT MtmlReturn function(const type *of, unsigned int index, int *out)                   \
	{                                                                                          \
		CHECKED(of, part);                                                                 \
		return number(section, key, (int)index, out);                                      \
	}

#define LONG_OF(function, type, part, key, index)                                                  \
	EXPORT MtmlReturn function(const type *of, unsigned long long *out)                        \
	{                                                                                          \
		long long value;                                                                   \
		CHECKED(of, part);                                                                 \
		if (word(section, key, index, &value) <= index)                                    \
			return MTML_ERROR_NOT_SUPPORTED;                                           \
		*out = (unsigned long long)value;                                                  \
		return MTML_SUCCESS;                                                               \
	}

EXPORT MtmlReturn mtmlLibraryInit(MtmlLibrary **library)
{
	long failure;

	if (!fake_load())
		return 999;
	failure = fake_failure(&fake.sections[0], __func__);
	return failure ? (MtmlReturn)failure
		       : make(PART_LIBRARY, &fake.sections[0], (void **)library);
}

EXPORT MtmlReturn mtmlLibraryShutDown(MtmlLibrary *library)
{
	return give_back(library, PART_LIBRARY);
}

EXPORT const char *mtmlErrorString(MtmlReturn result)
{
	return result == MTML_ERROR_NOT_SUPPORTED ? "Not Supported" : "Some Error";
}

EXPORT MtmlReturn mtmlLibraryCountDevice(const MtmlLibrary *library, unsigned int *count)
{
	CHECKED(library, PART_LIBRARY);
	*count = (unsigned int)fake_count(FAKE_DEVICE, NULL);
	return MTML_SUCCESS;
}

EXPORT MtmlReturn mtmlLibraryInitDeviceByIndex(const MtmlLibrary *library, unsigned int index,
					       MtmlDevice **device)
{
	struct fake_section *found = fake_find(FAKE_DEVICE, NULL, (int)index);

	CHECKED(library, PART_LIBRARY);
	if (!found)
		return MTML_ERROR_NOT_FOUND;
	return make(PART_DEVICE, found, (void **)device);
}

#ifndef NEW_DRIVER
EXPORT MtmlReturn mtmlLibraryFreeDevice(MtmlDevice *device)
{
	return give_back(device, PART_DEVICE);
}

EXPORT MtmlReturn mtmlDeviceFreeGpu(MtmlGpu *gpu)
{
	return give_back(gpu, PART_GPU);
}

EXPORT MtmlReturn mtmlDeviceFreeMemory(MtmlMemory *memory)
{
	return give_back(memory, PART_MEMORY);
}

EXPORT MtmlReturn mtmlDeviceFreeVpu(MtmlVpu *vpu)
{
	return give_back(vpu, PART_VPU);
}
#endif

EXPORT MtmlReturn mtmlDeviceInitGpu(const MtmlDevice *device, MtmlGpu **gpu)
{
	CHECKED(device, PART_DEVICE);
	return make(PART_GPU, section, (void **)gpu);
}

EXPORT MtmlReturn mtmlDeviceInitMemory(const MtmlDevice *device, MtmlMemory **memory)
{
	CHECKED(device, PART_DEVICE);
	return make(PART_MEMORY, section, (void **)memory);
}

EXPORT MtmlReturn mtmlDeviceInitVpu(const MtmlDevice *device, MtmlVpu **vpu)
{
	CHECKED(device, PART_DEVICE);
	return make(PART_VPU, section, (void **)vpu);
}

EXPORT MtmlReturn mtmlDeviceGetPciInfo(const MtmlDevice *device, MtmlPciInfo *info)
{
	const char *address;
	unsigned int function;
	int link[4] = {0};

	CHECKED(device, PART_DEVICE);
	address = fake_text(section, "pci");
	if (!address || sscanf(address, "%x:%x:%x.%x", &info->segment, &info->bus, &info->device,
			       &function) != 4)
		return MTML_ERROR_NOT_SUPPORTED;
	snprintf(info->sbdf, sizeof(info->sbdf), "%08X:%02X:%02X.0", info->segment,
		 info->bus & 0xff, info->device & 0xff);
	for (int i = 0; i < 4; i++)
		number(section, "link", i, &link[i]);
	info->pciCurGen = (unsigned int)link[0];
	info->pciCurWidth = (unsigned int)link[1];
	info->pciMaxGen = (unsigned int)link[2];
	info->pciMaxWidth = (unsigned int)link[3];
	return MTML_SUCCESS;
}

NUMBER_OF(mtmlDeviceGetPowerUsage, MtmlDevice, PART_DEVICE, "power_mw", 0)
NTH_OF(mtmlDeviceGetFanSpeed, MtmlDevice, PART_DEVICE, "fans")
NTH_OF(mtmlDeviceGetFanRpm, MtmlDevice, PART_DEVICE, "fan_rpm")
NUMBER_OF(mtmlGpuGetUtilization, MtmlGpu, PART_GPU, "utilization", 0)
NTH_OF(mtmlGpuGetEngineUtilization, MtmlGpu, PART_GPU, "engines")
NUMBER_OF(mtmlGpuGetTemperature, MtmlGpu, PART_GPU, "temperature", 0)
NUMBER_OF(mtmlGpuGetClock, MtmlGpu, PART_GPU, "clocks", 0)
NUMBER_OF(mtmlGpuGetMaxClock, MtmlGpu, PART_GPU, "clocks", 1)
NUMBER_OF(mtmlMemoryGetClock, MtmlMemory, PART_MEMORY, "clocks", 2)
NUMBER_OF(mtmlMemoryGetMaxClock, MtmlMemory, PART_MEMORY, "clocks", 3)
NUMBER_OF(mtmlVpuGetClock, MtmlVpu, PART_VPU, "clocks", 4)
NUMBER_OF(mtmlMemoryGetUtilization, MtmlMemory, PART_MEMORY, "memory_utilization", 0)
LONG_OF(mtmlMemoryGetTotal, MtmlMemory, PART_MEMORY, "memory", 0)
LONG_OF(mtmlMemoryGetUsed, MtmlMemory, PART_MEMORY, "memory", 1)
LONG_OF(mtmlMemoryGetUsedSystem, MtmlMemory, PART_MEMORY, "memory", 2)

EXPORT MtmlReturn mtmlDeviceCountFan(const MtmlDevice *device, unsigned int *count)
{
	long long unused;
	int fans;

	CHECKED(device, PART_DEVICE);
	fans = word(section, "fans", -1, &unused);
	if (fans < 0)
		return MTML_ERROR_NOT_SUPPORTED;
	*count = (unsigned int)fans;
	return MTML_SUCCESS;
}

EXPORT MtmlReturn mtmlVpuGetUtilization(const MtmlVpu *vpu, MtmlCodecUtil *util)
{
	int both[2];
	MtmlReturn result;

	CHECKED(vpu, PART_VPU);
	result = number(section, "codec", 0, &both[0]);
	if (result || (result = number(section, "codec", 1, &both[1])))
		return result;
	util->encUtil = (unsigned int)both[0];
	util->decUtil = (unsigned int)both[1];
	util->util = util->encUtil + util->decUtil;
	util->period = 1000000;
	return MTML_SUCCESS;
}

#ifndef OLD_DRIVER

EXPORT MtmlReturn mtmlLibraryInitDeviceByPciSbdf(const MtmlLibrary *library, const char *text,
						 MtmlDevice **device)
{
	unsigned int wanted[4], is[4];
	struct fake_section *found;

	CHECKED(library, PART_LIBRARY);
	if (strlen(text) != 16 ||
	    sscanf(text, "%x:%x:%x.%x", &wanted[0], &wanted[1], &wanted[2], &wanted[3]) != 4)
		return MTML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; (found = fake_find(FAKE_DEVICE, NULL, i)); i++) {
		const char *address = fake_text(found, "pci");

		if (address &&
		    sscanf(address, "%x:%x:%x.%x", &is[0], &is[1], &is[2], &is[3]) == 4 &&
		    !memcmp(wanted, is, sizeof(is)))
			return make(PART_DEVICE, found, (void **)device);
	}
	return MTML_ERROR_NOT_FOUND;
}

EXPORT MtmlReturn mtmlDeviceGetMtLinkSpec(const MtmlDevice *device, MtmlMtLinkSpec *spec)
{
	long long unused;
	int links;

	CHECKED(device, PART_DEVICE);
	links = word(section, "mtlinks", -1, &unused);
	if (links < 0)
		return MTML_ERROR_NOT_SUPPORTED;
	spec->version = 10000;
	spec->bandWidth = 100;
	spec->linkNum = (unsigned int)links;
	return MTML_SUCCESS;
}

NTH_OF(mtmlDeviceGetMtLinkState, MtmlDevice, PART_DEVICE, "mtlinks")

EXPORT MtmlReturn mtmlMemoryGetEccErrorCounter(const MtmlMemory *memory, unsigned int type,
					       unsigned int counter, unsigned int location,
					       unsigned long long *count)
{
	int value = 0;
	MtmlReturn result;

	CHECKED(memory, PART_MEMORY);
	if (type > 1 || counter > 1 || location != 1)
		return MTML_ERROR_INVALID_ARGUMENT;
	result = number(section, "ecc_errors", (int)type, &value);
	/* Those since ever are others than those since the driver was loaded. */
	*count = (unsigned long long)value + 1000 * counter;
	return result;
}

EXPORT MtmlReturn mtmlMemoryGetRetiredPagesCount(const MtmlMemory *memory,
						 MtmlPageRetirementCount *count)
{
	int both[2];
	MtmlReturn result;

	CHECKED(memory, PART_MEMORY);
	result = number(section, "retired", 0, &both[0]);
	if (result || (result = number(section, "retired", 1, &both[1])))
		return result;
	count->sbeCount = (unsigned int)both[0];
	count->dbeCount = (unsigned int)both[1];
	return MTML_SUCCESS;
}

NUMBER_OF(mtmlDeviceGetPerformanceState, MtmlDevice, PART_DEVICE, "pstate", 0)
NUMBER_OF(mtmlGpuGetEnforcedPowerLimit, MtmlGpu, PART_GPU, "power_limit", 0)
NUMBER_OF(mtmlGpuGetPowerManagementDefaultLimit, MtmlGpu, PART_GPU, "power_limit", 1)
NTH_OF(mtmlGpuGetTemperatureThreshold, MtmlGpu, PART_GPU, "threshold")
NUMBER_OF(mtmlGpuGetVoltage, MtmlGpu, PART_GPU, "voltage_mv", 0)
NUMBER_OF(mtmlMemoryGetTemperature, MtmlMemory, PART_MEMORY, "memory_temperature", 0)

#endif
