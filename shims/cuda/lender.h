/* SPDX-License-Identifier: MIT */
/*
 * What the shim asks of its lender, and how that answers.
 *
 * The program sees one GPU, and so does CUDA's runtime in it, which holds what it is told of the
 * GPUs against what the driver knows. Memory of the others comes from a second process that sees
 * all of them, the lender: it makes the memory and sends a descriptor of it, which the program's
 * driver takes in. The lender keeps nothing: the memory is the program's alone, and goes with it.
 *
 * The lender is the shim's own file, started by the dynamic loader; both ends have a socket of
 * sequenced packets between them. Each request has one answer. The lender ends when the other end
 * is closed.
 */
#ifndef MVGAL_CUDA_LENDER_H
#define MVGAL_CUDA_LENDER_H

#include <stdint.h>

/* Its end of the socket. */
#define LENDER_SOCKET 3

/* The GPUs that it is to see, as CUDA_VISIBLE_DEVICES has them; the program's own is the first. */
#define LENDER_GPUS "MVGAL_POOL_GPUS"

/* Path of the driver's library as the program has it. */
#define LENDER_DRIVER "MVGAL_LENDER_DRIVER"

#define LENDER_CARDS 32

/* Pieces that one request may ask for: each is a descriptor for a moment. */
#define LENDER_PIECES 32

enum lender_question {
	LENDER_ASK_CARDS,
	LENDER_ASK_MEMORY,
};

struct lender_request {
	uint32_t question;
	/* For memory: the card, by its place in LENDER_GPUS; and how many pieces of how many bytes.
	 */
	uint32_t card, count;
	uint64_t bytes;
};

struct lender_card {
	/* pci:0000:06:00.0, and GPU-01234567-89ab-cdef-0123-456789abcdef. */
	char id[64], uuid[48];
	/* Bytes; `granularity` is 0 where the driver has no memory to lend of it. */
	uint64_t total, unused, granularity;
	/* Whether the first card reaches its memory. */
	uint32_t is_reached;
};

struct lender_answer {
	/* CUresult; of how many cards, or of how many pieces: their descriptors come with it. */
	int32_t result;
	uint32_t count;
	struct lender_card cards[LENDER_CARDS];
};

#endif
