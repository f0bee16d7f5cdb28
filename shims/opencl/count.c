/* SPDX-License-Identifier: MIT */
#include "count.h"

#include <pthread.h>
#include <stdio.h>

#include "pool.h"
#include "session.h"

static uint32_t rows[POOL_MEMBERS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* GPUs alone have rows: others have no stable names. */
static void begin(void)
{
	char id[64];

	mvgal_session_begin("opencl");
	for (unsigned int i = 0; i < POOL_MEMBERS; i++) {
		const struct member *member = &pool()->members[i];

		rows[i] = MVGAL_SESSION_NO_GPU;
		if (i >= pool()->count || !member->pci[0])
			continue;
		snprintf(id, sizeof(id), "pci:%s", member->pci);
		rows[i] = mvgal_session_gpu(id);
	}
}

void count_begin(void)
{
	pthread_once(&once, begin);
}

void count_launch(unsigned int member, bool part)
{
	count_begin();
	mvgal_session_launched(rows[member], part);
	if (!part)
		mvgal_session_kernel(false);
}

void count_split(void)
{
	count_begin();
	mvgal_session_kernel(true);
}

void count_whole(const char *reason)
{
	count_begin();
	mvgal_session_whole(reason);
}
