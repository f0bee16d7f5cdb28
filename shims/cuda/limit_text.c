/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "limit_text.h"

#include <string.h>
#include <strings.h>

/* Not isdigit(3): the program's locale has no say in it. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_none(const char *text, size_t length)
{
	return length == 4 && !strncasecmp(text, "none", 4);
}

static void trim(const char **text, size_t *length)
{
	while (*length && (**text == ' ' || **text == '\t')) {
		(*text)++;
		(*length)--;
	}
	while (*length && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == '\t'))
		(*length)--;
}

/* What a unit stands for; 0 for none that there is. */
static uint64_t unit_bytes(const char *unit, size_t length)
{
	static const char prefixes[] = "KMGT";
	const char *at;
	uint64_t step, bytes = 1;

	if (!length || (length == 1 && (*unit == 'b' || *unit == 'B')))
		return 1;
	at = strchr(prefixes, *unit >= 'a' ? *unit - 'a' + 'A' : *unit);
	if (!*unit || !at)
		return 0;
	if (length == 1 || (length == 2 && unit[1] == 'i') ||
	    (length == 3 && !strncasecmp(unit + 1, "ib", 2)))
		step = 1024;
	else if (length == 2 && (unit[1] == 'b' || unit[1] == 'B'))
		step = 1000;
	else
		return 0;
	for (; at >= prefixes; at--)
		bytes *= step;
	return bytes;
}

bool limit_bytes(const char *text, size_t length, uint64_t *bytes)
{
	uint64_t whole = 0, part = 0, scale = 1, unit, more;
	size_t at = 0, digits = 0;

	trim(&text, &length);
	if (is_none(text, length)) {
		*bytes = UINT64_MAX;
		return true;
	}
	for (; at < length && is_digit(text[at]); at++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(text[at] - '0'), &whole))
			return false;
	if (at == 0)
		return false;
	if (at < length && text[at] == '.') {
		for (at++; at < length && is_digit(text[at]); at++, digits++) {
			if (digits == 6)
				return false;
			part = part * 10 + (uint64_t)(text[at] - '0');
			scale *= 10;
		}
		if (digits == 0)
			return false;
	}
	text += at;
	length -= at;
	trim(&text, &length);
	unit = unit_bytes(text, length);
	if (unit == 0 || (digits && unit == 1))
		return false;
	/* At most 999999 x 2^40: it fits. */
	more = part * unit / scale;
	return !__builtin_mul_overflow(whole, unit, &whole) &&
	       !__builtin_add_overflow(whole, more, bytes) && *bytes != UINT64_MAX;
}

bool limit_percent(const char *text, size_t length, uint64_t *percent)
{
	uint64_t value = 0;

	trim(&text, &length);
	if (is_none(text, length)) {
		*percent = 100;
		return true;
	}
	if (length && text[length - 1] == '%') {
		length--;
		trim(&text, &length);
	}
	if (length == 0 || length > 3)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*percent = value;
	return value >= 1 && value <= 100;
}

bool limit_is_id(const char *text, size_t length)
{
	static const size_t dashes[] = {8, 13, 18, 23};
	size_t digits = 0, next = 0;

	while (digits < length && is_digit(text[digits]))
		digits++;
	if (length > 0 && length <= 4 && digits == length)
		return true;
	if (length > 4 && (!strncasecmp(text, "gpu-", 4) || !strncasecmp(text, "mig-", 4))) {
		text += 4;
		length -= 4;
	}
	if (length != 36)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (next < 4 && i == dashes[next]) {
			if (text[i] != '-')
				return false;
			next++;
		} else if (!is_hex(text[i])) {
			return false;
		}
	}
	return true;
}

/* One entry of a list; `take` may be NULL to look alone. */
static const char *list_entry(const char *text, size_t length,
			      bool (*value)(const char *, size_t, uint64_t *), limit_taker *take,
			      void *to)
{
	const char *equals = memchr(text, '=', length);
	const char *id = text, *amount = equals ? equals + 1 : text;
	size_t id_length = equals ? (size_t)(equals - text) : 0;
	uint64_t number;

	trim(&id, &id_length);
	if (equals && !limit_is_id(id, id_length))
		return "before '=' stands no ordinal and no UUID";
	if (!value(amount, (size_t)(text + length - amount), &number))
		return "it is no such amount";
	return take ? take(to, id, id_length, number) : NULL;
}

const char *limit_list(const char *text, bool (*value)(const char *, size_t, uint64_t *),
		       limit_taker *take, void *to)
{
	for (int pass = 0; pass < 2; pass++) {
		const char *at = text;

		for (;;) {
			size_t length = strcspn(at, ",");
			const char *why = list_entry(at, length, value, pass ? take : NULL, to);

			if (why)
				return why;
			if (!at[length])
				break;
			at += length + 1;
		}
	}
	return NULL;
}

static const char *skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
		at++;
	return at;
}

/* A whole number of JSON: no sign, no zero before others, no fraction. */
static const char *json_number(const char *at, uint64_t *number)
{
	if (!is_digit(*at) || (*at == '0' && is_digit(at[1])))
		return NULL;
	for (*number = 0; is_digit(*at); at++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return NULL;
	return *at == '.' || *at == 'e' || *at == 'E' ? NULL : at;
}

/* One pass over the object; `take` may be NULL to look alone. */
static const char *json_pass(const char *at, limit_taker *take, void *to)
{
	at = skip_space(at);
	if (*at++ != '{')
		return "it is no JSON object";
	at = skip_space(at);
	if (*at == '}')
		return *skip_space(at + 1) ? "something follows the JSON object" : NULL;
	for (;;) {
		const char *id, *why;
		size_t length;
		uint64_t number;

		if (*at++ != '"')
			return "a key of the JSON object has no quotes";
		id = at;
		length = strcspn(at, "\"\\");
		at += length;
		/* No id needs an escape. */
		if (*at++ != '"' || !limit_is_id(id, length))
			return "a key of the JSON object is no ordinal and no UUID";
		at = skip_space(at);
		if (*at++ != ':')
			return "a key of the JSON object has no value";
		at = json_number(skip_space(at), &number);
		if (!at)
			return "a value of the JSON object is no whole number";
		why = take ? take(to, id, length, number) : NULL;
		if (why)
			return why;
		at = skip_space(at);
		if (*at == '}')
			return *skip_space(at + 1) ? "something follows the JSON object" : NULL;
		if (*at++ != ',')
			return "the JSON object has no end";
		at = skip_space(at);
	}
}

const char *limit_json(const char *text, limit_taker *take, void *to)
{
	const char *why = json_pass(text, NULL, NULL);

	return why ? why : json_pass(text, take, to);
}
