/* SPDX-License-Identifier: MIT */
/* basic: images that kernels read and write, of two and three dimensions. */
#include "image.h"

#include <math.h>

static const cl_image_format rgba8 = {CL_RGBA, CL_UNORM_INT8}, bgra8 = {CL_BGRA, CL_UNORM_INT8};
static const cl_image_format rgba16 = {CL_RGBA, CL_UNORM_INT16};
static const cl_image_format rgba32 = {CL_RGBA, CL_FLOAT};

/* The four floats that a texel is read as. */
static void texel(const cl_image_format *format, const void *data, size_t i, float to[4])
{
	for (unsigned int c = 0; c < 4; c++) {
		const unsigned int at = format->image_channel_order == CL_BGRA && c < 3 ? 2 - c : c;

		if (format->image_channel_data_type == CL_UNORM_INT8)
			to[c] = (float)((const uint8_t *)data)[4 * i + at] / 255.0f;
		else if (format->image_channel_data_type == CL_UNORM_INT16)
			to[c] = (float)((const uint16_t *)data)[4 * i + at] / 65535.0f;
		else
			to[c] = ((const float *)data)[4 * i + at];
	}
}

static void fill_texels(const cl_image_format *format, void *data, size_t count)
{
	cts_fill(data, count * image_texel(format));
	for (size_t i = 0; format->image_channel_data_type == CL_FLOAT && i < 4 * count; i++)
		((float *)data)[i] = cts_random_float(-1000, 1000);
}

/* read_imagef of each texel gives what lies there. */
static void read_image(const cl_image_format *format, size_t depth)
{
	static const char source[] =
	    "constant sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE |"
	    " CLK_FILTER_NEAREST;"
	    "kernel void k2(read_only image2d_t from, global float4 *to) {"
	    " int x = get_global_id(0), y = get_global_id(1);"
	    " to[y * get_image_width(from) + x] = read_imagef(from, s, (int2)(x, y)); }"
	    "kernel void k3(read_only image3d_t from, global float4 *to) {"
	    " int x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);"
	    " to[(z * get_image_height(from) + y) * get_image_width(from) + x] ="
	    " read_imagef(from, s, (int4)(x, y, z, 0)); }";
	const size_t size[3] = {64, 32, depth ? depth : 1};
	const size_t count = size[0] * size[1] * size[2];
	uint8_t *data = cts_host(count * image_texel(format));
	float *got = cts_host(count * 16), *want = cts_host(count * 16);
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, count * 16, NULL);
	cl_kernel kernel;
	cl_mem image;

	image_needs(format, depth ? CL_MEM_OBJECT_IMAGE3D : CL_MEM_OBJECT_IMAGE2D);
	fill_texels(format, data, count);
	for (size_t i = 0; i < count; i++)
		texel(format, data, i, want + 4 * i);
	image = image_of(CL_MEM_READ_ONLY, format, size[0], size[1], depth, data);
	kernel = cts_build(source, depth ? "k3" : "k2");
	cts_mems(kernel, 2, image, to);
	cts_launch(kernel, depth ? 3 : 2, size, NULL);
	cts_read(to, count * 16, got);
	cts_close(got, want, count * 4, 2, "texels");
}

CHECK(basic, readimage)
{
	read_image(&rgba8, 0);
	read_image(&bgra8, 0);
}

CHECK(basic, readimage_int16)
{
	read_image(&rgba16, 0);
}

CHECK(basic, readimage_fp32)
{
	read_image(&rgba32, 0);
}

CHECK(basic, readimage3d)
{
	read_image(&rgba8, 8);
	read_image(&bgra8, 8);
}

CHECK(basic, readimage3d_int16)
{
	read_image(&rgba16, 8);
}

CHECK(basic, readimage3d_fp32)
{
	read_image(&rgba32, 8);
}

/* write_imagef of values that the format can hold. */
static void write_image(const cl_image_format *format)
{
	const size_t size[2] = {64, 48}, count = size[0] * size[1];
	uint8_t *want = cts_host(count * image_texel(format));
	uint8_t *got = cts_host(count * image_texel(format));
	float *from = cts_host(count * 16);
	cl_kernel kernel;
	cl_mem image;

	image_needs(format, CL_MEM_OBJECT_IMAGE2D);
	kernel = cts_build("kernel void k(global const float4 *from, write_only image2d_t to) {"
			   " int x = get_global_id(0), y = get_global_id(1);"
			   " write_imagef(to, (int2)(x, y), from[y * get_image_width(to) + x]); }",
			   NULL);
	fill_texels(format, want, count);
	for (size_t i = 0; i < count; i++)
		texel(format, want, i, from + 4 * i);
	image = image_of(CL_MEM_WRITE_ONLY, format, size[0], size[1], 0, NULL);
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, count * 16, from), image);
	cts_launch(kernel, 2, size, NULL);
	image_read(image, size[0], size[1], 1, got);
	cts_same(got, want, image_texel(format), count, "texels");
}

CHECK(basic, writeimage)
{
	write_image(&rgba8);
	write_image(&bgra8);
}

CHECK(basic, writeimage_int16)
{
	write_image(&rgba16);
}

CHECK(basic, writeimage_fp32)
{
	write_image(&rgba32);
}

/* mri_one, mri_multiple: several images in one kernel, which reads all of them at the same place.
 */
static void read_many(unsigned int count)
{
	const size_t size[2] = {64, 32}, texels = size[0] * size[1];
	char *source = NULL;
	cl_kernel kernel;
	uint8_t *data[4];
	float *got = cts_host(texels * 16), *want = cts_host(texels * 16);
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, texels * 16, NULL);

	image_needs(&rgba8, CL_MEM_OBJECT_IMAGE2D);
	cts_append(&source, "kernel void k(global float4 *to, sampler_t s");
	for (unsigned int i = 0; i < count; i++)
		cts_append(&source, ", read_only image2d_t i%u", i);
	cts_append(&source, ") { int x = get_global_id(0), y = get_global_id(1);"
			    " float4 sum = (float4)(0);");
	for (unsigned int i = 0; i < count; i++)
		cts_append(&source, " sum += rint(read_imagef(i%u, s, (int2)(x, y)) * 255.0f);", i);
	cts_append(&source, " to[y * get_global_size(0) + x] = sum; }");
	kernel = cts_build(source, NULL);
	ARG(kernel, 0, to);
	image_sampler(kernel, 1, CL_FALSE, CL_ADDRESS_CLAMP_TO_EDGE, CL_FILTER_NEAREST);
	for (unsigned int i = 0; i < count; i++) {
		cl_mem image;

		data[i] = cts_host(texels * 4);
		cts_fill(data[i], texels * 4);
		image = image_of(CL_MEM_READ_ONLY, &rgba8, size[0], size[1], 0, data[i]);
		ARG(kernel, i + 2, image);
		for (size_t j = 0; j < texels * 4; j++)
			want[j] += (float)data[i][j];
	}
	cts_launch(kernel, 2, size, NULL);
	cts_read(to, texels * 16, got);
	cts_same(got, want, sizeof(float), texels * 4, "sums");
}

CHECK(basic, mri_one)
{
	read_many(1);
}

CHECK(basic, mri_multiple)
{
	read_many(4);
}

/* image_r8: one channel of bytes. */
CHECK(basic, image_r8)
{
	const cl_image_format r8 = {CL_R, CL_UNSIGNED_INT8};
	const size_t size[2] = {61, 37}, texels = size[0] * size[1];
	uint8_t *data = cts_host(texels), *got = cts_host(texels);
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, texels, NULL);
	cl_kernel kernel;

	image_needs(&r8, CL_MEM_OBJECT_IMAGE2D);
	kernel = cts_build("constant sampler_t s = CLK_FILTER_NEAREST;"
			   "kernel void k(read_only image2d_t from, global uchar *to) {"
			   " int x = get_global_id(0), y = get_global_id(1);"
			   " uint4 v = read_imageui(from, s, (int2)(x, y));"
			   " to[y * get_image_width(from) + x] = (uchar)v.x; }",
			   NULL);
	cts_fill(data, texels);
	cts_mems(kernel, 2, image_of(CL_MEM_READ_ONLY, &r8, size[0], size[1], 0, data), to);
	cts_launch(kernel, 2, size, NULL);
	cts_read(to, texels, got);
	cts_same(got, data, 1, texels, "texels");
}

/* image_param: images and other arguments of all kinds side by side. */
CHECK(basic, image_param)
{
	const size_t size[2] = {32, 16}, texels = size[0] * size[1];
	uint8_t *data = cts_host(texels * 4), *got = cts_host(texels * 4);
	uint8_t *want = cts_host(texels * 4);
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_uint add = 3;
	const cl_uint4 more = {{1, 2, 3, 4}};
	cl_kernel kernel;
	cl_mem to, extra;

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	kernel = cts_build(
	    "kernel void k(uint add, read_only image2d_t from, uint4 more, sampler_t s,"
	    " write_only image2d_t to, global const uint *extra, local uint *space) {"
	    " int2 at = (int2)(get_global_id(0), get_global_id(1));"
	    " int l = get_local_id(1) * get_local_size(0) + get_local_id(0);"
	    " space[l] = extra[at.x]; barrier(CLK_LOCAL_MEM_FENCE);"
	    " write_imageui(to, at, (read_imageui(from, s, at) + more + add + space[l]) & 255u); }",
	    NULL);
	cts_fill(data, texels * 4);
	to = image_of(CL_MEM_WRITE_ONLY, &format, size[0], size[1], 0, NULL);
	{
		cl_uint *numbers = cts_host(size[0] * 4);

		for (size_t x = 0; x < size[0]; x++)
			numbers[x] = (cl_uint)x * 5;
		for (size_t i = 0; i < texels * 4; i++)
			want[i] =
			    (uint8_t)(data[i] + more.s[i % 4] + add + numbers[i / 4 % size[0]]);
		extra = cts_buffer(CL_MEM_READ_ONLY, size[0] * 4, numbers);
	}
	ARG(kernel, 0, add);
	{
		cl_mem from = image_of(CL_MEM_READ_ONLY, &format, size[0], size[1], 0, data);
		const size_t local[2] = {8, 4};

		ARG(kernel, 1, from);
		ARG(kernel, 2, more);
		image_sampler(kernel, 3, CL_FALSE, CL_ADDRESS_NONE, CL_FILTER_NEAREST);
		ARG(kernel, 4, to);
		ARG(kernel, 5, extra);
		OK(clSetKernelArg(kernel, 6, 32 * sizeof(cl_uint), NULL));
		cts_launch(kernel, 2, size, local);
	}
	image_read(to, size[0], size[1], 1, got);
	cts_same(got, want, 4, texels, "texels");
}
