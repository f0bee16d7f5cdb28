/* SPDX-License-Identifier: MIT */
/* Rows of the table (hooks.h): the copies and fills, of which there are four each. */
#ifndef MVGAL_CUDA_COPIES_H
#define MVGAL_CUDA_COPIES_H

/* COPY(X, function, per thread, asynchronous, both, target, source), FILL(X, the same four, value).
 */
#define MVGAL_COPIES(X, COPY, FILL)                                                                \
	COPY(X, cuMemcpy, cuMemcpy_ptds, cuMemcpyAsync, cuMemcpyAsync_ptsz, CUdeviceptr,           \
	     CUdeviceptr)                                                                          \
	COPY(X, cuMemcpyHtoD_v2, cuMemcpyHtoD_v2_ptds, cuMemcpyHtoDAsync_v2,                       \
	     cuMemcpyHtoDAsync_v2_ptsz, CUdeviceptr, const void *)                                 \
	COPY(X, cuMemcpyDtoH_v2, cuMemcpyDtoH_v2_ptds, cuMemcpyDtoHAsync_v2,                       \
	     cuMemcpyDtoHAsync_v2_ptsz, void *, CUdeviceptr)                                       \
	COPY(X, cuMemcpyDtoD_v2, cuMemcpyDtoD_v2_ptds, cuMemcpyDtoDAsync_v2,                       \
	     cuMemcpyDtoDAsync_v2_ptsz, CUdeviceptr, CUdeviceptr)                                  \
	FILL(X, cuMemsetD8_v2, cuMemsetD8_v2_ptds, cuMemsetD8Async, cuMemsetD8Async_ptsz,          \
	     unsigned char)                                                                        \
	FILL(X, cuMemsetD16_v2, cuMemsetD16_v2_ptds, cuMemsetD16Async, cuMemsetD16Async_ptsz,      \
	     unsigned short)                                                                       \
	FILL(X, cuMemsetD32_v2, cuMemsetD32_v2_ptds, cuMemsetD32Async, cuMemsetD32Async_ptsz,      \
	     unsigned int)

#define MVGAL_COPY_ROW(X, name, to, from)                                                          \
	X(CUresult, name, (to target, from source, size_t bytes), (target, source, bytes))
#define MVGAL_COPY_ASYNC_ROW(X, name, to, from)                                                    \
	X(CUresult, name, (to target, from source, size_t bytes, CUstream stream),                 \
	  (target, source, bytes, stream))
#define MVGAL_COPY_ROWS(X, function, thread, async, both, to, from)                                \
	MVGAL_COPY_ROW(X, function, to, from)                                                      \
	MVGAL_COPY_ROW(X, thread, to, from)                                                        \
	MVGAL_COPY_ASYNC_ROW(X, async, to, from)                                                   \
	MVGAL_COPY_ASYNC_ROW(X, both, to, from)

#define MVGAL_FILL_ROW(X, name, of)                                                                \
	X(CUresult, name, (CUdeviceptr target, of value, size_t count), (target, value, count))
#define MVGAL_FILL_ASYNC_ROW(X, name, of)                                                          \
	X(CUresult, name, (CUdeviceptr target, of value, size_t count, CUstream stream),           \
	  (target, value, count, stream))
#define MVGAL_FILL_ROWS(X, function, thread, async, both, of)                                      \
	MVGAL_FILL_ROW(X, function, of)                                                            \
	MVGAL_FILL_ROW(X, thread, of)                                                              \
	MVGAL_FILL_ASYNC_ROW(X, async, of)                                                         \
	MVGAL_FILL_ASYNC_ROW(X, both, of)

#define MVGAL_COPY_HOOKS(X) MVGAL_COPIES(X, MVGAL_COPY_ROWS, MVGAL_FILL_ROWS)

#endif
