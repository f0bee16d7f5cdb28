/* SPDX-License-Identifier: MIT */
/* What the checks of images share: kinds, formats, pixels on the host. */
#ifndef IMAGE_KINDS_H
#define IMAGE_KINDS_H

#include "ask.h"

enum image_kind { K1D, K2D, K3D, K1D_ARRAY, K2D_ARRAY, KINDS };

/* The kind's name in OpenCL C, its type, how many coordinates a pixel has. */
extern const char *const image_names[KINDS];
extern const cl_mem_object_type image_types[KINDS];
extern const unsigned int image_axes[KINDS];

/* What OpenCL C reads and writes a format with: i, ui, f. */
enum image_class { INT, UINT, REAL };

struct image_format {
	cl_image_format format;
	enum image_class class;
	unsigned int channels; /* that lie in memory */
	size_t pixel;
};

struct image {
	cl_mem mem;
	struct image_format format;
	enum image_kind kind;
	size_t size[3];
	/* What it should have, tightly packed. */
	unsigned char *pixels;
};

/* Some drivers have faults with some of these: each is a check of its own. */
enum image_part {
	PART_INT,
	PART_UINT,
	PART_NORM,
	PART_HALF,
	PART_FLOAT,
	PART_FEW, /* one or two channels */
	PART_ALL
};

/* Formats that the device takes for a kind and these flags, of those that are known here; few for
 * quick runs. */
unsigned int image_formats(enum image_kind kind, enum image_part part, cl_mem_flags flags,
			   struct image_format *formats, unsigned int room);
/* Of pixels drawn by lot: numbers that each format can hold, never NaN. */
struct image image_make(enum image_kind kind, const struct image_format *format, cl_mem_flags flags,
			const size_t size[3]);
/* Sizes by lot, small. */
void image_size(enum image_kind kind, size_t size[3]);
void image_region(const size_t size[3], size_t origin[3], size_t region[3]);
/* Draws pixels. */
void image_draw(const struct image_format *format, void *to, size_t count);
unsigned char *image_at(const struct image *image, size_t x, size_t y, size_t z);
/* Reads all of it and compares. */
void image_is_right(const struct image *image, const char *what);
size_t image_bytes(const struct image *image);
/* A pixel as OpenCL C reads it, as 4 numbers of 4 bytes; `in` may be NULL for the border. */
void image_decode(const struct image_format *format, const unsigned char *in, void *to);
/* The other way: numbers that the format holds exactly. */
void image_encode(const struct image_format *format, const void *from, unsigned char *to);

#endif
