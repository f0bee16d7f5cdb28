/* SPDX-License-Identifier: MIT */
/* What checks with images share. */
#ifndef CTS_IMAGE_H
#define CTS_IMAGE_H

#include "cts.h"

/* Bytes of a texel. */
size_t image_texel(const cl_image_format *format);
/* Skips the check where the device has no images, or none of that format and kind. */
void image_needs(const cl_image_format *format, cl_mem_object_type type);
/* Two dimensions, three with a depth; data may be NULL. */
cl_mem image_of(cl_mem_flags flags, const cl_image_format *format, size_t width, size_t height,
		size_t depth, void *data);
/* The whole of it, dense; depth 1 for two dimensions. Blocking. */
void image_read(cl_mem image, size_t width, size_t height, size_t depth, void *to);
/* Sets an argument to a new sampler. */
void image_sampler(cl_kernel kernel, cl_uint index, cl_bool is_normalized,
		   cl_addressing_mode addressing, cl_filter_mode filter);

#endif
