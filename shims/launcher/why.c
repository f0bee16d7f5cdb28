/* SPDX-License-Identifier: MIT */
#include "why.h"

#include <stdarg.h>
#include <stdio.h>

int because(struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	why->damaged = false;
	return -1;
}

int because_at(struct why *why, const char *where, const struct why *cause)
{
	if (cause->damaged)
		*why = *cause;
	else
		because(why, "%s: %s", where, cause->text);
	return -1;
}
