/* SPDX-License-Identifier: MIT */
/*
 * What a pool has not: each answers as a device without the feature does. What shares memory with
 * other interfaces, and shared virtual memory, would be on one member alone.
 */
#ifndef MVGAL_OPENCL_ABSENT_H
#define MVGAL_OPENCL_ABSENT_H

#include "opencl.h"

/* For the slots of other systems' interfaces, whose types are not known here. */
cl_int CL_API_CALL absent(void);

cl_mem CL_API_CALL pool_clCreateFromGLBuffer(cl_context, cl_mem_flags, cl_GLuint, int *);
cl_mem CL_API_CALL pool_clCreateFromGLTexture2D(cl_context, cl_mem_flags, cl_GLenum, cl_GLint,
						cl_GLuint, cl_int *);
cl_mem CL_API_CALL pool_clCreateFromGLTexture3D(cl_context, cl_mem_flags, cl_GLenum, cl_GLint,
						cl_GLuint, cl_int *);
cl_mem CL_API_CALL pool_clCreateFromGLRenderbuffer(cl_context, cl_mem_flags, cl_GLuint, cl_int *);
cl_int CL_API_CALL pool_clGetGLObjectInfo(cl_mem, cl_gl_object_type *, cl_GLuint *);
cl_int CL_API_CALL pool_clGetGLTextureInfo(cl_mem, cl_gl_texture_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clEnqueueAcquireGLObjects(cl_command_queue, cl_uint, const cl_mem *,
						  cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueReleaseGLObjects(cl_command_queue, cl_uint, const cl_mem *,
						  cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clGetGLContextInfoKHR(const cl_context_properties *, cl_gl_context_info,
					      size_t, void *, size_t *);
cl_int CL_API_CALL pool_clCreateSubDevicesEXT(cl_device_id,
					      const cl_device_partition_property_ext *, cl_uint,
					      cl_device_id *, cl_uint *);
cl_int CL_API_CALL pool_clRetainDeviceEXT(cl_device_id);
cl_int CL_API_CALL pool_clReleaseDeviceEXT(cl_device_id);
cl_event CL_API_CALL pool_clCreateEventFromGLsyncKHR(cl_context, cl_GLsync, cl_int *);
cl_mem CL_API_CALL pool_clCreateFromGLTexture(cl_context, cl_mem_flags, cl_GLenum, cl_GLint,
					      cl_GLuint, cl_int *);
cl_mem CL_API_CALL pool_clCreateFromEGLImageKHR(cl_context, CLeglDisplayKHR, CLeglImageKHR,
						cl_mem_flags, const cl_egl_image_properties_khr *,
						cl_int *);
cl_int CL_API_CALL pool_clEnqueueAcquireEGLObjectsKHR(cl_command_queue, cl_uint, const cl_mem *,
						      cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueReleaseEGLObjectsKHR(cl_command_queue, cl_uint, const cl_mem *,
						      cl_uint, const cl_event *, cl_event *);
cl_event CL_API_CALL pool_clCreateEventFromEGLSyncKHR(cl_context, CLeglSyncKHR, CLeglDisplayKHR,
						      cl_int *);
cl_mem CL_API_CALL pool_clCreatePipe(cl_context, cl_mem_flags, cl_uint, cl_uint,
				     const cl_pipe_properties *, cl_int *);
cl_int CL_API_CALL pool_clGetPipeInfo(cl_mem, cl_pipe_info, size_t, void *, size_t *);
void *CL_API_CALL pool_clSVMAlloc(cl_context, cl_svm_mem_flags, size_t, unsigned int);
void CL_API_CALL pool_clSVMFree(cl_context, void *);
cl_int CL_API_CALL pool_clEnqueueSVMFree(cl_command_queue, cl_uint, void **,
					 void(CL_CALLBACK *)(cl_command_queue, cl_uint, void **,
							     void *),
					 void *, cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueSVMMemcpy(cl_command_queue, cl_bool, void *, const void *, size_t,
					   cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueSVMMemFill(cl_command_queue, void *, const void *, size_t, size_t,
					    cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueSVMMap(cl_command_queue, cl_bool, cl_map_flags, void *, size_t,
					cl_uint, const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueSVMUnmap(cl_command_queue, void *, cl_uint, const cl_event *,
					  cl_event *);
cl_int CL_API_CALL pool_clSetKernelArgSVMPointer(cl_kernel, cl_uint, const void *);
cl_int CL_API_CALL pool_clSetKernelExecInfo(cl_kernel, cl_kernel_exec_info, size_t, const void *);
cl_int CL_API_CALL pool_clEnqueueSVMMigrateMem(cl_command_queue, cl_uint, const void **,
					       const size_t *, cl_mem_migration_flags, cl_uint,
					       const cl_event *, cl_event *);

#endif
