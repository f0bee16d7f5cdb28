/*
 * A libnvidia-ml.so.1 that shows the GPUs of devices.txt.
 *
 * Built with -DOLD_DRIVER it lacks what drivers before 2019 did not have, and with -DNEW_DRIVER
 * what drivers after 2025 may no longer have.
 *
 * Keys of the system: driver_version, cuda_version (13000), print (a line for standard output).
 * Keys of a device: name, uuid, pci (0000:06:00.0), pci_ids (0x10de 0x2335 0x10de 0x18be), minor,
 * memory (total reserved used, bytes), temperature, utilization, power_mw, pcie (gen width max-gen
 * max-width), mig (current pending), mig_slots, link<N> (active version type remote), link_speed
 * (MB/s of each link), clocks (sm memory max-sm max-memory, MHz), event_reasons (mask), cores, bus_width (bits), compute_capability
 * (major minor), power_limit (enforced default, mW), ecc (current pending).
 * Keys of an instance: slot, uuid, name, memory, gpu_instance, compute_instance. The keys of what
 * telemetry asks are in nvml_telemetry.c.
 */
#include "abi/nvml.h"
#include "description.h"

static int users;

static nvmlReturn_t copy_text(const struct fake_section *section, const char *key, char *text,
			      unsigned int length)
{
	const char *value = fake_text(section, key);

	if (!value)
		return NVML_ERROR_NOT_SUPPORTED;
	if (strlen(value) >= length)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	strcpy(text, value);
	return NVML_SUCCESS;
}

static nvmlReturn_t copy_number(const struct fake_section *section, const char *key, int word,
				unsigned int *out)
{
	const char *value = fake_text(section, key);
	char *end = NULL;

	for (; value && word > 0; word--) {
		strtol(value, &end, 0);
		value = end;
	}
	if (!value)
		return NVML_ERROR_NOT_SUPPORTED;
	*out = (unsigned int)strtol(value, NULL, 0);
	return NVML_SUCCESS;
}

#define CHECKED(section)                                                                           \
	do {                                                                                       \
		long failure_;                                                                     \
		if (users == 0)                                                                    \
			return NVML_ERROR_UNINITIALIZED;                                           \
		if (!(section))                                                                    \
			return NVML_ERROR_INVALID_ARGUMENT;                                        \
		failure_ = fake_failure((struct fake_section *)(section), __func__);               \
		if (failure_)                                                                      \
			return (nvmlReturn_t)failure_;                                             \
	} while (0)

#define NUMBER_OF(function, key, word)                                                             \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, unsigned int *out)                       \
	{                                                                                          \
		CHECKED(device);                                                                   \
		return copy_number((struct fake_section *)device, key, word, out);                 \
	}

EXPORT nvmlReturn_t nvmlInit_v2(void)
{
	long failure;

	if (!fake_load())
		return 999;
	failure = fake_failure(&fake.sections[0], __func__);
	if (failure)
		return (nvmlReturn_t)failure;
	if (fake_text(&fake.sections[0], "print"))
		printf("%s\n", fake_text(&fake.sections[0], "print"));
	users++;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlShutdown(void)
{
	CHECKED(&fake.sections[0]);
	users--;
	return NVML_SUCCESS;
}

EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
	switch (result) {
	case 3:
		return "Not Supported";
	case 9:
		return "Driver Not Loaded";
	case 15:
		return "GPU is lost";
	default:
		return "Some Error";
	}
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *text, unsigned int length)
{
	CHECKED(&fake.sections[0]);
	return copy_text(&fake.sections[0], "driver_version", text, length);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
	CHECKED(&fake.sections[0]);
	return copy_number(&fake.sections[0], "cuda_version", 0, (unsigned int *)version);
}

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
	CHECKED(&fake.sections[0]);
	*count = (unsigned int)fake_count(FAKE_DEVICE, NULL);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	struct fake_section *found = fake_find(FAKE_DEVICE, NULL, (int)index);

	CHECKED(found);
	*device = (nvmlDevice_t)found;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *text, unsigned int length)
{
	CHECKED(device);
	return copy_text((struct fake_section *)device, "name", text, length);
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *text, unsigned int length)
{
	CHECKED(device);
	return copy_text((struct fake_section *)device, "uuid", text, length);
}

static nvmlReturn_t fill_pci(const struct fake_section *section, const char *address,
			     nvmlPciInfo_t *info)
{
	const char *ids = fake_text(section, "pci_ids");
	unsigned int function = 0, vendor = 0, device = 0, subvendor = 0, subdevice = 0;

	if (!address || sscanf(address, "%x:%x:%x.%x", &info->domain, &info->bus, &info->device,
			       &function) != 4)
		return NVML_ERROR_NOT_SUPPORTED;
	if (ids)
		sscanf(ids, "%x %x %x %x", &vendor, &device, &subvendor, &subdevice);
	info->pciDeviceId = device << 16 | vendor;
	info->pciSubSystemId = subdevice << 16 | subvendor;
	snprintf(info->busIdLegacy, sizeof(info->busIdLegacy), "%04X:%02X:%02X.0",
		 info->domain & 0xffff, info->bus & 0xff, info->device & 0xff);
	snprintf(info->busId, sizeof(info->busId), "%08X:%02X:%02X.0", info->domain,
		 info->bus & 0xff, info->device & 0xff);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, nvmlPciInfo_v2_t *info)
{
	const struct fake_section *section = (struct fake_section *)device;
	nvmlPciInfo_t full = {0};
	nvmlReturn_t result;

	CHECKED(device);
	result = fill_pci(section, fake_text(section, "pci"), &full);
	memcpy(info->busId, full.busIdLegacy, sizeof(info->busId));
	info->domain = full.domain;
	info->bus = full.bus;
	info->device = full.device;
	info->pciDeviceId = full.pciDeviceId;
	info->pciSubSystemId = full.pciSubSystemId;
	return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	const char *text = device ? fake_text((struct fake_section *)device, "memory") : NULL;
	unsigned long long reserved = 0, used = 0;

	CHECKED(device);
	if (!text || sscanf(text, "%llu %llu %llu", &memory->total, &reserved, &used) != 3)
		return NVML_ERROR_NOT_SUPPORTED;
	memory->used = used + reserved;
	memory->free = memory->total - memory->used;
	return NVML_SUCCESS;
}

NUMBER_OF(nvmlDeviceGetMinorNumber, "minor", 0)
NUMBER_OF(nvmlDeviceGetPowerUsage, "power_mw", 0)
NUMBER_OF(nvmlDeviceGetEnforcedPowerLimit, "power_limit", 0)
NUMBER_OF(nvmlDeviceGetPowerManagementDefaultLimit, "power_limit", 1)
NUMBER_OF(nvmlDeviceGetCurrPcieLinkGeneration, "pcie", 0)
NUMBER_OF(nvmlDeviceGetCurrPcieLinkWidth, "pcie", 1)
NUMBER_OF(nvmlDeviceGetMaxPcieLinkGeneration, "pcie", 2)
NUMBER_OF(nvmlDeviceGetMaxPcieLinkWidth, "pcie", 3)

/* nvmlClockType_t: 0 graphics, 1 SM, 2 memory, 3 video */
static nvmlReturn_t clock_number(nvmlDevice_t device, int type, int first, unsigned int *out)
{
	if (type == 3 && first == 0)
		return copy_number((struct fake_section *)device, "video_clock", 0, out);
	if (type != 1 && type != 2)
		return NVML_ERROR_INVALID_ARGUMENT;
	return copy_number((struct fake_section *)device, "clocks", first + type - 1, out);
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, int type, unsigned int *clock)
{
	CHECKED(device);
	return clock_number(device, type, 0, clock);
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, int type, unsigned int *clock)
{
	CHECKED(device);
	return clock_number(device, type, 2, clock);
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device,
							      unsigned long long *reasons)
{
	const char *text =
	    device ? fake_text((struct fake_section *)device, "event_reasons") : NULL;

	CHECKED(device);
	if (!text)
		return NVML_ERROR_NOT_SUPPORTED;
	*reasons = strtoull(text, NULL, 0);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned int *current,
					 unsigned int *pending)
{
	CHECKED(device);
	nvmlReturn_t result = copy_number((struct fake_section *)device, "ecc", 0, current);

	return result ? result : copy_number((struct fake_section *)device, "ecc", 1, pending);
}

#ifndef NEW_DRIVER
EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned int sensor,
					     unsigned int *temperature)
{
	CHECKED(device);
	if (sensor != 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	return copy_number((struct fake_section *)device, "temperature", 0, temperature);
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates)
{
	CHECKED(device);
	nvmlReturn_t result =
	    copy_number((struct fake_section *)device, "utilization", 0, &rates->gpu);

	return result
		   ? result
		   : copy_number((struct fake_section *)device, "utilization", 1, &rates->memory);
}

/* link<N> ACTIVE VERSION TYPE REMOTE */
static const char *link_text(nvmlDevice_t device, unsigned int link)
{
	char key[16];

	snprintf(key, sizeof(key), "link%u", link);
	return fake_text((struct fake_section *)device, key);
}

static nvmlReturn_t link_number(nvmlDevice_t device, unsigned int link, int word, unsigned int *out)
{
	unsigned int words[3];
	const char *text = link_text(device, link);

	if (!text)
		return link < 18 ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_INVALID_ARGUMENT;
	if (sscanf(text, "%u %u %u", &words[0], &words[1], &words[2]) <= word)
		return NVML_ERROR_NOT_SUPPORTED;
	*out = words[word];
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link,
					     unsigned int *active)
{
	CHECKED(device);
	return link_number(device, link, 0, active);
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, unsigned int link,
					       unsigned int *version)
{
	CHECKED(device);
	return link_number(device, link, 1, version);
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned int link,
							nvmlPciInfo_t *info)
{
	char address[32];
	const char *text = link_text(device, link);

	CHECKED(device);
	if (!text || sscanf(text, "%*u %*u %*u %31s", address) != 1)
		return NVML_ERROR_NOT_SUPPORTED;
	return fill_pci((struct fake_section *)device, address, info);
}

#include "nvml_telemetry.c"
#include "nvml_control.c"

#ifndef OLD_DRIVER

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count,
					     nvmlFieldValue_t *values)
{
	CHECKED(device);
	for (int i = 0; i < count; i++) {
		nvmlFieldValue_t *of = &values[i];

		of->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
		if (telemetry_field(device, of))
			continue;
		if (of->fieldId != NVML_FI_DEV_NVLINK_GET_SPEED || !link_text(device, of->scopeId))
			continue;
		of->valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
		of->nvmlReturn = copy_number((struct fake_section *)device, "link_speed", 0,
					     &of->value.uiVal);
	}
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *reading)
{
	CHECKED(device);
	if (reading->version != nvmlTemperature_v1)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	return copy_number((struct fake_section *)device, "temperature", 0,
			   (unsigned int *)&reading->temperature);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
	return nvmlSystemGetCudaDriverVersion(version);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *info)
{
	CHECKED(device);
	return fill_pci((struct fake_section *)device,
			fake_text((struct fake_section *)device, "pci"), info);
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	const char *text = device ? fake_text((struct fake_section *)device, "memory") : NULL;

	CHECKED(device);
	if (memory->version != nvmlMemory_v2)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (!text ||
	    sscanf(text, "%llu %llu %llu", &memory->total, &memory->reserved, &memory->used) != 3)
		return NVML_ERROR_NOT_SUPPORTED;
	memory->free = memory->total - memory->reserved - memory->used;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned int link,
							unsigned int *type)
{
	CHECKED(device);
	return link_number(device, link, 2, type);
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current,
					 unsigned int *pending)
{
	CHECKED(device);
	nvmlReturn_t result = copy_number((struct fake_section *)device, "mig", 0, current);

	return result ? result : copy_number((struct fake_section *)device, "mig", 1, pending);
}

NUMBER_OF(nvmlDeviceGetNumGpuCores, "cores", 0)
NUMBER_OF(nvmlDeviceGetMemoryBusWidth, "bus_width", 0)
NUMBER_OF(nvmlDeviceGetMaxMigDeviceCount, "mig_slots", 0)
NUMBER_OF(nvmlDeviceGetGpuInstanceId, "gpu_instance", 0)
NUMBER_OF(nvmlDeviceGetComputeInstanceId, "compute_instance", 0)

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
	CHECKED(device);
	nvmlReturn_t result = copy_number((struct fake_section *)device, "compute_capability", 0,
					  (unsigned int *)major);

	return result ? result
		      : copy_number((struct fake_section *)device, "compute_capability", 1,
				    (unsigned int *)minor);
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device,
							   unsigned long long *reasons)
{
	return nvmlDeviceGetCurrentClocksThrottleReasons(device, reasons);
}

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int slot,
							nvmlDevice_t *instance)
{
	struct fake_section *section;
	uint64_t number;

	CHECKED(device);
	for (int i = 0; (section = fake_find(FAKE_INSTANCE, (struct fake_section *)device, i));
	     i++) {
		if (fake_number(section, "slot", &number) && number == slot) {
			*instance = (nvmlDevice_t)section;
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_NOT_FOUND;
}

#endif
