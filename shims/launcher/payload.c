/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "payload.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define MAX_MANIFEST (1 << 20)

static const char MAGIC[16] = "mvgal-packed-01";

/* The last bytes of the executable; numbers are little-endian. */
struct trailer {
	char hash[HASH_LENGTH];
	uint64_t manifest_offset, manifest_packed, manifest_size;
	uint64_t total; /* of the whole executable: tells a truncated copy */
	char magic[sizeof(MAGIC)];
};

static int read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	char *at = buffer;

	while (size > 0) {
		ssize_t n = pread(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENODATA;
			return -1;
		}
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Reads `packed` bytes at `offset` and unpacks them into exactly `size` bytes and a NUL. */
static char *unpack(int fd, uint64_t offset, uint64_t packed, uint64_t size, const char *what,
		    struct why *why)
{
	char *in = malloc(packed + 1);
	char *out = malloc(size + 1);
	size_t n;

	if (!in || !out) {
		because(why, "not enough memory to unpack %s (%" PRIu64 " bytes)", what, size);
		goto fail;
	}
	if (read_at(fd, in, packed, offset) < 0) {
		because(why, "%s cannot be read from it: %s", what, strerror(errno));
		goto fail;
	}
	n = ZSTD_decompress(out, size, in, packed);
	if (ZSTD_isError(n) || n != size) {
		because(why, "%s in it does not unpack: %s", what,
			ZSTD_isError(n) ? ZSTD_getErrorName(n) : "wrong length");
		why->damaged = true;
		goto fail;
	}
	out[size] = '\0';
	free(in);
	return out;

fail:
	free(in);
	free(out);
	return NULL;
}

/* One or two components of letters, digits, '.', '_' and '-', none of which starts with a dot. */
static bool is_safe_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t n = strspn(name, allowed);

	if (n == 0 || *name == '.')
		return false;
	if (name[n] == '\0')
		return true;
	name += n + 1;
	return name[-1] == '/' && *name != '.' && *name != '\0' &&
	       name[strspn(name, allowed)] == '\0';
}

static int role_of(const char *name)
{
	static const char *const roles[] = {
	    [ROLE_RUNTIME] = "runtime", [ROLE_SCRIPT] = "script",   [ROLE_ASSET] = "asset",
	    [ROLE_STATE] = "state",	[ROLE_PRELOAD] = "preload",
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(name, roles[i]) == 0)
			return (int)i;
	return -1;
}

static bool parse_file(struct payload *payload, const char *value, uint64_t limit)
{
	struct file *file = &payload->files[payload->n_files];
	char role[16];
	unsigned int mode;
	int name = 0, kind;

	if (payload->n_files == MAX_FILES)
		return false;
	if (sscanf(value, "%15s %o %" SCNu64 " %" SCNu64 " %" SCNu64 " %n", role, &mode,
		   &file->offset, &file->packed, &file->size, &name) != 5 ||
	    name == 0)
		return false;
	kind = role_of(role);
	if (kind < 0 || !is_safe_name(value + name))
		return false;
	if (file->offset > limit || file->packed > limit - file->offset ||
	    file->size > SIZE_MAX / 2)
		return false;
	file->role = (enum role)kind;
	file->mode = mode & 0700;
	file->name = value + name;
	payload->n_files++;
	return true;
}

static bool parse_word(struct words *words, const char *value)
{
	if (words->count == MAX_WORDS)
		return false;
	words->at[words->count++] = value;
	return true;
}

/* Splits the manifest's text into lines in place. `limit`: where the files in the executable end.
 */
static bool parse_manifest(struct payload *payload, uint64_t limit)
{
	bool named = false;
	char *rest;

	for (char *line = strtok_r(payload->text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *value = strchr(line, ' ');
		bool good;

		if (!value)
			return false;
		*value++ = '\0';
		if (strcmp(line, "hash") == 0)
			good = named = strcmp(value, payload->hash) == 0;
		else if (strcmp(line, "file") == 0)
			good = parse_file(payload, value, limit);
		else if (strcmp(line, "arg") == 0)
			good = parse_word(&payload->args, value);
		else if (strcmp(line, "env") == 0)
			good = strchr(value, '=') && parse_word(&payload->env, value);
		else if (strcmp(line, "hide") == 0)
			good = parse_word(&payload->hide, value);
		else if (strcmp(line, "mask") == 0)
			good = parse_word(&payload->mask, value);
		else if (strcmp(line, "script_fd") == 0)
			good = sscanf(value, "%d", &payload->script_fd) == 1;
		else
			good = false;
		if (!good)
			return false;
	}
	return named && payload_find(payload, ROLE_RUNTIME);
}

int payload_open(struct payload *payload, int fd, struct why *why)
{
	struct trailer trailer;
	uint64_t size, offset, packed;
	struct stat st;

	memset(payload, 0, sizeof(*payload));
	payload->fd = fd;
	payload->script_fd = -1;
	if (fstat(fd, &st) < 0)
		return because(why, "it cannot be read: %s", strerror(errno));
	size = (uint64_t)st.st_size;
	if (size < sizeof(trailer) ||
	    read_at(fd, &trailer, sizeof(trailer), size - sizeof(trailer)) < 0 ||
	    memcmp(trailer.magic, MAGIC, sizeof(MAGIC)) != 0)
		return because(why, "its end is missing");

	offset = le64toh(trailer.manifest_offset);
	packed = le64toh(trailer.manifest_packed);
	if (le64toh(trailer.total) != size || offset > size || packed > size - offset ||
	    size - offset - packed != sizeof(trailer) ||
	    le64toh(trailer.manifest_size) > MAX_MANIFEST)
		return because(why, "its length is not what it was built with");
	memcpy(payload->hash, trailer.hash, HASH_LENGTH);
	if (strspn(payload->hash, "0123456789abcdef") != HASH_LENGTH)
		return because(why, "its hash is not one");

	payload->text =
	    unpack(fd, offset, packed, le64toh(trailer.manifest_size), "the list of files", why);
	if (!payload->text)
		return -1;
	if (!parse_manifest(payload, offset))
		return because(why, "its list of files is not one that this launcher knows");
	return 0;
}

void *payload_unpack(const struct payload *payload, const struct file *file, struct why *why)
{
	return unpack(payload->fd, file->offset, file->packed, file->size, file->name, why);
}

const struct file *payload_find(const struct payload *payload, enum role role)
{
	for (size_t i = 0; i < payload->n_files; i++)
		if (payload->files[i].role == role)
			return &payload->files[i];
	return NULL;
}
