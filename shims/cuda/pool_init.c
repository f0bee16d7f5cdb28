/* SPDX-License-Identifier: MIT */
/* The start of the driver: the lender's starts beside it, since each takes half a second. */
#include <stdlib.h>

#include "lent.h"
#include "real.h"
#include "settings.h"

__attribute__((visibility("default"))) CUresult cuInit(unsigned int flags)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuInit)
		return CUDA_ERROR_NOT_FOUND;
	if (settings()->enabled && settings()->pool && getenv(LENDER_GPUS))
		lent_begin();
	return real->cuInit(flags);
}
