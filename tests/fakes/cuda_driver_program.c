/* Proves the fake driver's own rules; an argument names the scenario. */
#include "cuda_driver_program.h"
#include "cuda_driver_program_graphs.h"
#include "cuda_driver_program_memory.h"

static void basics(void)
{
	int count, major, minor;
	size_t total;
	char name[64];
	CUdevice device;
	CUcontext current, second;

	EXPECT(CUDA_ERROR_NOT_INITIALIZED, CU(cuDeviceGetCount, &count));
	OK(cuInit, 0);
	OK(cuDeviceGetCount, &count);
	REQUIRE(count == 2);
	OK(cuDeviceGet, &device, 1);
	EXPECT(CUDA_ERROR_INVALID_DEVICE, CU(cuDeviceGet, &device, 2));
	OK(cuDeviceGetName, name, 64, 0);
	REQUIRE(!strcmp(name, "NVIDIA H200"));
	OK(cuDeviceTotalMem, &total, 0);
	REQUIRE(total == 256 * MIB);
	OK(cuDeviceGetAttribute, &major, 75, 0);
	OK(cuDeviceGetAttribute, &minor, 76, 0);
	REQUIRE(major == 9 && minor == 0);
	EXPECT(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxSynchronize));
	use_device(0);
	REQUIRE(free_memory() == 256 * MIB - 10 * MIB);
	OK(cuCtxGetCurrent, &current);
	OK(cuCtxCreate, &second, NULL, 0, 1);
	OK(cuCtxGetDevice, &device);
	REQUIRE(device == 1);
	OK(cuCtxDestroy, second);
	OK(cuCtxGetDevice, &device);
	REQUIRE(device == 0);
	EXPECT(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxDestroy, second));
	OK(cuDevicePrimaryCtxRelease, 0);
	EXPECT(CUDA_ERROR_INVALID_CONTEXT, CU(cuDevicePrimaryCtxRelease, 0));
}

static void memory(void)
{
	CUdeviceptr large, small[4], none;
	unsigned char bytes[64], back[64];

	use_device(0);
	size_t before = free_memory();
	OK(cuMemAlloc, &large, 100 * MIB);
	REQUIRE(free_memory() == before - 100 * MIB);
	for (int i = 0; i < 4; i++)
		OK(cuMemAlloc, &small[i], (size_t)1000);
	REQUIRE(free_memory() == before - 102 * MIB);
	EXPECT(CUDA_ERROR_OUT_OF_MEMORY, CU(cuMemAlloc, &none, 200 * MIB));
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemAlloc, &none, (size_t)0));
	for (int i = 0; i < 64; i++)
		bytes[i] = (unsigned char)(i * 3);
	OK(cuMemcpyHtoD, large + 5, bytes, (size_t)64);
	OK(cuMemcpyDtoD, small[1], large + 5, (size_t)64);
	OK(cuMemcpyDtoH, back, small[1], (size_t)64);
	REQUIRE(!memcmp(bytes, back, 64));
	OK(cuMemsetD32, small[1], 0x01020304, (size_t)16);
	OK(cuMemcpy, (CUdeviceptr)back, small[1], (size_t)64);
	REQUIRE(back[0] == 4 && back[63] == 1);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemFree, large + 1));
	OK(cuMemFree, large);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemFree, large));
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyDtoH, back, large, (size_t)64));
	for (int i = 0; i < 4; i++)
		OK(cuMemFree, small[i]);
	REQUIRE(free_memory() == before);
}

static void timeline(void)
{
	CUfunction spin;
	CUstream streams[2];
	CUevent events[3];
	float milliseconds;

	use_device(0);
	spin = kernel("spin_20ms");
	for (int i = 0; i < 2; i++)
		OK(cuStreamCreate, &streams[i], 1);
	for (int i = 0; i < 3; i++)
		OK(cuEventCreate, &events[i], 0);
	double start = seconds();
	OK(cuEventRecord, events[0], streams[0]);
	EXPECT(0, launch(spin, streams[0], NULL));
	EXPECT(0, launch(spin, streams[1], NULL));
	OK(cuEventRecord, events[1], streams[0]);
	OK(cuEventRecord, events[2], streams[1]);
	EXPECT(CUDA_ERROR_NOT_READY, CU(cuEventQuery, events[1]));
	EXPECT(CUDA_ERROR_NOT_READY, CU(cuStreamQuery, streams[1]));
	EXPECT(CUDA_ERROR_NOT_READY,
	       CU(cuEventElapsedTime, &milliseconds, events[0], events[2]));
	OK(cuStreamSynchronize, streams[1]);
	REQUIRE(seconds() - start >= 0.040);
	OK(cuStreamQuery, streams[0]);
	OK(cuEventElapsedTime, &milliseconds, events[1], events[2]);
	REQUIRE(milliseconds > 19.99 && milliseconds < 20.01);
	OK(cuEventElapsedTime, &milliseconds, events[0], events[2]);
	REQUIRE(milliseconds >= 40);
	EXPECT(CUDA_ERROR_INVALID_HANDLE, CU(cuStreamQuery, (CUstream)events[0]));
	OK(cuStreamDestroy, streams[0]);
	EXPECT(CUDA_ERROR_INVALID_HANDLE, CU(cuStreamDestroy, streams[0]));
}

static void kernels(void)
{
	CUdeviceptr buffer, out;
	uint64_t size = 3 * MIB, sum = 0, eight = 8;
	unsigned int value = 7;
	void *fill[] = {&buffer, &size, &value}, *sums[] = {&buffer, &size, &out};
	CUfunction function;
	CUmodule module;

	use_device(0);
	OK(cuMemAlloc, &buffer, size);
	OK(cuMemAlloc, &out, eight);
	EXPECT(0, launch(kernel("fill"), NULL, fill));
	EXPECT(0, launch(kernel("sum_10us"), NULL, sums));
	OK(cuMemcpyDtoH, &sum, out, eight);
	REQUIRE(sum == 7 * size);
	EXPECT(CUDA_ERROR_INVALID_VALUE,
	       CU(cuLaunchKernel, kernel("empty"), 0, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
	EXPECT(CUDA_ERROR_INVALID_VALUE,
	       CU(cuLaunchKernel, kernel("empty"), 1, 1, 1, 1025, 1, 1, 0, NULL, NULL, NULL));
	EXPECT(CUDA_ERROR_INVALID_VALUE, launch(kernel("fill"), NULL, NULL));
	OK(cuModuleLoadData, &module, ".version 7.0 .entry spin_1us");
	OK(cuModuleGetFunction, &function, module, "spin_1us");
	EXPECT(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetFunction, &function, module, "fill"));
	OK(cuModuleUnload, module);
	EXPECT(CUDA_ERROR_INVALID_HANDLE, CU(cuModuleUnload, module));
	OK(cuCtxSynchronize);
	buffer += size; /* one byte past what is mapped */
	EXPECT(0, launch(kernel("fill"), NULL, fill));
	EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuCtxSynchronize));
	EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuMemAlloc, &out, eight));
}

static void called(void *data)
{
	int *order = data;

	order[1 + order[0]] = order[0] + 1;
	order[0]++;
}

static void callbacks(void)
{
	int order[4] = {0};
	CUstream stream;

	use_device(0);
	OK(cuStreamCreate, &stream, 1);
	EXPECT(0, launch(kernel("spin_10ms"), stream, NULL));
	OK(cuLaunchHostFunc, stream, called, order);
	OK(cuLaunchHostFunc, stream, called, order);
	EXPECT(CUDA_ERROR_NOT_READY, CU(cuStreamQuery, stream));
	OK(cuStreamSynchronize, stream);
	REQUIRE(order[0] == 2 && order[1] == 1 && order[2] == 2);
}

static CUresult ask(const char *name, int version, uint64_t flags, void **out, int *status)
{
	return ((resolver)dlsym(cuda_library, "cuGetProcAddress_v2"))(name, out, version, flags,
								      status);
}

static void resolvers(void)
{
	void *found;
	int status;

	use_device(0);
#define IS(SYMBOL) (found == dlsym(cuda_library, #SYMBOL) && found)
	EXPECT(0, ask("cuMemAlloc", 3000, 0, &found, &status));
	REQUIRE(IS(cuMemAlloc) && status == 0);
	EXPECT(0, ask("cuMemAlloc", 11000, 0, &found, &status));
	REQUIRE(IS(cuMemAlloc_v2));
	EXPECT(0, ask("cuLaunchKernel", 12000, 0, &found, &status));
	REQUIRE(IS(cuLaunchKernel));
	EXPECT(0, ask("cuLaunchKernel", 12000, 1, &found, &status));
	REQUIRE(IS(cuLaunchKernel));
	EXPECT(0, ask("cuLaunchKernel", 12000, 2, &found, &status));
	REQUIRE(IS(cuLaunchKernel_ptsz));
	EXPECT(0, ask("cuMemcpyHtoD", 12000, 2, &found, &status));
	REQUIRE(IS(cuMemcpyHtoD_v2_ptds));
	EXPECT(0, ask("cuMemAlloc", 12000, 2, &found, &status));
	REQUIRE(IS(cuMemAlloc_v2));
	EXPECT(0, ask("cuCtxCreate", 12040, 0, &found, &status));
	REQUIRE(IS(cuCtxCreate_v3));
	EXPECT(0, ask("cuLaunchKernelEx", 11000, 0, &found, &status));
	REQUIRE(!found && status == 2);
	EXPECT(0, ask("cuNothing", 12000, 0, &found, &status));
	REQUIRE(!found && status == 1);
	EXPECT(0, ask("cuMemAlloc_v2", 12000, 0, &found, &status));
	REQUIRE(!found && status == 1);
	EXPECT(CUDA_ERROR_INVALID_VALUE, ask("cuMemAlloc", 99000, 0, &found, &status));
	EXPECT(0, ask("cuGetProcAddress", 12000, 0, &found, &status));
	REQUIRE(IS(cuGetProcAddress_v2));
	EXPECT(0, ask("cuGetProcAddress", 11030, 0, &found, &status));
	REQUIRE(IS(cuGetProcAddress));
	EXPECT(CUDA_ERROR_NOT_FOUND, ((resolver)found)("cuNothing", &found, 11030, 0, NULL));
}

/* An old driver: neither the second resolver nor launches with attributes. */
static void old_driver(void)
{
	use_device(0);
	REQUIRE(driver_version == 11040);
	REQUIRE(!dlsym(cuda_library, "cuGetProcAddress_v2"));
	REQUIRE(dlsym(cuda_library, "cuGetProcAddress"));
	REQUIRE(!dlsym(cuda_library, "cuLaunchKernelEx"));
}

static void forked(void)
{
	int count;

	use_device(0);
	if (fork() == 0) {
		EXPECT(CUDA_ERROR_NOT_INITIALIZED, CU(cuDeviceGetCount, &count));
		EXPECT(CUDA_ERROR_NOT_INITIALIZED, CU(cuInit, 0));
		_exit(0);
	}
	OK(cuDeviceGetCount, &count);
}

static void hold(const char *mebibytes)
{
	CUdeviceptr pointer;

	use_device(0);
	OK(cuMemAlloc, &pointer, (size_t)atoi(mebibytes) * MIB);
	tell_and_wait();
}

static void refuse(const char *mebibytes)
{
	CUdeviceptr pointer;

	use_device(0);
	EXPECT(CUDA_ERROR_OUT_OF_MEMORY,
	       CU(cuMemAlloc, &pointer, (size_t)atoi(mebibytes) * MIB));
}

/* As many kernels of 2 ms as it takes for 200 ms alone; prints the share that it got. */
static void contend(void)
{
	CUevent events[2];
	float milliseconds;

	use_device(0);
	for (int i = 0; i < 2; i++)
		OK(cuEventCreate, &events[i], 0);
	tell_and_wait();
	OK(cuEventRecord, events[0], NULL);
	for (int i = 0; i < 100; i++)
		EXPECT(0, launch(kernel("spin_2ms"), NULL, NULL));
	OK(cuEventRecord, events[1], NULL);
	OK(cuCtxSynchronize);
	OK(cuEventElapsedTime, &milliseconds, events[0], events[1]);
	printf("%f\n", (double)milliseconds);
}

struct sample {
	unsigned int pid;
	unsigned long long used;
	unsigned int instances[2];
};

/* What NVML tells of the first device: bytes used in all, and each process with its bytes. */
static void observe(void)
{
	void *nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW), *device;
	unsigned long long memory[3];
	unsigned int count = 64, rates[2];
	struct sample list[64];

	REQUIRE(nvml);
#define NVML(NAME, ...) EXPECT(0, ((int (*)())dlsym(nvml, #NAME))(__VA_ARGS__))
	NVML(nvmlInit_v2);
	NVML(nvmlDeviceGetHandleByIndex_v2, 0, &device);
	NVML(nvmlDeviceGetMemoryInfo, device, memory);
	NVML(nvmlDeviceGetComputeRunningProcesses_v3, device, &count, list);
	NVML(nvmlDeviceGetUtilizationRates, device, rates);
	printf("%llu", memory[2]);
	for (unsigned int i = 0; i < count; i++)
		printf(" %u:%llu", list[i].pid, list[i].used);
	printf("\n");
}

static void ordinals(void)
{
	char pci[32];
	int count;

	OK(cuInit, 0);
	OK(cuDeviceGetCount, &count);
	for (int i = 0; i < count; i++) {
		OK(cuDeviceGetPCIBusId, pci, 32, i);
		printf("%s%s", i ? " " : "", pci);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)();
	} scenarios[] = {
		{"basics", basics},	  {"memory", memory},	    {"timeline", timeline},
		{"kernels", kernels},	  {"callbacks", callbacks}, {"resolvers", resolvers},
		{"old_driver", old_driver}, {"forked", forked},	    {"hold", hold},
		{"refuse", refuse},	  {"contend", contend},	    {"observe", observe},
		{"ordinals", ordinals},	  MEMORY_SCENARIOS	    GRAPH_SCENARIOS
	};

	for (size_t i = 0; argc > 1 && i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (!strcmp(argv[1], scenarios[i].name)) {
			if (argc > 2)
				((void (*)(const char *))scenarios[i].run)(argv[2]);
			else
				scenarios[i].run();
			return 0;
		}
	fprintf(stderr, "no such scenario\n");
	return 2;
}
