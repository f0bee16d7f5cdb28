/* The part of Level Zero's interface that the fake has: declarations of ze_api.h
 * (specification 1.10). */
#ifndef MVGAL_FAKE_LEVEL_ZERO_H
#define MVGAL_FAKE_LEVEL_ZERO_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t ze_result_t;
typedef int ze_structure_type_t;
typedef int ze_device_type_t;
typedef struct _ze_driver_handle_t *ze_driver_handle_t;
typedef struct _ze_device_handle_t *ze_device_handle_t;

enum {
	ZE_RESULT_SUCCESS = 0,
	ZE_RESULT_ERROR_UNINITIALIZED = 0x78000001,
	ZE_RESULT_ERROR_UNSUPPORTED_FEATURE = 0x78000003,
	ZE_RESULT_ERROR_INVALID_ARGUMENT = 0x78000004,
};

enum {
	ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES = 0x1,
	ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES = 0x3,
	ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES = 0x7,
	ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES = 0x6,
	ZE_STRUCTURE_TYPE_CONTEXT_DESC = 0xd,
	ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC = 0xe,
	ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC = 0xf,
	ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC = 0x15,
	ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC = 0x16,
	ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMPORT_FD = 0x19,
	ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES = 0x10008,
	ZE_STRUCTURE_TYPE_INIT_DRIVER_TYPE_DESC = 0x00020021,
};

#define ZE_DEVICE_TYPE_GPU 1
#define ZE_DEVICE_PROPERTY_FLAG_INTEGRATED 1u

typedef struct {
	uint8_t id[16];
} ze_driver_uuid_t;

typedef struct {
	uint8_t id[16];
} ze_device_uuid_t;

typedef struct {
	ze_structure_type_t stype;
	void *pNext;
	ze_driver_uuid_t uuid;
	uint32_t driverVersion;
} ze_driver_properties_t;

typedef struct {
	ze_structure_type_t stype;
	void *pNext;
	ze_device_type_t type;
	uint32_t vendorId;
	uint32_t deviceId;
	uint32_t flags;
	uint32_t subdeviceId;
	uint32_t coreClockRate;
	uint64_t maxMemAllocSize;
	uint32_t maxHardwareContexts;
	uint32_t maxCommandQueuePriority;
	uint32_t numThreadsPerEU;
	uint32_t physicalEUSimdWidth;
	uint32_t numEUsPerSubslice;
	uint32_t numSubslicesPerSlice;
	uint32_t numSlices;
	uint64_t timerResolution;
	uint32_t timestampValidBits;
	uint32_t kernelTimestampValidBits;
	ze_device_uuid_t uuid;
	char name[256];
} ze_device_properties_t;

typedef struct {
	ze_structure_type_t stype;
	void *pNext;
	uint32_t flags;
	uint32_t maxClockRate;
	uint32_t maxBusWidth;
	uint64_t totalSize;
	char name[256];
} ze_device_memory_properties_t;

typedef struct {
	uint32_t domain;
	uint32_t bus;
	uint32_t device;
	uint32_t function;
} ze_pci_address_ext_t;

typedef struct {
	int32_t genVersion;
	int32_t width;
	int64_t maxBandwidth;
} ze_pci_speed_ext_t;

typedef struct {
	ze_structure_type_t stype;
	void *pNext;
	ze_pci_address_ext_t address;
	ze_pci_speed_ext_t maxSpeed;
} ze_pci_ext_properties_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
} ze_init_driver_type_desc_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
} ze_context_desc_t;

typedef struct {
	ze_structure_type_t stype;
	void *pNext;
	uint32_t flags;
	size_t maxMemoryFillPatternSize;
	uint32_t numQueues;
} ze_command_queue_group_properties_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t ordinal;
	uint32_t index;
	uint32_t flags;
	int mode;
	int priority;
} ze_command_queue_desc_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t commandQueueGroupOrdinal;
	uint32_t flags;
} ze_command_list_desc_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
	uint32_t ordinal;
} ze_device_mem_alloc_desc_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
} ze_host_mem_alloc_desc_t;

typedef struct {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
	int fd;
} ze_external_memory_import_fd_t;

#endif
