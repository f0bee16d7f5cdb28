/* SPDX-License-Identifier: MIT */
/* images/clReadWriteImage, clFillImage: regions between images and the host. */
#include "image_kinds.h"

/* Rows that lie apart on the host by the pitches, or right behind each other by 0. */
struct layout {
	size_t row, slice;
};

static struct layout layout_of(const struct image *image, const size_t region[3])
{
	struct layout made = {region[0] * image->format.pixel, 0};

	made.slice = made.row * region[1];
	if (cts_random() % 2) {
		made.row += image->format.pixel * (1 + cts_random() % 5);
		made.slice = made.row * (region[1] + cts_random() % 3);
	}
	return made;
}

static void moves(enum image_kind kind)
{
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, PART_ALL, CL_MEM_READ_WRITE, formats, 64);

	for (unsigned int f = 0; f < count; f++) {
		const size_t pixel = formats[f].pixel;
		size_t size[3], origin[3], region[3];
		struct image image;

		image_size(kind, size);
		image = image_make(kind, &formats[f], CL_MEM_READ_WRITE, size);
		for (int round = 0; round < 6; round++) {
			struct layout layout;
			unsigned char *host;

			image_region(size, origin, region);
			layout = layout_of(&image, region);
			host = cts_host(layout.slice * region[2]);
			if (round % 2)
				image_draw(&formats[f], host, layout.slice * region[2] / pixel);
			if (round % 2)
				OK(clEnqueueWriteImage(
				    cts.queue, image.mem, CL_TRUE, origin, region, layout.row,
				    image_axes[kind] > 1 && kind != K2D
					? kind == K1D_ARRAY ? layout.row : layout.slice
					: 0,
				    host, 0, NULL, NULL));
			else
				OK(clEnqueueReadImage(
				    cts.queue, image.mem, CL_TRUE, origin, region, layout.row,
				    image_axes[kind] > 1 && kind != K2D
					? kind == K1D_ARRAY ? layout.row : layout.slice
					: 0,
				    host, 0, NULL, NULL));
			for (size_t line = 0; line < region[1] * region[2]; line++) {
				const size_t y = line % region[1], z = line / region[1];
				unsigned char *at =
				    image_at(&image, origin[0], origin[1] + y, origin[2] + z);
				unsigned char *there = host + z * layout.slice + y * layout.row;

				if (round % 2)
					memcpy(at, there, region[0] * pixel);
				else
					cts_same(there, at, pixel, region[0], "read pixels");
			}
		}
		image_is_right(&image, "written pixels");
	}
}

/* The same by maps. */
static void maps(enum image_kind kind)
{
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, PART_ALL, CL_MEM_READ_WRITE, formats, 64);

	for (unsigned int f = 0; f < count; f++) {
		const size_t pixel = formats[f].pixel;
		size_t size[3], origin[3], region[3], row = 0, slice = 0;
		struct image image;

		image_size(kind, size);
		image = image_make(kind, &formats[f], CL_MEM_READ_WRITE, size);
		for (int round = 0; round < 4; round++) {
			cl_int status;
			unsigned char *mapped;

			image_region(size, origin, region);
			mapped = clEnqueueMapImage(cts.queue, image.mem, CL_TRUE,
						   CL_MAP_READ | CL_MAP_WRITE, origin, region, &row,
						   &slice, 0, NULL, NULL, &status);
			OK(status);
			for (size_t line = 0; line < region[1] * region[2]; line++) {
				const size_t y = line % region[1], z = line / region[1];
				unsigned char *at =
				    image_at(&image, origin[0], origin[1] + y, origin[2] + z);
				unsigned char *there =
				    mapped + (kind == K1D_ARRAY ? y * slice : y * row + z * slice);

				cts_same(there, at, pixel, region[0], "mapped pixels");
				image_draw(&formats[f], there, region[0]);
				memcpy(at, there, region[0] * pixel);
			}
			OK(clEnqueueUnmapMemObject(cts.queue, image.mem, mapped, 0, NULL, NULL));
		}
		image_is_right(&image, "written pixels");
	}
}

/* Filled with a color that a pixel of the format has. */
static void fills(enum image_kind kind)
{
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, PART_ALL, CL_MEM_READ_WRITE, formats, 64);

	for (unsigned int f = 0; f < count; f++) {
		size_t size[3], origin[3], region[3];
		unsigned char pixel[16], again[16];
		struct image image;
		cl_uint color[4];

		image_size(kind, size);
		image = image_make(kind, &formats[f], CL_MEM_READ_WRITE, size);
		for (int round = 0; round < 4; round++) {
			image_region(size, origin, region);
			image_draw(&formats[f], pixel, 1);
			image_decode(&formats[f], pixel, color);
			/* The least number of SNORM is written as the one above it. */
			image_encode(&formats[f], color, again);
			OK(clEnqueueFillImage(cts.queue, image.mem, color, origin, region, 0, NULL,
					      NULL));
			for (size_t i = 0; i < region[0] * region[1] * region[2]; i++)
				memcpy(image_at(&image, origin[0] + i % region[0],
						origin[1] + i / region[0] % region[1],
						origin[2] + i / region[0] / region[1]),
				       again, formats[f].pixel);
		}
		image_is_right(&image, "filled pixels");
	}
}

#define MOVES(name, kind)                                                                          \
	CHECK(images, clReadWriteImage_##name)                                                     \
	{                                                                                          \
		moves(kind);                                                                       \
		maps(kind);                                                                        \
	}                                                                                          \
	CHECK(images, clFillImage_##name)                                                          \
	{                                                                                          \
		fills(kind);                                                                       \
	}

MOVES(1D, K1D)
MOVES(2D, K2D)
MOVES(3D, K3D)
MOVES(1Darray, K1D_ARRAY)
MOVES(2Darray, K2D_ARRAY)
