/* Memory of other processes, and of other interfaces. */
#include "driver.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a handle holds. */
struct ipc {
	uint32_t magic, generation;
	int32_t pid, extent;
	uint64_t offset, size, extent_size;
};

enum { MAGIC = 0x49504331 };

struct external {
	int fd;
	uint64_t size;
};

EXPORT CUresult cuIpcGetMemHandle(CUipcMemHandle *out, CUdeviceptr va)
{
	CURRENT(context);
	struct block *block = block_at(va);
	struct piece *piece = piece_at(va);
	struct ipc ipc = {.magic = MAGIC};

	(void)context;
	if (!out || !block || block->kind != DEVICE_BLOCK || !piece)
		return CUDA_ERROR_INVALID_VALUE;
	ipc.pid = getpid();
	ipc.extent = piece->extent;
	ipc.generation = shared->extents[piece->extent].generation;
	ipc.offset = block->va - piece->va;
	ipc.size = block->size;
	ipc.extent_size = piece->size;
	memset(out, 0, sizeof(*out));
	memcpy(out, &ipc, sizeof(ipc));
	return 0;
}

static CUresult open_handle(CUcontext context, CUdeviceptr *out, CUipcMemHandle handle,
			    unsigned int flags)
{
	struct piece piece;
	struct ipc ipc;
	bool held;

	memcpy(&ipc, &handle, sizeof(ipc));
	if (!out || ipc.magic != MAGIC || flags > 1)
		return CUDA_ERROR_INVALID_VALUE;
	if (ipc.pid == getpid())
		return CUDA_ERROR_INVALID_CONTEXT;
	fake_lock();
	held = extent_hold(ipc.extent, ipc.generation, fake_self());
	fake_unlock();
	if (!held)
		return CUDA_ERROR_INVALID_HANDLE;
	piece = (struct piece){.va = space_reserve(ipc.extent_size, 2 << 20, 0),
			       .size = ipc.extent_size,
			       .bytes = extent_map(ipc.extent),
			       .place = shared->extents[ipc.extent].place,
			       .extent = ipc.extent};
	if (!piece.va || !piece.bytes)
		return CUDA_ERROR_UNKNOWN;
	piece_add(piece);
	block_add((struct block){.va = piece.va + ipc.offset,
				 .size = ipc.size,
				 .kind = IPC_BLOCK,
				 .context = context,
				 .device = piece.place,
				 .id = next_id()});
	*out = piece.va + ipc.offset;
	return 0;
}

EXPORT CUresult cuIpcOpenMemHandle(CUdeviceptr *out, CUipcMemHandle handle, unsigned int flags)
{
	CURRENT(context);
	return open_handle(context, out, handle, flags);
}

EXPORT CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *out, CUipcMemHandle handle, unsigned int flags)
{
	CURRENT(context);
	return open_handle(context, out, handle, flags);
}

EXPORT CUresult cuIpcCloseMemHandle(CUdeviceptr va)
{
	CURRENT(context);
	struct block *block = block_exact(va);
	struct piece *piece = piece_at(va);

	if (!block || block->kind != IPC_BLOCK || !piece)
		return CUDA_ERROR_INVALID_VALUE;
	wait_context(context);
	block = block_exact(va);
	piece = piece_at(va);
	extent_unmap(piece->extent, piece->bytes);
	space_release(piece->va, piece->size);
	piece_remove(piece);
	block_remove(block);
	return 0;
}

/* The file is then the driver's, which closes it. */
EXPORT CUresult cuImportExternalMemory(CUexternalMemory *out,
				       const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc)
{
	CURRENT(context);
	(void)context;
	if (!out || !desc || desc->type != 1 || desc->handle.fd < 0 || !desc->size)
		return CUDA_ERROR_INVALID_VALUE;
	*out = object_new(EXTERNAL, sizeof(**out));
	(*out)->fd = desc->handle.fd;
	(*out)->size = desc->size;
	return 0;
}

/* The memory is another's: it counts nothing here. */
EXPORT CUresult cuExternalMemoryGetMappedBuffer(CUdeviceptr *out, CUexternalMemory memory,
						const CUDA_EXTERNAL_MEMORY_BUFFER_DESC *desc)
{
	void *bytes;

	CURRENT(context);
	if (!object_is(memory, EXTERNAL))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!out || !desc || !desc->size || desc->flags || desc->offset % 4096 ||
	    desc->offset + desc->size > memory->size)
		return CUDA_ERROR_INVALID_VALUE;
	bytes = mmap(NULL, desc->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd,
		     (off_t)desc->offset);
	if (bytes == MAP_FAILED)
		return CUDA_ERROR_INVALID_VALUE;
	piece_add((struct piece){.va = (uint64_t)bytes,
				 .size = desc->size,
				 .bytes = bytes,
				 .place = context->device,
				 .extent = -1});
	block_add((struct block){.va = (uint64_t)bytes,
				 .size = desc->size,
				 .reserved = desc->size,
				 .kind = EXTERNAL_BLOCK,
				 .context = context,
				 .device = context->device,
				 .id = next_id()});
	*out = (CUdeviceptr)bytes;
	return 0;
}

EXPORT CUresult cuDestroyExternalMemory(CUexternalMemory memory)
{
	CURRENT(context);
	(void)context;
	if (!object_is(memory, EXTERNAL))
		return CUDA_ERROR_INVALID_HANDLE;
	close(memory->fd);
	object_end(memory);
	return 0;
}
