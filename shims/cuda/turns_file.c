/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "turns_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

#define BYTES sizeof(struct turns_table)

static uint64_t owner_of(uint32_t pid, uint64_t start)
{
	return (uint64_t)pid << 32 | (start & UINT32_MAX);
}

uint64_t turns_file_own(void)
{
	uint32_t pid = (uint32_t)getpid();

	return owner_of(pid, process_start_time(pid));
}

bool turns_file_lives(uint64_t owner)
{
	uint32_t pid = (uint32_t)(owner >> 32);
	int error = errno;
	uint64_t start;
	bool lives;

	if (!pid || pid > INT32_MAX)
		return false;
	start = process_start_time(pid);
	/* Of other users' processes /proc may tell nothing. */
	lives = start ? owner_of(pid, start) == owner : kill((pid_t)pid, 0) < 0 && errno == EPERM;
	errno = error;
	return lives;
}

static int open_below(const char *base, const char *id)
{
	char path[512];
	int length = snprintf(path, sizeof(path), "%s/gpus", base);

	if (base[0] != '/' || length < 0 || (size_t)length >= sizeof(path))
		return -1;
	mkdir(base, 0700);
	mkdir(path, 0700);
	length = snprintf(path, sizeof(path), "%s/gpus/%s.turn", base, id);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -1;
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0660);
}

/* The runtime directory: as shims/session/place.c has it. */
static int open_file(const char *id)
{
	const char *chosen = secure_getenv("MVGAL_RUNTIME_DIR");
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char base[384];
	int file;

	if (strchr(id, '/'))
		return -1;
	if (chosen && chosen[0])
		return open_below(chosen, id);
	if (geteuid() == 0)
		return open_below("/run/mvgal", id);
	file = faccessat(AT_FDCWD, "/run/mvgal", W_OK | X_OK, AT_EACCESS) == 0
		   ? open_below("/run/mvgal", id)
		   : -1;
	if (file >= 0 || !runtime ||
	    (size_t)snprintf(base, sizeof(base), "%s/mvgal", runtime) >= sizeof(base))
		return file;
	return open_below(base, id);
}

/* Memory that is there: a full host refuses it here, and not by SIGBUS. */
static struct turns_table *map(int file)
{
	struct turns_table *table;
	struct stat info;

	if (fstat(file, &info) < 0 || !S_ISREG(info.st_mode) ||
	    (info.st_size != 0 && info.st_size != BYTES) ||
	    (info.st_size == 0 && posix_fallocate(file, 0, BYTES)))
		return NULL;
	table = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (table == MAP_FAILED)
		return NULL;
	/* All begin with zeros, and write the same. */
	if (!atomic_load(&table->magic))
		turns_format(table);
	if (turns_is_sound(table))
		return table;
	munmap(table, BYTES);
	return NULL;
}

static struct turns_table *map_alone(void)
{
	struct turns_table *table =
	    mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (table == MAP_FAILED)
		return NULL;
	turns_format(table);
	return table;
}

struct turns_table *turns_file_open(const char *id)
{
	struct turns_table *table;
	int error = errno;
	int file = open_file(id);

	table = file >= 0 ? map(file) : NULL;
	if (file >= 0)
		close(file);
	errno = error;
	return table ? table : map_alone();
}
