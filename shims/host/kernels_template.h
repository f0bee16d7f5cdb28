/* SPDX-License-Identifier: MIT */
/*
 * The kernels of one instruction set. Included once for each, with
 *
 *   ISA                     its name, the suffix of every function
 *   ISA_TARGET              the function attribute that turns its instructions on, or nothing
 *   ISA_BYTES               the width of its vectors
 *   ISA_STREAM2(p, v, w)    two non-temporal stores of vectors v and w to p[0] and p[1]
 *   ISA_CHAINS              the number of independent chains
 *   ISA_EACH_CHAIN(DO)      DO(0) to DO(ISA_CHAINS - 1)
 *   ISA_STEP_FP32(x, c)     the next vector of a chain, in one multiply-add; and _FP64
 *   ISA_SCALAR_FP32(x, c)   the same for one number; and _FP64
 *
 * Loads of a group come before its stores, so that several are in flight.
 */

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(name) JOIN(name, ISA)
#define KERNEL static ISA_TARGET

typedef uint64_t NAME(words) __attribute__((vector_size(ISA_BYTES), may_alias));
typedef double NAME(doubles) __attribute__((vector_size(ISA_BYTES), may_alias));
typedef float NAME(floats) __attribute__((vector_size(ISA_BYTES), may_alias));

/* Vectors of a group. */
#define GROUP 4

KERNEL uint64_t NAME(read)(const void *b, size_t bytes)
{
	const NAME(words) *from = b, *end = from + bytes / ISA_BYTES;
	NAME(words) sum[2 * GROUP] = {0};
	uint64_t total = 0;

	for (; from != end; from += 2 * GROUP)
		for (int i = 0; i < 2 * GROUP; i++)
			sum[i] += from[i];
	for (int i = 1; i < 2 * GROUP; i++)
		sum[0] += sum[i];
	for (size_t lane = 0; lane < ISA_BYTES / sizeof(uint64_t); lane++)
		total += sum[0][lane];
	return total;
}

KERNEL void NAME(write_cached)(void *a, size_t bytes, uint64_t word)
{
	NAME(words) *to = a, *end = to + bytes / ISA_BYTES;
	NAME(words) value = word - (NAME(words)){0};

	for (; to != end; to += GROUP) {
		for (int i = 0; i < GROUP; i++)
			to[i] = value;
		KEEP_LOOP();
	}
}

KERNEL void NAME(write_streaming)(void *a, size_t bytes, uint64_t word)
{
	NAME(words) *to = a, *end = to + bytes / ISA_BYTES;
	NAME(words) value = word - (NAME(words)){0};

	for (; to != end; to += GROUP)
		for (int i = 0; i < GROUP; i += 2)
			ISA_STREAM2(to + i, value, value);
	STREAM_FENCE();
}

KERNEL void NAME(copy_cached)(void *a, const void *b, size_t bytes)
{
	const NAME(words) *from = b, *end = from + bytes / ISA_BYTES;
	NAME(words) *to = a;

	for (; from != end; from += GROUP, to += GROUP) {
		NAME(words) v0 = from[0], v1 = from[1], v2 = from[2], v3 = from[3];

		to[0] = v0;
		to[1] = v1;
		to[2] = v2;
		to[3] = v3;
		KEEP_LOOP();
	}
}

KERNEL void NAME(copy_streaming)(void *a, const void *b, size_t bytes)
{
	const NAME(words) *from = b, *end = from + bytes / ISA_BYTES;
	NAME(words) *to = a;

	for (; from != end; from += GROUP, to += GROUP) {
		NAME(words) v0 = from[0], v1 = from[1], v2 = from[2], v3 = from[3];

		ISA_STREAM2(to, v0, v1);
		ISA_STREAM2(to + 2, v2, v3);
	}
	STREAM_FENCE();
}

KERNEL void NAME(triad_cached)(void *a, const void *b, const void *c, size_t bytes)
{
	const NAME(doubles) *x = b, *y = c, *end = x + bytes / ISA_BYTES;
	NAME(doubles) *to = a;

	for (; x != end; x += GROUP, y += GROUP, to += GROUP) {
		NAME(doubles) v0 = x[0] + TRIAD_SCALAR * y[0], v1 = x[1] + TRIAD_SCALAR * y[1];
		NAME(doubles) v2 = x[2] + TRIAD_SCALAR * y[2], v3 = x[3] + TRIAD_SCALAR * y[3];

		to[0] = v0;
		to[1] = v1;
		to[2] = v2;
		to[3] = v3;
	}
}

KERNEL void NAME(triad_streaming)(void *a, const void *b, const void *c, size_t bytes)
{
	const NAME(doubles) *x = b, *y = c, *end = x + bytes / ISA_BYTES;
	NAME(words) *to = a;

	for (; x != end; x += GROUP, y += GROUP, to += GROUP) {
		NAME(doubles) v0 = x[0] + TRIAD_SCALAR * y[0], v1 = x[1] + TRIAD_SCALAR * y[1];
		NAME(doubles) v2 = x[2] + TRIAD_SCALAR * y[2], v3 = x[3] + TRIAD_SCALAR * y[3];

		ISA_STREAM2(to, (NAME(words))v0, (NAME(words))v1);
		ISA_STREAM2(to + 2, (NAME(words))v2, (NAME(words))v3);
	}
	STREAM_FENCE();
}

#define LOAD(i) v##i = ((const VECTOR *)state)[i];
#define DECLARE(i) VECTOR v##i;
#define STORE(i) ((VECTOR *)state)[i] = v##i;
#define STEP_FP32(i) v##i = ISA_STEP_FP32(v##i, c);
#define STEP_FP64(i) v##i = ISA_STEP_FP64(v##i, c);

#define VECTOR NAME(floats)
KERNEL void NAME(fma_fp32)(float *state, const float *constants, uint64_t iterations)
{
	const VECTOR c = *(const VECTOR *)constants;

	ISA_EACH_CHAIN(DECLARE)
	ISA_EACH_CHAIN(LOAD)
	for (; iterations > 0; iterations--) {
		ISA_EACH_CHAIN(STEP_FP32)
	}
	ISA_EACH_CHAIN(STORE)
}
#undef VECTOR

#define VECTOR NAME(doubles)
KERNEL void NAME(fma_fp64)(double *state, const double *constants, uint64_t iterations)
{
	const VECTOR c = *(const VECTOR *)constants;

	ISA_EACH_CHAIN(DECLARE)
	ISA_EACH_CHAIN(LOAD)
	for (; iterations > 0; iterations--) {
		ISA_EACH_CHAIN(STEP_FP64)
	}
	ISA_EACH_CHAIN(STORE)
}
#undef VECTOR

KERNEL void NAME(scalar_fp32)(float *state, const float *constants, uint64_t iterations)
{
	float x[ISA_CHAINS], c[ISA_CHAINS];

	memcpy(x, state, sizeof(x));
	memcpy(c, constants, sizeof(c));
	for (; iterations > 0; iterations--)
		for (int i = 0; i < ISA_CHAINS; i++)
			x[i] = ISA_SCALAR_FP32(x[i], c[i]);
	memcpy(state, x, sizeof(x));
}

KERNEL void NAME(scalar_fp64)(double *state, const double *constants, uint64_t iterations)
{
	double x[ISA_CHAINS], c[ISA_CHAINS];

	memcpy(x, state, sizeof(x));
	memcpy(c, constants, sizeof(c));
	for (; iterations > 0; iterations--)
		for (int i = 0; i < ISA_CHAINS; i++)
			x[i] = ISA_SCALAR_FP64(x[i], c[i]);
	memcpy(state, x, sizeof(x));
}

static const struct kernels NAME(kernels) = {
    .vector_bytes = ISA_BYTES,
    .chains = ISA_CHAINS,
    .read = NAME(read),
    .write = {NAME(write_cached), NAME(write_streaming)},
    .copy = {NAME(copy_cached), NAME(copy_streaming)},
    .triad = {NAME(triad_cached), NAME(triad_streaming)},
    .fma_fp32 = NAME(fma_fp32),
    .fma_fp64 = NAME(fma_fp64),
    .scalar_fp32 = NAME(scalar_fp32),
    .scalar_fp64 = NAME(scalar_fp64),
};

#undef JOIN_
#undef JOIN
#undef NAME
#undef KERNEL
#undef GROUP
#undef LOAD
#undef DECLARE
#undef STORE
#undef STEP_FP32
#undef STEP_FP64
#undef ISA
#undef ISA_TARGET
#undef ISA_BYTES
#undef ISA_STREAM2
#undef ISA_CHAINS
#undef ISA_EACH_CHAIN
#undef ISA_STEP_FP32
#undef ISA_STEP_FP64
#undef ISA_SCALAR_FP32
#undef ISA_SCALAR_FP64
