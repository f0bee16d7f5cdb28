/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <stdbool.h>
#include <string.h>

/* Memory that another process writes, in words. */
typedef uint64_t __attribute__((may_alias)) shared_word;
typedef uint32_t __attribute__((may_alias)) half_word;

#define WORDS (sizeof(struct mvgal_session_policy) / sizeof(shared_word))

uint64_t policy_generation(const struct mvgal_session_policy *shared)
{
	return __atomic_load_n((const shared_word *)&shared->generation, __ATOMIC_ACQUIRE);
}

/* FNV-1a over 32-bit words: the generation's, then all from the strategy on
 * (lib/session/policy.ts). */
static uint32_t checksum(const struct mvgal_session_policy *policy)
{
	const half_word *words = (const half_word *)policy;
	uint32_t hash = 0x811c9dc5u;

	hash = (hash ^ words[0]) * 0x01000193u;
	hash = (hash ^ words[1]) * 0x01000193u;
	for (size_t i = offsetof(struct mvgal_session_policy, strategy) / sizeof(*words);
	     i < sizeof(*policy) / sizeof(*words); i++)
		hash = (hash ^ words[i]) * 0x01000193u;
	return hash;
}

static bool is_sound_gpu(const struct mvgal_policy_gpu *gpu)
{
	return gpu->id[0] != '\0' && memchr(gpu->id, '\0', sizeof(gpu->id)) &&
	       gpu->weight <= MVGAL_FULL_WEIGHT && gpu->compute_pct >= 1 &&
	       gpu->compute_pct <= 100 && gpu->priority <= 100;
}

static bool is_sound(const struct mvgal_session_policy *policy)
{
	const char *const names[] = MVGAL_STRATEGY_NAMES;

	if (policy->checksum != checksum(policy) || policy->strategy == MVGAL_STRATEGY_NONE ||
	    policy->strategy > sizeof(names) / sizeof(*names) ||
	    policy->gpu_count > MVGAL_SESSION_GPUS)
		return false;
	for (uint32_t i = 0; i < policy->gpu_count; i++)
		if (!is_sound_gpu(&policy->gpus[i]))
			return false;
	return true;
}

enum policy_state policy_copy(struct mvgal_session_policy *copy,
			      const struct mvgal_session_policy *shared)
{
	const shared_word *from = (const shared_word *)shared;
	shared_word *to = (shared_word *)copy;
	uint64_t generation = policy_generation(shared);

	/* Each is loaded before the generation is looked at again: a fence, that sanitizers know.
	 */
	for (size_t i = 1; i < WORDS; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
	copy->generation = generation;
	if (generation % 2 != 0 || __atomic_load_n((const shared_word *)&shared->generation,
						   __ATOMIC_RELAXED) != generation)
		return POLICY_TORN;
	return is_sound(copy) ? POLICY_SOUND : POLICY_UNSOUND;
}
