/* SPDX-License-Identifier: MIT */
/*
 * Cases come on stdin, in lines:
 *
 *     case NAME
 *     options TEXT                build options
 *     global X Y Z, local X Y Z, offset X Y Z
 *     buffer BYTES SEED           an argument: bytes made of the seed
 *     again ARGUMENT              the memory of another argument
 *     image WIDTH HEIGHT          an argument: RGBA of floats, zeros
 *     int NUMBER, float NUMBER, long NUMBER
 *     local_memory BYTES
 *     parts N
 *     without MASK                rules left out
 *     spirv FILE                  judge this module, not the source; parts are of it too, made
 *                                 bitcode by the command in LLVM_SPIRV
 *     source LENGTH               then the text; the case is run
 */
#ifndef MVGAL_TESTS_OPENCL_SPLIT_CASE_H
#define MVGAL_TESTS_OPENCL_SPLIT_CASE_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis.h"

#define CASE_ARGS 16

enum kind { BUFFER, IMAGE, VALUE, LOCAL };

struct argument {
	enum kind kind;
	size_t size;
	/* Of images. */
	size_t width, height;
	int alias; /* whose memory, or -1 */
	unsigned char value[16];
	unsigned char *initial, *whole, *gathered, *mirror;
	cl_mem memory;
};

struct test_case {
	char name[64], options[256], spirv[256];
	struct analysis_launch launch;
	struct analysis_arg facts[CASE_ARGS];
	struct argument args[CASE_ARGS];
	int count, parts;
	char *source;
	size_t length;
};

/* Reads the next one; false: there is none. */
bool case_read(struct test_case *of);
void case_free(struct test_case *of);

#endif
