/*
 * An OpenCL vendor's library (ICD): another vendor's, whose devices are not alike.
 *
 *     UNLIKE_VENDOR    the library whose platform it is
 *     UNLIKE_BUILDS    each program takes so many milliseconds longer to build, and says "build"
 *                      on stderr
 *     UNLIKE_ITEM_NS   each launch takes so many nanoseconds longer for each work-item, in which
 *                      its device does nothing else, and no processor is used
 *     UNLIKE_HILL      "FROM-TO": but those outside of that along the last dimension take a tenth
 *     UNLIKE_TELLS     each launch is a line on stderr: "launch: ", the device's number, where it
 *                      begins along the last dimension, and how many work-items it has there
 *     UNLIKE_UNPINNED  there is no memory of the host's that drivers take themselves
 *     UNLIKE_SLOWER    all devices but the first say that launches took so many times as long
 *
 * All have two extensions more, and what they ask of them: of dot products the first device does
 * those of bytes that are packed and those that are not, the others the former.
 *
 * The first device says that it is a GPU; with UNLIKE_GPUS so many of them do. Each launch on
 * another is a line on stderr: "guest: ", where it begins along its last dimension, and how many
 * work-items it has there.
 */
#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_gl.h>
#include <CL/cl_icd.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct {
	cl_icd_dispatch table; /* as it was */
	cl_device_id devices[16];
	unsigned int gpus;
	double slower;
	unsigned int builds; /* milliseconds */
	double item_ns;
	double hill[2];
	bool tells;
} state;

static bool is_gpu(cl_device_id device)
{
	for (unsigned int i = 0; i < state.gpus; i++)
		if (state.devices[i] == device)
			return true;
	return false;
}

static unsigned int number_of(cl_command_queue queue)
{
	cl_device_id device = NULL;
	unsigned int number = 0;

	state.table.clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(device), &device, NULL);
	while (number < 15 && state.devices[number] != device)
		number++;
	return number;
}

static bool is_on_gpu(cl_command_queue queue)
{
	cl_device_id device = NULL;

	state.table.clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(device), &device, NULL);
	return is_gpu(device);
}

static const char more[] = " cl_khr_device_uuid cl_khr_integer_dot_product";

static cl_int extensions(cl_device_id device, size_t room, char *out, size_t *used)
{
	size_t length = 0;
	cl_int status = state.table.clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, 0, NULL, &length);

	if (status == CL_SUCCESS && out && room < length + strlen(more))
		status = CL_INVALID_VALUE;
	if (status == CL_SUCCESS && out)
		status = state.table.clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, room, out, NULL);
	if (status == CL_SUCCESS && out)
		strcat(out, more);
	if (used)
		*used = length + strlen(more);
	return status;
}

/* False: it is none of them. */
static bool answers_more(cl_device_id device, cl_device_info name, size_t room, void *out,
			 size_t *used)
{
	const cl_device_integer_dot_product_acceleration_properties_khr fast = {
	    CL_TRUE, is_gpu(device), CL_TRUE, CL_FALSE, CL_FALSE, CL_FALSE};
	const cl_ulong inputs =
	    CL_DEVICE_INTEGER_DOT_PRODUCT_INPUT_4x8BIT_PACKED_KHR |
	    (is_gpu(device) ? CL_DEVICE_INTEGER_DOT_PRODUCT_INPUT_4x8BIT_KHR : 0u);
	const unsigned char uuid[CL_UUID_SIZE_KHR] = {1, is_gpu(device)};
	const void *from = &fast;
	size_t size = sizeof(fast);

	switch (name) {
	case CL_DEVICE_INTEGER_DOT_PRODUCT_CAPABILITIES_KHR:
		from = &inputs;
		size = sizeof(inputs);
		break;
	case CL_DEVICE_UUID_KHR:
		from = uuid;
		size = sizeof(uuid);
		break;
	case CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_8BIT_KHR:
	case CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_4x8BIT_PACKED_KHR:
		break;
	default:
		return false;
	}
	if (out && room >= size)
		memcpy(out, from, size);
	if (used)
		*used = size;
	return true;
}

static cl_int CL_API_CALL device_info(cl_device_id device, cl_device_info name, size_t room,
				      void *out, size_t *used)
{
	cl_int status;

	if (name == CL_DEVICE_EXTENSIONS)
		return extensions(device, room, out, used);
	if (answers_more(device, name, room, out, used))
		return CL_SUCCESS;
	status = state.table.clGetDeviceInfo(device, name, room, out, used);
	if (status == CL_SUCCESS && name == CL_DEVICE_TYPE && out && is_gpu(device))
		*(cl_device_type *)out = CL_DEVICE_TYPE_GPU;
	/* PoCL has another for each device. */
	if (status == CL_SUCCESS && name == CL_DEVICE_VENDOR_ID && out && is_gpu(device))
		*(cl_uint *)out = 0x1002;
	return status;
}

static cl_int CL_API_CALL build(cl_program program, cl_uint count, const cl_device_id *devices,
				const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
				void *data)
{
	if (state.builds)
		fputs("build\n", stderr);
	usleep(state.builds * 1000);
	return state.table.clBuildProgram(program, count, devices, options, notify, data);
}

static void CL_CALLBACK rest(void *data)
{
	usleep(*(useconds_t *)data);
}

/* What work-items of the last dimension count for. */
static double hilly(double first, double count)
{
	const double from = first > state.hill[0] ? first : state.hill[0];
	const double to = first + count < state.hill[1] ? first + count : state.hill[1];
	const double inside = to > from ? to - from : 0;

	return state.hill[1] > 0 ? inside + (count - inside) / 10 : count;
}

/* The kernel, and behind it a function that waits: its event is the launch's. */
static cl_int launch_long(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
			  const size_t *offset, const size_t *global, const size_t *local,
			  cl_uint count, const cl_event *waits, cl_event *event)
{
	double items =
	    hilly(offset ? (double)offset[dimensions - 1] : 0, (double)global[dimensions - 1]);
	useconds_t wait;
	cl_event first;
	cl_int status = state.table.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset,
							   global, local, count, waits, &first);

	if (status != CL_SUCCESS)
		return status;
	for (cl_uint i = 0; i + 1 < dimensions; i++)
		items *= (double)global[i];
	wait = (useconds_t)(items * state.item_ns / 1000);
	status = state.table.clEnqueueNativeKernel(queue, rest, &wait, sizeof(wait), 0, NULL, NULL,
						   1, &first, event);
	state.table.clReleaseEvent(first);
	return status;
}

static cl_int CL_API_CALL launch(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
				 const size_t *offset, const size_t *global, const size_t *local,
				 cl_uint count, const cl_event *waits, cl_event *event)
{
	const size_t from = offset ? offset[dimensions - 1] : 0;

	if (!is_on_gpu(queue))
		fprintf(stderr, "guest: %zu %zu\n", from, global[dimensions - 1]);
	if (state.tells)
		fprintf(stderr, "launch: %u %zu %zu\n", number_of(queue), from,
			global[dimensions - 1]);
	if (state.item_ns > 0)
		return launch_long(queue, kernel, dimensions, offset, global, local, count, waits,
				   event);
	return state.table.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local,
						  count, waits, event);
}

static cl_int CL_API_CALL profiling(cl_event event, cl_profiling_info name, size_t room, void *out,
				    size_t *used)
{
	const cl_int status = state.table.clGetEventProfilingInfo(event, name, room, out, used);
	cl_command_queue queue = NULL;
	cl_ulong start = 0;

	if (status != CL_SUCCESS || name != CL_PROFILING_COMMAND_END || !out)
		return status;
	state.table.clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof(queue), &queue, NULL);
	if (!queue || is_on_gpu(queue))
		return status;
	state.table.clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start),
					    &start, NULL);
	*(cl_ulong *)out = start + (cl_ulong)((double)(*(cl_ulong *)out - start) * state.slower);
	return status;
}

static cl_mem CL_API_CALL create_buffer(cl_context context, cl_mem_flags flags, size_t size,
					void *bytes, cl_int *status)
{
	if (!(flags & CL_MEM_ALLOC_HOST_PTR))
		return state.table.clCreateBuffer(context, flags, size, bytes, status);
	if (status)
		*status = CL_MEM_OBJECT_ALLOCATION_FAILURE;
	return NULL;
}

/* The objects' table is one of the library: its pages may be written to only now. */
static void replace(cl_icd_dispatch *table)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t start = (uintptr_t)table & ~(page - 1);

	state.table = *table;
	mprotect((void *)start, (uintptr_t)(table + 1) - start, PROT_READ | PROT_WRITE);
	table->clGetDeviceInfo = device_info;
	table->clBuildProgram = build;
	table->clEnqueueNDRangeKernel = launch;
	table->clGetEventProfilingInfo = profiling;
	if (getenv("UNLIKE_UNPINNED"))
		table->clCreateBuffer = create_buffer;
}

EXPORT cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms,
						 cl_uint *count)
{
	static void *library;
	void *(*address)(const char *);
	cl_int (*get)(cl_uint, cl_platform_id *, cl_uint *);
	const char *vendor = getenv("UNLIKE_VENDOR"), *slower = getenv("UNLIKE_SLOWER");
	const char *gpus = getenv("UNLIKE_GPUS"), *builds = getenv("UNLIKE_BUILDS");
	const char *item_ns = getenv("UNLIKE_ITEM_NS"), *hill = getenv("UNLIKE_HILL");
	cl_platform_id platform;
	cl_int status;

	if (!library) {
		library = dlopen(vendor ? vendor : "libpocl.so.2", RTLD_NOW | RTLD_LOCAL);
		if (!library) {
			fprintf(stderr, "unlike vendor: %s\n", dlerror());
			return CL_INVALID_VALUE;
		}
	}
	*(void **)&address = dlsym(library, "clGetExtensionFunctionAddress");
	*(void **)&get = address("clIcdGetPlatformIDsKHR");
	status = get(1, &platform, NULL);
	if (status != CL_SUCCESS)
		return status;
	if (!state.gpus) {
		state.slower = slower ? atof(slower) : 1;
		state.builds = builds ? (unsigned int)atoi(builds) : 0;
		state.item_ns = item_ns ? atof(item_ns) : 0;
		if (hill)
			sscanf(hill, "%lf-%lf", &state.hill[0], &state.hill[1]);
		state.tells = getenv("UNLIKE_TELLS") != NULL;
		replace(*(cl_icd_dispatch **)platform);
		state.table.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 16, state.devices, NULL);
		state.gpus = gpus ? (unsigned int)atoi(gpus) : 1;
	}
	return get(room, platforms, count);
}

EXPORT void *CL_API_CALL clGetExtensionFunctionAddress(const char *name)
{
	return strcmp(name, "clIcdGetPlatformIDsKHR") ? NULL : (void *)clIcdGetPlatformIDsKHR;
}

/* Loaders ask for it by name. */
EXPORT cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id platform, cl_platform_info name,
					    size_t room, void *out, size_t *used)
{
	return state.table.clGetPlatformInfo(platform, name, room, out, used);
}
