/* SPDX-License-Identifier: MIT */
/*
 * PoCL as a vendor's library that takes SPIR-V: clCreateProgramWithIL() is put on its bitcode,
 * which llvm-spirv makes of the words. $POCL_LIBRARY is the library, $LLVM_SPIRV the command.
 */
#define _GNU_SOURCE
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl_icd.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAMS 256
#define BYTES_MOST ((size_t)4 << 20)

static struct {
	pthread_mutex_t lock;
	cl_icd_dispatch own;
	void *(*find)(const char *name);
	cl_program programs[PROGRAMS];
	unsigned int count;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *fail(cl_int *status, cl_int code)
{
	if (status)
		*status = code;
	return NULL;
}

/* The bitcode of a module; NULL where it is none. */
static unsigned char *translated(const void *il, size_t *length)
{
	char words[] = "/tmp/mvgal-il-XXXXXX", bitcode[64], command[256];
	unsigned char *bytes = malloc(BYTES_MOST);
	int file = mkstemp(words);
	FILE *result = NULL;

	snprintf(bitcode, sizeof(bitcode), "%s.bc", words);
	snprintf(command, sizeof(command), "%s -r %s -o %s", getenv("LLVM_SPIRV"), words, bitcode);
	if (file >= 0 && write(file, il, *length) == (ssize_t)*length && !system(command))
		result = fopen(bitcode, "rb");
	if (result) {
		*length = fread(bytes, 1, BYTES_MOST, result);
		fclose(result);
	}
	close(file);
	unlink(words);
	unlink(bitcode);
	if (result)
		return bytes;
	free(bytes);
	return NULL;
}

static cl_program CL_API_CALL create_of_il(cl_context context, const void *il, size_t length,
					   cl_int *status)
{
	cl_device_id devices[8];
	size_t size = 0, lengths[8];
	const unsigned char *binaries[8];
	unsigned char *bytes;
	cl_program program;
	cl_uint count;

	if (fake.own.clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof(devices), devices, &size))
		return fail(status, CL_INVALID_CONTEXT);
	bytes = translated(il, &length);
	if (!bytes)
		return fail(status, CL_INVALID_VALUE);
	count = (cl_uint)(size / sizeof(*devices));
	for (cl_uint i = 0; i < count; i++) {
		lengths[i] = length;
		binaries[i] = bytes;
	}
	program = fake.own.clCreateProgramWithBinary(context, count, devices, lengths, binaries,
						     NULL, status);
	free(bytes);
	pthread_mutex_lock(&fake.lock);
	if (program && fake.count < PROGRAMS)
		fake.programs[fake.count++] = program;
	pthread_mutex_unlock(&fake.lock);
	return program;
}

/* Bitcode is said to be that. */
static cl_int CL_API_CALL build(cl_program program, cl_uint count, const cl_device_id *devices,
				const char *options, void(CL_CALLBACK *call)(cl_program, void *),
				void *data)
{
	pthread_mutex_lock(&fake.lock);
	for (unsigned int i = 0; i < fake.count; i++)
		if (fake.programs[i] == program)
			options = "-x spir -spir-std=1.2";
	pthread_mutex_unlock(&fake.lock);
	return fake.own.clBuildProgram(program, count, devices, options, call, data);
}

static cl_int CL_API_CALL release(cl_program program)
{
	cl_uint references = 0;

	fake.own.clGetProgramInfo(program, CL_PROGRAM_REFERENCE_COUNT, sizeof(references),
				  &references, NULL);
	pthread_mutex_lock(&fake.lock);
	for (unsigned int i = 0; i < fake.count && references == 1; i++)
		if (fake.programs[i] == program)
			fake.programs[i] = NULL;
	pthread_mutex_unlock(&fake.lock);
	return fake.own.clReleaseProgram(program);
}

static cl_int CL_API_CALL device_info(cl_device_id device, cl_device_info name, size_t size,
				      void *value, size_t *size_ret)
{
	static const char IL[] = "SPIR-V_1.0 SPIR-V_1.1 SPIR-V_1.2";

	if (name != CL_DEVICE_IL_VERSION)
		return fake.own.clGetDeviceInfo(device, name, size, value, size_ret);
	if (size_ret)
		*size_ret = sizeof(IL);
	if (value && size < sizeof(IL))
		return CL_INVALID_VALUE;
	if (value)
		memcpy(value, IL, sizeof(IL));
	return CL_SUCCESS;
}

/* PoCL's objects have one table, which is not to be written. */
static void patch(cl_icd_dispatch *table)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *from = (char *)((uintptr_t)table & ~(page - 1));

	if (table->clGetDeviceInfo == device_info)
		return;
	fake.own = *table;
	if (mprotect(from, (size_t)((char *)(table + 1) - from), PROT_READ | PROT_WRITE))
		abort();
	table->clCreateProgramWithIL = create_of_il;
	table->clBuildProgram = build;
	table->clReleaseProgram = release;
	table->clGetDeviceInfo = device_info;
}

static cl_int CL_API_CALL platforms(cl_uint count, cl_platform_id *list, cl_uint *count_ret)
{
	cl_int(CL_API_CALL * own)(cl_uint, cl_platform_id *, cl_uint *);
	cl_int status;

	*(void **)&own = fake.find("clIcdGetPlatformIDsKHR");
	status = own(count, list, count_ret);
	if (status == CL_SUCCESS && list && count)
		patch(*(cl_icd_dispatch **)list[0]);
	return status;
}

__attribute__((visibility("default"))) void *CL_API_CALL
clGetExtensionFunctionAddress(const char *name)
{
	pthread_mutex_lock(&fake.lock);
	if (!fake.find) {
		void *library = dlopen(getenv("POCL_LIBRARY"), RTLD_NOW | RTLD_LOCAL);

		if (!library)
			abort();
		*(void **)&fake.find = dlsym(library, "clGetExtensionFunctionAddress");
	}
	pthread_mutex_unlock(&fake.lock);
	return strcmp(name, "clIcdGetPlatformIDsKHR") ? fake.find(name) : (void *)platforms;
}

__attribute__((visibility("default"))) cl_int CL_API_CALL
clIcdGetPlatformIDsKHR(cl_uint count, cl_platform_id *list, cl_uint *count_ret)
{
	cl_int(CL_API_CALL * own)(cl_uint, cl_platform_id *, cl_uint *);

	*(void **)&own = clGetExtensionFunctionAddress("clIcdGetPlatformIDsKHR");
	return own(count, list, count_ret);
}

__attribute__((visibility("default"))) cl_int CL_API_CALL clGetPlatformInfo(
    cl_platform_id platform, cl_platform_info name, size_t size, void *value, size_t *size_ret)
{
	return fake.own.clGetPlatformInfo(platform, name, size, value, size_ret);
}
