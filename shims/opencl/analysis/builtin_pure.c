/* SPDX-License-Identifier: MIT */
/* Functions that only compute, barriers, and names that compilers know. */
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"

/* Sorted. */
static const char *const PURE[] = {
    "acos",	     "acosh",	       "acospi",	"all",	       "any",
    "asin",	     "asinh",	       "asinpi",	"atan",	       "atan2",
    "atan2pi",	     "atanh",	       "atanpi",	"bitselect",   "cbrt",
    "ceil",	     "clamp",	       "copysign",	"cos",	       "cosh",
    "cospi",	     "cross",	       "degrees",	"distance",    "dot",
    "erf",	     "erfc",	       "exp",		"exp10",       "exp2",
    "expm1",	     "fabs",	       "fast_distance", "fast_length", "fast_normalize",
    "fdim",	     "floor",	       "fma",		"fmax",	       "fmin",
    "fmod",	     "hypot",	       "ilogb",		"isequal",     "isfinite",
    "isgreater",     "isgreaterequal", "isinf",		"isless",      "islessequal",
    "islessgreater", "isnan",	       "isnormal",	"isnotequal",  "isordered",
    "isunordered",   "ldexp",	       "length",	"lgamma",      "log",
    "log10",	     "log1p",	       "log2",		"logb",	       "mad",
    "max",	     "maxmag",	       "min",		"minmag",      "mix",
    "nan",	     "nextafter",      "normalize",	"pow",	       "pown",
    "powr",	     "radians",	       "remainder",	"rint",	       "rootn",
    "round",	     "rsqrt",	       "select",	"shuffle",     "shuffle2",
    "sign",	     "signbit",	       "sin",		"sinh",	       "sinpi",
    "smoothstep",    "sqrt",	       "step",		"tan",	       "tanh",
    "tanpi",	     "tgamma",	       "trunc",		"vec_step",
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool is_pure(const char *name)
{
	return !strncmp(name, "native_", 7) || !strncmp(name, "half_", 5) ||
	       bsearch(name, PURE, sizeof(PURE) / sizeof(*PURE), sizeof(*PURE), by_name);
}

/* Within the work-group, which stays in one piece. */
static const char *const OF_GROUP[] = {
    "work_group_all",
    "work_group_any",
    "work_group_broadcast",
    "work_group_reduce_add",
    "work_group_reduce_min",
    "work_group_reduce_max",
    "work_group_scan_exclusive_add",
    "work_group_scan_inclusive_add",
    "work_group_scan_exclusive_min",
    "work_group_scan_inclusive_min",
    "work_group_scan_exclusive_max",
    "work_group_scan_inclusive_max",
    "sub_group_all",
    "sub_group_any",
    "sub_group_broadcast",
    "sub_group_reduce_add",
    "sub_group_reduce_min",
    "sub_group_reduce_max",
    "sub_group_scan_exclusive_add",
    "sub_group_scan_inclusive_add",
    "sub_group_scan_exclusive_min",
    "sub_group_scan_inclusive_min",
    "sub_group_scan_exclusive_max",
    "sub_group_scan_inclusive_max",
    "sub_group_shuffle",
    "sub_group_shuffle_xor",
    "sub_group_shuffle_up",
    "sub_group_shuffle_down",
    "intel_sub_group_shuffle",
};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

/* The type of what a function of floating-point numbers gives, where that is plain. */
static const struct type *result_of(const char *name, const struct arguments *args)
{
	static const char *const SCALAR[] = {"dot", "distance", "length", "fast_distance",
					     "fast_length"};
	static const char *const OTHER[] = {"ilogb",	"nan",	   "shuffle", "shuffle2",
					    "vec_step", "signbit", "select",  "bitselect"};
	const struct type *found = NULL;
	unsigned i;

	if (!strcmp(name, "any") || !strcmp(name, "all"))
		return &TYPE_INT;
	if (!strncmp(name, "is", 2) || is_one_of(name, OTHER, sizeof(OTHER) / sizeof(*OTHER)))
		return &TYPE_ANY;
	for (i = 0; i < args->count; i++) {
		const struct type *type = args->at[i]->type;

		if (type->kind == TYPE_UNKNOWN)
			return &TYPE_ANY;
		if (type_integer_of(type))
			continue;
		if (!found || type->kind == TYPE_VECTOR)
			found = type;
	}
	if (!found)
		return &TYPE_ANY;
	if (is_one_of(name, SCALAR, sizeof(SCALAR) / sizeof(*SCALAR)))
		return found->kind == TYPE_VECTOR ? found->of : found;
	return found;
}

const struct value *builtin_pure(struct evaluator *e, const struct expression *x,
				 const struct arguments *args)
{
	bool is_group = false;
	size_t i;

	for (i = 0; i < sizeof(OF_GROUP) / sizeof(*OF_GROUP) && !is_group; i++)
		is_group = !strcmp(x->name, OF_GROUP[i]);
	if (!is_group && !is_pure(x->name))
		return NULL;
	for (i = 0; i < args->count; i++) {
		if (args->at[i]->type->kind == TYPE_POINTER ||
		    args->at[i]->type->kind == TYPE_IMAGE)
			return NULL;
	}
	e->uses_groups |= is_group;
	e->uses_subgroups |= is_group && strstr(x->name, "sub_group_");
	return value_opaque(e->work, is_group ? &TYPE_ANY : result_of(x->name, args));
}

bool is_builtin_name(const char *name)
{
	static const char *const NAMES[] = {"abs",
					    "abs_diff",
					    "add_sat",
					    "barrier",
					    "clz",
					    "ctz",
					    "fract",
					    "frexp",
					    "hadd",
					    "lgamma_r",
					    "mad24",
					    "mad_hi",
					    "mad_sat",
					    "mem_fence",
					    "modf",
					    "mul24",
					    "mul_hi",
					    "popcount",
					    "prefetch",
					    "printf",
					    "read_mem_fence",
					    "remquo",
					    "rhadd",
					    "rotate",
					    "sincos",
					    "sub_sat",
					    "to_global",
					    "to_local",
					    "to_private",
					    "upsample",
					    "wait_group_events"};
	static const char *const PREFIXES[] = {
	    "as_",	    "async_work_group_", "atom_",	"atomic_",
	    "convert_",	    "get_enqueued_",	 "get_global_", "get_group_",
	    "get_image_",   "get_local_",	 "get_num_",	"get_sub_group_",
	    "get_work_dim", "read_image",	 "sub_group_",	"vload",
	    "vstore",	    "work_group_",	 "write_image"};
	size_t i;

	for (i = 0; i < sizeof(PREFIXES) / sizeof(*PREFIXES); i++) {
		if (!strncmp(name, PREFIXES[i], strlen(PREFIXES[i])))
			return true;
	}
	return is_one_of(name, NAMES, sizeof(NAMES) / sizeof(*NAMES)) || is_pure(name);
}

/* Whether a scope that is written out is no wider than the work-group. */
static bool is_narrow(const struct expression *scope)
{
	return scope->kind == EXPRESSION_NAME && (!strcmp(scope->name, "memory_scope_work_group") ||
						  !strcmp(scope->name, "memory_scope_work_item") ||
						  !strcmp(scope->name, "memory_scope_sub_group"));
}

const struct value *builtin_order(struct evaluator *e, const struct expression *x,
				  const struct arguments *args)
{
	static const char *const ORDER[] = {
	    "barrier",	      "work_group_barrier", "sub_group_barrier", "mem_fence",
	    "read_mem_fence", "write_mem_fence",    "wait_group_events", "atomic_work_item_fence"};
	const char *name = x->name;
	unsigned scope = 1;
	size_t i;

	for (i = 0; i < sizeof(ORDER) / sizeof(*ORDER); i++) {
		if (!strcmp(name, ORDER[i]))
			break;
	}
	if (i == sizeof(ORDER) / sizeof(*ORDER))
		return NULL;
	e->uses_groups = true;
	if (!strcmp(name, "atomic_work_item_fence"))
		scope = 2;
	if (strcmp(name, "wait_group_events") && args->count > scope &&
	    !is_narrow(args->expressions[scope]))
		refuse(e, ANALYSIS_COHERENT, x->place, "%.40s reaches beyond the work-group", name);
	return value_opaque(e->work, &TYPE_NOTHING);
}

bool is_truth(const char *name)
{
	return !strcmp(name, "true") || !strcmp(name, "false");
}

bool is_builtin_constant(const char *name, int64_t *value, bool *has_value)
{
	static const struct {
		const char *name;
		int64_t value;
	} NUMBERS[] = {
	    {"true", 1},
	    {"false", 0},
	    {"NULL", 0},
	    {"CHAR_BIT", 8},
	    {"SCHAR_MAX", 127},
	    {"SCHAR_MIN", -128},
	    {"CHAR_MAX", 127},
	    {"CHAR_MIN", -128},
	    {"UCHAR_MAX", 255},
	    {"SHRT_MAX", 32767},
	    {"SHRT_MIN", -32768},
	    {"USHRT_MAX", 65535},
	    {"INT_MAX", INT32_MAX},
	    {"INT_MIN", INT32_MIN},
	};
	static const char *const PREFIXES[] = {
	    "M_",     "FLT_",	  "DBL_",     "HALF_",	  "CLK_", "UINT_",	   "LONG_",
	    "ULONG_", "HUGE_VAL", "MAXFLOAT", "INFINITY", "NAN",  "memory_order_", "memory_scope_"};
	size_t i;

	*has_value = false;
	for (i = 0; i < sizeof(NUMBERS) / sizeof(*NUMBERS); i++) {
		if (!strcmp(name, NUMBERS[i].name)) {
			*value = NUMBERS[i].value;
			return *has_value = true;
		}
	}
	for (i = 0; i < sizeof(PREFIXES) / sizeof(*PREFIXES); i++) {
		if (!strncmp(name, PREFIXES[i], strlen(PREFIXES[i])))
			return true;
	}
	return false;
}
