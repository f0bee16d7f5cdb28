/* SPDX-License-Identifier: MIT */
/*
 * Memory as NVML tells it: the same as CUDA does of the same GPU. A process may have NVML alone, as
 * nvidia-smi has: libcuda is not opened for it.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "charge.h"
#include "ordinal.h"
#include "pool.h"
#include "settings.h"
#include "view.h"

struct names {
	char id[64], uuid[96];
	int ordinal;
};

static bool name_of(nvmlDevice_t device, struct names *names)
{
	const struct nvml_real *real = nvml_real();
	nvmlPciInfo_t info;
	unsigned int index;

	if (!real->nvmlDeviceGetPciInfo_v3 ||
	    real->nvmlDeviceGetPciInfo_v3(device, &info) != NVML_SUCCESS)
		return false;
	/* A GPU has function 0; NVML's own text has a domain of 8 digits. */
	snprintf(names->id, sizeof(names->id), "pci:%04x:%02x:%02x.0", info.domain, info.bus,
		 info.device);
	if (!real->nvmlDeviceGetUUID ||
	    real->nvmlDeviceGetUUID(device, names->uuid, sizeof(names->uuid)) != NVML_SUCCESS)
		names->uuid[0] = '\0';
	names->ordinal = -1;
	if (real->nvmlDeviceGetIndex && real->nvmlDeviceGetIndex(device, &index) == NVML_SUCCESS)
		names->ordinal = ordinal_in(getenv("CUDA_VISIBLE_DEVICES"), index, names->uuid);
	return true;
}

/* The GPU that a pooled program sees has the memory of all of them. */
static bool see_pool(const struct names *names, struct memory_view *view)
{
	size_t unused, total;

	if (names->ordinal != 0 || !pool_is_known() || !pool_info(&unused, &total))
		return false;
	*view = (struct memory_view){
	    .total = total, .unused = unused, .used = total - unused, .is_limited = true};
	return true;
}

/* No where the driver's own figures are right. */
static bool see(nvmlDevice_t device, uint64_t total, uint64_t unused, struct memory_view *view)
{
	struct names names;

	if (!settings()->enabled || !name_of(device, &names))
		return false;
	if (see_pool(&names, view))
		return true;
	*view = view_of_named(names.ordinal, names.id, names.uuid, total, unused);
	return view->is_limited;
}

HOOK nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	const struct nvml_real *real = nvml_real();
	struct memory_view view;
	nvmlReturn_t result;

	if (!real->nvmlDeviceGetMemoryInfo)
		return NVML_ERROR_FUNCTION_NOT_FOUND;
	result = real->nvmlDeviceGetMemoryInfo(device, memory);
	if (result == NVML_SUCCESS && see(device, memory->total, memory->free, &view)) {
		memory->total = view.total;
		memory->free = view.unused;
		memory->used = view.used;
	}
	return result;
}

HOOK nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	const struct nvml_real *real = nvml_real();
	struct memory_view view;
	nvmlReturn_t result;

	if (!real->nvmlDeviceGetMemoryInfo_v2)
		return NVML_ERROR_FUNCTION_NOT_FOUND;
	result = real->nvmlDeviceGetMemoryInfo_v2(device, memory);
	if (result == NVML_SUCCESS && see(device, memory->total, memory->free, &view)) {
		/* What the driver keeps for itself is not of the limit. */
		memory->reserved = 0;
		memory->total = view.total;
		memory->free = view.unused;
		memory->used = view.used;
	}
	return result;
}
