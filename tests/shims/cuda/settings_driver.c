/* SPDX-License-Identifier: MIT */
/*
 * Asks shims/cuda/settings.c and limit_text.c.
 *
 *   settings_driver settings [INDEX UUID]...   what the environment says, and the limits of GPUs
 *   settings_driver threads                    the same from 8 threads at once
 *   settings_driver json|bytes|percent         texts of stdin, NUL behind each: one line an answer
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit_text.h"
#include "settings.h"

static void print_for(int index, const char *uuid)
{
	uint64_t bytes;
	uint32_t sm;

	settings_for(index, *uuid ? uuid : NULL, &bytes, &sm);
	printf("%d %s %" PRIu64 " %u\n", index, uuid, bytes, sm);
}

static void *ask(void *unused)
{
	uint64_t bytes;
	uint32_t sm;

	(void)unused;
	for (int i = 0; i < 1000; i++)
		settings_for(i % 8, "GPU-00000000-0000-0000-0000-000000000000", &bytes, &sm);
	return (void *)(uintptr_t)(settings() == settings() && bytes == 1024);
}

static int threads(void)
{
	pthread_t each[8];
	int good = 0;

	for (int i = 0; i < 8; i++)
		pthread_create(&each[i], NULL, ask, NULL);
	for (int i = 0; i < 8; i++) {
		void *result;

		pthread_join(each[i], &result);
		good += result != NULL;
	}
	printf("%d\n", good);
	return 0;
}

static const char *print_entry(void *to, const char *id, size_t length, uint64_t value)
{
	(void)to;
	printf(" %.*s=%" PRIu64, (int)length, id, value);
	return NULL;
}

/* `text` ends where its memory does: who reads on is seen by the sanitizer. */
static void answer(const char *mode, const char *text)
{
	bool is_bytes = !strcmp(mode, "bytes");
	const char *why;

	printf("[");
	if (!strcmp(mode, "json"))
		why = limit_json(text, print_entry, NULL);
	else
		why = limit_list(text, is_bytes ? limit_bytes : limit_percent, print_entry, NULL);
	printf("] %s\n", why ? why : "ok");
}

static int texts(const char *mode)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = getdelim(&line, &size, '\0', stdin)) > 0) {
		char *own = malloc((size_t)length);

		memcpy(own, line, (size_t)length);
		answer(mode, own);
		free(own);
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	const struct settings *all;

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "threads"))
		return threads();
	if (strcmp(argv[1], "settings") != 0)
		return texts(argv[1]);
	all = settings();
	printf("enabled=%d pool=%d work_conserving=%d log=%d group=%s runtime=%s count=%d\n",
	       all->enabled, all->pool, all->work_conserving, all->log, all->group,
	       all->runtime_dir, all->count);
	for (int i = 2; i + 1 < argc; i += 2)
		print_for(atoi(argv[i]), argv[i + 1]);
	return 0;
}
