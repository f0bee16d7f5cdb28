/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS 64
#define LEAST_LISTS 16
#define EMPTY                                                                                      \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .size = 1                                       \
	}

struct shard {
	pthread_mutex_t lock;
	/* A power of two of lists; until there is memory for them, the one. */
	struct ledger_entry **lists, *one;
	size_t size, count;
};

static struct {
	struct shard shards[SHARDS];
} ledger = {.shards = {[0 ... SHARDS - 1] = EMPTY}};

/* Pointers differ in their middle bits: Fibonacci hashing, whose upper bits depend on all. */
static uint64_t hash_of(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

static struct shard *shard_of(uint64_t key)
{
	return &ledger.shards[hash_of(key) >> 58];
}

static struct ledger_entry **list_at(struct shard *shard, size_t i)
{
	return shard->lists ? &shard->lists[i] : &shard->one;
}

static struct ledger_entry **list_of(struct shard *shard, uint64_t key)
{
	return list_at(shard, (hash_of(key) >> 20) & (shard->size - 1));
}

static void link_entry(struct shard *shard, struct ledger_entry *entry)
{
	struct ledger_entry **list = list_of(shard, entry->key);

	entry->next = *list;
	*list = entry;
}

/* Where there is no memory for more lists, they get longer. */
static void grow(struct shard *shard)
{
	struct shard larger = {.size = shard->lists ? 2 * shard->size : LEAST_LISTS};

	if (shard->count < shard->size)
		return;
	larger.lists = calloc(larger.size, sizeof(struct ledger_entry *));
	if (!larger.lists)
		return;
	for (size_t i = 0; i < shard->size; i++) {
		struct ledger_entry *entry = *list_at(shard, i);

		while (entry) {
			struct ledger_entry *next = entry->next;

			link_entry(&larger, entry);
			entry = next;
		}
	}
	free(shard->lists);
	shard->one = NULL;
	shard->lists = larger.lists;
	shard->size = larger.size;
}

struct ledger_entry *ledger_new(void)
{
	return calloc(1, sizeof(struct ledger_entry));
}

void ledger_put(struct ledger_entry *entry)
{
	struct shard *shard = shard_of(entry->key);

	pthread_mutex_lock(&shard->lock);
	grow(shard);
	link_entry(shard, entry);
	shard->count++;
	pthread_mutex_unlock(&shard->lock);
}

static struct ledger_entry *unlink_at(struct shard *shard, struct ledger_entry **at)
{
	struct ledger_entry *entry = *at;

	*at = entry->next;
	entry->next = NULL;
	shard->count--;
	return entry;
}

struct ledger_entry *ledger_take(uint64_t key)
{
	struct shard *shard = shard_of(key);
	struct ledger_entry *found = NULL;
	struct ledger_entry **at;

	pthread_mutex_lock(&shard->lock);
	at = list_of(shard, key);
	while (*at && (*at)->key != key)
		at = &(*at)->next;
	if (*at)
		found = unlink_at(shard, at);
	pthread_mutex_unlock(&shard->lock);
	return found;
}

static struct ledger_entry *take_owned(struct shard *shard, const void *owner)
{
	struct ledger_entry *taken = NULL;

	for (size_t i = 0; i < shard->size; i++) {
		struct ledger_entry **at = list_at(shard, i);

		while (*at) {
			struct ledger_entry *entry;

			if ((*at)->owner != owner) {
				at = &(*at)->next;
				continue;
			}
			entry = unlink_at(shard, at);
			entry->next = taken;
			taken = entry;
		}
	}
	return taken;
}

void ledger_take_owned(const void *owner, void (*drop)(struct ledger_entry *entry))
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct ledger_entry *entry;

		pthread_mutex_lock(&ledger.shards[i].lock);
		entry = take_owned(&ledger.shards[i], owner);
		pthread_mutex_unlock(&ledger.shards[i].lock);
		while (entry) {
			struct ledger_entry *next = entry->next;

			drop(entry);
			entry = next;
		}
	}
}

/* A thread that is gone here may have been at any of them: they are left as they are, and begun
 * anew. */
void ledger_after_fork(void)
{
	for (size_t i = 0; i < SHARDS; i++)
		ledger.shards[i] = (struct shard)EMPTY;
}
