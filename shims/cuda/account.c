/* SPDX-License-Identifier: MIT */
#include "account.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "async.h"
#include "blocks.h"
#include "device_limits.h"
#include "group.h"
#include "ledger.h"
#include "limits_now.h"
#include "overhead.h"
#include "session.h"
#include "settings.h"

/* How often NVML is asked what the driver itself needs; it takes it a ms or so. */
#define OVERHEAD_NS 2000000000u
#define OVERHEAD_SOON_NS 20000000u

struct account {
	_Atomic(const struct device *) device;
	/* Its number in group.h. */
	uint32_t gpu;
	/* Reserved and neither kept nor cancelled yet: NVML may or may not tell of these. */
	_Atomic uint64_t pending;
	/* How often anything changed. */
	_Atomic uint64_t changes;
	_Atomic uint64_t overhead, overhead_next;
	/* Pieces of memory of which NVML does not say what is charged. */
	_Atomic uint64_t blurred;
};

static struct {
	pthread_once_t once;
	pthread_mutex_t adding;
	struct account accounts[MVGAL_SESSION_GPUS];
	/* Threads in calls that change what there is, and how many such calls have ended. */
	_Atomic uint64_t busy, ended;
} state = {.once = PTHREAD_ONCE_INIT, .adding = PTHREAD_MUTEX_INITIALIZER};

/* The child has none of the parent's memory, and CUDA does not work in it where the parent had used
 * it. */
static void after_fork(void)
{
	state.adding = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	state.busy = 0;
	for (int i = 0; i < MVGAL_SESSION_GPUS; i++) {
		struct account *account = &state.accounts[i];

		account->pending = account->changes = 0;
		account->overhead = account->overhead_next = 0;
		account->blurred = 0;
	}
	group_after_fork();
	ledger_after_fork();
	limits_after_fork();
	overhead_after_fork();
	blocks_after_fork();
	async_after_fork();
}

static void begin(void)
{
	pthread_atfork(NULL, NULL, after_fork);
}

void account_begin(void)
{
	pthread_once(&state.once, begin);
}

static struct account *find(const struct device *device)
{
	for (int i = 0; i < MVGAL_SESSION_GPUS; i++) {
		const struct device *known =
		    atomic_load_explicit(&state.accounts[i].device, memory_order_acquire);

		if (known == device)
			return &state.accounts[i];
		if (!known)
			break;
	}
	return NULL;
}

/* NULL where nothing is to be charged. */
static struct account *account_of(const struct device *device)
{
	struct account *account;

	if (!device)
		return NULL;
	account = find(device);
	if (account)
		return account;
	account_begin();
	pthread_mutex_lock(&state.adding);
	account = find(device);
	for (int i = 0; i < MVGAL_SESSION_GPUS && !account; i++) {
		if (state.accounts[i].device)
			continue;
		account = &state.accounts[i];
		account->gpu = group_gpu(device->id);
		atomic_store_explicit(&account->device, device, memory_order_release);
	}
	pthread_mutex_unlock(&state.adding);
	return account;
}

const struct device *account_current(void)
{
	return settings()->enabled ? device_current() : NULL;
}

const struct device *account_device(CUdevice device)
{
	return settings()->enabled ? device_of(device) : NULL;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void set_overhead(struct account *account, uint64_t bytes)
{
	uint64_t before = atomic_exchange(&account->overhead, bytes);
	const struct device *device = account->device;

	if (bytes > before) {
		group_add(account->gpu, bytes - before);
		mvgal_session_allocated(device->row, bytes - before);
	} else if (bytes < before) {
		group_give(account->gpu, before - bytes);
		mvgal_session_freed(device->row, before - bytes);
	}
}

/*
 * What NVML says that this process has, less what is charged for. Only where a limit counts it, and
 * where nothing changes while NVML is asked.
 */
static void look_at_overhead(struct account *account)
{
	const struct device *device = account->device;
	uint64_t next = account->overhead_next;
	uint64_t now = now_ns();
	uint64_t changes, ended, usage, charged;
	bool answered;

	if (now < next || account->blurred ||
	    !atomic_compare_exchange_strong(&account->overhead_next, &next, now + OVERHEAD_NS) ||
	    limits_of(device).bytes == SETTINGS_NO_BYTES)
		return;
	async_settle(device);
	changes = account->changes;
	ended = state.ended;
	answered = !account->pending && !state.busy && overhead_usage(device->id, &usage);
	charged = group_own(account->gpu) - account->overhead;
	if (account->pending || account->changes != changes || state.busy || state.ended != ended)
		account->overhead_next = now + OVERHEAD_SOON_NS;
	else if (answered)
		set_overhead(account, usage > charged ? usage - charged : 0);
}

static uint64_t own_limit(const struct device *device)
{
	return limits_own_bytes(device->device, device->id, device->uuid);
}

static bool reserve(struct account *account, const struct device *device, uint64_t bytes)
{
	bool taken;

	look_at_overhead(account);
	atomic_fetch_add(&account->pending, 1);
	taken = group_take(account->gpu, bytes, own_limit(device));
	if (!taken)
		atomic_fetch_sub(&account->pending, 1);
	return taken;
}

bool account_reserve(const struct device *device, uint64_t bytes)
{
	struct account *account = account_of(device);
	uint64_t soon = now_ns() + OVERHEAD_SOON_NS;

	if (!account || !bytes || reserve(account, device, bytes))
		return true;
	/* The driver gives memory of pools back by itself, and what it needs itself may be less by
	 * now. */
	async_settle(device);
	if (account->overhead_next > soon)
		account->overhead_next = 0;
	return reserve(account, device, bytes);
}

/* What was reserved has come to something. */
static void settle(struct account *account)
{
	atomic_fetch_add(&account->changes, 1);
	atomic_fetch_sub(&account->pending, 1);
}

void account_keep(const struct device *device, uint64_t bytes)
{
	struct account *account = account_of(device);

	if (!account || !bytes)
		return;
	settle(account);
	mvgal_session_allocated(device->row, bytes);
}

void account_cancel(const struct device *device, uint64_t bytes)
{
	struct account *account = account_of(device);

	if (!account || !bytes)
		return;
	group_give(account->gpu, bytes);
	settle(account);
}

void account_force(const struct device *device, uint64_t bytes)
{
	struct account *account = account_of(device);

	if (!account || !bytes)
		return;
	group_add(account->gpu, bytes);
	atomic_fetch_add(&account->changes, 1);
	mvgal_session_allocated(device->row, bytes);
}

void account_release(const struct device *device, uint64_t bytes)
{
	struct account *account = account_of(device);

	if (!account || !bytes)
		return;
	group_give(account->gpu, bytes);
	atomic_fetch_add(&account->changes, 1);
	mvgal_session_freed(device->row, bytes);
}

bool account_take(CUdevice device, size_t bytes)
{
	const struct device *charged = account_device(device);
	struct account *account = account_of(charged);

	if (!account_reserve(charged, bytes))
		return false;
	if (account && bytes)
		settle(account);
	return true;
}

void account_give(CUdevice device, size_t bytes)
{
	struct account *account = account_of(account_device(device));

	if (!account || !bytes)
		return;
	group_give(account->gpu, bytes);
	atomic_fetch_add(&account->changes, 1);
}

void account_blur(const struct device *device)
{
	struct account *account = account_of(device);

	if (account)
		atomic_fetch_add(&account->blurred, 1);
}

void account_unblur(const struct device *device)
{
	struct account *account = account_of(device);

	if (account)
		atomic_fetch_sub(&account->blurred, 1);
}

void account_busy(void)
{
	atomic_fetch_add(&state.busy, 1);
}

void account_idle(void)
{
	atomic_fetch_add(&state.ended, 1);
	atomic_fetch_sub(&state.busy, 1);
}

void account_look(const struct device *device)
{
	struct account *account = account_of(device);

	if (account)
		look_at_overhead(account);
}

void account_context_gone(void)
{
	for (int i = 0; i < MVGAL_SESSION_GPUS && state.accounts[i].device; i++) {
		struct account *account = &state.accounts[i];

		if (!account->overhead)
			continue;
		account->overhead_next = 0;
		look_at_overhead(account);
	}
}
