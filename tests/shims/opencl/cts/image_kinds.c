/* SPDX-License-Identifier: MIT */
#include "image_kinds.h"

#include <math.h>

const char *const image_names[KINDS] = {"image1d_t", "image2d_t", "image3d_t", "image1d_array_t",
					"image2d_array_t"};
const cl_mem_object_type image_types[KINDS] = {CL_MEM_OBJECT_IMAGE1D, CL_MEM_OBJECT_IMAGE2D,
					       CL_MEM_OBJECT_IMAGE3D, CL_MEM_OBJECT_IMAGE1D_ARRAY,
					       CL_MEM_OBJECT_IMAGE2D_ARRAY};
const unsigned int image_axes[KINDS] = {1, 2, 3, 2, 3};

/* The channels in memory, in their order: of r, g, b and a. */
static const struct {
	cl_channel_order order;
	const char *channels;
} orders[] = {{CL_R, "r"}, {CL_RG, "rg"}, {CL_RGBA, "rgba"}, {CL_BGRA, "bgra"}};

static const struct {
	cl_channel_type type;
	enum image_class class;
	size_t size;
} types[] = {
    {CL_SIGNED_INT8, INT, 1},	 {CL_SIGNED_INT16, INT, 2},    {CL_SIGNED_INT32, INT, 4},
    {CL_UNSIGNED_INT8, UINT, 1}, {CL_UNSIGNED_INT16, UINT, 2}, {CL_UNSIGNED_INT32, UINT, 4},
    {CL_UNORM_INT8, REAL, 1},	 {CL_UNORM_INT16, REAL, 2},    {CL_SNORM_INT8, REAL, 1},
    {CL_SNORM_INT16, REAL, 2},	 {CL_HALF_FLOAT, REAL, 2},     {CL_FLOAT, REAL, 4},
};

static const char *channels_of(cl_channel_order order)
{
	for (size_t i = 0; i < COUNT(orders); i++)
		if (orders[i].order == order)
			return orders[i].channels;
	return NULL;
}

static enum image_part part_of(const cl_image_format *format, enum image_class class)
{
	if (strlen(channels_of(format->image_channel_order)) < 4)
		return PART_FEW;
	if (format->image_channel_data_type == CL_FLOAT)
		return PART_FLOAT;
	if (format->image_channel_data_type == CL_HALF_FLOAT)
		return PART_HALF;
	return class == INT ? PART_INT : class == UINT ? PART_UINT : PART_NORM;
}

unsigned int image_formats(enum image_kind kind, enum image_part part, cl_mem_flags flags,
			   struct image_format *formats, unsigned int room)
{
	static cl_image_format all[256];
	unsigned int count = 0;
	cl_uint found = 0;

	cts_needs_images();
	OK(clGetSupportedImageFormats(cts.context, flags, image_types[kind], COUNT(all), all,
				      &found));
	IS(found > 0);
	for (cl_uint i = 0; i < found && i < COUNT(all) && count < room; i++) {
		const char *channels = channels_of(all[i].image_channel_order);

		for (size_t t = 0; t < COUNT(types) && channels; t++) {
			if (types[t].type != all[i].image_channel_data_type ||
			    (cts.is_quick && count > 2 && t % 4) ||
			    (part != PART_ALL && part != part_of(&all[i], types[t].class)))
				continue;
			formats[count++] = (struct image_format){all[i], types[t].class,
								 (unsigned int)strlen(channels),
								 strlen(channels) * types[t].size};
			break;
		}
	}
	if (!count)
		cts_skip("no such formats");
	return count;
}

void image_size(enum image_kind kind, size_t size[3])
{
	size[0] = 5 + cts_random() % 60;
	size[1] = image_axes[kind] > 1 ? 3 + cts_random() % 20 : 1;
	size[2] = image_axes[kind] > 2 ? 2 + cts_random() % 7 : 1;
}

void image_region(const size_t size[3], size_t origin[3], size_t region[3])
{
	for (int i = 0; i < 3; i++) {
		origin[i] = cts_random() % size[i];
		region[i] = 1 + cts_random() % (size[i] - origin[i]);
	}
}

/* Halves of small whole numbers and fractions are made by hand. */
static uint16_t half_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (!(bits & 0x7fffffff))
		return (uint16_t)(bits >> 16);
	return (uint16_t)(bits >> 16 & 0x8000) |
	       (uint16_t)(((bits >> 23 & 0xff) - 112) << 10 | (bits >> 13 & 0x3ff));
}

static float float_of(uint16_t half)
{
	const float part = (float)(half & 0x3ff) / 1024;
	const int exponent = half >> 10 & 31;
	const float value =
	    exponent ? ldexpf(1 + part, exponent - 15) : ldexpf((float)(half & 0x3ff), -24);

	return half & 0x8000 ? -value : value;
}

void image_draw(const struct image_format *format, void *to, size_t count)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < count * format->channels; i++) {
		const size_t size = format->pixel / format->channels;
		const float value = (float)((int)(cts_random() >> 8) % 2048 - 1024) / 64;
		const uint16_t half = half_of(value);

		switch (format->format.image_channel_data_type) {
		case CL_FLOAT:
			memcpy(bytes + i * size, &value, size);
			break;
		case CL_HALF_FLOAT:
			memcpy(bytes + i * size, &half, size);
			break;
		default:
			cts_fill(bytes + i * size, size);
		}
	}
}

size_t image_bytes(const struct image *image)
{
	return image->size[0] * image->size[1] * image->size[2] * image->format.pixel;
}

unsigned char *image_at(const struct image *image, size_t x, size_t y, size_t z)
{
	return image->pixels +
	       ((z * image->size[1] + y) * image->size[0] + x) * image->format.pixel;
}

struct image image_make(enum image_kind kind, const struct image_format *format, cl_mem_flags flags,
			const size_t size[3])
{
	struct image made = {.format = *format, .kind = kind, .size = {size[0], size[1], size[2]}};
	const cl_image_desc desc = {.image_type = image_types[kind],
				    .image_width = size[0],
				    .image_height = kind == K1D_ARRAY ? 0 : size[1],
				    .image_depth = kind == K3D ? size[2] : 0,
				    .image_array_size = kind == K1D_ARRAY   ? size[1]
							: kind == K2D_ARRAY ? size[2]
									    : 0};

	made.pixels = cts_host(image_bytes(&made));
	image_draw(format, made.pixels, size[0] * size[1] * size[2]);
	made.mem = cts_image(flags, &format->format, &desc, made.pixels);
	return made;
}

void image_is_right(const struct image *image, const char *what)
{
	const size_t zero[3] = {0};
	unsigned char *got = cts_host(image_bytes(image));
	char text[96];

	OK(clEnqueueReadImage(cts.queue, image->mem, CL_TRUE, zero, image->size, 0, 0, got, 0, NULL,
			      NULL));
	snprintf(text, sizeof(text), "%s, order %#x type %#x, %zu x %zu x %zu", what,
		 image->format.format.image_channel_order,
		 image->format.format.image_channel_data_type, image->size[0], image->size[1],
		 image->size[2]);
	cts_same(got, image->pixels, image->format.pixel, image_bytes(image) / image->format.pixel,
		 text);
	cts_disown(got);
	free(got);
}

static double number(const struct image_format *format, const unsigned char *at)
{
	union {
		int8_t c;
		uint8_t uc;
		int16_t s;
		uint16_t us;
		int32_t i;
		uint32_t ui;
		float f;
	} in = {0};

	memcpy(&in, at, format->pixel / format->channels);
	switch (format->format.image_channel_data_type) {
	case CL_SIGNED_INT8:
		return in.c;
	case CL_SIGNED_INT16:
		return in.s;
	case CL_SIGNED_INT32:
		return in.i;
	case CL_UNSIGNED_INT8:
		return in.uc;
	case CL_UNSIGNED_INT16:
		return in.us;
	case CL_UNSIGNED_INT32:
		return in.ui;
	case CL_UNORM_INT8:
		return (double)in.uc / 255;
	case CL_UNORM_INT16:
		return (double)in.us / 65535;
	case CL_SNORM_INT8:
		return in.c < -127 ? -1 : (double)in.c / 127;
	case CL_SNORM_INT16:
		return in.s < -32767 ? -1 : (double)in.s / 32767;
	case CL_HALF_FLOAT:
		return float_of(in.us);
	default:
		return in.f;
	}
}

/* What a channel that is not there reads as. */
void image_decode(const struct image_format *format, const unsigned char *in, void *to)
{
	const char *channels = channels_of(format->format.image_channel_order);
	double value[4] = {0, 0, 0, strchr(channels, 'a') && !in ? 0 : 1};

	for (unsigned int i = 0; i < format->channels && in; i++)
		value[strchr("rgba", channels[i]) - "rgba"] =
		    number(format, in + i * (format->pixel / format->channels));
	for (int i = 0; i < 4; i++) {
		const cl_int whole = format->class == INT    ? (cl_int)value[i]
				     : format->class == UINT ? (cl_int)(cl_uint)value[i]
							     : 0;
		const float real = (float)value[i];

		memcpy((char *)to + 4 * i, format->class == REAL ? (const void *)&real : &whole, 4);
	}
}

void image_encode(const struct image_format *format, const void *from, unsigned char *to)
{
	const char *channels = channels_of(format->format.image_channel_order);
	const size_t size = format->pixel / format->channels;

	for (unsigned int i = 0; i < format->channels; i++) {
		const int channel = (int)(strchr("rgba", channels[i]) - "rgba");
		int32_t whole;
		uint16_t half;
		float real;

		memcpy(&whole, (const char *)from + 4 * channel, 4);
		memcpy(&real, (const char *)from + 4 * channel, 4);
		half = half_of(real);
		switch (format->format.image_channel_data_type) {
		case CL_UNORM_INT8:
			whole = (int32_t)rintf(real * 255);
			break;
		case CL_UNORM_INT16:
			whole = (int32_t)rintf(real * 65535);
			break;
		case CL_SNORM_INT8:
			whole = (int32_t)rintf(real * 127);
			break;
		case CL_SNORM_INT16:
			whole = (int32_t)rintf(real * 32767);
			break;
		case CL_HALF_FLOAT:
			whole = half;
			break;
		default:
			break;
		}
		memcpy(to + i * size, &whole, size);
	}
}
