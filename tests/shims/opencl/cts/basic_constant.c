/* SPDX-License-Identifier: MIT */
/* basic: constant memory, macros, sizes and types as the language defines them. */
#include "cts.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#define N 1024

/* constant: two arrays of the most bytes that constant buffers may have, at most a megabyte each.
 */
CHECK(basic, constant)
{
	cl_kernel kernel = cts_build("kernel void k(global float *to, constant float *f,"
				     " constant int *n) {"
				     " int i = get_global_id(0); to[i] = f[i] * 2 + (float)n[i]; }",
				     NULL);
	size_t count = cts_number(CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE) / sizeof(float) / 2;
	float *f, *got, *want;
	int *n;
	cl_mem to;

	if (count > (cts.is_quick ? 1 << 14 : 1 << 18))
		count = cts.is_quick ? 1 << 14 : 1 << 18;
	f = cts_host(count * sizeof(*f));
	n = cts_host(count * sizeof(*n));
	got = cts_host(count * sizeof(*got));
	want = cts_host(count * sizeof(*want));
	for (size_t i = 0; i < count; i++) {
		f[i] = (float)(cts_random() & 0xffff);
		n[i] = (int)(cts_random() & 0xffff);
		want[i] = f[i] * 2 + (float)n[i];
	}
	to = cts_buffer(CL_MEM_READ_WRITE, count * sizeof(*got), NULL);
	cts_mems(kernel, 3, to, cts_buffer(CL_MEM_READ_ONLY, count * sizeof(*f), f),
		 cts_buffer(CL_MEM_READ_ONLY, count * sizeof(*n), n));
	cts_launch1(kernel, count, 0);
	cts_read(to, count * sizeof(*got), got);
	cts_same(got, want, sizeof(*got), count, "floats");
}

/* constant_source: constants of the program, of each type. */
CHECK(basic, constant_source)
{
	char *source = NULL, *body = NULL;
	cl_kernel kernel;
	unsigned int slot = 0;
	float *got = cts_host(64 * sizeof(float)), *want = cts_host(64 * sizeof(float));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, 64 * sizeof(float), want);

	for (unsigned int t = 0; t < cts_type_count(); t++) {
		cts_append(&source, "constant %s c%u[2] = {%u, %u};", cts_types[t].name, t,
			   t * 3 + 1, t * 3 + 2);
		for (unsigned int i = 0; i < 2; i++) {
			cts_append(&body, " to[%u] = (float)c%u[%u];", slot, t, i);
			want[slot++] = (float)(t * 3 + 1 + i);
		}
	}
	cts_append(&source, "kernel void k(global float *to) {%s }", body);
	kernel = cts_build(source, NULL);
	ARG(kernel, 0, to);
	cts_launch1(kernel, 1, 0);
	cts_read(to, 64 * sizeof(float), got);
	cts_same(got, want, sizeof(float), 64, "constants");
}

/* Runs a kernel of one item that writes `count` numbers of the type. */
static void numbers(const char *type, const char *values, size_t size, size_t count, void *got)
{
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, size * count, NULL);
	char *source = NULL;
	cl_kernel kernel;

	cts_append(&source,
		   "kernel void k(global %s *to) { const %s values[] = {%s};"
		   " for (int i = 0; i < %zu; i++) to[i] = values[i]; }",
		   type, type, values, count);
	kernel = cts_build(source, NULL);
	ARG(kernel, 0, to);
	cts_launch1(kernel, 1, 0);
	cts_read(to, size * count, got);
}

/* sizeof: of each scalar and vector type. */
CHECK(basic, sizeof)
{
	char *values = NULL;
	uint32_t got[128], want[128];
	size_t count = 0;

	for (unsigned int t = 0; t < cts_type_count(); t++)
		for (unsigned int w = 0; w < 6; w++) {
			cts_append(&values, "%ssizeof(%s)", values ? ", " : "",
				   cts_vector(&cts_types[t], cts_widths[w]));
			want[count++] = (uint32_t)cts_types[t].size * SLOTS(cts_widths[w]);
		}
	cts_append(&values, ", sizeof(size_t), sizeof(ptrdiff_t), sizeof(intptr_t),"
			    " sizeof(uintptr_t), sizeof(global int *), sizeof(half)");
	for (int i = 0; i < 5; i++)
		want[count++] = (uint32_t)cts_number(CL_DEVICE_ADDRESS_BITS) / 8;
	want[count++] = 2;
	numbers("uint", values, sizeof(uint32_t), count, got);
	cts_same(got, want, sizeof(uint32_t), count, "sizes");
}

/* host_numeric_constants: those of the header are those of C. */
CHECK(basic, host_numeric_constants)
{
	EXPECT(CL_CHAR_BIT == CHAR_BIT && CL_SCHAR_MAX == SCHAR_MAX && CL_SHRT_MIN == SHRT_MIN &&
		   CL_USHRT_MAX == USHRT_MAX && CL_INT_MIN == INT_MIN && CL_UINT_MAX == UINT_MAX &&
		   CL_LONG_MIN == INT64_MIN && (cl_ulong)CL_ULONG_MAX == UINT64_MAX,
	       "integer limits");
	EXPECT(CL_FLT_DIG == FLT_DIG && CL_FLT_MANT_DIG == FLT_MANT_DIG &&
		   CL_FLT_MAX_EXP == FLT_MAX_EXP && CL_FLT_EPSILON == FLT_EPSILON &&
		   CL_FLT_MAX == FLT_MAX && CL_FLT_MIN == FLT_MIN && CL_DBL_MAX == DBL_MAX &&
		   CL_DBL_EPSILON == DBL_EPSILON,
	       "limits of floats");
	EXPECT(CL_M_PI == M_PI && CL_M_E == M_E && CL_M_SQRT2 == M_SQRT2, "constants");
	EXPECT(isinf(CL_HUGE_VALF) && isinf(CL_INFINITY) && isnan(CL_NAN), "infinity, NaN");
}

/* kernel_numeric_constants, kernel_limit_constants: the same on the device. */
CHECK(basic, kernel_numeric_constants)
{
	float want[] = {(float)M_E,	  (float)M_LOG2E, (float)M_LOG10E,   (float)M_LN2,
			(float)M_LN10,	  (float)M_PI,	  (float)M_PI_2,     (float)M_PI_4,
			(float)M_1_PI,	  (float)M_2_PI,  (float)M_2_SQRTPI, (float)M_SQRT2,
			(float)M_SQRT1_2, FLT_MAX,	  FLT_MIN,	     FLT_EPSILON};
	double wide[] = {M_E,	    M_LOG2E, M_LOG10E, M_LN2,	   M_LN10,     M_PI,
			 M_PI_2,    M_PI_4,  M_1_PI,   M_2_PI,	   M_2_SQRTPI, M_SQRT2,
			 M_SQRT1_2, DBL_MAX, DBL_MIN,  DBL_EPSILON};
	float got[COUNT(want)];
	double wide_got[COUNT(wide)];

	numbers("float",
		"M_E_F, M_LOG2E_F, M_LOG10E_F, M_LN2_F, M_LN10_F, M_PI_F, M_PI_2_F, M_PI_4_F,"
		" M_1_PI_F, M_2_PI_F, M_2_SQRTPI_F, M_SQRT2_F, M_SQRT1_2_F, FLT_MAX, FLT_MIN,"
		" FLT_EPSILON",
		sizeof(float), COUNT(want), got);
	cts_same(got, want, sizeof(float), COUNT(want), "floats");
	if (!cts_has("cl_khr_fp64"))
		return;
	numbers("double",
		"M_E, M_LOG2E, M_LOG10E, M_LN2, M_LN10, M_PI, M_PI_2, M_PI_4, M_1_PI, M_2_PI,"
		" M_2_SQRTPI, M_SQRT2, M_SQRT1_2, DBL_MAX, DBL_MIN, DBL_EPSILON",
		sizeof(double), COUNT(wide), wide_got);
	cts_same(wide_got, wide, sizeof(double), COUNT(wide), "doubles");
}

CHECK(basic, kernel_limit_constants)
{
	const int64_t want[] = {CHAR_BIT,  SCHAR_MAX, SCHAR_MIN, SCHAR_MAX, SCHAR_MIN,
				UCHAR_MAX, SHRT_MAX,  SHRT_MIN,	 USHRT_MAX, INT_MAX,
				INT_MIN,   UINT_MAX,  INT64_MAX, INT64_MIN, -1,
				6,	   24,	      128,	 -125,	    2};
	int64_t got[COUNT(want)];
	uint32_t flags[4];
	const uint32_t all[4] = {1, 1, 1, 1};

	numbers("long",
		"CHAR_BIT, CHAR_MAX, CHAR_MIN, SCHAR_MAX, SCHAR_MIN, UCHAR_MAX, SHRT_MAX, SHRT_MIN,"
		" USHRT_MAX, INT_MAX, INT_MIN, UINT_MAX, LONG_MAX, LONG_MIN, (long)ULONG_MAX,"
		" FLT_DIG, FLT_MANT_DIG, FLT_MAX_EXP, FLT_MIN_EXP, FLT_RADIX",
		sizeof(int64_t), COUNT(want), got);
	cts_same(got, want, sizeof(int64_t), COUNT(want), "limits");
	numbers("uint",
		"isinf(MAXFLOAT) == 0, isinf(INFINITY) != 0, isnan(NAN) != 0,"
		" isinf(HUGE_VALF) != 0",
		sizeof(uint32_t), 4, flags);
	cts_same(flags, all, sizeof(uint32_t), 4, "infinity, NaN");
}

/* kernel_preprocessor_macros: those that each program has. */
CHECK(basic, kernel_preprocessor_macros)
{
	char *source = NULL;
	uint32_t got[8] = {0};
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), got);
	cl_kernel kernel;

	cts_append(&source, "kernel void k(global uint *to) {\n"
			    " to[0] = __LINE__;\n"
			    " to[1] = __OPENCL_VERSION__;\n"
			    " to[2] = __OPENCL_C_VERSION__;\n"
			    "#ifdef __ENDIAN_LITTLE__\n to[3] = 1;\n#endif\n"
			    "#ifdef __IMAGE_SUPPORT__\n to[4] = 1;\n#endif\n"
			    "#ifdef __FAST_RELAXED_MATH__\n to[5] = 1;\n#endif\n"
			    "#ifdef MINE\n to[6] = MINE;\n#endif\n"
			    " constant char *name = __FILE__; to[7] = name != 0; }\n");
	for (int relaxed = 0; relaxed < 2; relaxed++) {
		const char *options = relaxed ? "-cl-fast-relaxed-math -D MINE=7" : "-DMINE=9";

		kernel = cts_kernel(cts_program(source, options), "k");
		ARG(kernel, 0, to);
		memset(got, 0, sizeof(got));
		cts_write(to, sizeof(got), got);
		cts_launch1(kernel, 1, 0);
		cts_read(to, sizeof(got), got);
		EXPECT(got[0] == 2, "__LINE__ is %u", got[0]);
		EXPECT(got[1] >= 100 && got[1] <= 300, "__OPENCL_VERSION__ is %u", got[1]);
		EXPECT(got[2] >= 100 && got[2] <= got[1], "__OPENCL_C_VERSION__ is %u", got[2]);
		EXPECT(got[3] == cts_number(CL_DEVICE_ENDIAN_LITTLE), "__ENDIAN_LITTLE__");
		EXPECT(got[4] == cts_number(CL_DEVICE_IMAGE_SUPPORT), "__IMAGE_SUPPORT__");
		EXPECT(got[5] == (uint32_t)relaxed, "__FAST_RELAXED_MATH__");
		EXPECT(got[6] == (relaxed ? 7U : 9U), "a macro of the options is %u", got[6]);
		EXPECT(got[7] == 1, "__FILE__");
	}
}

/* parameter_types: arguments of all vector types reach the kernel. */
CHECK(basic, parameter_types)
{
	for (unsigned int w = 0; w < 6; w++) {
		const unsigned int width = cts_widths[w], types = 9;
		uint8_t values[9][16 * 8], *got, *want;
		char *source = NULL, *body = NULL;
		size_t at = 0, offsets[9];
		cl_kernel kernel;
		cl_mem to;

		if (cts.is_quick && width != 3)
			continue;
		cts_append(&source, "kernel void k(");
		for (unsigned int t = 0; t < types; t++) {
			const char *vector = cts_vector(&cts_types[t], width);
			const size_t size = SLOTS(width) * cts_types[t].size;

			at = (at + size - 1) / size * size;
			offsets[t] = at;
			cts_append(&source, "%s a%u, ", vector, t);
			for (unsigned int j = 0; j < width; j++) {
				cts_append(&body, " ((global %s *)(to + %zu))[%u] = a%u",
					   cts_types[t].name, at, j, t);
				if (width > 1)
					cts_append(&body, ".s%x", j);
				cts_append(&body, ";");
			}
			at += size;
		}
		cts_append(&source, "global uchar *to) {%s }", body);
		kernel = cts_build(source, NULL);
		got = cts_host(at);
		want = cts_host(at);
		to = cts_buffer(CL_MEM_WRITE_ONLY, at, want);
		for (unsigned int t = 0; t < types; t++) {
			const size_t size = SLOTS(width) * cts_types[t].size;

			cts_fill(values[t], size);
			if (t == 8)
				for (unsigned int j = 0; j < width; j++)
					((float *)values[t])[j] = (float)j + 0.5f;
			memcpy(want + offsets[t], values[t], width * cts_types[t].size);
			OK(clSetKernelArg(kernel, t, size, values[t]));
		}
		ARG(kernel, types, to);
		cts_launch1(kernel, 1, 0);
		cts_read(to, at, got);
		cts_same(got, want, 1, at, "arguments");
	}
}

/* vec_type_hint: a hint, which changes nothing. */
CHECK(basic, vec_type_hint)
{
	for (unsigned int w = 0; w < (cts.is_quick ? 1 : 6); w++) {
		int *from = cts_host(N * sizeof(int)), *got = cts_host(N * sizeof(int));
		cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(int), NULL);
		char *source = NULL;
		cl_kernel kernel;

		cts_append(&source,
			   "kernel __attribute__((vec_type_hint(%s))) void k("
			   "global const int *from, global int *to) {"
			   " size_t i = get_global_id(0); to[i] = from[i]; }",
			   cts_vector(&cts_types[w + 3], cts_widths[w]));
		kernel = cts_build(source, NULL);
		cts_fill(from, N * sizeof(int));
		cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), from), to);
		cts_launch1(kernel, N, 64);
		cts_read(to, N * sizeof(int), got);
		cts_same(got, from, sizeof(int), N, "ints");
	}
}
