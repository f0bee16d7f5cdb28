/*
 * Time. A device is one engine. The work of one process runs on it one piece after the other, in
 * the order of submission; processes that have work at the same time share it in equal parts (time
 * slicing with slices of no length). `service` is the device time that a process got; a piece of
 * work is over when the service reaches the level that `queued` had after its submission.
 */
#include "state.h"

/* The process got `served` at 1/share of the device from `from` to `to`. */
static void note(struct work *work, uint64_t from, uint64_t to, uint64_t served, uint64_t share)
{
	struct step *last = &work->ring[(work->steps + MAX_STEPS - 1) % MAX_STEPS];
	uint64_t tick = to / SAMPLE_NS;

	if (!work->steps || last->time != from || last->share != share)
		last = &work->ring[work->steps++ % MAX_STEPS];
	work->service += served;
	*last = (struct step){to, work->service, share};
	for (uint64_t t = from / SAMPLE_NS; t <= tick; t++) {
		uint64_t end = (t + 1) * SAMPLE_NS;
		uint64_t later = end < to ? (to - end) / share : 0;

		if (t + MAX_SAMPLES > tick) {
			work->samples[t % MAX_SAMPLES].tick = t;
			work->samples[t % MAX_SAMPLES].service = work->service - later;
		}
	}
}

static uint64_t backlog(int device, int slot)
{
	struct process *process = &shared->processes[slot];

	return process->pid ? process->work[device].queued - process->work[device].service : 0;
}

void engine_advance(int device, uint64_t now)
{
	uint64_t *at = &shared->advanced[device];

	while (*at < now) {
		uint64_t active = 0, least = UINT64_MAX, served;

		for (int i = 0; i < MAX_PROCESSES; i++) {
			uint64_t left = backlog(device, i);

			if (!left)
				continue;
			active++;
			if (left < least)
				least = left;
		}
		if (!active) {
			*at = now;
			return;
		}
		served = (now - *at) / active;
		if (served > least)
			served = least;
		if (!served)
			return;
		for (int i = 0; i < MAX_PROCESSES; i++)
			if (backlog(device, i))
				note(&shared->processes[i].work[device], *at, *at + served * active,
				     served, active);
		*at += served * active;
	}
}

uint64_t engine_submit(int device, int slot, uint64_t duration, uint64_t now)
{
	struct work *work = &shared->processes[slot].work[device];

	engine_advance(device, now);
	work->queued += duration;
	return work->queued;
}

bool engine_reached(int device, int slot, uint64_t level)
{
	return shared->processes[slot].work[device].service >= level;
}

/* When the service came to a level that it has reached. */
uint64_t engine_when(int device, int slot, uint64_t level)
{
	struct work *work = &shared->processes[slot].work[device];
	uint64_t when = 0;
	uint32_t oldest = work->steps > MAX_STEPS ? work->steps - MAX_STEPS : 0;

	for (uint32_t i = work->steps; i-- > oldest;) {
		struct step *step = &work->ring[i % MAX_STEPS];

		if (step->service < level)
			break;
		when = step->time - (step->service - level) * step->share;
	}
	return when;
}

/* When a level will be reached, should no process come or go. */
uint64_t engine_eta(int device, int slot, uint64_t level, uint64_t now)
{
	uint64_t active = 0;

	for (int i = 0; i < MAX_PROCESSES; i++)
		active += backlog(device, i) != 0;
	return now + (level - shared->processes[slot].work[device].service) * (active ? active : 1);
}

void engine_abandon(int slot)
{
	uint64_t now = fake_now();

	for (int d = 0; d < described.count; d++) {
		engine_advance(d, now);
		shared->processes[slot].work[d].queued = shared->processes[slot].work[d].service;
	}
}

double engine_share(int device, int slot, uint64_t window, uint64_t now)
{
	struct work *work = &shared->processes[slot].work[device];
	uint64_t from = (now - window) / SAMPLE_NS, before = 0;

	engine_advance(device, now);
	/* The service at the last sample before the window; a process that has none began in it. */
	for (int i = 0; i < MAX_SAMPLES; i++)
		if (work->samples[i].tick < from && work->samples[i].service > before)
			before = work->samples[i].service;
	return (double)(work->service - before) / (double)(now - from * SAMPLE_NS);
}
