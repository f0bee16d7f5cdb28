/* SPDX-License-Identifier: MIT */
/* basic: vectors: parts of them, how they are made, and what they are seen as. */
#include "cts.h"

#define N 256

/* Types that a check goes through: in quick runs ints and floats alone. */
static bool is_tried(const struct cts_type *type)
{
	return !cts.is_quick || !strcmp(type->name, "int") || !strcmp(type->name, "float");
}

/* Runs `kernel` on `from`, each item `in` bytes, and gives what it wrote, `out` bytes each. */
static void *ran(cl_kernel kernel, void *from, size_t in, size_t out)
{
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, N * out, NULL);
	void *got = cts_host(N * out);

	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * in, from), to);
	cts_launch1(kernel, N, 64);
	cts_read(to, N * out, got);
	return got;
}

/* hiloeo: halves of vectors. One kernel a width writes the four halves of each. */
CHECK(basic, hiloeo)
{
	for (unsigned int t = 0; t < cts_type_count(); t++)
		for (unsigned int w = 1; w < 6; w++) {
			const struct cts_type *type = &cts_types[t];
			/* Of 3 as of 4, whose last is undefined: not looked at. */
			const unsigned int width = cts_widths[w], half = SLOTS(width) / 2;
			const char *name = cts_vector(type, width);
			const size_t in = SLOTS(width) * type->size, part = half * type->size;
			const char *half_name = cts_vector(type, half);
			uint8_t *from = cts_host(N * in), *want = cts_host(N * 4 * part), *got;
			char *source = NULL;

			if (!is_tried(type) || (cts.is_quick && width > 4))
				continue;
			cts_append(&source,
				   "kernel void k(global const %s *from, global %s *to) {"
				   " size_t i = get_global_id(0); %s v = from[i];"
				   " to[4 * i] = v.hi; to[4 * i + 1] = v.lo;"
				   " to[4 * i + 2] = v.even; to[4 * i + 3] = v.odd; }",
				   name, half_name, name);
			cts_fill(from, N * in);
			got = ran(cts_build(source, NULL), from, in, 4 * part);
			for (size_t i = 0; i < N; i++)
				for (unsigned int j = 0; j < half; j++) {
					const unsigned int at[4] = {half + j, j, 2 * j, 2 * j + 1};

					for (unsigned int k = 0; k < 4; k++) {
						const size_t to =
						    ((4 * i + k) * half + j) * type->size;

						if (at[k] < width)
							memcpy(want + to,
							       from + i * in + at[k] * type->size,
							       type->size);
						else
							memcpy(want + to, got + to, type->size);
					}
				}
			cts_same(got, want, type->size, N * 4 * half, name);
		}
}

/* vector_creation: a literal of parts of all widths that add up. */
CHECK(basic, vector_creation)
{
	static const struct {
		unsigned int width;
		const char *parts;
	} ways[] = {{2, "11"},	 {3, "12"},  {3, "21"},	   {3, "111"},	  {4, "112"},  {4, "121"},
		    {4, "22"},	 {4, "13"},  {4, "31"},	   {8, "44"},	  {8, "1232"}, {8, "2141"},
		    {8, "3311"}, {16, "88"}, {16, "4822"}, {16, "13444"}, {16, "8314"}};

	for (unsigned int t = 0; t < cts_type_count(); t++) {
		const struct cts_type *type = &cts_types[t];
		char *source = NULL;
		uint8_t *from = cts_host(N * 16 * type->size);
		uint8_t *want = cts_host(N * COUNT(ways) * 16 * type->size);

		if (!is_tried(type))
			continue;
		cts_append(&source,
			   "kernel void k(global const %s *from, global %s *to) {"
			   " size_t i = get_global_id(0);"
			   " global const %s *f = from + 16 * i;"
			   " global %s *t = to + %d * i;",
			   type->name, type->name, type->name, type->name, 16 * (int)COUNT(ways));
		for (unsigned int way = 0; way < COUNT(ways); way++) {
			const char *vector = cts_vector(type, ways[way].width);
			unsigned int at = 0;

			cts_append(&source, " vstore%u((%s)(", ways[way].width, vector);
			for (const char *part = ways[way].parts; *part; part++) {
				const unsigned int width = (unsigned int)*part - '0';

				if (width == 1)
					cts_append(&source, "%sf[%u]", at ? ", " : "", at);
				else
					cts_append(&source, "%svload%u(0, f + %u)", at ? ", " : "",
						   width, at);
				at += width;
			}
			cts_append(&source, "), 0, t + %u);", 16 * way);
		}
		cts_append(&source, " }");
		cts_fill(from, N * 16 * type->size);
		for (size_t i = 0; i < N; i++)
			for (size_t way = 0; way < COUNT(ways); way++)
				memcpy(want + (i * COUNT(ways) + way) * 16 * type->size,
				       from + i * 16 * type->size, ways[way].width * type->size);
		{
			/* What no way writes is zero in both. */
			const size_t out = N * COUNT(ways) * 16 * type->size;
			uint8_t *got = cts_host(out);
			cl_mem to = cts_buffer(CL_MEM_READ_WRITE, out, got);
			cl_kernel kernel = cts_build(source, NULL);

			cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * 16 * type->size, from),
				 to);
			cts_launch1(kernel, N, 64);
			cts_read(to, out, got);
			cts_same(got, want, type->size, out / type->size, type->name);
		}
	}
}

/* vector_swizzle: elements by name and number, read in any order and written in parts. */
CHECK(basic, vector_swizzle)
{
	for (unsigned int t = 0; t < cts_type_count(); t++)
		for (unsigned int w = 1; w < 6; w++) {
			static const char names[] = "xyzw", digits[] = "0123456789abcdef";
			const struct cts_type *type = &cts_types[t];
			const unsigned int width = cts_widths[w], slots = SLOTS(width);
			const char *vector = cts_vector(type, width);
			const size_t in = slots * type->size;
			uint8_t *from = cts_host(N * in), *want = cts_host(N * 2 * in), *got;
			char *source = NULL;

			if (!is_tried(type) || (cts.is_quick && width != 4))
				continue;
			cts_append(&source,
				   "kernel void k(global const %s *from, global %s *to) {"
				   " size_t i = get_global_id(0); %s v = from[i], a = v, b = v;"
				   " a = v.s",
				   vector, vector, vector);
			for (unsigned int j = 0; j < width; j++)
				cts_append(&source, "%c", digits[width - 1 - j]);
			cts_append(&source, ";");
			/* Each element from the one behind it. */
			for (unsigned int j = 0; j < width; j++)
				if (width <= 4)
					cts_append(&source, " b.%c = v.%c;", names[j],
						   names[(j + 1) % width]);
				else
					cts_append(&source, " b.s%c = v.S%c;", digits[j],
						   digits[(j + 1) % width]);
			cts_append(&source, " to[2 * i] = a; to[2 * i + 1] = b; }");
			cts_fill(from, N * in);
			got = ran(cts_build(source, NULL), from, in, 2 * in);
			for (size_t i = 0; i < N; i++)
				for (unsigned int j = 0; j < slots; j++)
					for (unsigned int k = 0; k < 2; k++) {
						const size_t to =
						    ((2 * i + k) * slots + j) * type->size;
						const unsigned int at =
						    k ? (j + 1) % width : width - 1 - j;

						memcpy(want + to,
						       j < width ? from + i * in + at * type->size
								 : got + to,
						       type->size);
					}
			cts_same(got, want, type->size, N * 2 * slots, vector);
		}
}

/* explicit_s2v_*: a scalar becomes a vector of it. */
static void explicit_s2v(unsigned int t)
{
	const struct cts_type *type = &cts_types[t];
	const size_t out = 2 + 4 + 4 + 8 + 16;
	uint8_t *from = cts_host(N * type->size), *want = cts_host(N * out * type->size), *got;
	char *source = NULL;
	unsigned int at = 0;

	if (t >= cts_type_count())
		cts_skip("no %s", type->name);
	cts_append(&source,
		   "kernel void k(global const %s *from, global %s *to) {"
		   " size_t i = get_global_id(0); global %s *t = to + %u * i;",
		   type->name, type->name, type->name, (unsigned int)out);
	for (unsigned int w = 1; w < 6; w++) {
		const unsigned int width = cts_widths[w];

		cts_append(&source, " vstore%u((%s)(from[i]), 0, t + %u);", width,
			   cts_vector(type, width), at);
		/* The fourth of three. */
		if (width == 3)
			cts_append(&source, " t[%u] = from[i];", at + 3);
		at += SLOTS(width);
	}
	cts_append(&source, " }");
	cts_fill(from, N * type->size);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < out; j++)
			memcpy(want + (i * out + j) * type->size, from + i * type->size,
			       type->size);
	got = ran(cts_build(source, NULL), from, type->size, out * type->size);
	cts_same(got, want, type->size, N * out, type->name);
}

#define S2V(type, number)                                                                          \
	CHECK(basic, explicit_s2v_##type)                                                          \
	{                                                                                          \
		explicit_s2v(number);                                                              \
	}

S2V(char, 0)
S2V(uchar, 1)
S2V(short, 2)
S2V(ushort, 3)
S2V(int, 4)
S2V(uint, 5)
S2V(long, 6)
S2V(ulong, 7)
S2V(float, 8)
S2V(double, 9)

/* astype: the same bits as each type of the same size. */
CHECK(basic, astype)
{
	for (unsigned int a = 0; a < cts_type_count(); a++)
		for (unsigned int w = 0; w < 6; w++) {
			const unsigned int width = cts_widths[w];
			const struct cts_type *type = &cts_types[a];
			const size_t in = SLOTS(width) * type->size;
			unsigned int count = 0;
			uint8_t *from = cts_host(N * in), *want, *got;
			char *source = NULL, *body = NULL;

			if (!is_tried(type) || (cts.is_quick && width > 2))
				continue;
			for (unsigned int b = 0; b < cts_type_count(); b++) {
				if (cts_types[b].size != type->size || a == b)
					continue;
				cts_append(&body,
					   " ((global %s *)to)[%%u * i + %u] = as_%s(from[i]);",
					   cts_vector(&cts_types[b], width), count++,
					   cts_vector(&cts_types[b], width));
			}
			if (!count)
				continue;
			cts_append(&source,
				   "kernel void k(global const %s *from, global %s *to) {"
				   " size_t i = get_global_id(0);",
				   cts_vector(type, width), cts_vector(type, width));
			for (const char *at = body; *at; at++)
				if (at[0] == '%' && at[1] == 'u')
					cts_append(&source, "%u", count), at++;
				else
					cts_append(&source, "%c", *at);
			cts_append(&source, " }");
			cts_fill(from, N * in);
			got = ran(cts_build(source, NULL), from, in, count * in);
			want = cts_host(N * count * in);
			for (size_t i = 0; i < N * count; i++) {
				memcpy(want + i * in, from + i / count * in, in);
				/* The fourth of three is anything. */
				if (width == 3)
					memcpy(want + i * in + 3 * type->size,
					       got + i * in + 3 * type->size, type->size);
			}
			cts_same(got, want, in, N * count, cts_vector(type, width));
		}
}
