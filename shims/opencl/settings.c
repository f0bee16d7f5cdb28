/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct settings values;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void say(const char *format, ...)
{
	char line[512] = "mvgal: ";
	const size_t start = strlen(line);
	const int error = errno;
	va_list arguments;
	size_t end;

	va_start(arguments, format);
	vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);
	va_end(arguments);
	end = strlen(line);
	line[end] = '\n';
	/* In one write: lines of several processes do not mix. */
	if (write(STDERR_FILENO, line, end + 1) < 0)
		errno = error;
	errno = error;
}

static const char *text_of(const char *name)
{
	const char *text = getenv(name);

	return text && *text ? text : NULL;
}

/* "0,2-3", or "0x5". False: neither. */
static bool mask_of(const char *text, uint64_t *mask)
{
	char *end;

	*mask = 0;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		errno = 0;
		*mask = strtoull(text + 2, &end, 16);
		return text[2] != '\0' && *end == '\0' && !errno && *mask;
	}
	for (;;) {
		unsigned long first, last;

		if (*text < '0' || *text > '9')
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return false;
			last = strtoul(end + 1, &end, 10);
		}
		if (first > last || last > 63)
			return false;
		for (unsigned long i = first; i <= last; i++)
			*mask |= UINT64_C(1) << i;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
		text = end + 1;
	}
}

static enum strategy strategy_of(const char *text)
{
	if (!text)
		return STRATEGY_SINGLE;
	if (!strcmp(text, "round_robin") || !strcmp(text, "0"))
		return STRATEGY_ROUND_ROBIN;
	if (!strcmp(text, "task"))
		return STRATEGY_TASK;
	if (!strcmp(text, "compute_offload"))
		return STRATEGY_COMPUTE_OFFLOAD;
	return STRATEGY_SINGLE;
}

static bool names(const char *list, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ',') && (at[length] == '\0' || at[length] == ','))
			return true;
	return false;
}

/* A mode, "diff", or both. */
static void take_split(const char *text, const char *strategy)
{
	static const char *const words[] = {"off", "auto", "force", "strict"};
	char list[64] = "", *rest;

	/* Other strategies are about where whole launches run. */
	values.split = !strategy || !strcmp(strategy, "sfr") || !strcmp(strategy, "hybrid")
			   ? SPLIT_AUTO
			   : SPLIT_OFF;
	if (!text)
		return;
	values.split = SPLIT_AUTO;
	snprintf(list, sizeof(list), "%s", text);
	for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		unsigned int i = 0;

		while (i < 4 && strcmp(word, words[i]))
			i++;
		if (i < 4) {
			values.split = (enum split)i;
		} else if (!strcmp(word, "diff")) {
			values.diff = true;
		} else {
			say("MVGAL_SPLIT=%s is none of off, auto, force, strict, with diff or "
			    "without: nothing is split",
			    text);
			values.split = SPLIT_OFF;
			return;
		}
	}
}

static void take(void)
{
	const char *debug = text_of("MVGAL_DEBUG");
	const char *type = text_of("MVGAL_OPENCL_TYPE");
	const char *mask = text_of("MVGAL_OPENCL_DEVICES");

	values.debug = debug && (names(debug, "1") || names(debug, "opencl"));
	take_split(text_of("MVGAL_SPLIT"), text_of("MVGAL_STRATEGY"));
	values.tells_splits = debug && names(debug, "split");
	values.cpu = type && !strcmp(type, "cpu");
	values.strategy = strategy_of(text_of("MVGAL_STRATEGY"));
	values.vendors = text_of("MVGAL_OPENCL_VENDORS");
	values.mask = UINT64_MAX;
	if (mask && !mask_of(mask, &values.mask)) {
		say("MVGAL_OPENCL_DEVICES=%s is no list of devices: 0,2-3, or a mask as 0x5; all "
		    "are used",
		    mask);
		values.mask = UINT64_MAX;
	}
}

const struct settings *settings(void)
{
	pthread_once(&once, take);
	return &values;
}
