/* SPDX-License-Identifier: MIT */
/* images/clCopyImage: regions are copied between images of one format. */
#include "image_kinds.h"

/* Where an image has no such axis the region is 1 there. */
static void copies(enum image_kind from, enum image_kind to)
{
	struct image_format formats[64];
	const unsigned int count = image_formats(from, PART_ALL, CL_MEM_READ_WRITE, formats, 64);

	for (unsigned int f = 0; f < count; f++) {
		size_t sizes[2][3], region[3], origin[2][3];
		struct image images[2];

		image_size(from, sizes[0]);
		image_size(to, sizes[1]);
		images[0] = image_make(from, &formats[f], CL_MEM_READ_ONLY, sizes[0]);
		images[1] = image_make(to, &formats[f], CL_MEM_READ_WRITE, sizes[1]);
		for (int round = 0; round < 4; round++) {
			for (int i = 0; i < 3; i++) {
				const size_t a = sizes[0][i], b = sizes[1][i], most = a < b ? a : b;

				region[i] = round ? 1 + cts_random() % most : most;
				origin[0][i] = cts_random() % (a - region[i] + 1);
				origin[1][i] = cts_random() % (b - region[i] + 1);
			}
			OK(clEnqueueCopyImage(cts.queue, images[0].mem, images[1].mem, origin[0],
					      origin[1], region, 0, NULL, NULL));
			for (size_t row = 0; row < region[1] * region[2]; row++) {
				const size_t y = row % region[1], z = row / region[1];

				memcpy(image_at(&images[1], origin[1][0], origin[1][1] + y,
						origin[1][2] + z),
				       image_at(&images[0], origin[0][0], origin[0][1] + y,
						origin[0][2] + z),
				       region[0] * formats[f].pixel);
			}
		}
		image_is_right(&images[0], "what it is copied from");
		image_is_right(&images[1], "what it is copied to");
	}
}

#define COPIES(name, from, to)                                                                     \
	CHECK(images, clCopyImage_##name)                                                          \
	{                                                                                          \
		copies(from, to);                                                                  \
	}

COPIES(1D, K1D, K1D)
COPIES(2D, K2D, K2D)
COPIES(3D, K3D, K3D)
COPIES(1Darray, K1D_ARRAY, K1D_ARRAY)
COPIES(2Darray, K2D_ARRAY, K2D_ARRAY)
COPIES(2Dto3D, K2D, K3D)
COPIES(3Dto2D, K3D, K2D)
COPIES(2Darrayto2D, K2D_ARRAY, K2D)
COPIES(2Dto2Darray, K2D, K2D_ARRAY)
COPIES(2Darrayto3D, K2D_ARRAY, K3D)
COPIES(3Dto2Darray, K3D, K2D_ARRAY)
