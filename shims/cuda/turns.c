/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <string.h>

#define TICK_NS UINT64_C(100000)
#define SLOT_BITS 8
#define SERIAL_BITS 12
#define UNTIL_SHIFT (SLOT_BITS + SERIAL_BITS)

/* Who has not looked for its turn for so long has been stopped, or is gone. */
#define STALE_NS UINT64_C(20000000)
/* How soon to look again where another one goes first, or has the turn. */
#define SOON_NS UINT64_C(200000)
#define LOOK_NS UINT64_C(2000000)
/* A budget that nobody needed for so long is given to others. */
#define UNUSED_NS UINT64_C(60000000000)

/* Bounds of what is carried over: see docs/cuda.md. */
#define CREDIT_NS UINT64_C(200000000)
#define CATCH_UP_NS UINT64_C(2000000000)
#define DEBT_NS UINT64_C(60000000000)

static uint64_t pack(uint32_t holder, uint64_t serial, uint64_t until)
{
	uint64_t tick = until / TICK_NS + 1;

	return holder | (serial & ((1u << SERIAL_BITS) - 1)) << SLOT_BITS | tick << UNTIL_SHIFT;
}

static uint32_t holder_of(uint64_t word)
{
	return word & ((1u << SLOT_BITS) - 1);
}

static uint64_t serial_of(uint64_t word)
{
	return word >> SLOT_BITS & ((1u << SERIAL_BITS) - 1);
}

static uint64_t until_of(uint64_t word)
{
	return (word >> UNTIL_SHIFT) * TICK_NS;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void turns_format(struct turns_table *table)
{
	table->version = TURNS_VERSION;
	table->bytes = sizeof(*table);
	atomic_store(&table->magic, TURNS_MAGIC);
}

bool turns_is_sound(const struct turns_table *table)
{
	return atomic_load(&table->magic) == TURNS_MAGIC && table->version == TURNS_VERSION &&
	       table->bytes == sizeof(*table);
}

bool turns_join(struct turns *turns, struct turns_table *table, uint64_t owner, turns_lives *lives)
{
	for (uint32_t i = 0; i < TURNS_SLOTS; i++) {
		struct turns_slot *slot = &table->slots[i];
		uint64_t was = atomic_load(&slot->owner);

		if (was && was != owner && lives(was))
			continue;
		if (!atomic_compare_exchange_strong(&slot->owner, &was, owner))
			continue;
		atomic_store(&slot->waits, 0);
		atomic_store(&slot->had, 0);
		*turns = (struct turns){.table = table, .slot = i, .owner = owner};
		return true;
	}
	return false;
}

void turns_leave(struct turns *turns, uint64_t now)
{
	uint64_t owner = turns->owner;

	if (!turns->table)
		return;
	turns_give(turns, now);
	atomic_compare_exchange_strong(&turns->table->slots[turns->slot].owner, &owner, 0);
	turns->table = NULL;
}

static struct turns_budget *budget(const struct turns *turns)
{
	return &turns->table->budgets[turns->budget];
}

static bool is_unused(const struct turns_budget *row, uint64_t key, uint64_t now,
		      turns_lives *lives)
{
	if (key & TURNS_GROUP)
		return less(now, atomic_load(&row->looked)) > UNUSED_NS;
	return !key || !lives(key);
}

void turns_use(struct turns *turns, uint64_t key, uint64_t now, uint64_t ready, turns_lives *lives)
{
	struct turns_table *table = turns->table;
	uint32_t taken = 0;
	uint64_t owed;

	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < TURNS_BUDGETS; i++) {
			struct turns_budget *row = &table->budgets[i];
			uint64_t was = atomic_load(&row->key);

			taken = i;
			if (was == key)
				goto found;
			if (!pass || !is_unused(row, was, now, lives) ||
			    !atomic_compare_exchange_strong(&row->key, &was, key))
				continue;
			/* What it has not used before it was there is no credit. */
			atomic_store(&row->ready, now);
			goto found;
		}
	/* All are in use: one more takes part in the last. */
found:
	turns->budget = taken;
	atomic_store(&budget(turns)->looked, now);
	atomic_store(&table->slots[turns->slot].budget, taken);
	owed = atomic_load(&budget(turns)->ready);
	while (owed < ready && !atomic_compare_exchange_weak(&budget(turns)->ready, &owed, ready))
		;
}

uint64_t turns_ready(const struct turns *turns)
{
	return atomic_load(&budget(turns)->ready);
}

void turns_rescale(struct turns *turns, uint64_t now, uint32_t from_pct, uint32_t to_pct)
{
	uint64_t ready = turns_ready(turns), owed;

	do {
		if (ready <= now)
			return;
		owed = (uint64_t)((double)(ready - now) * from_pct / to_pct);
	} while (!atomic_compare_exchange_weak(&budget(turns)->ready, &ready, now + owed));
}

/* Programs of one budget take turns. */
static bool was_earlier(const struct turns_slot *a, const struct turns_slot *b)
{
	uint64_t had = atomic_load(&a->had), other = atomic_load(&b->had);

	return had < other || (had == other && a < b);
}

/* Whether somebody else could have the turn now, and whether one of them goes first. */
static bool others_wait(const struct turns *turns, uint64_t now, uint64_t ready, bool *first)
{
	struct turns_table *table = turns->table;
	const struct turns_slot *mine = &table->slots[turns->slot];
	bool waits = false;

	*first = false;
	for (uint32_t i = 0; i < TURNS_SLOTS; i++) {
		struct turns_slot *slot = &table->slots[i];
		uint64_t seen = atomic_load(&slot->waits);
		uint32_t its = atomic_load(&slot->budget);
		uint64_t other;

		if (i == turns->slot || !seen || less(now, seen) > STALE_NS || its >= TURNS_BUDGETS)
			continue;
		waits = true;
		other = atomic_load(&table->budgets[its].ready);
		if (other < ready || (other == ready && was_earlier(slot, mine)))
			*first = true;
	}
	return waits;
}

uint64_t turns_take(struct turns *turns, uint64_t now, struct turns_share share, turns_lives *lives)
{
	struct turns_table *table = turns->table;
	struct turns_slot *slot = &table->slots[turns->slot];
	uint64_t word = atomic_load(&table->holder);
	uint64_t ready = turns_ready(turns);
	uint32_t holder = holder_of(word);
	bool waits, first;

	atomic_store_explicit(&budget(turns)->looked, now, memory_order_relaxed);
	if (ready > now && !share.work_conserving) {
		atomic_store(&slot->waits, 0);
		return ready - now;
	}
	/* Who goes beyond its share stands behind all others. */
	atomic_store(&slot->waits, ready > now ? 0 : now);
	if (holder && holder <= TURNS_SLOTS && holder != turns->slot + 1 && now < until_of(word) &&
	    (!lives || lives(atomic_load(&table->slots[holder - 1].owner))))
		return lower(until_of(word) - now, LOOK_NS);
	waits = others_wait(turns, now, ready, &first);
	if (ready > now ? waits : first)
		return SOON_NS;
	turns->held = pack(turns->slot + 1, serial_of(word) + 1, now + TURNS_GRACE_NS);
	if (!atomic_compare_exchange_strong(&table->holder, &word, turns->held)) {
		turns->held = 0;
		return SOON_NS;
	}
	atomic_store(&slot->waits, 0);
	return 0;
}

bool turns_keep(struct turns *turns, uint64_t until)
{
	_Atomic uint64_t *holder = &turns->table->holder;
	uint64_t word = turns->held;
	uint64_t later;

	if (!word || atomic_load(holder) != word) {
		turns->held = 0;
		return false;
	}
	later = pack(turns->slot + 1, serial_of(word), until);
	if (until_of(later) <= until_of(word))
		return true;
	turns->held = atomic_compare_exchange_strong(holder, &word, later) ? later : 0;
	return turns->held != 0;
}

bool turns_give(struct turns *turns, uint64_t now)
{
	struct turns_table *table = turns->table;
	uint64_t word = turns->held;

	atomic_store(&table->slots[turns->slot].waits, 0);
	turns->held = 0;
	if (word)
		atomic_store(&table->slots[turns->slot].had, now);
	if (!word ||
	    !atomic_compare_exchange_strong(&table->holder, &word, pack(0, serial_of(word) + 1, 0)))
		return false;
	atomic_fetch_add(&table->bell, 1);
	return true;
}

uint64_t turns_charge(struct turns *turns, struct turns_share share, uint64_t asked, uint64_t start,
		      uint64_t end, uint64_t busy)
{
	/* What is made good by working without pause for CATCH_UP_NS. */
	uint64_t credit = lower(CREDIT_NS, CATCH_UP_NS * (100 - share.pct) / share.pct);
	uint64_t earliest = less(lower(asked, start), credit);
	uint64_t ready = turns_ready(turns), next;

	do {
		next = higher(ready, earliest) + busy / share.pct * 100 +
		       busy % share.pct * 100 / share.pct;
		next = lower(next, end + DEBT_NS);
		if (share.work_conserving)
			next = lower(next, higher(end, ready));
	} while (!atomic_compare_exchange_weak(&budget(turns)->ready, &ready, next));
	return next;
}
