/* SPDX-License-Identifier: MIT */
/*
 * What scripts/compile/pack.ts appended to this executable: compressed files, the manifest that
 *lists them, and a trailer of fixed size that finds the manifest.
 *
 *	launcher (ELF) | zstd frame of each file | zstd frame of the manifest | trailer
 *
 * The manifest is lines of text, each a keyword and its value:
 *
 *	hash HEX                            SHA-256 that names this content; the trailer has it too
 *	file ROLE MODE OFFSET PACKED SIZE NAME
 *	arg TEXT                            an argument for the runtime, before the user's own
 *	env NAME=VALUE                      a variable for the runtime
 *	hide PREFIX                         the runtime must not see the user's variables named
 *PREFIX* mask SUFFIX                         the runtime must not see an argv[0] that ends so
 *	script_fd N                         the descriptor at which the runtime reads the script
 *
 * "{script}" in arg and env stands for the script's path, "{dir}" for the directory of the files.
 *So all that is particular to the runtime is decided by what packs it.
 */
#ifndef MVGAL_LAUNCHER_PAYLOAD_H
#define MVGAL_LAUNCHER_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "why.h"

#define HASH_LENGTH 64
#define MAX_FILES 64
#define MAX_WORDS 32

enum role {
	ROLE_RUNTIME, /* the executable to start: exactly one */
	ROLE_SCRIPT,  /* what it runs: at most one */
	ROLE_ASSET,   /* a file for the script, such as a shared library: needed in memory too */
	ROLE_STATE,   /* helps the runtime start quickly: of use in a directory only */
	ROLE_PRELOAD, /* for a host without /proc: of use in a directory only */
};

struct file {
	enum role role;
	mode_t mode;
	uint64_t offset; /* in this executable */
	uint64_t packed; /* bytes there */
	uint64_t size;	 /* bytes unpacked */
	const char *name;
};

/* Pointers into the manifest's text. */
struct words {
	const char *at[MAX_WORDS];
	size_t count;
};

struct payload {
	int fd;
	char hash[HASH_LENGTH + 1];
	struct file files[MAX_FILES];
	size_t n_files;
	struct words args, env, hide, mask;
	int script_fd;
	char *text;
};

/* Reads and checks trailer and manifest of the executable open at fd, which stays in use. */
int payload_open(struct payload *payload, int fd, struct why *why);

/*
 * Unpacks a file into memory of its own, which the caller frees; zstd checks the content against
 * the XXH64 in its frame. NULL when it is damaged or memory is short.
 */
void *payload_unpack(const struct payload *payload, const struct file *file, struct why *why);

/* The one file of a role, or NULL. */
const struct file *payload_find(const struct payload *payload, enum role role);

#endif
