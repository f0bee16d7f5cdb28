/* SPDX-License-Identifier: MIT */
#include "absent.h"

#include "device.h"
#include "event.h"
#include "kernel.h"

/* They are asked for, and take what they are given; most of it is not looked at. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

cl_int CL_API_CALL absent(void)
{
	return CL_INVALID_OPERATION;
}

cl_mem CL_API_CALL pool_clCreateFromGLBuffer(cl_context context, cl_mem_flags arg1, cl_GLuint arg2,
					     int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_mem CL_API_CALL pool_clCreateFromGLTexture2D(cl_context context, cl_mem_flags arg1,
						cl_GLenum arg2, cl_GLint arg3, cl_GLuint arg4,
						cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_mem CL_API_CALL pool_clCreateFromGLTexture3D(cl_context context, cl_mem_flags arg1,
						cl_GLenum arg2, cl_GLint arg3, cl_GLuint arg4,
						cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_mem CL_API_CALL pool_clCreateFromGLRenderbuffer(cl_context context, cl_mem_flags arg1,
						   cl_GLuint arg2, cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_int CL_API_CALL pool_clGetGLObjectInfo(cl_mem memory, cl_gl_object_type *arg1, cl_GLuint *arg2)
{
	return is_memory(memory) ? CL_INVALID_GL_OBJECT : CL_INVALID_MEM_OBJECT;
}

cl_int CL_API_CALL pool_clGetGLTextureInfo(cl_mem memory, cl_gl_texture_info arg1, size_t arg2,
					   void *arg3, size_t *arg4)
{
	return is_memory(memory) ? CL_INVALID_GL_OBJECT : CL_INVALID_MEM_OBJECT;
}

cl_int CL_API_CALL pool_clEnqueueAcquireGLObjects(cl_command_queue queue, cl_uint arg1,
						  const cl_mem *arg2, cl_uint arg3,
						  const cl_event *arg4, cl_event *arg5)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clEnqueueReleaseGLObjects(cl_command_queue queue, cl_uint arg1,
						  const cl_mem *arg2, cl_uint arg3,
						  const cl_event *arg4, cl_event *arg5)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clGetGLContextInfoKHR(const cl_context_properties *first,
					      cl_gl_context_info arg1, size_t arg2, void *arg3,
					      size_t *arg4)
{
	return CL_INVALID_OPERATION;
}

cl_int CL_API_CALL pool_clCreateSubDevicesEXT(cl_device_id device,
					      const cl_device_partition_property_ext *arg1,
					      cl_uint arg2, cl_device_id *arg3, cl_uint *arg4)
{
	return check_device(device) == CL_SUCCESS ? CL_INVALID_VALUE : CL_INVALID_DEVICE;
}

cl_int CL_API_CALL pool_clRetainDeviceEXT(cl_device_id device)
{
	return check_device(device);
}

cl_int CL_API_CALL pool_clReleaseDeviceEXT(cl_device_id device)
{
	return check_device(device);
}

cl_event CL_API_CALL pool_clCreateEventFromGLsyncKHR(cl_context context, cl_GLsync arg1,
						     cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_mem CL_API_CALL pool_clCreateFromGLTexture(cl_context context, cl_mem_flags arg1, cl_GLenum arg2,
					      cl_GLint arg3, cl_GLuint arg4, cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_mem CL_API_CALL pool_clCreateFromEGLImageKHR(cl_context context, CLeglDisplayKHR arg1,
						CLeglImageKHR arg2, cl_mem_flags arg3,
						const cl_egl_image_properties_khr *arg4,
						cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_int CL_API_CALL pool_clEnqueueAcquireEGLObjectsKHR(cl_command_queue queue, cl_uint arg1,
						      const cl_mem *arg2, cl_uint arg3,
						      const cl_event *arg4, cl_event *arg5)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clEnqueueReleaseEGLObjectsKHR(cl_command_queue queue, cl_uint arg1,
						      const cl_mem *arg2, cl_uint arg3,
						      const cl_event *arg4, cl_event *arg5)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_event CL_API_CALL pool_clCreateEventFromEGLSyncKHR(cl_context context, CLeglSyncKHR arg1,
						      CLeglDisplayKHR arg2, cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_mem CL_API_CALL pool_clCreatePipe(cl_context context, cl_mem_flags arg1, cl_uint arg2,
				     cl_uint arg3, const cl_pipe_properties *arg4,
				     cl_int *errcode_ret)
{
	status_to(errcode_ret, is_context(context) ? CL_INVALID_OPERATION : CL_INVALID_CONTEXT);
	return NULL;
}

cl_int CL_API_CALL pool_clGetPipeInfo(cl_mem memory, cl_pipe_info arg1, size_t arg2, void *arg3,
				      size_t *arg4)
{
	/* None of ours is a pipe. */
	return CL_INVALID_MEM_OBJECT;
}

void *CL_API_CALL pool_clSVMAlloc(cl_context context, cl_svm_mem_flags arg1, size_t arg2,
				  unsigned int arg3)
{
	return NULL;
}

void CL_API_CALL pool_clSVMFree(cl_context context, void *arg1)
{
}

cl_int CL_API_CALL pool_clEnqueueSVMFree(cl_command_queue queue, cl_uint arg1, void **arg2,
					 void(CL_CALLBACK *call)(cl_command_queue, cl_uint, void **,
								 void *),
					 void *arg4, cl_uint arg5, const cl_event *arg6,
					 cl_event *arg7)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clEnqueueSVMMemcpy(cl_command_queue queue, cl_bool arg1, void *arg2,
					   const void *arg3, size_t arg4, cl_uint arg5,
					   const cl_event *arg6, cl_event *arg7)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clEnqueueSVMMemFill(cl_command_queue queue, void *arg1, const void *arg2,
					    size_t arg3, size_t arg4, cl_uint arg5,
					    const cl_event *arg6, cl_event *arg7)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clEnqueueSVMMap(cl_command_queue queue, cl_bool arg1, cl_map_flags arg2,
					void *arg3, size_t arg4, cl_uint arg5, const cl_event *arg6,
					cl_event *arg7)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clEnqueueSVMUnmap(cl_command_queue queue, void *arg1, cl_uint arg2,
					  const cl_event *arg3, cl_event *arg4)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL pool_clSetKernelArgSVMPointer(cl_kernel kernel, cl_uint arg1, const void *arg2)
{
	return is_kernel(kernel) ? CL_INVALID_OPERATION : CL_INVALID_KERNEL;
}

cl_int CL_API_CALL pool_clSetKernelExecInfo(cl_kernel kernel, cl_kernel_exec_info arg1, size_t arg2,
					    const void *arg3)
{
	return is_kernel(kernel) ? CL_INVALID_OPERATION : CL_INVALID_KERNEL;
}

cl_int CL_API_CALL pool_clEnqueueSVMMigrateMem(cl_command_queue queue, cl_uint arg1,
					       const void **arg2, const size_t *arg3,
					       cl_mem_migration_flags arg4, cl_uint arg5,
					       const cl_event *arg6, cl_event *arg7)
{
	return is_queue(queue) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}
