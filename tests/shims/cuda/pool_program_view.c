/* SPDX-License-Identifier: MIT */
/* What the program sees: one GPU, whose memory is all there is. */
#include "pool_program.h"

#include <string.h>

void test_devices(void)
{
	size_t total;

	EXPECT(cuDeviceTotalMem_v2(&total, 0) == CUDA_SUCCESS && total == 192 * MIB);
}

/* FAKE_UNREACHED: 2. */
void test_unreached(void)
{
	CUdeviceptr pointer;
	size_t unused, total;

	EXPECT(cuMemGetInfo_v2(&unused, &total) == CUDA_SUCCESS && total == 128 * MIB);
	EXPECT(cuMemAlloc_v2(&pointer, 110 * MIB) == CUDA_SUCCESS);
	EXPECT(fake_used(2) == 0);
	fill(pointer, 110 * MIB, 8);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	expect_nothing_left();
}

static void expect_block(CUdeviceptr pointer, size_t bytes, CUdeviceptr inner)
{
	static const int asked[] = {9, 11, 12, 2, 1, 13, 10, 8, 3, 4};
	CUdeviceptr start = 0, base = 0, device_pointer = 0;
	CUcontext context = NULL;
	unsigned char mapped = 7, ipc = 7, managed = 7;
	unsigned int type = 0;
	size_t size = 0;
	int ordinal = -1;
	void *host = (void *)7;
	void *values[] = {&ordinal, &start, &size,    &type,	       &context,
			  &mapped,  &ipc,   &managed, &device_pointer, &host};

	EXPECT(cuMemGetAddressRange_v2(&base, &size, inner) == CUDA_SUCCESS);
	EXPECT(base == pointer && size == bytes);
	EXPECT(cuMemGetAddressRange_v2(NULL, NULL, inner) == CUDA_SUCCESS);
	size = 0;
	EXPECT(cuPointerGetAttributes(10, (int *)asked, values, inner) == CUDA_SUCCESS);
	EXPECT(ordinal == 0 && start == pointer && size == bytes && type == 2);
	EXPECT(context == cuda_current() && mapped == 1 && !ipc && !managed);
	EXPECT(device_pointer == inner && !host);
	ordinal = -1;
	EXPECT(cuPointerGetAttribute(&ordinal, 9, inner) == CUDA_SUCCESS && ordinal == 0);
	EXPECT(cuPointerGetAttribute(&host, 4, inner) == CUDA_ERROR_INVALID_VALUE);
}

void test_attributes(void)
{
	unsigned long long first, second;
	CUdeviceptr pointer, local, small[2];
	CUipcMemHandle handle;
	size_t bytes = 115 * MIB - 100;

	EXPECT(cuMemAlloc_v2(&local, 10 * MIB) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&pointer, bytes) == CUDA_SUCCESS);
	for (size_t i = 0; i < bytes; i += 3 * MIB)
		expect_block(pointer, bytes, pointer + i);
	EXPECT(cuPointerGetAttribute(&first, 7, pointer) == CUDA_SUCCESS);
	EXPECT(cuPointerGetAttribute(&second, 7, pointer + 20 * MIB) == CUDA_SUCCESS);
	EXPECT(first == second);
	EXPECT(cuIpcGetMemHandle(&handle, pointer + 4) == CUDA_ERROR_NOT_SUPPORTED);
	EXPECT(cuIpcGetMemHandle(&handle, local) == CUDA_SUCCESS);
	/* The driver's stay its own. */
	EXPECT(cuMemGetAddressRange_v2(NULL, NULL, local) == CUDA_ERROR_NOT_FOUND);

	/* Small ones are blocks of their own. */
	fake_fail("cuMemAlloc_v2", 0, CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(cuMemAlloc_v2(&small[0], 5000) == CUDA_SUCCESS);
	fake_fail("cuMemAlloc_v2", 0, CUDA_ERROR_OUT_OF_MEMORY);
	EXPECT(cuMemAlloc_v2(&small[1], 300) == CUDA_SUCCESS);
	expect_block(small[0], 5000, small[0] + 4999);
	expect_block(small[1], 300, small[1]);
	EXPECT(cuPointerGetAttribute(&first, 7, small[0]) == CUDA_SUCCESS);
	EXPECT(cuPointerGetAttribute(&second, 7, small[1]) == CUDA_SUCCESS);
	EXPECT(first != second);
	EXPECT(cuMemFree_v2(small[0] + 1) == CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuMemFree_v2(pointer + 2 * MIB) == CUDA_ERROR_INVALID_VALUE);
	for (int i = 0; i < 2; i++)
		EXPECT(cuMemFree_v2(small[i]) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(pointer) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(local) == CUDA_SUCCESS);
	expect_nothing_left();
}

/* A driver that takes memory of one card alone in a call is given the pieces. */
void test_copies(void)
{
	size_t bytes = 90 * MIB;
	unsigned char *host = malloc(bytes);
	CUdeviceptr one, other;

	for (size_t i = 0; i < bytes; i++)
		host[i] = (unsigned char)(i * 7 + i / 4096);
	EXPECT(cuMemAlloc_v2(&one, bytes) == CUDA_SUCCESS);
	EXPECT(cuMemAlloc_v2(&other, bytes) == CUDA_SUCCESS);
	for (int refuse = 0; refuse < 2; refuse++) {
		size_t at = MIB + 12, part = bytes - 3 * MIB;

		fake_refuse_mixed(refuse);
		EXPECT(cuMemsetD32_v2(one + 4, 0x01020304, bytes / 4 - 2) == CUDA_SUCCESS);
		EXPECT(cuMemsetD32_v2(other, 0, bytes / 4) == CUDA_SUCCESS);
		for (size_t i = 4; i < bytes - 4; i += 4)
			EXPECT(*(unsigned int *)(uintptr_t)(one + i) == 0x01020304);
		EXPECT(cuMemcpyHtoD_v2(one, host, bytes) == CUDA_SUCCESS);
		EXPECT(!memcmp((void *)(uintptr_t)one, host, bytes));
		EXPECT(cuMemcpyDtoDAsync_v2(other + at, one + 3, part, NULL) == CUDA_SUCCESS);
		EXPECT(!memcmp((void *)(uintptr_t)(other + at), host + 3, part));
		EXPECT(*(unsigned char *)(uintptr_t)(other + at - 1) == 0);
		EXPECT(*(unsigned char *)(uintptr_t)(other + at + part) == 0);
	}
	/* A failure is the driver's. */
	fake_fail("cuMemcpyHtoD_v2", 0, 700);
	EXPECT(cuMemcpyHtoD_v2(one, host, bytes) == 700);
	fake_fail("cuMemcpyHtoD_v2", 3, 700);
	EXPECT(cuMemcpyHtoD_v2(one, host, bytes) == 700);
	EXPECT(cuMemFree_v2(one) == CUDA_SUCCESS);
	EXPECT(cuMemFree_v2(other) == CUDA_SUCCESS);
	free(host);
	expect_nothing_left();
}

/* As PyTorch's expandable segments: the program maps handles of its own GPU, more than that has. */
void test_program_vmm(void)
{
	CUmemAllocationProp props = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
	CUmemAccessDesc access = {props.location, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
	CUmemGenericAllocationHandle handles[9], more;
	CUmemAllocationProp found;
	CUdeviceptr base;
	int on[3] = {0}, ordinal;

	EXPECT(cuda_reserve(&base, 180 * MIB));
	for (size_t i = 0; i < 9; i++) {
		EXPECT(cuMemCreate(&handles[i], 20 * MIB, &props, 0) == CUDA_SUCCESS);
		EXPECT(cuMemMap(base + i * 20 * MIB, 20 * MIB, 0, handles[i], 0) == CUDA_SUCCESS);
		EXPECT(cuda_access(base + i * 20 * MIB, 20 * MIB, &access));
		EXPECT(cuMemGetAllocationPropertiesFromHandle(&found, handles[i]) == CUDA_SUCCESS);
		EXPECT(found.location.id == 0);
		on[fake_card_at(base + i * 20 * MIB)]++;
		EXPECT(cuPointerGetAttribute(&ordinal, 9, base + i * 20 * MIB) == CUDA_SUCCESS);
		EXPECT(ordinal == 0);
	}
	EXPECT(props.location.id == 0);
	EXPECT(on[0] == 3 && on[1] == 3 && on[2] == 3);
	EXPECT(cuMemCreate(&more, 20 * MIB, &props, 0) == CUDA_ERROR_OUT_OF_MEMORY);
	fill(base, 180 * MIB, 2);
	check(base, 180 * MIB, 2);
	EXPECT(cuMemUnmap(base, 180 * MIB) == CUDA_SUCCESS);
	for (int i = 0; i < 9; i++)
		EXPECT(cuMemRelease(handles[i]) == CUDA_SUCCESS);
	EXPECT(fake_handles() == 0);
}
