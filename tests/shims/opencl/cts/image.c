/* SPDX-License-Identifier: MIT */
#include "image.h"

size_t image_texel(const cl_image_format *format)
{
	size_t channels = 4, size = 4;

	switch (format->image_channel_order) {
	case CL_R:
	case CL_A:
	case CL_INTENSITY:
	case CL_LUMINANCE:
	case CL_DEPTH:
		channels = 1;
		break;
	case CL_RG:
	case CL_RA:
		channels = 2;
		break;
	case CL_RGB:
		channels = 3;
		break;
	}
	switch (format->image_channel_data_type) {
	case CL_SNORM_INT8:
	case CL_UNORM_INT8:
	case CL_SIGNED_INT8:
	case CL_UNSIGNED_INT8:
		size = 1;
		break;
	case CL_SNORM_INT16:
	case CL_UNORM_INT16:
	case CL_SIGNED_INT16:
	case CL_UNSIGNED_INT16:
	case CL_HALF_FLOAT:
		size = 2;
		break;
	}
	return channels * size;
}

void image_needs(const cl_image_format *format, cl_mem_object_type type)
{
	cl_image_format *all;
	cl_uint count = 0;

	cts_needs_images();
	OK(clGetSupportedImageFormats(cts.context, CL_MEM_READ_WRITE, type, 0, NULL, &count));
	all = cts_host(count * sizeof(*all));
	OK(clGetSupportedImageFormats(cts.context, CL_MEM_READ_WRITE, type, count, all, NULL));
	for (cl_uint i = 0; i < count; i++)
		if (all[i].image_channel_order == format->image_channel_order &&
		    all[i].image_channel_data_type == format->image_channel_data_type)
			return;
	cts_skip("no images of order %#x, type %#x", format->image_channel_order,
		 format->image_channel_data_type);
}

cl_mem image_of(cl_mem_flags flags, const cl_image_format *format, size_t width, size_t height,
		size_t depth, void *data)
{
	const cl_image_desc desc = {
	    .image_type = depth ? CL_MEM_OBJECT_IMAGE3D : CL_MEM_OBJECT_IMAGE2D,
	    .image_width = width,
	    .image_height = height,
	    .image_depth = depth,
	};

	return cts_image(flags, format, &desc, data);
}

void image_read(cl_mem image, size_t width, size_t height, size_t depth, void *to)
{
	const size_t origin[3] = {0, 0, 0}, region[3] = {width, height, depth};

	OK(clEnqueueReadImage(cts.queue, image, CL_TRUE, origin, region, 0, 0, to, 0, NULL, NULL));
}

void image_sampler(cl_kernel kernel, cl_uint index, cl_bool is_normalized,
		   cl_addressing_mode addressing, cl_filter_mode filter)
{
	cl_int status;
	cl_sampler sampler =
	    clCreateSampler(cts.context, is_normalized, addressing, filter, &status);

	OK(status);
	cts_own(CTS_SAMPLER, sampler);
	ARG(kernel, index, sampler);
}
