/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is at a GPU, among the programs that may use a share of its time: a table that they
 * share, in atomics alone. No clock and no CUDA: times come in, in ns of one clock of the host.
 */
#ifndef MVGAL_CUDA_TURNS_H
#define MVGAL_CUDA_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNS_MAGIC UINT64_C(0x4e52554c4147564d)
#define TURNS_VERSION 1
#define TURNS_SLOTS 64
#define TURNS_BUDGETS 64

/* Of the keys of groups; those of processes have it not. */
#define TURNS_GROUP (UINT64_C(1) << 63)

/* A turn that is neither used nor prolonged for so long is anybody's. */
#define TURNS_GRACE_NS UINT64_C(3000000)

/* One program. */
struct turns_slot {
	_Atomic uint64_t owner; /* pid, and the low half of its start time; 0: free */
	_Atomic uint64_t
	    waits; /* when it last looked for its turn, and could have taken it; 0: it does not */
	_Atomic uint64_t had; /* when its last turn ended */
	_Atomic uint32_t budget;
	uint32_t reserved;
};

/* What one program, or the programs of a group together, may use. */
struct turns_budget {
	_Atomic uint64_t key;
	_Atomic uint64_t ready;	 /* from when on the next turn may begin */
	_Atomic uint64_t looked; /* when somebody last needed it */
};

struct turns_table {
	_Atomic uint64_t magic;
	uint32_t version;
	uint32_t bytes;
	_Atomic uint32_t bell; /* another number each time that a turn ends: a futex */
	uint32_t reserved;
	/* Slot + 1 (8 bits; 0: nobody), serial number (12 bits), until when, in 0.1 ms (44 bits).
	 */
	_Atomic uint64_t holder;
	struct turns_slot slots[TURNS_SLOTS];
	struct turns_budget budgets[TURNS_BUDGETS];
};
_Static_assert(sizeof(struct turns_table) == 32 + 64 * 32 + 64 * 24, "turns_table");

/* A program's place in the table. */
struct turns {
	struct turns_table *table;
	uint32_t slot;
	uint32_t budget;
	uint64_t owner;
	/* The turn that it has; 0 for none. */
	uint64_t held;
};

/* A share of the time. */
struct turns_share {
	uint32_t pct; /* 1 to 99 */
	bool work_conserving;
};

/* Whether the process of an owner lives. */
typedef bool turns_lives(uint64_t owner);

void turns_format(struct turns_table *table);
bool turns_is_sound(const struct turns_table *table);

/* Takes a slot; false where all are taken by programs that live. */
bool turns_join(struct turns *turns, struct turns_table *table, uint64_t owner, turns_lives *lives);
void turns_leave(struct turns *turns, uint64_t now);

/*
 * From now on goes by the budget of that key, an owner or what has TURNS_GROUP. What it owes is
 * `ready` at least.
 */
void turns_use(struct turns *turns, uint64_t key, uint64_t now, uint64_t ready, turns_lives *lives);

/* From when on its next turn may begin. */
uint64_t turns_ready(const struct turns *turns);

/* The share has changed: what is owed is paid at the new one. */
void turns_rescale(struct turns *turns, uint64_t now, uint32_t from_pct, uint32_t to_pct);

/*
 * Takes the turn, and gives 0, or for how many ns it is of no use to ask again. The turn of a
 * process that ended is taken at once where `lives` is given; it costs a look into /proc.
 */
uint64_t turns_take(struct turns *turns, uint64_t now, struct turns_share share,
		    turns_lives *lives);

/* Keeps the turn until then at least. False: it is another's by now. */
bool turns_keep(struct turns *turns, uint64_t until);

/* Ends the turn, where there is one, or the waiting for it. True: others may be waiting at the
 * bell. */
bool turns_give(struct turns *turns, uint64_t now);

/*
 * A turn that was asked for and began at those times was used for `busy` ns, until `end`: gives
 * from when on the next one may begin.
 */
uint64_t turns_charge(struct turns *turns, struct turns_share share, uint64_t asked, uint64_t start,
		      uint64_t end, uint64_t busy);

#endif
