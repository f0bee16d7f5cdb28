/*
 * A libze_loader.so.1 with one driver that lists the devices of devices.txt.
 *
 * Built with -DOLD_DRIVER it is a loader from before zeInitDrivers, and without PCI properties.
 *
 * Keys of the system: api_version (0x10006), driver_version. Keys of a device: name, type (1 is a
 * GPU), vendor, id, flags, uuid (32 hexadecimal digits), pci (0000:03:00.0). Keys of an instance,
 * which is one memory of the device: bytes.
 */
#include "abi/level_zero.h"
#include "description.h"

static int initialised;

#define CHECKED(section)                                                                           \
	do {                                                                                       \
		long failure_;                                                                     \
		if (!initialised)                                                                  \
			return ZE_RESULT_ERROR_UNINITIALIZED;                                      \
		failure_ = fake_failure((struct fake_section *)(section), __func__);               \
		if (failure_)                                                                      \
			return (ze_result_t)failure_;                                              \
	} while (0)

static uint64_t number(const void *section, const char *key)
{
	uint64_t value = 0;

	fake_number(section, key, &value);
	return value;
}

static ze_result_t initialise(void)
{
	if (!fake_load())
		return ZE_RESULT_ERROR_UNINITIALIZED;
	initialised = 1;
	return (ze_result_t)fake_failure(&fake.sections[0], "zeInit");
}

static ze_result_t list(uint32_t *count, void **out, enum fake_kind kind)
{
	uint32_t there = (uint32_t)fake_count(kind, NULL);

	for (uint32_t i = 0; out && i < *count && i < there; i++)
		out[i] = fake_find(kind, NULL, (int)i);
	*count = there;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeInit(uint32_t flags)
{
	(void)flags;
	return initialise();
}

EXPORT ze_result_t zeDriverGet(uint32_t *count, ze_driver_handle_t *drivers)
{
	CHECKED(&fake.sections[0]);
	return list(count, (void **)drivers, FAKE_SYSTEM);
}

EXPORT ze_result_t zeDriverGetApiVersion(ze_driver_handle_t driver, uint32_t *version)
{
	CHECKED(driver);
	*version = (uint32_t)number(driver, "api_version");
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeDriverGetProperties(ze_driver_handle_t driver,
					 ze_driver_properties_t *properties)
{
	CHECKED(driver);
	if (properties->stype != ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES || properties->pNext)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	properties->driverVersion = (uint32_t)number(driver, "driver_version");
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeDeviceGet(ze_driver_handle_t driver, uint32_t *count,
			       ze_device_handle_t *devices)
{
	CHECKED(driver);
	return list(count, (void **)devices, FAKE_DEVICE);
}

EXPORT ze_result_t zeDeviceGetProperties(ze_device_handle_t device,
					 ze_device_properties_t *properties)
{
	const char *uuid, *name;
	unsigned int byte;

	CHECKED(device);
	if (properties->stype != ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES || properties->pNext)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	properties->type = (ze_device_type_t)number(device, "type");
	properties->vendorId = (uint32_t)number(device, "vendor");
	properties->deviceId = (uint32_t)number(device, "id");
	properties->flags = (uint32_t)number(device, "flags");
	properties->timerResolution = 52;
	uuid = fake_text((struct fake_section *)device, "uuid");
	for (int i = 0; uuid && i < 16 && sscanf(uuid + 2 * i, "%2x", &byte) == 1; i++)
		properties->uuid.id[i] = (uint8_t)byte;
	name = fake_text((struct fake_section *)device, "name");
	snprintf(properties->name, sizeof(properties->name), "%s", name ? name : "");
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeDeviceGetMemoryProperties(ze_device_handle_t device, uint32_t *count,
					       ze_device_memory_properties_t *properties)
{
	struct fake_section *section = (struct fake_section *)device;
	uint32_t there = (uint32_t)fake_count(FAKE_INSTANCE, section);

	CHECKED(device);
	for (uint32_t i = 0; properties && i < *count && i < there; i++) {
		if (properties[i].stype != ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES)
			return ZE_RESULT_ERROR_INVALID_ARGUMENT;
		properties[i].totalSize =
		    number(fake_find(FAKE_INSTANCE, section, (int)i), "bytes");
	}
	*count = there;
	return ZE_RESULT_SUCCESS;
}

#ifndef OLD_DRIVER

EXPORT ze_result_t zeInitDrivers(uint32_t *count, ze_driver_handle_t *drivers,
				 const ze_init_driver_type_desc_t *description)
{
	ze_result_t result = ZE_RESULT_ERROR_INVALID_ARGUMENT;

	if (description->stype == ZE_STRUCTURE_TYPE_INIT_DRIVER_TYPE_DESC &&
	    description->flags == 1)
		result = initialise();
	return result ? result : list(count, (void **)drivers, FAKE_SYSTEM);
}

EXPORT ze_result_t zeDevicePciGetPropertiesExt(ze_device_handle_t device,
					       ze_pci_ext_properties_t *properties)
{
	const char *address = device ? fake_text((struct fake_section *)device, "pci") : NULL;
	ze_pci_address_ext_t *at = &properties->address;

	CHECKED(device);
	if (properties->stype != ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	if (!address ||
	    sscanf(address, "%x:%x:%x.%x", &at->domain, &at->bus, &at->device, &at->function) != 4)
		return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
	properties->maxSpeed.genVersion = -1;
	properties->maxSpeed.width = -1;
	properties->maxSpeed.maxBandwidth = -1;
	return ZE_RESULT_SUCCESS;
}

#endif
