/* SPDX-License-Identifier: MIT */
/* The GPUs as the program numbers them, and their stable names. */
#ifndef MVGAL_CUDA_DEVICES_H
#define MVGAL_CUDA_DEVICES_H

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

/* That of the calling thread's context; NULL where it has none. */
const struct device *device_current(void);

#endif
