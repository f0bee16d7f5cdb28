/* SPDX-License-Identifier: MIT */
/*
 * Loaded into the runtime where /proc is not mounted, as in a bare chroot: Deno asks /proc/self/exe
 * for its executable as soon as a program touches node:process, and ends itself when there is no
 * answer. The executable lies beside this library, under the name that the build gives as RUNTIME.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) ssize_t readlink(const char *restrict path,
							char *restrict buffer, size_t size)
{
	static const char self[] = "/proc/self/exe", runtime[] = RUNTIME;
	const char *slash;
	size_t length;
	Dl_info info;

	if (strcmp(path, self) != 0)
		return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
	/* The loader knows this library by the absolute path that LD_PRELOAD gave. */
	slash = dladdr(self, &info) ? strrchr(info.dli_fname, '/') : NULL;
	if (!slash) {
		errno = ENOENT;
		return -1;
	}
	length = (size_t)(slash + 1 - info.dli_fname);
	if (length > size)
		length = size;
	memcpy(buffer, info.dli_fname, length);
	size -= length;
	if (size > strlen(runtime))
		size = strlen(runtime);
	memcpy(buffer + length, runtime, size);
	return (ssize_t)(length + size);
}
