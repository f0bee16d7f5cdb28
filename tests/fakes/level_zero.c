/*
 * A libze_loader.so.1 with one driver that lists the devices of devices.txt, and copies between them.
 *
 * Built with -DOLD_DRIVER it is a loader from before zeInitDrivers, and without PCI properties.
 *
 * Keys of the system: api_version (0x10006), driver_version. Keys of a device: name, type (1 is a
 * GPU), vendor, id, flags, uuid (32 hexadecimal digits), pci (0000:03:00.0), peers (the positions of
 * the devices that it reaches), queue_groups (flags of each: 1 computes, 2 copies). Keys of an instance,
 * which is one memory of the device: bytes.
 */
#include "abi/level_zero.h"
#include "description.h"
#include "memory.h"

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

/* Copies: one context, lists of copies that run when their queue is given them. */

typedef struct _ze_context_handle_t {
	ze_driver_handle_t driver;
} *ze_context_handle_t;

typedef struct _ze_command_queue_handle_t {
	ze_device_handle_t device;
	uint32_t ordinal;
} *ze_command_queue_handle_t;

struct fake_copy {
	void *to;
	const void *from;
	size_t size;
};

typedef struct _ze_command_list_handle_t {
	ze_device_handle_t device;
	uint32_t ordinal;
	int is_closed, count, needs_barrier;
	struct fake_copy copies[256];
} *ze_command_list_handle_t;

static int objects;

EXPORT int fakeLeftovers(void)
{
	return fake_leaks() + objects;
}

static int position_of(ze_device_handle_t device)
{
	for (int i = 0; i < fake_count(FAKE_DEVICE, NULL); i++)
		if (fake_find(FAKE_DEVICE, NULL, i) == (struct fake_section *)device)
			return i;
	return -2;
}

static void *new_object(size_t size)
{
	objects++;
	return calloc(1, size);
}

static ze_result_t end_object(void *object)
{
	objects--;
	free(object);
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeContextCreate(ze_driver_handle_t driver, const ze_context_desc_t *desc,
				   ze_context_handle_t *context)
{
	CHECKED(driver);
	if (desc->stype != ZE_STRUCTURE_TYPE_CONTEXT_DESC || desc->pNext || desc->flags)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	*context = new_object(sizeof(**context));
	(*context)->driver = driver;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeContextDestroy(ze_context_handle_t context)
{
	return end_object(context);
}

EXPORT ze_result_t zeDeviceCanAccessPeer(ze_device_handle_t device, ze_device_handle_t peer,
					 uint8_t *can)
{
	const char *peers = fake_text((struct fake_section *)device, "peers");
	char wanted[16], list[256];

	CHECKED(device);
	snprintf(wanted, sizeof(wanted), " %d ", position_of(peer));
	snprintf(list, sizeof(list), " %s ", peers ? peers : "");
	*can = strstr(list, wanted) != NULL;
	return ZE_RESULT_SUCCESS;
}

/* The flags of a queue group; 0 where there is none. */
static uint32_t group_flags(ze_device_handle_t device, uint32_t ordinal)
{
	const char *groups = fake_text((struct fake_section *)device, "queue_groups");
	char *end = (char *)groups;
	uint32_t flags = 0;

	for (uint32_t i = 0; groups && i <= ordinal; i++) {
		const char *from = end;
		flags = (uint32_t)strtoul(from, &end, 0);
		if (end == from)
			return 0;
	}
	return flags;
}

EXPORT ze_result_t
zeDeviceGetCommandQueueGroupProperties(ze_device_handle_t device, uint32_t *count,
				       ze_command_queue_group_properties_t *properties)
{
	uint32_t there = 0;

	CHECKED(device);
	while (group_flags(device, there))
		there++;
	for (uint32_t i = 0; properties && i < *count && i < there; i++) {
		if (properties[i].stype != ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES)
			return ZE_RESULT_ERROR_INVALID_ARGUMENT;
		properties[i].flags = group_flags(device, i);
		properties[i].maxMemoryFillPatternSize = 16;
		properties[i].numQueues = 1;
	}
	*count = there;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t allocate(size_t size, int owner, void **out)
{
	*out = fake_allocate(size, owner);
	return *out ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_INVALID_ARGUMENT;
}

EXPORT ze_result_t zeMemAllocDevice(ze_context_handle_t context,
				    const ze_device_mem_alloc_desc_t *desc, size_t size,
				    size_t alignment, ze_device_handle_t device, void **out)
{
	CHECKED(device);
	if (!context || desc->stype != ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC || desc->flags ||
	    desc->ordinal || alignment > 4096)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	if (desc->pNext) {
		const ze_external_memory_import_fd_t *import = desc->pNext;

		if (import->stype != ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMPORT_FD ||
		    import->flags != 1 || import->pNext)
			return ZE_RESULT_ERROR_INVALID_ARGUMENT;
		*out = fake_import(import->fd, 0, size, position_of(device));
		return *out ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_INVALID_ARGUMENT;
	}
	return allocate(size, position_of(device), out);
}

EXPORT ze_result_t zeMemAllocHost(ze_context_handle_t context, const ze_host_mem_alloc_desc_t *desc,
				  size_t size, size_t alignment, void **out)
{
	if (!context || desc->stype != ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC || desc->pNext ||
	    desc->flags || alignment > 4096)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	return allocate(size, FAKE_HOST, out);
}

EXPORT ze_result_t zeMemFree(ze_context_handle_t context, void *pointer)
{
	if (!context || !(fake_release(pointer, true) || fake_release(pointer, false)))
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandQueueCreate(ze_context_handle_t context, ze_device_handle_t device,
					const ze_command_queue_desc_t *desc,
					ze_command_queue_handle_t *queue)
{
	CHECKED(device);
	if (!context || desc->stype != ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC || desc->pNext ||
	    !group_flags(device, desc->ordinal) || desc->index || desc->mode != 2)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	*queue = new_object(sizeof(**queue));
	(*queue)->device = device;
	(*queue)->ordinal = desc->ordinal;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandQueueDestroy(ze_command_queue_handle_t queue)
{
	return end_object(queue);
}

EXPORT ze_result_t zeCommandListCreate(ze_context_handle_t context, ze_device_handle_t device,
				       const ze_command_list_desc_t *desc,
				       ze_command_list_handle_t *list)
{
	CHECKED(device);
	if (!context || desc->stype != ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC || desc->pNext)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	*list = new_object(sizeof(**list));
	(*list)->device = device;
	(*list)->ordinal = desc->commandQueueGroupOrdinal;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandListDestroy(ze_command_list_handle_t list)
{
	return end_object(list);
}

EXPORT ze_result_t zeCommandListAppendMemoryCopy(ze_command_list_handle_t list, void *to,
						 const void *from, size_t size, void *signal,
						 uint32_t waits, void **events)
{
	if (list->is_closed || list->count == 256 || list->needs_barrier || signal || waits ||
	    events || fake_owner(to, size) == -2 || fake_owner(from, size) == -2)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	list->copies[list->count++] = (struct fake_copy){ to, from, size };
	/* Copies of one list are not ordered by themselves. */
	list->needs_barrier = 1;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandListAppendBarrier(ze_command_list_handle_t list, void *signal,
					      uint32_t waits, void **events)
{
	if (list->is_closed || signal || waits || events)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	list->needs_barrier = 0;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandListClose(ze_command_list_handle_t list)
{
	list->is_closed = 1;
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandQueueExecuteCommandLists(ze_command_queue_handle_t queue,
						     uint32_t count,
						     ze_command_list_handle_t *lists, void *fence)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!lists[i]->is_closed || fence || lists[i]->device != queue->device ||
		    lists[i]->ordinal != queue->ordinal)
			return ZE_RESULT_ERROR_INVALID_ARGUMENT;
		for (int j = 0; j < lists[i]->count; j++)
			memcpy(lists[i]->copies[j].to, lists[i]->copies[j].from,
			       lists[i]->copies[j].size);
	}
	return ZE_RESULT_SUCCESS;
}

EXPORT ze_result_t zeCommandQueueSynchronize(ze_command_queue_handle_t queue, uint64_t timeout)
{
	(void)timeout;
	return queue ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_INVALID_ARGUMENT;
}
