/* SPDX-License-Identifier: MIT */
/* Images. */
#include <string.h>

#include "evaluate.h"

struct range image_extent(const struct evaluator *e, const struct value *image, unsigned axis)
{
	const struct analysis_launch *launch = e->launch;
	const uint64_t args = image->kind == VALUE_POINTER && !image->roots ? image->args : 0;
	const unsigned arg = args && !(args & (args - 1)) ? (unsigned)__builtin_ctzll(args) : 64;

	if (arg < launch->arg_count && launch->args && launch->args[arg].extent[axis])
		return range_constant((double)launch->args[arg].extent[axis]);
	return range_interval(0, 2147483647);
}

/* get_image_dim: width, height, and of three the depth. */
static const struct value *extents(struct evaluator *e, const struct value *image)
{
	const char *type = image->type->kind == TYPE_IMAGE ? image->type->name : NULL;
	const unsigned count = type && !strncmp(type, "image3d", 7) ? 4 : 2;
	struct value *all = value_integers(e->work, type_vector(e->work, &TYPE_INT, count), count);

	for (unsigned i = 0; i < count; i++)
		all->at[i] = i < 3 ? image_extent(e, image, i) : range_constant(0);
	return all;
}

const struct value *builtin_image(struct evaluator *e, const struct expression *x,
				  const struct arguments *args)
{
	const char *name = x->name;

	if (!strncmp(name, "get_image_", 10) && args->count == 1) {
		static const char *const axes[] = {"width", "height", "depth"};

		for (unsigned i = 0; i < 3; i++)
			if (!strcmp(name + 10, axes[i]))
				return value_integer(e->work, &TYPE_INT,
						     image_extent(e, args->at[0], i));
		if (!strcmp(name + 10, "dim"))
			return extents(e, args->at[0]);
		return value_opaque(e->work, &TYPE_ANY);
	}
	if (!args->count || args->at[0]->type->kind != TYPE_IMAGE)
		return NULL;
	if (!strncmp(name, "write_image", 11)) {
		image_access(e, args->at[0], args->count > 2 ? args->at[1] : NULL, true, x->place);
		return value_opaque(e->work, &TYPE_NOTHING);
	}
	if (!strncmp(name, "read_image", 10)) {
		image_access(e, args->at[0],
			     args->count == 2	? args->at[1]
			     : args->count == 3 ? args->at[2]
						: NULL,
			     false, x->place);
		return value_opaque(e->work,
				    name[10] == 'f' ? type_vector(e->work, &TYPE_FLOATING, 4)
				    : !strcmp(name + 10, "ui") ? type_vector(e->work, &TYPE_UINT, 4)
				    : name[10] == 'i'	       ? type_vector(e->work, &TYPE_INT, 4)
							       : &TYPE_ANY);
	}
	return NULL;
}
