/* How programs find functions: cuGetProcAddress by the rules of its documentation. */
#include "driver.h"
#include <string.h>

enum stream_kind { EITHER, LEGACY, PER_THREAD };

#define X(SYMBOL, BASE, VERSION, STREAM) extern CUresult SYMBOL();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include "table.h"
#pragma GCC diagnostic pop
#undef X

static const struct {
	const char *symbol, *base;
	int version;
	enum stream_kind stream;
	CUresult (*function)();
} table[] = {
#define X(SYMBOL, BASE, VERSION, STREAM) {#SYMBOL, #BASE, VERSION, STREAM, SYMBOL},
#include "table.h"
#undef X
};

enum { FOUND = 0, NOT_FOUND = 1, TOO_NEW = 2 };

/*
 * The newest function of that name which is not newer than the asked version, of the family that
 * the flags ask for: 1 the legacy default stream, 2 the per-thread one.
 */
static CUresult resolve(const char *name, void **out, int version, uint64_t flags, int *status)
{
	int best = -1;
	bool exists = false;

	if (!name || !out || flags > 2 || version > described.driver)
		return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; i < (int)(sizeof(table) / sizeof(table[0])); i++) {
		if (strcmp(table[i].base, name) || table[i].version > described.driver ||
		    fake_missing(table[i].symbol) ||
		    table[i].stream == (flags == 2 ? LEGACY : PER_THREAD))
			continue;
		exists = true;
		if (table[i].version <= version &&
		    (best < 0 || table[i].version >= table[best].version))
			best = i;
	}
	*out = best < 0 ? NULL : (void *)table[best].function;
	if (status)
		*status = best >= 0 ? FOUND : exists ? TOO_NEW : NOT_FOUND;
	return best >= 0 ? 0 : CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuGetProcAddress(const char *name, void **out, int version, uint64_t flags)
{
	CALL();
	return resolve(name, out, version, flags, NULL);
}

/* Answers success with a status where the name is not there: the status tells. */
EXPORT CUresult cuGetProcAddress_v2(const char *name, void **out, int version, uint64_t flags,
				    int *status)
{
	CALL();
	early_ = resolve(name, out, version, flags, status);
	return early_ == CUDA_ERROR_NOT_FOUND ? 0 : early_;
}

/* A table of nothing for every identity: the number of bytes in it first. */
EXPORT CUresult cuGetExportTable(const void **out, const CUuuid *identity)
{
	static const size_t nothing[4] = {sizeof(nothing), 0, 0, 0};

	CALL();
	if (!out || !identity)
		return CUDA_ERROR_INVALID_VALUE;
	*out = nothing;
	return 0;
}
