/* SPDX-License-Identifier: MIT */
/*
 * Kernels. What each argument was set to is kept: so a kernel can be made on another member when
 * it first runs there.
 */
#ifndef MVGAL_OPENCL_KERNEL_H
#define MVGAL_OPENCL_KERNEL_H

#include "memory.h"
#include "program.h"
#include "sampler.h"

enum argument_kind {
	ARGUMENT_UNSET,
	ARGUMENT_VALUE,
	ARGUMENT_MEMORY, /* NULL, or an object that was alive when it was set */
	ARGUMENT_SAMPLER,
	ARGUMENT_LOCAL,
};

/* What the kernel declares, as far as the driver tells. */
enum argument_type {
	ARGUMENT_OF_ANY,
	ARGUMENT_OF_BUFFER,
	ARGUMENT_OF_IMAGE,
	ARGUMENT_OF_SAMPLER,
	ARGUMENT_OF_LOCAL,
	ARGUMENT_OF_VALUE,
};

struct argument {
	enum argument_kind kind;
	enum argument_type type;
	size_t size; /* bytes; of local memory too */
	union {
		void *object;
		unsigned char *bytes; /* of malloc where there is no room in `few` */
	};
	unsigned char few[16];
	size_t room;	     /* of `bytes` */
	uint64_t serial;     /* of the object: whether it is the same still */
	uint64_t generation; /* of the kernel's, when it was set */
};

struct kernel {
	struct object object;
	struct program *program;
	struct context *context;
	char *name;
	cl_uint argument_count;
	struct argument *arguments;
	uint64_t generation; /* counts what was set */
	cl_kernel inner[POOL_MEMBERS];
	uint64_t set[POOL_MEMBERS]; /* the generation that the member's kernel has */
	struct split_kernel *split; /* NULL: never launched where launches are split */
};
_Static_assert(sizeof(struct kernel) <= OBJECT_SLOT, "a kernel fits a slot");

static inline bool is_kernel(cl_kernel handle)
{
	return object_is(handle, OBJECT_KERNEL);
}

/* The bytes of a value. */
static inline const void *argument_bytes(const struct argument *argument)
{
	return argument->room ? argument->bytes : argument->few;
}

/* The memory object that an argument is; NULL: none, or it has gone since. */
struct memory *argument_memory(const struct argument *argument);

/* The member's kernel with its arguments set. With the lock of a spread context. */
cl_kernel kernel_on(struct kernel *kernel, unsigned int member, cl_int *status);

/* Sets what was set after a generation on a kernel of a member. */
cl_int kernel_set_on(const struct kernel *kernel, unsigned int member, cl_kernel inner,
		     uint64_t after);

cl_kernel CL_API_CALL pool_clCreateKernel(cl_program, const char *, cl_int *);
cl_int CL_API_CALL pool_clCreateKernelsInProgram(cl_program, cl_uint, cl_kernel *, cl_uint *);
cl_kernel CL_API_CALL pool_clCloneKernel(cl_kernel, cl_int *);
cl_int CL_API_CALL pool_clRetainKernel(cl_kernel);
cl_int CL_API_CALL pool_clReleaseKernel(cl_kernel);
cl_int CL_API_CALL pool_clSetKernelArg(cl_kernel, cl_uint, size_t, const void *);
cl_int CL_API_CALL pool_clGetKernelInfo(cl_kernel, cl_kernel_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clGetKernelArgInfo(cl_kernel, cl_uint, cl_kernel_arg_info, size_t, void *,
					   size_t *);
cl_int CL_API_CALL pool_clGetKernelWorkGroupInfo(cl_kernel, cl_device_id, cl_kernel_work_group_info,
						 size_t, void *, size_t *);
cl_int CL_API_CALL pool_clGetKernelSubGroupInfo(cl_kernel, cl_device_id, cl_kernel_sub_group_info,
						size_t, const void *, size_t, void *, size_t *);

#endif
