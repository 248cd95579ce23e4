// Products of 8-bit numbers: rows of activations by blocks of 64 output channels.
//
// A row is x = s q with one scale a row, q in -127..127 (largest magnitude to 127, to nearest). Weights have one scale an output
// channel. The instruction multiplies unsigned by signed bytes, so weights are stored plus 128; what that adds to a sum, 128
// times the sum of the row, is taken off again. Sums are exact integers: they depend on no order.
#ifndef IMAGO_INT8_PRODUCT_H
#define IMAGO_INT8_PRODUCT_H
#include "winograd_tiles.h"
#include <string.h>

#define INT8 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,avx2,fma")))

// What goes with a row.
typedef struct {
  float scale;
  int32_t excess;  // 128 times the sum of its numbers
} int8_row;

// Magnitudes, kept as bits: in that order a NaN is above everything and stays.
INT8 INLINE __m512i larger_magnitude(__m512i kept, __m512 x) { return _mm512_max_epu32(kept, _mm512_castps_si512(_mm512_abs_ps(x))); }
INT8 INLINE float largest_of(__m512i magnitude) {
  const uint32_t bits = _mm512_reduce_max_epu32(magnitude);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// The scale of numbers up to `magnitude`; 0 for none, infinite or NaN where they are.
INLINE float int8_scale(float magnitude) { return magnitude / 127; }
// What to multiply with before rounding. Zero for rows of zeros.
INLINE float int8_inverse(float magnitude) { return magnitude > 0 ? 127 / magnitude : 0; }

// Sixteen numbers to nearest, ties to even, as signed bytes.
INT8 INLINE __m128i int8_round(__m512 x, __m512 inverse) { return _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x, inverse))); }

// The sum of `count` signed bytes, a multiple of 16.
INT8 INLINE int32_t int8_sum(const int8_t *q, int64_t count) {
  __m128i sums = _mm_setzero_si128();
  for (int64_t i = 0; i < count; i += 16) sums = _mm_dpbusd_epi32(sums, _mm_set1_epi8(1), _mm_loadu_si128((const __m128i *)(q + i)));
  int32_t parts[4];
  _mm_storeu_si128((__m128i *)parts, sums);
  return parts[0] + parts[1] + parts[2] + parts[3];
}

// Six rows by `vectors` of 16 output channels, over all quads of input channels: out[row * stride + channel] =
// (sum - excess) * row scale * channel scale.
INT8 INLINE void int8_product(const int8_t *a, int64_t a_row, const int8_row *rows, const uint8_t *b, const float *scales, int64_t quads,
                              const int vectors, __m512 out[GROUP][WIDTH / LANES]) {
  __m512i sum[GROUP][WIDTH / LANES];
  for (int r = 0; r < GROUP; r++)
    for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_setzero_si512();
  for (int64_t q = 0; q < quads; q++, a += 4, b += 4 * WIDTH) {
    __m512i column[WIDTH / LANES];
    for (int v = 0; v < vectors; v++) column[v] = _mm512_loadu_si512(b + 4 * v * LANES);
    for (int r = 0; r < GROUP; r++) {
      int quad;
      memcpy(&quad, a + r * a_row, sizeof quad);
      const __m512i one = _mm512_set1_epi32(quad);
      for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbusd_epi32(sum[r][v], column[v], one);
    }
  }
  for (int r = 0; r < GROUP; r++) {
    const __m512i excess = _mm512_set1_epi32(rows[r].excess);
    const __m512 scale = _mm512_set1_ps(rows[r].scale);
    for (int v = 0; v < vectors; v++)
      out[r][v] = _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sum[r][v], excess)), scale),
                                _mm512_loadu_ps(scales + v * LANES));
  }
}
#endif
