/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
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

bool device_names(CUdevice device, char id[64], char uuid[48])
{
	const struct cuda_real *real = cuda_real();
	CUresult (*get_uuid)(CUuuid *, CUdevice) =
	    real->cuDeviceGetUuid_v2 ? real->cuDeviceGetUuid_v2 : real->cuDeviceGetUuid;
	char slot[32];
	CUuuid bytes;

	if (!real->cuDeviceGetPCIBusId ||
	    real->cuDeviceGetPCIBusId(slot, sizeof(slot), device) != CUDA_SUCCESS)
		return false;
	for (char *at = slot; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	snprintf(id, 64, "pci:%s", slot);
	if (get_uuid && get_uuid(&bytes, device) == CUDA_SUCCESS)
		write_uuid(uuid, &bytes);
	else
		uuid[0] = '\0';
	return true;
}

static const struct device *find(CUdevice device, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (devices.known[i].device == device)
			return &devices.known[i];
	return NULL;
}

/* Finds it, or adds it by its names; without these, by those that the driver has for it. */
static const struct device *find_or_add(CUdevice device, const char *id, const char *uuid)
{
	unsigned int count = atomic_load_explicit(&devices.count, memory_order_acquire);
	const struct device *found = find(device, count);
	struct device *added;

	if (found)
		return found;
	fork_renews(&devices.adding);
	pthread_mutex_lock(&devices.adding);
	count = atomic_load_explicit(&devices.count, memory_order_relaxed);
	found = find(device, count);
	added = &devices.known[count < MVGAL_SESSION_GPUS ? count : 0];
	if (!found && count < MVGAL_SESSION_GPUS &&
	    (id || device_names(device, added->id, added->uuid))) {
		if (id) {
			snprintf(added->id, sizeof(added->id), "%s", id);
			snprintf(added->uuid, sizeof(added->uuid), "%s", uuid);
		}
		added->device = device;
		mvgal_session_begin("cuda");
		added->row = mvgal_session_gpu(added->id);
		atomic_store_explicit(&devices.count, count + 1, memory_order_release);
		found = added;
	}
	pthread_mutex_unlock(&devices.adding);
	return found;
}

const struct device *device_of(CUdevice device)
{
	return find_or_add(device, NULL, NULL);
}

const struct device *device_unseen(CUdevice number, const char *id, const char *uuid)
{
	return find_or_add(number, id, uuid);
}

const struct device *device_current(void)
{
	const struct cuda_real *real = cuda_real();
	CUdevice device;

	if (!real->cuCtxGetDevice || real->cuCtxGetDevice(&device) != CUDA_SUCCESS)
		return NULL;
	return device_of(device);
}
