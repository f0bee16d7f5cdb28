/* SPDX-License-Identifier: MIT */
/* api: limits of arguments, memory and arithmetic, and versions. */
#include "ask.h"

/* A kernel with as many bytes of arguments as it may have. */
CHECK(api, min_max_parameter_size)
{
	const size_t most = cts_number(CL_DEVICE_MAX_PARAMETER_SIZE);
	const cl_uint count = (cl_uint)((most > 4096 ? 4096 : most) / 8) - 2;
	char *text = NULL, *body = NULL;
	cl_long got, want = 0;
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 8, NULL);
	cl_kernel kernel;

	IS(most >= 256);
	cts_append(&text, "kernel void sum(global long *to");
	cts_append(&body, ") { *to = 0");
	for (cl_uint i = 0; i < count; i++) {
		cts_append(&text, ", long a%u", i);
		cts_append(&body, " + a%u", i);
	}
	cts_append(&text, "%s; }", body);
	kernel = cts_build(text, NULL);
	cts_mems(kernel, 1, to);
	for (cl_uint i = 0; i < count; i++) {
		const cl_long value = (cl_long)i * i - 7;

		want += value;
		ARG(kernel, i + 1, value);
	}
	cts_launch1(kernel, 1, 0);
	cts_read(to, 8, &got);
	SAME(got, want);
}

CHECK(api, min_max_samplers)
{
	const cl_uint count = (cl_uint)cts_number(CL_DEVICE_MAX_SAMPLERS);
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 4, .image_height = 4};
	cl_uint pixels[16], got;
	char *text = NULL, *body = NULL;
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 4, NULL);
	cl_kernel kernel;

	cts_needs_images();
	IS(count >= 8);
	for (int i = 0; i < 16; i++)
		pixels[i] = 3;
	cts_append(&text, "kernel void sum(global uint *to, read_only image2d_t m");
	cts_append(&body, ") { uint s = 0;");
	for (cl_uint i = 0; i < count && i < 64; i++) {
		cts_append(&text, ", sampler_t s%u", i);
		cts_append(&body, " s += read_imageui(m, s%u, (int2)(1, 1)).x;", i);
	}
	cts_append(&text, "%s *to = s; }", body);
	kernel = cts_build(text, NULL);
	cts_mems(kernel, 2, to, cts_image(CL_MEM_READ_ONLY, &format, &desc, pixels));
	for (cl_uint i = 0; i < count && i < 64; i++) {
		cl_int status;
		cl_sampler sampler = clCreateSampler(cts.context, CL_FALSE, CL_ADDRESS_CLAMP,
						     CL_FILTER_NEAREST, &status);

		OK(status);
		cts_own(CTS_SAMPLER, sampler);
		ARG(kernel, i + 2, sampler);
	}
	cts_launch1(kernel, 1, 0);
	cts_read(to, 4, &got);
	SAME(got, 3 * (count < 64 ? count : 64));
}

CHECK(api, min_max_constant_buffer_size)
{
	size_t size = cts_number(CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE);
	cl_kernel kernel = cts_build("kernel void copy(constant int *a, global int *to) {"
				     " size_t i = get_global_id(0); to[i] = a[i]; }",
				     NULL);
	int *host, *got;
	cl_mem to;

	IS(size >= 64 * 1024);
	/* Some say all of their memory. */
	size = size > 1 << 20 ? 1 << 20 : size / 4 * 4;
	host = cts_host(size);
	got = cts_host(size);
	cts_fill(host, size);
	to = cts_buffer(CL_MEM_WRITE_ONLY, size, NULL);
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, size, host), to);
	cts_launch1(kernel, size / 4, 0);
	cts_read(to, size, got);
	cts_same(got, host, 4, size / 4, "numbers");
}

CHECK(api, min_max_constant_args)
{
	enum { N = 256 };
	const cl_uint most = (cl_uint)cts_number(CL_DEVICE_MAX_CONSTANT_ARGS);
	const cl_uint count = most > 32 ? 32 : most;
	char *text = NULL, *body = NULL;
	int host[N], want[N] = {0}, got[N];
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);
	cl_kernel kernel;

	IS(most >= 8);
	cts_append(&text, "kernel void sum(global int *to");
	cts_append(&body, ") { size_t i = get_global_id(0); to[i] = 0");
	for (cl_uint i = 0; i < count; i++) {
		cts_append(&text, ", constant int *a%u", i);
		cts_append(&body, " + a%u[i]", i);
	}
	cts_append(&text, "%s; }", body);
	kernel = cts_build(text, NULL);
	cts_mems(kernel, 1, to);
	for (cl_uint i = 0; i < count; i++) {
		cl_mem one;

		for (int k = 0; k < N; k++) {
			host[k] = (int)(cts_random() % 1000);
			want[k] += host[k];
		}
		one = cts_buffer(CL_MEM_READ_ONLY, sizeof(host), host);
		ARG(kernel, i + 1, one);
	}
	cts_launch1(kernel, N, 0);
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "sums");
}

CHECK(api, min_max_compute_units)
{
	IS(cts_number(CL_DEVICE_MAX_COMPUTE_UNITS) >= 1);
}

CHECK(api, min_max_address_bits)
{
	const cl_ulong bits = cts_number(CL_DEVICE_ADDRESS_BITS);

	IS(bits == 32 || bits == 64);
}

CHECK(api, min_max_single_fp_config)
{
	const cl_ulong least = CL_FP_ROUND_TO_NEAREST | CL_FP_INF_NAN;

	SAME(cts_number(CL_DEVICE_SINGLE_FP_CONFIG) & least, least);
}

CHECK(api, min_max_double_fp_config)
{
	const cl_ulong least = CL_FP_FMA | CL_FP_ROUND_TO_NEAREST | CL_FP_ROUND_TO_ZERO |
			       CL_FP_ROUND_TO_INF | CL_FP_INF_NAN | CL_FP_DENORM;
	const cl_ulong has = cts_number(CL_DEVICE_DOUBLE_FP_CONFIG);

	IS(cts_has("cl_khr_fp64") ? (has & least) == least : !has);
}

/* A group uses all local memory that there is. */
CHECK(api, min_max_local_mem_size)
{
	cl_kernel kernel = cts_build("kernel void turn(global const int *a, local int *l,"
				     " global int *to, int count) {"
				     " for (int i = get_local_id(0); i < count;"
				     " i += get_local_size(0)) l[i] = a[i];"
				     " barrier(CLK_LOCAL_MEM_FENCE);"
				     " for (int i = get_local_id(0); i < count;"
				     " i += get_local_size(0)) to[i] = l[count - 1 - i]; }",
				     NULL);
	const size_t most = cts_number(CL_DEVICE_LOCAL_MEM_SIZE), size = most / 4 * 4;
	const cl_int count = (cl_int)(size / 4);
	int *host, *want, *got;
	cl_mem to;

	IS(most >= 32 * 1024);
	if (most > 1 << 24)
		cts_skip("%zu bytes of local memory", most);
	host = cts_host(size);
	want = cts_host(size);
	got = cts_host(size);
	cts_fill(host, size);
	for (cl_int i = 0; i < count; i++)
		want[i] = host[count - 1 - i];
	to = cts_buffer(CL_MEM_WRITE_ONLY, size, NULL);
	cts_mems(kernel, 1, cts_buffer(CL_MEM_READ_ONLY, size, host));
	OK(clSetKernelArg(kernel, 1, size, NULL));
	ARG(kernel, 2, to);
	ARG(kernel, 3, count);
	cts_launch1(kernel, 64, 64);
	cts_read(to, size, got);
	cts_same(got, want, 4, size / 4, "numbers");
}

CHECK(api, min_max_kernel_preferred_work_group_size_multiple)
{
	cl_kernel kernel = cts_build("kernel void none(global int *to) { *to = 1; }", NULL);
	size_t multiple, most;

	OK(clGetKernelWorkGroupInfo(kernel, cts.device,
				    CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, sizeof(multiple),
				    &multiple, NULL));
	OK(clGetKernelWorkGroupInfo(kernel, cts.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(most),
				    &most, NULL));
	IS(multiple >= 1 && multiple <= most);
}

CHECK(api, min_max_execution_capabilities)
{
	IS(cts_number(CL_DEVICE_EXECUTION_CAPABILITIES) & CL_EXEC_KERNEL);
}

CHECK(api, min_max_queue_properties)
{
	IS(cts_number(CL_DEVICE_QUEUE_ON_HOST_PROPERTIES) & CL_QUEUE_PROFILING_ENABLE);
}

/* "OpenCL 1.2 ..." and "OpenCL C 1.2 ...". */
static int version_of(cl_device_info name, const char *format)
{
	int major = 0, minor = 0;
	char text[256];

	OK(clGetDeviceInfo(cts.device, name, sizeof(text), text, NULL));
	SAME(sscanf(text, format, &major, &minor), 2);
	return 10 * major + minor;
}

CHECK(api, min_max_device_version)
{
	IS(version_of(CL_DEVICE_VERSION, "OpenCL %d.%d ") >= 12);
}

CHECK(api, min_max_language_version)
{
	const int device = version_of(CL_DEVICE_VERSION, "OpenCL %d.%d ");
	const int language = version_of(CL_DEVICE_OPENCL_C_VERSION, "OpenCL C %d.%d ");

	IS(language >= 12);
	IS(language <= device);
	if (device >= 30) {
		cl_name_version versions[16];
		size_t used;
		bool has_12 = false, has_30 = false;

		OK(clGetDeviceInfo(cts.device, CL_DEVICE_OPENCL_C_ALL_VERSIONS, sizeof(versions),
				   versions, &used));
		for (size_t i = 0; i < used / sizeof(*versions); i++) {
			has_12 |= versions[i].version == CL_MAKE_VERSION(1, 2, 0);
			has_30 |= versions[i].version == CL_MAKE_VERSION(3, 0, 0);
		}
		IS(has_12 && has_30);
	}
}
