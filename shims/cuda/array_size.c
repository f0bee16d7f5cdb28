/* SPDX-License-Identifier: MIT */
#include "array_size.h"

#include <stdbool.h>

/* CUDA driver API: CUDA_ARRAY3D_*. */
enum {
	ARRAY_LAYERED = 0x01,
	ARRAY_CUBEMAP = 0x04,
	ARRAY_SPARSE = 0x40,
	ARRAY_DEFERRED = 0x80,
};

/* A format: bytes of a block of `edge` by `edge` elements, of each channel or of all together. */
struct format {
	int first, last;
	unsigned int bytes, edge;
	bool each_channel;
};

/* CUarray_format; those of several planes of a picture are not here. */
static const struct format formats[] = {
    {0x01, 0x01, 1, 1, true}, /* UNSIGNED_INT8, 16, 32 */
    {0x02, 0x02, 2, 1, true},	{0x03, 0x03, 4, 1, true},
    {0x08, 0x08, 1, 1, true}, /* SIGNED_INT8, 16, 32 */
    {0x09, 0x09, 2, 1, true},	{0x0a, 0x0a, 4, 1, true},
    {0x10, 0x10, 2, 1, true},				   /* HALF, FLOAT */
    {0x20, 0x20, 4, 1, true},	{0x50, 0x50, 4, 1, false}, /* UNORM_INT_101010_2 */
    {0x91, 0x92, 8, 4, false},				   /* BC1 */
    {0x93, 0x96, 16, 4, false},				   /* BC2, BC3 */
    {0x97, 0x98, 8, 4, false},				   /* BC4 */
    {0x99, 0x9e, 16, 4, false},				   /* BC5, BC6H, BC7 */
    {0xc0, 0xc0, 1, 1, false},				   /* UNORM_INT8X1, X2, X4 */
    {0xc1, 0xc1, 2, 1, false},	{0xc2, 0xc2, 4, 1, false},
    {0xc3, 0xc3, 2, 1, false}, /* UNORM_INT16X1, X2, X4 */
    {0xc4, 0xc4, 4, 1, false},	{0xc5, 0xc5, 8, 1, false},
    {0xc6, 0xc6, 1, 1, false}, /* SNORM_INT8X1, X2, X4 */
    {0xc7, 0xc7, 2, 1, false},	{0xc8, 0xc8, 4, 1, false},
    {0xc9, 0xc9, 2, 1, false}, /* SNORM_INT16X1, X2, X4 */
    {0xca, 0xca, 4, 1, false},	{0xcb, 0xcb, 8, 1, false},
};

static const struct format *format_of(int number)
{
	for (unsigned int i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (number >= formats[i].first && number <= formats[i].last)
			return &formats[i];
	return NULL;
}

static uint64_t product(uint64_t one, uint64_t other)
{
	uint64_t result;

	return __builtin_mul_overflow(one, other, &result) ? UINT64_MAX : result;
}

/* Blocks along an edge; one row of those that have no second or third extent. */
static uint64_t blocks(size_t extent, unsigned int edge)
{
	return extent ? extent / edge + (extent % edge != 0) : 1;
}

uint64_t array_bytes(const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
	const struct format *format = format_of(shape->Format);
	uint64_t elements;

	if (!format || !shape->Width || shape->Flags & (ARRAY_SPARSE | ARRAY_DEFERRED))
		return 0;
	elements = product(blocks(shape->Width, format->edge), blocks(shape->Height, format->edge));
	elements = product(elements, blocks(shape->Depth, 1));
	return product(elements,
		       product(format->bytes, format->each_channel ? shape->NumChannels : 1));
}

static size_t halve(size_t extent)
{
	return extent > 1 ? extent / 2 : extent;
}

uint64_t mipmap_bytes(const CUDA_ARRAY3D_DESCRIPTOR *shape, unsigned int levels)
{
	CUDA_ARRAY3D_DESCRIPTOR level = *shape;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < levels; i++) {
		if (__builtin_add_overflow(sum, array_bytes(&level), &sum))
			return UINT64_MAX;
		/* Levels beyond the one of a single element are none. */
		if (level.Width <= 1 && level.Height <= 1 &&
		    (level.Depth <= 1 || shape->Flags & (ARRAY_LAYERED | ARRAY_CUBEMAP)))
			break;
		level.Width = halve(level.Width);
		level.Height = halve(level.Height);
		if (!(shape->Flags & (ARRAY_LAYERED | ARRAY_CUBEMAP)))
			level.Depth = halve(level.Depth);
	}
	return sum;
}
