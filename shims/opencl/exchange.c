/* SPDX-License-Identifier: MIT */
#include "exchange.h"

#include <stdlib.h>

#include "flight.h"
#include "residency.h"
#include "staging.h"

/* More are moved one by one. */
#define MOST_MOVES 256
/* Pieces of one group take turns with those of others. */
#define PIECE ((size_t)2 << 20)
#define MOST_PIECES 32
#define MOST_WRITES (MOST_PIECES * POOL_MEMBERS)

/* A range of one member, and who wants it. */
struct group {
	struct memory *root;
	unsigned int from;
	uint32_t to; /* a bit each */
	size_t at, end;
};

/* Half of the memory that bytes pass through: while one is written, the other is read into. */
struct half {
	unsigned char *bytes;
	unsigned int write_count;
	cl_event writes[MOST_WRITES];
};

struct pass {
	struct context *context;
	size_t room; /* of a half */
	struct half halves[2];
	unsigned int count;
	struct group groups[MOST_MOVES];
};

static void add(struct exchange *exchange, const struct exchange_move *move)
{
	/* Doubles from 8 on. */
	if (!exchange->count ||
	    (exchange->count >= 8 && !(exchange->count & (exchange->count - 1)))) {
		const size_t room = exchange->count ? (size_t)exchange->count * 2 : 8;
		struct exchange_move *moves =
		    realloc(exchange->moves, room * sizeof(*exchange->moves));

		if (!moves)
			return;
		exchange->moves = moves;
	}
	exchange->moves[exchange->count++] = *move;
}

/* What was dealt out goes to the home as well when it goes elsewhere: it may have to do over what
 * is done with it there. */
static void add_home(struct exchange *exchange, const struct exchange_move *move)
{
	struct exchange_move also = *move;
	cl_int status;

	also.to = move->root->context->home;
	if (also.from != also.to && move->to != also.to && memory_on(also.root, also.to, &status))
		add(exchange, &also);
}

void exchange_want(struct exchange *exchange, struct memory *memory, unsigned int member,
		   size_t offset, size_t size)
{
	struct memory *root = memory->root;
	struct range range = {memory->origin + offset, memory->origin + offset + size}, gap, found;
	cl_int status;

	if (is_image_type(memory->type) || is_image_type(root->type) ||
	    flight_has_lost(root->context, member) || !memory_on(root, member, &status))
		return;
	for (; ranges_first_gap(&root->copies[member].valid, range.start, range.end, &gap);
	     range.start = gap.end) {
		for (; ranges_first(&root->defined, gap.start, gap.end, &found);
		     gap.start = found.end) {
			struct exchange_move move = {.root = root, .to = member};

			if (exchange->count >= MOST_MOVES ||
			    !residency_source(root, found, &move.from, &move.range))
				return;
			found.end = move.range.end;
			add(exchange, &move);
			if (root->is_dealt)
				add_home(exchange, &move);
		}
	}
}

/* All members that are read from or written to are done with what they had. */
static bool settle(const struct exchange *exchange, struct context *context)
{
	uint32_t members = 0;
	const unsigned int lost = atomic_load(&context->flights.lost);

	for (unsigned int i = 0; i < exchange->count; i++)
		members |= 1U << exchange->moves[i].from | 1U << exchange->moves[i].to;
	for (unsigned int i = 0; i < pool()->count; i++)
		if (members >> i & 1 && context_finish(context, i) != CL_SUCCESS)
			return false;
	return lost == atomic_load(&context->flights.lost);
}

/* Equal ranges of a member are one group. */
static size_t group(struct pass *pass, const struct exchange *exchange)
{
	size_t bytes = 0;

	pass->count = 0;
	for (unsigned int i = 0; i < exchange->count; i++) {
		const struct exchange_move *move = &exchange->moves[i];
		struct group *own = NULL;

		for (unsigned int j = 0; j < pass->count && !own; j++) {
			struct group *each = &pass->groups[j];

			if (each->root == move->root && each->from == move->from &&
			    each->at == move->range.start && each->end == move->range.end)
				own = each;
		}
		if (!own) {
			own = &pass->groups[pass->count++];
			*own = (struct group){move->root, move->from, 0, move->range.start,
					      move->range.end};
			bytes += own->end - own->at;
		}
		own->to |= 1U << move->to;
	}
	return bytes;
}

static cl_int take(cl_event event, cl_int status)
{
	const cl_int over = of(event)->clWaitForEvents(1, &event);

	of(event)->clReleaseEvent(event);
	return status == CL_SUCCESS ? over : status;
}

static cl_int take_writes(struct half *half, cl_int status)
{
	while (half->write_count)
		status = take(half->writes[--half->write_count], status);
	return status;
}

static cl_int read_piece(struct context *context, const struct group *group, size_t size,
			 unsigned char *bytes, cl_event *read)
{
	cl_int status;
	cl_command_queue queue = context_transfer(context, group->from, &status);

	if (!queue)
		return status;
	status = of(queue)->clEnqueueReadBuffer(queue, group->root->copies[group->from].inner,
						CL_FALSE, group->at, size, bytes, 0, NULL, read);
	if (status == CL_SUCCESS)
		of(queue)->clFlush(queue);
	return status;
}

static cl_int write_piece(struct context *context, const struct group *group, size_t at,
			  size_t size, const unsigned char *bytes, struct half *half)
{
	cl_int status = CL_SUCCESS;

	for (unsigned int to = 0; to < pool()->count && status == CL_SUCCESS; to++) {
		cl_command_queue queue;

		if (!(group->to >> to & 1))
			continue;
		queue = context_transfer(context, to, &status);
		if (!queue)
			return status;
		status = of(queue)->clEnqueueWriteBuffer(queue, group->root->copies[to].inner,
							 CL_FALSE, at, size, bytes, 0, NULL,
							 &half->writes[half->write_count]);
		if (status != CL_SUCCESS)
			return status;
		half->write_count++;
		of(queue)->clFlush(queue);
	}
	return status;
}

/* Fills half of the memory with pieces of all groups in turn, and sends them on. */
static cl_int pass_half(struct pass *pass, struct half *half, bool *is_done)
{
	struct {
		struct group *group;
		size_t at, size;
		unsigned char *bytes;
		cl_event read;
	} pieces[MOST_PIECES];
	unsigned int count = 0;
	cl_int status = take_writes(half, CL_SUCCESS);
	bool is_more = true;
	size_t used = 0;

	while (is_more && status == CL_SUCCESS) {
		is_more = false;
		for (unsigned int i = 0; i < pass->count && status == CL_SUCCESS; i++) {
			struct group *group = &pass->groups[i];
			size_t size = group->end - group->at;

			if (size > PIECE)
				size = PIECE;
			if (size > pass->room)
				size = pass->room;
			if (!size || count == MOST_PIECES || used + size > pass->room)
				continue;
			pieces[count].group = group;
			pieces[count].at = group->at;
			pieces[count].size = size;
			pieces[count].bytes = half->bytes + used;
			status = read_piece(pass->context, group, size, half->bytes + used,
					    &pieces[count].read);
			if (status != CL_SUCCESS)
				break;
			count++;
			used += size;
			group->at += size;
			is_more = true;
		}
	}
	*is_done = count == 0;
	for (unsigned int i = 0; i < count; i++) {
		status = take(pieces[i].read, status);
		if (status == CL_SUCCESS)
			status = write_piece(pass->context, pieces[i].group, pieces[i].at,
					     pieces[i].size, pieces[i].bytes, half);
	}
	return status;
}

static cl_int pass_all(struct pass *pass)
{
	cl_int status = CL_SUCCESS;
	bool is_done = false;

	for (unsigned int i = 0; !is_done && status == CL_SUCCESS; i++)
		status = pass_half(pass, &pass->halves[i % 2], &is_done);
	status = take_writes(&pass->halves[0], status);
	return take_writes(&pass->halves[1], status);
}

/* What was written is there; at home it is there in place of what was. */
static void note(const struct exchange *exchange, const struct context *context, cl_int status)
{
	for (unsigned int i = 0; i < exchange->count; i++) {
		const struct exchange_move *move = &exchange->moves[i];

		if (move->to == context->home)
			flight_came_home(move->root, move->range, status);
		if (status == CL_SUCCESS)
			ranges_add(&move->root->copies[move->to].valid, move->range.start,
				   move->range.end);
		move->root->is_dealt = false;
	}
}

void exchange_run(struct exchange *exchange, struct context *context)
{
	struct pass *pass = NULL;
	unsigned char *bytes, *own;

	/* One alone is moved in its own way. */
	if (exchange->count > 1)
		pass = malloc(sizeof(*pass));
	if (pass && settle(exchange, context)) {
		const size_t all = group(pass, exchange);

		bytes = staging_take(context, exchange->moves[0].from, all, 1, &pass->room, &own);
		pass->context = context;
		for (unsigned int i = 0; i < 2; i++) {
			pass->halves[i].bytes = bytes + i * pass->room;
			pass->halves[i].write_count = 0;
		}
		if (bytes)
			note(exchange, context, pass_all(pass));
		free(own);
	}
	free(pass);
	free(exchange->moves);
	*exchange = (struct exchange){0};
}
