// The parts both directions share: vectors, exponential, cell products, packing. Included once by each
// attention_<level>.c, which defines LANES (floats in a vector), PAIRS (cells are bf16 pairs) and
// NAMED (suffix of exported names).
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vf __attribute__((ext_vector_type(LANES)));
typedef int32_t vi __attribute__((ext_vector_type(LANES)));
typedef uint32_t vu __attribute__((ext_vector_type(LANES)));
typedef float vf_unaligned __attribute__((ext_vector_type(LANES), aligned(4)));

// Queries in a tile, and keys in a tile (even, so that a pair of keys never straddles two tiles).
enum { QUERY_TILE = 64, KEY_TILE = 64 };
// Elements in a cell.
enum { CELL = PAIRS ? 2 : 1 };

ALWAYS_INLINE int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
ALWAYS_INLINE int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
ALWAYS_INLINE int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
ALWAYS_INLINE int64_t cells(int64_t n) { return (n + CELL - 1) / CELL; }
// A row length of at least n cells, an odd number of cache lines: rows one power of two apart would
// share a few cache sets.
ALWAYS_INLINE int64_t row_cells(int64_t n) { return (round_up(n, 16) / 16 | 1) * 16; }

ALWAYS_INLINE vf load(const float *p) { return *(const vf_unaligned *)p; }
ALWAYS_INLINE void store(float *p, vf v) { *(vf_unaligned *)p = v; }
// NaN in x survives both.
ALWAYS_INLINE vf raise_to(vf x, vf floor) { return x < floor ? floor : x; }
ALWAYS_INLINE vf larger(vf kept, vf x) { return x > kept ? x : kept; }

// 2^x for x < 127; below -126 gives 2^-126. The polynomials have the least relative
// error on [-1/2, 1/2]: 8e-8 with rounding, or 7.5e-5 where the result is rounded to bf16 anyway.
ALWAYS_INLINE vf exp2_vector(vf x) {
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, in the low bits
  x = raise_to(x, (vf)(-126.0f));
  vf t = x + shift;
  vf f = x - (t - shift);
#if PAIRS
  vf p = (vf)(0.0551716685f);
  p = p * f + 0.242611125f;
  p = p * f + 0.693260968f;
  p = p * f + 0.999928057f;
#else
  vf p = (vf)(0.000153458124f);
  p = p * f + 0.00133999309f;
  p = p * f + 0.00961848907f;
  p = p * f + 0.0555032864f;
  p = p * f + 0.240226462f;
  p = p * f + 0.693147182f;
  p = p * f + 1.0f;
#endif
  return (vf)((vi)p + ((vi)t << 23));
}

// Natural logarithm of a sum of weights, which is at least 1; NaN stays. 2 atanh(z) with |z| <= 0.172:
// the first term left out is below 2e-9.
ALWAYS_INLINE vf log_vector(vf x) {
  vi bits = (vi)x - 0x3f3504f3;  // the bits of sqrt(1/2): the fraction lands in [sqrt(1/2), sqrt(2))
  vf exponent = __builtin_convertvector(bits >> 23, vf);
  vf m = (vf)((bits & 0x7fffff) + 0x3f3504f3);
  vf z = (m - 1) / (m + 1), w = z * z;
  vf series = w * (w * (w * (w * (vf)(1.0f / 9) + 1.0f / 7) + 1.0f / 5) + 1.0f / 3) + 1;
  return z * 2 * series + exponent * 0.693147181f + x * 0;
}

// Takes the next `count` floats of a scratch buffer. Parts are kept off one another's page offsets: a load
// is taken for dependent on an earlier store with the same low 12 address bits.
ALWAYS_INLINE float *carve(float **from, int64_t count) {
  float *part = *from;
  *from += round_up(count, 1024) + 9 * 16;
  return part;
}

#include "attention_product.h"
#include "attention_pack.h"
