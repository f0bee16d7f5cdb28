/*
 * A Vulkan layer that makes devices fail.
 *
 * All is set by environment variables, and read when an instance is created:
 *
 *   MVGAL_FAULT_DEVICE         part of the name of the devices that fail; all where it is not set
 *   MVGAL_FAULT                lose: submissions and waits give VK_ERROR_DEVICE_LOST
 *                              hang: submissions are swallowed; waits with a limit give VK_TIMEOUT at
 *                              once, those without one never return
 *   MVGAL_FAULT_AFTER          how many submissions of the device succeed before that
 *   MVGAL_FAULT_MARKER         instead: a file, from whose existence on the device fails
 *   MVGAL_FAULT_MEMORY_LIMIT   larger allocations, in bytes, give VK_ERROR_OUT_OF_DEVICE_MEMORY
 *   MVGAL_FAULT_TIMESTAMPS     no_bits: timestampValidBits is 0; no_period: timestampPeriod is 0
 *   MVGAL_FAULT_SLOW           how many times each dispatch is recorded; a fraction holds on average
 *
 * A hanging device that is destroyed, or whose memory is, says so on stderr: the specification
 * forbids it while submissions are pending (VUID-vkFreeMemory-memory-00677,
 * VUID-vkDestroyBuffer-buffer-00922).
 *
 * Handles are passed through. State is found by the dispatch table that a handle begins with, which
 * a device shares with its queues and command buffers (vk_layer.h, "Loader-layer interface").
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))
#define LAYER_NAME "VK_LAYER_MVGAL_fault"
#define MOST_OBJECTS 16

/* What is hooked of a device. */
#define DEVICE_FUNCTIONS(X)                                                                        \
	X(DestroyDevice)                                                                           \
	X(QueueSubmit) X(QueueSubmit2) X(WaitForFences) X(GetFenceStatus) X(WaitSemaphores)        \
	    X(GetSemaphoreCounterValue) X(GetEventStatus) X(DeviceWaitIdle) X(QueueWaitIdle)       \
		X(GetQueryPoolResults) X(AllocateMemory) X(FreeMemory) X(DestroyBuffer)            \
		    X(DestroyFence) X(DestroySemaphore) X(DestroyPipeline) X(DestroyQueryPool)     \
			X(DestroyCommandPool) X(DestroyDescriptorPool) X(CmdDispatch)

enum fault { FAULT_NONE, FAULT_LOSE, FAULT_HANG };

struct instance {
	void *key;
	PFN_vkGetInstanceProcAddr next;
	PFN_vkDestroyInstance destroy;
	PFN_vkGetPhysicalDeviceProperties properties;
	PFN_vkGetPhysicalDeviceProperties2 properties2;
	PFN_vkGetPhysicalDeviceQueueFamilyProperties families;
	PFN_vkGetPhysicalDeviceQueueFamilyProperties2 families2;
};

struct device {
	void *key;
	int chosen;
	int failing;
	unsigned long submits;
	double extra_dispatches;
	VkDevice handle;
	PFN_vkGetDeviceProcAddr next;
	PFN_vkCreateFence CreateFence;
#define NEXT(name) PFN_vk##name name;
	DEVICE_FUNCTIONS(NEXT)
#undef NEXT
};

static struct {
	pthread_mutex_t lock;
	struct instance instances[MOST_OBJECTS];
	struct device devices[MOST_OBJECTS];
	const char *device_name;
	enum fault fault;
	unsigned long after;
	const char *marker;
	VkDeviceSize memory_limit;
	int no_bits;
	int no_period;
	double slow;
} layer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *key_of(const void *handle)
{
	return *(void *const *)handle;
}

static struct instance *instance_of(const void *handle)
{
	struct instance *found = NULL;
	void *key = handle ? key_of(handle) : NULL;

	pthread_mutex_lock(&layer.lock);
	for (int i = 0; i < MOST_OBJECTS && key; i++)
		if (layer.instances[i].key == key)
			found = &layer.instances[i];
	pthread_mutex_unlock(&layer.lock);
	return found;
}

static struct device *device_of(const void *handle)
{
	struct device *found = NULL;
	void *key = handle ? key_of(handle) : NULL;

	pthread_mutex_lock(&layer.lock);
	for (int i = 0; i < MOST_OBJECTS && key; i++)
		if (layer.devices[i].key == key)
			found = &layer.devices[i];
	pthread_mutex_unlock(&layer.lock);
	return found;
}

static void read_settings(void)
{
	const char *fault = getenv("MVGAL_FAULT");
	const char *after = getenv("MVGAL_FAULT_AFTER");
	const char *limit = getenv("MVGAL_FAULT_MEMORY_LIMIT");
	const char *timestamps = getenv("MVGAL_FAULT_TIMESTAMPS");
	const char *slow = getenv("MVGAL_FAULT_SLOW");

	layer.device_name = getenv("MVGAL_FAULT_DEVICE");
	layer.fault = FAULT_NONE;
	if (fault && !strcmp(fault, "lose"))
		layer.fault = FAULT_LOSE;
	if (fault && !strcmp(fault, "hang"))
		layer.fault = FAULT_HANG;
	layer.after = after ? strtoul(after, NULL, 10) : 0;
	layer.marker = getenv("MVGAL_FAULT_MARKER");
	layer.memory_limit = limit ? strtoull(limit, NULL, 10) : 0;
	layer.no_bits = timestamps && !strcmp(timestamps, "no_bits");
	layer.no_period = timestamps && !strcmp(timestamps, "no_period");
	layer.slow = slow ? strtod(slow, NULL) : 1;
}

static int is_chosen(VkPhysicalDevice physical)
{
	const struct instance *instance = instance_of(physical);
	VkPhysicalDeviceProperties properties;

	if (!layer.device_name || !instance)
		return 1;
	instance->properties(physical, &properties);
	return strstr(properties.deviceName, layer.device_name) != NULL;
}

/* Whether a device has failed. Only submissions count, and only they make it fail. */
static int fails(struct device *device, enum fault fault, int is_submission)
{
	if (!device->chosen || layer.fault != fault)
		return 0;
	if (is_submission && !device->failing) {
		pthread_mutex_lock(&layer.lock);
		device->failing = layer.marker ? access(layer.marker, F_OK) == 0
					       : device->submits++ >= layer.after;
		pthread_mutex_unlock(&layer.lock);
	}
	return device->failing;
}

/* Says that something was destroyed that a hanging device may still use. */
static void accuse(struct device *device, const char *command)
{
	if (fails(device, FAULT_HANG, 0))
		fprintf(stderr, LAYER_NAME ": %s on a device that hangs\n", command);
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static VKAPI_ATTR void VKAPI_CALL
fault_GetPhysicalDeviceProperties(VkPhysicalDevice physical, VkPhysicalDeviceProperties *properties)
{
	instance_of(physical)->properties(physical, properties);
	if (layer.no_period && is_chosen(physical))
		properties->limits.timestampPeriod = 0;
}

static VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceProperties2(
    VkPhysicalDevice physical, VkPhysicalDeviceProperties2 *properties)
{
	instance_of(physical)->properties2(physical, properties);
	if (layer.no_period && is_chosen(physical))
		properties->properties.limits.timestampPeriod = 0;
}

static VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceQueueFamilyProperties(
    VkPhysicalDevice physical, uint32_t *count, VkQueueFamilyProperties *families)
{
	instance_of(physical)->families(physical, count, families);
	for (uint32_t i = 0; families && layer.no_bits && i < *count; i++)
		if (is_chosen(physical))
			families[i].timestampValidBits = 0;
}

static VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceQueueFamilyProperties2(
    VkPhysicalDevice physical, uint32_t *count, VkQueueFamilyProperties2 *families)
{
	instance_of(physical)->families2(physical, count, families);
	for (uint32_t i = 0; families && layer.no_bits && i < *count; i++)
		if (is_chosen(physical))
			families[i].queueFamilyProperties.timestampValidBits = 0;
}

/* What a lost device has been given before is over: its memory may go then (Vulkan 1.3, "Lost
 * Device"). What waits for a semaphore that nobody signals is not waited for. */
static void settle(struct device *device, VkQueue queue)
{
	const VkFenceCreateInfo info = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, NULL, 0};
	const uint64_t limit = 1000000000;
	VkFence fence;

	if (device->CreateFence(device->handle, &info, NULL, &fence) != VK_SUCCESS)
		return;
	if (device->QueueSubmit(queue, 0, NULL, fence) != VK_SUCCESS ||
	    device->WaitForFences(device->handle, 1, &fence, VK_TRUE, limit) == VK_SUCCESS)
		device->DestroyFence(device->handle, fence, NULL);
}

static int is_lost(struct device *device, VkQueue queue)
{
	const int was_failing = device->failing;

	if (!fails(device, FAULT_LOSE, 1))
		return 0;
	if (!was_failing)
		settle(device, queue);
	return 1;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_QueueSubmit(VkQueue queue, uint32_t count,
							const VkSubmitInfo *infos, VkFence fence)
{
	struct device *device = device_of(queue);

	if (is_lost(device, queue))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 1))
		return VK_SUCCESS;
	return device->QueueSubmit(queue, count, infos, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_QueueSubmit2(VkQueue queue, uint32_t count,
							 const VkSubmitInfo2 *infos, VkFence fence)
{
	struct device *device = device_of(queue);

	if (is_lost(device, queue))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 1))
		return VK_SUCCESS;
	return device->QueueSubmit2(queue, count, infos, fence);
}

/* A wait with a limit. */
static VkResult time_out(uint64_t timeout)
{
	if (timeout == UINT64_MAX)
		wait_for_ever();
	return VK_TIMEOUT;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_WaitForFences(VkDevice handle, uint32_t count,
							  const VkFence *fences, VkBool32 all,
							  uint64_t timeout)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 0))
		return time_out(timeout);
	return device->WaitForFences(handle, count, fences, all, timeout);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_WaitSemaphores(VkDevice handle,
							   const VkSemaphoreWaitInfo *info,
							   uint64_t timeout)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 0))
		return time_out(timeout);
	return device->WaitSemaphores(handle, info, timeout);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_GetFenceStatus(VkDevice handle, VkFence fence)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 0))
		return VK_NOT_READY;
	return device->GetFenceStatus(handle, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_GetSemaphoreCounterValue(VkDevice handle,
								     VkSemaphore semaphore,
								     uint64_t *value)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	return device->GetSemaphoreCounterValue(handle, semaphore, value);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_GetEventStatus(VkDevice handle, VkEvent event)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	return device->GetEventStatus(handle, event);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_DeviceWaitIdle(VkDevice handle)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 0))
		wait_for_ever();
	return device->DeviceWaitIdle(handle);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_QueueWaitIdle(VkQueue queue)
{
	struct device *device = device_of(queue);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 0))
		wait_for_ever();
	return device->QueueWaitIdle(queue);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_GetQueryPoolResults(VkDevice handle, VkQueryPool pool,
								uint32_t first, uint32_t count,
								size_t size, void *data,
								VkDeviceSize stride,
								VkQueryResultFlags flags)
{
	struct device *device = device_of(handle);

	if (fails(device, FAULT_LOSE, 0))
		return VK_ERROR_DEVICE_LOST;
	if (fails(device, FAULT_HANG, 0)) {
		if (flags & VK_QUERY_RESULT_WAIT_BIT)
			wait_for_ever();
		return VK_NOT_READY;
	}
	return device->GetQueryPoolResults(handle, pool, first, count, size, data, stride, flags);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_AllocateMemory(VkDevice handle,
							   const VkMemoryAllocateInfo *info,
							   const VkAllocationCallbacks *callbacks,
							   VkDeviceMemory *memory)
{
	struct device *device = device_of(handle);

	if (device->chosen && layer.memory_limit && info->allocationSize > layer.memory_limit)
		return VK_ERROR_OUT_OF_DEVICE_MEMORY;
	return device->AllocateMemory(handle, info, callbacks, memory);
}

static VKAPI_ATTR void VKAPI_CALL fault_CmdDispatch(VkCommandBuffer commands, uint32_t x,
						    uint32_t y, uint32_t z)
{
	struct device *device = device_of(commands);

	device->CmdDispatch(commands, x, y, z);
	if (!device->chosen)
		return;
	for (device->extra_dispatches += layer.slow - 1; device->extra_dispatches >= 1;
	     device->extra_dispatches--)
		device->CmdDispatch(commands, x, y, z);
}

#define DESTROYS(name, type)                                                                       \
	static VKAPI_ATTR void VKAPI_CALL fault_##name(VkDevice handle, type object,               \
						       const VkAllocationCallbacks *callbacks)     \
	{                                                                                          \
		struct device *device = device_of(handle);                                         \
                                                                                                   \
		accuse(device, "vk" #name);                                                        \
		device->name(handle, object, callbacks);                                           \
	}

DESTROYS(FreeMemory, VkDeviceMemory)
DESTROYS(DestroyBuffer, VkBuffer)
DESTROYS(DestroyFence, VkFence)
DESTROYS(DestroySemaphore, VkSemaphore)
DESTROYS(DestroyPipeline, VkPipeline)
DESTROYS(DestroyQueryPool, VkQueryPool)
DESTROYS(DestroyCommandPool, VkCommandPool)
DESTROYS(DestroyDescriptorPool, VkDescriptorPool)

static VKAPI_ATTR void VKAPI_CALL fault_DestroyDevice(VkDevice handle,
						      const VkAllocationCallbacks *callbacks)
{
	struct device *device = device_of(handle);
	PFN_vkDestroyDevice destroy;

	if (!device)
		return;
	accuse(device, "vkDestroyDevice");
	destroy = device->DestroyDevice;
	pthread_mutex_lock(&layer.lock);
	memset(device, 0, sizeof(*device));
	pthread_mutex_unlock(&layer.lock);
	destroy(handle, callbacks);
}

static VKAPI_ATTR void VKAPI_CALL fault_DestroyInstance(VkInstance handle,
							const VkAllocationCallbacks *callbacks)
{
	struct instance *instance = instance_of(handle);
	PFN_vkDestroyInstance destroy;

	if (!instance)
		return;
	for (int i = 0; i < MOST_OBJECTS; i++)
		if (layer.devices[i].key)
			accuse(&layer.devices[i], "vkDestroyInstance");
	destroy = instance->destroy;
	pthread_mutex_lock(&layer.lock);
	memset(instance, 0, sizeof(*instance));
	pthread_mutex_unlock(&layer.lock);
	destroy(handle, callbacks);
}

/* The loader's note for this layer in a chain of structures that create something; void as types
 * differ. */
static void *link_of(const void *chain, VkStructureType type)
{
	const VkBaseInStructure *at = chain;

	/* VkLayerInstanceCreateInfo and VkLayerDeviceCreateInfo begin alike. */
	while (at && !(at->sType == type &&
		       ((const VkLayerInstanceCreateInfo *)at)->function == VK_LAYER_LINK_INFO))
		at = at->pNext;
	return (void *)at;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_CreateInstance(const VkInstanceCreateInfo *info,
							   const VkAllocationCallbacks *callbacks,
							   VkInstance *handle)
{
	VkLayerInstanceCreateInfo *link =
	    link_of(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
	struct instance *free_slot = NULL;
	PFN_vkGetInstanceProcAddr next;
	VkResult result;

	if (!link || !link->u.pLayerInfo)
		return VK_ERROR_INITIALIZATION_FAILED;
	next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
	link->u.pLayerInfo = link->u.pLayerInfo->pNext;
	result = ((PFN_vkCreateInstance)next(NULL, "vkCreateInstance"))(info, callbacks, handle);
	if (result != VK_SUCCESS)
		return result;
	pthread_mutex_lock(&layer.lock);
	read_settings();
	for (int i = MOST_OBJECTS - 1; i >= 0; i--)
		if (!layer.instances[i].key)
			free_slot = &layer.instances[i];
	if (free_slot) {
		free_slot->key = key_of(*handle);
		free_slot->next = next;
#define LOOK_UP(field, name) free_slot->field = (PFN_vk##name)next(*handle, "vk" #name)
		LOOK_UP(destroy, DestroyInstance);
		LOOK_UP(properties, GetPhysicalDeviceProperties);
		LOOK_UP(properties2, GetPhysicalDeviceProperties2);
		LOOK_UP(families, GetPhysicalDeviceQueueFamilyProperties);
		LOOK_UP(families2, GetPhysicalDeviceQueueFamilyProperties2);
#undef LOOK_UP
	}
	pthread_mutex_unlock(&layer.lock);
	return free_slot ? VK_SUCCESS : VK_ERROR_INITIALIZATION_FAILED;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_CreateDevice(VkPhysicalDevice physical,
							 const VkDeviceCreateInfo *info,
							 const VkAllocationCallbacks *callbacks,
							 VkDevice *handle)
{
	VkLayerDeviceCreateInfo *link =
	    link_of(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
	struct device *free_slot = NULL;
	PFN_vkGetInstanceProcAddr next_of_instance;
	PFN_vkGetDeviceProcAddr next;
	int chosen = is_chosen(physical);
	VkResult result;

	if (!link || !link->u.pLayerInfo)
		return VK_ERROR_INITIALIZATION_FAILED;
	next_of_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
	next = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
	link->u.pLayerInfo = link->u.pLayerInfo->pNext;
	result = ((PFN_vkCreateDevice)next_of_instance(NULL, "vkCreateDevice"))(physical, info,
										callbacks, handle);
	if (result != VK_SUCCESS)
		return result;
	pthread_mutex_lock(&layer.lock);
	for (int i = MOST_OBJECTS - 1; i >= 0; i--)
		if (!layer.devices[i].key)
			free_slot = &layer.devices[i];
	if (free_slot) {
		free_slot->key = key_of(*handle);
		free_slot->handle = *handle;
		free_slot->chosen = chosen;
		free_slot->next = next;
#define LOOK_UP(name) free_slot->name = (PFN_vk##name)next(*handle, "vk" #name);
		DEVICE_FUNCTIONS(LOOK_UP)
		LOOK_UP(CreateFence)
#undef LOOK_UP
	}
	pthread_mutex_unlock(&layer.lock);
	return free_slot ? VK_SUCCESS : VK_ERROR_INITIALIZATION_FAILED;
}

struct hook {
	const char *name;
	PFN_vkVoidFunction function;
};

#define HOOK(name) {"vk" #name, (PFN_vkVoidFunction)fault_##name},

static PFN_vkVoidFunction find_hook(const struct hook *hooks, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(hooks[i].name, name))
			return hooks[i].function;
	return NULL;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL fault_GetDeviceProcAddr(VkDevice handle,
									const char *name)
{
	static const struct hook hooks[] = {
	    {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)fault_GetDeviceProcAddr},
	    DEVICE_FUNCTIONS(HOOK)};
	const struct device *device = device_of(handle);
	PFN_vkVoidFunction next = device ? device->next(handle, name) : NULL;
	PFN_vkVoidFunction hook = find_hook(hooks, sizeof(hooks) / sizeof(*hooks), name);

	/* What the driver lacks stays lacking. */
	return hook && (next || !device) ? hook : next;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL fault_GetInstanceProcAddr(VkInstance handle,
									  const char *name)
{
	static const struct hook hooks[] = {
	    {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)fault_GetInstanceProcAddr},
	    HOOK(CreateInstance) HOOK(DestroyInstance) HOOK(CreateDevice)
		HOOK(GetPhysicalDeviceProperties) HOOK(GetPhysicalDeviceProperties2)
		    HOOK(GetPhysicalDeviceQueueFamilyProperties)
			HOOK(GetPhysicalDeviceQueueFamilyProperties2)};
	PFN_vkVoidFunction hook = find_hook(hooks, sizeof(hooks) / sizeof(*hooks), name);
	const struct instance *instance = instance_of(handle);

	if (!hook)
		hook = fault_GetDeviceProcAddr(NULL, name);
	if (hook)
		return hook;
	return instance ? instance->next(handle, name) : NULL;
}

EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiation)
{
	if (negotiation->loaderLayerInterfaceVersion > 2)
		negotiation->loaderLayerInterfaceVersion = 2;
	negotiation->pfnGetInstanceProcAddr = fault_GetInstanceProcAddr;
	negotiation->pfnGetDeviceProcAddr = fault_GetDeviceProcAddr;
	negotiation->pfnGetPhysicalDeviceProcAddr = NULL;
	return VK_SUCCESS;
}
