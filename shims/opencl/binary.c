/* SPDX-License-Identifier: MIT */
/*
 * Binaries of programs. A pool of members of one make gives the driver's own; one of several makes
 * puts before it for which it is.
 */
#include <stdlib.h>
#include <string.h>

#include "program.h"

struct header {
	char magic[8];
	uint64_t make;
};

static const char magic[8] = "MVGALBIN";

/* FNV-1a of what has to be equal. */
static uint64_t make_of(unsigned int member)
{
	static const cl_device_info names[] = {CL_DEVICE_NAME, CL_DEVICE_VERSION,
					       CL_DRIVER_VERSION};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char text[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		member_text(&pool()->members[member], names[i], text, sizeof(text));
		for (const char *at = text; *at; at++)
			hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
		hash = hash * UINT64_C(0x100000001b3);
	}
	return hash;
}

static bool is_of_one_make(void)
{
	for (unsigned int i = 1; i < pool()->count; i++)
		if (make_of(i) != make_of(0))
			return false;
	return true;
}

unsigned char *binary_pack(struct program *program, size_t *size, cl_int *status)
{
	const size_t start = is_of_one_make() ? 0 : sizeof(struct header);
	cl_program inner = program_home(program);
	unsigned char *bytes, *part;
	size_t length = 0;

	*size = 0;
	*status = of(inner)->clGetProgramInfo(inner, CL_PROGRAM_BINARY_SIZES, sizeof(length),
					      &length, NULL);
	if (*status != CL_SUCCESS || !length)
		return NULL;
	bytes = malloc(start + length);
	if (!bytes) {
		*status = CL_OUT_OF_HOST_MEMORY;
		return NULL;
	}
	if (start) {
		struct header header = {.make = make_of(program->context->home)};

		memcpy(header.magic, magic, sizeof(magic));
		memcpy(bytes, &header, sizeof(header));
	}
	part = bytes + start;
	*status =
	    of(inner)->clGetProgramInfo(inner, CL_PROGRAM_BINARIES, sizeof(part), &part, NULL);
	if (*status != CL_SUCCESS) {
		free(bytes);
		return NULL;
	}
	*size = start + length;
	return bytes;
}

const unsigned char *binary_for(const unsigned char *bytes, size_t size, unsigned int member,
				size_t *part)
{
	struct header header;

	*part = size;
	if (size <= sizeof(header) || memcmp(bytes, magic, sizeof(magic)))
		return bytes;
	memcpy(&header, bytes, sizeof(header));
	if (header.make != make_of(member))
		return NULL;
	*part = size - sizeof(header);
	return bytes + sizeof(header);
}
