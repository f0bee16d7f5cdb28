/* SPDX-License-Identifier: MIT */
/*
 * Launches past the shim, by it, and by it counted: 100, 7 and 5; then asks for 16 MiB while the
 * switch is at the driver. Prints how many were counted and what the allocation answered, and
 * waits.
 *
 *     switch_program WAY          as find_driver() knows them
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include "../../../scripts/cuda/driver.h"

static struct driver driver;
static CUfunction function;

static int launch(int count)
{
	int failures = 0;

	for (int i = 0; i < count; i++)
		failures += driver.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL,
						  NULL) != CUDA_SUCCESS;
	return failures;
}

int main(int argc, char **argv)
{
	unsigned long (*to)(int) =
	    (unsigned long (*)(int))dlsym(RTLD_DEFAULT, "mvgal_bench_switch");
	const char *missing = find_driver(&driver, argc > 1 ? argv[1] : "dlopen", NULL);
	unsigned long counted;
	CUdeviceptr pointer;
	CUcontext context;
	CUmodule module;
	int failures = 0;

	if (!to || missing) {
		printf("no %s\n", to ? missing : "switch");
		return 1;
	}
	if (driver.cuInit(0) || driver.cuDevicePrimaryCtxRetain(&context, 0) ||
	    driver.cuCtxSetCurrent(context) ||
	    driver.cuModuleLoadData(&module, ".visible .entry empty() { ret; }\n") ||
	    driver.cuModuleGetFunction(&function, module, "empty")) {
		puts("no kernel");
		return 1;
	}
	to(0);
	failures += launch(100);
	to(1);
	failures += launch(7);
	to(2);
	failures += launch(5);
	counted = to(0);
	printf("%lu %d %d\n", counted, failures, driver.cuMemAlloc(&pointer, 16 << 20));
	fflush(stdout);
	getchar();
	return 0;
}
