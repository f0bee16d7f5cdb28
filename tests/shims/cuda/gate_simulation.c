/* SPDX-License-Identifier: MIT */
/*
 * The gate of the CUDA shim in simulated time: programs are coroutines, their GPU is one engine,
 * and clock, driver and table of turns are those of this file. Prints a line of figures for each
 * scenario.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "../../../shims/cuda/gate.h"
#include "../../../shims/cuda/gate_clock.h"
#include "../../../shims/cuda/real.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define NEVER UINT64_MAX
#define PROGRAMS 8
#define STACK (256 * 1024)
#define QUEUE 1024

struct CUstream_st {
	uint64_t tail;
};
struct CUevent_st {
	uint64_t at;
	struct CUstream_st *behind;
};

struct program {
	ucontext_t context;
	char *stack;
	uint64_t wakes;
	bool is_dead, is_done;
	struct gate gate;
	struct device device;
	struct limits limits;
	const char *group;
	struct CUstream_st streams[4];
	/* When the last launches end: the driver's queue is bounded. */
	uint64_t ends[QUEUE];
	uint64_t launches, busy, counted;
	void (*run)(struct program *);
	uint64_t kernel_ns, host_ns, batch;
	bool is_callback;
	uint64_t most_wait;
};

static struct {
	uint64_t now, until, from, tail, random;
	struct program programs[PROGRAMS];
	int count, running;
	ucontext_t scheduler;
	struct turns_table table;
} sim;

static uint64_t below(uint64_t limit)
{
	sim.random = sim.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return limit ? (sim.random >> 33) % limit : 0;
}

static struct program *self(void)
{
	return &sim.programs[sim.running];
}

static bool another_is_earlier(uint64_t when)
{
	for (int i = 0; i < sim.count; i++)
		if (i != sim.running && !sim.programs[i].is_done && !sim.programs[i].is_dead &&
		    sim.programs[i].wakes < when)
			return true;
	return when > sim.until;
}

static void spend(uint64_t ns)
{
	struct program *program = self();

	program->wakes = sim.now + ns;
	if (another_is_earlier(program->wakes))
		swapcontext(&program->context, &sim.scheduler);
	else
		sim.now = program->wakes;
}

/* What the gate asks of the outside. */
uint64_t gate_now(void)
{
	return sim.now;
}

uint64_t gate_now_roughly(void)
{
	return sim.now;
}

void gate_wait(_Atomic uint32_t *bell, uint32_t heard, uint64_t ns)
{
	struct program *program = self();
	uint64_t before = sim.now;

	(void)bell;
	(void)heard;
	/* As late as a timer of Linux. */
	spend(ns < 10 * US ? 2 * US : ns + 55 * US + below(30 * US));
	if (sim.now - before > program->most_wait)
		program->most_wait = sim.now - before;
}

void gate_ring(_Atomic uint32_t *bell)
{
	(void)bell;
	for (int i = 0; i < sim.count; i++)
		if (i != sim.running && sim.programs[i].gate.state == GATE_SHUT &&
		    sim.programs[i].wakes != NEVER && sim.programs[i].gate.asked &&
		    sim.programs[i].wakes > sim.now + 60 * US)
			sim.programs[i].wakes = sim.now + 60 * US;
}

struct turns_table *gate_table(const char *id)
{
	(void)id;
	return &sim.table;
}

uint64_t gate_owner(void)
{
	return (uint64_t)(sim.running + 1) << 32 | 7;
}

bool gate_lives(uint64_t owner)
{
	uint64_t i = (owner >> 32) - 1;

	return i < (uint64_t)sim.count && !sim.programs[i].is_dead;
}

const char *gate_group(void)
{
	return self()->group;
}

struct limits limits_of(const struct device *device)
{
	(void)device;
	return self()->limits;
}

void mvgal_session_busy(uint32_t gpu, uint64_t ns)
{
	(void)gpu;
	self()->counted += ns;
}

/* The driver. */
static CUresult event_create(CUevent *event, unsigned int flags)
{
	(void)flags;
	*event = calloc(1, sizeof(**event));
	return CUDA_SUCCESS;
}

static CUresult event_destroy(CUevent event)
{
	free(event);
	return CUDA_SUCCESS;
}

static CUresult event_record(CUevent event, CUstream stream)
{
	spend(1 * US);
	event->behind = stream->tail == NEVER ? stream : NULL;
	event->at = stream->tail > sim.now + 2 * US ? stream->tail : sim.now + 2 * US;
	return CUDA_SUCCESS;
}

static uint64_t event_at(CUevent event)
{
	if (event->behind && event->behind->tail != NEVER) {
		event->at = event->behind->tail;
		event->behind = NULL;
	}
	return event->at;
}

static CUresult event_query(CUevent event)
{
	spend(400);
	return event_at(event) <= sim.now ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

static CUresult event_elapsed(float *ms, CUevent from, CUevent to)
{
	spend(500);
	if (event_at(from) > sim.now || event_at(to) > sim.now)
		return CUDA_ERROR_NOT_READY;
	*ms = (float)(((double)to->at - (double)from->at) / 1e6);
	return CUDA_SUCCESS;
}

static CUresult stream_query(CUstream stream)
{
	spend(400);
	return stream->tail <= sim.now ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

static CUresult is_capturing(CUstream stream, int *status)
{
	(void)stream;
	*status = CU_STREAM_CAPTURE_STATUS_NONE;
	return CUDA_SUCCESS;
}

const struct cuda_real *cuda_real(void)
{
	static const struct cuda_real real = {
	    .cuEventCreate = event_create,
	    .cuEventDestroy_v2 = event_destroy,
	    .cuEventRecord = event_record,
	    .cuEventQuery = event_query,
	    .cuEventElapsedTime = event_elapsed,
	    .cuStreamQuery = stream_query,
	    .cuStreamIsCapturing = is_capturing,
	};
	return &real;
}

/* A launch of a kernel of so many ns; NEVER: until another launch. */
static void launch_in(struct program *program, struct CUstream_st *stream, uint64_t key,
		      uint64_t ns)
{
	struct gate_launch launch = {.stream = {.stream = stream, .context = (CUcontext)8},
				     .current = (CUcontext)8,
				     .key = key,
				     .no_wait = program->is_callback};
	uint64_t *oldest = &program->ends[program->launches++ % QUEUE];
	uint64_t start, from, to;

	gate_enter(&program->gate, &launch);
	if (*oldest > sim.now && *oldest != NEVER)
		spend(*oldest - sim.now);
	spend(2 * US);
	start = sim.now + 4 * US;
	if (ns == NEVER) {
		stream->tail = NEVER;
	} else {
		start = stream->tail > start && stream->tail != NEVER ? stream->tail : start;
		start = sim.tail > start ? sim.tail : start;
		sim.tail = start + ns;
		for (int i = 0; i < 4; i++)
			if (program->streams[i].tail == NEVER && key == 11)
				program->streams[i].tail = sim.tail;
		stream->tail = sim.tail;
		*oldest = sim.tail;
		from = start < sim.from ? sim.from : start;
		to = sim.tail > sim.until ? sim.until : sim.tail;
		program->busy += to > from ? to - from : 0;
	}
	gate_leave(&program->gate, &launch);
}

static void launch(struct program *program, uint64_t key, uint64_t ns)
{
	launch_in(program, &program->streams[0], key, ns);
}

static void synchronise(struct program *program)
{
	uint64_t tail = program->streams[0].tail;

	if (tail > sim.now)
		spend(tail - sim.now + 5 * US);
}

/* Programs. */
static void run_flood(struct program *program)
{
	for (;;)
		launch(program, 3, program->kernel_ns);
}

/* The host is busy with other things while its kernel runs. */
static void run_away(struct program *program)
{
	for (;;) {
		launch(program, 3, program->kernel_ns);
		spend(program->kernel_ns * 3 / 4);
	}
}

static void run_synchronous(struct program *program)
{
	for (;;) {
		launch(program, 3, program->kernel_ns);
		synchronise(program);
	}
}

/* Steps of kernels of many kinds, and then the host works. */
static void run_steps(struct program *program)
{
	for (;;) {
		for (uint64_t i = 0; i < program->batch; i++)
			launch_in(program, &program->streams[i % 3], 5 + i * 2,
				  program->kernel_ns / 2 + i * 7919 % program->kernel_ns);
		synchronise(program);
		spend(program->host_ns + 1);
	}
}

/* Kernels of one kind that are never alike, now few, now many, with pauses. */
static void run_random(struct program *program)
{
	for (;;) {
		uint64_t count = 1 + below(program->batch), kind = 5 + 2 * below(6);

		for (uint64_t i = 0; i < count; i++)
			launch_in(program, &program->streams[below(3)], kind,
				  1 * US + below(program->kernel_ns) * (1 + below(3)) / 2);
		if (!below(4))
			synchronise(program);
		if (program->host_ns && !below(8))
			spend(below(program->host_ns));
	}
}

/* A kernel that waits for one that is launched after many others. */
static void run_waiting_kernel(struct program *program)
{
	for (int i = 0; i < 2000; i++)
		launch(program, 3, 20 * US);
	launch_in(program, &program->streams[1], 5, NEVER);
	for (int i = 0; i < 2000; i++)
		launch_in(program, &program->streams[2], i < 1999 ? 7 : 11, 20 * US);
	program->is_done = true;
	swapcontext(&program->context, &sim.scheduler);
}

static void trampoline(void)
{
	self()->run(self());
}

static void reset(uint64_t from, uint64_t until)
{
	for (int i = 0; i < PROGRAMS; i++) {
		struct program *program = &sim.programs[i];

		for (uint32_t j = 0; j < program->gate.marks.count; j++)
			free(program->gate.marks.streams[j].event);
		free(program->gate.marks.start);
		free(program->gate.marks.sample);
		free(program->stack);
	}
	memset(&sim.programs, 0, sizeof(sim.programs));
	memset(&sim.table, 0, sizeof(sim.table));
	turns_format(&sim.table);
	sim.now = 1000 * S;
	sim.tail = 0;
	sim.count = 0;
	sim.from = sim.now + from;
	sim.until = sim.now + until;
}

static struct program *add(uint32_t pct, void (*run)(struct program *), uint64_t kernel_ns)
{
	struct program *program = &sim.programs[sim.count++];

	program->run = run;
	program->kernel_ns = kernel_ns;
	program->batch = 1;
	program->group = "";
	program->limits = (struct limits){.bytes = UINT64_MAX, .compute_pct = pct};
	program->wakes = sim.now;
	gate_init(&program->gate, &program->device);
	program->stack = malloc(STACK);
	getcontext(&program->context);
	program->context.uc_stack.ss_sp = program->stack;
	program->context.uc_stack.ss_size = STACK;
	makecontext(&program->context, trampoline, 0);
	return program;
}

static void run_until(uint64_t until)
{
	sim.until = until;
	for (;;) {
		int next = -1;

		for (int i = 0; i < sim.count; i++) {
			struct program *program = &sim.programs[i];

			if (!program->is_dead && !program->is_done &&
			    (next < 0 || program->wakes < sim.programs[next].wakes))
				next = i;
		}
		if (next < 0 || sim.programs[next].wakes > sim.until)
			return;
		sim.running = next;
		sim.now = sim.programs[next].wakes;
		swapcontext(&sim.scheduler, &sim.programs[next].context);
	}
}

static double share(const struct program *program)
{
	return 100.0 * (double)program->busy / (double)(sim.until - sim.from);
}

static void one(const char *name, void (*run)(struct program *), uint64_t kernel_ns, uint64_t batch,
		uint64_t host_ns)
{
	static const uint32_t targets[] = {10, 25, 50, 75, 90};

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		uint64_t length = kernel_ns >= 100 * MS ? 200 * S : 12 * S;
		struct program *program;
		double whole;

		reset(2 * S, length);
		program = add(100, run, kernel_ns);
		program->batch = batch;
		program->host_ns = host_ns;
		run_until(sim.until);
		whole = share(program);
		reset(2 * S, length);
		program = add(targets[i], run, kernel_ns);
		program->batch = batch;
		program->host_ns = host_ns;
		run_until(sim.until);
		printf("share %s target=%u whole=%.2f achieved=%.2f counted=%.2f\n", name,
		       targets[i], whole, share(program),
		       100.0 * (double)program->counted / (double)(sim.until - sim.from + 2 * S));
	}
}

static void two(const char *name, uint32_t pct_a, uint64_t kernel_a, uint32_t pct_b,
		uint64_t kernel_b, const char *group, bool work_conserving)
{
	struct program *a, *b;

	reset(2 * S, 60 * S);
	a = add(pct_a, run_flood, kernel_a);
	b = add(pct_b, run_flood, kernel_b);
	a->group = b->group = group;
	a->limits.work_conserving = b->limits.work_conserving = work_conserving;
	run_until(sim.until);
	printf("two %s a=%.2f b=%.2f\n", name, share(a), share(b));
}

static void both_away(void)
{
	struct program *a, *b;

	reset(2 * S, 60 * S);
	a = add(30, run_away, 100 * MS);
	b = add(65, run_away, 100 * MS);
	run_until(sim.until);
	printf("two away_30_65 a=%.2f b=%.2f\n", share(a), share(b));
}

static void shares(void)
{
	one("flood_20us", run_flood, 20 * US, 1, 0);
	one("flood_1ms", run_flood, 1 * MS, 1, 0);
	one("flood_100ms", run_flood, 100 * MS, 1, 0);
	one("flood_500ms", run_flood, 500 * MS, 1, 0);
	one("synchronous_20us", run_synchronous, 20 * US, 1, 0);
	one("synchronous_1ms", run_synchronous, 1 * MS, 1, 0);
	one("synchronous_100ms", run_synchronous, 100 * MS, 1, 0);
	one("steps_full", run_steps, 30 * US, 2000, 0);
	one("steps_half", run_steps, 30 * US, 500, 15 * MS);
}

static void pairs(void)
{
	two("30_70", 30, 20 * US, 70, 20 * US, "", false);
	two("30_70_long", 30, 20 * US, 70, 100 * MS, "", false);
	two("30_60_long", 30, 100 * MS, 60, 1 * MS, "", false);
	two("20_40", 20, 20 * US, 40, 1 * MS, "", false);
	two("80_40", 80, 1 * MS, 40, 1 * MS, "", false);
	two("group_50", 50, 1 * MS, 50, 1 * MS, "team", false);
	two("group_50_20us", 50, 20 * US, 50, 20 * US, "team", false);
	two("group_50_100ms", 50, 100 * MS, 50, 100 * MS, "team", false);
	both_away();
	two("conserving_20_60", 20, 1 * MS, 60, 1 * MS, "", true);
}

static void lives_and_dies(void)
{
	struct program *a, *b;
	uint64_t died;

	/* One is killed in its turn. */
	reset(2 * S, 10 * S);
	a = add(40, run_flood, 20 * US);
	b = add(60, run_flood, 20 * US);
	run_until(sim.now + 3 * S);
	while (!a->gate.turns.held)
		run_until(sim.until + 100 * US);
	a->is_dead = true;
	died = sim.until;
	for (uint64_t turn = b->gate.turn; b->gate.turn == turn;)
		run_until(sim.until + 1 * MS);
	printf("killed taken_after_ms=%.1f\n", (double)(sim.until - died) / 1e6);

	/* One has its turn, and launches no more. */
	reset(0, 10 * S);
	a = add(50, run_flood, 20 * US);
	b = add(50, run_flood, 20 * US);
	run_until(sim.now + 3 * S);
	while (a->gate.state != GATE_OPEN)
		run_until(sim.until + 100 * US);
	a->wakes = NEVER - 1;
	died = sim.until;
	for (uint64_t turn = b->gate.turn; b->gate.turn == turn;)
		run_until(sim.until + 1 * MS);
	printf("idle taken_after_ms=%.1f\n", (double)(sim.until - died) / 1e6);

	/* A kernel waits for later launches. */
	reset(0, 30 * S);
	a = add(25, run_waiting_kernel, 0);
	run_until(sim.until);
	printf("waiting_kernel done=%d after_ms=%.1f state=%d\n", a->is_done,
	       (double)(sim.now - 1000 * S) / 1e6, a->gate.state);

	/* The limit changes: what is achieved from 2 s later on. */
	reset(0, 4 * S);
	a = add(10, run_flood, 500 * MS);
	run_until(sim.until);
	a->limits.compute_pct = 50;
	a->busy = 0;
	sim.from = sim.until + 2 * S;
	sim.until = sim.from + 40 * S;
	run_until(sim.until);
	printf("changed target=50 achieved=%.2f\n", share(a));
	a->limits.compute_pct = 100;
	a->busy = 0;
	sim.from = sim.until + 1 * S;
	sim.until = sim.from + 10 * S;
	run_until(sim.until);
	printf("freed achieved=%.2f\n", share(a));

	/* Work-conserving and alone: all of the time. */
	reset(1 * S, 10 * S);
	a = add(20, run_flood, 1 * MS);
	a->limits.work_conserving = true;
	run_until(sim.until);
	printf("conserving_alone achieved=%.2f\n", share(a));

	/* A thread of the driver does not wait. */
	reset(0, 1 * S);
	a = add(5, run_flood, 1 * MS);
	a->is_callback = true;
	run_until(sim.until);
	printf("callback most_wait_ms=%.1f\n", (double)a->most_wait / 1e6);
}

/* Random programs in random company: the sum of |error| for those that had enough to do. */
static void random_programs(uint64_t seed, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		uint32_t left = 100;
		int count;

		sim.random = seed + (uint64_t)round * 977;
		reset(2 * S, 40 * S);
		count = 1 + (int)below(4);
		for (int i = 0; i < count && left >= 10; i++) {
			uint32_t pct = 5 + (uint32_t)below(left > 90 ? 85 : left - 5);
			struct program *program =
			    add(pct, below(2) ? run_random : run_flood,
				(uint64_t[]){20 * US, 300 * US, 5 * MS, 40 * MS}[below(4)]);

			program->batch = 1 + below(300);
			left -= pct;
		}
		run_until(sim.until);
		for (int i = 0; i < sim.count; i++)
			printf("random seed=%llu program=%d/%d target=%u achieved=%.2f\n",
			       (unsigned long long)seed + (unsigned)round, i, sim.count,
			       sim.programs[i].limits.compute_pct, share(&sim.programs[i]));
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "shares"))
		shares();
	else if (!strcmp(what, "pairs"))
		pairs();
	else if (!strcmp(what, "lives"))
		lives_and_dies();
	else if (!strcmp(what, "random") && argc == 4)
		random_programs(strtoull(argv[2], NULL, 0), atoi(argv[3]));
	else
		return 2;
	reset(0, 0);
	return 0;
}
