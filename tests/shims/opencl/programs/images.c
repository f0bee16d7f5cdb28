/* Images: kinds, samplers, copies, fills, maps, on several queues. */
#include "common.h"

static const char source[] =
    "kernel void copy(write_only image2d_t to, read_only image2d_t from, sampler_t s) {"
    " int2 at = (int2)(get_global_id(0), get_global_id(1));"
    " write_imageui(to, at, read_imageui(from, s, at) + (uint4)(1)); }";

#define W 33
#define H 17

static cl_mem image_of(cl_mem_object_type type, cl_mem_flags flags, size_t width, size_t height,
		       size_t depth, cl_mem in)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	cl_image_desc image = {.image_type = type, .image_width = width, .mem_object = in};
	cl_mem made;
	cl_int status;

	if (type != CL_MEM_OBJECT_IMAGE1D_ARRAY)
		image.image_height = height;
	if (type == CL_MEM_OBJECT_IMAGE3D)
		image.image_depth = depth;
	if (type == CL_MEM_OBJECT_IMAGE2D_ARRAY)
		image.image_array_size = depth;
	if (type == CL_MEM_OBJECT_IMAGE1D_ARRAY)
		image.image_array_size = height;
	made = clCreateImage(context, flags, &format, &image, NULL, &status);
	OK(status);
	return made;
}

/* The kernel runs on both queues by turns, which pass the image on. */
static void kernels(cl_command_queue *queues)
{
	const cl_sampler_properties properties[] = {CL_SAMPLER_NORMALIZED_COORDS, CL_FALSE,
						    CL_SAMPLER_FILTER_MODE, CL_FILTER_NEAREST, 0};
	cl_kernel kernel = kernel_of(context, source, "copy");
	cl_mem a = image_of(CL_MEM_OBJECT_IMAGE2D, 0, W, H, 1, NULL);
	cl_mem b = image_of(CL_MEM_OBJECT_IMAGE2D, 0, W, H, 1, NULL);
	const size_t zero[3] = {0, 0, 0}, all[3] = {W, H, 1};
	unsigned char start_bytes[W * H * 4], got[W * H * 4], *mapped;
	size_t pitch, width;
	cl_sampler sampler;
	cl_int status;

	sampler = clCreateSamplerWithProperties(context, properties, &status);
	OK(status);
	for (size_t i = 0; i < sizeof(start_bytes); i++)
		start_bytes[i] = (unsigned char)(i % 200);
	OK(clEnqueueWriteImage(queues[0], a, CL_TRUE, zero, all, 0, 0, start_bytes, 0, NULL, NULL));
	for (int i = 0; i < 6; i++) {
		cl_mem *to = i % 2 ? &a : &b, *from = i % 2 ? &b : &a;
		cl_event event;

		OK(clSetKernelArg(kernel, 0, sizeof(*to), to));
		OK(clSetKernelArg(kernel, 1, sizeof(*from), from));
		OK(clSetKernelArg(kernel, 2, sizeof(sampler), &sampler));
		OK(clEnqueueNDRangeKernel(queues[i % 3 % 2], kernel, 2, NULL, all, NULL, 0, NULL,
					  &event));
		OK(clWaitForEvents(1, &event));
		OK(clReleaseEvent(event));
	}
	OK(clEnqueueReadImage(queues[1], a, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL));
	for (size_t i = 0; i < sizeof(got); i++)
		SAME(got[i], start_bytes[i] + 6);
	mapped = clEnqueueMapImage(queues[1], a, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, zero, all,
				   &pitch, NULL, 0, NULL, NULL, &status);
	OK(status);
	SAME(mapped[pitch * 3 + 8], got[W * 4 * 3 + 8]);
	mapped[pitch * 3 + 8] = 99;
	OK(clEnqueueUnmapMemObject(queues[1], a, mapped, 0, NULL, NULL));
	OK(clFinish(queues[1]));
	OK(clEnqueueReadImage(queues[0], a, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL));
	SAME(got[W * 4 * 3 + 8], 99);
	OK(clGetImageInfo(a, CL_IMAGE_WIDTH, sizeof(width), &width, NULL));
	SAME(width, W);
	OK(clReleaseSampler(sampler));
	OK(clReleaseMemObject(a));
	OK(clReleaseMemObject(b));
	OK(clReleaseKernel(kernel));
}

/* Each kind is filled on one queue and read on the other, and copied to a buffer and back. */
static void kinds(cl_command_queue *queues)
{
	const cl_mem_object_type types[] = {CL_MEM_OBJECT_IMAGE1D, CL_MEM_OBJECT_IMAGE1D_ARRAY,
					    CL_MEM_OBJECT_IMAGE2D, CL_MEM_OBJECT_IMAGE2D_ARRAY,
					    CL_MEM_OBJECT_IMAGE3D};
	const size_t zero[3] = {0, 0, 0};
	const cl_uint color[4] = {1, 2, 3, 4};

	for (size_t t = 0; t < COUNT(types); t++) {
		const size_t region[3] = {8, t ? 4 : 1, t > 2 ? 3 : 1};
		const size_t bytes = 4 * region[0] * region[1] * region[2];
		unsigned char got[4 * 8 * 4 * 3], bits[4 * 8 * 4 * 3];
		cl_mem image = image_of(types[t], 0, region[0], region[1], region[2], NULL);
		cl_mem again = image_of(types[t], 0, region[0], region[1], region[2], NULL);
		cl_mem buffer = buffer_of(context, 0, sizeof(got), NULL);

		OK(clEnqueueFillImage(queues[0], image, color, zero, region, 0, NULL, NULL));
		OK(clFinish(queues[0]));
		OK(clEnqueueReadImage(queues[1], image, CL_TRUE, zero, region, 0, 0, got, 0, NULL,
				      NULL));
		for (size_t i = 0; i < bytes; i++) {
			SAME(got[i], i % 4 + 1);
			bits[i] = (unsigned char)(i * 5);
		}
		OK(clEnqueueWriteBuffer(queues[1], buffer, CL_TRUE, 0, bytes, bits, 0, NULL, NULL));
		OK(clEnqueueCopyBufferToImage(queues[0], buffer, image, 0, zero, region, 0, NULL,
					      NULL));
		OK(clFinish(queues[0]));
		OK(clEnqueueCopyImage(queues[1], image, again, zero, zero, region, 0, NULL, NULL));
		OK(clFinish(queues[1]));
		OK(clEnqueueCopyImageToBuffer(queues[0], again, buffer, zero, region, 0, 0, NULL,
					      NULL));
		OK(clFinish(queues[0]));
		OK(clEnqueueReadBuffer(queues[1], buffer, CL_TRUE, 0, bytes, got, 0, NULL, NULL));
		SAME(memcmp(got, bits, bytes), 0);
		OK(clReleaseMemObject(image));
		OK(clReleaseMemObject(again));
		OK(clReleaseMemObject(buffer));
	}
}

static void refusals(cl_command_queue queue)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8}, none = {0x1234, 0x5678};
	cl_image_desc image = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 4};
	cl_mem buffer = buffer_of(context, 0, 64, NULL), its = NULL, view;
	const size_t zero[3] = {0, 0, 0};
	unsigned char bytes[64];
	cl_uint count;
	cl_int status;

	OK(clGetSupportedImageFormats(context, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 0, NULL,
				      &count));
	SAME(count > 0, 1);
	SAME(clCreateImage(context, 0, &format, &image, NULL, &status) == NULL, 1);
	image.image_height = 4;
	SAME(clCreateImage(context, 0, &none, &image, NULL, NULL) == NULL, 1);
	clCreateImage(context, 0, NULL, &image, NULL, &status);
	SAME(status, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
	clCreateImage(context, 0, &format, NULL, NULL, &status);
	SAME(status, CL_INVALID_IMAGE_DESCRIPTOR);
	SAME(clEnqueueReadImage(queue, buffer, CL_TRUE, zero, zero, 0, 0, bytes, 0, NULL, NULL),
	     CL_INVALID_MEM_OBJECT);
	view = image_of(CL_MEM_OBJECT_IMAGE1D_BUFFER, 0, 8, 0, 0, buffer);
	OK(clGetImageInfo(view, CL_IMAGE_BUFFER, sizeof(its), &its, NULL));
	SAME((size_t)its, (size_t)buffer);
	OK(clReleaseMemObject(view));
	OK(clReleaseMemObject(buffer));
}

int main(void)
{
	cl_command_queue queues[2];

	start();
	for (int i = 0; i < 2; i++)
		queues[i] = queue_of(context, 0);
	kernels(queues);
	kinds(queues);
	refusals(queues[0]);
	for (int i = 0; i < 2; i++)
		OK(clReleaseCommandQueue(queues[i]));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
