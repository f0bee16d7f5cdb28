/*
 * Modules, libraries and the functions in them. Kernels are known by name, whatever the image:
 *
 *     spin_20us, spin_5ms, spin_700ns   takes that long
 *     empty                             takes no time
 *     fill(pointer, bytes, value)       sets bytes (u64, u64, u8 in a u32)
 *     copy(to, from, bytes)             copies them (all u64)
 *     sum(pointer, bytes, out)          adds up the bytes into the u64 at `out`
 *
 * and the last three also with a duration: fill_100us. An image that is PTX must contain the name.
 */
#include "driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool understand(const char *name, enum action *action, uint64_t *duration)
{
	static const struct {
		const char *name;
		enum action action;
	} known[] = {{"spin", SPIN}, {"empty", SPIN}, {"fill", FILL}, {"copy", COPY}, {"sum", SUM}};
	unsigned long long count = 0;
	char unit[4] = "";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].name);

		if (strncmp(name, known[i].name, length))
			continue;
		*action = known[i].action;
		*duration = 0;
		if (!name[length])
			return strcmp(name, "spin") != 0;
		if (sscanf(name + length, "_%llu%3s", &count, unit) != 2)
			return false;
		*duration = count * (!strcmp(unit, "ms")   ? 1000000u
				     : !strcmp(unit, "us") ? 1000u
							   : 1u);
		return !strcmp(unit, "ms") || !strcmp(unit, "us") || !strcmp(unit, "ns");
	}
	return false;
}

static CUresult charge_module(struct module *module, CUcontext context)
{
	bool fits;

	if (module->charged || !described.module_bytes)
		return 0;
	fake_lock();
	fits = charge(context->device, fake_self(), described.module_bytes);
	fake_unlock();
	if (!fits)
		return CUDA_ERROR_OUT_OF_MEMORY;
	module->charged = true;
	module->device = context->device;
	context->charged += described.module_bytes;
	module->context = context;
	return 0;
}

static CUresult load(CUcontext context, const void *image, bool library, struct module **out)
{
	struct module *module;
	CUresult failure;

	if (!image || !out)
		return CUDA_ERROR_INVALID_VALUE;
	module = object_new(library ? LIBRARY : MODULE, sizeof(*module));
	module->context = context;
	module->library = library;
	if (!strncmp(image, "//", 2) || !strncmp(image, ".version", 8))
		module->text = strdup(image);
	failure = described.lazy || library ? 0 : charge_module(module, context);
	if (failure) {
		free(module->text);
		object_end(module);
		return failure;
	}
	*out = module;
	return 0;
}

static CUresult unload(struct module *module)
{
	if (module->charged && context_valid(module->context)) {
		wait_context(module->context);
		fake_lock();
		uncharge(module->device, fake_self(), described.module_bytes);
		fake_unlock();
		module->context->charged -= described.module_bytes;
	}
	while (module->functions) {
		struct function *next = module->functions->next;

		object_end(module->functions);
		module->functions = next;
	}
	free(module->text);
	object_end(module);
	return 0;
}

static CUresult get(struct module *module, const char *name, CUfunction *out)
{
	enum action action;
	uint64_t duration;

	if (!name || !out)
		return CUDA_ERROR_INVALID_VALUE;
	for (struct function *function = module->functions; function; function = function->next)
		if (!strcmp(function->name, name)) {
			*out = function;
			return 0;
		}
	if (strlen(name) > 63 || !understand(name, &action, &duration) ||
	    (module->text && !strstr(module->text, name)))
		return CUDA_ERROR_NOT_FOUND;
	*out = object_new(FUNCTION, sizeof(**out));
	(*out)->module = module;
	(*out)->next = module->functions;
	(*out)->action = action;
	(*out)->duration = duration;
	strcpy((*out)->name, name);
	module->functions = *out;
	return 0;
}

EXPORT CUresult cuModuleLoadData(CUmodule *out, const void *image)
{
	CURRENT(context);
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	return load(context, image, false, out);
}

EXPORT CUresult cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned int count,
				   void *options, void **values)
{
	CURRENT(context);
	(void)count;
	(void)options;
	(void)values;
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	return load(context, image, false, out);
}

EXPORT CUresult cuModuleLoadFatBinary(CUmodule *out, const void *image)
{
	CURRENT(context);
	return load(context, image, false, out);
}

EXPORT CUresult cuModuleUnload(CUmodule module)
{
	CURRENT(context);
	(void)context;
	return object_is(module, MODULE) ? unload(module) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuModuleGetFunction(CUfunction *out, CUmodule module, const char *name)
{
	CURRENT(context);
	(void)context;
	return object_is(module, MODULE) ? get(module, name, out) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuModuleGetLoadingMode(int *mode)
{
	INITIALISED();
	*mode = described.lazy ? 2 : 1;
	return 0;
}

EXPORT CUresult cuLibraryLoadData(CUlibrary *out, const void *image, void *jit, void **jit_values,
				  unsigned int jit_count, void *options, void **values,
				  unsigned int count)
{
	INITIALISED();
	(void)jit;
	(void)jit_values;
	(void)jit_count;
	(void)options;
	(void)values;
	(void)count;
	return load(NULL, image, true, (struct module **)out);
}

EXPORT CUresult cuLibraryUnload(CUlibrary library)
{
	INITIALISED();
	return object_is(library, LIBRARY) ? unload((struct module *)library)
					   : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuLibraryGetKernel(CUfunction *out, CUlibrary library, const char *name)
{
	INITIALISED();
	return object_is(library, LIBRARY) ? get((struct module *)library, name, out)
					   : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuLibraryGetModule(CUmodule *out, CUlibrary library)
{
	CURRENT(context);
	(void)context;
	(void)out;
	return object_is(library, LIBRARY) ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuKernelGetFunction(CUfunction *out, CUfunction kernel)
{
	CURRENT(context);
	if (!object_is(kernel, FUNCTION))
		return CUDA_ERROR_INVALID_HANDLE;
	early_ = charge_module(kernel->module, context);
	*out = kernel;
	return early_;
}

EXPORT CUresult cuFuncGetName(const char **name, CUfunction function)
{
	INITIALISED();
	if (!object_is(function, FUNCTION))
		return CUDA_ERROR_INVALID_HANDLE;
	*name = function->name;
	return 0;
}

EXPORT CUresult cuFuncGetModule(CUmodule *out, CUfunction function)
{
	INITIALISED();
	if (!object_is(function, FUNCTION))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = function->module;
	return 0;
}

EXPORT CUresult cuFuncGetAttribute(int *out, int attribute, CUfunction function)
{
	INITIALISED();
	if (!object_is(function, FUNCTION))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = attribute == 0 ? 1024 : attribute == 4 ? 32 : 0; /* threads a block; registers */
	return 0;
}

EXPORT CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value)
{
	INITIALISED();
	(void)attribute;
	(void)value;
	return object_is(function, FUNCTION) ? 0 : CUDA_ERROR_INVALID_HANDLE;
}

/* The sizes of a kernel's arguments; their number. */
int function_sizes(CUfunction function, int sizes[8])
{
	static const int of[][3] = {[FILL] = {8, 8, 4}, [COPY] = {8, 8, 8}, [SUM] = {8, 8, 8}};

	if (function->action == SPIN)
		return 0;
	for (int i = 0; i < 3; i++)
		sizes[i] = of[function->action][i];
	return 3;
}

EXPORT CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *size)
{
	int sizes[8] = {0}, count;

	INITIALISED();
	if (!object_is(function, FUNCTION))
		return CUDA_ERROR_INVALID_HANDLE;
	count = function_sizes(function, sizes);
	if (index >= (size_t)count)
		return CUDA_ERROR_INVALID_VALUE;
	*offset = index * 8;
	if (size)
		*size = (size_t)sizes[index];
	return 0;
}

/* Lazily loaded code takes its memory at the first launch. */
CUresult module_first_launch(struct function *function, CUcontext context)
{
	return charge_module(function->module, context);
}
