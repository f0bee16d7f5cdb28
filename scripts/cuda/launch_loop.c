/* SPDX-License-Identifier: MIT */
/*
 * For each line on stdin: launches an empty kernel N times, and prints nanoseconds a launch, of the
 * calls alone and until the last has ended; then the same for allocations of 1 MiB. The driver is
 * found as CUDA's runtime finds it. With "default" the launches go into the default stream.
 *
 *     launch_loop LAUNCHES ALLOCATIONS [default]
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char ptx[] = ".version 7.0\n.target sm_52\n.address_size 64\n"
			  ".visible .entry empty() { ret; }\n";

static void *driver;
static int (*resolve)(const char *, void **, int, uint64_t, int *);

static void *find(const char *name)
{
	void *found = NULL;

	if (!resolve || resolve(name, &found, 12000, 0, NULL) || !found)
		found = dlsym(driver, name);
	if (!found) {
		fprintf(stderr, "the driver has no %s\n", name);
		exit(1);
	}
	return found;
}

static void check(int result, const char *what)
{
	if (result) {
		fprintf(stderr, "%s: error %d\n", what, result);
		exit(1);
	}
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	long launches = argc > 1 ? atol(argv[1]) : 1000000;
	long allocations = argc > 2 ? atol(argv[2]) : 10000;
	void *context, *module, *function, *stream;
	double begin, issued, end;
	int device;

	driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!driver) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	resolve = (int (*)(const char *, void **, int, uint64_t, int *))dlsym(
	    driver, "cuGetProcAddress_v2");
	check(((int (*)(unsigned))find("cuInit"))(0), "cuInit");
	check(((int (*)(int *, int))find("cuDeviceGet"))(&device, 0), "cuDeviceGet");
	check(((int (*)(void **, int))find("cuDevicePrimaryCtxRetain"))(&context, device),
	      "cuDevicePrimaryCtxRetain");
	check(((int (*)(void *))find("cuCtxSetCurrent"))(context), "cuCtxSetCurrent");
	check(((int (*)(void **, const void *))find("cuModuleLoadData"))(&module, ptx),
	      "cuModuleLoadData");
	check(((int (*)(void **, void *, const char *))find("cuModuleGetFunction"))(
		  &function, module, "empty"),
	      "cuModuleGetFunction");
	check(((int (*)(void **, unsigned))find("cuStreamCreate"))(&stream, 1), "cuStreamCreate");
	if (argc > 3)
		stream = NULL;

	int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
		      void *, void **, void **) = find("cuLaunchKernel");
	int (*synchronize)(void) = find("cuCtxSynchronize");
	int (*allocate)(unsigned long long *, size_t) = dlsym(driver, "cuMemAlloc_v2");
	int (*release)(unsigned long long) = dlsym(driver, "cuMemFree_v2");

	for (long i = 0; i < 10000; i++)
		check(launch(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL), "launch");
	check(synchronize(), "cuCtxSynchronize");
	while (getchar() != EOF) {
		begin = now_ns();
		for (long i = 0; i < launches; i++)
			check(launch(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL), "launch");
		issued = now_ns();
		check(synchronize(), "cuCtxSynchronize");
		end = now_ns();
		printf("%.1f %.1f", (issued - begin) / launches, (end - begin) / launches);
		begin = now_ns();
		for (long i = 0; i < allocations; i++) {
			unsigned long long pointer;

			check(allocate(&pointer, 1 << 20), "cuMemAlloc_v2");
			check(release(pointer), "cuMemFree_v2");
		}
		printf(" %.1f\n", allocations ? (now_ns() - begin) / allocations : 0);
		fflush(stdout);
	}
	return 0;
}
