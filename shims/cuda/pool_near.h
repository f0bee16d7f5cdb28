/* SPDX-License-Identifier: MIT */
/*
 * Pieces of other cards that lie near for a time: in the own card's memory, at the same addresses.
 *
 * A GPU does not cache what it reads of another: a kernel that reads the same operand again and
 * again (a product of matrices) takes it over the link each time. Pieces that such kernels use
 * (pool_reads.h) are copied into memory of the own card, which is mapped in place of the other's;
 * that stays theirs, and takes them back when the room is needed.
 *
 * Nothing may use the addresses while they are mapped anew: calls that give work to the GPU are
 * made between near_enter and near_leave, and all work is waited for.
 */
#ifndef MVGAL_CUDA_POOL_NEAR_H
#define MVGAL_CUDA_POOL_NEAR_H

#include "pool_map.h"

/* Around each call that gives work to the GPU; what the one says is for the other. They cost next
 * to nothing where nothing is pooled. */
bool near_enter(void);
void near_leave(bool entered);

/* Addresses of pooled memory. */
struct near_window {
	CUdeviceptr from;
	size_t bytes;
};

/* All that follow with the pool's lock. */

/*
 * Brings what of the windows lies elsewhere, as far as there is room, and says how much that was.
 * `worth` is how many seconds it may take at most, told by how long the first piece takes.
 */
size_t near_bring(const struct cards *cards, const struct near_window *windows, int count,
		  double worth);

/* Takes pieces back to where they were until so many bytes of the own card are free again; says how
 * many that are. */
size_t near_shrink(const struct cards *cards, size_t bytes);

/* A range is about to be unmapped, or nobody's: what it holds does not matter any more. */
void near_forget(const struct cards *cards, struct range *range);

/* What of the own card is kept for such pieces beside those that there are, and what they have
 * beyond that. */
size_t near_kept(const struct cards *cards);
size_t near_spare(const struct cards *cards);

#endif
