/*
 * Calls of a shim with handles of any kind, released ones and none at all, in random order: each is
 * to be answered, and nothing may crash. Called through the table, as a loader does that does not
 * look at handles itself.
 *
 *	fuzz SEED CALLS
 */
#include "../../../shims/opencl/opencl.h"

#include "../../../shims/opencl/icd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cl_int clIcdGetPlatformIDsKHR(cl_uint, cl_platform_id *, cl_uint *);

enum kind { CONTEXT, QUEUE, BUFFER, IMAGE, SAMPLER, PROGRAM, KERNEL, EVENT, KINDS };
#define EACH 12
#define BYTES 4096

static void *handles[KINDS][EACH];
static void *released[EACH];
static unsigned int released_at;
static uint64_t state;
static bool careful; /* in most calls all handles are what they should be */
static const cl_icd_dispatch *cl;
static cl_platform_id platform;
static cl_device_id device;
static unsigned char data[4 * BYTES];
static unsigned long made, refused, enqueued, launched;

static unsigned int below(unsigned int limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state >> 11) % limit;
}

/* Mostly what is asked for. */
static void *any(enum kind kind)
{
	switch (careful ? 12 : below(12)) {
	case 0:
		return NULL;
	case 1:
		return released[below(EACH)];
	case 2:
		return handles[below(KINDS)][below(EACH)];
	case 3:
		switch (below(4)) {
		case 0:
			return data + below(64);
		case 1:
			return (void *)(uintptr_t)below(4096);
		case 2:
			return (char *)handles[kind][below(EACH)] + 8;
		default:
			return (void *)(uintptr_t)(state | 1);
		}
	default:
		break;
	}
	/* Mostly one that is there, and of few contexts: so much of it goes well. */
	for (int i = 0; i < EACH; i++) {
		void *handle = handles[kind][below(EACH)];

		if (handle)
			return handle;
	}
	return NULL;
}

static cl_device_id a_device(void)
{
	return below(10) ? device : any((enum kind)below(KINDS));
}

static void keep(enum kind kind, void *handle)
{
	/* Few contexts, so that what is enqueued is often of one. */
	void **slot = &handles[kind][kind == CONTEXT ? 0 : below(EACH)];

	if (!handle)
		return;
	made++;
	/* The one that was there is lost to the program, which is no crime; but what nobody sets
	 * is waited for. */
	if (kind == EVENT && *slot)
		cl->clSetUserEventStatus(*slot, CL_COMPLETE);
	*slot = handle;
}

static void forget(enum kind kind)
{
	void **slot = &handles[kind][below(EACH)];
	void *handle = below(8) ? *slot : any(kind);

	switch (kind) {
	case CONTEXT:
		/* Seldom: with it goes all. */
		if (!below(40))
			cl->clReleaseContext(handle);
		break;
	case QUEUE:
		cl->clReleaseCommandQueue(handle);
		break;
	case BUFFER:
	case IMAGE:
		cl->clReleaseMemObject(handle);
		break;
	case SAMPLER:
		cl->clReleaseSampler(handle);
		break;
	case PROGRAM:
		cl->clReleaseProgram(handle);
		break;
	case KERNEL:
		cl->clReleaseKernel(handle);
		break;
	default:
		cl->clSetUserEventStatus(handle, CL_COMPLETE);
		cl->clReleaseEvent(handle);
		break;
	}
	released[released_at++ % EACH] = handle;
	if (kind != CONTEXT && below(2))
		*slot = NULL;
}

static cl_int retain(enum kind kind)
{
	switch (kind) {
	case CONTEXT:
		return cl->clRetainContext(any(kind));
	case QUEUE:
		return cl->clRetainCommandQueue(any(kind));
	case BUFFER:
	case IMAGE:
		return cl->clRetainMemObject(any(kind));
	case SAMPLER:
		return cl->clRetainSampler(any(kind));
	case PROGRAM:
		return cl->clRetainProgram(any(kind));
	case KERNEL:
		return cl->clRetainKernel(any(kind));
	default:
		return cl->clRetainEvent(any(kind));
	}
}

static cl_int ask(void)
{
	char out[4096];
	const size_t room = below(3) ? sizeof(out) : below(16);
	void *where = below(4) ? out : NULL;
	const cl_uint name = below(40);
	size_t used;
	size_t *size = below(2) ? &used : NULL;

	switch (below(12)) {
	case 0:
		return cl->clGetPlatformInfo(below(4) ? platform : any(EVENT), 0x0900 + name, room,
					     where, size);
	case 1:
		return cl->clGetDeviceInfo(a_device(), 0x1000 + below(0x80), room, where, size);
	case 2:
		return cl->clGetContextInfo(any(CONTEXT), 0x1080 + below(8), room, where, size);
	case 3:
		return cl->clGetCommandQueueInfo(any(QUEUE), 0x1090 + below(10), room, where, size);
	case 4:
		return cl->clGetMemObjectInfo(any(below(2) ? BUFFER : IMAGE), 0x1100 + below(14),
					      room, where, size);
	case 5:
		return cl->clGetImageInfo(any(IMAGE), 0x1110 + below(14), room, where, size);
	case 6:
		return cl->clGetSamplerInfo(any(SAMPLER), 0x1150 + below(8), room, where, size);
	case 7: {
		cl_uint which = 0x1160 + below(16);

		/* It wants an array of places that are large enough. */
		if (which == CL_PROGRAM_BINARIES)
			which = CL_PROGRAM_BINARY_SIZES;
		return cl->clGetProgramInfo(any(PROGRAM), which, room, where, size);
	}
	case 8:
		return cl->clGetProgramBuildInfo(any(PROGRAM), a_device(), 0x1180 + below(8), room,
						 where, size);
	case 9:
		return cl->clGetKernelInfo(any(KERNEL), 0x1190 + below(8), room, where, size);
	case 10:
		return cl->clGetKernelWorkGroupInfo(any(KERNEL), a_device(), 0x11B0 + below(8),
						    room, where, size);
	default:
		return below(2)
			   ? cl->clGetEventInfo(any(EVENT), 0x11D0 + below(8), room, where, size)
			   : cl->clGetEventProfilingInfo(any(EVENT), 0x1280 + below(8), room, where,
							 size);
	}
}

static const char *const source =
    "kernel void one(global char *a, global const char *b, int n) {"
    " if (a && b) a[0] = b[0] + n; }"
    "kernel void two(write_only image2d_t i, read_only image2d_t j, sampler_t s, local int *l) {"
    " int2 at = (int2)(get_global_id(0), get_global_id(1)); l[0] = 1;"
    " write_imagef(i, at, read_imagef(j, s, at)); }";

static void make(void)
{
	const cl_mem_flags flags[] = {0,
				      CL_MEM_READ_WRITE,
				      CL_MEM_READ_ONLY,
				      CL_MEM_WRITE_ONLY,
				      CL_MEM_WRITE_ONLY | CL_MEM_COPY_HOST_PTR,
				      CL_MEM_COPY_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR | CL_MEM_HOST_NO_ACCESS,
				      ~0ull};
	const cl_image_format format = {CL_RGBA, CL_UNORM_INT8};
	const cl_image_desc image = {
	    .image_type = below(4) ? CL_MEM_OBJECT_IMAGE2D : 0x10F0 + below(8),
	    .image_width = 1 + below(16),
	    .image_height = 1 + below(16),
	    .mem_object = below(8) ? NULL : any(below(2) ? BUFFER : EVENT)};
	const cl_buffer_region part = {below(3) ? below(8) * 128 : below(BYTES), below(BYTES)};
	cl_device_id devices[2] = {a_device(), device};
	cl_context context = any(CONTEXT);
	const char *text = source;
	cl_int status;

	switch (below(9)) {
	case 0:
		if (below(200))
			break;
		keep(CONTEXT,
		     cl->clCreateContext(NULL, 1 + below(2), devices, NULL, NULL, &status));
		break;
	case 1:
		keep(QUEUE, cl->clCreateCommandQueue(context, a_device(), below(4), &status));
		break;
	case 2:
	case 3:
		keep(BUFFER,
		     cl->clCreateBuffer(context, flags[below(8)], below(8) ? BYTES : below(9),
					below(2) ? data : NULL, &status));
		break;
	case 4:
		keep(BUFFER, cl->clCreateSubBuffer(any(BUFFER), flags[below(4)],
						   CL_BUFFER_CREATE_TYPE_REGION, &part, &status));
		break;
	case 5:
		keep(IMAGE, cl->clCreateImage(context, flags[below(4)], &format, &image,
					      below(6) ? NULL : data, NULL));
		break;
	case 6:
		keep(SAMPLER, cl->clCreateSampler(context, below(2), CL_ADDRESS_NONE + below(5),
						  CL_FILTER_NEAREST + below(3), &status));
		break;
	case 7:
		keep(EVENT, cl->clCreateUserEvent(context, &status));
		break;
	default:
		if (below(24)) {
			keep(KERNEL, cl->clCreateKernel(any(PROGRAM),
							below(3) ? (below(2) ? "one" : "two")
								 : (below(2) ? "none" : NULL),
							&status));
			break;
		}
		keep(PROGRAM, cl->clCreateProgramWithSource(context, 1, &text, NULL, &status));
		cl->clBuildProgram(any(PROGRAM), 0, NULL, below(8) ? "" : "-Dx=1", NULL, NULL);
		break;
	}
}

/* So that some kernels run. */
static void set_all(cl_kernel kernel)
{
	cl_mem a = any(BUFFER), b = any(BUFFER);
	const cl_int n = 1;

	cl->clSetKernelArg(kernel, 0, sizeof(a), &a);
	cl->clSetKernelArg(kernel, 1, sizeof(b), &b);
	cl->clSetKernelArg(kernel, 2, sizeof(n), &n);
}

static void set_argument(void)
{
	void *handle = any(below(3) ? BUFFER : below(2) ? IMAGE : SAMPLER);
	const size_t sizes[] = {8, 8, 8, 8, 4, 0, 16, 3};
	unsigned char value[16] = {1};
	const bool is_handle = below(3) != 0;

	if (is_handle)
		memcpy(value, &handle, sizeof(handle));
	cl->clSetKernelArg(any(KERNEL), below(6), sizes[below(8)], below(8) ? value : NULL);
}

/* User events would stop all. */
static void set_user_events(void)
{
	for (int i = 0; i < EACH; i++)
		if (handles[EVENT][i])
			cl->clSetUserEventStatus(handles[EVENT][i], CL_COMPLETE);
}

static cl_int enqueue(void)
{
	cl_kernel kernel;
	const size_t zero[3] = {0, 0, 0}, some[3] = {1 + below(16), 1 + below(16), 1};
	const size_t *region = below(10) ? some : NULL;
	const size_t offset = below(4) ? 0 : below(2 * BYTES), size = below(BYTES);
	cl_event waits[2] = {any(EVENT), any(EVENT)};
	const cl_uint count = below(3) ? 0 : 1 + below(2);
	const cl_event *list = count ? waits : below(16) ? NULL : waits;
	cl_event event = NULL;
	cl_event *out = below(2) ? &event : NULL;
	cl_command_queue queue = any(QUEUE);
	const cl_bool blocks = count ? CL_FALSE : below(2);
	size_t pitch;
	void *mapped;
	cl_int status;

	/* What nobody sets would be waited for. */
	if (blocks)
		set_user_events();
	switch (below(14)) {
	case 0:
		status = cl->clEnqueueReadBuffer(queue, any(BUFFER), blocks, offset, size, data,
						 count, list, out);
		break;
	case 1:
		status = cl->clEnqueueWriteBuffer(queue, any(BUFFER), blocks, offset, size, data,
						  count, list, out);
		break;
	case 2:
		status = cl->clEnqueueCopyBuffer(queue, any(BUFFER), any(BUFFER), offset, below(64),
						 below(64), count, list, out);
		break;
	case 3:
		status = cl->clEnqueueFillBuffer(queue, any(BUFFER), data, 4, below(64) * 4,
						 below(16) * 4, count, list, out);
		break;
	case 4:
		status = cl->clEnqueueReadImage(queue, any(IMAGE), blocks, zero, region, 0, 0, data,
						count, list, out);
		break;
	case 5:
		status = cl->clEnqueueWriteImage(queue, any(IMAGE), blocks, zero, region, 0, 0,
						 data, count, list, out);
		break;
	case 6:
		/* PoCL 3.1 crashes itself at some that are right. */
		careful = false;
		status = cl->clEnqueueCopyImageToBuffer(queue, any(IMAGE), NULL, zero, region, 0,
							count, list, out);
		break;
	case 7:
		/* As above: maps of parts. Nothing is mapped here. */
		mapped = cl->clEnqueueMapBuffer(queue, any(BUFFER), blocks, below(8) | 64, offset,
						below(64), count, list, out, &status);
		cl->clEnqueueUnmapMemObject(queue, any(BUFFER), mapped, 0, NULL, NULL);
		break;
	case 8:
		mapped = cl->clEnqueueMapImage(queue, any(IMAGE), blocks, 64 + below(2), zero,
					       region, &pitch, NULL, count, list, out, &status);
		(void)mapped;
		break;
	case 9:
		status = cl->clEnqueueMarkerWithWaitList(queue, count, list, out);
		break;
	case 10:
		status = cl->clEnqueueBarrierWithWaitList(queue, count, list, out);
		break;
	case 11:
		status = cl->clEnqueueMigrateMemObjects(queue, 1, (cl_mem[]){any(BUFFER)}, 0, count,
							list, out);
		break;
	default:
		kernel = any(KERNEL);
		if (below(2))
			set_all(kernel);
		status = cl->clEnqueueNDRangeKernel(queue, kernel, 1 + below(3), NULL, region, NULL,
						    count, list, out);
		launched += status == CL_SUCCESS;
		break;
	}
	if (event)
		keep(EVENT, event);
	enqueued += status == CL_SUCCESS;
	return status;
}

static void CL_CALLBACK noted(cl_event event, cl_int status, void *count)
{
	(void)event;
	(void)status;
	__atomic_fetch_add((int *)count, 1, __ATOMIC_RELAXED);
}

static int notes;

static void step(void)
{
	cl_event event;
	cl_int status = CL_SUCCESS;

	careful = below(4) != 0;
	switch (below(12)) {
	case 0:
	case 1:
		make();
		break;
	case 2:
		forget((enum kind)below(KINDS));
		break;
	case 3:
		status = below(8) ? ask() : retain((enum kind)below(KINDS));
		break;
	case 4:
	case 5:
		set_argument();
		break;
	case 6:
		status =
		    cl->clSetUserEventStatus(any(EVENT), below(4) ? CL_COMPLETE : (int)below(5));
		break;
	case 7:
		status = cl->clSetEventCallback(any(EVENT), (cl_int)below(5),
						below(8) ? noted : NULL, &notes);
		break;
	case 8:
		set_user_events();
		event = any(EVENT);
		status = below(4)   ? cl->clFlush(any(QUEUE))
			 : below(2) ? cl->clFinish(any(QUEUE))
				    : cl->clWaitForEvents(below(2), &event);
		break;
	default:
		status = enqueue();
		break;
	}
	refused += status != CL_SUCCESS;
}

int main(int count, char **arguments)
{
	const unsigned long calls = count > 2 ? strtoul(arguments[2], NULL, 10) : 1000;

	state = 0x9E3779B97F4A7C15ull * (1 + (count > 1 ? strtoul(arguments[1], NULL, 10) : 1));
	if (clIcdGetPlatformIDsKHR(1, &platform, NULL) != CL_SUCCESS)
		return 2;
	cl = *(const cl_icd_dispatch **)platform;
	/* Each entry is there, whether or not there is such a feature. */
	for (size_t i = 0; i < sizeof(*cl) / sizeof(void *); i++)
		if (!((void *const *)cl)[i]) {
			fprintf(stderr, "entry %zu of the table is empty\n", i);
			return 4;
		}
	if (cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL) != CL_SUCCESS)
		return 3;
	for (int i = 0; i < 1; i++) {
		cl_context context = cl->clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
		cl_program program =
		    cl->clCreateProgramWithSource(context, 1, (const char **)&source, NULL, NULL);

		cl->clBuildProgram(program, 0, NULL, "", NULL, NULL);
		handles[CONTEXT][i] = context;
		handles[PROGRAM][i] = program;
		for (int j = 0; j < 3; j++)
			handles[QUEUE][3 * i + j] = cl->clCreateCommandQueue(
			    context, device, j ? CL_QUEUE_PROFILING_ENABLE : 0, NULL);
	}
	for (unsigned long i = 0; i < calls; i++)
		step();
	set_user_events();
	printf("%lu made, %lu refused, %lu enqueued, %lu launched\n", made, refused, enqueued,
	       launched);
	return 0;
}
