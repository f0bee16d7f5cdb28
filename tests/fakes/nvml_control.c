/*
 * The part of the fake NVML that changes settings. Included by nvml.c.
 *
 * Each call that is not refused is added to the file calls.txt beside the library, one line each:
 * its name without `nvmlDevice`, and its arguments. What is set holds until the library is
 * initialised again.
 *
 * Keys of a device:
 *   power_limits SET MIN MAX     mW; values outside are refused
 *   fan_limits MIN MAX           per cent
 *   fan_policies POLICY...       one number a fan: 0 by temperature, 1 by hand
 *   fan_targets PERCENT...       one number a fan
 *   memory_clocks MHZ..., graphics_clocks MHZ...
 *   persistence 0|1
 */
#include <stdarg.h>

#define MOST_WORDS 16

__attribute__((format(printf, 1, 2))) static void record_call(const char *format, ...)
{
	char path[4096];
	va_list arguments;
	Dl_info self;
	FILE *file;

	if (!dladdr((void *)record_call, &self))
		return;
	snprintf(path, sizeof(path), "%s", self.dli_fname);
	char *slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, 10, "calls.txt");
	file = fopen(path, "a");
	if (!file)
		return;
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fputc('\n', file);
	fclose(file);
}

/* Replaces one number of a key that has as many. */
static nvmlReturn_t set_word(nvmlDevice_t device, const char *key, int index, unsigned int value)
{
	struct fake_section *section = FAKE_OF(device);
	unsigned int words[MOST_WORDS];
	int count = word_count(device, key), length = 0;

	if (count == 0)
		return NVML_ERROR_NOT_SUPPORTED;
	if (index >= count || count > MOST_WORDS)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; i < count; i++)
		copy_number(section, key, i, &words[i]);
	words[index] = value;
	for (int i = 0; i < section->line_count; i++) {
		struct fake_line *line = &section->lines[i];

		if (strcmp(line->key, key))
			continue;
		for (int word = 0; word < count; word++)
			length +=
			    snprintf(line->value + length, sizeof(line->value) - (size_t)length,
				     "%u ", words[word]);
		break;
	}
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned int milliwatts)
{
	unsigned int min, max;
	nvmlReturn_t result;

	CHECKED(device);
	result = copy_pair(device, "power_limits", 1, &min, &max);
	if (result)
		return result;
	if (milliwatts < min || milliwatts > max)
		return NVML_ERROR_INVALID_ARGUMENT;
	record_call("SetPowerManagementLimit %u", milliwatts);
	return set_word(device, "power_limits", 0, milliwatts);
}

NUMBER_OF(nvmlDeviceGetPersistenceMode, "persistence", 0)

/* Lists the numbers of a key. */
static nvmlReturn_t list_clocks(nvmlDevice_t device, const char *key, unsigned int *count,
				unsigned int *clocks)
{
	unsigned int room = *count, found = (unsigned int)word_count(device, key);

	if (found == 0)
		return NVML_ERROR_NOT_SUPPORTED;
	*count = found;
	if (found > room)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned int i = 0; i < found; i++)
		copy_number(FAKE_OF(device), key, (int)i, &clocks[i]);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t device, unsigned int *count,
						       unsigned int *clocks)
{
	CHECKED(device);
	return list_clocks(device, "memory_clocks", count, clocks);
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t device, unsigned int memory,
							 unsigned int *count, unsigned int *clocks)
{
	unsigned int first;

	CHECKED(device);
	/* The clocks of another memory clock would be others. */
	if (copy_number(FAKE_OF(device), "memory_clocks", 0, &first) || memory != first)
		return NVML_ERROR_NOT_FOUND;
	return list_clocks(device, "graphics_clocks", count, clocks);
}

#ifndef OLD_DRIVER

EXPORT nvmlReturn_t nvmlDeviceSetGpuLockedClocks(nvmlDevice_t device, unsigned int min,
						 unsigned int max)
{
	CHECKED(device);
	record_call("SetGpuLockedClocks %u %u", min, max);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceResetGpuLockedClocks(nvmlDevice_t device)
{
	CHECKED(device);
	record_call("ResetGpuLockedClocks");
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceSetMemoryLockedClocks(nvmlDevice_t device, unsigned int min,
						    unsigned int max)
{
	CHECKED(device);
	record_call("SetMemoryLockedClocks %u %u", min, max);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceResetMemoryLockedClocks(nvmlDevice_t device)
{
	CHECKED(device);
	record_call("ResetMemoryLockedClocks");
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t device, unsigned int *min,
						unsigned int *max)
{
	CHECKED(device);
	return copy_pair(device, "fan_limits", 0, min, max);
}

EXPORT nvmlReturn_t nvmlDeviceGetFanControlPolicy_v2(nvmlDevice_t device, unsigned int fan,
						     unsigned int *policy)
{
	CHECKED(device);
	return nth_number(device, "fan_policies", fan, policy);
}

EXPORT nvmlReturn_t nvmlDeviceGetTargetFanSpeed(nvmlDevice_t device, unsigned int fan,
						unsigned int *percent)
{
	CHECKED(device);
	return nth_number(device, "fan_targets", fan, percent);
}

EXPORT nvmlReturn_t nvmlDeviceSetFanSpeed_v2(nvmlDevice_t device, unsigned int fan,
					     unsigned int percent)
{
	CHECKED(device);
	record_call("SetFanSpeed_v2 %u %u", fan, percent);
	set_word(device, "fan_policies", (int)fan, 1);
	return set_word(device, "fan_targets", (int)fan, percent);
}

EXPORT nvmlReturn_t nvmlDeviceSetDefaultFanSpeed_v2(nvmlDevice_t device, unsigned int fan)
{
	CHECKED(device);
	record_call("SetDefaultFanSpeed_v2 %u", fan);
	return set_word(device, "fan_policies", (int)fan, 0);
}

#endif
