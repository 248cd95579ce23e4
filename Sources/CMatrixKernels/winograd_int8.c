// Winograd's algorithm on 8-bit products. Each of the 16 points is a product of matrices of its own, so a transformed tile has
// sixteen scales, one a point, and so has an output channel: the transform's larger numbers cost the others nothing.
#include "int8_product.h"

static void transform(const winograd_plan *g, int64_t tile, char *v, int64_t slot);
static void multiply(const winograd_plan *g, const char *v, int64_t point, int64_t slot, int64_t k_block, float *sums, int vectors);
static const winograd_arithmetic int8 = {1, sizeof(int8_row), transform, multiply};

// Twice over the pixels: for the scales, then for the numbers.
INT8 static void transform(const winograd_plan *g, int64_t tile, char *v, int64_t slot) {
  const int64_t C = g->s->C;
  winograd_pixels at;
  winograd_locate(g, tile, &at);
  __m512i magnitude[POINTS];
  __m512 inverse[POINTS];
  for (int k = 0; k < POINTS; k++) magnitude[k] = _mm512_setzero_si512();
  for (int64_t c = 0; c < C; c += LANES) {
    __m512 out[POINTS];
    transform_pixels(&at, c, out);
    for (int k = 0; k < POINTS; k++) magnitude[k] = larger_magnitude(magnitude[k], out[k]);
  }
  int8_row rows[POINTS];
  for (int k = 0; k < POINTS; k++) {
    const float largest = largest_of(magnitude[k]);
    rows[k].scale = int8_scale(largest);
    inverse[k] = _mm512_set1_ps(int8_inverse(largest));
  }
  int8_t *to = (int8_t *)v + slot * C;
  for (int64_t c = 0; c < C; c += LANES) {
    __m512 out[POINTS];
    transform_pixels(&at, c, out);
    for (int k = 0; k < POINTS; k++) _mm_storeu_si128((__m128i *)(to + k * g->v_point + c), int8_round(out[k], inverse[k]));
  }
  for (int k = 0; k < POINTS; k++) {
    rows[k].excess = 128 * int8_sum(to + k * g->v_point, C);
    ((int8_row *)(v + g->beside))[k * g->block * GROUP + slot] = rows[k];
  }
}

static int64_t panels_bytes(const im_conv_shape *s) { return up(s->OC, WIDTH) * WIDTH * POINTS * s->C; }

INT8 INLINE void multiply_vectors(const winograd_plan *g, const char *v, int64_t point, int64_t slot, int64_t k_block, float *sums, const int vectors) {
  const int64_t C = g->s->C, panel = k_block * POINTS + point;
  const int8_row *rows = (const int8_row *)(v + g->beside) + point * g->block * GROUP + slot;
  const float *scales = (const float *)((const char *)g->weights + panels_bytes(g->s)) + panel * WIDTH;
  __m512 out[GROUP][WIDTH / LANES];
  int8_product((const int8_t *)v + point * g->v_point + slot * C, C, rows, (const uint8_t *)g->weights + panel * C * WIDTH, scales, C / 4, vectors, out);
  for (int r = 0; r < GROUP; r++)
    for (int n = 0; n < vectors; n++) _mm512_storeu_ps(sums + r * WIDTH + n * LANES, out[r][n]);
}

INT8 static void multiply(const winograd_plan *g, const char *v, int64_t point, int64_t slot, int64_t k_block, float *sums, int vectors) {
  if (vectors == 4) multiply_vectors(g, v, point, slot, k_block, sums, 4);
  else multiply_vectors(g, v, point, slot, k_block, sums, 2);
}

static size_t bytes(const im_conv_shape *s) {
  return (size_t)(panels_bytes(s) + up(s->OC, WIDTH) * WIDTH * POINTS * (int64_t)sizeof(float));
}

static im_status run(const im_conv_shape *s, const im_operands *p) { return winograd_run(&int8, s, p, bytes(s)); }

// ---------------------------------------------------------------- weights

// Sixteen output channels from o on, to [k block][point][I / 4][64][4], and their scales behind: [k block][point][64].
INT8 static void pack_channels(const winograd_packing *p, int64_t o, float *scales) {
  float run[LANES * RUN];
  const int64_t panel = p->I * WIDTH;
  __m512i magnitude[POINTS];
  __m512 inverse[POINTS];
  for (int k = 0; k < POINTS; k++) magnitude[k] = _mm512_setzero_si512();
  for (int64_t i = 0; i < p->I; i += LANES) {
    const int64_t ins = read_taps(p, o, i, run);
    for (int64_t n = 0; n < ins; n++) {
      __m512 u[POINTS];
      transform_tap(p, run, o, n, u);
      for (int k = 0; k < POINTS; k++) magnitude[k] = larger_magnitude(magnitude[k], u[k]);
    }
  }
  const __m512 most = _mm512_set1_ps(127);
  for (int k = 0; k < POINTS; k++) {
    const __m512 largest = _mm512_castsi512_ps(magnitude[k]);
    _mm512_storeu_ps(scales + (o / WIDTH * POINTS + k) * WIDTH + o % WIDTH, _mm512_div_ps(largest, most));
    inverse[k] = _mm512_maskz_div_ps(_mm512_cmp_ps_mask(largest, _mm512_setzero_ps(), _CMP_GT_OQ), most, largest);
  }
  uint8_t *to = (uint8_t *)p->dst + o / WIDTH * POINTS * panel + o % WIDTH * 4;
  for (int64_t i = 0; i < p->I; i += LANES) {
    const int64_t ins = read_taps(p, o, i, run);
    for (int64_t n = 0; n < ins; n += 4) {
      __m512i quads[POINTS];
      for (int j = 0; j < 4; j++) {
        __m512 u[POINTS];
        transform_tap(p, run, o, n + j, u);
        for (int k = 0; k < POINTS; k++) {
          const __m512i q = _mm512_and_si512(_mm512_cvtps_epi32(_mm512_mul_ps(u[k], inverse[k])), _mm512_set1_epi32(0xff));
          quads[k] = j ? _mm512_or_si512(quads[k], _mm512_slli_epi32(q, (unsigned)(8 * j))) : q;
        }
      }
      for (int k = 0; k < POINTS; k++)
        _mm512_storeu_si512(to + k * panel + (i + n) * WIDTH, _mm512_xor_si512(quads[k], _mm512_set1_epi8((char)0x80)));
    }
  }
}

typedef struct {
  winograd_packing p;
  float *scales;
} packing_job;

static void pack_shares(void *context, int64_t begin, int64_t end) {
  const packing_job *job = context;
  for (int64_t n = begin; n < end; n++) pack_channels(&job->p, n * LANES, job->scales);
}

static void pack(const im_conv_shape *s, int turned, const void *src, ik_dtype type, void *dst) {
  packing_job job = {{src, dst, type, turned, s->OC, s->C}, (float *)((char *)dst + panels_bytes(s))};
  // Output channels that fill up the last block.
  if (s->OC % WIDTH) memset(dst, 0, bytes(s));
  im_parallel(up(s->OC, LANES), INT64_MAX, pack_shares, &job);
}

// ---------------------------------------------------------------- kernel

static int takes(const im_conv_shape *s) { return s->type == IK_BF16 && winograd_fits(s) && im_has_int8(); }

const im_kernel im_winograd_int8 = {.name = "winograd_int8:avx512_core_vnni", .takes = takes, .run = run, .bytes = bytes, .pack = pack};
