/* SPDX-License-Identifier: MIT */
#include "pool_params.h"

#include <stdint.h>
#include <string.h>

#include "pool_table.h"
#include "real.h"

/* Of `extra`: what ends it, and what its buffer and that buffer's size follow. */
#define EXTRA_END ((void *)0)
#define EXTRA_BUFFER ((void *)1)
#define EXTRA_SIZE ((void *)2)

/* Parameters have 32 KiB at most. */
#define MOST_BYTES 32768

static int scan(const void *bytes, size_t size, CUdeviceptr pointers[PARAMS_POINTERS], int count)
{
	for (size_t at = 0; at + sizeof(CUdeviceptr) <= size && count < PARAMS_POINTERS;
	     at += sizeof(CUdeviceptr)) {
		CUdeviceptr word;
		int i = 0;

		memcpy(&word, (const char *)bytes + at, sizeof(word));
		if (!table_may_hold(word))
			continue;
		while (i < count && pointers[i] != word)
			i++;
		pointers[i] = word;
		count += i == count;
	}
	return count;
}

static int scan_buffer(void **extra, CUdeviceptr pointers[PARAMS_POINTERS])
{
	const void *buffer = NULL;
	size_t size = 0;

	for (int i = 0; i < 8 && extra[i] != EXTRA_END; i += 2) {
		if (extra[i] == EXTRA_BUFFER)
			buffer = extra[i + 1];
		else if (extra[i] == EXTRA_SIZE)
			size = *(const size_t *)extra[i + 1];
	}
	return buffer ? scan(buffer, size < MOST_BYTES ? size : MOST_BYTES, pointers, 0) : 0;
}

int params_pointers(CUfunction function, void **parameters, void **extra,
		    CUdeviceptr pointers[PARAMS_POINTERS])
{
	const struct cuda_real *real = cuda_real();
	size_t offset, size;
	int count = 0;

	if (!parameters)
		return extra ? scan_buffer(extra, pointers) : 0;
	if (!real->cuFuncGetParamInfo)
		return 0;
	for (size_t i = 0; i < MOST_BYTES && count < PARAMS_POINTERS; i++) {
		if (real->cuFuncGetParamInfo(function, i, &offset, &size) != CUDA_SUCCESS &&
		    (!real->cuKernelGetParamInfo ||
		     real->cuKernelGetParamInfo(function, i, &offset, &size) != CUDA_SUCCESS))
			break;
		if (size >= sizeof(CUdeviceptr) && parameters[i])
			count = scan(parameters[i], size, pointers, count);
	}
	return count;
}
