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

static const struct value *of_groups(struct evaluator *e, const struct expression *x,
				     const struct range *range)
{
	e->uses_groups = true;
	if (!e->has_local) {
		refuse(e, ANALYSIS_NO_LOCAL_SIZE, x->place,
		       "%.40s depends on the size of work-groups, which the launch leaves open",
		       x->name);
		return value_integer(e->work, &TYPE_SIZE, range_interval(0, INFINITY));
	}
	return value_integer(e->work, &TYPE_SIZE, *range);
}

const struct value *builtin_id(struct evaluator *e, const struct expression *x,
			       const struct arguments *args)
{
	struct range range = range_interval(0, INFINITY);
	const char *name = x->name;
	bool is_of_groups = false, is_known = false;
	unsigned d = 0;

	if (strncmp(name, "get_", 4))
		return NULL;
	if (args->count == 1) {
		struct range number = value_number(args->at[0]);

		is_known = range_is_constant(&number) && number.min >= 0 && number.min < 3;
		if (is_known)
			d = (unsigned)number.min;
	}
	if (!strcmp(name, "get_global_id")) {
		if (is_known)
			range = global_id(e, d);
	} else if (!strcmp(name, "get_global_size")) {
		e->uses_grid = true;
		if (is_known)
			range = range_constant((double)e->launch->global[d]);
	} else if (!strcmp(name, "get_global_offset")) {
		e->uses_grid = true;
		if (is_known)
			range = range_constant((double)e->launch->offset[d]);
	} else if (!strcmp(name, "get_global_linear_id")) {
		e->uses_grid = true;
		range = global_linear_id(e);
	} else if (!strcmp(name, "get_work_dim")) {
		return value_integer(e->work, &TYPE_UINT,
				     range_constant((double)e->launch->dimensions));
	} else if (!strcmp(name, "get_local_id")) {
		is_of_groups = true;
		if (is_known)
			range = range_interval(0, e->group[d] - 1);
	} else if (!strcmp(name, "get_local_linear_id")) {
		is_of_groups = true;
		range = range_interval(0, e->group[0] * e->group[1] * e->group[2] - 1);
	} else if (!strcmp(name, "get_local_size") || !strcmp(name, "get_enqueued_local_size")) {
		is_of_groups = true;
		if (is_known)
			range = range_interval(1, e->group[d]);
		/* The last work-group may be smaller, where groups need not be equal. */
		if (is_known && fmod((double)e->launch->global[d], e->group[d]) == 0)
			range = range_constant(e->group[d]);
	} else if (!strcmp(name, "get_group_id")) {
		is_of_groups = e->uses_grid = true;
		if (is_known)
			range = group_id(e, d);
	} else if (!strcmp(name, "get_num_groups")) {
		is_of_groups = e->uses_grid = true;
		if (is_known)
			range = range_constant(e->groups[d]);
	} else if (!strncmp(name, "get_sub_group_", 14) || !strcmp(name, "get_num_sub_groups") ||
		   !strcmp(name, "get_max_sub_group_size") ||
		   !strcmp(name, "get_enqueued_num_sub_groups")) {
		range = range_interval(0, 65535);
		e->uses_groups = true;
		return value_integer(e->work, &TYPE_UINT, range);
	} else {
		return NULL;
	}
	if (is_of_groups)
		return of_groups(e, x, &range);
	return value_integer(e->work, &TYPE_SIZE, range);
}
