/* SPDX-License-Identifier: MIT */
/* Rows of the table (hooks.h): other copies and fills, of which the shim only has to know when. */
#ifndef MVGAL_CUDA_WORK_H
#define MVGAL_CUDA_WORK_H

#define MVGAL_WORK_HOOKS(X)                                                                        \
	X(CUresult, cuMemcpy2D_v2, (const CUDA_MEMCPY2D *copy), (copy))                            \
	X(CUresult, cuMemcpy2D_v2_ptds, (const CUDA_MEMCPY2D *copy), (copy))                       \
	X(CUresult, cuMemcpy2DUnaligned_v2, (const CUDA_MEMCPY2D *copy), (copy))                   \
	X(CUresult, cuMemcpy2DUnaligned_v2_ptds, (const CUDA_MEMCPY2D *copy), (copy))              \
	X(CUresult, cuMemcpy3D_v2, (const CUDA_MEMCPY3D *copy), (copy))                            \
	X(CUresult, cuMemcpy3D_v2_ptds, (const CUDA_MEMCPY3D *copy), (copy))                       \
	X(CUresult, cuMemcpy3DPeer, (const CUDA_MEMCPY3D_PEER *copy), (copy))                      \
	X(CUresult, cuMemcpy3DPeer_ptds, (const CUDA_MEMCPY3D_PEER *copy), (copy))                 \
	X(CUresult, cuMemcpy2DAsync_v2, (const CUDA_MEMCPY2D *copy, CUstream stream),              \
	  (copy, stream))                                                                          \
	X(CUresult, cuMemcpy2DAsync_v2_ptsz, (const CUDA_MEMCPY2D *copy, CUstream stream),         \
	  (copy, stream))                                                                          \
	X(CUresult, cuMemcpy3DAsync_v2, (const CUDA_MEMCPY3D *copy, CUstream stream),              \
	  (copy, stream))                                                                          \
	X(CUresult, cuMemcpy3DAsync_v2_ptsz, (const CUDA_MEMCPY3D *copy, CUstream stream),         \
	  (copy, stream))                                                                          \
	X(CUresult, cuMemcpy3DPeerAsync, (const CUDA_MEMCPY3D_PEER *copy, CUstream stream),        \
	  (copy, stream))                                                                          \
	X(CUresult, cuMemcpy3DPeerAsync_ptsz, (const CUDA_MEMCPY3D_PEER *copy, CUstream stream),   \
	  (copy, stream))                                                                          \
	X(CUresult, cuMemcpyPeer,                                                                  \
	  (CUdeviceptr target, CUcontext target_context, CUdeviceptr source,                       \
	   CUcontext source_context, size_t bytes),                                                \
	  (target, target_context, source, source_context, bytes))                                 \
	X(CUresult, cuMemcpyPeer_ptds,                                                             \
	  (CUdeviceptr target, CUcontext target_context, CUdeviceptr source,                       \
	   CUcontext source_context, size_t bytes),                                                \
	  (target, target_context, source, source_context, bytes))                                 \
	X(CUresult, cuMemcpyPeerAsync,                                                             \
	  (CUdeviceptr target, CUcontext target_context, CUdeviceptr source,                       \
	   CUcontext source_context, size_t bytes, CUstream stream),                               \
	  (target, target_context, source, source_context, bytes, stream))                         \
	X(CUresult, cuMemcpyPeerAsync_ptsz,                                                        \
	  (CUdeviceptr target, CUcontext target_context, CUdeviceptr source,                       \
	   CUcontext source_context, size_t bytes, CUstream stream),                               \
	  (target, target_context, source, source_context, bytes, stream))                         \
	X(CUresult, cuMemsetD2D8_v2,                                                               \
	  (CUdeviceptr target, size_t pitch, unsigned char value, size_t width, size_t height),    \
	  (target, pitch, value, width, height))                                                   \
	X(CUresult, cuMemsetD2D8_v2_ptds,                                                          \
	  (CUdeviceptr target, size_t pitch, unsigned char value, size_t width, size_t height),    \
	  (target, pitch, value, width, height))                                                   \
	X(CUresult, cuMemsetD2D8Async,                                                             \
	  (CUdeviceptr target, size_t pitch, unsigned char value, size_t width, size_t height,     \
	   CUstream stream),                                                                       \
	  (target, pitch, value, width, height, stream))                                           \
	X(CUresult, cuMemsetD2D8Async_ptsz,                                                        \
	  (CUdeviceptr target, size_t pitch, unsigned char value, size_t width, size_t height,     \
	   CUstream stream),                                                                       \
	  (target, pitch, value, width, height, stream))                                           \
	X(CUresult, cuMemsetD2D16_v2,                                                              \
	  (CUdeviceptr target, size_t pitch, unsigned short value, size_t width, size_t height),   \
	  (target, pitch, value, width, height))                                                   \
	X(CUresult, cuMemsetD2D16_v2_ptds,                                                         \
	  (CUdeviceptr target, size_t pitch, unsigned short value, size_t width, size_t height),   \
	  (target, pitch, value, width, height))                                                   \
	X(CUresult, cuMemsetD2D16Async,                                                            \
	  (CUdeviceptr target, size_t pitch, unsigned short value, size_t width, size_t height,    \
	   CUstream stream),                                                                       \
	  (target, pitch, value, width, height, stream))                                           \
	X(CUresult, cuMemsetD2D16Async_ptsz,                                                       \
	  (CUdeviceptr target, size_t pitch, unsigned short value, size_t width, size_t height,    \
	   CUstream stream),                                                                       \
	  (target, pitch, value, width, height, stream))                                           \
	X(CUresult, cuMemsetD2D32_v2,                                                              \
	  (CUdeviceptr target, size_t pitch, unsigned int value, size_t width, size_t height),     \
	  (target, pitch, value, width, height))                                                   \
	X(CUresult, cuMemsetD2D32_v2_ptds,                                                         \
	  (CUdeviceptr target, size_t pitch, unsigned int value, size_t width, size_t height),     \
	  (target, pitch, value, width, height))                                                   \
	X(CUresult, cuMemsetD2D32Async,                                                            \
	  (CUdeviceptr target, size_t pitch, unsigned int value, size_t width, size_t height,      \
	   CUstream stream),                                                                       \
	  (target, pitch, value, width, height, stream))                                           \
	X(CUresult, cuMemsetD2D32Async_ptsz,                                                       \
	  (CUdeviceptr target, size_t pitch, unsigned int value, size_t width, size_t height,      \
	   CUstream stream),                                                                       \
	  (target, pitch, value, width, height, stream))

#endif
