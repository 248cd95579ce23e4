// Weights packed in pairs along one axis of channels, from weights packed in pairs along the other.
//
// Sixteen by sixteen channels are eight vectors on both sides, and one is the other with rows and columns exchanged: the bits
// are those of packing the checkpoint's weights, at the price of moving them once.
#include "internal.h"

enum { SIDE = 64 };

// Eight rows of eight pairs of pairs: (a0 a1)(b0 b1) becomes (a0 b0)(a1 b1), and rows become columns.
BF16 static inline __attribute__((always_inline)) void exchange_unit(const im_exchange *e, const uint16_t *from, uint16_t *to,
                                                                      int64_t pair, int64_t lane) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  __m512i r[8], t[8];
  for (int n = 0; n < 8; n++)
    r[n] = _mm512_shuffle_epi8(_mm512_loadu_si512(from + e->from_pair[pair + 2 * n] + e->from_lane[lane]), order);
  for (int n = 0; n < 8; n += 2) {
    t[n] = _mm512_unpacklo_epi64(r[n], r[n + 1]);
    t[n + 1] = _mm512_unpackhi_epi64(r[n], r[n + 1]);
  }
  for (int odd = 0; odd < 2; odd++) {
    const __m512i a = _mm512_shuffle_i64x2(t[odd], t[2 + odd], 0x88), b = _mm512_shuffle_i64x2(t[odd], t[2 + odd], 0xdd);
    const __m512i c = _mm512_shuffle_i64x2(t[4 + odd], t[6 + odd], 0x88), d = _mm512_shuffle_i64x2(t[4 + odd], t[6 + odd], 0xdd);
    r[0 + odd] = _mm512_shuffle_i64x2(a, c, 0x88);
    r[4 + odd] = _mm512_shuffle_i64x2(a, c, 0xdd);
    r[2 + odd] = _mm512_shuffle_i64x2(b, d, 0x88);
    r[6 + odd] = _mm512_shuffle_i64x2(b, d, 0xdd);
  }
  for (int n = 0; n < 8; n++) _mm512_storeu_si512(to + e->to_lane[lane + 2 * n] + e->to_pair[pair], r[n]);
}

BF16 static void exchange_squares(void *context, int64_t begin, int64_t end) {
  const im_exchange *e = context;
  const int64_t columns = (e->lanes + SIDE - 1) / SIDE;
  for (int64_t square = begin; square < end; square++) {
    const int64_t p0 = square / columns * SIDE, l0 = square % columns * SIDE;
    const int64_t p1 = p0 + SIDE < e->pairs ? p0 + SIDE : e->pairs, l1 = l0 + SIDE < e->lanes ? l0 + SIDE : e->lanes;
    for (int64_t k = 0; k < e->taps; k++)
      for (int64_t l = l0; l < l1; l += LANES)
        for (int64_t p = p0; p < p1; p += LANES) exchange_unit(e, e->src + e->from_tap[k], e->dst + e->to_tap[k], p, l);
  }
}

void im_exchange_pairs(const im_exchange *e) {
  im_parallel(up(e->pairs, SIDE) * up(e->lanes, SIDE), e->pairs * e->lanes * e->taps * 4, exchange_squares, (void *)e);
}
