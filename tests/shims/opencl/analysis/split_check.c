/* SPDX-License-Identifier: MIT */
/*
 * Runs kernels whole, and in parts as the analysis of shims/opencl/analysis says, on an OpenCL
 * device, and compares the bytes.
 *
 * Cases come on stdin: see split_case.h. Each gives one line on stdout: NAME, `split` or `whole`,
 * the rule, the dimension, `equal`, `differs` or `-`, and a letter for each argument that is
 * filled, from `a` on. What a part neither reads nor writes by the verdict holds garbage while it
 * runs, and so does what it is said to fill; with SPLIT_CHECK_FILLED in the environment that is
 * whatever it writes.
 *
 * With SPLIT_CHECK_WHOLE in the environment each runs once and whole, whatever the verdict, before
 * its line is printed: for devices that look at how it runs.
 */
#include "split_case.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GARBAGE 0xa5

static struct {
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
} cl;

__attribute__((noreturn)) static void die(const struct test_case *of, const char *what, int code)
{
	printf("%s error %s %d\n", of->name, what, code);
	exit(1);
}

static void open_device(void)
{
	cl_platform_id platform;
	cl_int code;

	if (clGetPlatformIDs(1, &platform, NULL) ||
	    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &cl.device, NULL)) {
		printf("none\n");
		exit(0);
	}
	cl.context = clCreateContext(NULL, 1, &cl.device, NULL, NULL, &code);
	cl.queue = clCreateCommandQueue(cl.context, cl.device, 0, &code);
}

static cl_program build(const struct test_case *of, const char *source, size_t length,
			const char *options)
{
	cl_int code;
	cl_program program = clCreateProgramWithSource(cl.context, 1, &source, &length, &code);

	code = clBuildProgram(program, 1, &cl.device, options, NULL, NULL);
	if (code) {
		static char log[8192];

		clGetProgramBuildInfo(program, cl.device, CL_PROGRAM_BUILD_LOG, sizeof(log), log,
				      NULL);
		fprintf(stderr, "%s\n%.*s\n", log, (int)length, source);
		die(of, "build", code);
	}
	return program;
}

static char *contents_of(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *bytes = malloc((size_t)4 << 20);

	*length = file ? fread(bytes, 1, (size_t)4 << 20, file) : 0;
	if (file)
		fclose(file);
	return bytes;
}

/* A module of SPIR-V, as the bitcode that PoCL takes. */
static cl_program build_spirv(const struct test_case *of, const char *words, size_t length)
{
	const char *command = getenv("LLVM_SPIRV");
	char path[300], back[310], line[1024];
	const unsigned char *bytes;
	FILE *file;
	cl_program program;
	cl_int code;

	snprintf(path, sizeof(path), "%s.parts", of->spirv);
	snprintf(back, sizeof(back), "%s.bc", path);
	snprintf(line, sizeof(line), "%s -r %s -o %s", command ? command : "false", path, back);
	file = fopen(path, "wb");
	if (!file || fwrite(words, 1, length, file) != length || fclose(file) || system(line))
		die(of, "spirv", 0);
	bytes = (const unsigned char *)contents_of(back, &length);
	program =
	    clCreateProgramWithBinary(cl.context, 1, &cl.device, &length, &bytes, NULL, &code);
	free((void *)bytes);
	if (code)
		die(of, "binary", code);
	code = clBuildProgram(program, 1, &cl.device, "-x spir -spir-std=1.2", NULL, NULL);
	if (code)
		die(of, "build", code);
	return program;
}

static void make_memory(struct test_case *of, struct argument *arg, const unsigned char *bytes)
{
	static const cl_image_format format = {CL_RGBA, CL_FLOAT};
	cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
			      .image_width = arg->width,
			      .image_height = arg->height};
	cl_int code = 0;

	if (arg->kind == BUFFER)
		arg->memory = clCreateBuffer(cl.context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
					     arg->size, (void *)bytes, &code);
	else
		arg->memory = clCreateImage(cl.context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
					    &format, &desc, (void *)bytes, &code);
	if (code)
		die(of, "memory", code);
}

static void read_memory(struct test_case *of, struct argument *arg, unsigned char *bytes)
{
	const size_t origin[3] = {0, 0, 0}, region[3] = {arg->width, arg->height, 1};
	cl_int code;

	if (arg->kind == BUFFER)
		code = clEnqueueReadBuffer(cl.queue, arg->memory, CL_TRUE, 0, arg->size, bytes, 0,
					   NULL, NULL);
	else
		code = clEnqueueReadImage(cl.queue, arg->memory, CL_TRUE, origin, region, 0, 0,
					  bytes, 0, NULL, NULL);
	if (code)
		die(of, "read", code);
}

/* Runs groups [from, to) of a dimension over memory of its own, and leaves that in `out` of each
 * argument. */
static void run(struct test_case *of, cl_program program, const char *name,
		const struct analysis_verdict *verdict, uint64_t from, uint64_t to)
{
	size_t global[3], local[3], offset[3];
	bool has_local = of->launch.local[0] != 0;
	cl_int code;
	cl_kernel kernel = clCreateKernel(program, name, &code);
	int i;

	if (code)
		die(of, "kernel", code);
	for (i = 0; i < 3; i++) {
		global[i] = of->launch.global[i];
		local[i] = of->launch.local[i];
		offset[i] = of->launch.offset[i];
	}
	if (verdict) {
		unsigned d = verdict->dimension;

		global[d] = (to - from) * verdict->group;
		if (from * verdict->group + global[d] > of->launch.global[d])
			global[d] = of->launch.global[d] - from * verdict->group;
		offset[d] += from * verdict->group;
	}
	for (i = 0; i < of->count; i++) {
		struct argument *arg = &of->args[i];

		if (arg->kind == LOCAL) {
			code = clSetKernelArg(kernel, (cl_uint)i, arg->size, NULL);
		} else if (arg->kind == VALUE) {
			code = clSetKernelArg(kernel, (cl_uint)i, arg->size, arg->value);
		} else {
			struct argument *owner = arg->alias < 0 ? arg : &of->args[arg->alias];

			if (arg->alias < 0)
				make_memory(of, arg, verdict ? arg->mirror : arg->initial);
			code = clSetKernelArg(kernel, (cl_uint)i, sizeof(cl_mem), &owner->memory);
		}
		if (code)
			die(of, "argument", code);
	}
	if (of->launch.arg_count > (size_t)of->count) {
		uint64_t hidden[16] __attribute__((aligned(128)));

		analysis_hidden(&of->launch, verdict ? verdict->dimension : 0, from, hidden);
		code = clSetKernelArg(kernel, (cl_uint)of->count, sizeof(hidden), hidden);
		if (code)
			die(of, "hidden argument", code);
	}
	code = clEnqueueNDRangeKernel(cl.queue, kernel, of->launch.dimensions, offset, global,
				      has_local ? local : NULL, 0, NULL, NULL);
	if (code)
		die(of, "launch", code);
	clFinish(cl.queue);
	for (i = 0; i < of->count; i++) {
		struct argument *arg = &of->args[i];

		if (arg->alias >= 0 || arg->kind > IMAGE)
			continue;
		read_memory(of, arg, verdict ? arg->mirror : arg->whole);
		clReleaseMemObject(arg->memory);
	}
	clReleaseKernel(kernel);
}

/* Copies what a window of the part is of: bytes, or rows or columns of an image. */
static void copy_window(const struct argument *arg, const struct analysis_window *window,
			unsigned axis, uint64_t from, uint64_t to, unsigned char *into,
			const unsigned char *out_of)
{
	uint64_t size = arg->kind == BUFFER ? arg->size : axis == 0 ? arg->width : arg->height;
	uint64_t begin, end, row;

	if (!analysis_slice(window, from, to, size, &begin, &end))
		return;
	if (arg->kind == BUFFER) {
		memcpy(into + begin, out_of + begin, end - begin);
	} else if (axis == 1) {
		memcpy(into + begin * arg->width * 16, out_of + begin * arg->width * 16,
		       (end - begin) * arg->width * 16);
	} else {
		for (row = 0; row < arg->height; row++)
			memcpy(into + (row * arg->width + begin) * 16,
			       out_of + (row * arg->width + begin) * 16, (end - begin) * 16);
	}
}

static void run_part(struct test_case *of, cl_program program, const char *name,
		     const struct analysis_verdict *verdict, uint64_t from, uint64_t to)
{
	int i;

	for (i = 0; i < of->count; i++) {
		struct argument *arg = &of->args[i];
		const struct analysis_use *use = &verdict->uses[i];

		if (arg->kind > IMAGE || arg->alias >= 0)
			continue;
		memset(arg->mirror, GARBAGE, arg->size);
		if (!use->is_filled && !getenv("SPLIT_CHECK_FILLED"))
			copy_window(arg, &use->writes, use->axis, from, to, arg->mirror,
				    arg->initial);
		copy_window(arg, &use->reads, use->axis, from, to, arg->mirror, arg->initial);
	}
	/* What is behind two arguments is used as either says. */
	for (i = 0; i < of->count; i++) {
		if (of->args[i].alias >= 0)
			memcpy(of->args[of->args[i].alias].mirror,
			       of->args[of->args[i].alias].initial, of->args[i].size);
	}
	run(of, program, name, verdict, from, to);
	for (i = 0; i < of->count; i++) {
		struct argument *arg = &of->args[i];
		struct argument *owner = arg->alias < 0 ? arg : &of->args[arg->alias];

		if (arg->kind <= IMAGE)
			copy_window(owner, &verdict->uses[i].writes, verdict->uses[i].axis, from,
				    to, owner->gathered, owner->mirror);
	}
}

static bool is_equal(const struct test_case *of)
{
	int i;

	for (i = 0; i < of->count; i++) {
		const struct argument *arg = &of->args[i];

		if (arg->kind <= IMAGE && arg->alias < 0 &&
		    memcmp(arg->whole, arg->gathered, arg->size))
			return false;
	}
	return true;
}

static void run_whole(struct test_case *of, const char *name)
{
	cl_program program = build(of, of->source, of->length, of->options);

	run(of, program, name, NULL, 0, 0);
	clReleaseProgram(program);
}

/* What the device says of its compiler, as the pool tells it of its members. */
static void take_device(struct analysis_input *input)
{
	static char extensions[16384];
	static const char *macros[256];
	char version[256] = "", *rest;
	unsigned major = 0, minor = 0;
	cl_bool has_images = CL_FALSE;

	clGetDeviceInfo(cl.device, CL_DEVICE_EXTENSIONS, sizeof(extensions), extensions, NULL);
	clGetDeviceInfo(cl.device, CL_DEVICE_VERSION, sizeof(version), version, NULL);
	clGetDeviceInfo(cl.device, CL_DEVICE_IMAGE_SUPPORT, sizeof(has_images), &has_images, NULL);
	for (char *word = strtok_r(extensions, " ", &rest); word && input->macro_count < 255;
	     word = strtok_r(NULL, " ", &rest))
		macros[input->macro_count++] = word;
	if (has_images)
		macros[input->macro_count++] = "__IMAGE_SUPPORT__=1";
	input->macros = macros;
	if (sscanf(version, "OpenCL %u.%u", &major, &minor) == 2)
		input->device_version = major * 100 + minor * 10;
}

static void run_case(struct test_case *of)
{
	struct analysis_input input = {
	    .source = of->source, .length = of->length, .options = of->options};
	char *module = of->spirv[0] ? contents_of(of->spirv, &input.length) : NULL;
	struct analysis *analysis;
	struct analysis_kernel_info info;
	static struct analysis_verdict verdict;
	unsigned line, column;
	const char *error, *text, *result = "-";
	char filled[64] = "";
	size_t length;
	cl_program program;
	int i, part;

	take_device(&input);
	if (module)
		input.source = module;
	analysis = analysis_create(&input);
	free(module);
	error = analysis_error(analysis, &line, &column);
	if (error) {
		printf("%s whole malformed - - %s\n", of->name, error);
		analysis_free(analysis);
		return;
	}
	if (!analysis_kernel_info(analysis, 0, &info)) {
		printf("%s error no kernel\n", of->name);
		exit(1);
	}
	of->launch.args = of->facts;
	of->launch.arg_count = (size_t)of->count;
	for (i = 0; i < of->count; i++) {
		const struct argument *arg = &of->args[i];

		of->facts[i] = (struct analysis_arg){
		    .value = arg->kind == VALUE ? arg->value : NULL,
		    .size = arg->kind == VALUE ? arg->size : 0,
		    .bytes = arg->size,
		    .memory =
			arg->kind > IMAGE ? 0 : (uint64_t)(arg->alias < 0 ? i : arg->alias) + 1};
		if (arg->kind == IMAGE) {
			of->facts[i].extent[0] = arg->width;
			of->facts[i].extent[1] = arg->height;
		}
	}
	analysis_judge(analysis, 0, &of->launch, &verdict);
	if (verdict.rule) {
		if (getenv("SPLIT_CHECK_WHOLE"))
			run_whole(of, info.name);
		printf("%s whole %s - - %u: %s\n", of->name, analysis_rule_name(verdict.rule),
		       verdict.line, verdict.reason);
		analysis_free(analysis);
		return;
	}
	if (getenv("SPLIT_CHECK_WHOLE")) {
		run_whole(of, info.name);
	} else if (of->parts) {
		run_whole(of, info.name);
		text = analysis_source(analysis, &length);
		of->launch.arg_count += info.has_hidden;
		for (i = 0; i < of->count; i++) {
			if (of->args[i].initial)
				memcpy(of->args[i].gathered, of->args[i].initial, of->args[i].size);
		}
		for (part = 0; part < of->parts; part++) {
			uint64_t from = verdict.groups * (uint64_t)part / (uint64_t)of->parts;
			uint64_t to = verdict.groups * ((uint64_t)part + 1) / (uint64_t)of->parts;

			if (from >= to)
				continue;
			/* A device has its own: variables of the program too. */
			program = analysis_is_spirv(analysis)
				      ? build_spirv(of, text, length)
				      : build(of, text, length, analysis_options(analysis));
			run_part(of, program, info.name, &verdict, from, to);
			clReleaseProgram(program);
		}
		result = is_equal(of) ? "equal" : "differs";
	}
	for (i = 0; i < of->count && i < 26; i++)
		if (verdict.uses[i].is_filled)
			filled[strlen(filled)] = (char)('a' + i);
	printf("%s split %s %c %s %s\n", of->name, info.has_hidden ? "hidden" : "plain",
	       "xyz"[verdict.dimension], result, filled[0] ? filled : "-");
	analysis_free(analysis);
}

int main(void)
{
	static struct test_case of;

	open_device();
	while (case_read(&of)) {
		run_case(&of);
		fflush(stdout);
		case_free(&of);
		of.source = NULL;
	}
	return 0;
}
