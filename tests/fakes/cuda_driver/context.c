#include "driver.h"
#include <string.h>

enum { DEPTH = 32 };

static __thread CUcontext stack[DEPTH];
static __thread int depth;
static CUcontext primaries[MAX_DEVICES];

bool context_valid(CUcontext context)
{
	return object_is(context, CONTEXT);
}

/* NULL too when the context was destroyed behind the thread's back. */
CUcontext context_current(void)
{
	CUcontext context = depth ? stack[depth - 1] : NULL;

	return context_valid(context) ? context : NULL;
}

CUcontext context_primary(int device)
{
	return primaries[device];
}

static CUresult make(int device, CUcontext *out)
{
	CUcontext made;
	bool fits;
	int slot;

	fake_lock();
	slot = fake_self();
	fits = charge(device, slot, described.overhead);
	if (fits)
		shared->processes[slot].contexts[device]++;
	fake_unlock();
	if (!fits)
		return CUDA_ERROR_OUT_OF_MEMORY;
	made = object_new(CONTEXT, sizeof(*made));
	made->device = device;
	made->charged = described.overhead;
	made->legacy.context = made->per_thread.context = made;
	made->legacy.id = 1;
	made->per_thread.id = 2;
	*out = made;
	return 0;
}

static void end_of(void *object, void *context)
{
	/* Modules, streams and events of a context go with it. */
	if (*(CUcontext *)object == context)
		object_end(object);
}

static void events_of(void *object, void *context)
{
	if (((struct event *)object)->context == context) {
		((struct event *)object)->resolved = true;
		events_resolve();
		object_end(object);
	}
}

static void destroy(CUcontext context)
{
	int slot;

	wait_context(context);
	memory_free_context(context);
	objects_of(EVENT, events_of, context);
	objects_of(STREAM, end_of, context);
	fake_lock();
	slot = fake_self();
	uncharge(context->device, slot, context->charged);
	shared->processes[slot].contexts[context->device]--;
	fake_unlock();
	if (context->primary)
		primaries[context->device] = NULL;
	object_end(context);
}

static CUresult push(CUcontext context)
{
	if (depth == DEPTH)
		return CUDA_ERROR_INVALID_VALUE;
	stack[depth++] = context;
	return 0;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device)
{
	CUresult failure;

	DEVICE(device);
	if (!primaries[device]) {
		failure = make(device, &primaries[device]);
		if (failure)
			return failure;
		primaries[device]->primary = true;
	}
	primaries[device]->retained++;
	*out = primaries[device];
	return 0;
}

static CUresult release(int device, bool reset)
{
	if (!primaries[device])
		return reset ? 0 : CUDA_ERROR_INVALID_CONTEXT;
	if (reset || !--primaries[device]->retained)
		destroy(primaries[device]);
	return 0;
}

EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
	DEVICE(device);
	return release(device, false);
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	DEVICE(device);
	return release(device, false);
}

EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device)
{
	DEVICE(device);
	return release(device, true);
}

EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	DEVICE(device);
	return release(device, true);
}

EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *active)
{
	DEVICE(device);
	*active = primaries[device] != NULL;
	*flags = primaries[device] ? primaries[device]->flags : 0;
	return 0;
}

EXPORT CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned int flags)
{
	DEVICE(device);
	if (primaries[device])
		primaries[device]->flags = flags;
	return 0;
}

EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags)
{
	DEVICE(device);
	if (primaries[device])
		primaries[device]->flags = flags;
	return 0;
}

static CUresult create(CUcontext *out, unsigned int flags, CUdevice device)
{
	CUresult failure;

	failure = make(device, out);
	if (failure)
		return failure;
	(*out)->flags = flags;
	return push(*out);
}

EXPORT CUresult cuCtxCreate(CUcontext *out, unsigned int flags, CUdevice device)
{
	DEVICE(device);
	return create(out, flags, device);
}

EXPORT CUresult cuCtxCreate_v2(CUcontext *out, unsigned int flags, CUdevice device)
{
	DEVICE(device);
	return create(out, flags, device);
}

EXPORT CUresult cuCtxCreate_v3(CUcontext *out, void *affinity, int count, unsigned int flags,
			       CUdevice device)
{
	DEVICE(device);
	if ((affinity != NULL) != (count != 0))
		return CUDA_ERROR_INVALID_VALUE;
	return create(out, flags, device);
}

EXPORT CUresult cuCtxCreate_v4(CUcontext *out, void *params, unsigned int flags, CUdevice device)
{
	(void)params;
	DEVICE(device);
	return create(out, flags, device);
}

static CUresult destroy_created(CUcontext context)
{
	if (!context_valid(context) || context->primary)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (depth && stack[depth - 1] == context)
		depth--;
	destroy(context);
	return 0;
}

EXPORT CUresult cuCtxDestroy(CUcontext context)
{
	INITIALISED();
	return destroy_created(context);
}

EXPORT CUresult cuCtxDestroy_v2(CUcontext context)
{
	INITIALISED();
	return destroy_created(context);
}

EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context)
{
	INITIALISED();
	return context_valid(context) ? push(context) : CUDA_ERROR_INVALID_CONTEXT;
}

EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *out)
{
	INITIALISED();
	if (!depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	depth--;
	if (out)
		*out = stack[depth];
	return 0;
}

EXPORT CUresult cuCtxSetCurrent(CUcontext context)
{
	INITIALISED();
	if (context && !context_valid(context))
		return CUDA_ERROR_INVALID_CONTEXT;
	if (depth)
		depth--;
	return context ? push(context) : 0;
}

EXPORT CUresult cuCtxGetCurrent(CUcontext *out)
{
	INITIALISED();
	*out = depth ? stack[depth - 1] : NULL;
	return 0;
}

EXPORT CUresult cuCtxGetDevice(CUdevice *device)
{
	INITIALISED();
	CUcontext context = context_current();

	if (!context)
		return CUDA_ERROR_INVALID_CONTEXT;
	*device = ordinal_of(context->device);
	return 0;
}

EXPORT CUresult cuCtxGetFlags(unsigned int *flags)
{
	CURRENT(context);
	*flags = context->flags;
	return 0;
}

EXPORT CUresult cuCtxGetApiVersion(CUcontext context, unsigned int *version)
{
	INITIALISED();
	if (context && !context_valid(context))
		return CUDA_ERROR_INVALID_CONTEXT;
	*version = 3020;
	return 0;
}

EXPORT CUresult cuCtxGetId(CUcontext context, unsigned long long *id)
{
	INITIALISED();
	context = context ? context : context_current();
	if (!context_valid(context))
		return CUDA_ERROR_INVALID_CONTEXT;
	*id = (unsigned long long)(uintptr_t)context;
	return 0;
}

EXPORT CUresult cuCtxSynchronize(void)
{
	CURRENT(context);
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	wait_context(context);
	return context_valid(context) ? context->fault : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

EXPORT CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags)
{
	CURRENT(context);
	bool reaches = false;

	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (!context_valid(peer))
		return CUDA_ERROR_INVALID_CONTEXT;
	for (int i = 0; described.devices[context->device].peers[i] >= 0; i++)
		reaches |= described.devices[context->device].peers[i] == peer->device;
	if (!reaches)
		return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
	if (context->reaches & (1u << peer->device))
		return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
	context->reaches |= 1u << peer->device;
	return 0;
}

EXPORT CUresult cuCtxDisablePeerAccess(CUcontext peer)
{
	CURRENT(context);
	if (!context_valid(peer))
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!(context->reaches & (1u << peer->device)))
		return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
	context->reaches &= ~(1u << peer->device);
	return 0;
}

EXPORT CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
	CURRENT(context);
	(void)context;
	if (least)
		*least = 0;
	if (greatest)
		*greatest = -5;
	return 0;
}

EXPORT CUresult cuCtxSetLimit(int limit, size_t value)
{
	CURRENT(context);
	(void)context;
	(void)limit;
	(void)value;
	return 0;
}

EXPORT CUresult cuCtxGetLimit(size_t *value, int limit)
{
	CURRENT(context);
	(void)context;
	(void)limit;
	*value = 1024;
	return 0;
}
