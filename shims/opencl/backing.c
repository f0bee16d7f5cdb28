/* SPDX-License-Identifier: MIT */
#include "backing.h"

static bool is_empty(struct range range)
{
	return range.start >= range.end;
}

static struct range common(struct range a, struct range b)
{
	return (struct range){
	    a.start > b.start ? a.start : b.start,
	    a.end < b.end ? a.end : b.end,
	};
}

static bool meet(struct range a, struct range b)
{
	return !is_empty(common(a, b));
}

/* From the first byte of either to the last. */
static struct range around(struct range a, struct range b)
{
	if (is_empty(a))
		return b;
	return (struct range){
	    a.start < b.start ? a.start : b.start,
	    a.end > b.end ? a.end : b.end,
	};
}

static struct range reads_of(const struct flight_use *use, const struct split_part *part)
{
	struct range range = {0, 0};

	split_part_range(part, use->memory, &use->windows.reads, NULL, &range);
	return range;
}

static struct range writes_of(const struct flight_use *use, const struct split_part *part)
{
	struct range range = {0, 0};

	split_part_range(part, use->memory, &use->windows.writes, &use->windows.axis, &range);
	return range;
}

/* Whether parts before it on the member write all of a range, and can be run again themselves. */
static bool is_to_be_written(const struct flight *flight, const struct memory *root,
			     struct range range)
{
	bool is_more = true;

	while (is_more && !is_empty(range)) {
		is_more = false;
		for (const struct flight *each = root->context->flights.first;
		     each && each != flight; each = each->next) {
			if (each->part.member != flight->part.member || !each->is_backed)
				continue;
			for (unsigned int i = 0; i < each->count; i++) {
				const struct flight_use *use = &each->uses[i];

				if (!use->memory || use->memory->root != root ||
				    use->writes.start > range.start ||
				    use->writes.end <= range.start)
					continue;
				range.start = use->writes.end;
				is_more = true;
			}
		}
	}
	return is_empty(range);
}

/* Whether the home has a range, or will have it when what was before is run again. */
static bool is_backed(struct flight *flight, const struct memory *root, struct range range,
		      struct ranges *awaited)
{
	const struct ranges *valid = &root->copies[root->context->home].valid;
	struct range gap, defined;

	for (; ranges_first_gap(valid, range.start, range.end, &gap); range.start = gap.end) {
		/* What nobody has written may be anything. */
		if (!ranges_first(&root->defined, gap.start, gap.end, &defined))
			continue;
		if (!is_to_be_written(flight, root, gap) ||
		    !ranges_add(awaited, gap.start, gap.end))
			return false;
	}
	return true;
}

static void add_use(struct flight *flight, const struct argument *argument,
		    const struct analysis_use *windows)
{
	struct memory *memory = argument_memory(argument);
	struct flight_use *use;

	if (!memory && argument->kind != ARGUMENT_SAMPLER)
		return;
	use = &flight->uses[flight->count++];
	use->object = argument->object;
	object_hold(use->object);
	use->memory = memory;
	use->windows = *windows;
	if (!memory)
		return;
	use->reads = reads_of(use, &flight->part);
	use->writes = writes_of(use, &flight->part);
	flight->is_backed =
	    flight->is_backed && is_backed(flight, memory->root, use->reads, &use->awaited) &&
	    (windows->is_filled || is_backed(flight, memory->root, use->writes, &use->awaited));
}

/* What happens to a range of memory, and whom that touches. */
struct change {
	const struct memory *root;
	struct range range;
	bool counts_reads, counts_writes;
};

static bool is_touched(const struct flight *flight, uint64_t from, uint64_t to,
		       const struct change *change)
{
	const struct split_part part = {flight->part.member, from, to};

	for (unsigned int i = 0; i < flight->count; i++) {
		const struct flight_use *use = &flight->uses[i];

		if (!use->memory || use->memory->root != change->root)
			continue;
		if ((change->counts_reads && meet(reads_of(use, &part), change->range)) ||
		    (change->counts_writes && meet(writes_of(use, &part), change->range)))
			return true;
	}
	return false;
}

/* The number of groups that are left at the end of the part, or at its beginning. */
static uint64_t untouched(const struct flight *flight, const struct change *change, bool at_end)
{
	const uint64_t from = flight->part.from, to = flight->part.to;
	uint64_t few = 0, many = to - from;

	while (many - few > 1) {
		const uint64_t count = few + (many - few) / 2;
		const bool is = is_touched(flight, at_end ? to - count : from,
					   at_end ? to : from + count, change);

		*(is ? &many : &few) = count;
	}
	return few;
}

static bool narrow(struct flight *flight, const struct change *change);

/* Parts before it on the member are not run again where it wrote: what is there now is newer. */
static void outdate(const struct flight *flight, const struct split_part *groups)
{
	for (unsigned int i = 0; i < flight->count; i++) {
		const struct flight_use *use = &flight->uses[i];
		struct change change = {.counts_writes = true};

		if (!use->memory)
			continue;
		change.root = use->memory->root;
		change.range = writes_of(use, groups);
		for (struct flight *each = change.root->context->flights.first;
		     each && each != flight; each = each->next)
			if (each->part.member == groups->member)
				narrow(each, &change);
	}
}

/* Leaves out the groups that touch it; false: there are none. */
static bool narrow(struct flight *flight, const struct change *change)
{
	struct split_part *part = &flight->part, gone = *part;
	uint64_t begin, end;

	if (!flight->is_backed || !is_touched(flight, part->from, part->to, change))
		return false;
	begin = untouched(flight, change, false);
	end = untouched(flight, change, true);
	if (begin > end)
		gone.from = part->to = part->from + begin;
	else
		gone.to = part->from = part->to - end;
	flight->is_backed = part->from < part->to;
	for (unsigned int i = 0; i < flight->count; i++) {
		struct flight_use *use = &flight->uses[i];
		struct range touched;

		if (!use->memory)
			continue;
		use->reads = reads_of(use, part);
		use->writes = writes_of(use, part);
		use->rewritten = common(use->rewritten, use->reads);
		touched = around(use->reads, use->writes);
		ranges_remove(&use->awaited, 0, touched.start);
		ranges_remove(&use->awaited, touched.end, SIZE_MAX);
	}
	outdate(flight, &gone);
	return true;
}

static void give_up(struct flight *flight)
{
	flight->is_backed = false;
	outdate(flight, &flight->part);
}

/* Whether what the home waits for is to come. */
static bool is_coming(const struct flight *flight)
{
	for (unsigned int i = 0; i < flight->count; i++) {
		const struct flight_use *use = &flight->uses[i];

		for (unsigned int j = 0; j < use->awaited.count; j++)
			if (!is_to_be_written(flight, use->memory->root, use->awaited.list[j]))
				return false;
	}
	return true;
}

/* Gives up those that wait for what nobody would make, and so on. */
static void check(const struct context *context)
{
	bool is_more = true;

	while (is_more) {
		is_more = false;
		for (struct flight *flight = context->flights.first; flight;
		     flight = flight->next) {
			if (!flight->is_backed || is_coming(flight))
				continue;
			give_up(flight);
			is_more = true;
		}
	}
}

void backing_begin(struct flight *flight, const struct split_work *work)
{
	const struct kernel *kernel = work->kernel;

	flight->is_backed = true;
	for (cl_uint i = 0; i < kernel->argument_count; i++)
		add_use(flight, &kernel->arguments[i], &work->verdict->uses[i]);
	if (!flight->is_backed)
		backing_end(flight, kernel->context);
}

void backing_end(struct flight *flight, const struct context *context)
{
	give_up(flight);
	check(context);
}

void backing_forget(const struct context *context, unsigned int member)
{
	for (struct flight *flight = context->flights.first; flight; flight = flight->next)
		if (flight->part.member == member)
			flight->is_backed = false;
}

/* Notes that what the part has read is another now, wherever. */
static void rewrite(struct flight *flight, const struct change *change)
{
	for (unsigned int i = 0; i < flight->count; i++) {
		struct flight_use *use = &flight->uses[i];

		if (use->memory && use->memory->root == change->root &&
		    meet(use->reads, change->range))
			use->rewritten = around(use->rewritten, common(use->reads, change->range));
	}
}

void flight_wrote(struct memory *root, unsigned int member, struct range range)
{
	const struct flights *flights = &root->context->flights;
	const struct change change = {root, range, member == root->context->home, true};
	bool is_other = false;

	for (struct flight *flight = flights->first; flight; flight = flight->next) {
		rewrite(flight, &change);
		/* Parts of one launch do not meet; those of a member are done over in order. */
		if (flights->is_parting &&
		    (flight->launch == flights->launches || flight->part.member == member))
			continue;
		if (flights->is_redoing && flight->part.member == flights->redone)
			continue;
		is_other = narrow(flight, &change) || is_other;
	}
	if (is_other)
		check(root->context);
}

/* The home waits for it no more. False: there is no memory to know the rest. */
static bool stop_waiting(struct flight *flight, const struct change *change)
{
	bool is_known = true;

	for (unsigned int i = 0; i < flight->count; i++) {
		struct flight_use *use = &flight->uses[i];

		if (use->memory && use->memory->root == change->root)
			is_known =
			    ranges_remove(&use->awaited, change->range.start, change->range.end) &&
			    is_known;
	}
	return is_known;
}

/* Whether some of what comes is not as the part has read it. */
static bool is_rewritten(const struct flight *flight, const struct change *change)
{
	for (unsigned int i = 0; i < flight->count; i++)
		if (flight->uses[i].memory && flight->uses[i].memory->root == change->root &&
		    meet(flight->uses[i].rewritten, change->range))
			return true;
	return false;
}

void flight_came_home(struct memory *root, struct range range, cl_int status)
{
	const struct change change = {root, range, true, false};
	bool is_other = false;

	for (struct flight *flight = root->context->flights.first; flight; flight = flight->next) {
		if (is_rewritten(flight, &change))
			is_other = narrow(flight, &change) || is_other;
		if (status != CL_SUCCESS || stop_waiting(flight, &change))
			continue;
		give_up(flight);
		is_other = true;
	}
	if (is_other)
		check(root->context);
}
