/* SPDX-License-Identifier: MIT */
/* images/kernel_read_write, samplerlessReads, kernel_image_methods. */
#include "image_kinds.h"

#include <math.h>

#define READS 1024

static const char *const suffix[] = {"i", "ui", "f"};
static const char *const vector[] = {"int4", "uint4", "float4"};

/* Coordinates of a kind: of one, two, or with a fourth that counts for nothing. */
static const char *const whole_place[] = {"p.x", "p.xy", "p", "p.xy", "p"};

/* Reads at places that a buffer has, as whole numbers and as fractions. */
static cl_program readers(enum image_kind kind, bool has_sampler)
{
	char *text = NULL;

	for (int c = 0; c < 3; c++)
		for (int real = 0; real < (has_sampler ? 2 : 1); real++)
			cts_append(&text,
				   "kernel void read_%s%s(read_only %s image, global const %s *at,"
				   " global %s *to%s) { size_t i = get_global_id(0);"
				   " %s p = at[i]; to[i] = read_image%s(image, %s%s); }\n",
				   suffix[c], real ? "_real" : "", image_names[kind],
				   real ? "float4" : "int4", vector[c],
				   has_sampler ? ", sampler_t s" : "", real ? "float4" : "int4",
				   suffix[c], has_sampler ? "s, " : "", whole_place[kind]);
	return cts_program(text, NULL);
}

static int wrapped(int at, int size, cl_addressing_mode mode)
{
	int twice;

	switch (mode) {
	case CL_ADDRESS_CLAMP_TO_EDGE:
		return at < 0 ? 0 : at >= size ? size - 1 : at;
	case CL_ADDRESS_REPEAT:
		return (at % size + size) % size;
	case CL_ADDRESS_MIRRORED_REPEAT:
		twice = (at % (2 * size) + 2 * size) % (2 * size);
		return twice < size ? twice : 2 * size - 1 - twice;
	default:
		return at < 0 || at >= size ? -1 : at;
	}
}

/* The pixel at whole coordinates; an array's last one is never outside. */
static void reference(const struct image *image, const int at[3], cl_addressing_mode mode, void *to)
{
	const bool is_array = image->kind == K1D_ARRAY || image->kind == K2D_ARRAY;
	size_t place[3] = {0};

	for (unsigned int i = 0; i < image_axes[image->kind]; i++) {
		const bool is_layer = is_array && i + 1 == image_axes[image->kind];
		const int there =
		    wrapped(at[i], (int)image->size[i], is_layer ? CL_ADDRESS_CLAMP_TO_EDGE : mode);

		if (there < 0) {
			image_decode(&image->format, NULL, to);
			return;
		}
		place[i] = (size_t)there;
	}
	image_decode(&image->format, image_at(image, place[0], place[1], place[2]), to);
}

static void same_pixels(const struct image *image, const void *got, const void *want, size_t count,
			const char *what)
{
	char text[96];

	snprintf(text, sizeof(text), "%s, order %#x type %#x", what,
		 image->format.format.image_channel_order,
		 image->format.format.image_channel_data_type);
	/* 1.5 units are what OpenCL C gives what is normalized. */
	if (image->format.class == REAL)
		cts_close(got, want, count * 4, 2, text);
	else
		cts_same(got, want, 16, count, text);
}

/* Reads at places by lot, some outside where the mode says what is there. */
static void sampled(const struct image *image, cl_program program, cl_addressing_mode mode,
		    bool is_normal, bool is_real)
{
	const bool is_array = image->kind == K1D_ARRAY || image->kind == K2D_ARRAY;
	cl_int(*whole)[4] = cts_host(READS * sizeof(*whole));
	float(*real)[4] = cts_host(READS * sizeof(*real));
	cl_uint(*want)[4] = cts_host(READS * sizeof(*want)),
	(*got)[4] = cts_host(READS * sizeof(*got));
	cl_mem places, to = cts_buffer(CL_MEM_WRITE_ONLY, READS * sizeof(*got), NULL);
	char name[32];
	cl_kernel kernel;
	cl_sampler sampler;
	cl_int status;

	for (size_t i = 0; i < READS; i++) {
		for (unsigned int a = 0; a < image_axes[image->kind]; a++) {
			const int size = (int)image->size[a];
			const bool is_layer = is_array && a + 1 == image_axes[image->kind];
			const float part = 0.25f + (float)(cts_random() % 9) / 16;

			whole[i][a] = mode == CL_ADDRESS_NONE
					  ? (int)(cts_random() % image->size[a])
					  : (int)(cts_random() % (3 * image->size[a])) - size;
			real[i][a] = (float)whole[i][a] + (is_layer ? 0.25f : part);
			if (is_normal && !is_layer)
				real[i][a] /= (float)size;
		}
		reference(image, whole[i], mode, want[i]);
	}
	sampler = clCreateSampler(cts.context, is_normal, mode, CL_FILTER_NEAREST, &status);
	OK(status);
	cts_own(CTS_SAMPLER, sampler);
	snprintf(name, sizeof(name), "read_%s%s", suffix[image->format.class],
		 is_real ? "_real" : "");
	kernel = cts_kernel(program, name);
	places = cts_buffer(CL_MEM_READ_ONLY, READS * 16, is_real ? (void *)real : whole);
	cts_mems(kernel, 3, image->mem, places, to);
	ARG(kernel, 3, sampler);
	cts_launch1(kernel, READS, 64);
	cts_read(to, READS * sizeof(*got), got);
	snprintf(name, sizeof(name), "mode %#x%s%s", mode, is_normal ? " normalized" : "",
		 is_real ? " real" : "");
	same_pixels(image, got, want, READS, name);
}

static void reads(enum image_kind kind, enum image_part part, bool is_normal)
{
	const cl_addressing_mode modes[] = {CL_ADDRESS_NONE, CL_ADDRESS_CLAMP_TO_EDGE,
					    CL_ADDRESS_CLAMP, CL_ADDRESS_REPEAT,
					    CL_ADDRESS_MIRRORED_REPEAT};
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, part, CL_MEM_READ_ONLY, formats, 64);
	cl_program program = readers(kind, true);

	for (unsigned int f = 0; f < count; f++) {
		struct image image;
		size_t size[3];

		image_size(kind, size);
		image = image_make(kind, &formats[f], CL_MEM_READ_ONLY, size);
		for (size_t m = 0; m < COUNT(modes); m++) {
			/* These two are said for normalized coordinates alone. */
			const bool repeats =
			    modes[m] == CL_ADDRESS_REPEAT || modes[m] == CL_ADDRESS_MIRRORED_REPEAT;

			if (!repeats && !is_normal)
				sampled(&image, program, modes[m], false, false);
			if (!repeats && !is_normal)
				sampled(&image, program, modes[m], false, true);
			if (is_normal)
				sampled(&image, program, modes[m], true, true);
		}
	}
}

/* A kernel writes each pixel once, from a buffer; some it leaves as they were. */
static void writes(enum image_kind kind, enum image_part part)
{
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, part, CL_MEM_WRITE_ONLY, formats, 64);
	static const char *const place[] = {"x", "(int2)(x, y)", "(int4)(x, y, z, 0)",
					    "(int2)(x, y)", "(int4)(x, y, z, 0)"};
	const size_t sizes[3] = {29, 11, 5};
	char *text = NULL;
	cl_program program;

	cts_append(&text, "#pragma OPENCL EXTENSION cl_khr_3d_image_writes : enable\n");
	for (int c = 0; c < 3; c++)
		cts_append(&text,
			   "kernel void write_%s(write_only %s image, global const %s *from, int w,"
			   " int h) { int x = get_global_id(0), y = get_global_id(1),"
			   " z = get_global_id(2);"
			   " if ((x + y + z) %% 5 != 1) write_image%s(image, %s,"
			   " from[(z * h + y) * w + x]); }\n",
			   suffix[c], image_names[kind], vector[c], suffix[c], place[kind]);
	if (kind == K3D && !cts_has("cl_khr_3d_image_writes"))
		cts_skip("no cl_khr_3d_image_writes");
	program = cts_program(text, NULL);
	for (unsigned int f = 0; f < count; f++) {
		size_t size[3], all;
		struct image image;
		cl_uint(*numbers)[4];
		unsigned char *drawn;
		char name[16];
		cl_kernel kernel;
		cl_int w, h;

		/* One size: drivers compile for each. */
		for (unsigned int i = 0; i < 3; i++)
			size[i] = i < image_axes[kind] ? sizes[i] : 1;
		image = image_make(kind, &formats[f], CL_MEM_READ_WRITE, size);
		all = size[0] * size[1] * size[2];
		w = (cl_int)size[0];
		h = (cl_int)size[1];
		numbers = cts_host(all * sizeof(*numbers));
		drawn = cts_host(all * formats[f].pixel);
		image_draw(&formats[f], drawn, all);
		for (size_t i = 0; i < all; i++) {
			const size_t x = i % size[0], y = i / size[0] % size[1],
				     z = i / size[0] / size[1];

			image_decode(&formats[f], drawn + i * formats[f].pixel, numbers[i]);
			if ((x + y + z) % 5 != 1)
				image_encode(&formats[f], numbers[i], image_at(&image, x, y, z));
		}
		snprintf(name, sizeof(name), "write_%s", suffix[formats[f].class]);
		kernel = cts_kernel(program, name);
		cts_mems(kernel, 2, image.mem,
			 cts_buffer(CL_MEM_READ_ONLY, all * sizeof(*numbers), numbers));
		ARG(kernel, 2, w);
		ARG(kernel, 3, h);
		cts_launch(kernel,
			   kind == K1D			      ? 1
			   : kind == K3D || kind == K2D_ARRAY ? 3
							      : 2,
			   size, NULL);
		image_is_right(&image, "written pixels");
	}
}

/* Without a sampler, at whole coordinates inside. */
static void bare(enum image_kind kind, enum image_part part)
{
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, part, CL_MEM_READ_ONLY, formats, 64);
	cl_program program = readers(kind, false);

	for (unsigned int f = 0; f < count; f++) {
		cl_int(*at)[4] = cts_host(READS * sizeof(*at));
		cl_uint(*want)[4] = cts_host(READS * sizeof(*want)),
		(*got)[4] = cts_host(READS * sizeof(*got));
		struct image image;
		cl_kernel kernel;
		char name[16];
		size_t size[3];
		cl_mem to;

		image_size(kind, size);
		image = image_make(kind, &formats[f], CL_MEM_READ_ONLY, size);
		for (size_t i = 0; i < READS; i++) {
			for (unsigned int a = 0; a < image_axes[kind]; a++)
				at[i][a] = (int)(cts_random() % size[a]);
			reference(&image, at[i], CL_ADDRESS_NONE, want[i]);
		}
		snprintf(name, sizeof(name), "read_%s", suffix[formats[f].class]);
		kernel = cts_kernel(program, name);
		to = cts_buffer(CL_MEM_WRITE_ONLY, READS * sizeof(*got), NULL);
		cts_mems(kernel, 3, image.mem,
			 cts_buffer(CL_MEM_READ_ONLY, READS * sizeof(*at), at), to);
		cts_launch1(kernel, READS, 64);
		cts_read(to, READS * sizeof(*got), got);
		same_pixels(&image, got, want, READS, "without a sampler");
	}
}

/* What a kernel is told of its image. */
static void methods(enum image_kind kind)
{
	static const char *const more[] = {
	    "", "to[1] = get_image_height(m);",
	    "to[1] = get_image_height(m); to[2] = get_image_depth(m);",
	    "to[1] = get_image_array_size(m);",
	    "to[1] = get_image_height(m); to[2] = get_image_array_size(m);"};
	static const char *const dim[] = {"", "to[5] = get_image_dim(m).y;",
					  "to[5] = get_image_dim(m).z;", "",
					  "to[5] = get_image_dim(m).y;"};
	struct image_format formats[64];
	const unsigned int count = image_formats(kind, PART_ALL, CL_MEM_READ_ONLY, formats, 64);
	char *text = NULL;
	cl_kernel kernel;
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 6 * sizeof(cl_int), NULL);

	/* The constants differ from the host's where a compiler chose so: their offsets do not. */
	cts_append(&text,
		   "kernel void tell(read_only %s m, global int *to) {"
		   " to[0] = get_image_width(m); to[1] = to[2] = to[5] = 1; %s %s"
		   " to[3] = get_image_channel_data_type(m) - CLK_FLOAT;"
		   " to[4] = get_image_channel_order(m) - CLK_RGBA; }",
		   image_names[kind], more[kind], dim[kind]);
	kernel = cts_build(text, NULL);
	for (unsigned int f = 0; f < count; f++) {
		struct image image;
		size_t size[3];
		cl_int got[6], want[6] = {0};

		image_size(kind, size);
		image = image_make(kind, &formats[f], CL_MEM_READ_ONLY, size);
		for (int i = 0; i < 3; i++)
			want[i] = (cl_int)size[i];
		want[3] = (cl_int)formats[f].format.image_channel_data_type - CL_FLOAT;
		want[4] = (cl_int)formats[f].format.image_channel_order - CL_RGBA;
		want[5] = *dim[kind] ? (cl_int)size[kind == K3D ? 2 : 1] : 1;
		cts_mems(kernel, 2, image.mem, to);
		cts_launch1(kernel, 1, 0);
		cts_read(to, sizeof(got), got);
		cts_same(got, want, sizeof(cl_int), 6, "width, height, depth, type, order, last");
	}
}

#define KERNELS(name, kind, part)                                                                  \
	CHECK(images, kernel_read_write_read_##name)                                               \
	{                                                                                          \
		reads(kind, part, false);                                                          \
	}                                                                                          \
	CHECK(images, kernel_read_write_write_##name)                                              \
	{                                                                                          \
		writes(kind, part);                                                                \
	}                                                                                          \
	CHECK(images, samplerlessReads_##name)                                                     \
	{                                                                                          \
		bare(kind, part);                                                                  \
	}

#define KIND(name, kind)                                                                           \
	KERNELS(name##_int, kind, PART_INT)                                                        \
	KERNELS(name##_uint, kind, PART_UINT)                                                      \
	KERNELS(name##_norm, kind, PART_NORM)                                                      \
	KERNELS(name##_half, kind, PART_HALF)                                                      \
	KERNELS(name##_float, kind, PART_FLOAT)                                                    \
	KERNELS(name##_few_channels, kind, PART_FEW)                                               \
	CHECK(images, kernel_read_write_read_##name##_normalized)                                  \
	{                                                                                          \
		for (enum image_part part = 0; part < PART_FEW; part++)                            \
			reads(kind, part, true);                                                   \
	}                                                                                          \
	CHECK(images, kernel_image_methods_##name)                                                 \
	{                                                                                          \
		methods(kind);                                                                     \
	}

KIND(1D, K1D)
KIND(2D, K2D)
KIND(3D, K3D)
KIND(1Darray, K1D_ARRAY)
KIND(2Darray, K2D_ARRAY)
