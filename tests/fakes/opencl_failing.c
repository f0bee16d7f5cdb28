/*
 * An OpenCL vendor's library (ICD): another vendor's, whose devices can fail.
 *
 *     FAILING_VENDOR    the library whose platform it is
 *     FAILING_DEVICE    which of its devices fails, counted from 0
 *     FAILING_LAUNCH    and at which launch on it, counted from 0
 *     FAILING_HOW       launch: its event ends with an error, after 20 ms
 *                       refuse: it is refused, and so is all after it
 *                       read: it is done, but nothing is to be had from the device after it
 *                       slow: it is done, and its event says so 100 ms later
 *
 * A device that has failed is gone as a GPU is: what was done on it ends with an error, and nothing
 * is to be read from it. The table of functions is the other library's own, with some replaced.
 */
#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_gl.h>
#include <CL/cl_icd.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MOST_EVENTS 256

static struct {
	pthread_mutex_t lock;
	pthread_cond_t failed;
	cl_icd_dispatch table; /* as it was */
	cl_device_id device;
	unsigned int launches, at;
	const char *how;
	bool is_dying, is_dead;
	cl_event events[MOST_EVENTS];
	unsigned int event_count;
	struct {
		cl_event event;
		void(CL_CALLBACK *call)(cl_event, cl_int, void *);
		void *data;
	} calls[MOST_EVENTS];
	unsigned int call_count;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .failed = PTHREAD_COND_INITIALIZER};

static bool is_on_it(cl_command_queue queue)
{
	cl_device_id device = NULL;

	state.table.clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(device), &device, NULL);
	return device == state.device;
}

/* Whether a call on the queue fails: it waits for what is under way, as a blocking one does. */
static bool fails(cl_command_queue queue)
{
	bool fails;

	if (!is_on_it(queue))
		return false;
	pthread_mutex_lock(&state.lock);
	while (state.is_dying && !state.is_dead)
		pthread_cond_wait(&state.failed, &state.lock);
	fails = state.is_dead;
	pthread_mutex_unlock(&state.lock);
	return fails;
}

static void *die(void *data)
{
	usleep(20000);
	pthread_mutex_lock(&state.lock);
	state.is_dead = true;
	for (unsigned int i = 0; i < state.event_count; i++)
		state.table.clSetUserEventStatus(state.events[i], CL_OUT_OF_RESOURCES);
	pthread_cond_broadcast(&state.failed);
	pthread_mutex_unlock(&state.lock);
	for (unsigned int i = 0; i < state.call_count; i++)
		state.calls[i].call(state.calls[i].event, CL_OUT_OF_RESOURCES, state.calls[i].data);
	for (unsigned int i = 0; i < state.event_count; i++)
		state.table.clReleaseEvent(state.events[i]);
	return data;
}

/* PoCL calls none for an event that ends with an error, against the specification. */
static cl_int CL_API_CALL set_callback(cl_event event, cl_int when,
				       void(CL_CALLBACK *call)(cl_event, cl_int, void *),
				       void *data)
{
	bool is_doomed = false;

	pthread_mutex_lock(&state.lock);
	for (unsigned int i = 0; i < state.event_count && !state.is_dead; i++)
		is_doomed = is_doomed || state.events[i] == event;
	if (is_doomed && state.call_count < MOST_EVENTS) {
		state.calls[state.call_count].event = event;
		state.calls[state.call_count].call = call;
		state.calls[state.call_count++].data = data;
	}
	pthread_mutex_unlock(&state.lock);
	return is_doomed ? CL_SUCCESS : state.table.clSetEventCallback(event, when, call, data);
}

static void *complete_later(void *data)
{
	usleep(100000);
	state.table.clSetUserEventStatus(data, CL_COMPLETE);
	state.table.clReleaseEvent(data);
	return NULL;
}

/* Runs it to its end, with an event that does not say so yet. */
static cl_int run_slowly(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
			 const size_t *offset, const size_t *global, const size_t *local,
			 cl_event *event)
{
	cl_context context = NULL;
	pthread_t thread;
	cl_int status;

	status = state.table.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global,
						    local, 0, NULL, NULL);
	state.table.clFinish(queue);
	state.table.clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof(context), &context, NULL);
	if (status == CL_SUCCESS)
		*event = state.table.clCreateUserEvent(context, &status);
	if (status != CL_SUCCESS)
		return status;
	state.table.clRetainEvent(*event);
	if (!pthread_create(&thread, NULL, complete_later, *event))
		pthread_detach(thread);
	return CL_SUCCESS;
}

/* An event that will end with an error. With the lock. */
static cl_int doomed(cl_command_queue queue, cl_event *event)
{
	cl_context context = NULL;
	cl_event made;
	cl_int status;

	state.table.clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof(context), &context, NULL);
	made = state.table.clCreateUserEvent(context, &status);
	if (status != CL_SUCCESS || state.event_count == MOST_EVENTS)
		return CL_OUT_OF_HOST_MEMORY;
	state.events[state.event_count++] = made;
	if (event) {
		state.table.clRetainEvent(made);
		*event = made;
	}
	return CL_SUCCESS;
}

static cl_int CL_API_CALL launch(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
				 const size_t *offset, const size_t *global, const size_t *local,
				 cl_uint count, const cl_event *waits, cl_event *event)
{
	cl_int status = CL_SUCCESS;
	bool is_run = true;
	pthread_t thread;

	if (is_on_it(queue) && !strcmp(state.how, "slow") && event)
		return run_slowly(queue, kernel, dimensions, offset, global, local, event);
	if (is_on_it(queue)) {
		pthread_mutex_lock(&state.lock);
		if (state.is_dead) {
			status = CL_OUT_OF_RESOURCES;
			is_run = false;
		} else if (state.is_dying || state.launches++ == state.at) {
			if (!strcmp(state.how, "launch")) {
				is_run = false;
				status = doomed(queue, event);
				if (!state.is_dying && !pthread_create(&thread, NULL, die, NULL))
					pthread_detach(thread);
				state.is_dying = true;
			} else if (!strcmp(state.how, "refuse")) {
				is_run = false;
				state.is_dead = true;
				status = CL_OUT_OF_RESOURCES;
			} else {
				state.is_dead = true;
			}
		}
		pthread_mutex_unlock(&state.lock);
	}
	return is_run ? state.table.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset,
							   global, local, count, waits, event)
		      : status;
}

static cl_int CL_API_CALL finish(cl_command_queue queue)
{
	return fails(queue) ? CL_OUT_OF_RESOURCES : state.table.clFinish(queue);
}

static cl_int CL_API_CALL read_buffer(cl_command_queue queue, cl_mem buffer, cl_bool blocks,
				      size_t offset, size_t size, void *to, cl_uint count,
				      const cl_event *waits, cl_event *event)
{
	if (fails(queue)) {
		memset(to, 0xee, size);
		return CL_OUT_OF_RESOURCES;
	}
	return state.table.clEnqueueReadBuffer(queue, buffer, blocks, offset, size, to, count,
					       waits, event);
}

static cl_int CL_API_CALL write_buffer(cl_command_queue queue, cl_mem buffer, cl_bool blocks,
				       size_t offset, size_t size, const void *from, cl_uint count,
				       const cl_event *waits, cl_event *event)
{
	return fails(queue) ? CL_OUT_OF_RESOURCES
			    : state.table.clEnqueueWriteBuffer(queue, buffer, blocks, offset, size,
							       from, count, waits, event);
}

static cl_int CL_API_CALL read_image(cl_command_queue queue, cl_mem image, cl_bool blocks,
				     const size_t *origin, const size_t *region, size_t row,
				     size_t slice, void *to, cl_uint count, const cl_event *waits,
				     cl_event *event)
{
	return fails(queue) ? CL_OUT_OF_RESOURCES
			    : state.table.clEnqueueReadImage(queue, image, blocks, origin, region,
							     row, slice, to, count, waits, event);
}

static cl_int CL_API_CALL write_image(cl_command_queue queue, cl_mem image, cl_bool blocks,
				      const size_t *origin, const size_t *region, size_t row,
				      size_t slice, const void *from, cl_uint count,
				      const cl_event *waits, cl_event *event)
{
	return fails(queue)
		   ? CL_OUT_OF_RESOURCES
		   : state.table.clEnqueueWriteImage(queue, image, blocks, origin, region, row,
						     slice, from, count, waits, event);
}

/* The objects' table is one of the library: its pages may be written to only now. */
static void replace(cl_icd_dispatch *table)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t start = (uintptr_t)table & ~(page - 1);

	state.table = *table;
	mprotect((void *)start, (uintptr_t)(table + 1) - start, PROT_READ | PROT_WRITE);
	table->clEnqueueNDRangeKernel = launch;
	table->clFinish = finish;
	table->clSetEventCallback = set_callback;
	table->clEnqueueReadBuffer = read_buffer;
	table->clEnqueueWriteBuffer = write_buffer;
	table->clEnqueueReadImage = read_image;
	table->clEnqueueWriteImage = write_image;
}

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

EXPORT cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms,
						 cl_uint *count)
{
	static void *library;
	void *(*address)(const char *);
	cl_int (*get)(cl_uint, cl_platform_id *, cl_uint *);
	const unsigned int number = (unsigned int)atoi(setting("FAILING_DEVICE", "0"));
	cl_device_id devices[16];
	cl_platform_id platform;
	cl_int status;

	if (!library) {
		library = dlopen(setting("FAILING_VENDOR", "libpocl.so.2"), RTLD_NOW | RTLD_LOCAL);
		if (!library) {
			fprintf(stderr, "failing vendor: %s\n", dlerror());
			return CL_INVALID_VALUE;
		}
	}
	*(void **)&address = dlsym(library, "clGetExtensionFunctionAddress");
	*(void **)&get = address("clIcdGetPlatformIDsKHR");
	status = get(1, &platform, NULL);
	if (status != CL_SUCCESS)
		return status;
	if (!state.how) {
		state.how = setting("FAILING_HOW", "launch");
		state.at = (unsigned int)atoi(setting("FAILING_LAUNCH", "0"));
		replace(*(cl_icd_dispatch **)platform);
		state.table.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 16, devices, NULL);
		state.device = devices[number];
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
