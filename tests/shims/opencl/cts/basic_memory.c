/* SPDX-License-Identifier: MIT */
/* basic: what is read, written and mapped of buffers that kernels use. */
#include "cts.h"

#define N 4096

/* hostptr: a kernel adds two arrays that lie in the program's own memory; what it gives is seen by
 * a map. */
CHECK(basic, hostptr)
{
	cl_kernel add = cts_build("kernel void add(global const int *a, global const int *b,"
				  " global int *to) {"
				  " size_t i = get_global_id(0); to[i] = a[i] + b[i]; }",
				  NULL);
	int *a = cts_host(N * sizeof(int)), *b = cts_host(N * sizeof(int));
	int *to = cts_host(N * sizeof(int)), *want = cts_host(N * sizeof(int)), *mapped;
	const size_t size = N * sizeof(int);
	cl_int status;
	cl_mem out;

	cts_fill(a, size);
	cts_fill(b, size);
	for (int i = 0; i < N; i++)
		want[i] = (int)((unsigned int)a[i] + (unsigned int)b[i]);
	out = cts_buffer(CL_MEM_USE_HOST_PTR | CL_MEM_WRITE_ONLY, size, to);
	cts_mems(add, 3, cts_buffer(CL_MEM_USE_HOST_PTR | CL_MEM_READ_ONLY, size, a),
		 cts_buffer(CL_MEM_USE_HOST_PTR | CL_MEM_READ_ONLY, size, b), out);
	cts_launch1(add, N, 0);
	mapped = clEnqueueMapBuffer(cts.queue, out, CL_TRUE, CL_MAP_READ, 0, size, 0, NULL, NULL,
				    &status);
	OK(status);
	EXPECT(mapped == to, "mapped elsewhere than the memory that the buffer uses");
	cts_same(mapped, want, sizeof(int), N, "sums");
	OK(clEnqueueUnmapMemObject(cts.queue, out, mapped, 0, NULL, NULL));
	OK(clFinish(cts.queue));
}
