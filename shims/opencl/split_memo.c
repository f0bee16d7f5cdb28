/* SPDX-License-Identifier: MIT */
#include "split_memo.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "settings.h"

/* Facts of a launch in bytes; one that has more is judged each time. */
#define KEY_MOST 2048
/* Of the program's time, and of a launch's, judging may take so much. */
#define OF_TIME 0.01
#define OF_LAUNCH 0.02

struct split_memo {
	uint64_t used;
	size_t length;
	unsigned char key[KEY_MOST];
	struct analysis_verdict verdict;
};

struct key {
	size_t length; /* 0: it did not fit */
	unsigned char bytes[KEY_MOST];
};

static bool put(struct key *key, const void *bytes, size_t size)
{
	if (size > KEY_MOST - key->length)
		return false;
	memcpy(key->bytes + key->length, bytes, size);
	key->length += size;
	return true;
}

/* Which memory it is makes no difference, but whether it is that of another argument. */
static uint64_t first_with(const struct analysis_launch *launch, uint64_t memory)
{
	uint64_t at = 0;

	while (launch->args[at].memory != memory)
		at++;
	return at + 1;
}

static bool put_arg(struct key *key, const struct analysis_launch *launch, size_t i)
{
	const struct analysis_arg *arg = &launch->args[i];
	const uint64_t facts[] = {
	    arg->size,		arg->bytes,
	    arg->memory_offset, arg->memory ? first_with(launch, arg->memory) : 0,
	    arg->value != NULL, arg->extent[0],
	    arg->extent[1],	arg->extent[2]};

	return put(key, facts, sizeof(facts)) && (!arg->value || put(key, arg->value, arg->size));
}

static void take_key(struct key *key, const struct analysis_launch *launch)
{
	bool fits;

	key->length = 0;
	fits = put(key, &launch->dimensions, sizeof(launch->dimensions)) &&
	       put(key, launch->offset, sizeof(launch->offset)) &&
	       put(key, launch->global, sizeof(launch->global)) &&
	       put(key, launch->local, sizeof(launch->local));
	for (size_t i = 0; i < launch->arg_count && fits; i++)
		fits = put_arg(key, launch, i);
	if (!fits)
		key->length = 0;
}

static bool is_worth_it(const struct split_memos *memos, double began, double seconds)
{
	return settings()->split == SPLIT_FORCE || memos->cost <= seconds * OF_LAUNCH ||
	       memos->cost <= (began - memos->judged) * OF_TIME;
}

/* One that is free, or was used longest ago. */
static struct split_memo *take_entry(struct split_memos *memos)
{
	struct split_memo **oldest = &memos->entries[0];

	for (unsigned int i = 0; i < SPLIT_MEMOS; i++) {
		struct split_memo **each = &memos->entries[i];

		if (!*each) {
			*each = malloc(sizeof(**each));
			return *each;
		}
		if ((*each)->used < (*oldest)->used)
			oldest = each;
	}
	return *oldest;
}

const struct analysis_verdict *memo_judge(struct split_memos *memos,
					  const struct analysis *analysis, size_t kernel,
					  const struct analysis_launch *launch, double seconds)
{
	struct split_memo *entry;
	struct key key;
	double began;

	take_key(&key, launch);
	for (unsigned int i = 0; key.length && i < SPLIT_MEMOS && memos->entries[i]; i++) {
		entry = memos->entries[i];
		if (entry->length == key.length && !memcmp(entry->key, key.bytes, key.length)) {
			entry->used = ++memos->clock;
			return &entry->verdict;
		}
	}
	began = clock_seconds();
	if (memos->cost > 0 && !is_worth_it(memos, began, seconds))
		return NULL;
	entry = take_entry(memos);
	if (!entry)
		return NULL;
	entry->used = ++memos->clock;
	entry->length = key.length;
	memcpy(entry->key, key.bytes, key.length);
	analysis_judge(analysis, kernel, launch, &entry->verdict);
	memos->judged = clock_seconds();
	memos->cost = memos->judged - began;
	return &entry->verdict;
}

void memo_forget(struct split_memos *memos)
{
	for (unsigned int i = 0; i < SPLIT_MEMOS; i++)
		free(memos->entries[i]);
}
