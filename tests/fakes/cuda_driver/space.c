/*
 * Addresses. Device addresses are reserved and never backed, so that only the driver can reach what
 * lies there, through a mapping of its own: a host pointer into device memory faults as it does
 * with a GPU.
 */
#include "driver.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct piece *pieces;
struct block *blocks;
size_t piece_count, block_count;
static size_t piece_room, block_room;
static unsigned short holds[MAX_EXTENTS];

/* Past the sanitizers, whose shadows of terabytes would cost more than the test. */
static void *map(uint64_t at, uint64_t size, int protection, int flags, int fd, off_t offset)
{
	long got = syscall(SYS_mmap, at, size, protection, flags, fd, offset);

	return got == -1 ? NULL : (void *)got;
}

uint64_t space_reserve(uint64_t size, uint64_t align, uint64_t wanted)
{
	uint64_t at, from;

	if (wanted && wanted % align == 0) {
		at = (uint64_t)map(
		    wanted, size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (at == wanted)
			return at;
		if (at)
			space_release(at, size);
	}
	from = (uint64_t)map(0, size + align, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!from)
		return 0;
	at = (from + align - 1) / align * align;
	if (at > from)
		space_release(from, at - from);
	if (from + align > at)
		space_release(at + size, from + align - at);
	return at;
}

void space_release(uint64_t va, uint64_t size)
{
	syscall(SYS_munmap, va, size);
}

char *extent_map(int extent)
{
	struct extent *of = &shared->extents[extent];
	char path[4200];
	void *bytes;
	int fd;

	snprintf(path, sizeof(path), "%s/memory.%d", fake_directory, of->place);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	fake_lock();
	if (lseek(fd, 0, SEEK_END) < (off_t)(of->offset + of->size) &&
	    ftruncate(fd, (off_t)(of->offset + of->size))) {
		fake_unlock();
		close(fd);
		return NULL;
	}
	fake_unlock();
	bytes = map(0, of->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
		    (off_t)of->offset);
	close(fd);
	if (bytes)
		holds[extent]++;
	return bytes;
}

void extent_unmap(int extent, char *bytes)
{
	syscall(SYS_munmap, bytes, shared->extents[extent].size);
	extent_end(extent);
}

void extent_end(int extent)
{
	if (holds[extent] && --holds[extent])
		return;
	fake_lock();
	extent_drop(extent, fake_self());
	fake_unlock();
}

#define SORTED(TYPE, ARRAY, COUNT, ROOM, NAME)                                                     \
	static size_t NAME##_after(uint64_t va)                                                    \
	{                                                                                          \
		size_t low = 0, high = COUNT;                                                      \
                                                                                                   \
		while (low < high) {                                                               \
			size_t middle = (low + high) / 2;                                          \
                                                                                                   \
			if (ARRAY[middle].va <= va)                                                \
				low = middle + 1;                                                  \
			else                                                                       \
				high = middle;                                                     \
		}                                                                                  \
		return low;                                                                        \
	}                                                                                          \
	struct TYPE *NAME##_add(struct TYPE added)                                                 \
	{                                                                                          \
		size_t at = NAME##_after(added.va);                                                \
                                                                                                   \
		if (COUNT == ROOM) {                                                               \
			ROOM = ROOM ? ROOM * 2 : 64;                                               \
			ARRAY = realloc(ARRAY, ROOM * sizeof(*ARRAY));                             \
			if (!ARRAY)                                                                \
				abort();                                                           \
		}                                                                                  \
		memmove(&ARRAY[at + 1], &ARRAY[at], (COUNT - at) * sizeof(*ARRAY));                \
		ARRAY[at] = added;                                                                 \
		COUNT++;                                                                           \
		return &ARRAY[at];                                                                 \
	}                                                                                          \
	void NAME##_remove(struct TYPE *removed)                                                   \
	{                                                                                          \
		size_t at = (size_t)(removed - ARRAY);                                             \
                                                                                                   \
		memmove(&ARRAY[at], &ARRAY[at + 1], (COUNT - at - 1) * sizeof(*ARRAY));            \
		COUNT--;                                                                           \
	}                                                                                          \
	struct TYPE *NAME##_at(uint64_t va)                                                        \
	{                                                                                          \
		size_t after = NAME##_after(va);                                                   \
                                                                                                   \
		if (!after || va - ARRAY[after - 1].va >= ARRAY[after - 1].size)                   \
			return NULL;                                                               \
		return &ARRAY[after - 1];                                                          \
	}

SORTED(piece, pieces, piece_count, piece_room, piece)
SORTED(block, blocks, block_count, block_room, block)

struct block *block_exact(uint64_t va)
{
	struct block *found = block_at(va);

	return found && found->va == va ? found : NULL;
}

bool piece_busy(const struct piece *piece)
{
	return context_valid(piece->busy_context) && !point_reached(piece->busy);
}

bool piece_allows(const struct piece *piece, CUcontext context, bool write)
{
	if (piece->vmm)
		return ((write ? piece->write : piece->read) >> context->device) & 1;
	return piece->place == HOST || piece->place == context->device ||
	       (context->reaches >> piece->place) & 1;
}

bool space_walk(uint64_t va, uint64_t size,
		bool (*each)(struct piece *piece, char *bytes, uint64_t size, void *data),
		void *data)
{
	while (size) {
		struct piece *piece = piece_at(va);
		uint64_t from, length;

		if (!piece)
			return false;
		from = va - piece->va;
		length = piece->size - from < size ? piece->size - from : size;
		if (!each(piece, piece->bytes + from, length, data))
			return false;
		va += length;
		size -= length;
	}
	return true;
}
