/* SPDX-License-Identifier: MIT */
/*
 * Programs. A program is built on its context's home at once, and on another member when a kernel
 * of it is first needed there: from what the program was made of, which is kept.
 */
#ifndef MVGAL_OPENCL_PROGRAM_H
#define MVGAL_OPENCL_PROGRAM_H

#include "context.h"

enum program_origin {
	PROGRAM_SOURCE,
	PROGRAM_IL,
	PROGRAM_BINARY,
	PROGRAM_LINKED,
};

/* What clSetProgramSpecializationConstant set. */
struct constant {
	cl_uint id;
	size_t size;
	struct constant *next;
	unsigned char value[];
};

struct program {
	struct object object;
	struct context *context;
	enum program_origin origin;
	char *source;	      /* with an end; NULL unless it was made of source */
	unsigned char *bytes; /* intermediate language, or what clGetProgramInfo gave as a binary */
	size_t size;
	char *options;	    /* of the last build, compilation or link; NULL before */
	size_t own_options; /* how many bytes of them are the program's */
	bool is_built, is_compiled;
	double build_seconds;	 /* of the last build, where it was waited for */
	struct program **inputs; /* headers, or programs that were linked; held */
	char **input_names;	 /* of headers */
	cl_uint input_count;
	struct constant *constants;
	_Atomic unsigned int kernels; /* while there are any it is not built again */
	cl_program inner[POOL_MEMBERS];
	bool is_ready[POOL_MEMBERS]; /* what was done at home was done there too */
	struct split_program *split; /* NULL: not looked at yet */
};
_Static_assert(sizeof(struct program) <= OBJECT_SLOT, "a program fits a slot");

static inline bool is_program(cl_program handle)
{
	return object_is(handle, OBJECT_PROGRAM);
}

/* Built as it is at home. With the lock of a spread context. */
cl_program program_on(struct program *program, unsigned int member, cl_int *status);

/* What program.c and program_build.c have of each other. */
cl_program program_home(const struct program *program);
bool program_takes_il(void);
struct program *program_new(struct context *context, enum program_origin origin,
			    cl_int *errcode_ret);
cl_program program_keep(struct program *program, cl_int status, cl_int *errcode_ret);
void program_drop_inputs(struct program *program);
/* What stood for members other than the home is not any more. */
void program_changed(struct program *program);
cl_int program_compile_on(struct program *program, unsigned int member);
cl_program program_link_on(struct program *program, unsigned int member, cl_int *status);

/* Of SPIR-V on a member, which may take none. */
cl_program program_of_il(cl_context context, unsigned int member, const void *il, size_t size,
			 cl_int *status);

/* Binaries of several members in one. */
unsigned char *binary_pack(struct program *program, size_t *size, cl_int *status);
/* The part for a member; the whole of one that was not packed. NULL: none. */
const unsigned char *binary_for(const unsigned char *bytes, size_t size, unsigned int member,
				size_t *part);

cl_program CL_API_CALL pool_clCreateProgramWithSource(cl_context, cl_uint, const char **,
						      const size_t *, cl_int *);
cl_program CL_API_CALL pool_clCreateProgramWithIL(cl_context, const void *, size_t, cl_int *);
cl_program CL_API_CALL pool_clCreateProgramWithBinary(cl_context, cl_uint, const cl_device_id *,
						      const size_t *, const unsigned char **,
						      cl_int *, cl_int *);
cl_program CL_API_CALL pool_clCreateProgramWithBuiltInKernels(cl_context, cl_uint,
							      const cl_device_id *, const char *,
							      cl_int *);
cl_int CL_API_CALL pool_clRetainProgram(cl_program);
cl_int CL_API_CALL pool_clReleaseProgram(cl_program);
cl_int CL_API_CALL pool_clBuildProgram(cl_program, cl_uint, const cl_device_id *, const char *,
				       void(CL_CALLBACK *)(cl_program, void *), void *);
cl_int CL_API_CALL pool_clCompileProgram(cl_program, cl_uint, const cl_device_id *, const char *,
					 cl_uint, const cl_program *, const char **,
					 void(CL_CALLBACK *)(cl_program, void *), void *);
cl_program CL_API_CALL pool_clLinkProgram(cl_context, cl_uint, const cl_device_id *, const char *,
					  cl_uint, const cl_program *,
					  void(CL_CALLBACK *)(cl_program, void *), void *,
					  cl_int *);
cl_int CL_API_CALL pool_clUnloadPlatformCompiler(cl_platform_id);
cl_int CL_API_CALL pool_clUnloadCompiler(void);
cl_int CL_API_CALL pool_clSetProgramSpecializationConstant(cl_program, cl_uint, size_t,
							   const void *);
cl_int CL_API_CALL pool_clSetProgramReleaseCallback(cl_program,
						    void(CL_CALLBACK *)(cl_program, void *),
						    void *);
cl_int CL_API_CALL pool_clGetProgramInfo(cl_program, cl_program_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clGetProgramBuildInfo(cl_program, cl_device_id, cl_program_build_info,
					      size_t, void *, size_t *);

#endif
