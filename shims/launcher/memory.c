/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"

/* Linux 6.3; older headers lack them. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Below descriptors that people redirect by number, where the wanted one is out of reach. */
#define LOWEST_FD 64

static int create(const struct file *file)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(file->name,
			      flags | (file->role == ROLE_RUNTIME ? MFD_EXEC : MFD_NOEXEC_SEAL));

	/* Older kernels know neither flag. */
	return fd < 0 && errno == EINVAL ? memfd_create(file->name, flags) : fd;
}

int memory_place(int fd, int wanted)
{
	int placed = -1;

	if (wanted >= 0)
		placed = fcntl(fd, F_DUPFD, wanted);
	if (placed < 0)
		placed = fcntl(fd, F_DUPFD, LOWEST_FD);
	if (placed < 0)
		placed = fcntl(fd, F_DUPFD, 3);
	if (placed >= 0)
		close(fd);
	return placed;
}

/* Pages are reserved first: running out of memory is then an error here and not a signal later. */
static int fill(int fd, const void *data, size_t size)
{
	if (size > 0 && fallocate(fd, 0, 0, (off_t)size) < 0 && errno != EOPNOTSUPP)
		return -1;
	return write_all(fd, data, size);
}

static int load(const struct payload *payload, const struct file *file, struct why *why)
{
	void *data = payload_unpack(payload, file, why);
	int fd, placed;

	if (!data)
		return -1;
	fd = create(file);
	if (fd < 0) {
		because(why, "cannot create memory for %s: %s", file->name, strerror(errno));
	} else if (fill(fd, data, file->size) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		because(why, "cannot fill memory with %s: %s", file->name, strerror(errno));
		close(fd);
		fd = -1;
	}
	free(data);
	if (fd < 0 || file->role == ROLE_RUNTIME)
		return fd;
	placed = memory_place(fd, payload->script_fd);
	if (placed < 0) {
		because(why, "no descriptor left for %s: %s", file->name, strerror(errno));
		close(fd);
	}
	return placed;
}

static bool is_needed(const struct file *file)
{
	return file->role == ROLE_RUNTIME || file->role == ROLE_SCRIPT || file->role == ROLE_ASSET;
}

void memory_close(struct memory *memory)
{
	for (size_t i = 0; i < MAX_FILES; i++)
		if (memory->fd[i] >= 0)
			close(memory->fd[i]);
}

int memory_open(struct memory *memory, const struct payload *payload, struct why *why)
{
	for (size_t i = 0; i < MAX_FILES; i++)
		memory->fd[i] = -1;
	/* The script comes first, so that it has the descriptor that it is to have. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < payload->n_files; i++) {
			const struct file *file = &payload->files[i];

			if (!is_needed(file) || (file->role == ROLE_SCRIPT) != (pass == 0))
				continue;
			memory->fd[i] = load(payload, file, why);
			if (memory->fd[i] < 0) {
				memory_close(memory);
				return -1;
			}
		}
	return 0;
}
