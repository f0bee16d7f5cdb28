/* SPDX-License-Identifier: MIT */
/* Names of the rules, and what to do about each. */
#include "analysis.h"

static const struct {
	const char *name, *advice;
} RULES[ANALYSIS_RULES] = {
    [ANALYSIS_SPLIT] = {"split", ""},
    [ANALYSIS_ONE_GROUP] = {"one_group", "launch it over two or more work-groups"},
    [ANALYSIS_ATOMIC] = {"atomic",
			 "let each work-group write a result of its own, and combine these "
			 "in a second kernel or on the host"},
    [ANALYSIS_COHERENT] = {"coherent",
			   "take volatile and device-wide fences away: work-groups cannot "
			   "wait for each other anyway"},
    [ANALYSIS_SIDE_EFFECT] = {"side_effect", "write what is to be seen to a buffer"},
    [ANALYSIS_UNKNOWN_POINTER] =
	{"unknown_pointer", "give each buffer as an argument, and index that argument directly"},
    [ANALYSIS_GLOBAL_VARIABLE] = {"global_variable", "make it a buffer that is an argument"},
    [ANALYSIS_GRID] = {"grid",
		       "ask for the size of the grid in functions that are plainly written, "
		       "or give it as an argument"},
    [ANALYSIS_ALIASING] = {"aliasing", "give buffers that do not overlap where one is written"},
    [ANALYSIS_STORE_NOT_AFFINE] = {"store_not_affine",
				   "store at an index that is the id times a number plus what is "
				   "smaller than that number"},
    [ANALYSIS_STORE_OVERLAPS] = {"store_overlaps",
				 "let each work-group store to a stretch of its own, and guard ids "
				 "beyond the width"},
    [ANALYSIS_LOAD_OF_WRITTEN] =
	{"load_of_written", "load from another buffer than is stored to, or only what the same "
			    "work-group stores"},
    [ANALYSIS_IMAGE_STORE] = {"image_store", "write texels at a coordinate that is the id"},
    [ANALYSIS_NO_STORE] = {"no_store", "nothing: it has no result"},
    [ANALYSIS_NO_LOCAL_SIZE] = {"no_local_size", "launch it with a local size"},
    [ANALYSIS_UNKNOWN] = {"unknown", "write it in a way that the analysis knows"},
    [ANALYSIS_TOO_COMPLEX] = {"too_complex", "use fewer nested loops and calls"},
    [ANALYSIS_MALFORMED] = {"malformed", "check the text and the options"},
};

const char *analysis_rule_name(enum analysis_rule rule)
{
	return (unsigned)rule < ANALYSIS_RULES ? RULES[rule].name : "";
}

const char *analysis_rule_advice(enum analysis_rule rule)
{
	return (unsigned)rule < ANALYSIS_RULES ? RULES[rule].advice : "";
}
