/* SPDX-License-Identifier: MIT */
/* OpenCL's headers, with all that a dispatch table names. */
#ifndef MVGAL_OPENCL_OPENCL_H
#define MVGAL_OPENCL_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_0_APIS
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#define CL_USE_DEPRECATED_OPENCL_2_0_APIS
#define CL_USE_DEPRECATED_OPENCL_2_1_APIS
#define CL_USE_DEPRECATED_OPENCL_2_2_APIS

#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <CL/cl_gl.h>
#include <CL/cl_icd.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The functions of a vendor's object: its first word. */
static inline const cl_icd_dispatch *of(const void *inner)
{
	return *(const cl_icd_dispatch *const *)inner;
}

static inline cl_int status_to(cl_int *errcode_ret, cl_int status)
{
	if (errcode_ret)
		*errcode_ret = status;
	return status;
}

/* Answers a clGet*Info. */
cl_int answer(const void *data, size_t size, size_t room, void *out, size_t *used);
cl_int answer_text(const char *text, size_t room, void *out, size_t *used);

#define ANSWER(type, value)                                                                        \
	do {                                                                                       \
		const type answered = (value);                                                     \
		return answer(&answered, sizeof(answered), room, out, used);                       \
	} while (0)

#endif
