/* The fake libnvidia-ml: the same devices in the order of their PCI addresses, and who uses them.
 */
#include "state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NVML_SUCCESS = 0,
	NVML_ERROR_UNINITIALIZED = 1,
	NVML_ERROR_INVALID_ARGUMENT = 2,
	NVML_ERROR_NOT_SUPPORTED = 3,
	NVML_ERROR_NOT_FOUND = 6,
	NVML_ERROR_INSUFFICIENT_SIZE = 7,
	NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25
};

typedef int nvmlReturn_t;
typedef struct device *nvmlDevice_t;

struct memory {
	unsigned long long total, free, used;
};

struct memory_v2 {
	unsigned int version;
	unsigned long long total, reserved, free, used;
};

struct process_v1 {
	unsigned int pid;
	unsigned long long used;
};

struct process_v2 {
	unsigned int pid;
	unsigned long long used;
	unsigned int gpu_instance, compute_instance;
};

struct process_sample {
	unsigned int pid;
	unsigned long long time; /* microseconds */
	unsigned int sm, memory, encoder, decoder;
};

struct pci_v2 {
	char id[16];
	unsigned int domain, bus, device, ids, subsystem, reserved[4];
};

struct pci_v3 {
	char legacy[16];
	unsigned int domain, bus, device, ids, subsystem;
	char id[32];
};

#define WINDOW_NS 200000000u

static int initialised;

#define CALL()                                                                                     \
	do {                                                                                       \
		static struct counter *counter_;                                                   \
		int failure_;                                                                      \
		if (!fake_open())                                                                  \
			return 9; /* the driver is not loaded */                                   \
		if (!__atomic_load_n(&counter_, __ATOMIC_ACQUIRE))                                 \
			__atomic_store_n(&counter_, fake_counter(__func__), __ATOMIC_RELEASE);     \
		if (counter_)                                                                      \
			__atomic_fetch_add(&counter_->calls, 1, __ATOMIC_RELAXED);                 \
		failure_ = fake_fault(__func__);                                                   \
		if (failure_)                                                                      \
			return failure_;                                                           \
	} while (0)

#define READY()                                                                                    \
	CALL();                                                                                    \
	if (!__atomic_load_n(&initialised, __ATOMIC_RELAXED))                                      \
	return NVML_ERROR_UNINITIALIZED

#define DEVICE(device)                                                                             \
	READY();                                                                                   \
	if (index_of(device) < 0)                                                                  \
	return NVML_ERROR_INVALID_ARGUMENT

/* The described device, which is also its place in the shared state. */
static int index_of(nvmlDevice_t device)
{
	for (int i = 0; i < described.count; i++)
		if (device == &described.devices[i])
			return i;
	return -1;
}

static int rank_of(int index)
{
	int rank = 0;

	for (int i = 0; i < described.count; i++)
		rank += strcmp(described.devices[i].pci, described.devices[index].pci) < 0;
	return rank;
}

static void uuid_text(const struct device *device, char text[48])
{
	const unsigned char *u = device->uuid;

	snprintf(text, 48,
		 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
		 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
		 u[14], u[15]);
}

static nvmlReturn_t put(char *out, unsigned int length, const char *text)
{
	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (strlen(text) >= length)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	strcpy(out, text);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInit_v2(void)
{
	CALL();
	__atomic_add_fetch(&initialised, 1, __ATOMIC_RELAXED);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInit(void)
{
	CALL();
	__atomic_add_fetch(&initialised, 1, __ATOMIC_RELAXED);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
	(void)flags;
	CALL();
	__atomic_add_fetch(&initialised, 1, __ATOMIC_RELAXED);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlShutdown(void)
{
	READY();
	__atomic_sub_fetch(&initialised, 1, __ATOMIC_RELAXED);
	return NVML_SUCCESS;
}

EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
	return result == NVML_SUCCESS		    ? "Success"
	       : result == NVML_ERROR_UNINITIALIZED ? "Uninitialized"
						    : "Unknown Error";
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *text, unsigned int length)
{
	READY();
	return put(text, length,
		   described.driver >= 13000   ? "580.159.04"
		   : described.driver >= 12000 ? "550.54.15"
					       : "470.256.02");
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *text, unsigned int length)
{
	READY();
	return put(text, length,
		   described.driver >= 13000   ? "13.580.159.04"
		   : described.driver >= 12000 ? "12.550.54.15"
					       : "11.470.256.02");
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
	READY();
	*version = described.driver;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
	READY();
	*version = described.driver;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned int *count)
{
	READY();
	*count = (unsigned int)described.count;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
	READY();
	*count = (unsigned int)described.count;
	return NVML_SUCCESS;
}

static nvmlReturn_t by_index(unsigned int index, nvmlDevice_t *device)
{
	for (int i = 0; i < described.count; i++)
		if (rank_of(i) == (int)index) {
			*device = &described.devices[i];
			return NVML_SUCCESS;
		}
	return NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *device)
{
	READY();
	return by_index(index, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	READY();
	return by_index(index, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
	char text[48];

	READY();
	for (int i = 0; i < described.count; i++) {
		uuid_text(&described.devices[i], text);
		if (!strcmp(text, uuid)) {
			*device = &described.devices[i];
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t by_pci(const char *pci, nvmlDevice_t *device)
{
	unsigned int wanted[3], own[3];

	if (sscanf(pci, "%x:%x:%x", &wanted[0], &wanted[1], &wanted[2]) != 3)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; i < described.count; i++)
		if (sscanf(described.devices[i].pci, "%x:%x:%x", &own[0], &own[1], &own[2]) == 3 &&
		    !memcmp(wanted, own, sizeof(own))) {
			*device = &described.devices[i];
			return NVML_SUCCESS;
		}
	return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char *pci, nvmlDevice_t *device)
{
	READY();
	return by_pci(pci, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *pci, nvmlDevice_t *device)
{
	READY();
	return by_pci(pci, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index)
{
	DEVICE(device);
	*index = (unsigned int)rank_of(index_of(device));
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *minor)
{
	DEVICE(device);
	*minor = (unsigned int)rank_of(index_of(device));
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *text, unsigned int length)
{
	DEVICE(device);
	return put(text, length, device->name);
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *text, unsigned int length)
{
	char own[48];

	DEVICE(device);
	uuid_text(device, own);
	return put(text, length, own);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, struct pci_v2 *info)
{
	DEVICE(device);
	memset(info, 0, sizeof(*info));
	snprintf(info->id, sizeof(info->id), "%.15s", device->pci);
	sscanf(device->pci, "%x:%x:%x", &info->domain, &info->bus, &info->device);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, struct pci_v3 *info)
{
	DEVICE(device);
	memset(info, 0, sizeof(*info));
	snprintf(info->legacy, sizeof(info->legacy), "%.15s", device->pci);
	sscanf(device->pci, "%x:%x:%x", &info->domain, &info->bus, &info->device);
	snprintf(info->id, sizeof(info->id), "%08X:%02X:%02X.0", info->domain, info->bus,
		 info->device);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
	DEVICE(device);
	*major = device->major;
	*minor = device->minor;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, int *mode)
{
	DEVICE(device);
	*mode = 1;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, int *mode)
{
	DEVICE(device);
	*mode = 0;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *now,
					 unsigned int *pending)
{
	DEVICE(device);
	*now = *pending = 0;
	return NVML_SUCCESS;
}

static uint64_t used_bytes(int index)
{
	uint64_t used;

	fake_lock();
	fake_reap();
	used = shared->used[index];
	fake_unlock();
	return used;
}

/* The first version counts what the driver reserves as used. */
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, struct memory *memory)
{
	DEVICE(device);
	memory->used = used_bytes(index_of(device)) + device->reserved;
	memory->total = device->memory + device->reserved;
	memory->free = memory->total - memory->used;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, struct memory_v2 *memory)
{
	DEVICE(device);
	if (memory->version != (sizeof(*memory) | 2u << 24))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	memory->used = used_bytes(index_of(device));
	memory->total = device->memory + device->reserved;
	memory->reserved = device->reserved;
	memory->free = device->memory - memory->used;
	return NVML_SUCCESS;
}

/* The processes with a context on the device, into records of one of two sizes. */
static nvmlReturn_t list(nvmlDevice_t device, unsigned int *count, void *out, bool old)
{
	int index = index_of(device);
	unsigned int room, found = 0;

	if (!count || (*count && !out))
		return NVML_ERROR_INVALID_ARGUMENT;
	room = *count;
	fake_lock();
	fake_reap();
	for (int i = 0; i < MAX_PROCESSES; i++) {
		struct process *process = &shared->processes[i];
		unsigned long long bytes;

		if (!process->pid || !process->contexts[index])
			continue;
		bytes = process_bytes(i, index);
		if (found < room && old)
			((struct process_v1 *)out)[found] =
			    (struct process_v1){(unsigned int)process->pid, bytes};
		else if (found < room)
			((struct process_v2 *)out)[found] =
			    (struct process_v2){(unsigned int)process->pid, bytes, ~0u, ~0u};
		found++;
	}
	fake_unlock();
	*count = found;
	return found > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int *count,
							 struct process_v1 *out)
{
	DEVICE(device);
	return list(device, count, out, true);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device,
							    unsigned int *count,
							    struct process_v2 *out)
{
	DEVICE(device);
	return list(device, count, out, false);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device,
							    unsigned int *count,
							    struct process_v2 *out)
{
	DEVICE(device);
	return list(device, count, out, false);
}

EXPORT nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device,
							     unsigned int *count, void *out)
{
	(void)out;
	DEVICE(device);
	*count = 0;
	return NVML_SUCCESS;
}

static unsigned int percent(double share)
{
	return share >= 1 ? 100 : (unsigned int)(share * 100 + 0.5);
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, struct process_sample *out,
						    unsigned int *count, unsigned long long since)
{
	unsigned int room, found = 0;
	uint64_t now = fake_now();
	int index;

	DEVICE(device);
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	index = index_of(device);
	room = out ? *count : 0;
	fake_lock();
	fake_reap();
	for (int i = 0; i < MAX_PROCESSES; i++) {
		struct process *process = &shared->processes[i];
		unsigned int sm;

		if (!process->pid || !process->contexts[index] || now / 1000 <= since)
			continue;
		sm = percent(engine_share(index, i, WINDOW_NS, now));
		if (found < room)
			out[found] = (struct process_sample){
			    .pid = (unsigned int)process->pid, .time = now / 1000, .sm = sm};
		found++;
	}
	fake_unlock();
	*count = found;
	if (!found)
		return NVML_ERROR_NOT_FOUND;
	return found > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, unsigned int rates[2])
{
	uint64_t now = fake_now();
	double share = 0;

	DEVICE(device);
	fake_lock();
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (shared->processes[i].pid)
			share += engine_share(index_of(device), i, WINDOW_NS, now);
	fake_unlock();
	rates[0] = percent(share);
	rates[1] = 0;
	return NVML_SUCCESS;
}
