/* SPDX-License-Identifier: MIT */
#include "device_limits.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "group.h"
#include "limits_now.h"
#include "session.h"
#include "settings.h"

/* How often the policy and the group's file are looked at by who only asks. */
#define POLICY_NS 4000000
#define GROUP_NS 50000000

/* A GPU's limits as they were last found. */
struct known {
	_Atomic(const struct device *) device;
	_Atomic uint64_t bytes;
	_Atomic uint32_t compute_pct;
	/* Of the group's file alone. */
	uint64_t group_bytes;
	uint32_t group_pct;
};

static struct {
	pthread_mutex_t lock;
	struct known known[MVGAL_SESSION_GPUS];
	struct mvgal_session_policy policy;
	_Atomic uint64_t policy_next, group_next;
} limits = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The clock of the kernel's ticks: some ns to read, some ms exact. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void narrow(uint64_t *bytes, uint32_t *compute_pct, uint64_t other_bytes, uint32_t other_pct)
{
	if (other_bytes < *bytes)
		*bytes = other_bytes;
	if (other_pct < *compute_pct)
		*compute_pct = other_pct;
}

/* What was set by hand holds in place of the environment's. */
static void obey(const struct mvgal_policy_gpu *policy, uint64_t *bytes, uint32_t *compute_pct)
{
	if (policy->flags & MVGAL_POLICY_GPU_MEMORY_BY_HAND)
		*bytes = policy->memory_limit_bytes;
	if (policy->flags & MVGAL_POLICY_GPU_TIME_BY_HAND)
		*compute_pct = policy->compute_pct;
	narrow(bytes, compute_pct, policy->memory_limit_bytes, policy->compute_pct);
}

/* What is asked of this process alone. With the lock. */
static void find_own(int index, const char *id, const char *uuid, uint64_t *bytes,
		     uint32_t *compute_pct)
{
	const struct mvgal_session_policy *policy = &limits.policy;

	*bytes = SETTINGS_NO_BYTES;
	*compute_pct = SETTINGS_FULL_SM;
	settings_for(index, uuid[0] ? uuid : NULL, bytes, compute_pct);
	for (uint32_t i = 0; i < policy->gpu_count; i++)
		if (!strncmp(policy->gpus[i].id, id, sizeof(policy->gpus[i].id)))
			obey(&policy->gpus[i], bytes, compute_pct);
}

static void find_limits(struct known *known, const struct device *device)
{
	uint64_t bytes;
	uint32_t compute_pct;

	find_own(device->device, device->id, device->uuid, &bytes, &compute_pct);
	narrow(&bytes, &compute_pct, known->group_bytes, known->group_pct);
	atomic_store_explicit(&known->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&known->compute_pct, compute_pct, memory_order_relaxed);
}

/* With the lock, as all that looks. */
static void look_at_policy(void)
{
	if (!mvgal_session_policy_read(&limits.policy))
		return;
	for (int i = 0; i < MVGAL_SESSION_GPUS && limits.known[i].device; i++)
		find_limits(&limits.known[i], limits.known[i].device);
}

static void look_at_group(void)
{
	for (int i = 0; i < MVGAL_SESSION_GPUS && limits.known[i].device; i++) {
		struct known *known = &limits.known[i];
		const struct device *device = known->device;

		group_limits(device->id, &known->group_bytes, &known->group_pct);
		find_limits(known, device);
	}
}

static void look_again(uint64_t now)
{
	look_at_policy();
	limits.policy_next = now + POLICY_NS;
	if (!settings()->group[0] || now < limits.group_next)
		return;
	look_at_group();
	limits.group_next = now + GROUP_NS;
}

static struct known *find_known(const struct device *device)
{
	for (int i = 0; i < MVGAL_SESSION_GPUS; i++) {
		const struct device *known =
		    atomic_load_explicit(&limits.known[i].device, memory_order_acquire);

		if (known == device)
			return &limits.known[i];
		if (!known)
			break;
	}
	return NULL;
}

static struct known *add_known(const struct device *device)
{
	struct known *known;

	pthread_mutex_lock(&limits.lock);
	look_at_policy();
	known = find_known(device);
	for (int i = 0; i < MVGAL_SESSION_GPUS && !known; i++) {
		if (limits.known[i].device)
			continue;
		known = &limits.known[i];
		group_limits(device->id, &known->group_bytes, &known->group_pct);
		find_limits(known, device);
		atomic_store_explicit(&known->device, device, memory_order_release);
	}
	pthread_mutex_unlock(&limits.lock);
	return known;
}

struct limits limits_of(const struct device *device)
{
	const struct settings *asked = settings();
	struct known *known;
	uint64_t now;

	if (!asked->enabled || !device)
		return (struct limits){.bytes = SETTINGS_NO_BYTES, .compute_pct = SETTINGS_FULL_SM};
	known = find_known(device);
	if (!known)
		known = add_known(device);
	if (!known)
		return (struct limits){.bytes = SETTINGS_NO_BYTES, .compute_pct = SETTINGS_FULL_SM};
	now = now_ns();
	/* One thread looks; the others go by what it found last. */
	if (now >= atomic_load_explicit(&limits.policy_next, memory_order_relaxed) &&
	    pthread_mutex_trylock(&limits.lock) == 0) {
		look_again(now);
		pthread_mutex_unlock(&limits.lock);
	}
	return (struct limits){
	    .bytes = atomic_load_explicit(&known->bytes, memory_order_relaxed),
	    .compute_pct = atomic_load_explicit(&known->compute_pct, memory_order_relaxed),
	    .work_conserving = asked->work_conserving,
	};
}

uint64_t limits_own_bytes(int index, const char *id, const char *uuid)
{
	uint64_t bytes;
	uint32_t compute_pct;

	pthread_mutex_lock(&limits.lock);
	look_at_policy();
	find_own(index, id, uuid, &bytes, &compute_pct);
	pthread_mutex_unlock(&limits.lock);
	return bytes;
}

/* The child has another page, and its own policy. */
void limits_after_fork(void)
{
	limits.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	limits.policy.generation = 0;
	limits.policy_next = limits.group_next = 0;
}
