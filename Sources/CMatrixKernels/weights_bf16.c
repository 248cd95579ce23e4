// Packing weights to bf16 in the layouts whose smallest unit is a pair along one axis of channels, sixteen of them along the
// other: those of all fast kernels. Loading a model and every training step pack all weights, so this is done with vectors.
#include "internal.h"
#include <string.h>

enum { TILE_I = 16, MATRIX_TILE_I = 128, MOST_TAPS = 9, ROW = TILE_I * MOST_TAPS };

typedef struct {
  const void *src;
  ik_dtype from;
  uint16_t *dst;
  int64_t O, I, taps;
  const int64_t *o, *i, *tap;  // offsets in dst by the checkpoint's indices
  int lanes_are_outputs;
} packing;

int64_t im_tile_inputs(int64_t taps) { return taps == 1 ? MATRIX_TILE_I : TILE_I; }

int im_are_grouped(const int64_t *offsets, int64_t count, int64_t group, int64_t step) {
  if (count % group) return 0;
  for (int64_t n = 0; n < count; n++)
    if (offsets[n] != offsets[n / group * group] + n % group * step) return 0;
  return 1;
}

typedef uint32_t vu __attribute__((ext_vector_type(LANES)));

// Numbers from the at-th on.
BF16 static void narrow(const packing *p, int64_t at, int64_t count, uint16_t *to) {
  if (p->from == IK_BF16) {
    memcpy(to, (const uint16_t *)p->src + at, (size_t)count * sizeof *to);
    return;
  }
  for (int64_t n = 0; n < count; n += LANES) {
    const __mmask16 here = count - n >= LANES ? 0xffff : (__mmask16)((1u << (count - n)) - 1);
    __m512i rounded;
    if (p->from == IK_F16) {
      // No number of this type is subnormal in float32.
      const __m512 wide = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(here, (const uint16_t *)p->src + at + n));
      rounded = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(wide));
    } else {
      const vu bits = (vu)_mm512_maskz_loadu_epi32(here, (const float *)p->src + at + n);
      rounded = (__m512i)IK_BF16_OF_BITS(bits);
    }
    _mm256_mask_storeu_epi16(to + n, here, _mm512_cvtepi32_epi16(rounded));
  }
}

// Sixteen pairs: `first` and the number `next` after it, in each lane.
BF16 static inline __m512i pairs(const uint16_t *first, int64_t next, __m512i lanes) {
  const __m512i a = _mm512_i32gather_epi32(lanes, first, 2);
  if (next == 1) return a;
  const __m512i b = _mm512_i32gather_epi32(lanes, first + next, 2);
  return _mm512_or_si512(_mm512_and_si512(a, _mm512_set1_epi32(0xffff)), _mm512_slli_epi32(b, 16));
}

BF16 static void pack_tile(const packing *p, int64_t o0, int64_t outs, int64_t i0, int64_t ins) {
  // A gather reads two numbers at a time: one more at the end.
  uint16_t rows[IM_TILE_O * ROW + 2];
  const int64_t taps = p->taps, row = ins * taps;
  for (int64_t o = 0; o < outs; o++) narrow(p, ((o0 + o) * p->I + i0) * taps, row, rows + o * row);
  const __m512i order = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const int outputs = p->lanes_are_outputs;
  const __m512i lanes = _mm512_mullo_epi32(order, _mm512_set1_epi32((int)(outputs ? row : taps)));
  const int64_t next = outputs ? taps : row, o_step = outputs ? LANES : 2, i_step = outputs ? 2 : LANES;
  for (int64_t o = 0; o < outs; o += o_step)
    for (int64_t i = 0; i < ins; i += i_step)
      for (int64_t k = 0; k < taps; k++)
        _mm512_storeu_si512(p->dst + p->o[o0 + o] + p->i[i0 + i] + p->tap[k], pairs(rows + o * row + i * taps + k, next, lanes));
}

static void pack_tiles(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t width = im_tile_inputs(p->taps), columns = (p->I + width - 1) / width;
  for (int64_t tile = begin; tile < end; tile++) {
    const int64_t o = tile / columns * IM_TILE_O, i = tile % columns * width;
    pack_tile(p, o, p->O - o < IM_TILE_O ? p->O - o : IM_TILE_O, i, p->I - i < width ? p->I - i : width);
  }
}

int im_pack_pairs(const void *src, ik_dtype from, uint16_t *dst, int64_t O, int64_t I, int64_t taps, const int64_t *o, const int64_t *i,
                    const int64_t *tap) {
  packing p = {src, from, dst, O, I, taps, o, i, tap, im_are_grouped(o, O, LANES, 2) && im_are_grouped(i, I, 2, 1)};
  const int known = p.lanes_are_outputs || (im_are_grouped(i, I, LANES, 2) && im_are_grouped(o, O, 2, 1));
  if (!known || taps > MOST_TAPS || !im_has_bf16()) return 0;
  const int64_t tiles = (O + IM_TILE_O - 1) / IM_TILE_O * ((I + im_tile_inputs(taps) - 1) / im_tile_inputs(taps));
  im_parallel(tiles, O * I * taps * 4, pack_tiles, &p);
  return 1;
}
