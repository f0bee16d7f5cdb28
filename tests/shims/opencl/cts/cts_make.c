/* SPDX-License-Identifier: MIT */
/* Objects, launches, types and comparisons for checks. */
#include "cts.h"

#include <math.h>
#include <stdarg.h>

const unsigned int cts_widths[6] = {1, 2, 3, 4, 8, 16};

const struct cts_type cts_types[] = {
    {"char", 1, CTS_SIGNED},	 {"uchar", 1, CTS_UNSIGNED}, {"short", 2, CTS_SIGNED},
    {"ushort", 2, CTS_UNSIGNED}, {"int", 4, CTS_SIGNED},     {"uint", 4, CTS_UNSIGNED},
    {"long", 8, CTS_SIGNED},	 {"ulong", 8, CTS_UNSIGNED}, {"float", 4, CTS_FLOAT},
    {"double", 8, CTS_FLOAT},
};

unsigned int cts_type_count(void)
{
	return COUNT(cts_types) - !cts_has("cl_khr_fp64");
}

const char *cts_vector(const struct cts_type *type, unsigned int width)
{
	char *name = NULL;

	if (width == 1)
		return type->name;
	cts_append(&name, "%s%u", type->name, width);
	return name;
}

void *cts_host(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		cts_fail("no %zu bytes on the host", size);
	return cts_own(CTS_HOST, memory);
}

void cts_append(char **text, const char *format, ...)
{
	const size_t length = *text ? strlen(*text) : 0;
	va_list values, again;
	char *longer;
	int more;

	va_start(values, format);
	va_copy(again, values);
	more = vsnprintf(NULL, 0, format, values);
	va_end(values);
	longer = malloc(length + (size_t)more + 1);
	if (!longer)
		abort();
	if (length)
		memcpy(longer, *text, length);
	vsnprintf(longer + length, (size_t)more + 1, format, again);
	va_end(again);
	if (*text) {
		cts_disown(*text);
		free(*text);
	}
	*text = cts_own(CTS_HOST, longer);
}

cl_mem cts_buffer(cl_mem_flags flags, size_t size, void *data)
{
	cl_int status;
	cl_mem made;

	if (data && !(flags & CL_MEM_USE_HOST_PTR))
		flags |= CL_MEM_COPY_HOST_PTR;
	made = clCreateBuffer(cts.context, flags, size, data, &status);
	OK(status);
	return cts_own(CTS_MEM, made);
}

cl_mem cts_image(cl_mem_flags flags, const cl_image_format *format, const cl_image_desc *desc,
		 void *data)
{
	cl_int status;
	cl_mem made;

	if (data && !(flags & CL_MEM_USE_HOST_PTR))
		flags |= CL_MEM_COPY_HOST_PTR;
	made = clCreateImage(cts.context, flags, format, desc, data, &status);
	OK(status);
	return cts_own(CTS_MEM, made);
}

cl_command_queue cts_queue(cl_command_queue_properties properties)
{
	cl_int status;
	cl_command_queue made = clCreateCommandQueue(cts.context, cts.device, properties, &status);

	OK(status);
	return cts_own(CTS_QUEUE, made);
}

/* The program; NULL with the begin of its log where it cannot be built. */
static cl_program build(const char *source, const char *options, cl_int *status, char log[256])
{
	cl_program made = clCreateProgramWithSource(cts.context, 1, &source, NULL, status);
	size_t size = 0;
	char *all;

	OK(*status);
	cts_own(CTS_PROGRAM, made);
	*status = clBuildProgram(made, 1, &cts.device, options, NULL, NULL);
	if (*status == CL_SUCCESS)
		return made;
	clGetProgramBuildInfo(made, cts.device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
	all = cts_host(size + 1);
	clGetProgramBuildInfo(made, cts.device, CL_PROGRAM_BUILD_LOG, size, all, NULL);
	snprintf(log, 256, "%s", all);
	return NULL;
}

cl_program cts_program(const char *source, const char *options)
{
	char log[256];
	cl_int status;
	cl_program made = build(source, options, &status, log);

	EXPECT(made, "clBuildProgram: %d: %s", status, log);
	return made;
}

cl_program cts_program_20(const char *source)
{
	char log[256];
	cl_int status;
	cl_program made = build(source, "-cl-std=CL2.0", &status, log);

	if (!made)
		cts_skip("not in the OpenCL C 2.0 of the device: %.60s", log);
	return made;
}

cl_kernel cts_kernel(cl_program program, const char *name)
{
	cl_int status;
	cl_kernel made = clCreateKernel(program, name, &status);

	if (status != CL_SUCCESS)
		cts_fail("clCreateKernel %s: %d", name, status);
	return cts_own(CTS_KERNEL, made);
}

cl_kernel cts_build(const char *source, const char *name)
{
	cl_program program = cts_program(source, NULL);
	cl_kernel made;

	if (name)
		return cts_kernel(program, name);
	OK(clCreateKernelsInProgram(program, 1, &made, NULL));
	return cts_own(CTS_KERNEL, made);
}

void cts_mems(cl_kernel kernel, unsigned int count, ...)
{
	va_list values;

	va_start(values, count);
	for (unsigned int i = 0; i < count; i++) {
		cl_mem mem = va_arg(values, cl_mem);

		ARG(kernel, i, mem);
	}
	va_end(values);
}

void cts_launch(cl_kernel kernel, cl_uint dimensions, const size_t *global, const size_t *local)
{
	OK(clEnqueueNDRangeKernel(cts.queue, kernel, dimensions, NULL, global, local, 0, NULL,
				  NULL));
}

void cts_launch1(cl_kernel kernel, size_t global, size_t local)
{
	cts_launch(kernel, 1, &global, local ? &local : NULL);
}

void cts_read(cl_mem buffer, size_t size, void *to)
{
	OK(clEnqueueReadBuffer(cts.queue, buffer, CL_TRUE, 0, size, to, 0, NULL, NULL));
}

void cts_write(cl_mem buffer, size_t size, const void *from)
{
	OK(clEnqueueWriteBuffer(cts.queue, buffer, CL_TRUE, 0, size, from, 0, NULL, NULL));
}

size_t cts_local(cl_kernel kernel, size_t global, size_t most)
{
	size_t limit = 1;

	OK(clGetKernelWorkGroupInfo(kernel, cts.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(limit),
				    &limit, NULL));
	if (most > limit)
		most = limit;
	if (most > global)
		most = global;
	while (global % most)
		most--;
	return most;
}

bool cts_has(const char *extension)
{
	const size_t length = strlen(extension);
	size_t size = 0;
	char *all;

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_EXTENSIONS, 0, NULL, &size));
	all = cts_host(size + 1);
	OK(clGetDeviceInfo(cts.device, CL_DEVICE_EXTENSIONS, size, all, NULL));
	for (const char *at = all; (at = strstr(at, extension)); at += length)
		if ((at == all || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

cl_ulong cts_number(cl_device_info name)
{
	cl_ulong value = 0;
	size_t size = 0;

	OK(clGetDeviceInfo(cts.device, name, sizeof(value), &value, &size));
	return size == sizeof(cl_uint) ? (cl_uint)value : value;
}

void cts_needs_images(void)
{
	if (!cts_number(CL_DEVICE_IMAGE_SUPPORT))
		cts_skip("no images");
}

/* xorshift: the same on every host. */
static uint32_t state;

uint32_t cts_random(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

void cts_seed(uint32_t seed)
{
	state = seed;
}

void cts_fill(void *to, size_t size)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(cts_random() >> 11);
}

float cts_random_float(float least, float most)
{
	return least + (most - least) * ((float)(cts_random() >> 8) / 16777216.0f);
}

void cts_same(const void *got, const void *want, size_t size, size_t count, const char *what)
{
	const uint8_t *a = got, *b = want;
	char text[2][2 * 32 + 1] = {"", ""};
	size_t i = 0;

	if (!memcmp(got, want, size * count))
		return;
	while (!memcmp(a + i * size, b + i * size, size))
		i++;
	for (size_t byte = 0; byte < size && byte < 32; byte++) {
		snprintf(text[0] + 2 * byte, 3, "%02x", a[i * size + byte]);
		snprintf(text[1] + 2 * byte, 3, "%02x", b[i * size + byte]);
	}
	cts_fail("%s: number %zu of %zu is %s instead of %s", what, i, count, text[0], text[1]);
}

void cts_close(const float *got, const float *want, size_t count, float ulps, const char *what)
{
	for (size_t i = 0; i < count; i++) {
		const float a = fabsf(want[i]);
		const float unit = a < 0x1p-126f ? 0x1p-149f : nextafterf(a, INFINITY) - a;

		if ((isnan(want[i]) && isnan(got[i])) || got[i] == want[i] ||
		    (isfinite(want[i]) && fabsf(got[i] - want[i]) <= ulps * unit))
			continue;
		cts_fail("%s: number %zu of %zu is %a instead of %a", what, i, count,
			 (double)got[i], (double)want[i]);
	}
}
