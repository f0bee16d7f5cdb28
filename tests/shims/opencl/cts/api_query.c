/* SPDX-License-Identifier: MIT */
/* Queries of platforms, devices, contexts, queues and samplers. */
#include "ask.h"

CHECK(api, get_platform_info)
{
	const cl_platform_info names[] = {CL_PLATFORM_PROFILE, CL_PLATFORM_VERSION,
					  CL_PLATFORM_NAME, CL_PLATFORM_VENDOR,
					  CL_PLATFORM_EXTENSIONS};
	char text[8192];

	for (size_t i = 0; i < COUNT(names); i++) {
		size_t used;

		OK(clGetPlatformInfo(cts.platform, names[i], 0, NULL, &used));
		OK(clGetPlatformInfo(cts.platform, names[i], sizeof(text), text, NULL));
		SAME(strlen(text) + 1, used);
		if (names[i] == CL_PLATFORM_VERSION) {
			int major, minor;

			SAME(sscanf(text, "OpenCL %d.%d ", &major, &minor), 2);
			IS(major > 1 || minor >= 1);
		}
		if (names[i] == CL_PLATFORM_PROFILE)
			IS(!strcmp(text, "FULL_PROFILE") || !strcmp(text, "EMBEDDED_PROFILE"));
	}
	REFUSED(clGetPlatformInfo(cts.platform, CL_PLATFORM_NAME, 1, text, NULL), CL_INVALID_VALUE);
}

CHECK(api, get_platform_ids)
{
	cl_platform_id found[16];
	cl_uint count, again;

	OK(clGetPlatformIDs(0, NULL, &count));
	IS(count > 0);
	OK(clGetPlatformIDs(COUNT(found), found, &again));
	SAME(count, again);
	for (cl_uint i = 0; i < count && i < COUNT(found); i++) {
		cl_device_id one;
		cl_uint devices = 0;
		const cl_int status =
		    clGetDeviceIDs(found[i], CL_DEVICE_TYPE_ALL, 1, &one, &devices);

		IS(status == CL_SUCCESS || status == CL_DEVICE_NOT_FOUND);
		if (status == CL_SUCCESS) {
			cl_platform_id its;

			QUERY(clGetDeviceInfo, one, CL_DEVICE_PLATFORM, its);
			IS(its == found[i]);
		}
	}
}

/* Each extension of a platform is one of each of its devices. */
CHECK(api, platform_extensions)
{
	static const char *const of_platforms[] = {"cl_khr_icd", "cl_amd_offline_devices"};
	char text[8192], of_device[8192];

	OK(clGetPlatformInfo(cts.platform, CL_PLATFORM_EXTENSIONS, sizeof(text), text, NULL));
	OK(clGetDeviceInfo(cts.device, CL_DEVICE_EXTENSIONS, sizeof(of_device), of_device, NULL));
	for (char *save, *name = strtok_r(text, " ", &save); name;
	     name = strtok_r(NULL, " ", &save)) {
		bool is_its = false;

		for (size_t i = 0; i < COUNT(of_platforms); i++)
			is_its |= !strcmp(name, of_platforms[i]);
		if (!is_its && strncmp(name, "cl_pocl", 7) && !strstr(of_device, name))
			cts_fail("the platform has %s, its device has not", name);
	}
}

static void sampler_values(bool by_properties)
{
	const cl_addressing_mode modes[] = {CL_ADDRESS_CLAMP_TO_EDGE, CL_ADDRESS_REPEAT,
					    CL_ADDRESS_NONE, CL_ADDRESS_CLAMP,
					    CL_ADDRESS_MIRRORED_REPEAT};
	const cl_filter_mode filters[] = {CL_FILTER_NEAREST, CL_FILTER_LINEAR};

	for (size_t i = 0; i < COUNT(modes) * COUNT(filters) * 2; i++) {
		const cl_bool normal = i / COUNT(modes) % 2 ||
				       modes[i % COUNT(modes)] == CL_ADDRESS_REPEAT ||
				       modes[i % COUNT(modes)] == CL_ADDRESS_MIRRORED_REPEAT;
		const cl_filter_mode filter = filters[i / COUNT(modes) / 2];
		const cl_sampler_properties list[] = {CL_SAMPLER_NORMALIZED_COORDS,
						      normal,
						      CL_SAMPLER_ADDRESSING_MODE,
						      modes[i % COUNT(modes)],
						      CL_SAMPLER_FILTER_MODE,
						      filter,
						      0};
		cl_addressing_mode mode;
		cl_filter_mode its_filter;
		cl_context its;
		cl_bool its_normal;
		cl_uint references;
		cl_int status;
		cl_sampler sampler =
		    by_properties ? clCreateSamplerWithProperties(cts.context, list, &status)
				  : clCreateSampler(cts.context, normal, modes[i % COUNT(modes)],
						    filter, &status);

		OK(status);
		QUERY(clGetSamplerInfo, sampler, CL_SAMPLER_ADDRESSING_MODE, mode);
		QUERY(clGetSamplerInfo, sampler, CL_SAMPLER_FILTER_MODE, its_filter);
		QUERY(clGetSamplerInfo, sampler, CL_SAMPLER_NORMALIZED_COORDS, its_normal);
		QUERY(clGetSamplerInfo, sampler, CL_SAMPLER_CONTEXT, its);
		QUERY(clGetSamplerInfo, sampler, CL_SAMPLER_REFERENCE_COUNT, references);
		SAME(mode, modes[i % COUNT(modes)]);
		SAME(its_filter, filter);
		SAME(its_normal, normal);
		IS(its == cts.context);
		SAME(references, 1);
		OK(clRetainSampler(sampler));
		OK(clGetSamplerInfo(sampler, CL_SAMPLER_REFERENCE_COUNT, sizeof(references),
				    &references, NULL));
		SAME(references, 2);
		OK(clReleaseSampler(sampler));
		OK(clReleaseSampler(sampler));
	}
}

CHECK(api, get_sampler_info)
{
	sampler_values(true);
}

CHECK(api, get_sampler_info_compatibility)
{
	sampler_values(false);
}

static void queue_values(bool by_properties)
{
	cl_command_queue_properties can = 0;

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, sizeof(can), &can,
			   NULL));
	for (cl_command_queue_properties wanted = 0; wanted < 4; wanted++) {
		const cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, wanted, 0};
		cl_command_queue_properties its;
		cl_context its_context;
		cl_device_id its_device;
		cl_command_queue made;
		cl_uint references;
		cl_int status;

		if (wanted & ~can)
			continue;
		made =
		    by_properties
			? clCreateCommandQueueWithProperties(cts.context, cts.device, list, &status)
			: clCreateCommandQueue(cts.context, cts.device, wanted, &status);
		OK(status);
		QUERY(clGetCommandQueueInfo, made, CL_QUEUE_CONTEXT, its_context);
		QUERY(clGetCommandQueueInfo, made, CL_QUEUE_DEVICE, its_device);
		QUERY(clGetCommandQueueInfo, made, CL_QUEUE_PROPERTIES, its);
		QUERY(clGetCommandQueueInfo, made, CL_QUEUE_REFERENCE_COUNT, references);
		IS(its_context == cts.context);
		IS(its_device == cts.device);
		SAME(its, wanted);
		SAME(references, 1);
		OK(clReleaseCommandQueue(made));
	}
}

CHECK(api, get_command_queue_info)
{
	queue_values(true);
}

CHECK(api, get_command_queue_info_compatibility)
{
	queue_values(false);
}

CHECK(api, queue_properties_queries)
{
	const cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
	cl_queue_properties got[8];
	cl_command_queue made;
	cl_int status;
	size_t used;

	made = clCreateCommandQueueWithProperties(cts.context, cts.device, list, &status);
	OK(status);
	OK(clGetCommandQueueInfo(made, CL_QUEUE_PROPERTIES_ARRAY, sizeof(got), got, &used));
	SAME(used, sizeof(list));
	SAME(memcmp(got, list, sizeof(list)), 0);
	OK(clReleaseCommandQueue(made));
	made = clCreateCommandQueueWithProperties(cts.context, cts.device, NULL, &status);
	OK(status);
	OK(clGetCommandQueueInfo(made, CL_QUEUE_PROPERTIES_ARRAY, sizeof(got), got, &used));
	SAME(used, 0);
	OK(clReleaseCommandQueue(made));
}

CHECK(api, get_context_info)
{
	const cl_context_properties list[] = {CL_CONTEXT_PLATFORM,
					      (cl_context_properties)cts.platform, 0};
	cl_context_properties got[8];
	cl_device_id its;
	cl_uint count, references;
	cl_context made;
	cl_int status;
	size_t used;

	made = clCreateContext(list, 1, &cts.device, NULL, NULL, &status);
	OK(status);
	OK(clGetContextInfo(made, CL_CONTEXT_PROPERTIES, sizeof(got), got, &used));
	SAME(used, sizeof(list));
	SAME(memcmp(got, list, sizeof(list)), 0);
	QUERY(clGetContextInfo, made, CL_CONTEXT_DEVICES, its);
	IS(its == cts.device);
	QUERY(clGetContextInfo, made, CL_CONTEXT_NUM_DEVICES, count);
	SAME(count, 1);
	QUERY(clGetContextInfo, made, CL_CONTEXT_REFERENCE_COUNT, references);
	SAME(references, 1);
	OK(clReleaseContext(made));
	made = clCreateContext(NULL, 1, &cts.device, NULL, NULL, &status);
	OK(status);
	OK(clGetContextInfo(made, CL_CONTEXT_PROPERTIES, 0, NULL, &used));
	SAME(used, 0);
	OK(clReleaseContext(made));
}

/* Every query of the version that the device says it is has an answer of its size. */
CHECK(api, get_device_info)
{
	static const struct {
		cl_device_info name;
		size_t size; /* 0: a text */
	} queries[] = {
	    {CL_DEVICE_TYPE, 8},
	    {CL_DEVICE_VENDOR_ID, 4},
	    {CL_DEVICE_MAX_COMPUTE_UNITS, 4},
	    {CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, 4},
	    {CL_DEVICE_MAX_WORK_ITEM_SIZES, 24},
	    {CL_DEVICE_MAX_WORK_GROUP_SIZE, 8},
	    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_CHAR, 4},
	    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_HALF, 4},
	    {CL_DEVICE_NATIVE_VECTOR_WIDTH_INT, 4},
	    {CL_DEVICE_MAX_CLOCK_FREQUENCY, 4},
	    {CL_DEVICE_ADDRESS_BITS, 4},
	    {CL_DEVICE_MAX_MEM_ALLOC_SIZE, 8},
	    {CL_DEVICE_IMAGE_SUPPORT, 4},
	    {CL_DEVICE_MAX_READ_IMAGE_ARGS, 4},
	    {CL_DEVICE_MAX_WRITE_IMAGE_ARGS, 4},
	    {CL_DEVICE_IMAGE2D_MAX_WIDTH, 8},
	    {CL_DEVICE_IMAGE3D_MAX_DEPTH, 8},
	    {CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, 8},
	    {CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, 8},
	    {CL_DEVICE_MAX_SAMPLERS, 4},
	    {CL_DEVICE_MAX_PARAMETER_SIZE, 8},
	    {CL_DEVICE_MEM_BASE_ADDR_ALIGN, 4},
	    {CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE, 4},
	    {CL_DEVICE_SINGLE_FP_CONFIG, 8},
	    {CL_DEVICE_DOUBLE_FP_CONFIG, 8},
	    {CL_DEVICE_GLOBAL_MEM_CACHE_TYPE, 4},
	    {CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE, 4},
	    {CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, 8},
	    {CL_DEVICE_GLOBAL_MEM_SIZE, 8},
	    {CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, 8},
	    {CL_DEVICE_MAX_CONSTANT_ARGS, 4},
	    {CL_DEVICE_LOCAL_MEM_TYPE, 4},
	    {CL_DEVICE_LOCAL_MEM_SIZE, 8},
	    {CL_DEVICE_ERROR_CORRECTION_SUPPORT, 4},
	    {CL_DEVICE_HOST_UNIFIED_MEMORY, 4},
	    {CL_DEVICE_PROFILING_TIMER_RESOLUTION, 8},
	    {CL_DEVICE_ENDIAN_LITTLE, 4},
	    {CL_DEVICE_AVAILABLE, 4},
	    {CL_DEVICE_COMPILER_AVAILABLE, 4},
	    {CL_DEVICE_LINKER_AVAILABLE, 4},
	    {CL_DEVICE_EXECUTION_CAPABILITIES, 8},
	    {CL_DEVICE_QUEUE_PROPERTIES, 8},
	    {CL_DEVICE_BUILT_IN_KERNELS, 0},
	    {CL_DEVICE_PLATFORM, 8},
	    {CL_DEVICE_NAME, 0},
	    {CL_DEVICE_VENDOR, 0},
	    {CL_DRIVER_VERSION, 0},
	    {CL_DEVICE_PROFILE, 0},
	    {CL_DEVICE_VERSION, 0},
	    {CL_DEVICE_OPENCL_C_VERSION, 0},
	    {CL_DEVICE_EXTENSIONS, 0},
	    {CL_DEVICE_PRINTF_BUFFER_SIZE, 8},
	    {CL_DEVICE_PREFERRED_INTEROP_USER_SYNC, 4},
	    {CL_DEVICE_PARENT_DEVICE, 8},
	    {CL_DEVICE_PARTITION_MAX_SUB_DEVICES, 4},
	    {CL_DEVICE_PARTITION_AFFINITY_DOMAIN, 8},
	    {CL_DEVICE_REFERENCE_COUNT, 4},
	};
	char text[8192];
	size_t used;

	for (size_t i = 0; i < COUNT(queries); i++) {
		OK(clGetDeviceInfo(cts.device, queries[i].name, sizeof(text), text, &used));
		if (used != (queries[i].size ? queries[i].size : strlen(text) + 1))
			cts_fail("query %#x has %zu bytes", queries[i].name, used);
		if (used > 1 && clGetDeviceInfo(cts.device, queries[i].name, used - 1, text,
						NULL) != CL_INVALID_VALUE)
			cts_fail("query %#x takes too little room", queries[i].name);
	}
	REFUSED(clGetDeviceInfo(cts.device, 0x0fff, sizeof(text), text, NULL), CL_INVALID_VALUE);
}

CHECK(api, create_context_from_type)
{
	const cl_context_properties list[] = {CL_CONTEXT_PLATFORM,
					      (cl_context_properties)cts.platform, 0};
	cl_device_id its;
	cl_device_type type;
	cl_context made;
	cl_int status;

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_TYPE, sizeof(type), &type, NULL));
	made = clCreateContextFromType(list, type, NULL, NULL, &status);
	OK(status);
	OK(clGetContextInfo(made, CL_CONTEXT_NUM_DEVICES, sizeof(cl_uint), &its, NULL));
	OK(clReleaseContext(made));
}
