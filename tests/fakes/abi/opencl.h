/* cl_ext.h of Khronos declares this structure inside the union cl_device_topology_amd, without a
 * name. */
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>

typedef struct {
	cl_uint type;
	cl_char unused[17];
	cl_char bus;
	cl_char device;
	cl_char function;
} cl_device_topology_pcie_amd;

_Static_assert(sizeof(cl_device_topology_pcie_amd) == sizeof(((cl_device_topology_amd *)0)->pcie),
	       "the same structure");
