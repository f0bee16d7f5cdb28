/* SPDX-License-Identifier: MIT */
#include "split_program.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

#define MOST_MACROS 256
#define MOST_TEXT 16384

/* What the members' compilers predefine. */
struct predefined {
	const char *macros[MOST_MACROS]; /* all of them */
	const char *mixed[MOST_MACROS];	 /* some */
	size_t count, mixed_count;
	unsigned int version; /* 0: not the same */
	char shared[MOST_TEXT];
	char of[POOL_MEMBERS][MOST_TEXT];
};

static bool is_listed(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

/* Words that are not in a list yet. False: too many. */
static bool take_words(char *text, const char *const *had, size_t had_count, const char **words,
		       size_t *count)
{
	char *rest;

	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (is_listed(word, had, had_count) || is_listed(word, words, *count))
			continue;
		if (*count == MOST_MACROS)
			return false;
		words[(*count)++] = word;
	}
	return true;
}

/* Extensions. What a member has and the pool does not list it has all the same. */
static bool take_extensions(struct predefined *predefined)
{
	const struct pool *members = pool();

	if (pool_clGetDeviceInfo(the_device(), CL_DEVICE_EXTENSIONS, MOST_TEXT - 1,
				 predefined->shared, NULL) != CL_SUCCESS ||
	    !take_words(predefined->shared, NULL, 0, predefined->macros, &predefined->count))
		return false;
	for (unsigned int i = 0; i < members->count; i++) {
		const cl_device_id device = members->members[i].device;

		if (of(device)->clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, MOST_TEXT - 1,
						predefined->of[i], NULL) != CL_SUCCESS ||
		    !take_words(predefined->of[i], predefined->macros, predefined->count,
				predefined->mixed, &predefined->mixed_count))
			return false;
	}
	return true;
}

static struct predefined *predefined_new(void)
{
	const struct pool *members = pool();
	struct predefined *predefined = calloc(1, sizeof(*predefined));
	cl_bool has_images = CL_FALSE;

	if (!predefined)
		return NULL;
	if (!take_extensions(predefined) || predefined->count == MOST_MACROS) {
		free(predefined);
		return NULL;
	}
	pool_clGetDeviceInfo(the_device(), CL_DEVICE_IMAGE_SUPPORT, sizeof(has_images), &has_images,
			     NULL);
	if (has_images)
		predefined->macros[predefined->count++] = "__IMAGE_SUPPORT__=1";
	predefined->version = members->members[0].version;
	for (unsigned int i = 1; i < members->count; i++)
		if (members->members[i].version != predefined->version)
			predefined->version = 0;
	return predefined;
}

static struct analysis *analyse(struct program *program)
{
	struct analysis_input input = {0};
	struct predefined *predefined;
	struct analysis *analysis = NULL;
	char *options;

	if ((!program->source && program->origin != PROGRAM_IL) || program->constants)
		return NULL;
	predefined = predefined_new();
	options = strndup(program->options ? program->options : "", program->own_options);
	if (predefined && options) {
		input.macros = predefined->macros;
		input.macro_count = predefined->count;
		input.mixed = predefined->mixed;
		input.mixed_count = predefined->mixed_count;
		input.source = program->source ? program->source : (const char *)program->bytes;
		input.length = program->source ? strlen(program->source) : program->size;
		input.options = options;
		input.device_version = predefined->version;
		analysis = analysis_create(&input);
	}
	free(predefined);
	free(options);
	return analysis;
}

static bool begin(struct split_program *split, struct program *program)
{
	split->analysis = analyse(program);
	split->past_count = 1;
	if (split->analysis && !analysis_error(split->analysis, NULL, NULL))
		split->past_count += analysis_kernel_count(split->analysis);
	split->pasts = calloc(split->past_count, sizeof(*split->pasts));
	if (!split->pasts)
		analysis_free(split->analysis);
	return split->pasts != NULL;
}

static struct split_program *split_program_of(struct program *program)
{
	if (!program->split) {
		program->split = calloc(1, sizeof(*program->split));
		if (program->split && !begin(program->split, program)) {
			free(program->split);
			program->split = NULL;
		}
	}
	return program->split;
}

void split_drop_run(struct split_run *run)
{
	for (unsigned int i = 0; i < run->count; i++) {
		of(run->parts[i].event)->clReleaseEvent(run->parts[i].event);
		stamp_drop(run->parts[i].stamp);
	}
	run->count = 0;
}

void split_forget_program(struct program *program)
{
	struct split_program *split = program->split;

	if (!split)
		return;
	split_build_drop(&split->build);
	for (size_t i = 0; i < split->past_count; i++) {
		split_drop_run(&split->pasts[i].run);
		split_drop_run(&split->pasts[i].rehearsal);
		memo_forget(&split->pasts[i].memos);
	}
	free(split->pasts);
	analysis_free(split->analysis);
	free(split);
	program->split = NULL;
}

void split_forget_kernel(struct kernel *kernel)
{
	struct split_kernel *split = kernel->split;

	if (!split)
		return;
	for (unsigned int i = 0; i < POOL_MEMBERS; i++)
		if (split->inner[i])
			of(split->inner[i])->clReleaseKernel(split->inner[i]);
	free(split);
	kernel->split = NULL;
}

struct split_kernel *split_kernel_of(struct kernel *kernel)
{
	struct split_program *program;
	struct split_kernel *split;

	if (kernel->split)
		return kernel->split;
	program = split_program_of(kernel->program);
	split = calloc(1, sizeof(*split));
	if (!program || !split) {
		free(split);
		return NULL;
	}
	split->number = -1;
	if (program->analysis && !analysis_error(program->analysis, NULL, NULL))
		split->number = analysis_kernel_find(program->analysis, kernel->name);
	if (split->number >= 0 &&
	    (!analysis_kernel_info(program->analysis, (size_t)split->number, &split->info) ||
	     split->info.arg_count != kernel->argument_count))
		split->number = -1;
	split->past =
	    &program->pasts[split->number < 0 ? program->past_count - 1 : (size_t)split->number];
	kernel->split = split;
	return split;
}

static void take_grid(const struct ndrange *range, struct analysis_launch *launch,
		      uint64_t grid[10])
{
	memset(launch, 0, sizeof(*launch));
	launch->dimensions = range->dimensions;
	for (unsigned int i = 0; i < 3; i++) {
		const bool has = i < range->dimensions;

		launch->offset[i] = has && range->offset ? range->offset[i] : 0;
		launch->global[i] = has ? range->global[i] : 1;
		launch->local[i] = range->local ? (has ? range->local[i] : 1) : 0;
		grid[i] = launch->offset[i];
		grid[3 + i] = launch->global[i];
		grid[6 + i] = launch->local[i];
	}
	grid[9] = range->dimensions;
}

static void take_args(const struct kernel *kernel, struct analysis_arg args[ANALYSIS_ARGS])
{
	for (cl_uint i = 0; i < kernel->argument_count; i++) {
		const struct argument *argument = &kernel->arguments[i];
		const struct memory *memory = argument_memory(argument);

		args[i] = (struct analysis_arg){.size = argument->size};
		if (argument->kind == ARGUMENT_VALUE)
			args[i].value = argument_bytes(argument);
		if (!memory)
			continue;
		args[i].bytes = memory->size;
		args[i].memory = memory->root->object.serial;
		args[i].memory_offset = memory->origin;
		if (!is_image_type(memory->type))
			continue;
		args[i].extent[0] = memory->image.image_width;
		args[i].extent[1] = memory->image.image_height;
		args[i].extent[2] = memory->image.image_depth;
	}
}

bool split_may_write(const struct kernel *kernel, const struct ndrange *range, cl_uint argument)
{
	const struct split_kernel *split = kernel->split;
	struct analysis_launch launch;
	uint64_t grid[10];

	if (!split || !split->has_verdict || split->generation != kernel->generation ||
	    range->type != CL_COMMAND_NDRANGE_KERNEL || !range->global || !range->dimensions ||
	    range->dimensions > 3)
		return true;
	take_grid(range, &launch, grid);
	if (memcmp(grid, split->grid, sizeof(grid)) ||
	    (split->verdict.rule != ANALYSIS_SPLIT && !split->verdict.has_uses) ||
	    argument >= split->verdict.use_count)
		return true;
	return split->verdict.uses[argument].writes.is_used;
}

const struct analysis_verdict *split_judge(struct kernel *kernel, const struct ndrange *range,
					   struct analysis_launch *launch,
					   struct analysis_arg args[ANALYSIS_ARGS])
{
	struct split_kernel *split = kernel->split;
	const struct analysis_verdict *verdict;
	uint64_t grid[10];

	take_grid(range, launch, grid);
	take_args(kernel, args);
	launch->args = args;
	launch->arg_count = kernel->argument_count;
	if (split->has_verdict && split->generation == kernel->generation &&
	    !memcmp(grid, split->grid, sizeof(grid)))
		return &split->verdict;
	verdict = memo_judge(&split->past->memos, kernel->program->split->analysis,
			     (size_t)split->number, launch, split->past->seconds);
	split->has_verdict = verdict != NULL;
	if (!verdict)
		return NULL;
	split->verdict = *verdict;
	split->generation = kernel->generation;
	memcpy(split->grid, grid, sizeof(grid));
	return &split->verdict;
}

cl_kernel split_kernel_on(struct kernel *kernel, unsigned int member, cl_int *status)
{
	struct split_kernel *split = kernel->split;

	*status = CL_SUCCESS;
	if (!split->inner[member]) {
		cl_program program = split_build_on(kernel->program, member, status);

		if (program)
			split->inner[member] =
			    of(program)->clCreateKernel(program, kernel->name, status);
		if (!split->inner[member])
			return NULL;
	}
	if (split->set[member] == kernel->generation)
		return split->inner[member];
	*status = kernel_set_on(kernel, member, split->inner[member], split->set[member]);
	if (*status != CL_SUCCESS)
		return NULL;
	split->set[member] = kernel->generation;
	return split->inner[member];
}

cl_kernel split_kernel_new(struct kernel *kernel, unsigned int member, cl_int *status)
{
	cl_program program = split_build_on(kernel->program, member, status);
	cl_kernel inner =
	    program ? of(program)->clCreateKernel(program, kernel->name, status) : NULL;

	if (inner)
		*status = kernel_set_on(kernel, member, inner, 0);
	if (inner && *status != CL_SUCCESS) {
		of(inner)->clReleaseKernel(inner);
		inner = NULL;
	}
	return inner;
}
