/* SPDX-License-Identifier: MIT */
/* The lender's process: lender.h says what it is for. */
#define _GNU_SOURCE
#include "lender.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "devices.h"
#include "real.h"

#define GRANULARITY_MINIMUM 0

static CUmemAllocationProp props_of(CUdevice device)
{
	CUmemAllocationProp props = {
	    .type = CU_MEM_ALLOCATION_TYPE_PINNED,
	    .requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
	    .location = {CU_MEM_LOCATION_TYPE_DEVICE, device},
	};

	return props;
}

static bool has_all(const struct cuda_real *real)
{
	return real->cuInit && real->cuDeviceGetCount && real->cuDeviceGet &&
	       real->cuDeviceTotalMem_v2 && real->cuDeviceCanAccessPeer && real->cuMemCreate &&
	       real->cuMemRelease && real->cuMemExportToShareableHandle &&
	       real->cuMemGetAllocationGranularity;
}

/* NVML says what is unused without a context, which would take memory of the card. */
static uint64_t unused_of(const char *id)
{
	const struct nvml_real *real = nvml_real();
	nvmlDevice_t device;
	nvmlMemory_t memory;

	if (!real->nvmlDeviceGetHandleByPciBusId_v2 || !real->nvmlDeviceGetMemoryInfo ||
	    real->nvmlDeviceGetHandleByPciBusId_v2(id + strlen("pci:"), &device) != NVML_SUCCESS ||
	    real->nvmlDeviceGetMemoryInfo(device, &memory) != NVML_SUCCESS)
		return 0;
	return memory.free;
}

static bool describe(int ordinal, struct lender_card *card)
{
	const struct cuda_real *real = cuda_real();
	CUdevice first, device;
	CUmemAllocationProp props;
	size_t total, granularity;
	int reaches = 0;

	memset(card, 0, sizeof(*card));
	if (real->cuDeviceGet(&first, 0) != CUDA_SUCCESS ||
	    real->cuDeviceGet(&device, ordinal) != CUDA_SUCCESS ||
	    !device_names(device, card->id, card->uuid) ||
	    real->cuDeviceTotalMem_v2(&total, device) != CUDA_SUCCESS)
		return false;
	card->total = total;
	card->unused = unused_of(card->id);
	props = props_of(device);
	if (real->cuMemGetAllocationGranularity(&granularity, &props, GRANULARITY_MINIMUM) ==
	    CUDA_SUCCESS)
		card->granularity = granularity;
	card->is_reached =
	    device == first ||
	    (real->cuDeviceCanAccessPeer(&reaches, first, device) == CUDA_SUCCESS && reaches);
	return true;
}

static void tell_cards(struct lender_answer *answer)
{
	int count = 0;

	answer->result = cuda_real()->cuDeviceGetCount(&count);
	for (int i = 0; answer->result == CUDA_SUCCESS && i < count && i < LENDER_CARDS; i++) {
		if (!describe(i, &answer->cards[i]))
			answer->result = CUDA_ERROR_UNKNOWN;
		answer->count++;
	}
}

/* The descriptor alone holds the memory then. */
static CUresult make_piece(CUdevice device, size_t bytes, int *descriptor)
{
	const struct cuda_real *real = cuda_real();
	CUmemAllocationProp props = props_of(device);
	CUmemGenericAllocationHandle handle;
	CUresult result = real->cuMemCreate(&handle, bytes, &props, 0);

	if (result != CUDA_SUCCESS)
		return result;
	result = real->cuMemExportToShareableHandle(descriptor, handle,
						    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0);
	real->cuMemRelease(handle);
	return result;
}

static void make_memory(const struct lender_request *request, struct lender_answer *answer,
			int descriptors[LENDER_PIECES])
{
	CUdevice device;

	answer->result = cuda_real()->cuDeviceGet(&device, (int)request->card);
	while (answer->result == CUDA_SUCCESS && answer->count < request->count &&
	       answer->count < LENDER_PIECES) {
		answer->result = make_piece(device, request->bytes, &descriptors[answer->count]);
		if (answer->result == CUDA_SUCCESS)
			answer->count++;
	}
}

static bool send_answer(const struct lender_answer *answer, const int *descriptors, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(LENDER_PIECES * sizeof(int))];
	} control;
	struct iovec data = {(void *)answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t sent;

	if (count) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
	}
	do
		sent = sendmsg(LENDER_SOCKET, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	for (size_t i = 0; i < count; i++)
		close(descriptors[i]);
	return sent == (ssize_t)sizeof(*answer);
}

/* No where nobody asks any more. */
static bool receive(struct lender_request *request)
{
	ssize_t got;

	do
		got = recv(LENDER_SOCKET, request, sizeof(*request), 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*request);
}

/* The driver is slow to begin: the program's own does so meanwhile. */
static CUresult begin(void)
{
	const char *gpus = getenv(LENDER_GPUS), *driver = getenv(LENDER_DRIVER);
	const struct nvml_real *nvml;

	if (!gpus || setenv("CUDA_VISIBLE_DEVICES", gpus, 1))
		return CUDA_ERROR_INVALID_VALUE;
	if (driver)
		real_seen(driver);
	if (!has_all(cuda_real()))
		return CUDA_ERROR_NOT_SUPPORTED;
	nvml = nvml_real();
	if (!nvml->nvmlInit_v2 || nvml->nvmlInit_v2() != NVML_SUCCESS)
		return CUDA_ERROR_NOT_SUPPORTED;
	return cuda_real()->cuInit(0);
}

static void serve(void)
{
	CUresult begun = begin();
	struct lender_request request;

	while (receive(&request)) {
		struct lender_answer answer = {.result = begun};
		int descriptors[LENDER_PIECES];
		size_t count = 0;

		if (begun == CUDA_SUCCESS && request.question == LENDER_ASK_CARDS) {
			tell_cards(&answer);
		} else if (begun == CUDA_SUCCESS && request.question == LENDER_ASK_MEMORY) {
			make_memory(&request, &answer, descriptors);
			count = answer.count;
		} else if (begun == CUDA_SUCCESS) {
			answer.result = CUDA_ERROR_INVALID_VALUE;
		}
		if (!send_answer(&answer, descriptors, count))
			break;
	}
}

/*
 * Where the file begins when the dynamic loader runs it. It is not the program's child, which would
 * be waited for, but init's.
 */
__attribute__((force_align_arg_pointer, noreturn, used)) void mvgal_cuda_lend(void);

__attribute__((force_align_arg_pointer, noreturn, used)) void mvgal_cuda_lend(void)
{
	if (fork() != 0)
		_exit(0);
	prctl(PR_SET_NAME, "mvgal-lender");
	syscall(SYS_close_range, LENDER_SOCKET + 1, ~0u, 0);
	if (chdir("/") == 0)
		serve();
	_exit(0);
}
