/*
 * Memory that another interface has exported, as CUDA's driver API (cuda.h, 10.0 and later) and HIP
 * (hip_runtime_api.h, under names of its own) are told of it.
 */
#ifndef MVGAL_EXTERNAL_MEMORY_ABI_H
#define MVGAL_EXTERNAL_MEMORY_ABI_H

typedef struct {
	unsigned int type;
	union {
		int fd;
		struct {
			void *handle;
			const void *name;
		} win32;
		const void *nvSciBufObject;
	} handle;
	unsigned long long size;
	unsigned int flags;
	unsigned int reserved[16];
} CUDA_EXTERNAL_MEMORY_HANDLE_DESC;

typedef struct {
	unsigned long long offset;
	unsigned long long size;
	unsigned int flags;
	unsigned int reserved[16];
} CUDA_EXTERNAL_MEMORY_BUFFER_DESC;

#endif
