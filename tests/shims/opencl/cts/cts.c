/* SPDX-License-Identifier: MIT */
/*
 * Runs checks: `cts [--quick] [--list] [CATEGORY | CATEGORY/NAME]...`. One line each,
 * "pass|fail|skip CATEGORY NAME [why]"; the next one runs whatever the outcome. Exits with 0 where
 * there is a device. A check that takes minutes ends the program, as one that crashes does.
 */
#include "cts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#define SECONDS 120

extern const struct cts_check *const __start_cts_checks[], *const __stop_cts_checks[];

struct cts cts;
static jmp_buf over;
static char why[512];
static enum { FAIL = 1, SKIP } outcome;

static struct owned {
	enum cts_kind kind;
	void *object;
	struct owned *next;
} * owned;

static void finish(int how, const char *format, va_list values)
{
	vsnprintf(why, sizeof(why), format, values);
	for (char *at = why; *at; at++)
		if (*at == '\n')
			*at = ' ';
	outcome = how;
	longjmp(over, 1);
}

void cts_fail(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	finish(FAIL, format, values);
	abort();
}

void cts_skip(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	finish(SKIP, format, values);
	abort();
}

void cts_status(cl_int got, cl_int want, const char *call, const char *file, int line)
{
	const char *name = strrchr(file, '/');

	if (got != want)
		cts_fail("%s:%d: %.120s: %d instead of %d", name ? name + 1 : file, line, call, got,
			 want);
}

void *cts_own(enum cts_kind kind, void *object)
{
	struct owned *entry = malloc(sizeof(*entry));

	if (!entry)
		abort();
	*entry = (struct owned){kind, object, owned};
	owned = entry;
	return object;
}

void cts_disown(const void *object)
{
	for (struct owned **at = &owned; *at; at = &(*at)->next) {
		struct owned *entry = *at;

		if (entry->object != object)
			continue;
		*at = entry->next;
		free(entry);
		return;
	}
}

static void release(const struct owned *entry)
{
	switch (entry->kind) {
	case CTS_HOST:
		free(entry->object);
		break;
	case CTS_MEM:
		clReleaseMemObject(entry->object);
		break;
	case CTS_PROGRAM:
		clReleaseProgram(entry->object);
		break;
	case CTS_KERNEL:
		clReleaseKernel(entry->object);
		break;
	case CTS_EVENT:
		clReleaseEvent(entry->object);
		break;
	case CTS_QUEUE:
		clReleaseCommandQueue(entry->object);
		break;
	case CTS_SAMPLER:
		clReleaseSampler(entry->object);
		break;
	case CTS_CONTEXT:
		clReleaseContext(entry->object);
		break;
	}
}

/* Commands of a check that failed may still use what it had, and wait for what it would have set.
 */
static void release_all(void)
{
	struct owned *at = owned;
	cl_command_type type;

	for (; at; at = at->next)
		if (at->kind == CTS_EVENT &&
		    clGetEventInfo(at->object, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL) ==
			CL_SUCCESS &&
		    type == CL_COMMAND_USER)
			clSetUserEventStatus(at->object, CL_COMPLETE);
	at = owned;
	for (; at; at = at->next)
		if (at->kind == CTS_QUEUE)
			clFinish(at->object);
	while ((at = owned)) {
		owned = at->next;
		release(at);
		free(at);
	}
}

static void run(const struct cts_check *check)
{
	cl_int status;

	outcome = 0;
	*why = '\0';
	cts_seed(2463534242U);
	alarm(SECONDS);
	if (!setjmp(over)) {
		cts.context = clCreateContext(NULL, 1, &cts.device, NULL, NULL, &status);
		OK(status);
		cts_own(CTS_CONTEXT, cts.context);
		cts.queue = cts_queue(0);
		check->run();
	}
	release_all();
	alarm(0);
	printf("%s %s %s%s%s\n",
	       outcome == FAIL	 ? "fail"
	       : outcome == SKIP ? "skip"
				 : "pass",
	       check->category, check->name, *why ? " " : "", why);
	fflush(stdout);
}

/* Whether an argument names the check or its category; all are meant where there is none. */
static bool is_meant(const struct cts_check *check, char **names)
{
	const size_t length = strlen(check->category);

	if (!*names)
		return true;
	for (; *names; names++)
		if (!strncmp(*names, check->category, length) &&
		    (!(*names)[length] ||
		     ((*names)[length] == '/' && !strcmp(*names + length + 1, check->name))))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool lists = false;

	for (; argc > 1 && !strncmp(argv[1], "--", 2); argc--, argv++) {
		cts.is_quick |= !strcmp(argv[1], "--quick");
		lists |= !strcmp(argv[1], "--list");
	}
	if (!lists && (clGetPlatformIDs(1, &cts.platform, NULL) != CL_SUCCESS ||
		       clGetDeviceIDs(cts.platform, CL_DEVICE_TYPE_ALL, 1, &cts.device, NULL) !=
			   CL_SUCCESS)) {
		fprintf(stderr, "cts: no OpenCL device\n");
		return 1;
	}
	for (const struct cts_check *const *at = __start_cts_checks; at < __stop_cts_checks; at++) {
		if (!is_meant(*at, argv + 1))
			continue;
		if (lists)
			printf("%s/%s\n", (*at)->category, (*at)->name);
		else
			run(*at);
	}
	return 0;
}
