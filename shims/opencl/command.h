/* SPDX-License-Identifier: MIT */
/*
 * A command on its way to a member: begun, its memory asked for, enqueued by its caller, ended.
 *
 * In a context on one member nothing is locked and nothing asked. In a spread one the context's
 * lock is held from command_begin to command_end, for nobody else may move the bytes in between.
 */
#ifndef MVGAL_OPENCL_COMMAND_H
#define MVGAL_OPENCL_COMMAND_H

#include "event.h"
#include "memory.h"

#define COMMAND_WAITS 16

struct command {
	struct queue *queue;
	struct context *context;
	unsigned int member;
	bool is_spread;	     /* and locked */
	bool waits_at_end;   /* it blocks: outside the lock */
	cl_command_queue on; /* the member's */
	cl_uint asked_count;
	const cl_event *asked; /* the program's list */
	cl_uint wait_count;
	const cl_event *waits; /* the member's */
	cl_event *wants;       /* where the member puts the event; NULL where nobody asks */
	cl_event *event;       /* the program's, or NULL */
	cl_event inner;
	cl_event few[COMMAND_WAITS];
	cl_event *many; /* of malloc */
};

/* Where a command may run: where its queue is, or where a memory object is at home. */
#define COMMAND_ANYWHERE UINT32_MAX

/*
 * Checks the queue and the list, and finds the member. Whatever else is wrong with the command is
 * to be checked before. Nothing is to be undone where it fails.
 */
cl_int command_begin(struct command *command, cl_command_queue queue, unsigned int where,
		     cl_uint count, const cl_event *waits, cl_event *event);

/* The member's object, with the bytes [offset, offset + size) as they are to be read. */
cl_mem command_reads(struct command *command, struct memory *memory, size_t offset, size_t size,
		     cl_int *status);
/* The same, where they are all written and not read before. Tell of it afterwards. */
cl_mem command_writes(struct command *command, struct memory *memory, cl_int *status);
void command_wrote(struct command *command, struct memory *memory, size_t offset, size_t size);

/* Takes it to another member before it is enqueued. In a spread context alone, whose lock is let go
 * in between. */
cl_int command_move(struct command *command, unsigned int member);

/* Whether a command of a spread context may wait for members, as it reads from several: while a
 * user event is not set, what runs may wait for the program itself. */
bool command_may_wait(const struct command *command);

/* To be passed on as "blocking": a spread context waits without its lock, in command_end. */
cl_bool command_blocks(struct command *command, cl_bool blocking);

/* Makes the program's event. Gives `status`, or what became of it. */
cl_int command_end(struct command *command, cl_command_type type, cl_int status);

#endif
