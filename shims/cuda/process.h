/* SPDX-License-Identifier: MIT */
/* Which process this is, and whether another one lives: by pid and start time. */
#ifndef MVGAL_CUDA_PROCESS_H
#define MVGAL_CUDA_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process {
	uint32_t pid;
	/* Field 22 of /proc/PID/stat; 0 where it cannot be read. */
	uint64_t start_time;
};

/* Asked once, and again in a child after fork. */
const struct process *process_own(void);
void process_after_fork(void);

/* When a process started; 0 for none, or one that has ended and is not waited for yet. */
uint64_t process_start_time(uint32_t pid);

/* Whether that very process lives: one that has ended and is not waited for yet does not. */
bool process_lives(uint32_t pid, uint64_t start_time);

#endif
