/* SPDX-License-Identifier: MIT */
/* Waiting for a member's queue. */
#ifndef MVGAL_OPENCL_FINISH_H
#define MVGAL_OPENCL_FINISH_H

#include "opencl.h"

/* Until all that the queue of the member got is over. */
cl_int finish(cl_command_queue queue, unsigned int member);

#endif
