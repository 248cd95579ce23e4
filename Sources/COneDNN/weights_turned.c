// Weights packed for the gradient of a layer's input, made of those packed for the layer itself.
//
// Both are pairs of bf16 along the axis that is summed over, sixteen of them along the other one; forward and backward sum over
// different axes. So one is the other with the axes exchanged (weights_exchange.c).
#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, MOST_TAPS = 16 };

// ---------------------------------------------------------------- places

static int is_bf16_blocked(const idnn_op *op) {
  return !op->own && op->weights.format_kind == dnnl_blocked && op->weights.data_type == dnnl_bf16;
}

static const idnn_places *places_of(idnn_op *op) {
  idnn_places *p = &op->places;
  if (p->kind != PLACES_UNKNOWN) return p;
  const int64_t O = op->weight_dims[0], I = op->weight_dims[1];
  if (op->own && op->own->places) {
    p->o = malloc((size_t)(O + I + MOST_TAPS) * sizeof *p->o);
    if (p->o) p->taps = op->own->places(&op->shape, op->packing == PACK_TURNED, p->o, p->o + O, p->o + O + I);
  } else if (is_bf16_blocked(op)) {
    p->o = idnn_blocked_offsets(op, &op->weights);
    p->taps = op->weight_dims[2] * op->weight_dims[3];
  }
  p->kind = PLACES_OTHER;
  if (!p->o || O % LANES || I % LANES) return p;
  p->i = p->o + O;
  p->tap = p->i + I;
  if (im_are_grouped(p->o, O, LANES, 2) && im_are_grouped(p->i, I, 2, 1)) p->kind = PLACES_PAIR_INPUTS;
  else if (im_are_grouped(p->i, I, LANES, 2) && im_are_grouped(p->o, O, 2, 1)) p->kind = PLACES_PAIR_OUTPUTS;
  return p;
}

static int turn(idnn_op *from, const void *packed, idnn_op *to, void *dst) {
  if (memcmp(from->weight_dims, to->weight_dims, sizeof from->weight_dims) || !idnn_own_kernels_work()) return 0;
  const idnn_places *a = places_of(from), *b = places_of(to);
  const int pairs_inputs = a->kind == PLACES_PAIR_INPUTS && b->kind == PLACES_PAIR_OUTPUTS;
  if ((!pairs_inputs && !(a->kind == PLACES_PAIR_OUTPUTS && b->kind == PLACES_PAIR_INPUTS)) || a->taps != b->taps) return 0;
  const int64_t O = from->weight_dims[0], I = from->weight_dims[1];
  im_exchange e = {.src = packed, .dst = dst, .taps = a->taps, .from_tap = a->tap, .to_tap = b->tap};
  e.pairs = pairs_inputs ? I : O;
  e.lanes = pairs_inputs ? O : I;
  e.from_pair = pairs_inputs ? a->i : a->o;
  e.from_lane = pairs_inputs ? a->o : a->i;
  e.to_pair = pairs_inputs ? b->i : b->o;
  e.to_lane = pairs_inputs ? b->o : b->i;
  const int64_t count = O * I * a->taps;
  // Padding is zero.
  if (idnn_weights_bytes(to) > (size_t)count * sizeof(uint16_t)) memset(dst, 0, idnn_weights_bytes(to));
  im_exchange_pairs(&e);
  return 1;
}

int idnn_turn_weights(uint64_t from, const void *packed, idnn_op *to, void *dst) {
  idnn_lock();
  idnn_op *source = idnn_find(from);
  const int done = source && turn(source, packed, to, dst);
  idnn_unlock();
  return done;
}
