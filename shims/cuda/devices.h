/* SPDX-License-Identifier: MIT */
/* The GPUs as the program numbers them, and their stable names. */
#ifndef MVGAL_CUDA_DEVICES_H
#define MVGAL_CUDA_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "mvgal_session.h"

struct device {
	CUdevice device;
	/* pci:0000:06:00.0, and NVIDIA's own: GPU-01234567-89ab-cdef-0123-456789abcdef. */
	char id[64];
	char uuid[48];
	/* Its row in the session's page. */
	uint32_t row;
};

/* A GPU; NULL for one that cannot be told. What is given stays. */
const struct device *device_of(CUdevice device);

/* One that the program does not see, under a number that none has which it sees. */
const struct device *device_unseen(CUdevice number, const char *id, const char *uuid);

/* The names of a GPU as the driver has them. */
bool device_names(CUdevice device, char id[64], char uuid[48]);

/* That of the calling thread's context; NULL where it has none. */
const struct device *device_current(void);

#endif
