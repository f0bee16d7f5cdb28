/* SPDX-License-Identifier: MIT */
/* Ids and sizes of work-items and work-groups. */
#include <math.h>
#include <string.h>

#include "evaluate.h"

static struct range global_id(const struct evaluator *e, unsigned d)
{
	const struct analysis_launch *launch = e->launch;
	double offset = (double)launch->offset[d];
	struct range id = range_interval(offset, offset + (double)launch->global[d] - 1);

	if (d == e->dimension) {
		struct range affine =
		    range_affine(e->last, e->group[d], offset, offset + e->group[d] - 1);

		range_meet(e->last, &affine, &id);
		return affine;
	}
	return id;
}

static struct range group_id(const struct evaluator *e, unsigned d)
{
	if (d == e->dimension)
		return range_affine(e->last, 1, 0, 0);
	return range_interval(0, e->groups[d] - 1);
}

/* Row after row, from 0 on. */
static struct range global_linear_id(const struct evaluator *e)
{
	struct range id = range_constant(0);
	unsigned d = 3;

	while (d--) {
		id = range_mul(e->last, id, range_constant((double)e->launch->global[d]), 64);
		id = range_add(e->last, id,
			       range_sub(e->last, global_id(e, d),
					 range_constant((double)e->launch->offset[d]), 64),
			       64);
	}
	return id;
}

struct range asked_range(const struct evaluator *e, enum asked asked, unsigned d)
{
	const struct analysis_launch *launch = e->launch;

	switch (asked) {
	case ASKED_GLOBAL_LINEAR_ID:
		return global_linear_id(e);
	case ASKED_LOCAL_LINEAR_ID:
		return range_interval(0, e->group[0] * e->group[1] * e->group[2] - 1);
	case ASKED_DIMENSIONS:
		return range_constant((double)launch->dimensions);
	case ASKED_OTHER:
		return range_interval(0, 65535);
	default:
		break;
	}
	if (d > 2)
		return range_interval(0, INFINITY);
	switch (asked) {
	case ASKED_GLOBAL_ID:
		return global_id(e, d);
	case ASKED_GLOBAL_SIZE:
		return range_constant((double)launch->global[d]);
	case ASKED_GLOBAL_OFFSET:
		return range_constant((double)launch->offset[d]);
	case ASKED_LOCAL_ID:
		return range_interval(0, e->group[d] - 1);
	case ASKED_LOCAL_SIZE:
		/* The last work-group may be smaller, where groups need not be equal. */
		return fmod((double)launch->global[d], e->group[d]) == 0
			   ? range_constant(e->group[d])
			   : range_interval(1, e->group[d]);
	case ASKED_GROUP_ID:
		return group_id(e, d);
	case ASKED_GROUPS:
		return range_constant(e->groups[d]);
	default:
		return range_interval(0, INFINITY);
	}
}

bool asked_check(struct evaluator *e, enum asked asked, const char *name, struct place place)
{
	e->uses_grid |= asked == ASKED_GLOBAL_SIZE || asked == ASKED_GLOBAL_OFFSET ||
			asked == ASKED_GLOBAL_LINEAR_ID || asked == ASKED_GROUP_ID ||
			asked == ASKED_GROUPS;
	if (asked == ASKED_OTHER)
		e->uses_groups = e->uses_subgroups = true;
	if (asked != ASKED_LOCAL_ID && asked != ASKED_LOCAL_LINEAR_ID &&
	    asked != ASKED_LOCAL_SIZE && asked != ASKED_GROUP_ID && asked != ASKED_GROUPS)
		return true;
	e->uses_groups = true;
	if (e->has_local)
		return true;
	refuse(e, ANALYSIS_NO_LOCAL_SIZE, place,
	       "%.40s depends on the size of work-groups, which the launch leaves open", name);
	return false;
}

static const struct {
	const char *name;
	enum asked asked;
} NAMES[] = {
    {"get_global_id", ASKED_GLOBAL_ID},
    {"get_global_size", ASKED_GLOBAL_SIZE},
    {"get_global_offset", ASKED_GLOBAL_OFFSET},
    {"get_global_linear_id", ASKED_GLOBAL_LINEAR_ID},
    {"get_work_dim", ASKED_DIMENSIONS},
    {"get_local_id", ASKED_LOCAL_ID},
    {"get_local_linear_id", ASKED_LOCAL_LINEAR_ID},
    {"get_local_size", ASKED_LOCAL_SIZE},
    {"get_enqueued_local_size", ASKED_LOCAL_SIZE},
    {"get_group_id", ASKED_GROUP_ID},
    {"get_num_groups", ASKED_GROUPS},
    {"get_num_sub_groups", ASKED_OTHER},
    {"get_max_sub_group_size", ASKED_OTHER},
    {"get_enqueued_num_sub_groups", ASKED_OTHER},
};

const struct value *builtin_id(struct evaluator *e, const struct expression *x,
			       const struct arguments *args)
{
	const char *name = x->name;
	enum asked asked = ASKED_OTHER;
	unsigned d = 3;
	size_t i;

	if (strncmp(name, "get_", 4))
		return NULL;
	for (i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
		if (!strcmp(name, NAMES[i].name))
			break;
	}
	if (i < sizeof(NAMES) / sizeof(*NAMES))
		asked = NAMES[i].asked;
	else if (strncmp(name, "get_sub_group_", 14))
		return NULL;
	if (args->count == 1) {
		struct range number = value_number(args->at[0]);

		if (range_is_constant(&number) && number.min >= 0 && number.min < 3)
			d = (unsigned)number.min;
	}
	return value_integer(
	    e->work, asked == ASKED_OTHER || asked == ASKED_DIMENSIONS ? &TYPE_UINT : &TYPE_SIZE,
	    asked_check(e, asked, name, x->place) ? asked_range(e, asked, d)
						  : range_interval(0, INFINITY));
}
