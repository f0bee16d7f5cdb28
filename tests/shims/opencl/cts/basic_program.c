/* SPDX-License-Identifier: MIT */
/* basic: programs of several kernels, and where variables lie. */
#include "cts.h"

#define N 512

/* createkernelsinprogram: all kernels of a program at once, each of which works. */
CHECK(basic, createkernelsinprogram)
{
	for (cl_uint count = 1; count <= 3; count++) {
		char *source = NULL;
		cl_kernel kernels[3];
		cl_uint made = 0;
		cl_program program;

		for (cl_uint i = 0; i < count; i++)
			cts_append(&source,
				   "kernel void k%u(global int *to) { size_t i = get_global_id(0);"
				   " to[i] = (int)i * %u; } ",
				   i, i + 2);
		program = cts_program(source, NULL);
		OK(clCreateKernelsInProgram(program, 0, NULL, &made));
		EXPECT(made == count, "%u kernels instead of %u", made, count);
		OK(clCreateKernelsInProgram(program, count, kernels, NULL));
		for (cl_uint i = 0; i < count; i++)
			cts_own(CTS_KERNEL, kernels[i]);
		for (cl_uint i = 0; i < count; i++) {
			char name[16] = "";
			int got[N], want[N];
			cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

			OK(clGetKernelInfo(kernels[i], CL_KERNEL_FUNCTION_NAME, sizeof(name), name,
					   NULL));
			for (int j = 0; j < N; j++)
				want[j] = j * (name[1] - '0' + 2);
			ARG(kernels[i], 0, to);
			cts_launch1(kernels[i], N, 64);
			cts_read(to, sizeof(got), got);
			cts_same(got, want, sizeof(int), N, name);
		}
	}
}

/* kernel_call_kernel_function: a kernel that calls another one as a function. */
CHECK(basic, kernel_call_kernel_function)
{
	cl_program program =
	    cts_program("kernel void inner(global const int *from, global int *to, int times) {"
			" size_t i = get_global_id(0); to[i] = from[i] * times; }"
			"kernel void outer(global const int *from, global int *to, int times) {"
			" inner(from, to, times); to[get_global_id(0)] += 1; }",
			NULL);
	int from[N], got[N], want[N];
	const int times = 3;
	cl_mem in, to;

	cts_fill(from, sizeof(from));
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(from), from);
	to = cts_buffer(CL_MEM_READ_WRITE, sizeof(from), NULL);
	for (int round = 0; round < 2; round++) {
		cl_kernel kernel = cts_kernel(program, round ? "inner" : "outer");

		for (int i = 0; i < N; i++)
			want[i] = (int)((unsigned int)from[i] * 3U + (round ? 0U : 1U));
		cts_mems(kernel, 2, in, to);
		ARG(kernel, 2, times);
		cts_launch1(kernel, N, 64);
		cts_read(to, sizeof(got), got);
		cts_same(got, want, sizeof(int), N, round ? "inner" : "outer");
	}
}

/* kernel_memory_alignment_*: a variable of each vector type stands where its size divides. */
static void alignment(const char *space)
{
	for (unsigned int t = 0; t < cts_type_count(); t++) {
		const bool is_private = !strcmp(space, "private"),
			   is_local = !strcmp(space, "local");
		char *source = NULL, *body = NULL, *heads = NULL;
		uint32_t got[12], want[12] = {0};
		cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL), memory;
		cl_kernel kernel;

		if (cts.is_quick && t != 6)
			continue;
		for (unsigned int w = 0; w < 6; w++) {
			const char *vector = cts_vector(&cts_types[t], cts_widths[w]);

			/* What has one byte stands between. */
			if (is_private || is_local)
				cts_append(&body,
					   " %s char c%u; %s %s v%u[2]; c%u = 1; v%u[0] = (%s)(0);"
					   " v%u[1] = (%s)(0);",
					   is_local ? "local" : "", w, is_local ? "local" : "",
					   vector, w, w, w, vector, w, vector);
			else if (strcmp(space, "constant"))
				cts_append(&body, " global %s *v%u = (global %s *)in;", vector, w,
					   vector);
			else
				cts_append(&heads,
					   "constant char c%u = 1; constant %s v%u[2] = {0};", w,
					   vector, w);
			for (unsigned int i = 0; i < 2; i++)
				cts_append(&body, " to[%u] = (uint)((uintptr_t)&v%u[%u] %% %u);",
					   w * 2 + i, w, i,
					   (unsigned int)cts_types[t].size * SLOTS(cts_widths[w]));
			if (is_private || is_local)
				cts_append(&body, " if (c%u != 1) to[%u] = 99;", w, w * 2);
		}
		cts_append(&source, "%skernel void k(global uint *to, global char *in) {%s }",
			   heads ? heads : "", body);
		kernel = cts_build(source, NULL);
		memory = cts_buffer(CL_MEM_READ_WRITE, 1024, NULL);
		cts_mems(kernel, 2, to, memory);
		cts_launch1(kernel, 1, 1);
		cts_read(to, sizeof(got), got);
		cts_same(got, want, sizeof(uint32_t), 12, cts_types[t].name);
	}
}

#define ALIGNMENT(space)                                                                           \
	CHECK(basic, kernel_memory_alignment_##space)                                              \
	{                                                                                          \
		alignment(#space);                                                                 \
	}

ALIGNMENT(private)
ALIGNMENT(local)
ALIGNMENT(global)
ALIGNMENT(constant)

/* progvar_*: variables of the program in global memory keep their values from launch to launch. */
static void program_variables(const char *declaration, int first)
{
	char *source = NULL;
	int got[2];
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);
	const bool is_in_function = !strncmp(declaration, "static", 6);
	cl_program program;
	cl_kernel kernel;

	cts_append(&source, "%s kernel void k(global int *to) {%s to[0] = v; v += 2; to[1] = v; }",
		   is_in_function ? "" : declaration, is_in_function ? declaration : "");
	program = cts_program_20(source);
	kernel = cts_kernel(program, "k");
	ARG(kernel, 0, to);
	for (int round = 0; round < 3; round++) {
		cts_launch1(kernel, 1, 1);
		cts_read(to, sizeof(got), got);
		EXPECT(got[0] == first + 2 * round && got[1] == got[0] + 2, "round %d: %d, %d",
		       round, got[0], got[1]);
	}
}

CHECK(basic, progvar_prog_scope_uninit)
{
	program_variables("global int v;", 0);
}

CHECK(basic, progvar_prog_scope_init)
{
	program_variables("global int v = 5;", 5);
}

CHECK(basic, progvar_func_scope)
{
	program_variables("static global int v = 7;", 7);
}

/* progvar_prog_scope_misc: what one launch leaves in a variable of the program the next one finds,
 * whoever wrote it. */
CHECK(basic, progvar_prog_scope_misc)
{
	cl_program program =
	    cts_program_20("global int held[512];"
			   "kernel void k(global const int *from, global int *to, int gives) {"
			   " size_t i = get_global_id(0);"
			   " if (gives) to[i] = held[511 - i]; else held[i] = from[i]; }");
	cl_kernel kernel = cts_kernel(program, "k");
	int from[N], got[N], want[N];
	cl_mem in, to;

	cts_fill(from, sizeof(from));
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(from), from);
	to = cts_buffer(CL_MEM_READ_WRITE, sizeof(from), NULL);
	for (int i = 0; i < N; i++)
		want[i] = from[N - 1 - i];
	cts_mems(kernel, 2, in, to);
	for (int gives = 0; gives < 2; gives++) {
		ARG(kernel, 2, gives);
		cts_launch1(kernel, N, 64);
	}
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "ints");
}
