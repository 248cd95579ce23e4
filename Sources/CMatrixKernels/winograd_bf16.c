// Winograd's algorithm on bf16 products. Sums stay in float32; what bf16 rounds here and not in a direct convolution is the
// transformed input.
#include "winograd_tiles.h"
#include <string.h>

static void transform(const winograd_plan *g, int64_t tile, char *v, int64_t slot);
static void multiply(const winograd_plan *g, const char *v, int64_t point, int64_t slot, int64_t k_block, float *sums, int vectors);
static const winograd_arithmetic bf16 = {sizeof(uint16_t), 0, transform, multiply};

BF16 static void transform(const winograd_plan *g, int64_t tile, char *v, int64_t slot) {
  winograd_pixels at;
  winograd_locate(g, tile, &at);
  char *to = v + slot * g->s->C * (int64_t)sizeof(uint16_t);
  for (int64_t c = 0; c < g->s->C; c += LANES, to += LANES * sizeof(uint16_t)) {
    __m512 out[POINTS];
    transform_pixels(&at, c, out);
    for (int k = 0; k < POINTS; k++) _mm256_storeu_si256((__m256i *)(to + k * g->v_point), (__m256i)_mm512_cvtneps_pbh(out[k]));
  }
}

// Six tiles by `vectors` of 16 output channels, over all pairs of input channels.
BF16 INLINE void product(const uint16_t *a, int64_t a_row, const uint16_t *b, float *c, int64_t pairs, const int vectors) {
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

BF16 static void multiply(const winograd_plan *g, const char *v, int64_t point, int64_t slot, int64_t k_block, float *sums, int vectors) {
  const int64_t C = g->s->C;
  const uint16_t *a = (const uint16_t *)(v + point * g->v_point) + slot * C;
  const uint16_t *b = (const uint16_t *)g->weights + (k_block * POINTS + point) * C * WIDTH;
  if (vectors == 4) product(a, C, b, sums, C / 2, 4);
  else product(a, C, b, sums, C / 2, 2);
}

static size_t bytes(const im_conv_shape *s) { return (size_t)(up(s->OC, WIDTH) * WIDTH * POINTS * s->C) * sizeof(uint16_t); }

static im_status run(const im_conv_shape *s, const im_operands *p) { return winograd_run(&bf16, s, p, bytes(s)); }

// ---------------------------------------------------------------- weights

// Sixteen output channels from o on by sixteen input channels from i on, to [k block][point][I / 2][64][2].
BF16 static void pack_tile(const winograd_packing *p, int64_t o, int64_t i) {
  float run[LANES * RUN];
  const int64_t ins = read_taps(p, o, i, run), panel = p->I * WIDTH;
  uint16_t *to = (uint16_t *)p->dst + o / WIDTH * POINTS * panel + i * WIDTH + o % WIDTH * 2;
  for (int64_t n = 0; n < ins; n += 2, to += 2 * WIDTH) {
    __m512 first[POINTS], second[POINTS];
    transform_tap(p, run, o, n, first);
    transform_tap(p, run, o, n + 1, second);
    for (int k = 0; k < POINTS; k++) {
      const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first[k]));
      const __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second[k])), 16);
      _mm512_storeu_si512(to + k * panel, _mm512_or_si512(low, high));
    }
  }
}

static void pack_tiles(void *context, int64_t begin, int64_t end) {
  const winograd_packing *p = context;
  const int64_t columns = up(p->I, LANES);
  for (int64_t n = begin; n < end; n++) pack_tile(p, n / columns * LANES, n % columns * LANES);
}

static void pack(const im_conv_shape *s, int turned, const void *src, ik_dtype type, void *dst) {
  const winograd_packing p = {src, dst, type, turned, s->OC, s->C};
  // Output channels that fill up the last block.
  if (p.O % WIDTH) memset(dst, 0, bytes(s));
  im_parallel(up(p.O, LANES) * up(p.I, LANES), (int64_t)bytes(s), pack_tiles, (void *)&p);
}

// [k block][point][I / 2][64][2]. Turning weights by half a circle changes places of the first and the last of four points on
// both axes and nothing else, so the transformed ones can be turned themselves.
static int64_t places(const im_conv_shape *s, int turned, int64_t *o, int64_t *i, int64_t *tap) {
  const int64_t panel = s->C * WIDTH, O = s->OC, I = s->C;
  int64_t *outputs = turned ? i : o, *inputs = turned ? o : i;
  for (int64_t n = 0; n < O; n++) outputs[n] = n / WIDTH * POINTS * panel + n % WIDTH * 2;
  for (int64_t n = 0; n < I; n++) inputs[n] = n / 2 * 2 * WIDTH + n % 2;
  static const int64_t other[4] = {3, 1, 2, 0};
  for (int64_t k = 0; k < POINTS; k++) tap[k] = (turned ? other[k / 4] * 4 + other[k % 4] : k) * panel;
  return POINTS;
}

// ---------------------------------------------------------------- kernel

// By shape without the batch, so that a row's result does not depend on its neighbours. Transformed weights take 16/9 of the
// plain ones' memory; the widest layers on the smallest pictures hold a third of a U-Net's weights and 4 % of its products.
static int takes(const im_conv_shape *s) {
  return s->type == IK_BF16 && winograd_fits(s) && s->OH * s->OW >= 64 && (s->OH * s->OW > 64 || s->C * s->OC <= 1 << 20) && im_has_bf16();
}

const im_kernel im_winograd_bf16 = {
  .name = "winograd_bf16:avx512_core_bf16", .takes = takes, .run = run, .bytes = bytes, .pack = pack, .places = places};
