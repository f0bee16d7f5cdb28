/* SPDX-License-Identifier: MIT */
/* What extensions ask of the device: a line each, an error or the words of the answer. */
#include "common.h"

#include <CL/cl_ext.h>

int main(void)
{
	const cl_device_info names[] = {
	    CL_DEVICE_INTEGER_DOT_PRODUCT_CAPABILITIES_KHR,
	    CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_8BIT_KHR,
	    CL_DEVICE_UUID_KHR,
	};
	char extensions[8192] = "";

	start();
	OK(clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, sizeof(extensions), extensions, NULL));
	printf("%s\n", extensions);
	for (size_t i = 0; i < COUNT(names); i++) {
		cl_uint words[16] = {0};
		size_t size = 0;
		const cl_int status =
		    clGetDeviceInfo(device, names[i], sizeof(words), words, &size);

		if (status != CL_SUCCESS)
			printf("error %d", status);
		for (size_t word = 0; word < size / sizeof(*words); word++)
			printf("%s%u", word ? " " : "", words[word]);
		printf("\n");
	}
	return 0;
}
