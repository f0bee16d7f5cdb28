/* SPDX-License-Identifier: MIT */
/*
 * What `mvgal run` starts in tests: tells its process, its arguments, its variables, how SIGPIPE is
 * handled and which libraries are in it, then ends as its first argument says:
 *
 *	exit N | signal N | wait	until a signal comes; SIGTERM makes it exit with 42
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void on_term(int number)
{
	(void)number;
	_exit(42);
}

static void print_mapped(const char *name)
{
	char line[1024];
	FILE *maps = fopen("/proc/self/maps", "re");
	int found = 0;

	while (maps && fgets(line, sizeof(line), maps))
		found |= strstr(line, name) != NULL;
	if (maps)
		fclose(maps);
	printf("mapped %d\n", found);
}

int main(int argc, char **argv)
{
	struct sigaction pipe_action;
	sigset_t blocked;

	sigaction(SIGPIPE, NULL, &pipe_action);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	printf("pid %d\nsigpipe %s\nblocked %d\n", (int)getpid(),
	       pipe_action.sa_handler == SIG_DFL ? "default" : "other",
	       sigismember(&blocked, SIGTERM));
	for (int i = 0; i < argc; i++)
		printf("argument %s\n", argv[i]);
	for (char **each = environ; *each; each++)
		printf("variable %s\n", *each);
	print_mapped("libmvgal_cuda.so");
	signal(SIGTERM, on_term);
	puts("ready");
	fflush(stdout);
	if (argc > 2 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	if (argc > 2 && !strcmp(argv[1], "signal"))
		raise(atoi(argv[2]));
	for (;;)
		pause();
}
