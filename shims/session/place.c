/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES sizeof(struct mvgal_session_page)

/* Descriptors of the page are from here on, out of the way of programs that count on theirs. */
#define FIRST_DESCRIPTOR 512

/* Linux 6.3: without it the kernel notes in its log that the program did not say. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* Field 22 of /proc/self/stat; 0 where it cannot be read. */
static uint64_t start_time(void)
{
	char text[1024];
	char *at;
	ssize_t length;
	int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return 0;
	length = read(file, text, sizeof(text) - 1);
	close(file);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	/* The name in field 2 may hold spaces and parentheses. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static uint32_t asked_strategy(void)
{
	static const char *const names[] = MVGAL_STRATEGY_NAMES;
	const char *asked = secure_getenv("MVGAL_STRATEGY");
	char name[32];

	if (!asked || strlen(asked) >= sizeof(name))
		return MVGAL_STRATEGY_NONE;
	strcpy(name, asked);
	for (char *at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	for (uint32_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcasecmp(name, names[i]))
			return i + 1;
	return MVGAL_STRATEGY_NONE;
}

static void fill_header(struct mvgal_session_header *header, uint64_t started, const char *api)
{
	const char *mask = secure_getenv("MVGAL_GPU_MASK");
	const char *gpus = secure_getenv("MVGAL_GPUS");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	header->magic = MVGAL_SESSION_MAGIC;
	header->layout_version = MVGAL_SESSION_LAYOUT_VERSION;
	header->page_bytes = PAGE_BYTES;
	header->pid = (uint32_t)getpid();
	header->start_time = started;
	header->began_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	snprintf(header->api, sizeof(header->api), "%s", api);
	snprintf(header->command, sizeof(header->command), "%s", program_invocation_short_name);
	header->asked_strategy = asked_strategy();
	header->asked_mask = mask ? strtoull(mask, NULL, 0) : 0;
	if (gpus && strlen(gpus) < sizeof(header->asked_gpus))
		strcpy(header->asked_gpus, gpus);
}

/* Memory that can be neither cut nor lengthened; -1 where there is none. */
static int sealed_memory(void)
{
	int high;
	int memory = memfd_create("mvgal-session", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (memory < 0 && errno == EINVAL)
		memory = memfd_create("mvgal-session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory < 0)
		return -1;
	/* Memory that is there before it is touched: a full host refuses it here, and not by
	 * SIGBUS. */
	if (fallocate(memory, 0, 0, PAGE_BYTES) < 0 || fchmod(memory, 0600) < 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(memory);
		return -1;
	}
	high = fcntl(memory, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
	if (high < 0)
		return memory;
	close(memory);
	return high;
}

/* Opens `base`/sessions, which is made where it is missing, and writes its path. */
static int open_below(const char *base, char *path, size_t size)
{
	int length = snprintf(path, size, "%s/sessions", base);

	if (base[0] != '/' || length < 0 || (size_t)length >= size)
		return -1;
	mkdir(base, 0700);
	mkdir(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * The directory of sessions: MVGAL_RUNTIME_DIR alone where that is set, else the host's where this
 * user may write there, else the user's own. lib/session/directory.ts has the same.
 */
static int open_directory(char *path, size_t size)
{
	const char *chosen = secure_getenv("MVGAL_RUNTIME_DIR");
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char base[384];
	int directory;

	if (chosen && chosen[0])
		return open_below(chosen, path, size);
	if (geteuid() == 0)
		return open_below("/run/mvgal", path, size);
	snprintf(path, size, "/run/mvgal/sessions");
	directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory >= 0 && faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return directory;
	if (directory >= 0)
		close(directory);
	if (!runtime || (size_t)snprintf(base, sizeof(base), "%s/mvgal", runtime) >= sizeof(base))
		return -1;
	return open_below(base, path, size);
}

/* Writes the ticket under another name first: nobody sees half of one. */
static bool write_ticket(struct place *place, uint64_t started)
{
	char path[400], name[64], temporary[72], text[96];
	int directory, file, length;
	bool written;

	length = snprintf(text, sizeof(text), "mvgal-session %d %d %llu\n",
			  MVGAL_SESSION_LAYOUT_VERSION, place->descriptor, place->inode);
	directory = open_directory(path, sizeof(path));
	if (directory < 0)
		return false;
	snprintf(name, sizeof(name), "%d.%llu", place->pid, (unsigned long long)started);
	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	/* Of this very process alone can there be one: left by the program that it was before exec.
	 */
	unlinkat(directory, temporary, 0);
	file = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	written = file >= 0 && write(file, text, (size_t)length) == length &&
		  renameat(directory, temporary, directory, name) == 0;
	if (file >= 0) {
		close(file);
		if (!written)
			unlinkat(directory, temporary, 0);
	}
	close(directory);
	if (written)
		snprintf(place->ticket, sizeof(place->ticket), "%s/%s", path, name);
	return written;
}

struct mvgal_session_page *place_take(struct place *place, const char *api)
{
	struct mvgal_session_page *page;
	uint64_t started = start_time();
	struct stat info;

	place->pid = getpid();
	place->ticket[0] = '\0';
	place->descriptor = started ? sealed_memory() : -1;
	if (place->descriptor < 0)
		return NULL;
	page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, place->descriptor, 0);
	if (page == MAP_FAILED || fstat(place->descriptor, &info) < 0)
		goto close_memory;
	place->inode = info.st_ino;
	fill_header(&page->header, started, api);
	if (!write_ticket(place, started))
		goto unmap;
	return page;

unmap:
	munmap(page, PAGE_BYTES);
close_memory:
	close(place->descriptor);
	place->descriptor = -1;
	return NULL;
}

void place_leave(struct place *place, struct mvgal_session_page *page)
{
	struct stat info;

	munmap(page, PAGE_BYTES);
	/* The number may be another file's by now, if the program closed all that it did not know.
	 */
	if (fstat(place->descriptor, &info) == 0 && info.st_ino == place->inode)
		close(place->descriptor);
	place->descriptor = -1;
	place->ticket[0] = '\0';
}

void place_remove(struct place *place)
{
	/* A child of vfork, or of clone without the handlers, is not whose ticket it is. */
	if (place->pid == getpid() && place->ticket[0])
		unlink(place->ticket);
	place->ticket[0] = '\0';
}
