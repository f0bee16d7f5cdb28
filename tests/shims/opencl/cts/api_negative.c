/* SPDX-License-Identifier: MIT */
/* api: what is refused of platforms, devices, contexts and queues, and with which error. */
#include "ask.h"

CHECK(api, negative_get_platform_ids)
{
	cl_platform_id one;

	REFUSED(clGetPlatformIDs(0, &one, NULL), CL_INVALID_VALUE);
	REFUSED(clGetPlatformIDs(0, NULL, NULL), CL_INVALID_VALUE);
}

CHECK(api, negative_get_platform_info)
{
	char one[1];

	REFUSED(clGetPlatformInfo(cts.platform, 0xffff, 0, NULL, NULL), CL_INVALID_VALUE);
	REFUSED(clGetPlatformInfo(cts.platform, CL_PLATFORM_VERSION, sizeof(one), one, NULL),
		CL_INVALID_VALUE);
}

CHECK(api, negative_get_device_ids)
{
	cl_device_id one;
	cl_uint count;

	REFUSED(clGetDeviceIDs(cts.platform, (cl_device_type)1 << 40, 1, &one, &count),
		CL_INVALID_DEVICE_TYPE);
	REFUSED(clGetDeviceIDs(cts.platform, CL_DEVICE_TYPE_ALL, 0, &one, NULL), CL_INVALID_VALUE);
	REFUSED(clGetDeviceIDs(cts.platform, CL_DEVICE_TYPE_ALL, 1, NULL, NULL), CL_INVALID_VALUE);
	REFUSED(clGetDeviceIDs(cts.platform, CL_DEVICE_TYPE_CUSTOM, 1, &one, &count),
		CL_DEVICE_NOT_FOUND);
}

CHECK(api, negative_get_device_info)
{
	cl_uint value;

	REFUSED(clGetDeviceInfo(NULL, CL_DEVICE_VENDOR_ID, sizeof(value), &value, NULL),
		CL_INVALID_DEVICE);
	REFUSED(clGetDeviceInfo(cts.device, 0xffff, sizeof(value), &value, NULL), CL_INVALID_VALUE);
	REFUSED(clGetDeviceInfo(cts.device, CL_DEVICE_VENDOR_ID, 1, &value, NULL),
		CL_INVALID_VALUE);
}

/* A device that cannot be parted says so. */
CHECK(api, negative_create_sub_devices)
{
	const cl_device_partition_property list[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
	const cl_device_partition_property wrong[] = {0x4711, 1, 0};
	cl_device_id parts[64];
	cl_uint count;

	REFUSED(clCreateSubDevices(NULL, list, 64, parts, &count), CL_INVALID_DEVICE);
	REFUSED(clCreateSubDevices(cts.device, NULL, 64, parts, &count), CL_INVALID_VALUE);
	REFUSED(clCreateSubDevices(cts.device, wrong, 64, parts, &count), CL_INVALID_VALUE);
	if (!cts_number(CL_DEVICE_PARTITION_MAX_SUB_DEVICES))
		REFUSED(clCreateSubDevices(cts.device, list, 64, parts, &count), CL_INVALID_VALUE);
}

/* What is no device of ours is none. */
CHECK(api, negative_retain_device)
{
	REFUSED(clRetainDevice(NULL), CL_INVALID_DEVICE);
}

CHECK(api, negative_release_device)
{
	REFUSED(clReleaseDevice(NULL), CL_INVALID_DEVICE);
}

CHECK(api, negative_get_device_and_host_timer)
{
	cl_ulong a, b;

	REFUSED(clGetDeviceAndHostTimer(NULL, &a, &b), CL_INVALID_DEVICE);
}

CHECK(api, negative_get_host_timer)
{
	cl_ulong a;

	REFUSED(clGetHostTimer(NULL, &a), CL_INVALID_DEVICE);
}

CHECK(api, negative_create_context)
{
	const cl_context_properties unknown[] = {0x4711, 1, 0};
	const cl_context_properties twice[] = {
	    CL_CONTEXT_PLATFORM, (cl_context_properties)cts.platform, CL_CONTEXT_PLATFORM,
	    (cl_context_properties)cts.platform, 0};
	int data = 0;
	cl_int status;

	clCreateContext(unknown, 1, &cts.device, NULL, NULL, &status);
	SAME(status, CL_INVALID_PROPERTY);
	clCreateContext(twice, 1, &cts.device, NULL, NULL, &status);
	SAME(status, CL_INVALID_PROPERTY);
	clCreateContext(NULL, 1, NULL, NULL, NULL, &status);
	SAME(status, CL_INVALID_VALUE);
	clCreateContext(NULL, 0, &cts.device, NULL, NULL, &status);
	SAME(status, CL_INVALID_VALUE);
	clCreateContext(NULL, 1, &cts.device, NULL, &data, &status);
	SAME(status, CL_INVALID_VALUE);
}

CHECK(api, negative_create_context_from_type)
{
	const cl_context_properties list[] = {CL_CONTEXT_PLATFORM,
					      (cl_context_properties)cts.platform, 0};
	const cl_context_properties unknown[] = {CL_CONTEXT_PLATFORM,
						 (cl_context_properties)cts.platform, 0x4711, 1, 0};
	int data = 0;
	cl_int status;

	clCreateContextFromType(list, CL_DEVICE_TYPE_CUSTOM, NULL, NULL, &status);
	SAME(status, CL_DEVICE_NOT_FOUND);
	clCreateContextFromType(list, (cl_device_type)1 << 40, NULL, NULL, &status);
	SAME(status, CL_INVALID_DEVICE_TYPE);
	clCreateContextFromType(list, CL_DEVICE_TYPE_ALL, NULL, &data, &status);
	SAME(status, CL_INVALID_VALUE);
	clCreateContextFromType(unknown, CL_DEVICE_TYPE_ALL, NULL, NULL, &status);
	SAME(status, CL_INVALID_PROPERTY);
}

CHECK(api, negative_retain_context)
{
	REFUSED(clRetainContext(NULL), CL_INVALID_CONTEXT);
}

CHECK(api, negative_release_context)
{
	REFUSED(clReleaseContext(NULL), CL_INVALID_CONTEXT);
}

CHECK(api, negative_get_context_info)
{
	cl_uint value;

	REFUSED(clGetContextInfo(NULL, CL_CONTEXT_NUM_DEVICES, sizeof(value), &value, NULL),
		CL_INVALID_CONTEXT);
	REFUSED(clGetContextInfo(cts.context, 0x4711, sizeof(value), &value, NULL),
		CL_INVALID_VALUE);
	REFUSED(clGetContextInfo(cts.context, CL_CONTEXT_NUM_DEVICES, 1, &value, NULL),
		CL_INVALID_VALUE);
}

CHECK(api, negative_create_command_queue)
{
	cl_int status;

	clCreateCommandQueue(NULL, cts.device, 0, &status);
	SAME(status, CL_INVALID_CONTEXT);
	clCreateCommandQueue(cts.context, NULL, 0, &status);
	SAME(status, CL_INVALID_DEVICE);
	clCreateCommandQueue(cts.context, cts.device, (cl_command_queue_properties)1 << 40,
			     &status);
	SAME(status, CL_INVALID_VALUE);
}

CHECK(api, negative_create_command_queue_with_properties)
{
	const cl_queue_properties unknown[] = {0x4711, 1, 0};
	const cl_queue_properties value[] = {CL_QUEUE_PROPERTIES, (cl_queue_properties)1 << 40, 0};
	cl_int status;

	clCreateCommandQueueWithProperties(NULL, cts.device, NULL, &status);
	SAME(status, CL_INVALID_CONTEXT);
	clCreateCommandQueueWithProperties(cts.context, NULL, NULL, &status);
	SAME(status, CL_INVALID_DEVICE);
	clCreateCommandQueueWithProperties(cts.context, cts.device, unknown, &status);
	SAME(status, CL_INVALID_VALUE);
	clCreateCommandQueueWithProperties(cts.context, cts.device, value, &status);
	SAME(status, CL_INVALID_VALUE);
}

CHECK(api, negative_create_command_queue_with_properties_khr)
{
	if (!cts_has("cl_khr_create_command_queue"))
		cts_skip("no cl_khr_create_command_queue");
	IS(clGetExtensionFunctionAddressForPlatform(cts.platform,
						    "clCreateCommandQueueWithPropertiesKHR"));
}

CHECK(api, negative_set_default_device_command_queue)
{
	REFUSED(clSetDefaultDeviceCommandQueue(NULL, cts.device, cts.queue), CL_INVALID_CONTEXT);
	if (!cts_number(CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES))
		REFUSED(clSetDefaultDeviceCommandQueue(cts.context, cts.device, cts.queue),
			CL_INVALID_OPERATION);
}

CHECK(api, negative_retain_command_queue)
{
	REFUSED(clRetainCommandQueue(NULL), CL_INVALID_COMMAND_QUEUE);
}

CHECK(api, negative_release_command_queue)
{
	REFUSED(clReleaseCommandQueue(NULL), CL_INVALID_COMMAND_QUEUE);
}

CHECK(api, negative_get_command_queue_info)
{
	cl_uint value;

	REFUSED(clGetCommandQueueInfo(NULL, CL_QUEUE_REFERENCE_COUNT, sizeof(value), &value, NULL),
		CL_INVALID_COMMAND_QUEUE);
	REFUSED(clGetCommandQueueInfo(cts.queue, 0x4711, sizeof(value), &value, NULL),
		CL_INVALID_VALUE);
	REFUSED(clGetCommandQueueInfo(cts.queue, CL_QUEUE_REFERENCE_COUNT, 1, &value, NULL),
		CL_INVALID_VALUE);
}

CHECK(api, negative_set_command_queue_property)
{
	const cl_int status =
	    clSetCommandQueueProperty(NULL, CL_QUEUE_PROFILING_ENABLE, CL_TRUE, NULL);

	/* 1.0 alone has it; newer devices may refuse it altogether. */
	IS(status == CL_INVALID_COMMAND_QUEUE || status == CL_INVALID_OPERATION);
}

CHECK(api, negative_enqueue_marker_with_wait_list)
{
	REFUSED(clEnqueueMarkerWithWaitList(NULL, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
	REFUSED(clEnqueueMarkerWithWaitList(cts.queue, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
}

CHECK(api, negative_enqueue_barrier_with_wait_list)
{
	REFUSED(clEnqueueBarrierWithWaitList(NULL, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
	REFUSED(clEnqueueBarrierWithWaitList(cts.queue, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
}

CHECK(api, negative_enqueue_map_image)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 8, .image_height = 8};
	const size_t zero[3] = {0}, all[3] = {8, 8, 1}, more[3] = {9, 8, 1}, none[3] = {8, 0, 1};
	cl_int status;
	size_t pitch;
	cl_mem image;

	cts_needs_images();
	image = cts_image(CL_MEM_READ_WRITE, &format, &desc, NULL);
	clEnqueueMapImage(NULL, image, CL_TRUE, CL_MAP_READ, zero, all, &pitch, NULL, 0, NULL, NULL,
			  &status);
	SAME(status, CL_INVALID_COMMAND_QUEUE);
	clEnqueueMapImage(cts.queue, NULL, CL_TRUE, CL_MAP_READ, zero, all, &pitch, NULL, 0, NULL,
			  NULL, &status);
	SAME(status, CL_INVALID_MEM_OBJECT);
	clEnqueueMapImage(cts.queue, image, CL_TRUE, CL_MAP_READ, zero, more, &pitch, NULL, 0, NULL,
			  NULL, &status);
	SAME(status, CL_INVALID_VALUE);
	clEnqueueMapImage(cts.queue, image, CL_TRUE, CL_MAP_READ, zero, all, NULL, NULL, 0, NULL,
			  NULL, &status);
	SAME(status, CL_INVALID_VALUE);
	clEnqueueMapImage(cts.queue, image, CL_TRUE, (cl_map_flags)1 << 40, zero, all, &pitch, NULL,
			  0, NULL, NULL, &status);
	SAME(status, CL_INVALID_VALUE);
	clEnqueueMapImage(cts.queue, image, CL_TRUE, CL_MAP_READ, zero, none, &pitch, NULL, 0, NULL,
			  NULL, &status);
	SAME(status, CL_INVALID_VALUE);
}
