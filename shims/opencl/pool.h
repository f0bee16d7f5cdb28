/* SPDX-License-Identifier: MIT */
/* The devices of all vendors that the one device is made of. */
#ifndef MVGAL_OPENCL_POOL_H
#define MVGAL_OPENCL_POOL_H

#include "opencl.h"

#define POOL_MEMBERS 16

struct member {
	cl_platform_id platform;
	cl_device_id device;
	cl_device_type type;
	unsigned int version; /* 120, 300 */
	cl_uint units, clock_mhz;
	double power; /* units times clock times what a unit does at once: what is thought of it */
	cl_ulong memory, largest; /* bytes: of the device, of one allocation */
	unsigned int listed;	  /* its place among all devices of the host */
	bool forgets_flushed;	  /* its clFinish does not wait for what was flushed */
	char name[128];
	char pci[24]; /* "0000:06:00.0"; empty where unknown */
};

struct pool {
	unsigned int count;
	struct member members[POOL_MEMBERS]; /* best first: what runs whole runs on the first */
	bool all_cpu;
	unsigned int version; /* the least */
};

/* Opens the vendors' libraries at the first call. Never NULL; without members where there are none.
 */
const struct pool *pool(void);

/* A text of a device; empty where it has none. */
void member_text(const struct member *member, cl_device_info name, char *text, size_t room);

#endif
