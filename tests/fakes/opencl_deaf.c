/*
 * A libOpenCL.so.1 without symbol versions that finds no platform, whatever OCL_ICD_VENDORS says.
 */
#define EXPORT __attribute__((visibility("default")))

EXPORT int clGetPlatformIDs(unsigned int room, void **platforms, unsigned int *count)
{
	(void)room;
	(void)platforms;
	if (count)
		*count = 0;
	return -1001; /* CL_PLATFORM_NOT_FOUND_KHR */
}

/* Those that a program is linked with: CL_INVALID_PLATFORM. */
#define REFUSES(name)                                                                              \
	EXPORT long name(void)                                                                     \
	{                                                                                          \
		return -32;                                                                        \
	}
REFUSES(clGetPlatformInfo)
REFUSES(clGetDeviceIDs)
REFUSES(clCreateContext)
REFUSES(clCreateCommandQueue)
REFUSES(clCreateBuffer)
REFUSES(clCreateProgramWithSource)
REFUSES(clBuildProgram)
REFUSES(clCreateKernel)
REFUSES(clSetKernelArg)
REFUSES(clEnqueueNDRangeKernel)
REFUSES(clEnqueueReadBuffer)
