// Weights packed for the gradient of a layer's input, made of those packed for the layer itself.
//
// Both are pairs of bf16 along the axis that is summed over, sixteen of them along the other one; forward and backward sum over
// different axes. So sixteen by sixteen channels are eight vectors on both sides, and one is the other with rows and columns
// exchanged: the bits are those of packing the checkpoint's weights, at the price of moving them once.
#include "internal.h"
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

#define BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2")))

enum { LANES = 16, SIDE = 64, MOST_TAPS = 16 };

// ---------------------------------------------------------------- places

static int is_bf16_blocked(const idnn_op *op) {
  return !op->pack && op->weights.format_kind == dnnl_blocked && op->weights.data_type == dnnl_bf16;
}

static const idnn_places *places_of(idnn_op *op) {
  idnn_places *p = &op->places;
  if (p->kind != PLACES_UNKNOWN) return p;
  const int64_t O = op->weight_dims[0], I = op->weight_dims[1];
  if (op->own_places) {
    p->o = malloc((size_t)(O + I + MOST_TAPS) * sizeof *p->o);
    if (p->o) p->taps = op->own_places(op, p->o, p->o + O, p->o + O + I);
  } else if (is_bf16_blocked(op)) {
    p->o = idnn_blocked_offsets(op, &op->weights);
    p->taps = op->weight_dims[2] * op->weight_dims[3];
  }
  p->kind = PLACES_OTHER;
  if (!p->o || O % LANES || I % LANES) return p;
  p->i = p->o + O;
  p->tap = p->i + I;
  if (idnn_are_grouped(p->o, O, LANES, 2) && idnn_are_grouped(p->i, I, 2, 1)) p->kind = PLACES_PAIR_INPUTS;
  else if (idnn_are_grouped(p->i, I, LANES, 2) && idnn_are_grouped(p->o, O, 2, 1)) p->kind = PLACES_PAIR_OUTPUTS;
  return p;
}

// ---------------------------------------------------------------- exchange

// The axes by what they are in the source: one of pairs, one of vectors.
typedef struct {
  const uint16_t *src;
  uint16_t *dst;
  int64_t pairs, lanes, taps;                   // lengths of the axes
  const int64_t *from_pair, *from_lane, *from_tap, *to_pair, *to_lane, *to_tap;
} exchange;

// Eight rows of eight pairs of pairs: (a0 a1)(b0 b1) becomes (a0 b0)(a1 b1), and rows become columns.
BF16 static inline __attribute__((always_inline)) void exchange_unit(const exchange *e, const uint16_t *from, uint16_t *to,
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
  const exchange *e = context;
  const int64_t columns = (e->lanes + SIDE - 1) / SIDE;
  for (int64_t square = begin; square < end; square++) {
    const int64_t p0 = square / columns * SIDE, l0 = square % columns * SIDE;
    const int64_t p1 = p0 + SIDE < e->pairs ? p0 + SIDE : e->pairs, l1 = l0 + SIDE < e->lanes ? l0 + SIDE : e->lanes;
    for (int64_t k = 0; k < e->taps; k++)
      for (int64_t l = l0; l < l1; l += LANES)
        for (int64_t p = p0; p < p1; p += LANES) exchange_unit(e, e->src + e->from_tap[k], e->dst + e->to_tap[k], p, l);
  }
}

static int turn(idnn_op *from, const void *packed, idnn_op *to, void *dst) {
  if (memcmp(from->weight_dims, to->weight_dims, sizeof from->weight_dims) || !idnn_gradient_bf16_works()) return 0;
  const idnn_places *a = places_of(from), *b = places_of(to);
  const int pairs_inputs = a->kind == PLACES_PAIR_INPUTS && b->kind == PLACES_PAIR_OUTPUTS;
  if ((!pairs_inputs && !(a->kind == PLACES_PAIR_OUTPUTS && b->kind == PLACES_PAIR_INPUTS)) || a->taps != b->taps) return 0;
  const int64_t O = from->weight_dims[0], I = from->weight_dims[1];
  exchange e = {.src = packed, .dst = dst, .taps = a->taps, .from_tap = a->tap, .to_tap = b->tap};
  e.pairs = pairs_inputs ? I : O;
  e.lanes = pairs_inputs ? O : I;
  e.from_pair = pairs_inputs ? a->i : a->o;
  e.from_lane = pairs_inputs ? a->o : a->i;
  e.to_pair = pairs_inputs ? b->i : b->o;
  e.to_lane = pairs_inputs ? b->o : b->i;
  const int64_t count = O * I * a->taps;
  // Padding is zero.
  if (idnn_weights_bytes(to) > (size_t)count * sizeof(uint16_t)) memset(dst, 0, idnn_weights_bytes(to));
  idnn_parallel((e.pairs + SIDE - 1) / SIDE * ((e.lanes + SIDE - 1) / SIDE), count * 4, exchange_squares, &e);
  return 1;
}

int idnn_turn_weights(idnn_op *from, const void *packed, idnn_op *to, void *dst) {
  idnn_lock();
  const int done = turn(from, packed, to, dst);
  idnn_unlock();
  return done;
}
