/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "forks.h"
#include "real.h"
#include "session.h"

static struct {
	struct device known[MVGAL_SESSION_GPUS];
	/* Rows that are filled, in the order in which they were asked for. */
	atomic_uint count;
	pthread_mutex_t adding;
} devices = {.adding = PTHREAD_MUTEX_INITIALIZER};

static void write_uuid(char text[48], const CUuuid *uuid)
{
	const unsigned char *b = (const unsigned char *)uuid->bytes;

	snprintf(text, 48,
		 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		 b[14], b[15]);
}

static bool describe(CUdevice device, struct device *to)
{
	const struct cuda_real *real = cuda_real();
	CUresult (*get_uuid)(CUuuid *, CUdevice) =
	    real->cuDeviceGetUuid_v2 ? real->cuDeviceGetUuid_v2 : real->cuDeviceGetUuid;
	char slot[32];
	CUuuid uuid;

	if (!real->cuDeviceGetPCIBusId ||
	    real->cuDeviceGetPCIBusId(slot, sizeof(slot), device) != CUDA_SUCCESS)
		return false;
	for (char *at = slot; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	to->device = device;
	snprintf(to->id, sizeof(to->id), "pci:%s", slot);
	if (get_uuid && get_uuid(&uuid, device) == CUDA_SUCCESS)
		write_uuid(to->uuid, &uuid);
	mvgal_session_begin("cuda");
	to->row = mvgal_session_gpu(to->id);
	return true;
}

static const struct device *find(CUdevice device, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (devices.known[i].device == device)
			return &devices.known[i];
	return NULL;
}

const struct device *device_of(CUdevice device)
{
	unsigned int count = atomic_load_explicit(&devices.count, memory_order_acquire);
	const struct device *found = find(device, count);

	if (found)
		return found;
	fork_renews(&devices.adding);
	pthread_mutex_lock(&devices.adding);
	count = atomic_load_explicit(&devices.count, memory_order_relaxed);
	found = find(device, count);
	if (!found && count < MVGAL_SESSION_GPUS && describe(device, &devices.known[count])) {
		found = &devices.known[count];
		atomic_store_explicit(&devices.count, count + 1, memory_order_release);
	}
	pthread_mutex_unlock(&devices.adding);
	return found;
}

const struct device *device_current(void)
{
	const struct cuda_real *real = cuda_real();
	CUdevice device;

	if (!real->cuCtxGetDevice || real->cuCtxGetDevice(&device) != CUDA_SUCCESS)
		return NULL;
	return device_of(device);
}
