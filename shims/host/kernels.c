/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include <math.h>
#include <string.h>

#include "host.h"
#include "pattern.h"

#define CHAINS_0_TO_11(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define CHAINS_12_TO_23(DO)                                                                        \
	DO(12) DO(13) DO(14) DO(15) DO(16) DO(17) DO(18) DO(19) DO(20) DO(21) DO(22) DO(23)

/* Compilers turn loops of plain stores into calls of memset and memcpy: not with this inside. */
#define KEEP_LOOP() __asm__ volatile("")

#if defined(__x86_64__)
#include <immintrin.h>
#define STREAM_FENCE() _mm_sfence()

/*
 * x86 steps x = x * x + c. With c in [-1.95, -1.6) the chain stays within [-2, 2] and is chaotic: a
 * result that matches to the last bit has gone through every step. Four cycles of latency on two
 * units need eight chains; sixteen registers have room for twelve.
 */

#define ISA sse2
#define ISA_TARGET
#define ISA_BYTES 16
#define ISA_CHAINS 12
#define ISA_EACH_CHAIN CHAINS_0_TO_11
#define ISA_STEP_FP32(x, c) ((x) * (x) + (c))
#define ISA_STEP_FP64(x, c) ((x) * (x) + (c))
#define ISA_SCALAR_FP32(x, c) ((x) * (x) + (c))
#define ISA_SCALAR_FP64(x, c) ((x) * (x) + (c))
#define ISA_STREAM2(p, v, w)                                                                       \
	(_mm_stream_si128((__m128i *)(p), (__m128i)(v)),                                           \
	 _mm_stream_si128((__m128i *)((p) + 1), (__m128i)(w)))
#include "kernels_template.h"

#define ISA avx2
#define ISA_TARGET __attribute__((target("avx2,fma")))
#define ISA_BYTES 32
#define ISA_CHAINS 12
#define ISA_EACH_CHAIN CHAINS_0_TO_11
#define ISA_STEP_FP32(x, c) _mm256_fmadd_ps(x, x, c)
#define ISA_STEP_FP64(x, c) _mm256_fmadd_pd(x, x, c)
#define ISA_SCALAR_FP32(x, c) fmaf(x, x, c)
#define ISA_SCALAR_FP64(x, c) fma(x, x, c)
#define ISA_STREAM2(p, v, w)                                                                       \
	(_mm256_stream_si256((__m256i *)(p), (__m256i)(v)),                                        \
	 _mm256_stream_si256((__m256i *)((p) + 1), (__m256i)(w)))
#include "kernels_template.h"

#define ISA avx512
#define ISA_TARGET __attribute__((target("avx512f,avx2,fma")))
#define ISA_BYTES 64
#define ISA_CHAINS 12
#define ISA_EACH_CHAIN CHAINS_0_TO_11
#define ISA_STEP_FP32(x, c) _mm512_fmadd_ps(x, x, c)
#define ISA_STEP_FP64(x, c) _mm512_fmadd_pd(x, x, c)
#define ISA_SCALAR_FP32(x, c) fmaf(x, x, c)
#define ISA_SCALAR_FP64(x, c) fma(x, x, c)
#define ISA_STREAM2(p, v, w)                                                                       \
	(_mm512_stream_si512((void *)(p), (__m512i)(v)),                                           \
	 _mm512_stream_si512((void *)((p) + 1), (__m512i)(w)))
#include "kernels_template.h"

const struct kernels *kernels_for(uint32_t isa)
{
	/* The compiler's run-time library asks CPUID, and XGETBV for what the kernel saves. */
	__builtin_cpu_init();
	switch (isa) {
	case MVGAL_HOST_ISA_SSE2:
		return &kernels_sse2;
	case MVGAL_HOST_ISA_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
			   ? &kernels_avx2
			   : NULL;
	case MVGAL_HOST_ISA_AVX512:
		return __builtin_cpu_supports("avx512f") ? &kernels_avx512 : NULL;
	default:
		return NULL;
	}
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#define STREAM_FENCE() __asm__ volatile("dmb ishst" ::: "memory")

/* The instruction adds to its destination, so the step is x = x + c * c. Four units of four cycles
 * each need sixteen chains. */

#define ISA neon
#define ISA_TARGET
#define ISA_BYTES 16
#define ISA_CHAINS 24
#define ISA_EACH_CHAIN(DO) CHAINS_0_TO_11(DO) CHAINS_12_TO_23(DO)
#define ISA_STEP_FP32(x, c) vfmaq_f32((float32x4_t)(x), (float32x4_t)(c), (float32x4_t)(c))
#define ISA_STEP_FP64(x, c) vfmaq_f64((float64x2_t)(x), (float64x2_t)(c), (float64x2_t)(c))
#define ISA_SCALAR_FP32(x, c) fmaf(c, c, x)
#define ISA_SCALAR_FP64(x, c) fma(c, c, x)
#define ISA_STREAM2(p, v, w)                                                                       \
	__asm__ volatile("stnp %q1, %q2, %0" : "=Q"(*(struct kernels_pair *)(p)) : "w"(v), "w"(w))
struct kernels_pair {
	uint64_t words[4];
};
#include "kernels_template.h"

const struct kernels *kernels_for(uint32_t isa)
{
	return isa == MVGAL_HOST_ISA_NEON ? &kernels_neon : NULL;
}

#else

const struct kernels *kernels_for(uint32_t isa)
{
	(void)isa;
	return NULL;
}
#endif
