// Shared by the kernels here; not part of their interface.
#ifndef IMAGO_CMATRIXKERNELS_INTERNAL_H
#define IMAGO_CMATRIXKERNELS_INTERNAL_H
#include "CMatrixKernels.h"
#include <immintrin.h>

#define BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Sixteen bf16 as float32.
BF16 INLINE __m512 widened(const uint16_t *from) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from)), 16));
}
#endif
