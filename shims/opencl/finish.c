/* SPDX-License-Identifier: MIT */
#include "finish.h"

#include "pool.h"

/*
 * Some drivers' clFinish waits for what was not flushed yet alone (rusticl of Mesa 22, early clvk):
 * an event is waited for on these.
 */
cl_int finish(cl_command_queue queue, unsigned int member)
{
	cl_event last;
	cl_int status;

	if (!pool()->members[member].forgets_flushed)
		return of(queue)->clFinish(queue);
	status = of(queue)->clEnqueueMarkerWithWaitList(queue, 0, NULL, &last);
	if (status != CL_SUCCESS)
		return status;
	status = of(last)->clWaitForEvents(1, &last);
	of(last)->clReleaseEvent(last);
	return status;
}
