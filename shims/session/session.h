/* SPDX-License-Identifier: MIT */
/*
 * The session of a program with a shim: its page (mvgal_session.h, docs/sessions.md), what it
 * counts, and the policy that it obeys. Compiled into each shim.
 *
 * Nothing here can fail the program: without a page the counting functions do nothing, and there is
 * no policy. None of them takes a lock, allocates memory or starts a thread; errno stays as it was.
 * After fork the child has no page until it first uses one of them, and then its own.
 */
#ifndef MVGAL_SESSION_H
#define MVGAL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "mvgal_session.h"

/* A GPU that has no row: what is counted of it is lost. */
#define MVGAL_SESSION_NO_GPU UINT32_MAX

/*
 * Makes the page, once for the process; later calls do nothing. `api` is the shim: "cuda",
 * "vulkan". The page is given up at exit.
 */
void mvgal_session_begin(const char *api);

/* Whether there is a page. */
bool mvgal_session_active(void);

/* The number of a GPU in the functions below, by its stable name; the same in a child after fork.
 */
uint32_t mvgal_session_gpu(const char *id);

/* Memory of a GPU, in bytes. */
void mvgal_session_allocated(uint32_t gpu, uint64_t bytes);
void mvgal_session_freed(uint32_t gpu, uint64_t bytes);
void mvgal_session_copied(uint32_t gpu, uint64_t bytes);

/* A kernel, or the submission of a frame; `part` where it is a part of one that was split. */
void mvgal_session_launched(uint32_t gpu, bool part);

/*
 * What mvgal_session_launched counts, for who launches without a pause; NULL without a page. Good
 * until the process forks, in the parent for ever.
 */
_Atomic uint64_t *mvgal_session_launches(uint32_t gpu);

/* Time in ns that a GPU worked, as far as the shim measures it. */
void mvgal_session_busy(uint32_t gpu, uint64_t ns);

/* A kernel, whatever it ran on, whole or in parts: once for all parts. */
void mvgal_session_kernel(bool parted);

/* Work ran whole, for a reason of a few words: a string that stays. */
void mvgal_session_whole(const char *reason);

/*
 * Takes the policy where there is a newer one than `policy` holds (by its generation, 0 at first),
 * and says whether it did. One load where there is none: to be called before each piece of work.
 */
bool mvgal_session_policy_read(struct mvgal_session_policy *policy);

/* Gives the page up before exit. */
void mvgal_session_end(void);

#endif
