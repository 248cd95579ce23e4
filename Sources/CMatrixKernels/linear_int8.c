// Linear layers on 8-bit products: a scale a row of activations, found when it comes, and one a row of weights.
#include "int8_product.h"

enum {
  ROOM = 1 << 19,  // bytes of a block of rows, which stays in the second cache while the weights pass
  PIECES = 4,      // a thread
};

typedef struct {
  int64_t M, N, K, padded;                 // padded: rows, up to whole groups
  int64_t blocks, block, shares;           // of rows (in groups), and of output channels
  const uint16_t *x, *residual;
  const uint8_t *weights;                  // [N / 64][K / 4][64][4]
  const float *scales, *bias;
  uint16_t *y;
  int8_t *q;                               // [padded][K]
  int8_row *rows;
} plan;

INT8 static void quantize_row(const uint16_t *x, int64_t K, int8_t *q, int8_row *row) {
  __m512i magnitude = _mm512_setzero_si512();
  for (int64_t k = 0; k < K; k += LANES) magnitude = larger_magnitude(magnitude, widened(x + k));
  const float largest = largest_of(magnitude);
  const __m512 inverse = _mm512_set1_ps(int8_inverse(largest));
  for (int64_t k = 0; k < K; k += LANES) _mm_storeu_si128((__m128i *)(q + k), int8_round(widened(x + k), inverse));
  row->scale = int8_scale(largest);
  row->excess = 128 * int8_sum(q, K);
}

static void quantize(void *context, int64_t begin, int64_t end) {
  const plan *g = context;
  // The last group is filled up.
  for (int64_t m = begin; m < end; m++) quantize_row(g->x + least(m, g->M - 1) * g->K, g->K, g->q + m * g->K, g->rows + m);
}

INT8 INLINE void finish(const plan *g, int64_t m, int64_t n, const int vectors, __m512 out[GROUP][WIDTH / LANES]) {
  const int64_t count = least(GROUP, g->M - m), channels = least(vectors, (g->N - n) / LANES);
  for (int r = 0; r < GROUP; r++) {
    if (r >= count) break;
    for (int v = 0; v < vectors; v++) {
      if (v >= channels) break;
      const int64_t at = (m + r) * g->N + n + v * LANES;
      __m512 value = out[r][v];
      if (g->bias) value = _mm512_add_ps(value, _mm512_loadu_ps(g->bias + n + v * LANES));
      if (g->residual) value = _mm512_add_ps(value, widened(g->residual + at));
      _mm256_storeu_si256((__m256i *)(g->y + at), (__m256i)_mm512_cvtneps_pbh(value));
    }
  }
}

INT8 INLINE void multiply(const plan *g, int64_t m, int64_t n, const int vectors) {
  __m512 out[GROUP][WIDTH / LANES];
  int8_product(g->q + m * g->K, g->K, g->rows + m, g->weights + n * g->K, g->scales + n, g->K / 4, vectors, out);
  finish(g, m, n, vectors, out);
}

INT8 static void multiply4(const plan *g, int64_t m, int64_t n) { multiply(g, m, n, 4); }
INT8 static void multiply2(const plan *g, int64_t m, int64_t n) { multiply(g, m, n, 2); }

// A piece is a block of rows by a share of the output channels.
static void pieces(void *context, int64_t begin, int64_t end) {
  const plan *g = context;
  const int64_t panels = up(g->N, WIDTH), groups = g->padded / GROUP;
  for (int64_t piece = begin; piece < end; piece++) {
    const int64_t block = piece / g->shares, share = piece % g->shares;
    const int64_t from = groups * block / g->blocks, to = groups * (block + 1) / g->blocks;
    for (int64_t panel = panels * share / g->shares; panel < panels * (share + 1) / g->shares; panel++) {
      const int64_t n = panel * WIDTH;
      for (int64_t group = from; group < to; group++) {
        if (g->N - n > 2 * LANES) multiply4(g, group * GROUP, n);
        else multiply2(g, group * GROUP, n);
      }
    }
  }
}

static int64_t panels_bytes(int64_t N, int64_t K) { return up(N, WIDTH) * WIDTH * K; }

static size_t bytes(const im_conv_shape *s) {
  return (size_t)(panels_bytes(s->OC, s->C) + up(s->OC, WIDTH) * WIDTH * (int64_t)sizeof(float));
}

static im_status run(const im_conv_shape *s, const im_operands *p) {
  plan g = {.M = s->B, .N = s->OC, .K = s->C, .x = p->src, .weights = p->weights, .y = p->dst, .bias = p->bias, .residual = p->residual};
  if (!g.M) return IM_DONE;
  g.scales = (const float *)(g.weights + panels_bytes(g.N, g.K));
  // Several pieces a thread, as many for each.
  const int64_t groups = up(g.M, GROUP), wanted = PIECES * ik_threads();
  g.padded = groups * GROUP;
  g.blocks = least(up(up(g.padded * g.K, ROOM), wanted) * wanted, groups);
  // Few rows: the weights, which are the larger part, are shared instead and read once.
  g.shares = g.padded * g.K <= ROOM && g.padded < g.N ? least(wanted, up(g.N, WIDTH)) : 1;
  if (g.shares > 1) g.blocks = 1;
  g.q = im_scratch(IM_SCRATCH_SRC, (size_t)(g.padded * g.K));
  g.rows = im_scratch(IM_SCRATCH_DST, (size_t)g.padded * sizeof *g.rows);
  if (!g.q || !g.rows) return IM_NO_MEMORY;
  im_parallel(g.padded, g.padded * g.K * 3, quantize, &g);
  im_parallel(g.blocks * g.shares, g.M * g.N * g.K / 64, pieces, &g);
  return IM_DONE;
}

// ---------------------------------------------------------------- weights

typedef struct {
  const void *src;
  ik_dtype type;
  uint8_t *dst;
  float *scales;
  int64_t N, K;
} packing;

INT8 INLINE __m512 weights_at(const packing *p, int64_t at) {
  if (p->type == IK_F32) return _mm512_loadu_ps((const float *)p->src + at);
  const __m256i bits = _mm256_loadu_si256((const __m256i *)((const uint16_t *)p->src + at));
  return p->type == IK_F16 ? _mm512_cvtph_ps(bits) : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

INT8 static void pack_rows(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  for (int64_t n = begin; n < end; n++) {
    __m512i magnitude = _mm512_setzero_si512();
    for (int64_t k = 0; k < p->K; k += LANES) magnitude = larger_magnitude(magnitude, weights_at(p, n * p->K + k));
    const float largest = largest_of(magnitude);
    const __m512 inverse = _mm512_set1_ps(int8_inverse(largest));
    p->scales[n] = int8_scale(largest);
    uint8_t *to = p->dst + n / WIDTH * WIDTH * p->K + n % WIDTH * 4;
    for (int64_t k = 0; k < p->K; k += LANES) {
      uint8_t numbers[LANES];
      _mm_storeu_si128((__m128i *)numbers, _mm_xor_si128(int8_round(weights_at(p, n * p->K + k), inverse), _mm_set1_epi8((char)0x80)));
      for (int64_t j = 0; j < LANES; j += 4) memcpy(to + (k + j) * WIDTH, numbers + j, 4);
    }
  }
}

static void pack(const im_conv_shape *s, int turned, const void *src, ik_dtype type, void *dst) {
  (void)turned;  // one tap
  packing p = {src, type, dst, NULL, s->OC, s->C};
  p.scales = (float *)(p.dst + panels_bytes(p.N, p.K));
  // Output channels that fill up the last block.
  if (p.N % WIDTH) memset(dst, 0, bytes(s));
  im_parallel(p.N, p.N * p.K, pack_rows, &p);
}

// ---------------------------------------------------------------- kernel

static int takes(const im_conv_shape *s) {
  return im_is_pointwise(s) && s->type == IK_BF16 && s->OC % LANES == 0 && s->C % LANES == 0 && s->OC >= WIDTH && s->C >= WIDTH
      && s->C <= 1 << 16 && im_has_int8();
}

const im_kernel im_linear_int8 = {.name = "linear_int8:avx512_core_vnni", .takes = takes, .run = run, .bytes = bytes, .pack = pack};
