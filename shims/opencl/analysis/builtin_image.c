/* SPDX-License-Identifier: MIT */
/* Images. */
#include <string.h>

#include "evaluate.h"

const struct value *builtin_image(struct evaluator *e, const struct expression *x,
				  const struct arguments *args)
{
	const char *name = x->name;

	if (!strncmp(name, "get_image_", 10) && args->count == 1) {
		if (strcmp(name, "get_image_width") && strcmp(name, "get_image_height") &&
		    strcmp(name, "get_image_depth"))
			return value_opaque(e->work, &TYPE_ANY);
		return value_integer(e->work, &TYPE_INT, range_interval(0, 2147483647));
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
