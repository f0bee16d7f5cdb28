/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lent.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real.h"

extern char **environ;

/* The end of the socket that is the program's; and which it is, since programs close descriptors
 * that they do not know. */
static struct {
	pthread_mutex_t lock;
	pthread_once_t forks;
	int descriptor;
	dev_t device;
	ino_t inode;
} lender = {.lock = PTHREAD_MUTEX_INITIALIZER, .forks = PTHREAD_ONCE_INIT, .descriptor = -1};

static bool is_there(void)
{
	struct stat now;

	return lender.descriptor >= 0 && fstat(lender.descriptor, &now) == 0 &&
	       now.st_dev == lender.device && now.st_ino == lender.inode;
}

static void let_go(void)
{
	if (is_there())
		close(lender.descriptor);
	lender.descriptor = -1;
}

static void before_fork(void)
{
	pthread_mutex_lock(&lender.lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lender.lock);
}

/* The lender is the parent's. */
static void after_fork_in_child(void)
{
	let_go();
	pthread_mutex_unlock(&lender.lock);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static bool is_named(const char *variable, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(variable, name, length) && variable[length] == '=';
}

/* The program's environment; but the shim stands before nothing there. To be freed. */
static char **environment(char *driver)
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 3, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (!is_named(environ[i], "LD_PRELOAD") && !is_named(environ[i], "ENABLE_MVGAL") &&
		    !is_named(environ[i], LENDER_DRIVER))
			copy[kept++] = environ[i];
	copy[kept++] = "ENABLE_MVGAL=0";
	copy[kept] = driver;
	return copy;
}

static bool prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int socket)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return !posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDWR, 0) &&
	       !posix_spawn_file_actions_adddup2(files, 0, 1) &&
	       !posix_spawn_file_actions_adddup2(files, 0, 2) &&
	       !posix_spawn_file_actions_adddup2(files, socket, LENDER_SOCKET) &&
	       !posix_spawnattr_setsigmask(attributes, &none) &&
	       !posix_spawnattr_setsigdefault(attributes, &all) &&
	       !posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							 POSIX_SPAWN_SETSIGDEF);
}

/* Runs the shim's own file by the loader that has loaded it. */
static bool spawn(int socket)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	char driver[sizeof(LENDER_DRIVER) + 4096];
	Dl_info loader, shim, library;
	char **variables;
	int status = -1;
	pid_t child;

	if (!dladdr((void *)_r_debug.r_ldbase, &loader) || !dladdr((void *)spawn, &shim) ||
	    !dladdr((void *)cuda_real()->cuInit, &library))
		return false;
	snprintf(driver, sizeof(driver), LENDER_DRIVER "=%s", library.dli_fname);
	variables = environment(driver);
	if (!variables)
		return false;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	if (prepare(&files, &attributes, socket))
		status = posix_spawn(&child, loader.dli_fname, &files, &attributes,
				     (char *[]){"mvgal-lender", (char *)shim.dli_fname, NULL},
				     variables);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	free(variables);
	/* It goes at once, and leaves its own child to init. */
	if (status == 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	return status == 0;
}

/* Descriptors up to the lender's own would be in the way of what it is given. */
static bool make_sockets(int ends[2])
{
	int made[2];
	bool right;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made))
		return false;
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, LENDER_SOCKET + 1);
		close(made[i]);
	}
	right = ends[0] >= 0 && ends[1] >= 0;
	for (int i = 0; i < 2 && !right; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	return right;
}

/* With the lock. */
static bool start(void)
{
	struct stat own;
	int ends[2];
	bool spawned;

	if (is_there())
		return true;
	pthread_once(&lender.forks, watch_forks);
	if (!make_sockets(ends))
		return false;
	spawned = spawn(ends[1]);
	close(ends[1]);
	if (!spawned || fstat(ends[0], &own)) {
		close(ends[0]);
		return false;
	}
	lender.descriptor = ends[0];
	lender.device = own.st_dev;
	lender.inode = own.st_ino;
	return true;
}

/* How many descriptors came with a message. */
static unsigned int take_descriptors(struct msghdr *message, int *descriptors)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t bytes;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	bytes = header->cmsg_len - CMSG_LEN(0);
	memcpy(descriptors, CMSG_DATA(header), bytes);
	return (unsigned int)(bytes / sizeof(int));
}

/* Once; no where the lender is gone. */
static bool exchange(const struct lender_request *request, struct lender_answer *answer,
		     int descriptors[LENDER_PIECES], unsigned int *count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(LENDER_PIECES * sizeof(int))];
	} control;
	struct iovec data = {answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t bytes;

	do
		bytes = send(lender.descriptor, request, sizeof(*request), MSG_NOSIGNAL);
	while (bytes < 0 && errno == EINTR);
	if (bytes != (ssize_t)sizeof(*request))
		return false;
	do {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		bytes = recvmsg(lender.descriptor, &message, MSG_CMSG_CLOEXEC);
	} while (bytes < 0 && errno == EINTR);
	if (bytes < 0)
		return false;
	*count = take_descriptors(&message, descriptors);
	return bytes == (ssize_t)sizeof(*answer);
}

static void close_all(const int *descriptors, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close(descriptors[i]);
}

/* Asks, and another lender where this one has been killed. */
static bool ask(const struct lender_request *request, struct lender_answer *answer,
		int descriptors[LENDER_PIECES], unsigned int *count)
{
	bool answered = false;

	pthread_mutex_lock(&lender.lock);
	for (int attempt = 0; attempt < 2 && !answered && start(); attempt++) {
		*count = 0;
		answered = exchange(request, answer, descriptors, count);
		if (!answered) {
			close_all(descriptors, *count);
			let_go();
		}
	}
	pthread_mutex_unlock(&lender.lock);
	return answered;
}

void lent_begin(void)
{
	pthread_mutex_lock(&lender.lock);
	start();
	pthread_mutex_unlock(&lender.lock);
}

CUresult lent_cards(struct lender_card cards[LENDER_CARDS], unsigned int *count)
{
	struct lender_request request = {.question = LENDER_ASK_CARDS};
	struct lender_answer answer;
	int descriptors[LENDER_PIECES];
	unsigned int extra;

	if (!ask(&request, &answer, descriptors, &extra))
		return CUDA_ERROR_OPERATING_SYSTEM;
	close_all(descriptors, extra);
	if (answer.result != CUDA_SUCCESS)
		return answer.result;
	if (answer.count > LENDER_CARDS)
		return CUDA_ERROR_UNKNOWN;
	*count = answer.count;
	memcpy(cards, answer.cards, sizeof(answer.cards));
	return CUDA_SUCCESS;
}

CUresult lent_memory(unsigned int card, size_t bytes, unsigned int count,
		     CUmemGenericAllocationHandle *handles, unsigned int *made)
{
	const struct cuda_real *real = cuda_real();
	struct lender_request request = {
	    .question = LENDER_ASK_MEMORY, .card = card, .count = count, .bytes = bytes};
	struct lender_answer answer;
	int descriptors[LENDER_PIECES];
	unsigned int came;
	CUresult result;

	*made = 0;
	if (!ask(&request, &answer, descriptors, &came))
		return CUDA_ERROR_OPERATING_SYSTEM;
	result = answer.result;
	for (unsigned int i = 0; i < came; i++) {
		CUresult taken = CUDA_ERROR_OUT_OF_MEMORY;

		if (*made == i && i < count)
			taken = real->cuMemImportFromShareableHandle(
			    &handles[i], (void *)(intptr_t)descriptors[i],
			    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
		if (taken == CUDA_SUCCESS)
			(*made)++;
		else
			result = taken;
		close(descriptors[i]);
	}
	return *made ? CUDA_SUCCESS : result;
}
