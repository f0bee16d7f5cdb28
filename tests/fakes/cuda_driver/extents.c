/* Pieces of the devices' memory: files of the directory, `memory.0` for the first device, full of
 * holes. */
#include "state.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t limit_of(int place)
{
	return place == HOST ? UINT64_MAX : described.devices[place].memory;
}

static bool fits(int place, uint64_t size)
{
	if (size <= limit_of(place) && shared->used[place] <= limit_of(place) - size)
		return true;
	fake_reap();
	return size <= limit_of(place) && shared->used[place] <= limit_of(place) - size;
}

/* First fit: a device has no fragments, for its file ends nowhere. */
static void place_in_file(int index)
{
	struct extent *made = &shared->extents[index];
	int32_t *link = &shared->first[made->place];
	uint64_t at = 0;

	while (*link >= 0 && shared->extents[*link].offset < at + made->size) {
		at = shared->extents[*link].offset + shared->extents[*link].size;
		link = &shared->extents[*link].next;
	}
	made->offset = at;
	made->next = *link;
	*link = index;
}

int extent_new(int place, uint64_t size)
{
	int slot = fake_self();

	if (slot < 0 || !size || !fits(place, size))
		return -1;
	for (int i = 0; i < MAX_EXTENTS; i++) {
		struct extent *extent = &shared->extents[i];

		if (extent->holders || extent->exported)
			continue;
		extent->size = size;
		extent->holders = 1ull << slot;
		extent->generation++;
		extent->place = (int16_t)place;
		extent->owner = (int16_t)slot;
		shared->used[place] += size;
		place_in_file(i);
		return i;
	}
	return -1;
}

bool extent_hold(int index, uint32_t generation, int slot)
{
	struct extent *extent;

	if (index < 0 || index >= MAX_EXTENTS)
		return false;
	extent = &shared->extents[index];
	if ((!extent->holders && !extent->exported) || extent->generation != generation)
		return false;
	if (!extent->holders)
		extent->owner = (int16_t)slot;
	extent->holders |= 1ull << slot;
	return true;
}

void extent_export(int index)
{
	shared->extents[index].exported++;
}

void extent_imported(int index)
{
	if (shared->extents[index].exported)
		shared->extents[index].exported--;
}

void extent_drop(int index, int slot)
{
	struct extent *extent = &shared->extents[index];
	char path[4200];
	int fd;

	extent->holders &= ~(1ull << slot);
	if (extent->holders) {
		if (extent->owner == slot)
			extent->owner = (int16_t)__builtin_ctzll(extent->holders);
		return;
	}
	if (extent->exported)
		return;
	for (int32_t *link = &shared->first[extent->place]; *link >= 0;
	     link = &shared->extents[*link].next)
		if (*link == index) {
			*link = extent->next;
			break;
		}
	shared->used[extent->place] -= extent->size;
	snprintf(path, sizeof(path), "%s/memory.%d", fake_directory, extent->place);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)extent->offset,
			  (off_t)extent->size);
		close(fd);
	}
}

bool charge(int device, int slot, uint64_t bytes)
{
	if (slot < 0 || !fits(device, bytes))
		return false;
	shared->used[device] += bytes;
	shared->processes[slot].charges[device] += bytes;
	return true;
}

void uncharge(int device, int slot, uint64_t bytes)
{
	shared->used[device] -= bytes;
	shared->processes[slot].charges[device] -= bytes;
}

uint64_t process_bytes(int slot, int device)
{
	uint64_t bytes = shared->processes[slot].charges[device];

	for (int32_t i = shared->first[device]; i >= 0; i = shared->extents[i].next)
		if (shared->extents[i].owner == slot)
			bytes += shared->extents[i].size;
	return bytes;
}
