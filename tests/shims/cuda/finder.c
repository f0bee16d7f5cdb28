/* SPDX-License-Identifier: MIT */
/* Prints where functions of the driver are found, by the way that the first argument names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int resolver_v2(const char *, void **, int, uint64_t, int *);
typedef int resolver(const char *, void **, int, uint64_t);
typedef void *finder(const char *);

static void *driver;

static void print(const char *name, void *function)
{
	const char *slash;
	Dl_info info;

	if (!function || !dladdr(function, &info)) {
		printf("%s nowhere\n", name);
		return;
	}
	slash = strrchr(info.dli_fname, '/');
	printf("%s %s %s\n", name, slash ? slash + 1 : info.dli_fname,
	       info.dli_sname ? info.dli_sname : "?");
}

static void by_name(void *handle)
{
	const char *const names[] = {"cuInit",
				     "cuMemAlloc",
				     "cuMemAlloc_v2",
				     "cuMemAllocAsync_ptsz",
				     "cuDriverGetVersion",
				     "cuGetProcAddress_v2",
				     "cuNothing"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		print(names[i], dlsym(handle, names[i]));
}

static void by_driver(int version, uint64_t flags)
{
	const char *const names[] = {"cuInit",		 "cuMemAlloc",
				     "cuMemAllocAsync",	 "cuDriverGetVersion",
				     "cuGetProcAddress", "cuNothing"};
	resolver_v2 *resolve = (resolver_v2 *)dlsym(driver, "cuGetProcAddress_v2");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		void *found = NULL;

		resolve(names[i], &found, version, flags, NULL);
		print(names[i], found);
	}
}

static void *in_thread(void *arg)
{
	(void)arg;
	by_name(driver);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (!strcmp(way, "nothing"))
		return 0;
	if (!strcmp(way, "default")) {
		dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
		by_name(RTLD_DEFAULT);
		return 0;
	}
	if (!strcmp(way, "deepbind")) {
		finder *find = (finder *)dlsym(dlopen(argv[2], RTLD_NOW | RTLD_DEEPBIND), "linked");

		print("linked", find("cuMemAlloc_v2"));
		return 0;
	}
	if (!strcmp(way, "next")) {
		finder *find = (finder *)dlsym(dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL), "next");

		if (!find) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		print("puts", find("puts"));
		print("interposed", find("interposed"));
		return 0;
	}
	driver = dlopen(!strcmp(way, "path") ? argv[2] : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!driver) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	if (!strcmp(way, "name") || !strcmp(way, "path")) {
		by_name(driver);
	} else if (!strcmp(way, "old resolver")) {
		void *found = NULL;

		((resolver *)dlsym(driver, "cuGetProcAddress"))("cuMemAlloc", &found, 11030, 0);
		print("cuMemAlloc", found);
	} else if (!strcmp(way, "resolver")) {
		by_driver(12000, 0);
	} else if (!strcmp(way, "resolver of old")) {
		by_driver(3000, 0);
	} else if (!strcmp(way, "resolver of threads")) {
		by_driver(12000, 2);
	} else if (!strcmp(way, "resolver twice")) {
		resolver_v2 *resolve = (resolver_v2 *)dlsym(driver, "cuGetProcAddress_v2");
		void *again = NULL, *found = NULL;

		resolve("cuGetProcAddress", &again, 12000, 0, NULL);
		((resolver_v2 *)again)("cuMemAlloc", &found, 12000, 0, NULL);
		print("cuMemAlloc", found);
	} else if (!strcmp(way, "fork")) {
		pid_t child;

		dlsym(driver, "cuMemAlloc_v2");
		fflush(stdout);
		child = fork();
		if (child == 0) {
			by_name(driver);
			fflush(stdout);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	} else if (!strcmp(way, "thread")) {
		pthread_t thread;

		pthread_create(&thread, NULL, in_thread, NULL);
		pthread_join(thread, NULL);
	} else {
		return 2;
	}
	return 0;
}
