// 3x3 convolutions in bf16 by Winograd's algorithm F(2x2, 3x3) (Lavin & Gray 2016, sections 4.1 and 5).
//
// A tile of 4x4 input pixels gives 2x2 output pixels with 16 products a pair of channels instead of 36. Sums of products
// stay in float32; what bf16 rounds here and not in a direct convolution is the transformed input. Tiles go by groups of
// six, whose transformed pixels stay in the second cache while all output channels pass; six tiles by 64 channels of the
// 16 products each stay in registers. A sum over channels is one sum in one order, whatever the batch or thread count.
#include "internal.h"
#include <immintrin.h>
#include <string.h>

#define BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

enum { POINTS = 16, GROUP = 6, LANES = 16, WIDTH = 64, MOST_TILES = 192 };

typedef struct {
  const idnn_conv_shape *s;
  const uint16_t *x, *weights, *residual;
  const float *bias;
  uint16_t *y;
  int64_t rows, columns, tiles, groups;     // of tiles
  int64_t k_blocks, shares;
  int64_t block;                            // groups that are transformed together
  int64_t v_point, m_point;                 // distance between points in V and M, elements
  uint16_t *v;                              // transformed input: [thread or all][point][tile][C]
  float *m;                                 // products: [thread][point][tile][WIDTH]
  int64_t v_size, m_size;                   // of a thread
} plan;

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static const uint16_t zeros[LANES] __attribute__((aligned(64)));

// ---------------------------------------------------------------- input

BF16 INLINE __m512 widened(const uint16_t *from) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from)), 16));
}

// B^T d B of one tile, [point][tile][C].
BF16 static void transform_tile(const plan *g, int64_t tile, uint16_t *to) {
  const idnn_conv_shape *s = g->s;
  const int64_t image = tile / (g->rows * g->columns), row = tile / g->columns % g->rows, column = tile % g->columns;
  const uint16_t *pixel[POINTS];
  int64_t step[POINTS];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      const int64_t h = 2 * row - 1 + i, w = 2 * column - 1 + j;
      const int inside = h >= 0 && h < s->H && w >= 0 && w < s->W;
      pixel[4 * i + j] = inside ? g->x + ((image * s->H + h) * s->W + w) * s->C : zeros;
      step[4 * i + j] = inside;
    }
  for (int64_t c = 0; c < s->C; c += LANES) {
    __m512 d[4][4];
    for (int j = 0; j < 4; j++) {
      __m512 e[4];
      for (int i = 0; i < 4; i++) e[i] = widened(pixel[4 * i + j] + c * step[4 * i + j]);
      d[0][j] = _mm512_sub_ps(e[0], e[2]);
      d[1][j] = _mm512_add_ps(e[1], e[2]);
      d[2][j] = _mm512_sub_ps(e[2], e[1]);
      d[3][j] = _mm512_sub_ps(e[1], e[3]);
    }
    for (int i = 0; i < 4; i++) {
      const __m512 out[4] = {_mm512_sub_ps(d[i][0], d[i][2]), _mm512_add_ps(d[i][1], d[i][2]),
                             _mm512_sub_ps(d[i][2], d[i][1]), _mm512_sub_ps(d[i][1], d[i][3])};
      for (int j = 0; j < 4; j++)
        _mm256_storeu_si256((__m256i *)(to + (4 * i + j) * g->v_point + c), (__m256i)_mm512_cvtneps_pbh(out[j]));
    }
  }
}

// ---------------------------------------------------------------- product

// Six tiles by `vectors` of 16 output channels, over all pairs of input channels.
BF16 INLINE void multiply(const uint16_t *a, int64_t a_row, const uint16_t *b, float *c, int64_t pairs, const int vectors) {
  __m512 sum[GROUP][WIDTH / LANES];
  for (int r = 0; r < GROUP; r++)
    for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_setzero_ps();
  for (int64_t p = 0; p < pairs; p++, a += 2, b += 2 * WIDTH) {
    __m512bh column[WIDTH / LANES];
    for (int v = 0; v < vectors; v++) column[v] = (__m512bh)_mm512_loadu_si512(b + 2 * v * LANES);
    for (int r = 0; r < GROUP; r++) {
      int pair;
      memcpy(&pair, a + r * a_row, sizeof pair);
      const __m512bh one = (__m512bh)_mm512_set1_epi32(pair);
      for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], one, column[v]);
    }
  }
  for (int r = 0; r < GROUP; r++)
    for (int v = 0; v < vectors; v++) _mm512_storeu_ps(c + r * WIDTH + v * LANES, sum[r][v]);
}

BF16 static void multiply4(const uint16_t *a, int64_t a_row, const uint16_t *b, float *c, int64_t pairs) { multiply(a, a_row, b, c, pairs, 4); }
BF16 static void multiply2(const uint16_t *a, int64_t a_row, const uint16_t *b, float *c, int64_t pairs) { multiply(a, a_row, b, c, pairs, 2); }

// ---------------------------------------------------------------- output

// A^T m A of one tile for up to 64 channels from k on, with bias and residual.
BF16 static void finish_tile(const plan *g, int64_t tile, const float *m, int64_t k) {
  const idnn_conv_shape *s = g->s;
  const int64_t image = tile / (g->rows * g->columns), row = tile / g->columns % g->rows, column = tile % g->columns;
  const int64_t channels = least(WIDTH, s->OC - k);
  for (int64_t c = 0; c < channels; c += LANES) {
    __m512 t[2][4];
    for (int j = 0; j < 4; j++) {
      const __m512 a = _mm512_loadu_ps(m + (0 + j) * g->m_point + c), b = _mm512_loadu_ps(m + (4 + j) * g->m_point + c);
      const __m512 d = _mm512_loadu_ps(m + (8 + j) * g->m_point + c), e = _mm512_loadu_ps(m + (12 + j) * g->m_point + c);
      t[0][j] = _mm512_add_ps(a, _mm512_add_ps(b, d));
      t[1][j] = _mm512_sub_ps(b, _mm512_add_ps(d, e));
    }
    const __m512 bias = g->bias ? _mm512_loadu_ps(g->bias + k + c) : _mm512_setzero_ps();
    for (int i = 0; i < 2; i++) {
      const __m512 out[2] = {_mm512_add_ps(t[i][0], _mm512_add_ps(t[i][1], t[i][2])),
                             _mm512_sub_ps(t[i][1], _mm512_add_ps(t[i][2], t[i][3]))};
      const int64_t h = 2 * row + i;
      for (int j = 0; j < 2; j++) {
        const int64_t w = 2 * column + j;
        if (h >= s->OH || w >= s->OW) continue;
        const int64_t at = ((image * s->OH + h) * s->OW + w) * s->OC + k + c;
        __m512 value = _mm512_add_ps(out[j], bias);
        if (g->residual) value = _mm512_add_ps(value, widened(g->residual + at));
        _mm256_storeu_si256((__m256i *)(g->y + at), (__m256i)_mm512_cvtneps_pbh(value));
      }
    }
  }
}

// ---------------------------------------------------------------- blocks

static void transform_groups(const plan *g, int64_t first, int64_t count, uint16_t *v) {
  for (int64_t t = 0; t < count * GROUP; t++) {
    const int64_t tile = least(first * GROUP + t, g->tiles - 1);  // the last group is filled up
    transform_tile(g, tile, v + t * g->s->C);
  }
}

// All points of `count` groups for a block of output channels.
static void convolve(const plan *g, int64_t first, int64_t count, const uint16_t *v, float *m, int64_t k_block) {
  const int64_t C = g->s->C, k = k_block * WIDTH, panel = C * WIDTH;
  for (int64_t point = 0; point < POINTS; point++) {
    const uint16_t *b = g->weights + (k_block * POINTS + point) * panel;
    for (int64_t n = 0; n < count; n++) {
      const uint16_t *a = v + point * g->v_point + n * GROUP * C;
      float *c = m + point * g->m_point + n * GROUP * WIDTH;
      if (g->s->OC - k > 2 * LANES) multiply4(a, C, b, c, C / 2);
      else multiply2(a, C, b, c, C / 2);
    }
  }
  const int64_t tiles = least(count * GROUP, g->tiles - first * GROUP);
  for (int64_t t = 0; t < tiles; t++) finish_tile(g, first * GROUP + t, m + t * WIDTH, k);
}

// Many tiles: each thread takes a share of the groups, a block at a time.
static void share_groups(void *context, int64_t begin, int64_t end) {
  const plan *g = context;
  for (int64_t share = begin; share < end; share++) {
    uint16_t *v = g->v + share * g->v_size;
    const int64_t from = g->groups * share / g->shares, to = g->groups * (share + 1) / g->shares;
    const int64_t blocks = up(to - from, g->block);
    for (int64_t n = 0; n < blocks; n++) {
      const int64_t first = from + (to - from) * n / blocks, count = from + (to - from) * (n + 1) / blocks - first;
      transform_groups(g, first, count, v);
      for (int64_t k = 0; k < g->k_blocks; k++) convolve(g, first, count, v, g->m + share * g->m_size, k);
    }
  }
}

// Few tiles: all are transformed first, then each thread takes a share of the output channels, so that the weights, which
// are the larger part, are read once.
static void share_transforms(void *context, int64_t begin, int64_t end) {
  const plan *g = context;
  transform_groups(g, begin, end - begin, g->v + begin * GROUP * g->s->C);
}

static void share_channels(void *context, int64_t begin, int64_t end) {
  const plan *g = context;
  for (int64_t share = begin; share < end; share++)
    for (int64_t k = g->k_blocks * share / g->shares; k < g->k_blocks * (share + 1) / g->shares; k++)
      convolve(g, 0, g->groups, g->v, g->m + share * g->m_size, k);
}

static size_t packed_bytes(const idnn_op *op) {
  return (size_t)(up(op->shape.OC, WIDTH) * WIDTH * POINTS * op->shape.C) * sizeof(uint16_t);
}

static int run(const idnn_op *op, const idnn_pointers *p) {
  const idnn_conv_shape *s = &op->shape;
  if (!p->src || !p->weights || !p->dst || (op->has_bias && !p->bias) || (op->has_residual && !p->residual))
    return idnn_fail(dnnl_invalid_arguments, "%s: an operand is missing", op->primitive.name);
  plan g = {.s = s, .x = p->src, .weights = p->weights, .y = p->dst, .bias = op->has_bias ? p->bias : NULL,
            .residual = op->has_residual ? p->residual : NULL};
  g.rows = up(s->OH, 2);
  g.columns = up(s->OW, 2);
  g.tiles = s->B * g.rows * g.columns;
  g.groups = up(g.tiles, GROUP);
  g.k_blocks = up(s->OC, WIDTH);
  const int few = g.tiles <= MOST_TILES;
  // Transformed pixels of a block: half of the second cache, or more where the weights do not fit the third and must not be
  // read too often.
  const int64_t room = (int64_t)packed_bytes(op) > 16 << 20 ? 4 << 20 : 1 << 19;
  g.block = few ? g.groups : most(4, room / (POINTS * GROUP * s->C * 2));
  g.shares = least(idnn_threads(), few ? g.k_blocks : g.groups);
  // Powers of two between the points would all fall into the same cache sets.
  g.v_point = g.block * GROUP * s->C + 96;
  g.m_point = g.block * GROUP * WIDTH + LANES;
  g.v_size = up(POINTS * g.v_point, 4096) * 4096;
  g.m_size = up(POINTS * g.m_point, 1024) * 1024;
  g.v = idnn_buffer(BUFFER_SRC, (size_t)((few ? 1 : g.shares) * g.v_size) * sizeof *g.v);
  g.m = idnn_buffer(BUFFER_DST, (size_t)(g.shares * g.m_size) * sizeof *g.m);
  if (!g.v || !g.m) return dnnl_out_of_memory;
  if (few) {
    idnn_parallel(g.groups, INT64_MAX, share_transforms, &g);
    idnn_parallel(g.shares, INT64_MAX, share_channels, &g);
  } else {
    idnn_parallel(g.shares, INT64_MAX, share_groups, &g);
  }
  return 0;
}

// ---------------------------------------------------------------- weights

typedef struct {
  const void *src;
  uint16_t *dst;
  idnn_dtype type;
  int turned;
  int64_t O, I;  // of the convolution that runs
} packing;

enum { TAPS = 9, RUN = 16 * TAPS };

// A run of the checkpoint's numbers, widened.
BF16 static void widen(const packing *p, int64_t at, int64_t count, float *to) {
  const uint16_t *narrow = (const uint16_t *)p->src + at;
  if (p->type == IDNN_F32) memcpy(to, (const float *)p->src + at, (size_t)count * sizeof *to);
  else for (int64_t i = 0; i < count; i += LANES) {
    const __mmask16 here = count - i >= LANES ? 0xffff : (__mmask16)((1u << (count - i)) - 1);
    const __m256i bits = _mm256_maskz_loadu_epi16(here, narrow + i);
    const __m512 wide = p->type == IDNN_F16 ? _mm512_cvtph_ps(bits) : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
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

// Sixteen output channels from o on by sixteen input channels from i on, to [k block][point][I / 2][64][2].
BF16 static void pack_tile(const packing *p, int64_t o, int64_t i) {
  float run[LANES * RUN];
  const int64_t outs = least(LANES, p->O - o), ins = least(LANES, p->I - i), panel = p->I * WIDTH;
  const __mmask16 here = (__mmask16)((1u << outs) - 1);
  // In the checkpoint of a turned convolution the channels change places.
  if (p->turned) for (int64_t n = 0; n < ins; n++) widen(p, ((i + n) * p->O + o) * TAPS, outs * TAPS, run + n * RUN);
  else for (int64_t n = 0; n < outs; n++) widen(p, ((o + n) * p->I + i) * TAPS, ins * TAPS, run + n * RUN);
  const __m512i order = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i lanes = _mm512_mullo_epi32(order, _mm512_set1_epi32(p->turned ? TAPS : RUN));
  uint16_t *to = p->dst + o / WIDTH * POINTS * panel + i * WIDTH + o % WIDTH * 2;
  for (int64_t n = 0; n < ins; n += 2, to += 2 * WIDTH) {
    __m512 first[POINTS], second[POINTS];
    const int64_t next = p->turned ? RUN : TAPS;
    transform_weights(run + n * next, lanes, p->turned, here, first);
    transform_weights(run + (n + 1) * next, lanes, p->turned, here, second);
    for (int k = 0; k < POINTS; k++) {
      const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first[k]));
      const __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second[k])), 16);
      _mm512_storeu_si512(to + k * panel, _mm512_or_si512(low, high));
    }
  }
}

static void pack_tiles(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t columns = up(p->I, LANES);
  for (int64_t n = begin; n < end; n++) pack_tile(p, n / columns * LANES, n % columns * LANES);
}

static int pack(const idnn_op *op, const void *src, idnn_dtype type, void *dst) {
  const packing p = {src, dst, type, op->packing == PACK_TURNED, op->shape.OC, op->shape.C};
  // Output channels that fill up the last block.
  if (p.O % WIDTH) memset(dst, 0, packed_bytes(op));
  idnn_parallel(up(p.O, LANES) * up(p.I, LANES), (int64_t)packed_bytes(op), pack_tiles, (void *)&p);
  return 0;
}

// ---------------------------------------------------------------- op

// By shape without the batch, so that a row's result does not depend on its neighbours. Transformed weights take 16/9 of the
// plain ones' memory; the widest layers on the smallest pictures hold a third of a U-Net's weights and 4 % of its products.
int idnn_winograd_bf16_pays(const idnn_conv_shape *s) {
  return s->type == IDNN_BF16 && s->KH == 3 && s->KW == 3 && s->stride == 1 && s->pad_top == 1 && s->pad_left == 1
      && s->pad_bottom == 1 && s->pad_right == 1 && s->OH == s->H && s->OW == s->W && s->C % LANES == 0 && s->OC % LANES == 0
      && s->C >= 64 && s->OC >= 64 && s->OH * s->OW >= 64 && (s->OH * s->OW > 64 || s->C * s->OC <= 1 << 20) && idnn_gradient_bf16_works();
}

void idnn_build_winograd_bf16(idnn_op *op, const idnn_conv_shape *s, int has_bias, int has_residual) {
  op->shape = *s;
  op->run = run;
  op->pack = pack;
  op->own_bytes = packed_bytes(op);
  op->has_bias = has_bias;
  op->has_residual = has_residual;
  strcpy(op->primitive.name, "winograd_bf16:avx512_core_bf16");
}
