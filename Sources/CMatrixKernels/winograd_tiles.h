// 3x3 convolutions by Winograd's algorithm F(2x2, 3x3) (Lavin & Gray 2016, sections 4.1 and 5): what is the same whatever
// the products are computed in.
//
// A tile of 4x4 input pixels gives 2x2 output pixels with 16 products a pair of channels instead of 36. Tiles go by groups of
// six, whose transformed pixels stay in the second cache while all output channels pass; six tiles by 64 channels of the
// 16 products each stay in registers. A sum over channels is one sum in one order, whatever the batch or thread count.
#ifndef IMAGO_WINOGRAD_TILES_H
#define IMAGO_WINOGRAD_TILES_H
#include "internal.h"
#include <string.h>

enum { POINTS = 16, GROUP = 6, WIDTH = 64 };

typedef struct winograd_plan winograd_plan;

// What differs between arithmetics.
typedef struct {
  int64_t element;                        // bytes of a transformed number
  int64_t beside;                         // bytes that go with a transformed row of channels
  // B^T d B of a tile, as row `slot` of each point of v.
  void (*transform)(const winograd_plan *g, int64_t tile, char *v, int64_t slot);
  // Six rows from `slot` on by `vectors` of 16 output channels: sums over all channels.
  void (*multiply)(const winograd_plan *g, const char *v, int64_t point, int64_t slot, int64_t k_block, float *sums, int vectors);
} winograd_arithmetic;

struct winograd_plan {
  const winograd_arithmetic *arithmetic;
  const im_conv_shape *s;
  const uint16_t *x, *residual;
  const void *weights;
  const float *bias;
  uint16_t *y;
  int64_t rows, columns, tiles, groups;     // of tiles
  int64_t k_blocks;                         // of output channels
  int64_t block, blocks;                    // groups that are transformed together, at most; and how many such blocks
  int64_t v_point, m_point;                 // distance between points in V (bytes) and M (elements)
  int64_t beside;                           // where in V the numbers beside the rows begin: [point][slot]
  char *v;                                  // transformed input: [member or all][point][slot][C]
  float *m;                                 // products: [member][point][slot][WIDTH]
  int64_t v_size, m_size;                   // of a member
};

// y = conv(x, w) [+ bias] [+ residual], bf16. `bytes` is the size of the packed weights.
im_status winograd_run(const winograd_arithmetic *arithmetic, const im_conv_shape *s, const im_operands *p, size_t bytes);

// Whether a convolution is of the kind that tiles are for. By shape without the batch, so that a row's result does not depend on
// its neighbours.
INLINE int winograd_fits(const im_conv_shape *s) {
  return s->KH == 3 && s->KW == 3 && s->stride == 1 && s->pad_top == 1 && s->pad_left == 1 && s->pad_bottom == 1 && s->pad_right == 1
      && s->OH == s->H && s->OW == s->W && s->C % LANES == 0 && s->OC % LANES == 0 && s->C >= 64 && s->OC >= 64;
}

// ---------------------------------------------------------------- input

// Where the pixels of a tile lie; those outside of the picture are zero and have step 0.
typedef struct {
  const uint16_t *pixel[POINTS];
  int64_t step[POINTS];
} winograd_pixels;

void winograd_locate(const winograd_plan *g, int64_t tile, winograd_pixels *at);

// B^T d B for sixteen channels from c on.
BF16 INLINE void transform_pixels(const winograd_pixels *at, int64_t c, __m512 out[POINTS]) {
  __m512 d[4][4];
  for (int j = 0; j < 4; j++) {
    __m512 e[4];
    for (int i = 0; i < 4; i++) e[i] = widened(at->pixel[4 * i + j] + c * at->step[4 * i + j]);
    d[0][j] = _mm512_sub_ps(e[0], e[2]);
    d[1][j] = _mm512_add_ps(e[1], e[2]);
    d[2][j] = _mm512_sub_ps(e[2], e[1]);
    d[3][j] = _mm512_sub_ps(e[1], e[3]);
  }
  for (int i = 0; i < 4; i++) {
    out[4 * i] = _mm512_sub_ps(d[i][0], d[i][2]);
    out[4 * i + 1] = _mm512_add_ps(d[i][1], d[i][2]);
    out[4 * i + 2] = _mm512_sub_ps(d[i][2], d[i][1]);
    out[4 * i + 3] = _mm512_sub_ps(d[i][1], d[i][3]);
  }
}

// ---------------------------------------------------------------- weights

typedef struct {
  const void *src;
  void *dst;
  ik_dtype type;
  int turned;
  int64_t O, I;  // of the convolution that runs
} winograd_packing;

enum { TAPS = 9, RUN = 16 * TAPS };

// A run of the checkpoint's numbers, widened.
BF16 static void widen(const winograd_packing *p, int64_t at, int64_t count, float *to) {
  const uint16_t *narrow = (const uint16_t *)p->src + at;
  if (p->type == IK_F32) memcpy(to, (const float *)p->src + at, (size_t)count * sizeof *to);
  else for (int64_t i = 0; i < count; i += LANES) {
    const __mmask16 here = count - i >= LANES ? 0xffff : (__mmask16)((1u << (count - i)) - 1);
    const __m256i bits = _mm256_maskz_loadu_epi16(here, narrow + i);
    const __m512 wide = p->type == IK_F16 ? _mm512_cvtph_ps(bits) : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
    _mm512_mask_storeu_ps(to + i, here, wide);
  }
}

// g -> (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2)
BF16 INLINE void spread(__m512 g0, __m512 g1, __m512 g2, __m512 out[4]) {
  const __m512 half = _mm512_set1_ps(0.5f), ends = _mm512_mul_ps(half, _mm512_add_ps(g0, g2)), middle = _mm512_mul_ps(half, g1);
  out[0] = g0;
  out[1] = _mm512_add_ps(ends, middle);
  out[2] = _mm512_sub_ps(ends, middle);
  out[3] = g2;
}

// G g G^T for sixteen output channels (lanes) of one input channel; taps lie `TAPS` or `RUN` apart from lane to lane.
BF16 INLINE void transform_weights(const float *taps, __m512i lanes, int turned, __mmask16 here, __m512 u[POINTS]) {
  __m512 g[TAPS], h[3][4];
  for (int k = 0; k < TAPS; k++) g[k] = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), here, lanes, taps + (turned ? TAPS - 1 - k : k), 4);
  for (int l = 0; l < 3; l++) spread(g[l], g[3 + l], g[6 + l], h[l]);
  for (int r = 0; r < 4; r++) spread(h[0][r], h[1][r], h[2][r], u + 4 * r);
}


// Reads the taps of sixteen output channels from o on by sixteen input channels from i on; returns how many of those there are.
BF16 INLINE int64_t read_taps(const winograd_packing *p, int64_t o, int64_t i, float run[LANES * RUN]) {
  const int64_t outs = least(LANES, p->O - o), ins = least(LANES, p->I - i);
  // In the checkpoint of a turned convolution the channels change places.
  if (p->turned) for (int64_t n = 0; n < ins; n++) widen(p, ((i + n) * p->O + o) * TAPS, outs * TAPS, run + n * RUN);
  else for (int64_t n = 0; n < outs; n++) widen(p, ((o + n) * p->I + i) * TAPS, ins * TAPS, run + n * RUN);
  return ins;
}

// G g G^T of input channel n of those taps, output channels from o on in lanes.
BF16 INLINE void transform_tap(const winograd_packing *p, const float run[LANES * RUN], int64_t o, int64_t n, __m512 u[POINTS]) {
  const __mmask16 here = (__mmask16)((1u << least(LANES, p->O - o)) - 1);
  const __m512i order = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i lanes = _mm512_mullo_epi32(order, _mm512_set1_epi32(p->turned ? TAPS : RUN));
  transform_weights(run + n * (p->turned ? RUN : TAPS), lanes, p->turned, here, u);
}
#endif
