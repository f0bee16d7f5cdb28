/* SPDX-License-Identifier: MIT */
/* atomics: what many work-items do to one number in global memory, and those of a group to one in
 * local memory. */
#include "cts.h"

#define GROUPS 16
#define GROUP 64
#define N (GROUPS * GROUP)

struct operation {
	const char *name;
	/* What a work-item does: T is the type, at where the number is, value its own. */
	const char *code;
	/* One value after another gives the final one; NULL where this depends on the order. */
	uint64_t (*reference)(uint64_t before, uint64_t value);
	uint64_t start;
	/* Needs the extended atomics for 64 bits. */
	bool is_extended;
};

static uint64_t add(uint64_t before, uint64_t value)
{
	return before + value;
}

static uint64_t sub(uint64_t before, uint64_t value)
{
	return before - value;
}

static uint64_t inc(uint64_t before, uint64_t value)
{
	(void)value;
	return before + 1;
}

static uint64_t dec(uint64_t before, uint64_t value)
{
	(void)value;
	return before - 1;
}

static uint64_t and (uint64_t before, uint64_t value)
{
	return before & value;
}

static uint64_t or (uint64_t before, uint64_t value)
{
	return before | value;
}

static uint64_t xor (uint64_t before, uint64_t value) { return before ^ value; }

    /* Values are below 2^20 and above 0: the same for signed and unsigned. */
    static uint64_t min(uint64_t before, uint64_t value)
{
	return before < value ? before : value;
}

static uint64_t max(uint64_t before, uint64_t value)
{
	return before > value ? before : value;
}

/*
 * Both ways in one program: all items on one number, and each group on its own in local memory.
 * Items keep what they saw before, which says that no two saw the same where each leaves something
 * else.
 */
static cl_program program_of(const struct operation *op, const char *type, bool is_wide)
{
	char *source = NULL;

	if (is_wide)
		cts_append(&source, "#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n"
				    "#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics :"
				    " enable\n");
	cts_append(&source,
		   "#define OP(name) %s_##name\n"
		   "typedef %s T;\n"
		   "kernel void in_global(volatile global T *at, global const T *values, global T "
		   "*before) {"
		   " size_t i = get_global_id(0); T value = values[i], old; %s before[i] = old; }\n"
		   "kernel void in_local(global T *to, global const T *values, global T *before) {"
		   " size_t i = get_global_id(0); T value = values[i], old; volatile local T at[1];"
		   " if (get_local_id(0) == 0) at[0] = to[get_group_id(0)];"
		   " barrier(CLK_LOCAL_MEM_FENCE); %s before[i] = old;"
		   " barrier(CLK_LOCAL_MEM_FENCE);"
		   " if (get_local_id(0) == 0) to[get_group_id(0)] = at[0]; }\n",
		   is_wide ? "atom" : "atomic", type, op->code, op->code);
	return cts_program(source, NULL);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t number(const void *all, size_t i, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)all + i * size, size);
	return value;
}

/* What was seen, what was given and what is left, of some items and one number. */
static void judge(const struct operation *op, const uint8_t *values, const uint8_t *before,
		  size_t count, uint64_t start, uint64_t left, size_t size)
{
	uint64_t want = start, mask = size == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t *seen = cts_host((count + 1) * 8), *given = cts_host((count + 1) * 8);

	for (size_t i = 0; i < count; i++) {
		if (op->reference)
			want = op->reference(want, number(values, i, size)) & mask;
		seen[i] = number(before, i, size);
		given[i] = number(values, i, size);
	}
	if (op->reference)
		EXPECT(left == want, "%s: %#llx is left instead of %#llx", op->name,
		       (unsigned long long)left, (unsigned long long)want);
	/* Of exchanges each value is seen once, or left; of counts each number. */
	seen[count] = left;
	given[count] = start;
	for (size_t i = 0; op->reference == inc || op->reference == dec; i++) {
		if (i > count)
			break;
		given[i] = (op->reference == inc ? start + i : start - i) & mask;
	}
	if (op->reference && op->reference != inc && op->reference != dec)
		return;
	qsort(seen, count + 1, 8, by_value);
	qsort(given, count + 1, 8, by_value);
	cts_same(seen, given, 8, count + 1, op->name);
}

static void run(const struct operation *op, const char *type, size_t size)
{
	cl_program program = program_of(op, type, size == 8);
	uint8_t *values = cts_host(N * size), *before = cts_host(N * size);
	uint8_t numbers[GROUPS * 8];
	cl_mem in, seen = cts_buffer(CL_MEM_WRITE_ONLY, N * size, NULL), at;

	for (size_t i = 0; i < N; i++) {
		/* All different for exchanges, and single bits for those of bits. */
		uint64_t value = 1 + i * 613 % 65521;

		if (op->reference == or || op->reference == xor)
			value = (uint64_t)1 << (i * 7 % (8 * size));
		if (op->reference == and)
			value = ~((uint64_t)1 << (i * 7 % (4 * size)));
		if (!strcmp(type, "float")) {
			const float real = (float)value;

			memcpy(&value, &real, sizeof(real));
		}
		memcpy(values + i * size, &value, size);
	}
	in = cts_buffer(CL_MEM_READ_ONLY, N * size, values);
	for (int local = 0; local < 2; local++) {
		cl_kernel kernel = cts_kernel(program, local ? "in_local" : "in_global");
		const size_t count = local ? GROUPS : 1, each = N / count;

		for (size_t i = 0; i < GROUPS; i++)
			memcpy(numbers + i * size, &op->start, size);
		at = cts_buffer(CL_MEM_READ_WRITE, count * size, numbers);
		cts_mems(kernel, 3, at, in, seen);
		cts_launch1(kernel, N, GROUP);
		cts_read(at, count * size, numbers);
		cts_read(seen, N * size, before);
		for (size_t i = 0; i < count; i++)
			judge(op, values + i * each * size, before + i * each * size, each,
			      number(&op->start, 0, size), number(numbers, i, size), size);
	}
}

static const struct operation operations[] = {
    {"add", "old = OP(add)(at, value);", add, 17, false},
    {"sub", "old = OP(sub)(at, value);", sub, 1000000, false},
    {"xchg", "old = OP(xchg)(at, value);", NULL, 0, false},
    {"min", "old = OP(min)(at, value);", min, 1 << 20, true},
    {"max", "old = OP(max)(at, value);", max, 0, true},
    {"inc", "old = OP(inc)(at);", inc, 5, false},
    {"dec", "old = OP(dec)(at);", dec, 5000, false},
    {"cmpxchg",
     "T is; do { old = *at;"
     " is = OP(cmpxchg)(at, old, old + 1); } while (is != old);",
     inc, 3, false},
    {"and", "old = OP(and)(at, value);", and, UINT64_MAX, true},
    {"or", "old = OP(or)(at, value);", or, 0, true},
    {"xor", "old = OP(xor)(at, value);", xor, 0x5a5a5a5a, true},
};

static void atomic(const char *name)
{
	static const char *const types[] = {"int", "uint", "long", "ulong"};
	const struct operation *op = operations;

	while (strcmp(op->name, name))
		op++;
	for (unsigned int t = 0; t < COUNT(types); t++) {
		const size_t size = t < 2 ? 4 : 8;

		if (size == 8 && (!cts_has(op->is_extended ? "cl_khr_int64_extended_atomics"
							   : "cl_khr_int64_base_atomics") ||
				  cts.is_quick))
			continue;
		run(op, types[t], size);
	}
	if (!strcmp(name, "xchg"))
		run(op, "float", 4);
}

#define ATOMIC(name)                                                                               \
	CHECK(atomics, atomic_##name)                                                              \
	{                                                                                          \
		atomic(#name);                                                                     \
	}

ATOMIC(add)
ATOMIC(sub)
ATOMIC(xchg)
ATOMIC(min)
ATOMIC(max)
ATOMIC(inc)
ATOMIC(dec)
ATOMIC(cmpxchg)
ATOMIC(and)
ATOMIC(or)
ATOMIC(xor)

/* atomic_add_index: each item takes a place, and none is taken twice. */
CHECK(atomics, atomic_add_index)
{
	cl_kernel kernel = cts_build("kernel void k(global int *next, global int *to) {"
				     " int i = get_global_id(0); to[atomic_add(next, 1)] = i; }",
				     NULL);
	int got[N], count = 0;
	uint8_t is_seen[N] = {0};
	cl_mem next = cts_buffer(CL_MEM_READ_WRITE, sizeof(count), &count);
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	cts_mems(kernel, 2, next, to);
	cts_launch1(kernel, N, GROUP);
	cts_read(next, sizeof(count), &count);
	cts_read(to, sizeof(got), got);
	EXPECT(count == N, "%d places were taken", count);
	for (int i = 0; i < N; i++) {
		EXPECT(got[i] >= 0 && got[i] < N && !is_seen[got[i]], "place %d: %d", i, got[i]);
		is_seen[got[i]] = 1;
	}
}

/* atomic_add_index_bin: the same in bins that are given. */
CHECK(atomics, atomic_add_index_bin)
{
	enum { BINS = 20 };
	cl_kernel kernel = cts_build("kernel void k(global int *next, global int *bins,"
				     " global const int *bin, int room) {"
				     " int i = get_global_id(0), b = bin[i];"
				     " int at = atomic_add(next + b, 1);"
				     " if (at < room) bins[b * room + at] = i; }",
				     NULL);
	int bin[N], counts[BINS] = {0}, want[BINS] = {0}, *got = cts_host(BINS * N * sizeof(int));
	uint8_t is_seen[N] = {0};
	const int room = N;
	cl_mem next = cts_buffer(CL_MEM_READ_WRITE, sizeof(counts), counts);
	cl_mem bins = cts_buffer(CL_MEM_READ_WRITE, BINS * N * sizeof(int), got);

	for (int i = 0; i < N; i++)
		want[bin[i] = (int)(cts_random() % BINS)]++;
	cts_mems(kernel, 3, next, bins, cts_buffer(CL_MEM_READ_ONLY, sizeof(bin), bin));
	ARG(kernel, 3, room);
	cts_launch1(kernel, N, GROUP);
	cts_read(next, sizeof(counts), counts);
	cts_read(bins, BINS * N * sizeof(int), got);
	cts_same(counts, want, sizeof(int), BINS, "items in bins");
	for (int b = 0; b < BINS; b++)
		for (int i = 0; i < counts[b]; i++) {
			const int item = got[b * N + i];

			EXPECT(item >= 0 && item < N && bin[item] == b && !is_seen[item],
			       "bin %d, place %d: %d", b, i, item);
			is_seen[item] = 1;
		}
}
