/* SPDX-License-Identifier: MIT */
/* Time of the host, and waiting in it. */
#ifndef MVGAL_CUDA_GATE_CLOCK_H
#define MVGAL_CUDA_GATE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

/* ns, the same for all programs of the host. */
uint64_t gate_now(void);

/* As that, some ms behind, at the cost of a few loads. */
uint64_t gate_now_roughly(void);

/* Waits for so long at most, or until the bell is another than what was heard of it; NULL for no
 * bell. A few us are a chance for other threads to run. */
void gate_wait(_Atomic uint32_t *bell, uint32_t heard, uint64_t ns);

/* Wakes those who wait for the bell. */
void gate_ring(_Atomic uint32_t *bell);

#endif
