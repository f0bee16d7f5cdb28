/* SPDX-License-Identifier: MIT */
/*
 * A program whose kernels read pooled memory again and again, on cards of 256 MiB. It prints one
 * thing a line: what its kernels sum up, whether memory holds what was written, and what is unused.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)
#define OPERANDS 3
#define OPERAND (48 * MIB)

typedef int function();
typedef unsigned long long pointer;

static void *library, *kernel;
static unsigned char *pattern, *read_back;

static function *driver(const char *name)
{
	function *found = (function *)dlsym(library, name);

	if (!found) {
		printf("no %s\n", name);
		exit(1);
	}
	return found;
}

static void must(const char *what, int result)
{
	if (result) {
		printf("%s: %d\n", what, result);
		exit(1);
	}
}

static unsigned char byte_at(int operand, size_t i)
{
	return (unsigned char)(i * 31 + i / 4096 + (size_t)operand * 7);
}

static void write_operand(int operand, pointer at)
{
	for (size_t i = 0; i < OPERAND; i++)
		pattern[i] = byte_at(operand, i);
	must("write", driver("cuMemcpyHtoD_v2")(at, pattern, OPERAND));
}

static size_t wrong_in(int operand, pointer at)
{
	size_t wrong = 0;

	must("read", driver("cuMemcpyDtoH_v2")(read_back, at, OPERAND));
	for (size_t i = 0; i < OPERAND; i++)
		wrong += read_back[i] != byte_at(operand, i);
	return wrong;
}

static unsigned long long sum_of(int operand)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < OPERAND; i++)
		sum += byte_at(operand, i);
	return sum;
}

/* Launches until an operand has been summed up so often; how often that was wrong. */
static int sum(int operand, pointer at, pointer result, int times)
{
	size_t bytes = OPERAND;
	void *parameters[] = {&at, &bytes, &result};
	unsigned long long told = 0;
	int wrong = 0;

	for (int i = 0; i < times; i++) {
		must("launch",
		     driver("cuLaunchKernel")(kernel, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
		must("read sum", driver("cuMemcpyDtoH_v2")(&told, result, sizeof(told)));
		wrong += told != sum_of(operand);
	}
	return wrong;
}

static void show_unused(const char *when)
{
	size_t unused = 0, total = 0;

	must("info", driver("cuMemGetInfo_v2")(&unused, &total));
	printf("%s: %zu MiB\n", when, unused / MIB);
}

/* Another thread that gives work all the while. */
static volatile int is_over;
static void *context;

static void *give_work(void *data)
{
	pointer at = *(pointer *)data;
	long wrong = 0;
	unsigned int value;

	must("push", driver("cuCtxPushCurrent_v2")(context));
	for (unsigned int i = 0; !is_over; i++) {
		must("set", driver("cuMemsetD32_v2")(at, i, 1024));
		must("get", driver("cuMemcpyDtoH_v2")(&value, at + 4 * (i % 1024), 4));
		wrong += value != i;
	}
	return (void *)wrong;
}

int main(void)
{
	pointer operands[OPERANDS], result, local, more, beside;
	void *module, *wrong = NULL;
	pthread_t thread;
	int failed = 0;

	pattern = malloc(OPERAND);
	read_back = malloc(OPERAND);
	library = dlopen("libcuda.so.1", RTLD_LAZY);
	must("init", driver("cuInit")(0));
	must("context", driver("cuDevicePrimaryCtxRetain")(&context, 0));
	must("push", driver("cuCtxPushCurrent_v2")(context));
	must("module", driver("cuModuleLoadData")(&module, "sum_5ms"));
	must("kernel", driver("cuModuleGetFunction")(&kernel, module, "sum_5ms"));
	show_unused("at first");
	must("result", driver("cuMemAlloc_v2")(&result, 4096));
	/* The own card keeps room for one operand, and no operand fits beside what is there. */
	must("local", driver("cuMemAlloc_v2")(&local, 200 * MIB));
	for (int i = 0; i < OPERANDS; i++) {
		must("operand", driver("cuMemAlloc_v2")(&operands[i], OPERAND));
		write_operand(i, operands[i]);
	}
	must("beside", driver("cuMemAlloc_v2")(&beside, 50 * MIB));
	pthread_create(&thread, NULL, give_work, &beside);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < OPERANDS; i++)
			failed += sum(i, operands[i], result, 4);
	printf("wrong sums: %d\n", failed);
	for (int i = 0; i < OPERANDS; i++)
		printf("wrong bytes: %zu\n", wrong_in(i, operands[i]));
	/* Written where it lies now, and read when it is back. */
	write_operand(5, operands[0]);
	must("free", driver("cuMemFree_v2")(local));
	must("more", driver("cuMemAlloc_v2")(&more, 250 * MIB));
	printf("wrong bytes: %zu\n", wrong_in(5, operands[0]));
	printf("wrong bytes: %zu\n", wrong_in(2, operands[2]));
	is_over = 1;
	pthread_join(thread, &wrong);
	printf("wrong beside: %ld\n", (long)wrong);
	must("free", driver("cuMemFree_v2")(more));
	must("free", driver("cuMemFree_v2")(beside));
	for (int i = 0; i < OPERANDS; i++)
		must("free", driver("cuMemFree_v2")(operands[i]));
	must("free", driver("cuMemFree_v2")(result));
	show_unused("at last");
	return 0;
}
