/*
 * The part of the fake NVML that tells what a GPU is doing. Included by nvml.c.
 *
 * Keys of a device:
 *   energy_mj N...             successive readings
 *   power_limits SET MIN MAX   mW
 *   thresholds SHUTDOWN SLOWDOWN
 *   encoder PERCENT, decoder PERCENT, video_clock MHZ, pstate N, bar1 BYTES
 *   fans PERCENT...            one number a fan; `fans none` for none at all
 *   fan_rpm RPM...             one number a fan
 *   ecc_errors CORRECTED UNCORRECTED
 *   retired SINGLE DOUBLE, remapped CORRECTED UNCORRECTED
 *   memory_temperature C       the field; memory_temperature_type N is the type of its value
 *   nvlink_tx KIB..., nvlink_rx KIB...     successive counts of all links together
 *   nvlink_alone 1             counts each link by itself, and refuses to add them up
 *   pcie_kbs TX RX             and pcie_wait PATH: not before there is such a file
 *   process LIST PID BYTES [GPU-INSTANCE COMPUTE-INSTANCE]    LIST: compute, graphics, mps
 *   process_size 32            what _v3 writes a program; process_clear 1: clears the buffer first
 *   sample PID TIMESTAMP SM MEMORY ENCODER DECODER
 */
#include <unistd.h>

#include "abi/nvml_telemetry.h"

#define FAKE_OF(device) ((struct fake_section *)(device))

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *text, nvmlDevice_t *device)
{
	unsigned int wanted[4], is[4];
	struct fake_section *section;

	CHECKED(&fake.sections[0]);
	if (sscanf(text, "%x:%x:%x.%x", &wanted[0], &wanted[1], &wanted[2], &wanted[3]) != 4)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; (section = fake_find(FAKE_DEVICE, NULL, i)); i++) {
		const char *address = fake_text(section, "pci");

		if (!address ||
		    sscanf(address, "%x:%x:%x.%x", &is[0], &is[1], &is[2], &is[3]) != 4 ||
		    memcmp(wanted, is, sizeof(is)))
			continue;
		CHECKED(section);
		*device = (nvmlDevice_t)section;
		return NVML_SUCCESS;
	}
	return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *text, nvmlDevice_t *device)
{
	struct fake_section *section;

	CHECKED(&fake.sections[0]);
	for (int i = 0; (section = fake_find(FAKE_DEVICE, NULL, i)); i++) {
		const char *uuid = fake_text(section, "uuid");

		if (uuid && !strcmp(uuid, text)) {
			*device = (nvmlDevice_t)section;
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
							unsigned long long *energy)
{
	uint64_t value;

	CHECKED(device);
	if (!fake_next(FAKE_OF(device), "energy_mj", &value))
		return NVML_ERROR_NOT_SUPPORTED;
	*energy = value;
	return NVML_SUCCESS;
}

NUMBER_OF(nvmlDeviceGetPowerManagementLimit, "power_limits", 0)
NUMBER_OF(nvmlDeviceGetPerformanceState, "pstate", 0)

/* Two numbers of one key, or the first number and 0. */
static nvmlReturn_t copy_pair(nvmlDevice_t device, const char *key, int word, unsigned int *first,
			      unsigned int *second)
{
	nvmlReturn_t result = copy_number(FAKE_OF(device), key, word, first);

	return result ? result : copy_number(FAKE_OF(device), key, word + 1, second);
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device,
								 unsigned int *min,
								 unsigned int *max)
{
	CHECKED(device);
	return copy_pair(device, "power_limits", 1, min, max);
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, unsigned int which,
						      unsigned int *temperature)
{
	CHECKED(device);
	if (which > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	return copy_number(FAKE_OF(device), "thresholds", (int)which, temperature);
}

EXPORT nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned int *percent,
						    unsigned int *period_us)
{
	CHECKED(device);
	*period_us = 167000;
	return copy_number(FAKE_OF(device), "encoder", 0, percent);
}

EXPORT nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned int *percent,
						    unsigned int *period_us)
{
	CHECKED(device);
	*period_us = 167000;
	return copy_number(FAKE_OF(device), "decoder", 0, percent);
}

EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlBAR1Memory_t *memory)
{
	uint64_t total;

	CHECKED(device);
	if (!fake_number(FAKE_OF(device), "bar1", &total))
		return NVML_ERROR_NOT_SUPPORTED;
	memory->bar1Total = total;
	memory->bar1Used = 0;
	memory->bar1Free = total;
	return NVML_SUCCESS;
}

/* How many numbers a key has. */
static int word_count(nvmlDevice_t device, const char *key)
{
	const char *at = fake_text(FAKE_OF(device), key);
	char *end = NULL;
	int count = 0;

	for (; at; at = end, count++) {
		strtol(at, &end, 0);
		if (end == at)
			break;
	}
	return count;
}

static nvmlReturn_t nth_number(nvmlDevice_t device, const char *key, unsigned int index,
			       unsigned int *out)
{
	if (!fake_text(FAKE_OF(device), key))
		return NVML_ERROR_NOT_SUPPORTED;
	if ((int)index >= word_count(device, key))
		return NVML_ERROR_INVALID_ARGUMENT;
	return copy_number(FAKE_OF(device), key, (int)index, out);
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned int *percent)
{
	CHECKED(device);
	return nth_number(device, "fans", 0, percent);
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned int type,
						unsigned int counter, unsigned long long *count)
{
	unsigned int value;
	nvmlReturn_t result;

	CHECKED(device);
	/* Those since ever are others than those since the driver was loaded. */
	if (type > 1 || counter > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	result = copy_number(FAKE_OF(device), "ecc_errors", (int)type, &value);
	*count = result ? 0 : value + 1000 * counter;
	return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, unsigned int cause,
					      unsigned int *count, unsigned long long *addresses)
{
	unsigned int pages;
	nvmlReturn_t result;

	CHECKED(device);
	if (cause > 1 || (*count > 0 && !addresses))
		return NVML_ERROR_INVALID_ARGUMENT;
	result = copy_number(FAKE_OF(device), "retired", (int)cause, &pages);
	if (result)
		return result;
	result = pages > *count ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
	*count = pages;
	return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, unsigned int counter,
						unsigned int *kilobytes)
{
	const char *path = device ? fake_text(FAKE_OF(device), "pcie_wait") : NULL;

	while (path && access(path, F_OK) != 0)
		usleep(1000);
	CHECKED(device);
	if (counter > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	return copy_number(FAKE_OF(device), "pcie_kbs", (int)counter, kilobytes);
}

/* Writes the programs of one list, `size` bytes each. */
static nvmlReturn_t list_processes(nvmlDevice_t device, const char *list, unsigned int *count,
				   unsigned char *out, size_t size)
{
	const struct fake_section *section = FAKE_OF(device);
	unsigned int found = 0;
	uint64_t clear = 0;

	if (fake_number(section, "process_clear", &clear) && clear && out)
		memset(out, 0, *count * size);
	for (int i = 0; i < section->line_count; i++) {
		nvmlProcessInfo_535_t info = {0};
		char of[16], bytes[32];
		unsigned int instances[2] = {0xffffffffu, 0xffffffffu};

		if (strcmp(section->lines[i].key, "process") ||
		    sscanf(section->lines[i].value, "%15s %u %31s %u %u", of, &info.pid, bytes,
			   &instances[0], &instances[1]) < 3 ||
		    strcmp(of, list))
			continue;
		info.usedGpuMemory = strcmp(bytes, "n/a")
					 ? strtoull(bytes, NULL, 0)
					 : (unsigned long long)NVML_VALUE_NOT_AVAILABLE;
		info.gpuInstanceId = instances[0];
		info.computeInstanceId = instances[1];
		if (found < *count)
			memcpy(out + found * size, &info, size);
		found++;
	}
	size = *count;
	*count = found;
	return found > size ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

#define PROCESSES(function, list, size)                                                            \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, unsigned int *count, void *infos)        \
	{                                                                                          \
		CHECKED(device);                                                                   \
		return list_processes(device, list, count, infos, size);                           \
	}

PROCESSES(nvmlDeviceGetComputeRunningProcesses, "compute", sizeof(nvmlProcessInfo_v1_t))
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses, "graphics", sizeof(nvmlProcessInfo_v1_t))

EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device,
						    nvmlProcessUtilizationSample_t *samples,
						    unsigned int *count, unsigned long long since)
{
	const struct fake_section *section = FAKE_OF(device);
	unsigned int found = 0, room = *count;

	CHECKED(device);
	(void)since; /* Drivers hand out older samples too. */
	for (int i = 0; i < section->line_count; i++) {
		nvmlProcessUtilizationSample_t sample = {0};

		if (strcmp(section->lines[i].key, "sample") ||
		    sscanf(section->lines[i].value, "%u %llu %u %u %u %u", &sample.pid,
			   &sample.timeStamp, &sample.smUtil, &sample.memUtil, &sample.encUtil,
			   &sample.decUtil) != 6)
			continue;
		if (found < room)
			samples[found] = sample;
		found++;
	}
	*count = found;
	if (found == 0)
		return NVML_ERROR_NOT_FOUND;
	return found > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

#ifndef OLD_DRIVER

PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, "compute", sizeof(nvmlProcessInfo_v2_t))
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics", sizeof(nvmlProcessInfo_v2_t))
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2, "mps", sizeof(nvmlProcessInfo_v2_t))

static size_t process_size(nvmlDevice_t device)
{
	uint64_t size = sizeof(nvmlProcessInfo_v2_t);

	fake_number(FAKE_OF(device), "process_size", &size);
	return size;
}

PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, "compute", process_size(device))
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics", process_size(device))
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3, "mps", process_size(device))

EXPORT nvmlReturn_t nvmlDeviceGetNumFans(nvmlDevice_t device, unsigned int *count)
{
	CHECKED(device);
	if (!fake_text(FAKE_OF(device), "fans"))
		return NVML_ERROR_NOT_SUPPORTED;
	*count = (unsigned int)word_count(device, "fans");
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned int fan,
					     unsigned int *percent)
{
	CHECKED(device);
	return nth_number(device, "fans", fan, percent);
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeedRPM(nvmlDevice_t device, nvmlFanSpeedInfo_v1_t *info)
{
	CHECKED(device);
	if (info->version != nvmlFanSpeedInfo_v1)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	return nth_number(device, "fan_rpm", info->fan, &info->speed);
}

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int *corrected,
					      unsigned int *uncorrected, unsigned int *pending,
					      unsigned int *failure)
{
	CHECKED(device);
	*pending = 0;
	*failure = 0;
	return copy_pair(device, "remapped", 0, corrected, uncorrected);
}

/* Fills in one of the fields of this file; false for another. */
static bool telemetry_field(nvmlDevice_t device, nvmlFieldValue_t *of)
{
	uint64_t value, alone = 0, type = NVML_VALUE_TYPE_UNSIGNED_INT;
	const char *key;

	if (of->fieldId == NVML_FI_DEV_MEMORY_TEMP) {
		fake_number(FAKE_OF(device), "memory_temperature_type", &type);
		of->valueType = (int)type;
		of->value.ullVal = 0;
		of->nvmlReturn =
		    copy_number(FAKE_OF(device), "memory_temperature", 0, &of->value.uiVal);
		if (type == 0)
			of->value.dVal = of->value.uiVal;
		return true;
	}
	if (of->fieldId != NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX &&
	    of->fieldId != NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX)
		return false;
	key = of->fieldId == NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX ? "nvlink_tx" : "nvlink_rx";
	of->nvmlReturn = (nvmlReturn_t)fake_failure(FAKE_OF(device), key);
	if (of->nvmlReturn)
		return true;
	fake_number(FAKE_OF(device), "nvlink_alone", &alone);
	if (alone ? !link_text(device, of->scopeId) : of->scopeId != NVML_ALL_LINKS)
		of->nvmlReturn = NVML_ERROR_INVALID_ARGUMENT;
	else if (!fake_next(FAKE_OF(device), key, &value))
		of->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
	of->valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
	if (!of->nvmlReturn)
		of->value.ullVal = value;
	return true;
}

#endif
