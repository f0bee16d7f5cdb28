/* SPDX-License-Identifier: MIT */
/* api: what is told of kernels and their arguments. */
#include "ask.h"

struct told {
	const char *type, *name;
	cl_kernel_arg_address_qualifier address;
	cl_kernel_arg_access_qualifier access;
	cl_kernel_arg_type_qualifier qualifier;
};

/* What programs built with -cl-kernel-arg-info say of each argument. */
static void arguments(void)
{
	static const char source[] =
	    "typedef struct { int a; } thing;\n"
	    "kernel void many(global const float4 *restrict a, local int *b, constant uchar *c,"
	    " int d, const float2 e, read_only image2d_t f, write_only image2d_t g, sampler_t h,"
	    " global volatile uint *i, global thing *j) {}\n";
	static const struct told want[] = {
	    {"float4*", "a", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_NONE,
	     CL_KERNEL_ARG_TYPE_CONST | CL_KERNEL_ARG_TYPE_RESTRICT},
	    {"int*", "b", CL_KERNEL_ARG_ADDRESS_LOCAL, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"uchar*", "c", CL_KERNEL_ARG_ADDRESS_CONSTANT, CL_KERNEL_ARG_ACCESS_NONE,
	     CL_KERNEL_ARG_TYPE_CONST},
	    {"int", "d", CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"float2", "e", CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"image2d_t", "f", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_READ_ONLY, 0},
	    {"image2d_t", "g", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_WRITE_ONLY, 0},
	    {"sampler_t", "h", CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"uint*", "i", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_NONE,
	     CL_KERNEL_ARG_TYPE_VOLATILE},
	    {"thing*", "j", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_NONE, 0},
	};
	cl_kernel kernel = cts_kernel(cts_program(source, "-cl-kernel-arg-info"), "many");

	for (cl_uint i = 0; i < COUNT(want); i++) {
		cl_kernel_arg_address_qualifier address;
		cl_kernel_arg_access_qualifier access;
		cl_kernel_arg_type_qualifier qualifier;
		char type[32], name[32];

		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof(address),
				      &address, NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_ACCESS_QUALIFIER, sizeof(access),
				      &access, NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof(qualifier),
				      &qualifier, NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_TYPE_NAME, sizeof(type), type,
				      NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL));
		EXPECT(!strcmp(type, want[i].type) && !strcmp(name, want[i].name),
		       "argument %u is '%s' '%s'", i, type, name);
		EXPECT(address == want[i].address && access == want[i].access &&
			   qualifier == want[i].qualifier,
		       "argument %u: address %#x, access %#x, qualifiers %#llx", i, address, access,
		       (unsigned long long)qualifier);
	}
	REFUSED(clGetKernelArgInfo(kernel, COUNT(want), CL_KERNEL_ARG_NAME, 0, NULL, NULL),
		CL_INVALID_ARG_INDEX);
}

CHECK(api, get_kernel_arg_info)
{
	arguments();
}

/* As the one above, for a device of OpenCL C 1.2 too. */
CHECK(api, get_kernel_arg_info_compatibility)
{
	arguments();
}

CHECK(api, kernel_attributes)
{
	cl_kernel kernel =
	    cts_build("kernel __attribute__((reqd_work_group_size(16, 2, 1)))"
		      " __attribute__((vec_type_hint(float4))) void hint(global float *to) {}",
		      NULL);
	char text[256];
	size_t used;

	OK(clGetKernelInfo(kernel, CL_KERNEL_ATTRIBUTES, sizeof(text), text, &used));
	SAME(used, strlen(text) + 1);
	for (char *from = text, *to = text;; from++)
		if (*from != ' ' && !(*to++ = *from))
			break;
	EXPECT(strstr(text, "reqd_work_group_size(16,2,1)") && strstr(text, "vec_type_hint("),
	       "attributes: %s", text);
}

static cl_ulong group_info(const char *source, cl_kernel_work_group_info name)
{
	cl_kernel kernel = cts_build(source, NULL);
	cl_ulong value;

	OK(clGetKernelWorkGroupInfo(kernel, cts.device, name, sizeof(value), &value, NULL));
	return value;
}

CHECK(api, kernel_private_memory_size)
{
	group_info("kernel void big(global int *to) { int a[64];"
		   " for (int i = 0; i < 64; i++) a[i] = to[i] * i;"
		   " to[0] = a[to[1] & 63]; }",
		   CL_KERNEL_PRIVATE_MEM_SIZE);
}

CHECK(api, kernel_local_memory_size)
{
	const cl_ulong has = group_info("kernel void big(global int *to) { local int a[512];"
					" a[get_local_id(0)] = to[0];"
					" barrier(CLK_LOCAL_MEM_FENCE); to[get_local_id(0)] ="
					" a[511 - get_local_id(0)]; }",
					CL_KERNEL_LOCAL_MEM_SIZE);

	EXPECT(has >= 512 * sizeof(cl_int), "%llu bytes", (unsigned long long)has);
}
