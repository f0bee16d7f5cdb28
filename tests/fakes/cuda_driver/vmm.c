/* Virtual memory management: handles of memory, reserved ranges, and the mapping of the one in the
 * other. */
#include "driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIN = 1, ON_DEVICE = 1, ON_HOST = 2, ON_NODE = 3, ON_THIS_NODE = 4, POSIX_FD = 1 };

/* Memory of cuMemCreate: it lives while handles or mappings of it do. */
struct handle {
	struct handle *next;
	CUhandle name;
	int extent, references, mappings;
	CUmemAllocationProp prop;
	uint64_t size;
	char *bytes;
};

/* What an exported file holds. */
struct exported {
	char magic[16];
	int extent;
	uint32_t generation;
	CUmemAllocationProp prop;
};

static struct handle *handles;
static uint64_t names = 0x1000;

static struct handle *find(CUhandle name)
{
	struct handle *handle = handles;

	while (handle && (handle->name != name || !handle->references))
		handle = handle->next;
	return handle;
}

static void end_unused(struct handle *handle)
{
	if (handle->references || handle->mappings)
		return;
	for (struct handle **link = &handles; *link; link = &(*link)->next)
		if (*link == handle) {
			*link = handle->next;
			break;
		}
	extent_unmap(handle->extent, handle->bytes);
	free(handle);
}

/* The shared state's place of a location; -1 for none. */
static int place_of(const CUmemLocation *location)
{
	if (location->type == ON_DEVICE)
		return is_device(location->id) ? visible[location->id] : -1;
	if (described.driver < 12020 || location->type < ON_HOST || location->type > ON_THIS_NODE)
		return -1;
	return HOST;
}

static bool good(const CUmemAllocationProp *prop)
{
	/* Memory of the host without a node has no handles that could be shared. */
	return prop && prop->type == PIN && place_of(&prop->location) >= 0 &&
	       !(prop->location.type == ON_HOST && prop->handle_types) &&
	       (prop->handle_types & ~(POSIX_FD | 8)) == 0;
}

EXPORT CUresult cuMemGetAllocationGranularity(size_t *out, const CUmemAllocationProp *prop,
					      int option)
{
	INITIALISED();
	if (!out || !good(prop) || option < 0 || option > 1)
		return CUDA_ERROR_INVALID_VALUE;
	*out = described.granularity;
	return 0;
}

EXPORT CUresult cuMemAddressReserve(CUdeviceptr *out, size_t size, size_t align, CUdeviceptr wanted,
				    uint64_t flags)
{
	uint64_t va, least = described.granularity;

	INITIALISED();
	if (!out || !size || size % least || flags || (align & (align - 1)))
		return CUDA_ERROR_INVALID_VALUE;
	va = space_reserve(size, align > least ? align : least, wanted);
	if (!va)
		return CUDA_ERROR_OUT_OF_MEMORY;
	block_add((struct block){.va = va,
				 .size = size,
				 .reserved = size,
				 .kind = RANGE,
				 .device = -1,
				 .id = next_id()});
	*out = va;
	return 0;
}

/* Pieces within a stretch of addresses: the first of them, and what they cover. */
static struct piece *first_in(uint64_t va, uint64_t size)
{
	for (size_t i = 0; i < piece_count; i++)
		if (pieces[i].va >= va && pieces[i].va < va + size)
			return &pieces[i];
	return NULL;
}

EXPORT CUresult cuMemAddressFree(CUdeviceptr va, size_t size)
{
	INITIALISED();
	struct block *block = block_exact(va);

	if (!block || block->kind != RANGE || block->size != size || first_in(va, size))
		return CUDA_ERROR_INVALID_VALUE;
	space_release(va, size);
	block_remove(block);
	return 0;
}

static CUresult adopt(int extent, const CUmemAllocationProp *prop, CUhandle *out)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		abort();
	*handle = (struct handle){.next = handles,
				  .name = names += 16,
				  .extent = extent,
				  .references = 1,
				  .prop = *prop,
				  .size = shared->extents[extent].size,
				  .bytes = extent_map(extent)};
	if (!handle->bytes)
		abort();
	handles = handle;
	*out = handle->name;
	return 0;
}

EXPORT CUresult cuMemCreate(CUhandle *out, size_t size, const CUmemAllocationProp *prop,
			    uint64_t flags)
{
	int extent;

	INITIALISED();
	if (!out || !size || size % described.granularity || flags || !good(prop))
		return CUDA_ERROR_INVALID_VALUE;
	fake_lock();
	extent = extent_new(place_of(&prop->location), size);
	fake_unlock();
	return extent < 0 ? CUDA_ERROR_OUT_OF_MEMORY : adopt(extent, prop, out);
}

EXPORT CUresult cuMemRelease(CUhandle name)
{
	INITIALISED();
	struct handle *handle = find(name);

	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	handle->references--;
	end_unused(handle);
	return 0;
}

EXPORT CUresult cuMemRetainAllocationHandle(CUhandle *out, void *address)
{
	INITIALISED();
	struct piece *piece = piece_at((uint64_t)address);

	if (!out || !piece || !piece->handle)
		return CUDA_ERROR_INVALID_VALUE;
	piece->handle->references++;
	*out = piece->handle->name;
	return 0;
}

EXPORT CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *out, CUhandle name)
{
	INITIALISED();
	struct handle *handle = find(name);

	if (!out || !handle)
		return CUDA_ERROR_INVALID_VALUE;
	*out = handle->prop;
	return 0;
}

EXPORT CUresult cuMemMap(CUdeviceptr va, size_t size, size_t offset, CUhandle name, uint64_t flags)
{
	INITIALISED();
	struct handle *handle = find(name);
	struct block *range = block_at(va);

	/* The offset must be 0, says the documentation. */
	if (!handle || !size || offset || flags || size > handle->size || !range ||
	    range->kind != RANGE || va + size > range->va + range->size ||
	    va % described.granularity || size % described.granularity || piece_at(va) ||
	    first_in(va, size))
		return CUDA_ERROR_INVALID_VALUE;
	piece_add((struct piece){.va = va,
				 .size = size,
				 .bytes = handle->bytes,
				 .place = shared->extents[handle->extent].place,
				 .extent = handle->extent,
				 .vmm = true,
				 .handle = handle});
	handle->mappings++;
	return 0;
}

/* Whether pieces fill the stretch from its first byte to its last, none standing out. */
static bool covered(uint64_t va, uint64_t size)
{
	while (size) {
		struct piece *piece = piece_at(va);

		if (!piece || !piece->vmm || piece->va != va || piece->size > size)
			return false;
		va += piece->size;
		size -= piece->size;
	}
	return true;
}

/* Unlike cuMemFree, it does not wait: work that still uses the memory faults. */
EXPORT CUresult cuMemUnmap(CUdeviceptr va, size_t size)
{
	struct piece *piece;

	INITIALISED();
	if (!size || !covered(va, size))
		return CUDA_ERROR_INVALID_VALUE;
	while ((piece = first_in(va, size))) {
		struct handle *handle = piece->handle;

		if (piece_busy(piece)) {
			__atomic_fetch_add(&shared->unsynchronised, 1, __ATOMIC_RELAXED);
			piece->busy_context->fault = CUDA_ERROR_ILLEGAL_ADDRESS;
		}
		piece_remove(piece);
		handle->mappings--;
		end_unused(handle);
	}
	return 0;
}

static bool reachable(int from, int place)
{
	for (int i = 0; place != HOST && described.devices[from].peers[i] >= 0; i++)
		if (described.devices[from].peers[i] == place)
			return true;
	return place == HOST || place == from;
}

EXPORT CUresult cuMemSetAccess(CUdeviceptr va, size_t size, const CUmemAccessDesc *list,
			       size_t count)
{
	INITIALISED();
	if (!size || !list || !count || !covered(va, size))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		if ((list[i].flags != 0 && list[i].flags != 1 && list[i].flags != 3) ||
		    place_of(&list[i].location) < 0)
			return CUDA_ERROR_INVALID_VALUE;
		if (list[i].location.type != ON_DEVICE)
			continue;
		for (uint64_t at = va; at < va + size; at += piece_at(at)->size)
			if (!reachable(visible[list[i].location.id], piece_at(at)->place))
				return CUDA_ERROR_INVALID_DEVICE;
	}
	for (uint64_t at = va; at < va + size; at += piece_at(at)->size)
		for (size_t i = 0; i < count; i++) {
			struct piece *piece = piece_at(at);
			uint32_t bit;

			if (list[i].location.type != ON_DEVICE)
				continue;
			bit = 1u << visible[list[i].location.id];
			piece->read = list[i].flags & 1 ? piece->read | bit : piece->read & ~bit;
			piece->write = list[i].flags & 2 ? piece->write | bit : piece->write & ~bit;
		}
	return 0;
}

EXPORT CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
			       CUdeviceptr va)
{
	INITIALISED();
	struct piece *piece = piece_at(va);
	uint32_t bit;

	if (!flags || !piece || !piece->vmm || place_of(location) < 0 ||
	    location->type != ON_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	bit = 1u << visible[location->id];
	*flags = (piece->read & bit ? 1u : 0) | (piece->write & bit ? 2u : 0);
	return 0;
}

EXPORT CUresult cuMemExportToShareableHandle(void *out, CUhandle name, int type, uint64_t flags)
{
	INITIALISED();
	struct handle *handle = find(name);
	struct exported exported = {.magic = "mvgal-fake-mem"};
	int fd;

	if (!out || !handle || type != POSIX_FD || flags || !(handle->prop.handle_types & POSIX_FD))
		return CUDA_ERROR_INVALID_VALUE;
	exported.extent = handle->extent;
	exported.generation = shared->extents[handle->extent].generation;
	exported.prop = handle->prop;
	fd = memfd_create("fake-cuda-memory", MFD_CLOEXEC);
	if (fd < 0 || write(fd, &exported, sizeof(exported)) != sizeof(exported))
		return CUDA_ERROR_UNKNOWN;
	fake_lock();
	extent_export(handle->extent);
	fake_unlock();
	*(int *)out = fd;
	return 0;
}

/* Holds the memory for this process too; it counts once, as its maker's. */
EXPORT CUresult cuMemImportFromShareableHandle(CUhandle *out, void *os_handle, int type)
{
	struct exported exported;
	bool held;

	INITIALISED();
	if (!out || type != POSIX_FD ||
	    pread((int)(intptr_t)os_handle, &exported, sizeof(exported), 0) != sizeof(exported) ||
	    strcmp(exported.magic, "mvgal-fake-mem"))
		return CUDA_ERROR_INVALID_VALUE;
	fake_lock();
	held = extent_hold(exported.extent, exported.generation, fake_self());
	if (held)
		extent_imported(exported.extent);
	fake_unlock();
	if (held && exported.prop.location.type == ON_DEVICE) {
		int seen = ordinal_of(shared->extents[exported.extent].place);

		exported.prop.location.id = seen < 0 ? -2 : seen;
	}
	return held ? adopt(exported.extent, &exported.prop, out) : CUDA_ERROR_INVALID_VALUE;
}
