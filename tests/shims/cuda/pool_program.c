/* SPDX-License-Identifier: MIT */
/* Runs one test of pooled memory, by name, in a program of three cards (FAKE_CARDS). */
#include "pool_program.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "account.h"
#include "charged.h"
#include "pool.h"
#include "pool_cards.h"
#include "pool_lock.h"
#include "pool_spare.h"
#include "real.h"
#include "session.h"
#include "settings.h"
#include "view.h"

#define FORWARD(type, name, parameters, arguments)                                                 \
	type name parameters                                                                       \
	{                                                                                          \
		static type(*_Atomic function) parameters;                                         \
                                                                                                   \
		if (!function)                                                                     \
			function =                                                                 \
			    (type(*) parameters)dlsym(dlopen("libcuda.so.1", RTLD_LAZY), #name);   \
		return function arguments;                                                         \
	}
FORWARD(void, fake_fail, (const char *name, int after, int code), (name, after, code))
FORWARD(long, fake_calls, (const char *name), (name))
FORWARD(size_t, fake_used, (int device), (device))
FORWARD(int, fake_handles, (void), ())
FORWARD(int, fake_reservations, (void), ())
FORWARD(int, fake_card_at, (unsigned long long pointer), (pointer))
FORWARD(void, fake_begin_work, (void), ())
FORWARD(void, fake_end_work, (void), ())
FORWARD(int, fake_cards, (void), ())
FORWARD(int, fake_faults, (void), ())
FORWARD(void, fake_refuse_mixed, (int refuse), (refuse))

const struct settings *settings(void)
{
	static struct settings asked = {.enabled = true, .pool = true};

	return &asked;
}

/* The session's page, as far as it matters here. */
static struct {
	char id[16][64];
	atomic_llong bytes[16];
	atomic_uint count;
} page;

void mvgal_session_begin(const char *api)
{
	EXPECT(!strcmp(api, "cuda"));
}

uint32_t mvgal_session_gpu(const char *id)
{
	uint32_t i = 0;

	while (i < page.count && strcmp(page.id[i], id))
		i++;
	if (i == page.count) {
		strcpy(page.id[i], id);
		page.count++;
	}
	return i;
}

void mvgal_session_allocated(uint32_t gpu, uint64_t bytes)
{
	page.bytes[gpu] += (long long)bytes;
}

void mvgal_session_freed(uint32_t gpu, uint64_t bytes)
{
	page.bytes[gpu] -= (long long)bytes;
}

long long session_bytes(const char *id)
{
	return page.bytes[mvgal_session_gpu(id)];
}

size_t account_used[8], account_most[8];
static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER;

bool account_take(CUdevice device, size_t bytes)
{
	bool granted;

	pthread_mutex_lock(&accounts);
	granted = bytes <= account_most[device] - account_used[device];
	if (granted)
		account_used[device] += bytes;
	pthread_mutex_unlock(&accounts);
	return granted;
}

void account_give(CUdevice device, size_t bytes)
{
	pthread_mutex_lock(&accounts);
	EXPECT(bytes <= account_used[device]);
	account_used[device] -= bytes;
	pthread_mutex_unlock(&accounts);
}

void account_view(CUdevice device, size_t *unused, size_t *total)
{
	if (*total > account_most[device])
		*total = account_most[device];
	pthread_mutex_lock(&accounts);
	if (*unused > account_most[device] - account_used[device])
		*unused = account_most[device] - account_used[device];
	pthread_mutex_unlock(&accounts);
}

/* The hooks that are not the pool's own, without the accounts. */
#define DRIVERS(result, name, parameters, arguments)                                               \
	__attribute__((weak)) result charged_##name parameters                                     \
	{                                                                                          \
		return cuda_real()->name arguments;                                                \
	}
MVGAL_MEMORY_HOOKS(DRIVERS)

CUresult cuMemGetInfo_v2(size_t *unused, size_t *total)
{
	return pool_info(unused, total) ? CUDA_SUCCESS : charged_cuMemGetInfo_v2(unused, total);
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	return pool_total(device, bytes) ? CUDA_SUCCESS
					 : charged_cuDeviceTotalMem_v2(bytes, device);
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	pool_context_goes(cuda_current());
	return charged_cuDevicePrimaryCtxReset_v2(device);
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
	pool_context_gone(context);
	return CUDA_SUCCESS;
}

void expect_nothing_left(void)
{
	pool_lock();
	spare_drop(cards_pooled());
	pool_unlock();
	EXPECT(fake_handles() == 0);
	EXPECT(fake_reservations() == 0);
	EXPECT(fake_used(-1) == 0);
	for (int i = 0; i < 3; i++) {
		char id[64];

		EXPECT(fake_used(i) == 0);
		EXPECT(account_used[i] == 0);
		snprintf(id, sizeof(id), "pci:0000:%02x:00.0", 6 + i);
		EXPECT(session_bytes(id) == 0);
	}
	EXPECT(session_bytes("host") == 0);
	EXPECT(fake_faults() == 0);
}

CUcontext cuda_current(void)
{
	CUcontext context = NULL;

	EXPECT(cuda_real()->cuCtxGetCurrent(&context) == CUDA_SUCCESS);
	return context;
}

bool cuda_push(CUcontext context)
{
	return cuda_real()->cuCtxPushCurrent_v2(context) == CUDA_SUCCESS;
}

bool cuda_pop(CUcontext *context)
{
	return cuda_real()->cuCtxPopCurrent_v2(context) == CUDA_SUCCESS;
}

bool cuda_reserve(CUdeviceptr *pointer, size_t bytes)
{
	return cuda_real()->cuMemAddressReserve(pointer, bytes, 0, 0, 0) == CUDA_SUCCESS;
}

bool cuda_access(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc *access)
{
	return cuda_real()->cuMemSetAccess(pointer, bytes, access, 1) == CUDA_SUCCESS;
}

size_t random_below(size_t most)
{
	static __thread unsigned long long state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % most);
}

void fill(CUdeviceptr pointer, size_t bytes, unsigned long seed)
{
	char *at = (char *)(uintptr_t)pointer;

	for (size_t i = 0; i + sizeof(seed) <= bytes; i += 4096) {
		unsigned long word = seed ^ i;

		memcpy(at + i, &word, sizeof(word));
	}
	at[bytes - 1] = 'z';
}

void check(CUdeviceptr pointer, size_t bytes, unsigned long seed)
{
	const char *at = (const char *)(uintptr_t)pointer;

	for (size_t i = 0; i + sizeof(seed) < bytes; i += 4096) {
		unsigned long word;

		memcpy(&word, at + i, sizeof(word));
		EXPECT(word == (seed ^ i));
	}
	EXPECT(at[bytes - 1] == 'z');
}

static const struct {
	const char *name;
	void (*test)(void);
} tests[] = {
    {"plan", test_plan},
    {"arena", test_arena},
    {"one", test_one},
    {"many", test_many},
    {"local", test_local},
    {"failures", test_failures},
    {"fragments", test_fragments},
    {"threads", test_threads},
    {"stream order", test_stream_order},
    {"waits", test_waits},
    {"attributes", test_attributes},
    {"devices", test_devices},
    {"copies", test_copies},
    {"program's VMM", test_program_vmm},
    {"contexts", test_contexts},
    {"fork", test_fork},
    {"host", test_host},
    {"limits", test_limits},
    {"unreached", test_unreached},
};

int main(int count, char **arguments)
{
	CUcontext context;

	for (int i = 0; i < 8; i++)
		account_most[i] = SIZE_MAX;
	EXPECT(cuInit(0) == CUDA_SUCCESS);
	EXPECT(cuda_real()->cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
	EXPECT(cuda_real()->cuCtxPushCurrent_v2(context) == CUDA_SUCCESS);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (count == 2 && !strcmp(arguments[1], tests[i].name)) {
			tests[i].test();
			printf("done\n");
			return 0;
		}
	return 2;
}
