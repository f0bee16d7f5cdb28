/* SPDX-License-Identifier: MIT */
/* The numbers that arenas and chains are filled with: pseudo-random, and known for every index. */
#ifndef MVGAL_HOST_PATTERN_H
#define MVGAL_HOST_PATTERN_H

#include <stdint.h>
#include <string.h>

/* The multiplier of the triad: with it and pattern_number()'s integers, every result is exact. */
#define TRIAD_SCALAR 3.0

/* A random 64-bit word for an index: the finalizer of SplitMix64 (Steele, Lea, Flood, 2014). */
static inline uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t word = seed + index * 0x9e3779b97f4a7c15u;

	word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
	word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
	return word ^ (word >> 31);
}

/* A random integer of 40 bits as fp64. */
static inline double pattern_number(uint64_t seed, uint64_t index)
{
	return (double)(int64_t)(pattern_word(seed, index) >> 24);
}

/* The bits of an fp64 number. */
static inline uint64_t bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

#endif
