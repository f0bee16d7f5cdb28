#include "state.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x55444331u

struct state *shared;
struct description described;
char fake_directory[4096];
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static int self = -1;

uint64_t fake_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Start time of a living process, in ticks since boot; 0: dead, or a zombie, whose memory is gone
 * too. */
static uint64_t start_time(int pid)
{
	char path[64], text[1024], *end;
	char status;
	unsigned long long start = 0;
	int fd;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return 0;
	text[got] = 0;
	end = strrchr(text, ')');
	if (!end || sscanf(end + 2,
			   "%c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			   "%*s %*s %llu",
			   &status, &start) != 2)
		return 0;
	return status == 'Z' || status == 'X' ? 0 : start;
}

void fake_lock(void)
{
	if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->lock);
}

void fake_unlock(void)
{
	pthread_mutex_unlock(&shared->lock);
}

static void set_device(struct device *device, const char *key, char *value)
{
	unsigned int byte;

	if (!strcmp(key, "name"))
		snprintf(device->name, sizeof(device->name), "%.95s", value);
	else if (!strcmp(key, "pci"))
		snprintf(device->pci, sizeof(device->pci), "%.31s", value);
	else if (!strcmp(key, "memory"))
		device->memory = strtoull(value, NULL, 10);
	else if (!strcmp(key, "reserved"))
		device->reserved = strtoull(value, NULL, 10);
	else if (!strcmp(key, "copy_rate"))
		device->copy_rate = strtoull(value, NULL, 10);
	else if (!strcmp(key, "processors"))
		device->processors = atoi(value);
	else if (!strcmp(key, "capability"))
		sscanf(value, "%d.%d", &device->major, &device->minor);
	else if (!strcmp(key, "uuid"))
		for (int i = 0; i < 16 && sscanf(value + 2 * i, "%2x", &byte) == 1; i++)
			device->uuid[i] = (unsigned char)byte;
	else if (!strcmp(key, "peers")) {
		int count = 0;

		for (char *word = strtok(value, " "); word && count < MAX_DEVICES - 1;
		     word = strtok(NULL, " "))
			device->peers[count++] = atoi(word);
		device->peers[count] = -1;
	}
}

static void set_driver(const char *key, const char *value)
{
	if (!strcmp(key, "driver"))
		described.driver = atoi(value);
	else if (!strcmp(key, "granularity"))
		described.granularity = strtoull(value, NULL, 10);
	else if (!strcmp(key, "overhead"))
		described.overhead = strtoull(value, NULL, 10);
	else if (!strcmp(key, "module_bytes"))
		described.module_bytes = strtoull(value, NULL, 10);
	else if (!strcmp(key, "pool_chunk"))
		described.pool_chunk = strtoull(value, NULL, 10);
	else if (!strcmp(key, "lazy"))
		described.lazy = atoi(value) != 0;
	else if (!strcmp(key, "missing") && described.missing_count < 64)
		snprintf(described.missing[described.missing_count++], 48, "%.47s", value);
}

static bool describe(void)
{
	char path[4200], line[512], key[64], value[400];
	struct device *device = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "%s/driver.txt", fake_directory);
	file = fopen(path, "re");
	if (!file)
		return false;
	described =
	    (struct description){.driver = 13000, .granularity = 2 << 20, .pool_chunk = 32 << 20};
	while (fgets(line, sizeof(line), file)) {
		value[0] = 0;
		if (sscanf(line, "%63s %399[^\n]", key, value) < 1)
			continue;
		if (!strcmp(key, "device")) {
			if (described.count == MAX_DEVICES)
				break;
			device = &described.devices[described.count++];
			device->peers[0] = -1;
		} else if (device) {
			set_device(device, key, value);
		} else {
			set_driver(key, value);
		}
	}
	fclose(file);
	return true;
}

static bool find_directory(void)
{
	const char *given = getenv("MVGAL_FAKE_CUDA");
	Dl_info info;
	char *slash;

	if (given) {
		snprintf(fake_directory, sizeof(fake_directory), "%.4095s", given);
		return true;
	}
	if (!dladdr((void *)&shared, &info) || !realpath(info.dli_fname, fake_directory))
		return false;
	slash = strrchr(fake_directory, '/');
	if (slash)
		*slash = 0;
	return slash != NULL;
}

static void prepare(struct state *made)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&made->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	for (int i = 0; i <= MAX_DEVICES; i++)
		made->first[i] = -1;
	made->magic = MAGIC;
}

static struct state *map_state(void)
{
	char path[4200];
	struct state *made;
	struct stat status;
	int fd;

	snprintf(path, sizeof(path), "%s/state", fake_directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	flock(fd, LOCK_EX);
	if (fstat(fd, &status) || ((size_t)status.st_size < sizeof(struct state) &&
				   ftruncate(fd, sizeof(struct state)))) {
		close(fd);
		return NULL;
	}
	made = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (made == MAP_FAILED)
		made = NULL;
	else if (made->magic != MAGIC)
		prepare(made);
	flock(fd, LOCK_UN); /* the mapping would keep it */
	close(fd);
	return made;
}

bool fake_open(void)
{
	bool open;

	if (__atomic_load_n(&shared, __ATOMIC_ACQUIRE))
		return true;
	pthread_mutex_lock(&opening);
	if (!shared && find_directory() && describe())
		__atomic_store_n(&shared, map_state(), __ATOMIC_RELEASE);
	open = shared != NULL;
	pthread_mutex_unlock(&opening);
	return open;
}

void fake_forget_process(void)
{
	self = -1;
}

int fake_self(void)
{
	if (self >= 0 && shared->processes[self].pid == getpid())
		return self;
	self = -1;
	fake_reap();
	for (int i = 0; i < MAX_PROCESSES && self < 0; i++) {
		struct process *process = &shared->processes[i];

		if (process->pid)
			continue;
		memset(process->charges, 0, sizeof(process->charges));
		memset(process->contexts, 0, sizeof(process->contexts));
		for (int d = 0; d < described.count; d++)
			memset(&process->work[d], 0, sizeof(process->work[d]));
		process->start = start_time(getpid());
		process->pid = getpid();
		self = i;
	}
	return self;
}

void fake_reap(void)
{
	for (int i = 0; i < MAX_PROCESSES; i++) {
		struct process *process = &shared->processes[i];

		if (!process->pid || process->pid == getpid() ||
		    start_time(process->pid) == process->start)
			continue;
		engine_abandon(i);
		for (int d = 0; d < MAX_DEVICES; d++)
			uncharge(d, i, process->charges[d]);
		for (int e = 0; e < MAX_EXTENTS; e++)
			if (shared->extents[e].holders & (1ull << i))
				extent_drop(e, i);
		process->pid = 0;
	}
}

struct counter *fake_counter(const char *name)
{
	struct counter *found = NULL;

	fake_lock();
	for (uint32_t i = 0; i < shared->counters_used && !found; i++)
		if (!strcmp(shared->counters[i].name, name))
			found = &shared->counters[i];
	if (!found && shared->counters_used < MAX_COUNTERS) {
		found = &shared->counters[shared->counters_used++];
		snprintf(found->name, sizeof(found->name), "%.55s", name);
	}
	fake_unlock();
	return found;
}

int fake_fault(const char *name)
{
	uint32_t used = __atomic_load_n(&shared->faults_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used && i < MAX_FAULTS; i++) {
		struct fault *fault = &shared->faults[i];
		int64_t seen;

		if (strcmp(fault->name, name))
			continue;
		seen = (int64_t)__atomic_fetch_add(&fault->seen, 1, __ATOMIC_ACQ_REL);
		if (seen >= fault->after && seen < fault->after + fault->times)
			return fault->code;
	}
	return 0;
}

bool fake_missing(const char *symbol)
{
	for (int i = 0; i < described.missing_count; i++)
		if (!strcmp(described.missing[i], symbol))
			return true;
	return false;
}
