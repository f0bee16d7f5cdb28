/*
 * A libdrm.so.2 to which every descriptor is the DRM node that devices.txt describes.
 *
 * Keys: driver NAME, version MAJOR MINOR PATCH, description TEXT, node (0 primary, 2 render), bus
 * (0 is PCI), pci 0000:06:00.0, pci_ids (0x1002 0x73bf 0x1002 0x0e3a).
 */
#include "description.h"
#include <xf86drm.h>

/* How many structures were given out and not yet freed. */
static int held;

EXPORT int fake_held(void)
{
	return held;
}

EXPORT drmVersionPtr drmGetVersion(int fd)
{
	struct fake_section *system = &fake.sections[0];
	drmVersionPtr version;

	(void)fd;
	if (!fake_load() || !fake_text(system, "driver"))
		return NULL;
	version = calloc(1, sizeof(*version));
	version->name = strdup(fake_text(system, "driver"));
	version->name_len = (int)strlen(version->name);
	version->desc = strdup(fake_text(system, "description"));
	version->desc_len = (int)strlen(version->desc);
	sscanf(fake_text(system, "version"), "%d %d %d", &version->version_major,
	       &version->version_minor, &version->version_patchlevel);
	held++;
	return version;
}

EXPORT void drmFreeVersion(drmVersionPtr version)
{
	free(version->name);
	free(version->desc);
	free(version);
	held--;
}

EXPORT int drmGetNodeTypeFromFd(int fd)
{
	uint64_t node;

	(void)fd;
	return fake_load() && fake_number(&fake.sections[0], "node", &node) ? (int)node : -1;
}

EXPORT int drmGetDevice2(int fd, uint32_t flags, drmDevicePtr *out)
{
	struct fake_section *system = &fake.sections[0];
	unsigned int part[4] = {0};
	drmDevicePtr device;
	uint64_t bus;

	(void)fd;
	if (flags != 0 || !fake_load() || !fake_number(system, "bus", &bus))
		return -22;
	device = calloc(1, sizeof(*device) + sizeof(drmPciBusInfo) + sizeof(drmPciDeviceInfo));
	device->bustype = (int)bus;
	device->businfo.pci = (drmPciBusInfoPtr)(device + 1);
	device->deviceinfo.pci = (drmPciDeviceInfoPtr)(device->businfo.pci + 1);
	if (bus == DRM_BUS_PCI) {
		sscanf(fake_text(system, "pci"), "%x:%x:%x.%x", &part[0], &part[1], &part[2],
		       &part[3]);
		*device->businfo.pci = (drmPciBusInfo){(uint16_t)part[0], (uint8_t)part[1],
						       (uint8_t)part[2], (uint8_t)part[3]};
		sscanf(fake_text(system, "pci_ids"), "%x %x %x %x", &part[0], &part[1], &part[2],
		       &part[3]);
		*device->deviceinfo.pci =
		    (drmPciDeviceInfo){(uint16_t)part[0], (uint16_t)part[1], (uint16_t)part[2],
				       (uint16_t)part[3], 0xff};
	}
	*out = device;
	held++;
	return 0;
}

EXPORT void drmFreeDevice(drmDevicePtr *device)
{
	free(*device);
	*device = NULL;
	held--;
}
