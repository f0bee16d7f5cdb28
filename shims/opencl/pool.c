/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "vendors.h"

#define DEVICES 64

/* cl_khr_pci_bus_info, cl_nv_device_attribute_query, cl_amd_device_attribute_query */
#define PCI_BUS_INFO_KHR 0x410F
#define PCI_BUS_ID_NV 0x4008
#define PCI_SLOT_ID_NV 0x4009
#define PCI_DOMAIN_ID_NV 0x400A
#define TOPOLOGY_AMD 0x4037

static struct pool the_pool;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool number(cl_device_id device, cl_device_info name, void *value, size_t size)
{
	return of(device)->clGetDeviceInfo(device, name, size, value, NULL) == CL_SUCCESS;
}

void member_text(const struct member *member, cl_device_info name, char *text, size_t room)
{
	text[0] = '\0';
	if (of(member->device)->clGetDeviceInfo(member->device, name, room, text, NULL) !=
	    CL_SUCCESS)
		text[0] = '\0';
	text[room - 1] = '\0';
}

static void read_pci(struct member *member)
{
	cl_uint khr[4], bus, slot, domain = 0;
	unsigned char amd[24];

	if (number(member->device, PCI_BUS_INFO_KHR, khr, sizeof(khr)))
		snprintf(member->pci, sizeof(member->pci), "%04x:%02x:%02x.%x", khr[0] & 0xffff,
			 khr[1] & 0xff, khr[2] & 0xff, khr[3] & 7);
	else if (number(member->device, PCI_BUS_ID_NV, &bus, sizeof(bus)) &&
		 number(member->device, PCI_SLOT_ID_NV, &slot, sizeof(slot))) {
		number(member->device, PCI_DOMAIN_ID_NV, &domain, sizeof(domain));
		snprintf(member->pci, sizeof(member->pci), "%04x:%02x:%02x.%x", domain & 0xffff,
			 bus & 0xff, (slot >> 3) & 0x1f, slot & 7);
	} else if (number(member->device, TOPOLOGY_AMD, amd, sizeof(amd)))
		snprintf(member->pci, sizeof(member->pci), "0000:%02x:%02x.%x", amd[21], amd[22],
			 amd[23] & 7);
}

/* Mended in Mesa 23, and in clvk in 2021: whatever their version, it costs little there. */
static bool forgets_flushed(cl_platform_id platform)
{
	char name[32] = "";

	if (of(platform)->clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name) - 1, name,
					    NULL) != CL_SUCCESS)
		return false;
	return !strcmp(name, "rusticl") || !strcmp(name, "clvk");
}

/* What vendors mean by a compute unit: lanes of 32 bits. */
static unsigned int lanes_of(const struct member *member)
{
	cl_uint vendor = 0;

	if (!(member->type & CL_DEVICE_TYPE_GPU))
		return 8;
	number(member->device, CL_DEVICE_VENDOR_ID, &vendor, sizeof(vendor));
	switch (vendor) {
	case 0x8086: /* execution units */
		return 8;
	case 0x10de: /* multiprocessors */
	case 0x1ed5:
		return 128;
	default: /* AMD's compute units, and others' */
		return 64;
	}
}

static bool describe(struct member *member, cl_platform_id platform, cl_device_id device)
{
	cl_bool available = CL_FALSE, compiler = CL_FALSE;
	unsigned int major = 1, minor = 0;
	char version[128];

	memset(member, 0, sizeof(*member));
	member->platform = platform;
	member->device = device;
	if (!device || !of(device) ||
	    !number(device, CL_DEVICE_TYPE, &member->type, sizeof(member->type)) ||
	    !number(device, CL_DEVICE_AVAILABLE, &available, sizeof(available)) ||
	    !number(device, CL_DEVICE_COMPILER_AVAILABLE, &compiler, sizeof(compiler)) ||
	    !available || !compiler || member->type & CL_DEVICE_TYPE_CUSTOM)
		return false;
	member_text(member, CL_DEVICE_VERSION, version, sizeof(version));
	if (sscanf(version, "OpenCL %u.%u", &major, &minor) != 2)
		return false;
	member->version = major * 100 + minor * 10;
	if (member->version < 120)
		return false;
	member_text(member, CL_DEVICE_NAME, member->name, sizeof(member->name));
	number(device, CL_DEVICE_MAX_COMPUTE_UNITS, &member->units, sizeof(member->units));
	number(device, CL_DEVICE_MAX_CLOCK_FREQUENCY, &member->clock_mhz,
	       sizeof(member->clock_mhz));
	member->power = (double)(member->units ? member->units : 1) *
			(member->clock_mhz ? member->clock_mhz : 1) * lanes_of(member);
	number(device, CL_DEVICE_GLOBAL_MEM_SIZE, &member->memory, sizeof(member->memory));
	number(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, &member->largest, sizeof(member->largest));
	member->forgets_flushed = forgets_flushed(platform);
	read_pci(member);
	return true;
}

struct listing {
	struct member members[DEVICES];
	unsigned int count, listed;
};

/* A GPU that two platforms have is one: the first has it. */
static bool is_known(const struct listing *listing, const struct member *member)
{
	for (unsigned int i = 0; member->pci[0] && i < listing->count; i++)
		if (!strcmp(listing->members[i].pci, member->pci))
			return true;
	return false;
}

static void take_platform(cl_platform_id platform, void *data)
{
	struct listing *listing = data;
	cl_device_id devices[DEVICES] = {NULL};
	cl_uint count = 0;

	if (of(platform)->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, DEVICES, devices, &count) !=
	    CL_SUCCESS)
		return;
	for (cl_uint i = 0; i < count && i < DEVICES && listing->count < DEVICES; i++) {
		struct member *member = &listing->members[listing->count];

		if (!describe(member, platform, devices[i]) || is_known(listing, member))
			continue;
		member->listed = listing->listed++;
		if (member->listed < 64 && settings()->mask >> member->listed & 1)
			listing->count++;
	}
}

/* GPUs first, then accelerators; of a kind the one that is thought to be fastest. */
static int by_rank(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	const int kind_a = a->type & CL_DEVICE_TYPE_GPU ? 0 : a->type & CL_DEVICE_TYPE_CPU ? 2 : 1;
	const int kind_b = b->type & CL_DEVICE_TYPE_GPU ? 0 : b->type & CL_DEVICE_TYPE_CPU ? 2 : 1;

	if (kind_a != kind_b)
		return kind_a - kind_b;
	if (a->power > b->power || a->power < b->power)
		return a->power > b->power ? -1 : 1;
	return a->listed < b->listed ? -1 : 1;
}

static void take_pool(void)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return;
	vendors_each(settings()->vendors, take_platform, listing);
	qsort(listing->members, listing->count, sizeof(*listing->members), by_rank);
	the_pool.count = listing->count < POOL_MEMBERS ? listing->count : POOL_MEMBERS;
	the_pool.all_cpu = true;
	the_pool.version = 300;
	for (unsigned int i = 0; i < the_pool.count; i++) {
		const struct member *member = &listing->members[i];

		the_pool.members[i] = *member;
		if (!(member->type & CL_DEVICE_TYPE_CPU))
			the_pool.all_cpu = false;
		/* 2.x asks for shared virtual memory, which a pool has not: 1.2 then. */
		if (member->version < 300)
			the_pool.version = 120;
		if (settings()->debug)
			say("opencl: member %u is %s, %u units at %u MHz%s%s", i, member->name,
			    member->units, member->clock_mhz, member->pci[0] ? ", pci:" : "",
			    member->pci);
	}
	free(listing);
}

const struct pool *pool(void)
{
	pthread_once(&once, take_pool);
	return &the_pool;
}
