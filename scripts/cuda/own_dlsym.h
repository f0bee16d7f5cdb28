/* SPDX-License-Identifier: MIT */
/* dlsym of the C library, whatever is preloaded: by it a program finds the driver's own functions.
 */
#ifndef MVGAL_OWN_DLSYM_H
#define MVGAL_OWN_DLSYM_H

#include <dlfcn.h>
#include <stddef.h>

/* A name with a version is never that of a shim, whose symbols have none. */
static inline void *own_dlsym(void *handle, const char *name)
{
	static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
	typedef void *dlsym_function(void *, const char *);
	dlsym_function *own = NULL;

	for (size_t i = 0; !own && i < sizeof(versions) / sizeof(*versions); i++)
		own = (dlsym_function *)dlvsym(RTLD_DEFAULT, "dlsym", versions[i]);
	return own ? own(handle, name) : NULL;
}

#endif
