/* SPDX-License-Identifier: MIT */
/* The functions that have an object, as of OpenCL 2.0 to 3.0. */
#include "call.h"

/* 2.0 */
MAKE(cl_command_queue, clCreateCommandQueueWithProperties, cl_context, cl_device_id,
     const cl_queue_properties *, cl_int *)
MAKE(cl_mem, clCreatePipe, cl_context, cl_mem_flags, cl_uint, cl_uint, const cl_pipe_properties *,
     cl_int *)
CALL(clGetPipeInfo, cl_mem, cl_pipe_info, size_t, void *, size_t *)
CALL(clEnqueueSVMFree, cl_command_queue, cl_uint, void **,
     void(CL_CALLBACK *)(cl_command_queue, cl_uint, void **, void *), void *, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueSVMMemcpy, cl_command_queue, cl_bool, void *, const void *, size_t, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueSVMMemFill, cl_command_queue, void *, const void *, size_t, size_t, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueSVMMap, cl_command_queue, cl_bool, cl_map_flags, void *, size_t, cl_uint,
     const cl_event *, cl_event *)
CALL(clEnqueueSVMUnmap, cl_command_queue, void *, cl_uint, const cl_event *, cl_event *)
MAKE(cl_sampler, clCreateSamplerWithProperties, cl_context, const cl_sampler_properties *, cl_int *)
CALL(clSetKernelArgSVMPointer, cl_kernel, cl_uint, const void *)
CALL(clSetKernelExecInfo, cl_kernel, cl_kernel_exec_info, size_t, const void *)
CALL(clGetKernelSubGroupInfoKHR, cl_kernel, cl_device_id, cl_kernel_sub_group_info, size_t,
     const void *, size_t, void *, size_t *)

/* 2.1 */
MAKE(cl_kernel, clCloneKernel, cl_kernel, cl_int *)
MAKE(cl_program, clCreateProgramWithIL, cl_context, const void *, size_t, cl_int *)
CALL(clEnqueueSVMMigrateMem, cl_command_queue, cl_uint, const void **, const size_t *,
     cl_mem_migration_flags, cl_uint, const cl_event *, cl_event *)
CALL(clGetDeviceAndHostTimer, cl_device_id, cl_ulong *, cl_ulong *)
CALL(clGetHostTimer, cl_device_id, cl_ulong *)
CALL(clGetKernelSubGroupInfo, cl_kernel, cl_device_id, cl_kernel_sub_group_info, size_t,
     const void *, size_t, void *, size_t *)
CALL(clSetDefaultDeviceCommandQueue, cl_context, cl_device_id, cl_command_queue)

/* 2.2 */
CALL(clSetProgramReleaseCallback, cl_program, void(CL_CALLBACK *)(cl_program, void *), void *)
CALL(clSetProgramSpecializationConstant, cl_program, cl_uint, size_t, const void *)

/* 3.0 */
MAKE(cl_mem, clCreateBufferWithProperties, cl_context, const cl_mem_properties *, cl_mem_flags,
     size_t, void *, cl_int *)
MAKE(cl_mem, clCreateImageWithProperties, cl_context, const cl_mem_properties *, cl_mem_flags,
     const cl_image_format *, const cl_image_desc *, void *, cl_int *)
CALL(clSetContextDestructorCallback, cl_context, void(CL_CALLBACK *)(cl_context, void *), void *)
