/* SPDX-License-Identifier: MIT */
/* The functions that have an object, as of OpenCL 1.0 to 1.2. */
#include "call.h"

/* 1.0 */
CALL(clGetDeviceInfo, cl_device_id, cl_device_info, size_t, void *, size_t *)
CALL(clRetainContext, cl_context)
CALL(clReleaseContext, cl_context)
CALL(clGetContextInfo, cl_context, cl_context_info, size_t, void *, size_t *)
MAKE(cl_command_queue, clCreateCommandQueue, cl_context, cl_device_id, cl_command_queue_properties,
     cl_int *)
CALL(clRetainCommandQueue, cl_command_queue)
CALL(clReleaseCommandQueue, cl_command_queue)
CALL(clGetCommandQueueInfo, cl_command_queue, cl_command_queue_info, size_t, void *, size_t *)
CALL(clSetCommandQueueProperty, cl_command_queue, cl_command_queue_properties, cl_bool,
     cl_command_queue_properties *)
MAKE(cl_mem, clCreateBuffer, cl_context, cl_mem_flags, size_t, void *, cl_int *)
MAKE(cl_mem, clCreateImage2D, cl_context, cl_mem_flags, const cl_image_format *, size_t, size_t,
     size_t, void *, cl_int *)
MAKE(cl_mem, clCreateImage3D, cl_context, cl_mem_flags, const cl_image_format *, size_t, size_t,
     size_t, size_t, size_t, void *, cl_int *)
CALL(clRetainMemObject, cl_mem)
CALL(clReleaseMemObject, cl_mem)
CALL(clGetSupportedImageFormats, cl_context, cl_mem_flags, cl_mem_object_type, cl_uint,
     cl_image_format *, cl_uint *)
CALL(clGetMemObjectInfo, cl_mem, cl_mem_info, size_t, void *, size_t *)
CALL(clGetImageInfo, cl_mem, cl_image_info, size_t, void *, size_t *)
MAKE(cl_sampler, clCreateSampler, cl_context, cl_bool, cl_addressing_mode, cl_filter_mode, cl_int *)
CALL(clRetainSampler, cl_sampler)
CALL(clReleaseSampler, cl_sampler)
CALL(clGetSamplerInfo, cl_sampler, cl_sampler_info, size_t, void *, size_t *)
MAKE(cl_program, clCreateProgramWithSource, cl_context, cl_uint, const char **, const size_t *,
     cl_int *)
MAKE(cl_program, clCreateProgramWithBinary, cl_context, cl_uint, const cl_device_id *,
     const size_t *, const unsigned char **, cl_int *, cl_int *)
CALL(clRetainProgram, cl_program)
CALL(clReleaseProgram, cl_program)
CALL(clBuildProgram, cl_program, cl_uint, const cl_device_id *, const char *,
     void(CL_CALLBACK *)(cl_program, void *), void *)
CALL(clGetProgramInfo, cl_program, cl_program_info, size_t, void *, size_t *)
CALL(clGetProgramBuildInfo, cl_program, cl_device_id, cl_program_build_info, size_t, void *,
     size_t *)
MAKE(cl_kernel, clCreateKernel, cl_program, const char *, cl_int *)
CALL(clCreateKernelsInProgram, cl_program, cl_uint, cl_kernel *, cl_uint *)
CALL(clRetainKernel, cl_kernel)
CALL(clReleaseKernel, cl_kernel)
CALL(clSetKernelArg, cl_kernel, cl_uint, size_t, const void *)
CALL(clGetKernelInfo, cl_kernel, cl_kernel_info, size_t, void *, size_t *)
CALL(clGetKernelWorkGroupInfo, cl_kernel, cl_device_id, cl_kernel_work_group_info, size_t, void *,
     size_t *)
CALL(clGetEventInfo, cl_event, cl_event_info, size_t, void *, size_t *)
CALL(clRetainEvent, cl_event)
CALL(clReleaseEvent, cl_event)
CALL(clGetEventProfilingInfo, cl_event, cl_profiling_info, size_t, void *, size_t *)
CALL(clFlush, cl_command_queue)
CALL(clFinish, cl_command_queue)
CALL(clEnqueueReadBuffer, cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueWriteBuffer, cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueCopyBuffer, cl_command_queue, cl_mem, cl_mem, size_t, size_t, size_t, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueReadImage, cl_command_queue, cl_mem, cl_bool, const size_t *, const size_t *, size_t,
     size_t, void *, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueWriteImage, cl_command_queue, cl_mem, cl_bool, const size_t *, const size_t *, size_t,
     size_t, const void *, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueCopyImage, cl_command_queue, cl_mem, cl_mem, const size_t *, const size_t *,
     const size_t *, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueCopyImageToBuffer, cl_command_queue, cl_mem, cl_mem, const size_t *, const size_t *,
     size_t, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueCopyBufferToImage, cl_command_queue, cl_mem, cl_mem, size_t, const size_t *,
     const size_t *, cl_uint, const cl_event *, cl_event *)
MAKE(void *, clEnqueueMapBuffer, cl_command_queue, cl_mem, cl_bool, cl_map_flags, size_t, size_t,
     cl_uint, const cl_event *, cl_event *, cl_int *)
MAKE(void *, clEnqueueMapImage, cl_command_queue, cl_mem, cl_bool, cl_map_flags, const size_t *,
     const size_t *, size_t *, size_t *, cl_uint, const cl_event *, cl_event *, cl_int *)
CALL(clEnqueueUnmapMemObject, cl_command_queue, cl_mem, void *, cl_uint, const cl_event *,
     cl_event *)
CALL(clEnqueueNDRangeKernel, cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,
     const size_t *, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueTask, cl_command_queue, cl_kernel, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueNativeKernel, cl_command_queue, void(CL_CALLBACK *)(void *), void *, size_t, cl_uint,
     const cl_mem *, const void **, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueMarker, cl_command_queue, cl_event *)
CALL(clEnqueueWaitForEvents, cl_command_queue, cl_uint, const cl_event *)
CALL(clEnqueueBarrier, cl_command_queue)
MAKE(cl_mem, clCreateFromGLBuffer, cl_context, cl_mem_flags, cl_GLuint, int *)
MAKE(cl_mem, clCreateFromGLTexture2D, cl_context, cl_mem_flags, cl_GLenum, cl_GLint, cl_GLuint,
     cl_int *)
MAKE(cl_mem, clCreateFromGLTexture3D, cl_context, cl_mem_flags, cl_GLenum, cl_GLint, cl_GLuint,
     cl_int *)
MAKE(cl_mem, clCreateFromGLRenderbuffer, cl_context, cl_mem_flags, cl_GLuint, cl_int *)
CALL(clGetGLObjectInfo, cl_mem, cl_gl_object_type *, cl_GLuint *)
CALL(clGetGLTextureInfo, cl_mem, cl_gl_texture_info, size_t, void *, size_t *)
CALL(clEnqueueAcquireGLObjects, cl_command_queue, cl_uint, const cl_mem *, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueReleaseGLObjects, cl_command_queue, cl_uint, const cl_mem *, cl_uint,
     const cl_event *, cl_event *)
MAKE(cl_mem, clCreateFromEGLImageKHR, cl_context, CLeglDisplayKHR, CLeglImageKHR, cl_mem_flags,
     const cl_egl_image_properties_khr *, cl_int *)
CALL(clEnqueueAcquireEGLObjectsKHR, cl_command_queue, cl_uint, const cl_mem *, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueReleaseEGLObjectsKHR, cl_command_queue, cl_uint, const cl_mem *, cl_uint,
     const cl_event *, cl_event *)
MAKE(cl_event, clCreateEventFromEGLSyncKHR, cl_context, CLeglSyncKHR, CLeglDisplayKHR, cl_int *)

/* 1.1 */
CALL(clSetEventCallback, cl_event, cl_int, void(CL_CALLBACK *)(cl_event, cl_int, void *), void *)
MAKE(cl_mem, clCreateSubBuffer, cl_mem, cl_mem_flags, cl_buffer_create_type, const void *, cl_int *)
CALL(clSetMemObjectDestructorCallback, cl_mem, void(CL_CALLBACK *)(cl_mem, void *), void *)
MAKE(cl_event, clCreateUserEvent, cl_context, cl_int *)
CALL(clSetUserEventStatus, cl_event, cl_int)
CALL(clEnqueueReadBufferRect, cl_command_queue, cl_mem, cl_bool, const size_t *, const size_t *,
     const size_t *, size_t, size_t, size_t, size_t, void *, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueWriteBufferRect, cl_command_queue, cl_mem, cl_bool, const size_t *, const size_t *,
     const size_t *, size_t, size_t, size_t, size_t, const void *, cl_uint, const cl_event *,
     cl_event *)
CALL(clEnqueueCopyBufferRect, cl_command_queue, cl_mem, cl_mem, const size_t *, const size_t *,
     const size_t *, size_t, size_t, size_t, size_t, cl_uint, const cl_event *, cl_event *)
CALL(clCreateSubDevicesEXT, cl_device_id, const cl_device_partition_property_ext *, cl_uint,
     cl_device_id *, cl_uint *)
CALL(clRetainDeviceEXT, cl_device_id)
CALL(clReleaseDeviceEXT, cl_device_id)
MAKE(cl_event, clCreateEventFromGLsyncKHR, cl_context, cl_GLsync, cl_int *)

/* 1.2 */
CALL(clCreateSubDevices, cl_device_id, const cl_device_partition_property *, cl_uint,
     cl_device_id *, cl_uint *)
CALL(clRetainDevice, cl_device_id)
CALL(clReleaseDevice, cl_device_id)
MAKE(cl_mem, clCreateImage, cl_context, cl_mem_flags, const cl_image_format *,
     const cl_image_desc *, void *, cl_int *)
MAKE(cl_program, clCreateProgramWithBuiltInKernels, cl_context, cl_uint, const cl_device_id *,
     const char *, cl_int *)
CALL(clCompileProgram, cl_program, cl_uint, const cl_device_id *, const char *, cl_uint,
     const cl_program *, const char **, void(CL_CALLBACK *)(cl_program, void *), void *)
MAKE(cl_program, clLinkProgram, cl_context, cl_uint, const cl_device_id *, const char *, cl_uint,
     const cl_program *, void(CL_CALLBACK *)(cl_program, void *), void *, cl_int *)
CALL(clGetKernelArgInfo, cl_kernel, cl_uint, cl_kernel_arg_info, size_t, void *, size_t *)
CALL(clEnqueueFillBuffer, cl_command_queue, cl_mem, const void *, size_t, size_t, size_t, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueFillImage, cl_command_queue, cl_mem, const void *, const size_t *, const size_t *,
     cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueMigrateMemObjects, cl_command_queue, cl_uint, const cl_mem *, cl_mem_migration_flags,
     cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueMarkerWithWaitList, cl_command_queue, cl_uint, const cl_event *, cl_event *)
CALL(clEnqueueBarrierWithWaitList, cl_command_queue, cl_uint, const cl_event *, cl_event *)
MAKE(cl_mem, clCreateFromGLTexture, cl_context, cl_mem_flags, cl_GLenum, cl_GLint, cl_GLuint,
     cl_int *)
