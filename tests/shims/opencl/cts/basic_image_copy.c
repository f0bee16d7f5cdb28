/* SPDX-License-Identifier: MIT */
/* basic: images that the host reads, writes, copies and maps. */
#include "image.h"

static const cl_image_format formats[] = {
    {CL_RGBA, CL_UNORM_INT8}, {CL_RGBA, CL_UNSIGNED_INT16}, {CL_RGBA, CL_FLOAT}};

/* A part of an image. */
struct part {
	size_t at[3], size[3];
};

static struct part random_part(const size_t size[3])
{
	struct part part;

	for (int d = 0; d < 3; d++) {
		part.at[d] = cts_random() % size[d];
		part.size[d] = 1 + cts_random() % (size[d] - part.at[d]);
	}
	return part;
}

/* Copies between a dense host image and what has rows and slices of other lengths. */
static void copy_part(uint8_t *to, const size_t to_at[3], const size_t to_size[3],
		      const uint8_t *from, const size_t from_at[3], const size_t from_size[3],
		      const size_t size[3], size_t texel)
{
	for (size_t z = 0; z < size[2]; z++)
		for (size_t y = 0; y < size[1]; y++)
			memcpy(to + (((to_at[2] + z) * to_size[1] + to_at[1] + y) * to_size[0] +
				     to_at[0]) *
					texel,
			       from + (((from_at[2] + z) * from_size[1] + from_at[1] + y) *
					   from_size[0] +
				       from_at[0]) *
					  texel,
			       size[0] * texel);
}

static const size_t zero[3] = {0, 0, 0};

/* imagereadwrite, imagereadwrite3d: parts are written, and all of it is read, with rows as they are
 * or longer. */
static void read_write(size_t depth)
{
	const size_t size[3] = {67, 45, depth ? depth : 1}, count = size[0] * size[1] * size[2];

	for (size_t f = 0; f < COUNT(formats); f++) {
		const size_t texel = image_texel(&formats[f]), bytes = count * texel;
		uint8_t *want = cts_host(bytes), *got = cts_host(bytes), *wide;
		cl_mem image;

		image_needs(&formats[f], depth ? CL_MEM_OBJECT_IMAGE3D : CL_MEM_OBJECT_IMAGE2D);
		cts_fill(want, bytes);
		image = image_of(CL_MEM_READ_WRITE, &formats[f], size[0], size[1], depth, want);
		wide = cts_host(bytes * 2);
		for (int round = 0; round < (cts.is_quick ? 5 : 40); round++) {
			struct part part = random_part(size), again = random_part(size);
			const size_t row = round & 1 ? size[0] : part.size[0];
			const size_t held[3] = {row, part.size[1], part.size[2]};
			const bool is_given = round & 1 || round & 2;

			cts_fill(wide, row * part.size[1] * part.size[2] * texel);
			copy_part(want, part.at, size, wide, zero, held, part.size, texel);
			OK(clEnqueueWriteImage(cts.queue, image, !!(round & 4), part.at, part.size,
					       is_given ? row * texel : 0,
					       is_given && depth ? row * part.size[1] * texel : 0,
					       wide, 0, NULL, NULL));
			memset(got, 0, bytes);
			OK(clEnqueueReadImage(cts.queue, image, CL_TRUE, again.at, again.size, 0, 0,
					      got, 0, NULL, NULL));
			{
				uint8_t *there = cts_host(bytes);

				copy_part(there, zero, again.size, want, again.at, size, again.size,
					  texel);
				cts_same(got, there, texel, count, "texels of a part");
			}
		}
		image_read(image, size[0], size[1], size[2], got);
		cts_same(got, want, texel, count, "texels");
	}
}

CHECK(basic, imagereadwrite)
{
	read_write(0);
}

CHECK(basic, imagereadwrite3d)
{
	read_write(9);
}

/* imagecopy, imagecopy3d, imagerandomcopy: between two images, all of it or parts at random. */
static void copy(size_t depth, int rounds)
{
	const size_t size[3] = {64, 40, depth ? depth : 1}, count = size[0] * size[1] * size[2];

	for (size_t f = 0; f < COUNT(formats); f++) {
		const size_t texel = image_texel(&formats[f]), bytes = count * texel;
		uint8_t *from = cts_host(bytes), *want = cts_host(bytes), *got = cts_host(bytes);
		cl_mem a, b;

		image_needs(&formats[f], depth ? CL_MEM_OBJECT_IMAGE3D : CL_MEM_OBJECT_IMAGE2D);
		cts_fill(from, bytes);
		cts_fill(want, bytes);
		a = image_of(CL_MEM_READ_WRITE, &formats[f], size[0], size[1], depth, from);
		b = image_of(CL_MEM_READ_WRITE, &formats[f], size[0], size[1], depth, want);
		for (int round = 0; round < (rounds ? rounds : 1); round++) {
			struct part part = {{0, 0, 0}, {size[0], size[1], size[2]}};
			size_t to[3] = {0, 0, 0};

			if (rounds)
				part = random_part(size);
			for (int d = 0; rounds && d < 3; d++)
				to[d] = cts_random() % (size[d] - part.size[d] + 1);
			copy_part(want, to, size, from, part.at, size, part.size, texel);
			OK(clEnqueueCopyImage(cts.queue, a, b, part.at, to, part.size, 0, NULL,
					      NULL));
		}
		image_read(b, size[0], size[1], size[2], got);
		cts_same(got, want, texel, count, "texels");
	}
}

CHECK(basic, imagecopy)
{
	copy(0, 0);
}

CHECK(basic, imagecopy3d)
{
	copy(8, 0);
}

CHECK(basic, imagerandomcopy)
{
	copy(0, cts.is_quick ? 8 : 64);
}

/* imagearraycopy, arrayimagecopy and those of 3 dimensions: between an image and a buffer, at an
 * offset. */
static void copy_buffer(size_t depth, bool is_to_image)
{
	const size_t size[3] = {51, 33, depth ? depth : 1}, count = size[0] * size[1] * size[2];

	for (size_t f = 0; f < COUNT(formats); f++)
		for (int round = 0; round < 4; round++) {
			const size_t texel = image_texel(&formats[f]), bytes = count * texel;
			const size_t offset = (size_t)round * texel * 3, all = bytes + 10 * texel;
			struct part part = {{0, 0, 0}, {size[0], size[1], size[2]}};
			uint8_t *image = cts_host(bytes), *buffer = cts_host(all);
			uint8_t *got = cts_host(all);
			cl_mem a, b;

			image_needs(&formats[f],
				    depth ? CL_MEM_OBJECT_IMAGE3D : CL_MEM_OBJECT_IMAGE2D);
			if (round)
				part = random_part(size);
			cts_fill(image, bytes);
			cts_fill(buffer, all);
			a = image_of(CL_MEM_READ_WRITE, &formats[f], size[0], size[1], depth,
				     image);
			b = cts_buffer(CL_MEM_READ_WRITE, all, buffer);
			if (is_to_image) {
				OK(clEnqueueCopyBufferToImage(cts.queue, b, a, offset, part.at,
							      part.size, 0, NULL, NULL));
				copy_part(image, part.at, size, buffer + offset, zero, part.size,
					  part.size, texel);
				image_read(a, size[0], size[1], size[2], got);
				cts_same(got, image, texel, count, "texels");
			} else {
				OK(clEnqueueCopyImageToBuffer(cts.queue, a, b, part.at, part.size,
							      offset, 0, NULL, NULL));
				copy_part(buffer + offset, zero, part.size, image, part.at, size,
					  part.size, texel);
				cts_read(b, all, got);
				cts_same(got, buffer, 1, all, "bytes");
			}
		}
}

CHECK(basic, imagearraycopy)
{
	copy_buffer(0, false);
}

CHECK(basic, imagearraycopy3d)
{
	copy_buffer(7, false);
}

CHECK(basic, arrayimagecopy)
{
	copy_buffer(0, true);
}

CHECK(basic, arrayimagecopy3d)
{
	copy_buffer(7, true);
}

/* simple_read_image_pitch, simple_write_image_pitch: rows of the host are longer than those of the
 * image. */
static void pitch(bool is_written)
{
	const size_t size[3] = {40, 24, 1}, row = 57, wide[3] = {row, size[1], 1}, texel = 4;
	const size_t bytes = size[0] * size[1] * texel, all = row * size[1] * texel;
	const cl_image_format format = {CL_RGBA, CL_UNORM_INT8};
	uint8_t *image = cts_host(bytes), *host = cts_host(all), *want = cts_host(all);
	cl_mem made;

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	cts_fill(image, bytes);
	cts_fill(host, all);
	memcpy(want, host, all);
	made = image_of(CL_MEM_READ_WRITE, &format, size[0], size[1], 0, image);
	if (is_written) {
		OK(clEnqueueWriteImage(cts.queue, made, CL_TRUE, zero, size, row * texel, 0, host,
				       0, NULL, NULL));
		copy_part(want, zero, size, host, zero, wide, size, texel);
		image_read(made, size[0], size[1], 1, image);
		cts_same(image, want, texel, size[0] * size[1], "texels");
	} else {
		OK(clEnqueueReadImage(cts.queue, made, CL_TRUE, zero, size, row * texel, 0, host, 0,
				      NULL, NULL));
		copy_part(want, zero, wide, image, zero, size, size, texel);
		cts_same(host, want, 1, all, "bytes, those behind rows too");
	}
}

CHECK(basic, simple_read_image_pitch)
{
	pitch(false);
}

CHECK(basic, simple_write_image_pitch)
{
	pitch(true);
}

/* enqueue_map_image: a part is mapped, changed and unmapped, with each kind of memory. */
CHECK(basic, enqueue_map_image)
{
	const cl_mem_flags kinds[] = {0, CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR};
	const size_t size[3] = {48, 36, 1}, texel = 4, bytes = size[0] * size[1] * texel;
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	for (size_t kind = 0; kind < COUNT(kinds); kind++) {
		uint8_t *host = cts_host(bytes), *want = cts_host(bytes), *got = cts_host(bytes);
		const bool has_data = kinds[kind] & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
		cl_mem image;

		cts_fill(want, bytes);
		memcpy(host, want, bytes);
		image = image_of(CL_MEM_READ_WRITE | kinds[kind], &format, size[0], size[1], 0,
				 has_data ? host : NULL);
		if (!has_data)
			OK(clEnqueueWriteImage(cts.queue, image, CL_TRUE, zero, size, 0, 0, want, 0,
					       NULL, NULL));
		for (int round = 0; round < 8; round++) {
			struct part part = random_part(size);
			size_t row = 0;
			cl_int status;
			uint8_t *mapped = clEnqueueMapImage(
			    cts.queue, image, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, part.at,
			    part.size, &row, NULL, 0, NULL, NULL, &status);

			OK(status);
			for (size_t y = 0; y < part.size[1]; y++) {
				uint8_t *line =
				    want + ((part.at[1] + y) * size[0] + part.at[0]) * texel;

				cts_same(mapped + y * row, line, texel, part.size[0],
					 "mapped texels");
				cts_fill(line, part.size[0] * texel);
				memcpy(mapped + y * row, line, part.size[0] * texel);
			}
			OK(clEnqueueUnmapMemObject(cts.queue, image, mapped, 0, NULL, NULL));
			image_read(image, size[0], size[1], 1, got);
			cts_same(got, want, texel, size[0] * size[1], "texels");
		}
	}
}
