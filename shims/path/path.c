/* SPDX-License-Identifier: MIT */
/*
 * libmvgal_path.so: what vgpu.rs's add-path does. Preloaded (mostly by /etc/ld.so.preload), it adds
 * to search paths what other variables say, for the programs that this one starts:
 *
 *   TF_PATH             behind PATH              TF_PREPEND_PATH             before it
 *   TF_LD_PRELOAD       behind LD_PRELOAD        TF_PREPEND_LD_PRELOAD       before it
 *   TF_LD_LIBRARY_PATH  behind LD_LIBRARY_PATH   TF_PREPEND_LD_LIBRARY_PATH  before it
 *
 * Each may hold several elements. One that is there already is not added, wherever it stands: so
 * nothing grows from exec to exec. What is in the variable stays as it is.
 *
 * Its work is done when it is loaded: it is the one shim with a constructor.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The loader takes both in LD_PRELOAD (ld.so(8)); paths of directories may hold spaces. */
#define PRELOAD_SEPARATORS " :"
#define PATH_SEPARATORS ":"

struct search_path {
	const char *name;
	const char *separators;
	const char *behind;
	const char *before;
};

static const struct search_path PATHS[] = {
    {"PATH", PATH_SEPARATORS, "TF_PATH", "TF_PREPEND_PATH"},
    {"LD_PRELOAD", PRELOAD_SEPARATORS, "TF_LD_PRELOAD", "TF_PREPEND_LD_PRELOAD"},
    {"LD_LIBRARY_PATH", PATH_SEPARATORS, "TF_LD_LIBRARY_PATH", "TF_PREPEND_LD_LIBRARY_PATH"},
};

static bool has_element(const char *list, const char *element, size_t length,
			const char *separators)
{
	for (const char *at = list;; at++) {
		size_t its = strcspn(at, separators);

		if (its == length && !memcmp(at, element, length))
			return true;
		at += its;
		if (!*at)
			return false;
	}
}

/* Puts `element` behind what is in `to`, which has room for it. */
static void append(char *to, const char *element, size_t length)
{
	size_t used = strlen(to);

	if (used)
		to[used++] = ':';
	memcpy(to + used, element, length);
	to[used + length] = '\0';
}

/* Adds the elements of `more` that `old` has not. Returns memory to be freed; NULL for no change.
 */
static char *add(const char *old, const char *more, bool is_before, const char *separators)
{
	size_t room = strlen(old) + strlen(more) + 3;
	char *added = calloc(1, strlen(more) + 1);
	char *all = calloc(1, room);

	if (!added || !all)
		goto none;
	for (const char *at = more;; at++) {
		size_t length = strcspn(at, separators);

		if (length && !has_element(old, at, length, separators) &&
		    !has_element(added, at, length, separators))
			append(added, at, length);
		at += length;
		if (!*at)
			break;
	}
	if (!*added)
		goto none;
	/* An empty element of PATH is the working directory: what is there keeps its own. */
	if (is_before || !*old)
		append(all, added, strlen(added));
	if (*old)
		append(all, old, strlen(old));
	if (!is_before && *old)
		append(all, added, strlen(added));
	free(added);
	return all;

none:
	free(added);
	free(all);
	return NULL;
}

static void extend(const struct search_path *path, const char *source, bool is_before)
{
	const char *more = secure_getenv(source);
	const char *old = getenv(path->name);
	char *value = more && *more ? add(old ? old : "", more, is_before, path->separators) : NULL;

	if (value)
		setenv(path->name, value, 1);
	free(value);
}

__attribute__((constructor)) static void extend_paths(void)
{
	for (size_t i = 0; i < sizeof(PATHS) / sizeof(*PATHS); i++) {
		extend(&PATHS[i], PATHS[i].behind, false);
		extend(&PATHS[i], PATHS[i].before, true);
	}
}
