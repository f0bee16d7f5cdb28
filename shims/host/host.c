/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <errno.h>

#include "kernels.h"
#include "team.h"

uint32_t mvgal_host_abi(void)
{
	return MVGAL_HOST_ABI;
}

uint32_t mvgal_host_instruction_sets(void)
{
	uint32_t mask = 0;

	for (uint32_t isa = 0; isa < MVGAL_HOST_ISA_COUNT; isa++)
		if (kernels_for(isa))
			mask |= UINT32_C(1) << isa;
	return mask;
}

/* Dependent additions of one turn of the loop, whose own two instructions run beside them. */
#define ADDITIONS_PER_TURN 64

static void add_chain(void *context, uint32_t index)
{
	uint64_t turns = *(const uint64_t *)context / ADDITIONS_PER_TURN, sum = index, step = 3;

#define ADD4(n) n n n n
	for (; turns > 0; turns--) {
#if defined(__x86_64__)
		__asm__ volatile(ADD4(ADD4(ADD4("add %1, %0\n\t"))) : "+r"(sum) : "r"(step) : "cc");
#elif defined(__aarch64__)
		__asm__ volatile(ADD4(ADD4(ADD4("add %0, %0, %1\n\t"))) : "+r"(sum) : "r"(step));
#else
		(void)sum;
		(void)step;
#endif
	}
#undef ADD4
}

int32_t mvgal_host_clock(const uint32_t *cpus, uint32_t cpu_count, uint64_t cycles,
			 struct mvgal_host_sample *sample)
{
#if defined(__x86_64__) || defined(__aarch64__)
	static const struct team_task task = {.work = add_chain};

	if (cpu_count == 0 || cycles < ADDITIONS_PER_TURN)
		return -EINVAL;
	*sample = (struct mvgal_host_sample){0};
	sample->work = cycles / ADDITIONS_PER_TURN * ADDITIONS_PER_TURN;
	return team_run(cpus, cpu_count, &task, &cycles, &sample->nanoseconds);
#else
	(void)cpus;
	(void)cpu_count;
	(void)cycles;
	(void)sample;
	return -ENOTSUP;
#endif
}
