/* SPDX-License-Identifier: MIT */
#include "overhead.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "real.h"
#include "say.h"

#define PROCESSES 256
#define NVML_NO_VALUE UINT64_MAX
static const char pci_prefix[] = "pci:";

static struct {
	pthread_mutex_t lock;
	enum { NVML_UNTRIED, NVML_READY, NVML_NONE } state;
	nvmlProcessInfo_t processes[PROCESSES];
	bool said;
} overhead = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* It stays initialised: the program's own nvmlShutdown takes back its own nvmlInit alone. */
static bool is_ready(const struct nvml_real *real)
{
	if (overhead.state == NVML_UNTRIED)
		overhead.state = real->nvmlInit_v2 && real->nvmlDeviceGetHandleByPciBusId_v2 &&
					 real->nvmlDeviceGetComputeRunningProcesses_v3 &&
					 real->nvmlInit_v2() == NVML_SUCCESS
				     ? NVML_READY
				     : NVML_NONE;
	return overhead.state == NVML_READY;
}

static bool ask(const char *id, uint64_t *bytes)
{
	const struct nvml_real *real = nvml_real();
	const uint32_t pid = (uint32_t)getpid();
	unsigned int count = PROCESSES;
	nvmlDevice_t device;

	if (strncmp(id, pci_prefix, sizeof(pci_prefix) - 1) || !is_ready(real) ||
	    real->nvmlDeviceGetHandleByPciBusId_v2(id + sizeof(pci_prefix) - 1, &device) ||
	    real->nvmlDeviceGetComputeRunningProcesses_v3(device, &count, overhead.processes))
		return false;
	*bytes = 0;
	/* One row for each GPU instance in which it has contexts. */
	for (unsigned int i = 0; i < count && i < PROCESSES; i++) {
		const nvmlProcessInfo_t *process = &overhead.processes[i];

		if (process->pid != pid || process->usedGpuMemory == NVML_NO_VALUE)
			continue;
		*bytes += process->usedGpuMemory;
	}
	return true;
}

bool overhead_usage(const char *id, uint64_t *bytes)
{
	bool answered;

	pthread_mutex_lock(&overhead.lock);
	answered = ask(id, bytes);
	if ((!answered || !*bytes) && !overhead.said) {
		overhead.said = true;
		say_detail("%s: NVML does not tell what this process has, as in another PID "
			   "namespace: contexts and modules are not counted",
			   id);
	}
	pthread_mutex_unlock(&overhead.lock);
	return answered;
}

void overhead_after_fork(void)
{
	overhead.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	overhead.state = NVML_UNTRIED;
}
