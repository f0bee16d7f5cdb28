/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <string.h>

#include "gate_clock.h"
#include "session.h"

/* Work of a turn; see docs/cuda.md for how it was chosen. */
#define TURN_NS UINT64_C(15000000)
/* How long a turn may last while the program launches little. */
#define OPEN_NS (2 * TURN_NS)
#define MOST_LAUNCHES 8192
/* Limits are asked for so often, and dead processes looked for. */
#define ASK_NS UINT64_C(100000000)
#define SHUT_MOST_NS ASK_NS
/* Between marks in a turn, and between looks at them: each costs a microsecond or two. */
#define MARK_NS UINT64_C(200000)
#define SAMPLE_NS UINT64_C(1000000)
/* A pause that is shorter is the time that launches take. */
#define PAUSE_NS UINT64_C(20000)
/* How long a turn's work is waited for, at least. */
#define STUCK_NS UINT64_C(2000000000)
#define STUCK_LOOK_NS UINT64_C(1000000)
/* Between looks at what is about to end, and at what should have. */
#define NEAR_NS UINT64_C(30000)
#define FAR_NS UINT64_C(250000)
/* About the guessed end the thread looks without sleeping: another program may be waiting for it.
 */
#define SPIN_NS UINT64_C(80000)
/* A turn is kept beyond the end of its work by no more than this. */
#define KEEP_MOST_NS UINT64_C(10000000000)

void gate_init(struct gate *gate, const struct device *device)
{
	pthread_mutex_init(&gate->lock, NULL);
	gate->device = device;
}

static struct turns_share share_of(const struct gate *gate)
{
	return (struct turns_share){.pct = gate->pct,
				    .work_conserving = gate->limits.work_conserving};
}

/* Of a group: FNV-1a, told by the highest bit from those of processes. */
static uint64_t budget_key(const struct gate *gate, uint32_t pct)
{
	const char *group = gate_group();
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	if (!group[0])
		return gate->turns.owner;
	for (; *group; group++)
		hash = (hash ^ (unsigned char)*group) * UINT64_C(0x100000001b3);
	return (hash ^ pct) * UINT64_C(0x100000001b3) | TURNS_GROUP;
}

static void give_turn(struct gate *gate, uint64_t now)
{
	if (gate->turns.table && turns_give(&gate->turns, now))
		gate_ring(&gate->turns.table->bell);
}

/* Another share than until now. */
static void change_share(struct gate *gate, uint32_t pct, uint64_t now)
{
	uint64_t ready = 0;

	if (gate->pct && pct) {
		turns_rescale(&gate->turns, now, gate->pct, pct);
		ready = turns_ready(&gate->turns);
	}
	gate->pct = pct;
	if (!pct)
		return;
	if (!gate->turns.table) {
		struct turns_table *table = gate_table(gate->device->id);

		if (!table || !turns_join(&gate->turns, table, gate_owner(), gate_lives)) {
			gate->pct = 0;
			return;
		}
	}
	turns_use(&gate->turns, budget_key(gate, pct), now, ready, gate_lives);
}

static void ask_limits(struct gate *gate, uint64_t now)
{
	uint32_t pct;

	if (gate->limits_asked && now - gate->limits_asked < ASK_NS)
		return;
	gate->limits_asked = now;
	gate->limits = limits_of(gate->device);
	pct = gate->limits.compute_pct >= 1 && gate->limits.compute_pct < 100
		  ? gate->limits.compute_pct
		  : 0;
	if (pct != gate->pct)
		change_share(gate, pct, now);
}

/* The turn's work has ended, or counts as if it had. */
static void settle(struct gate *gate, uint64_t end)
{
	uint64_t now = gate_now();
	uint64_t busy = busy_end(&gate->busy, &gate->guesses, end);

	if (busy > gate->longest)
		gate->longest = busy;
	mvgal_session_busy(gate->device->row, busy);
	if (gate->pct)
		turns_charge(&gate->turns, share_of(gate), gate->asked, gate->began, end, busy);
	give_turn(gate, now);
	gate->state = GATE_SHUT;
	gate->asked = 0;
}

/* Keeps the turn until the guessed end of its work, whatever the thread does meanwhile. */
static bool keep_turn(struct gate *gate, uint64_t now)
{
	uint64_t end = gate->busy.end;

	if (end < now || end >= now + KEEP_MOST_NS)
		end = now;
	return turns_keep(&gate->turns, end + TURNS_GRACE_NS);
}

static void end_turn(struct gate *gate, const struct gate_launch *launch, uint64_t now)
{
	keep_turn(gate, now);
	marks_set_all(&gate->marks, launch->current, launch->stream.thread);
	gate->state = GATE_ENDS;
	gate->ending = now;
}

/* Waits for the work of the turn that ends: 0 when it has. */
static uint64_t step_end(struct gate *gate, uint64_t now)
{
	uint64_t limit = 10 * gate->longest > STUCK_NS ? 10 * gate->longest : STUCK_NS;
	uint64_t end, left, far;

	if (marks_all_reached(&gate->marks, now, &end)) {
		settle(gate, end);
		return 0;
	}
	if (now - gate->ending >= limit) {
		/* It waits for what is yet to be launched, or for the host. */
		give_turn(gate, now);
		gate->state = GATE_STUCK;
		gate->marked = now;
		return 0;
	}
	if (now + SPIN_NS > gate->busy.end && now < gate->busy.end + SPIN_NS) {
		turns_keep(&gate->turns, now + TURNS_GRACE_NS);
		return 1;
	}
	/* Not later than the guessed end, nor much later than what was waited for: the guess may be
	 * wrong. */
	left = gate->busy.end > now ? gate->busy.end - now - SPIN_NS : (now - gate->busy.end) / 8;
	if (left > (now - gate->ending) / 2)
		left = (now - gate->ending) / 2;
	far = FAR_NS + (now - gate->ending) / 50;
	left = left > far ? far : left;
	left = left < NEAR_NS ? NEAR_NS : left;
	turns_keep(&gate->turns, now + left + TURNS_GRACE_NS);
	return left;
}

static void step_stuck(struct gate *gate, uint64_t now)
{
	uint64_t end;

	if (now - gate->marked < STUCK_LOOK_NS)
		return;
	gate->marked = now;
	if (marks_all_reached(&gate->marks, now, &end))
		settle(gate, end);
}

/* Asks for a turn, and begins it. */
static uint64_t step_shut(struct gate *gate, struct gate_launch *launch, uint64_t now)
{
	bool look = now - gate->looked_for_dead >= ASK_NS;
	uint64_t wait;

	if (!gate->asked)
		gate->asked = now;
	if (look)
		gate->looked_for_dead = now;
	wait = turns_take(&gate->turns, now, share_of(gate), look ? gate_lives : NULL);
	if (wait)
		return wait < SHUT_MOST_NS ? wait : SHUT_MOST_NS;
	gate->state = GATE_OPEN;
	gate->turn++;
	gate->began = now;
	gate->marked = now;
	gate->sample_mark = NULL;
	busy_begin(&gate->busy, &gate->guesses, now);
	marks_begin(&gate->marks, &launch->stream, now);
	launch->is_sample = marks_sample(&gate->marks, &launch->stream);
	return 0;
}

/* When the GPU reached a mark, in the host's time: at the latest that it can have been. */
static uint64_t time_of(const struct gate *gate, const struct mark *mark)
{
	return gate->marks.now + mark->done + gate->marks.late;
}

static void take_sample(struct gate *gate)
{
	if (!gate->sample_mark || gate->sample_mark->is_set)
		return;
	gate->busy.sample_key = gate->sample_key;
	gate->busy.sample_ns = marks_sampled(&gate->marks, gate->sample_mark);
	gate->sample_mark = NULL;
}

/* What the marks say by now: the queue may have run dry. */
static enum busy_queue look_at_marks(struct gate *gate, uint64_t thread, uint64_t now)
{
	struct marks *marks = &gate->marks;
	bool is_known = true;
	uint64_t end = 0, behind = 0;

	for (uint32_t i = 0; i < marks->count; i++) {
		struct mark *mark = &marks->streams[i];

		if (!marks_reached(marks, mark, now))
			return BUSY_QUEUED;
		behind += mark->behind;
		if (!mark->done || mark->has_behind)
			is_known = false;
		if (mark->done && time_of(gate, mark) + mark->behind > end)
			end = time_of(gate, mark) + mark->behind;
	}
	take_sample(gate);
	/* What is behind the marks was launched after they were set: that is the least. */
	if (is_known || end > gate->busy.end)
		gate->busy.end = end;
	if (is_known)
		return BUSY_DRY_SINCE;
	/* Pauses are seen where the guesses are too low, and not where they are too high. */
	gate->busy.end += behind / 2;
	return now > gate->busy.end + PAUSE_NS && marks_are_dry(marks, thread) ? BUSY_DRY
									       : BUSY_QUEUED;
}

/* A launch in the turn. */
static void step_open(struct gate *gate, struct gate_launch *launch, uint64_t now)
{
	enum busy_queue queue = BUSY_QUEUED;
	uint64_t end = gate->busy.end;
	bool is_over =
	    !turns_keep(&gate->turns, end < now + KEEP_MOST_NS ? end + TURNS_GRACE_NS : now) ||
	    now - gate->began >= OPEN_NS;

	if (is_over || now - gate->marked >= MARK_NS || now > end + PAUSE_NS)
		queue = look_at_marks(gate, launch->stream.thread, now);
	/* If the turn is over, the marks of its end stand here, however long ago its work was done.
	 */
	busy_pause(&gate->busy, now, queue);
	if (is_over)
		end_turn(gate, launch, now);
	else if (queue == BUSY_DRY_SINCE && now - gate->sampled >= SAMPLE_NS)
		launch->is_sample =
		    !gate->sample_mark && marks_sample(&gate->marks, &launch->stream);
}

/* What is to be done before a launch: 0 where it may go on, else how long to wait. */
static uint64_t step(struct gate *gate, struct gate_launch *launch, uint64_t now)
{
	uint64_t wait;

	ask_limits(gate, now);
	if (gate->state == GATE_OPEN)
		step_open(gate, launch, now);
	if (gate->state == GATE_ENDS && gate->pct) {
		wait = step_end(gate, now);
		if (wait)
			return wait;
	}
	if (gate->state == GATE_STUCK)
		step_stuck(gate, now);
	if (!gate->pct) {
		if (gate->state != GATE_SHUT)
			give_turn(gate, now);
		gate->state = GATE_SHUT;
		gate->asked = 0;
		gate->free_until = now + ASK_NS;
		return 0;
	}
	return gate->state == GATE_SHUT ? step_shut(gate, launch, now) : 0;
}

static void enter(struct gate *gate, struct gate_launch *launch)
{
	if (gate->state != GATE_OPEN)
		return;
	launch->turn = gate->turn;
	launch->guess = busy_launch(&gate->busy, &gate->guesses, launch->key);
}

void gate_enter(struct gate *gate, struct gate_launch *launch)
{
	_Atomic uint32_t *bell;
	uint32_t heard;
	uint64_t wait, now;

	launch->turn = 0;
	launch->is_sample = false;
	do {
		pthread_mutex_lock(&gate->lock);
		bell = gate->turns.table ? &gate->turns.table->bell : NULL;
		heard = bell ? atomic_load(bell) : 0;
		now = gate_now();
		wait = step(gate, launch, now);
		if (!wait)
			enter(gate, launch);
		launch->now = now;
		marks_unguard(&gate->marks);
		if (gate->state != GATE_SHUT)
			bell = NULL;
		pthread_mutex_unlock(&gate->lock);
		if (wait && !launch->no_wait)
			gate_wait(bell, heard, wait);
	} while (wait && !launch->no_wait);
}

static void leave(struct gate *gate, const struct gate_launch *launch)
{
	struct mark *mark = marks_launched(&gate->marks, &launch->stream, launch->guess);

	if (gate->busy.is_bold || gate->busy.guessed >= TURN_NS ||
	    gate->busy.launches >= MOST_LAUNCHES) {
		end_turn(gate, launch, gate_now());
		return;
	}
	/* Default streams of several threads can each be marked by its own thread alone. */
	if (mark && launch->stream.thread && gate->marks.count > 1)
		marks_set(&gate->marks, mark, launch->current);
	if (!mark || mark->is_set || (!launch->is_sample && launch->now < gate->marked + MARK_NS))
		return;
	gate->marked = launch->now;
	marks_set(&gate->marks, mark, launch->current);
	if (!launch->is_sample || !mark->is_set)
		return;
	gate->sampled = launch->now;
	gate->sample_key = launch->key;
	gate->sample_mark = mark;
}

void gate_leave(struct gate *gate, const struct gate_launch *launch)
{
	if (!launch->turn)
		return;
	pthread_mutex_lock(&gate->lock);
	if (gate->turn == launch->turn && gate->state == GATE_OPEN)
		leave(gate, launch);
	marks_unguard(&gate->marks);
	pthread_mutex_unlock(&gate->lock);
}

void gate_stream_gone(struct gate *gate, CUstream stream, CUcontext current)
{
	pthread_mutex_lock(&gate->lock);
	marks_stream_gone(&gate->marks, stream, current);
	marks_unguard(&gate->marks);
	pthread_mutex_unlock(&gate->lock);
}

void gate_context_gone(struct gate *gate, CUcontext context)
{
	pthread_mutex_lock(&gate->lock);
	marks_context_gone(&gate->marks, context);
	/* Marks move up where some go. */
	gate->sample_mark = NULL;
	pthread_mutex_unlock(&gate->lock);
}

void gate_after_fork(struct gate *gate)
{
	const struct device *device = gate->device;

	/* The parent's place stays the parent's. */
	memset(gate, 0, sizeof(*gate));
	gate_init(gate, device);
}

void gate_end(struct gate *gate)
{
	if (gate->turns.table)
		turns_leave(&gate->turns, gate_now());
}
