/* SPDX-License-Identifier: MIT */
/* basic: images of all sizes that kernels pass on, from one to the next. */
#include "image.h"

static const cl_image_format format = {CL_RGBA, CL_UNORM_INT8};

static const char copy_source[] =
    "constant sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE |"
    " CLK_FILTER_NEAREST;"
    "kernel void k(read_only image2d_t from, write_only image2d_t to) {"
    " int2 at = (int2)(get_global_id(0), get_global_id(1));"
    " write_imagef(to, at, read_imagef(from, s, at)); }";

/* A kernel copies an image of that size. */
static void copy_size(cl_kernel kernel, size_t width, size_t height, const size_t *local)
{
	const size_t size[2] = {width, height}, bytes = width * height * 4;
	uint8_t *from = cts_host(bytes), *got = cts_host(bytes);
	cl_mem to = image_of(CL_MEM_WRITE_ONLY, &format, width, height, 0, NULL);
	cl_mem in;
	char what[64];

	cts_fill(from, bytes);
	in = image_of(CL_MEM_READ_ONLY, &format, width, height, 0, from);
	cts_mems(kernel, 2, in, to);
	cts_launch(kernel, 2, size, local);
	image_read(to, width, height, 1, got);
	snprintf(what, sizeof(what), "texels of %zu x %zu", width, height);
	cts_same(got, from, 4, width * height, what);
	cts_disown(in);
	cts_disown(to);
	clReleaseMemObject(in);
	clReleaseMemObject(to);
}

CHECK(basic, imagenpot)
{
	cl_kernel kernel;

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	kernel = cts_build(copy_source, NULL);
	for (int round = 0; round < (cts.is_quick ? 2 : 8); round++)
		copy_size(kernel, 7 + cts_random() % 90, 5 + cts_random() % 70, NULL);
}

/* imagedim_pow2, imagedim_non_pow2: both sizes through all powers of two, or beside them. */
static void dimensions(bool is_odd)
{
	const size_t most = cts.is_quick ? 32 : 512;
	cl_kernel kernel;

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	kernel = cts_build(copy_source, NULL);
	for (size_t width = 1; width <= most; width *= 4)
		for (size_t height = 1; height <= most; height *= 4) {
			/* One local size for all that it divides: each is compiled for. */
			const size_t local[2] = {width < 8 ? 1 : 8, height < 8 ? 1 : 8};

			if (is_odd && width > 1 && height > 1)
				copy_size(kernel, width - 1 + 2 * (cts_random() & 1), height + 1,
					  NULL);
			else if (!is_odd)
				copy_size(kernel, width, height, local);
		}
}

CHECK(basic, imagedim_pow2)
{
	dimensions(false);
}

CHECK(basic, imagedim_non_pow2)
{
	dimensions(true);
}

/* image_multipass_*: images are summed up one by one, from one image to another and back. */
static void multipass(bool is_float)
{
	enum { PASSES = 8 };
	const size_t size[2] = {64, 48}, texels = size[0] * size[1], bytes = texels * 4;
	const cl_image_format wide = {CL_RGBA, CL_FLOAT};
	char *source = NULL;
	float *want = cts_host(texels * 16), *got = cts_host(texels * 16);
	uint8_t *data = cts_host(bytes);
	cl_mem sums[2];
	cl_kernel kernel;

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	image_needs(&wide, CL_MEM_OBJECT_IMAGE2D);
	cts_append(&source,
		   "kernel void k(read_only image2d_t more, read_only image2d_t from,"
		   " write_only image2d_t to, sampler_t s) {"
		   " int2 at = (int2)(get_global_id(0), get_global_id(1)); %s"
		   " write_imagef(to, at, rint(read_imagef(more, s, where) * 255.0f)"
		   " + read_imagef(from, s, where)); }",
		   is_float ? "float2 where = (convert_float2(at) + 0.5f) /"
			      " convert_float2(get_image_dim(to));"
			    : "int2 where = at;");
	kernel = cts_build(source, NULL);
	sums[0] = image_of(CL_MEM_READ_WRITE, &wide, size[0], size[1], 0, want);
	sums[1] = image_of(CL_MEM_READ_WRITE, &wide, size[0], size[1], 0, want);
	image_sampler(kernel, 3, is_float, CL_ADDRESS_CLAMP_TO_EDGE, CL_FILTER_NEAREST);
	for (int pass = 0; pass < PASSES; pass++) {
		cts_fill(data, bytes);
		cts_mems(kernel, 3, image_of(CL_MEM_READ_ONLY, &format, size[0], size[1], 0, data),
			 sums[pass & 1], sums[!(pass & 1)]);
		cts_launch(kernel, 2, size, NULL);
		for (size_t i = 0; i < bytes; i++)
			want[i] += (float)data[i];
	}
	image_read(sums[PASSES & 1], size[0], size[1], 1, got);
	cts_same(got, want, sizeof(float), bytes, "sums");
}

CHECK(basic, image_multipass_integer_coord)
{
	multipass(false);
}

CHECK(basic, image_multipass_float_coord)
{
	multipass(true);
}

/* rw_image_access_qualifier: a kernel reads and writes one image. */
CHECK(basic, rw_image_access_qualifier)
{
	const cl_image_format bytes = {CL_RGBA, CL_UNSIGNED_INT8};
	const size_t size[2] = {32, 24}, count = size[0] * size[1] * 4;
	uint8_t *data = cts_host(count), *got = cts_host(count);
	cl_kernel kernel;
	cl_mem image;

	image_needs(&bytes, CL_MEM_OBJECT_IMAGE2D);
	if (!cts_number(CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS))
		cts_skip("no read_write images");
	kernel = cts_kernel(
	    cts_program_20("kernel void k(read_write image2d_t image) {"
			   " int2 at = (int2)(get_global_id(0), get_global_id(1));"
			   " write_imageui(image, at, read_imageui(image, at) ^ 255u); }"),
	    "k");
	cts_fill(data, count);
	image = image_of(CL_MEM_READ_WRITE, &bytes, size[0], size[1], 0, data);
	ARG(kernel, 0, image);
	cts_launch(kernel, 2, size, NULL);
	image_read(image, size[0], size[1], 1, got);
	for (size_t i = 0; i < count; i++)
		data[i] ^= 255;
	cts_same(got, data, 4, count / 4, "texels");
}
