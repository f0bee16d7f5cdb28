/* SPDX-License-Identifier: MIT */
#include "ordinal.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_entry(const char *at, size_t length, unsigned int index, const char *uuid,
		     bool *valid)
{
	char *end;
	unsigned long number;

	/* The beginning of a UUID means the GPU. */
	if (length >= 4 && (!strncasecmp(at, "GPU-", 4) || !strncasecmp(at, "MIG-", 4))) {
		*valid = true;
		return length > 4 && !strncasecmp(at, uuid, length);
	}
	number = strtoul(at, &end, 10);
	*valid = length > 0 && isdigit((unsigned char)*at) && end == at + length;
	return *valid && number == index;
}

int ordinal_in(const char *list, unsigned int index, const char *uuid)
{
	int place = 0;

	if (!list)
		return (int)index;
	for (;; place++) {
		size_t length;
		bool valid;

		list += strspn(list, " \t");
		length = strcspn(list, ",");
		while (length && isspace((unsigned char)list[length - 1]))
			length--;
		if (is_entry(list, length, index, uuid, &valid))
			return place;
		list += strcspn(list, ",");
		if (!valid || !*list++)
			return -1;
	}
}
