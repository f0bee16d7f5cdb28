/* SPDX-License-Identifier: MIT */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "settings.h"

/* In one write: lines of several processes do not mix. */
static void write_line(const char *format, va_list arguments)
{
	static const char prefix[] = "mvgal: ";
	const size_t start = sizeof(prefix) - 1;
	char line[512];
	int error = errno;
	int length;

	snprintf(line, sizeof(line), "%s", prefix);
	length = vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);
	if (length >= 0) {
		size_t end = start + (size_t)length;

		if (end > sizeof(line) - 2)
			end = sizeof(line) - 2;
		line[end] = '\n';
		if (write(STDERR_FILENO, line, end + 1) < 0)
			errno = error;
	}
	errno = error;
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

void say_detail(const char *format, ...)
{
	va_list arguments;

	if (!settings()->log)
		return;
	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}
