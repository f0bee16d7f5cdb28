/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tree.h"

#define STAMP "stamp"
#define STAMP_NEW "stamp.new"
#define LINE_MAX_LENGTH 256
#define DAY 86400

/*
 * The kernel's clock for ctimes may tick as rarely as every 10 ms: a file changed twice within a
 * tick keeps its ctime. A file is stamped only when it is older than this.
 */
#define TICK_NS 20000000LL

/* What the stamp says of all files; `newest` is their latest ctime. */
struct state {
	char text[(MAX_FILES + 1) * LINE_MAX_LENGTH];
	size_t length;
	struct timespec newest;
};

bool stamp_is_private(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

/* A plain file of ours that no one else can write, of the right size, and executable if it has to
 * be. */
static bool is_sound(const struct stat *st, const struct file *file)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 022) == 0 &&
	       (uint64_t)st->st_size == file->size && (st->st_mode & file->mode) == file->mode;
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Describes the files as they are; false when one is missing or not sound. */
static bool take_state(int dir, const struct payload *payload, struct state *state)
{
	memset(&state->newest, 0, sizeof(state->newest));
	state->length =
	    (size_t)snprintf(state->text, LINE_MAX_LENGTH, "mvgal-stamp 1 %s\n", payload->hash);
	for (size_t i = 0; i < payload->n_files; i++) {
		const struct file *file = &payload->files[i];
		struct stat st;
		int n;

		if (fstatat(dir, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_sound(&st, file))
			return false;
		if (is_later(&st.st_ctim, &state->newest))
			state->newest = st.st_ctim;
		n = snprintf(state->text + state->length, LINE_MAX_LENGTH,
			     "%s %llx %llu %llu %lld.%09ld %lld.%09ld\n", file->name,
			     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			     (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec,
			     st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
		if (n >= LINE_MAX_LENGTH)
			return false;
		state->length += (size_t)n;
	}
	return true;
}

/* Waits until the newest change is a tick away. */
static void let_clock_tick(const struct state *state)
{
	struct timespec now, pause = {.tv_nsec = TICK_NS};
	long long age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - state->newest.tv_sec) * 1000000000LL + now.tv_nsec -
	      state->newest.tv_nsec;
	if (age >= -TICK_NS && age < TICK_NS)
		nanosleep(&pause, NULL);
}

bool stamp_matches(int dir, const struct payload *payload)
{
	struct state state;
	char text[sizeof(state.text)];
	ssize_t n;
	int fd;

	if (!take_state(dir, payload, &state))
		return false;
	fd = openat(dir, STAMP, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n == (ssize_t)state.length && memcmp(text, state.text, state.length) == 0;
}

/* Renamed into place: a start that reads it meanwhile sees the old one or the new one, whole. */
static int put(int dir, const struct state *state, struct why *why)
{
	tree_remove(dir, STAMP_NEW);
	if (tree_write(dir, STAMP_NEW, 0600, state->text, state->length, why) < 0)
		return -1;
	if (renameat(dir, STAMP_NEW, dir, STAMP) < 0)
		return because(why, "cannot write %s: %s", STAMP, strerror(errno));
	return 0;
}

/* Whether the file holds these bytes and no more. */
static bool holds(int fd, const char *data, size_t size)
{
	static const size_t step = 1 << 18;
	char *buffer = malloc(step);
	ssize_t n = -1;

	if (!buffer)
		return false;
	while ((n = read(fd, buffer, step)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (size_t)n > size || memcmp(buffer, data, (size_t)n) != 0)
			break;
		data += n;
		size -= (size_t)n;
	}
	free(buffer);
	return n == 0 && size == 0;
}

static int compare(int dir, const struct payload *payload, const struct file *file, struct why *why)
{
	int fd = openat(dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *data;
	bool same;

	if (fd < 0)
		return because(why, "cannot read %s: %s", file->name, strerror(errno));
	data = payload_unpack(payload, file, why);
	if (!data) {
		close(fd);
		return -1;
	}
	same = holds(fd, data, file->size);
	free(data);
	close(fd);
	return same ? 0 : because(why, "%s is damaged", file->name);
}

int stamp_verify(int dir, const struct payload *payload, struct why *why)
{
	struct state state;

	/* The stamp tells of the files before they are read: what changes meanwhile will not match
	 * it. */
	if (!take_state(dir, payload, &state))
		return because(why, "a file is missing or not as it was written");
	let_clock_tick(&state);
	for (size_t i = 0; i < payload->n_files; i++)
		if (compare(dir, payload, &payload->files[i], why) < 0)
			return -1;
	return put(dir, &state, why);
}

int stamp_write(int dir, const struct payload *payload, struct why *why)
{
	struct state state;

	if (!take_state(dir, payload, &state))
		return because(why, "a file is not as it was written");
	let_clock_tick(&state);
	return put(dir, &state, why);
}

long long stamp_last_use(int dir)
{
	struct stat st;

	return fstatat(dir, STAMP, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (long long)st.st_mtim.tv_sec
								  : -1;
}

void stamp_touch(int dir)
{
	long long last = stamp_last_use(dir);

	if (last >= 0 && last + DAY < time(NULL))
		utimensat(dir, STAMP, NULL, AT_SYMLINK_NOFOLLOW);
}
