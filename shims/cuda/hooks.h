/* SPDX-License-Identifier: MIT */
/*
 * The functions that the shim stands before: the one table of them.
 *
 * A row is X(result, name, (parameters), (arguments)). The name is the one that the driver exports,
 * with the suffix of its ABI version: what has another version is another function, and passes by
 * untouched until it has a row. Names that end in _ptsz use the default stream of the thread in
 * place of the context's.
 *
 * From it come the exported functions, what dlsym and cuGetProcAddress give in place of the
 * driver's, and the pointers to the real ones; a test holds exports.map against it.
 */
#ifndef MVGAL_CUDA_HOOKS_H
#define MVGAL_CUDA_HOOKS_H

#include "abi.h"
#include "copies.h"
#include "work.h"

/* How functions are found. */
#define MVGAL_RESOLVER_HOOKS(X)                                                                    \
	X(CUresult, cuGetProcAddress,                                                              \
	  (const char *symbol, void **found, int version, cuuint64_t flags),                       \
	  (symbol, found, version, flags))                                                         \
	X(CUresult, cuGetProcAddress_v2,                                                           \
	  (const char *symbol, void **found, int version, cuuint64_t flags, int *status),          \
	  (symbol, found, version, flags, status))

/* Memory: what is allocated and given back, and how much there is said to be. */
#define MVGAL_MEMORY_HOOKS(X)                                                                      \
	X(CUresult, cuDeviceTotalMem_v2, (size_t * bytes, CUdevice device), (bytes, device))       \
	X(CUresult, cuMemGetInfo_v2, (size_t * unused, size_t * total), (unused, total))           \
	X(CUresult, cuMemAlloc_v2, (CUdeviceptr * pointer, size_t bytes), (pointer, bytes))        \
	X(CUresult, cuMemAllocPitch_v2,                                                            \
	  (CUdeviceptr * pointer, size_t * pitch, size_t width, size_t height,                     \
	   unsigned int element),                                                                  \
	  (pointer, pitch, width, height, element))                                                \
	X(CUresult, cuMemAllocManaged, (CUdeviceptr * pointer, size_t bytes, unsigned int flags),  \
	  (pointer, bytes, flags))                                                                 \
	X(CUresult, cuMemFree_v2, (CUdeviceptr pointer), (pointer))                                \
	X(CUresult, cuArrayCreate_v2, (CUarray * array, const CUDA_ARRAY_DESCRIPTOR *shape),       \
	  (array, shape))                                                                          \
	X(CUresult, cuArray3DCreate_v2, (CUarray * array, const CUDA_ARRAY3D_DESCRIPTOR *shape),   \
	  (array, shape))                                                                          \
	X(CUresult, cuArrayDestroy, (CUarray array), (array))                                      \
	X(CUresult, cuMipmappedArrayCreate,                                                        \
	  (CUmipmappedArray * array, const CUDA_ARRAY3D_DESCRIPTOR *shape, unsigned int levels),   \
	  (array, shape, levels))                                                                  \
	X(CUresult, cuMipmappedArrayDestroy, (CUmipmappedArray array), (array))                    \
	X(CUresult, cuMemAllocAsync, (CUdeviceptr * pointer, size_t bytes, CUstream stream),       \
	  (pointer, bytes, stream))                                                                \
	X(CUresult, cuMemAllocAsync_ptsz, (CUdeviceptr * pointer, size_t bytes, CUstream stream),  \
	  (pointer, bytes, stream))                                                                \
	X(CUresult, cuMemAllocFromPoolAsync,                                                       \
	  (CUdeviceptr * pointer, size_t bytes, CUmemoryPool pool, CUstream stream),               \
	  (pointer, bytes, pool, stream))                                                          \
	X(CUresult, cuMemAllocFromPoolAsync_ptsz,                                                  \
	  (CUdeviceptr * pointer, size_t bytes, CUmemoryPool pool, CUstream stream),               \
	  (pointer, bytes, pool, stream))                                                          \
	X(CUresult, cuMemFreeAsync, (CUdeviceptr pointer, CUstream stream), (pointer, stream))     \
	X(CUresult, cuMemFreeAsync_ptsz, (CUdeviceptr pointer, CUstream stream),                   \
	  (pointer, stream))                                                                       \
	X(CUresult, cuMemPoolCreate, (CUmemoryPool * pool, const CUmemPoolProps *props),           \
	  (pool, props))                                                                           \
	X(CUresult, cuMemPoolDestroy, (CUmemoryPool pool), (pool))                                 \
	X(CUresult, cuMemPoolTrimTo, (CUmemoryPool pool, size_t keep), (pool, keep))               \
	X(CUresult, cuMemCreate,                                                                   \
	  (CUmemGenericAllocationHandle * handle, size_t bytes, const CUmemAllocationProp *props,  \
	   unsigned long long flags),                                                              \
	  (handle, bytes, props, flags))                                                           \
	X(CUresult, cuMemRelease, (CUmemGenericAllocationHandle handle), (handle))                 \
	X(CUresult, cuMemMap,                                                                      \
	  (CUdeviceptr pointer, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,  \
	   unsigned long long flags),                                                              \
	  (pointer, bytes, offset, handle, flags))                                                 \
	X(CUresult, cuMemUnmap, (CUdeviceptr pointer, size_t bytes), (pointer, bytes))             \
	X(CUresult, cuMemRetainAllocationHandle,                                                   \
	  (CUmemGenericAllocationHandle * handle, void *address), (handle, address))               \
	X(CUresult, cuMemImportFromShareableHandle,                                                \
	  (CUmemGenericAllocationHandle * handle, void *shared, int type), (handle, shared, type)) \
	X(CUresult, cuCtxDestroy_v2, (CUcontext context), (context))                               \
	X(CUresult, cuDevicePrimaryCtxRelease_v2, (CUdevice device), (device))                     \
	X(CUresult, cuDevicePrimaryCtxReset_v2, (CUdevice device), (device))

/* Where pooled memory must be known for what it is. */
#define MVGAL_POOL_HOOKS(X)                                                                        \
	X(CUresult, cuIpcGetMemHandle, (CUipcMemHandle * handle, CUdeviceptr pointer),             \
	  (handle, pointer))                                                                       \
	X(CUresult, cuMemGetAddressRange_v2,                                                       \
	  (CUdeviceptr * base, size_t * bytes, CUdeviceptr pointer), (base, bytes, pointer))       \
	X(CUresult, cuPointerGetAttribute, (void *value, int attribute, CUdeviceptr pointer),      \
	  (value, attribute, pointer))                                                             \
	X(CUresult, cuPointerGetAttributes,                                                        \
	  (unsigned int count, int *attributes, void **values, CUdeviceptr pointer),               \
	  (count, attributes, values, pointer))                                                    \
	X(CUresult, cuMemGetAllocationPropertiesFromHandle,                                        \
	  (CUmemAllocationProp * props, CUmemGenericAllocationHandle handle), (props, handle))     \
	X(CUresult, cuInit, (unsigned int flags), (flags))                                         \
	MVGAL_COPY_HOOKS(X)                                                                        \
	MVGAL_WORK_HOOKS(X)

/* What makes a GPU work. */
#define MVGAL_LAUNCH_PARAMETERS                                                                    \
	(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,       \
	 unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,    \
	 CUstream stream, void **parameters, void **extra)
#define MVGAL_LAUNCH_ARGUMENTS                                                                     \
	(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters,  \
	 extra)
#define MVGAL_COOPERATIVE_PARAMETERS                                                               \
	(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,       \
	 unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,    \
	 CUstream stream, void **parameters)
#define MVGAL_COOPERATIVE_ARGUMENTS                                                                \
	(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters)

#define MVGAL_LAUNCH_HOOKS(X)                                                                      \
	X(CUresult, cuLaunchKernel, MVGAL_LAUNCH_PARAMETERS, MVGAL_LAUNCH_ARGUMENTS)               \
	X(CUresult, cuLaunchKernel_ptsz, MVGAL_LAUNCH_PARAMETERS, MVGAL_LAUNCH_ARGUMENTS)          \
	X(CUresult, cuLaunchKernelEx,                                                              \
	  (const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra),    \
	  (config, function, parameters, extra))                                                   \
	X(CUresult, cuLaunchKernelEx_ptsz,                                                         \
	  (const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra),    \
	  (config, function, parameters, extra))                                                   \
	X(CUresult, cuLaunchCooperativeKernel, MVGAL_COOPERATIVE_PARAMETERS,                       \
	  MVGAL_COOPERATIVE_ARGUMENTS)                                                             \
	X(CUresult, cuLaunchCooperativeKernel_ptsz, MVGAL_COOPERATIVE_PARAMETERS,                  \
	  MVGAL_COOPERATIVE_ARGUMENTS)                                                             \
	X(CUresult, cuLaunchCooperativeKernelMultiDevice,                                          \
	  (CUlaunchParams * launches, unsigned int count, unsigned int flags),                     \
	  (launches, count, flags))                                                                \
	X(CUresult, cuLaunch, (CUfunction function), (function))                                   \
	X(CUresult, cuLaunchGrid, (CUfunction function, int width, int height),                    \
	  (function, width, height))                                                               \
	X(CUresult, cuLaunchGridAsync,                                                             \
	  (CUfunction function, int width, int height, CUstream stream),                           \
	  (function, width, height, stream))                                                       \
	X(CUresult, cuGraphLaunch, (CUgraphExec graph, CUstream stream), (graph, stream))          \
	X(CUresult, cuGraphLaunch_ptsz, (CUgraphExec graph, CUstream stream), (graph, stream))     \
	X(CUresult, cuStreamDestroy_v2, (CUstream stream), (stream))

/* Functions of the driver that are hooked. */
#define MVGAL_CUDA_HOOKS(X)                                                                        \
	MVGAL_RESOLVER_HOOKS(X)                                                                    \
	MVGAL_MEMORY_HOOKS(X)                                                                      \
	MVGAL_POOL_HOOKS(X)                                                                        \
	MVGAL_LAUNCH_HOOKS(X)

/* Functions of NVML that are hooked. */
#define MVGAL_NVML_HOOKS(X)                                                                        \
	X(nvmlReturn_t, nvmlDeviceGetMemoryInfo, (nvmlDevice_t device, nvmlMemory_t * memory),     \
	  (device, memory))                                                                        \
	X(nvmlReturn_t, nvmlDeviceGetMemoryInfo_v2,                                                \
	  (nvmlDevice_t device, nvmlMemory_v2_t * memory), (device, memory))

/* Functions of the driver that the shim calls, and does not stand before. */
#define MVGAL_CUDA_USED(X)                                                                         \
	X(CUresult, cuDriverGetVersion, (int *version), (version))                                 \
	X(CUresult, cuDeviceGet, (CUdevice * device, int ordinal), (device, ordinal))              \
	X(CUresult, cuDeviceGetCount, (int *count), (count))                                       \
	X(CUresult, cuDeviceGetUuid_v2, (CUuuid * uuid, CUdevice device), (uuid, device))          \
	X(CUresult, cuDeviceGetUuid, (CUuuid * uuid, CUdevice device), (uuid, device))             \
	X(CUresult, cuDeviceGetPCIBusId, (char *text, int length, CUdevice device),                \
	  (text, length, device))                                                                  \
	X(CUresult, cuDeviceGetAttribute, (int *value, int attribute, CUdevice device),            \
	  (value, attribute, device))                                                              \
	X(CUresult, cuDeviceCanAccessPeer, (int *can, CUdevice from, CUdevice to),                 \
	  (can, from, to))                                                                         \
	X(CUresult, cuDeviceGetDefaultMemPool, (CUmemoryPool * pool, CUdevice device),             \
	  (pool, device))                                                                          \
	X(CUresult, cuDeviceGetMemPool, (CUmemoryPool * pool, CUdevice device), (pool, device))    \
	X(CUresult, cuDevicePrimaryCtxGetState,                                                    \
	  (CUdevice device, unsigned int *flags, int *active), (device, flags, active))            \
	X(CUresult, cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device),              \
	  (context, device))                                                                       \
	X(CUresult, cuCtxGetCurrent, (CUcontext * context), (context))                             \
	X(CUresult, cuCtxGetDevice, (CUdevice * device), (device))                                 \
	X(CUresult, cuCtxPushCurrent_v2, (CUcontext context), (context))                           \
	X(CUresult, cuCtxPopCurrent_v2, (CUcontext * context), (context))                          \
	X(CUresult, cuCtxSynchronize, (void), ())                                                  \
	X(CUresult, cuStreamGetCtx, (CUstream stream, CUcontext * context), (stream, context))     \
	X(CUresult, cuStreamIsCapturing, (CUstream stream, int *status), (stream, status))         \
	X(CUresult, cuStreamIsCapturing_ptsz, (CUstream stream, int *status), (stream, status))    \
	X(CUresult, cuThreadExchangeStreamCaptureMode, (int *mode), (mode))                        \
	X(CUresult, cuStreamQuery, (CUstream stream), (stream))                                    \
	X(CUresult, cuStreamSynchronize, (CUstream stream), (stream))                              \
	X(CUresult, cuStreamSynchronize_ptsz, (CUstream stream), (stream))                         \
	X(CUresult, cuLaunchHostFunc, (CUstream stream, void (*call)(void *), void *data),         \
	  (stream, call, data))                                                                    \
	X(CUresult, cuLaunchHostFunc_ptsz, (CUstream stream, void (*call)(void *), void *data),    \
	  (stream, call, data))                                                                    \
	X(CUresult, cuEventCreate, (CUevent * event, unsigned int flags), (event, flags))          \
	X(CUresult, cuEventDestroy_v2, (CUevent event), (event))                                   \
	X(CUresult, cuEventRecord, (CUevent event, CUstream stream), (event, stream))              \
	X(CUresult, cuEventRecord_ptsz, (CUevent event, CUstream stream), (event, stream))         \
	X(CUresult, cuEventQuery, (CUevent event), (event))                                        \
	X(CUresult, cuEventSynchronize, (CUevent event), (event))                                  \
	X(CUresult, cuEventElapsedTime, (float *ms, CUevent from, CUevent to), (ms, from, to))     \
	X(CUresult, cuMemPoolGetAttribute, (CUmemoryPool pool, int attribute, void *value),        \
	  (pool, attribute, value))                                                                \
	X(CUresult, cuMemPoolSetAttribute, (CUmemoryPool pool, int attribute, void *value),        \
	  (pool, attribute, value))                                                                \
	X(CUresult, cuMemGetAllocationGranularity,                                                 \
	  (size_t * bytes, const CUmemAllocationProp *props, int option), (bytes, props, option))  \
	X(CUresult, cuFuncGetParamInfo,                                                            \
	  (CUfunction function, size_t index, size_t * offset, size_t * bytes),                    \
	  (function, index, offset, bytes))                                                        \
	X(CUresult, cuKernelGetParamInfo,                                                          \
	  (CUfunction function, size_t index, size_t * offset, size_t * bytes),                    \
	  (function, index, offset, bytes))                                                        \
	X(CUresult, cuMemExportToShareableHandle,                                                  \
	  (void *shared, CUmemGenericAllocationHandle handle, int type, unsigned long long flags), \
	  (shared, handle, type, flags))                                                           \
	X(CUresult, cuMemAddressReserve,                                                           \
	  (CUdeviceptr * pointer, size_t bytes, size_t alignment, CUdeviceptr wish,                \
	   unsigned long long flags),                                                              \
	  (pointer, bytes, alignment, wish, flags))                                                \
	X(CUresult, cuMemAddressFree, (CUdeviceptr pointer, size_t bytes), (pointer, bytes))       \
	X(CUresult, cuMemSetAccess,                                                                \
	  (CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc *access, size_t count),        \
	  (pointer, bytes, access, count))

/* Functions of NVML that the shim calls, and does not stand before. */
#define MVGAL_NVML_USED(X)                                                                         \
	X(nvmlReturn_t, nvmlInit_v2, (void), ())                                                   \
	X(nvmlReturn_t, nvmlDeviceGetHandleByPciBusId_v2,                                          \
	  (const char *text, nvmlDevice_t *device), (text, device))                                \
	X(nvmlReturn_t, nvmlDeviceGetPciInfo_v3, (nvmlDevice_t device, nvmlPciInfo_t * info),      \
	  (device, info))                                                                          \
	X(nvmlReturn_t, nvmlDeviceGetUUID, (nvmlDevice_t device, char *text, unsigned int length), \
	  (device, text, length))                                                                  \
	X(nvmlReturn_t, nvmlDeviceGetIndex, (nvmlDevice_t device, unsigned int *index),            \
	  (device, index))                                                                         \
	X(nvmlReturn_t, nvmlDeviceGetComputeRunningProcesses_v3,                                   \
	  (nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *processes),                \
	  (device, count, processes))

#endif
