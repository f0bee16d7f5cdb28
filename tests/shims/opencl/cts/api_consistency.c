/* SPDX-License-Identifier: MIT */
/* api: what a device of 3.0 says it has not it answers as one without. */
#include "ask.h"

static void needs_three(void)
{
	int major = 0;
	char text[256];

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_VERSION, sizeof(text), text, NULL));
	sscanf(text, "OpenCL %d", &major);
	if (major < 3)
		cts_skip("a device of OpenCL %d", major);
}

static bool has_feature(const char *name)
{
	cl_name_version *features;
	size_t used;

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_OPENCL_C_FEATURES, 0, NULL, &used));
	features = cts_host(used);
	OK(clGetDeviceInfo(cts.device, CL_DEVICE_OPENCL_C_FEATURES, used, features, NULL));
	for (size_t i = 0; i < used / sizeof(*features); i++)
		if (!strcmp(features[i].name, name))
			return true;
	return false;
}

static cl_kernel any_kernel(void)
{
	return cts_build("kernel void any(global int *to) { to[get_global_id(0)] = 3; }", NULL);
}

CHECK(api, consistency_svm)
{
	const cl_ulong has = cts_number(CL_DEVICE_SVM_CAPABILITIES);
	cl_kernel kernel = any_kernel();
	unsigned char bytes[64] = {0};
	void *pointer = bytes;

	needs_three();
	if (has) {
		void *made;

		IS(has & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER);
		made = clSVMAlloc(cts.context, CL_MEM_READ_WRITE, 64, 0);
		IS(made);
		clSVMFree(cts.context, made);
		return;
	}
	IS(!clSVMAlloc(cts.context, CL_MEM_READ_WRITE, 64, 0));
	clSVMFree(cts.context, NULL);
	REFUSED(clEnqueueSVMFree(cts.queue, 1, &pointer, NULL, NULL, 0, NULL, NULL),
		CL_INVALID_OPERATION);
	REFUSED(clEnqueueSVMMemcpy(cts.queue, CL_TRUE, bytes, bytes + 32, 16, 0, NULL, NULL),
		CL_INVALID_OPERATION);
	REFUSED(clEnqueueSVMMemFill(cts.queue, bytes, bytes + 32, 4, 16, 0, NULL, NULL),
		CL_INVALID_OPERATION);
	REFUSED(clEnqueueSVMMap(cts.queue, CL_TRUE, CL_MAP_READ, bytes, 16, 0, NULL, NULL),
		CL_INVALID_OPERATION);
	REFUSED(clEnqueueSVMUnmap(cts.queue, bytes, 0, NULL, NULL), CL_INVALID_OPERATION);
	REFUSED(
	    clEnqueueSVMMigrateMem(cts.queue, 1, (const void **)&pointer, NULL, 0, 0, NULL, NULL),
	    CL_INVALID_OPERATION);
	REFUSED(clSetKernelArgSVMPointer(kernel, 0, NULL), CL_INVALID_OPERATION);
	REFUSED(
	    clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(pointer), &pointer),
	    CL_INVALID_OPERATION);
}

CHECK(api, consistency_memory_model)
{
	const cl_ulong memory = CL_DEVICE_ATOMIC_ORDER_RELAXED | CL_DEVICE_ATOMIC_SCOPE_WORK_GROUP;
	const cl_ulong fence = memory | CL_DEVICE_ATOMIC_ORDER_ACQ_REL;
	cl_ulong has, fences;

	needs_three();
	has = cts_number(CL_DEVICE_ATOMIC_MEMORY_CAPABILITIES);
	fences = cts_number(CL_DEVICE_ATOMIC_FENCE_CAPABILITIES);
	SAME(has & memory, memory);
	SAME(fences & fence, fence);
	SAME(!(has & CL_DEVICE_ATOMIC_SCOPE_DEVICE),
	     !has_feature("__opencl_c_atomic_scope_device"));
	SAME(!(has & CL_DEVICE_ATOMIC_ORDER_SEQ_CST),
	     !has_feature("__opencl_c_atomic_order_seq_cst"));
	SAME(!(has & CL_DEVICE_ATOMIC_ORDER_ACQ_REL),
	     !has_feature("__opencl_c_atomic_order_acq_rel"));
}

CHECK(api, consistency_device_enqueue)
{
	const cl_queue_properties list[] = {
	    CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_ON_DEVICE, 0};
	cl_command_queue queue;
	cl_int status;
	cl_uint size;

	needs_three();
	if (cts_number(CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES)) {
		IS(cts_number(CL_DEVICE_MAX_ON_DEVICE_QUEUES) > 0);
		return;
	}
	SAME(cts_number(CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES), 0);
	SAME(cts_number(CL_DEVICE_QUEUE_ON_DEVICE_PREFERRED_SIZE), 0);
	SAME(cts_number(CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE), 0);
	SAME(cts_number(CL_DEVICE_MAX_ON_DEVICE_QUEUES), 0);
	SAME(cts_number(CL_DEVICE_MAX_ON_DEVICE_EVENTS), 0);
	IS(!has_feature("__opencl_c_device_enqueue"));
	queue = clCreateCommandQueueWithProperties(cts.context, cts.device, list, &status);
	IS(!queue);
	SAME(status, CL_INVALID_QUEUE_PROPERTIES);
	REFUSED(clSetDefaultDeviceCommandQueue(cts.context, cts.device, cts.queue),
		CL_INVALID_OPERATION);
	QUERY_IS(clGetCommandQueueInfo, cts.queue, CL_QUEUE_DEVICE_DEFAULT, cl_command_queue, NULL);
	REFUSED(clGetCommandQueueInfo(cts.queue, CL_QUEUE_SIZE, sizeof(size), &size, NULL),
		CL_INVALID_COMMAND_QUEUE);
}

CHECK(api, consistency_pipes)
{
	cl_int status;

	needs_three();
	if (cts_number(CL_DEVICE_PIPE_SUPPORT)) {
		IS(cts_number(CL_DEVICE_MAX_PIPE_ARGS) >= 16);
		return;
	}
	SAME(cts_number(CL_DEVICE_MAX_PIPE_ARGS), 0);
	SAME(cts_number(CL_DEVICE_PIPE_MAX_ACTIVE_RESERVATIONS), 0);
	SAME(cts_number(CL_DEVICE_PIPE_MAX_PACKET_SIZE), 0);
	IS(!has_feature("__opencl_c_pipes"));
	clCreatePipe(cts.context, CL_MEM_HOST_NO_ACCESS, 4, 4, NULL, &status);
	SAME(status, CL_INVALID_OPERATION);
	REFUSED(clGetPipeInfo(cts_buffer(CL_MEM_READ_WRITE, 4, NULL), CL_PIPE_PACKET_SIZE, 0, NULL,
			      NULL),
		CL_INVALID_MEM_OBJECT);
}

/* There is no pipe to ask where there are none. */
CHECK(api, pipe_properties_queries)
{
	cl_pipe_properties got[4];
	size_t used = 99;
	cl_int status;
	cl_mem pipe;

	needs_three();
	if (!cts_number(CL_DEVICE_PIPE_SUPPORT))
		cts_skip("no pipes");
	pipe = clCreatePipe(cts.context, CL_MEM_HOST_NO_ACCESS, 4, 4, NULL, &status);
	OK(status);
	cts_own(CTS_MEM, pipe);
	OK(clGetPipeInfo(pipe, CL_PIPE_PROPERTIES, sizeof(got), got, &used));
	SAME(used, 0);
}

CHECK(api, consistency_progvar)
{
	cl_program program = cts_program(
	    "constant int five = 5; kernel void any(global int *to) { *to = five; }", NULL);
	size_t total = 99;

	needs_three();
	if (cts_number(CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE))
		return;
	SAME(cts_number(CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE), 0);
	OK(clGetProgramBuildInfo(program, cts.device, CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE,
				 sizeof(total), &total, NULL));
	SAME(total, 0);
	IS(!has_feature("__opencl_c_program_scope_global_variables"));
}

CHECK(api, consistency_non_uniform_work_group)
{
	cl_kernel kernel = any_kernel();
	const size_t global = 100, local = 8;

	needs_three();
	cts_mems(kernel, 1, cts_buffer(CL_MEM_READ_WRITE, 400, NULL));
	/* Only programs built as version 2.0 and later may have them. */
	REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
		CL_INVALID_WORK_GROUP_SIZE);
}

CHECK(api, consistency_read_write_images)
{
	cl_uint count = 0;

	needs_three();
	OK(clGetSupportedImageFormats(cts.context, CL_MEM_KERNEL_READ_AND_WRITE,
				      CL_MEM_OBJECT_IMAGE2D, 0, NULL, &count));
	if (!cts_number(CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS)) {
		SAME(count, 0);
		IS(!has_feature("__opencl_c_read_write_images"));
	} else {
		IS(has_feature("__opencl_c_read_write_images"));
	}
}

CHECK(api, consistency_2d_image_from_buffer)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const bool has = cts_has("cl_khr_image2d_from_buffer");
	cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 16, .image_height = 16};
	cl_int status;
	cl_mem image;

	needs_three();
	SAME(!cts_number(CL_DEVICE_IMAGE_PITCH_ALIGNMENT), !has);
	SAME(!cts_number(CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT), !has);
	desc.buffer = cts_buffer(CL_MEM_READ_WRITE, 16 * 16 * 4 * 4, NULL);
	image = clCreateImage(cts.context, CL_MEM_READ_ONLY, &format, &desc, NULL, &status);
	if (has) {
		OK(status);
		cts_own(CTS_MEM, image);
	} else {
		IS(status == CL_INVALID_IMAGE_DESCRIPTOR || status == CL_INVALID_OPERATION ||
		   status == CL_IMAGE_FORMAT_NOT_SUPPORTED);
	}
}

CHECK(api, consistency_depth_images)
{
	static cl_image_format all[512];
	cl_uint count = 0;
	bool has = false;

	needs_three();
	cts_needs_images();
	OK(clGetSupportedImageFormats(cts.context, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D,
				      COUNT(all), all, &count));
	for (cl_uint i = 0; i < count && i < COUNT(all); i++)
		has |= all[i].image_channel_order == CL_DEPTH;
	IS(cts_has("cl_khr_depth_images") || !has);
}

CHECK(api, consistency_device_and_host_timer)
{
	cl_ulong of_host = 0, of_device = 0, again = 0, resolution = 0;

	needs_three();
	OK(clGetPlatformInfo(cts.platform, CL_PLATFORM_HOST_TIMER_RESOLUTION, sizeof(resolution),
			     &resolution, NULL));
	if (!resolution) {
		REFUSED(clGetDeviceAndHostTimer(cts.device, &of_device, &of_host),
			CL_INVALID_OPERATION);
		REFUSED(clGetHostTimer(cts.device, &of_host), CL_INVALID_OPERATION);
		return;
	}
	OK(clGetDeviceAndHostTimer(cts.device, &of_device, &of_host));
	OK(clGetHostTimer(cts.device, &again));
	IS(of_device && of_host && again >= of_host);
}

CHECK(api, consistency_il_programs)
{
	cl_program program = cts_program("kernel void any(global int *to) { *to = 5; }", NULL);
	const cl_uint magic[5] = {0x07230203, 0x00010000, 0, 1, 0};
	char text[256];
	size_t used = 99;
	cl_int status;

	needs_three();
	OK(clGetDeviceInfo(cts.device, CL_DEVICE_IL_VERSION, sizeof(text), text, NULL));
	if (*text)
		return;
	clCreateProgramWithIL(cts.context, magic, sizeof(magic), &status);
	SAME(status, CL_INVALID_OPERATION);
	OK(clGetProgramInfo(program, CL_PROGRAM_IL, 0, NULL, &used));
	SAME(used, 0);
	REFUSED(clSetProgramSpecializationConstant(program, 0, sizeof(used), &used),
		CL_INVALID_OPERATION);
}

CHECK(api, consistency_subgroups)
{
	cl_kernel kernel = any_kernel();
	size_t count;

	needs_three();
	if (cts_number(CL_DEVICE_MAX_NUM_SUB_GROUPS))
		return;
	SAME(cts_number(CL_DEVICE_SUB_GROUP_INDEPENDENT_FORWARD_PROGRESS), 0);
	REFUSED(clGetKernelSubGroupInfo(kernel, cts.device, CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, NULL,
					sizeof(count), &count, NULL),
		CL_INVALID_OPERATION);
}

static void CL_CALLBACK released(cl_program program, void *data)
{
	(void)program;
	(void)data;
}

CHECK(api, consistency_prog_ctor_dtor)
{
	cl_program program = cts_program("kernel void any(global int *to) { *to = 5; }", NULL);
	cl_bool has = CL_TRUE;

	needs_three();
	OK(clGetProgramInfo(program, CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, sizeof(has), &has,
			    NULL));
	SAME(has, CL_FALSE);
	OK(clGetProgramInfo(program, CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT, sizeof(has), &has,
			    NULL));
	SAME(has, CL_FALSE);
	REFUSED(clSetProgramReleaseCallback(program, released, NULL), CL_INVALID_OPERATION);
}

CHECK(api, consistency_3d_image_writes)
{
	needs_three();
	SAME(has_feature("__opencl_c_3d_image_writes"), cts_has("cl_khr_3d_image_writes"));
}
