/* SPDX-License-Identifier: MIT */
#include "chains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "team.h"

/* One step of so many runs before the time: wide units take microseconds to power up on some
 * processors. */
#define WARM_UP_DIVISOR 16

/* A random number in [low, low + width). */
static double number_in(double low, double width, uint64_t seed, uint64_t index)
{
	return low + width * (double)(pattern_word(seed, index) >> 11) * 0x1p-53;
}

static size_t lanes_of(const struct kernels *kernels, uint32_t precision)
{
	return kernels->vector_bytes /
	       (precision == MVGAL_HOST_FP32 ? sizeof(float) : sizeof(double));
}

void chains_start(struct chains *chains, const struct kernels *kernels, uint32_t precision,
		  uint64_t seed)
{
	size_t lanes = lanes_of(kernels, precision);

	for (size_t i = 0; i < lanes * kernels->chains; i++) {
		double start = number_in(-1.0, 2.0, seed, i);

		if (precision == MVGAL_HOST_FP32)
			chains->state.fp32[i] = (float)start;
		else
			chains->state.fp64[i] = start;
	}
	for (size_t i = 0; i < lanes; i++) {
		double constant = number_in(-1.95, 0.35, ~seed, i);

		if (precision == MVGAL_HOST_FP32)
			chains->constants.fp32[i] = (float)constant;
		else
			chains->constants.fp64[i] = constant;
	}
}

uint64_t chains_verify(const struct chains *chains, const struct kernels *kernels,
		       uint32_t precision, uint64_t seed, uint64_t iterations)
{
	size_t lanes = lanes_of(kernels, precision);
	struct chains start;
	uint64_t wrong = 0;

	chains_start(&start, kernels, precision, seed);
	if (precision == MVGAL_HOST_FP32) {
		float state[KERNEL_MAX_CHAINS], constants[KERNEL_MAX_CHAINS];

		for (size_t i = 0; i < kernels->chains; i++) {
			state[i] = start.state.fp32[i * lanes + (seed + i) % lanes];
			constants[i] = start.constants.fp32[(seed + i) % lanes];
		}
		kernels->scalar_fp32(state, constants, iterations);
		for (size_t i = 0; i < kernels->chains; i++)
			wrong += state[i] != chains->state.fp32[i * lanes + (seed + i) % lanes];
	} else {
		double state[KERNEL_MAX_CHAINS], constants[KERNEL_MAX_CHAINS];

		for (size_t i = 0; i < kernels->chains; i++) {
			state[i] = start.state.fp64[i * lanes + (seed + i) % lanes];
			constants[i] = start.constants.fp64[(seed + i) % lanes];
		}
		kernels->scalar_fp64(state, constants, iterations);
		for (size_t i = 0; i < kernels->chains; i++)
			wrong += state[i] != chains->state.fp64[i * lanes + (seed + i) % lanes];
	}
	return wrong;
}

struct fma_run {
	const struct kernels *kernels;
	uint32_t precision;
	uint64_t iterations;
	uint64_t seed;
	struct chains *chains;
};

static void run_chains(const struct fma_run *run, struct chains *chains, uint64_t iterations)
{
	if (run->precision == MVGAL_HOST_FP32)
		run->kernels->fma_fp32(chains->state.fp32, chains->constants.fp32, iterations);
	else
		run->kernels->fma_fp64(chains->state.fp64, chains->constants.fp64, iterations);
}

static void prepare_chains(void *context, uint32_t index)
{
	const struct fma_run *run = context;
	struct chains *chains = &run->chains[index];

	chains_start(chains, run->kernels, run->precision, run->seed + index);
	run_chains(run, chains, run->iterations / WARM_UP_DIVISOR);
	chains_start(chains, run->kernels, run->precision, run->seed + index);
}

static void work_chains(void *context, uint32_t index)
{
	const struct fma_run *run = context;

	run_chains(run, &run->chains[index], run->iterations);
}

static void check_chains(void *context, uint32_t index)
{
	const struct fma_run *run = context;
	struct chains *chains = &run->chains[index];

	chains->wrong =
	    chains_verify(chains, run->kernels, run->precision, run->seed + index, run->iterations);
}

int32_t mvgal_host_fma(const uint32_t *cpus, uint32_t cpu_count, uint32_t isa, uint32_t precision,
		       uint64_t iterations, uint64_t seed, struct mvgal_host_sample *sample)
{
	static const struct team_task task = {
	    .prepare = prepare_chains, .work = work_chains, .check = check_chains};
	struct fma_run run = {.kernels = kernels_for(isa),
			      .precision = precision,
			      .iterations = iterations,
			      .seed = seed};
	uint64_t chains;
	int error;

	if (precision >= MVGAL_HOST_PRECISION_COUNT || cpu_count == 0 || iterations == 0)
		return -EINVAL;
	if (!run.kernels)
		return -ENOTSUP;
	run.chains = aligned_alloc(_Alignof(struct chains), cpu_count * sizeof(*run.chains));
	if (!run.chains)
		return -ENOMEM;

	*sample = (struct mvgal_host_sample){0};
	error = team_run(cpus, cpu_count, &task, &run, &sample->nanoseconds);
	if (!error) {
		chains = (uint64_t)run.kernels->chains * cpu_count;
		sample->work = 2 * chains * lanes_of(run.kernels, precision) * iterations;
		sample->checked = chains;
		for (uint32_t i = 0; i < cpu_count; i++)
			sample->wrong += run.chains[i].wrong;
	}
	free(run.chains);
	return error;
}
