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

static int64_t panels_bytes(const idnn_conv_shape *s) { return up(s->OC, WIDTH) * WIDTH * POINTS * s->C; }

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

static size_t packed_bytes(const idnn_op *op) {
  return (size_t)(panels_bytes(&op->shape) + up(op->shape.OC, WIDTH) * WIDTH * POINTS * (int64_t)sizeof(float));
}

static int run(const idnn_op *op, const idnn_pointers *p) { return winograd_run(&int8, op, p, packed_bytes(op)); }

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

static int pack(const idnn_op *op, const void *src, idnn_dtype type, void *dst) {
  const idnn_conv_shape *s = &op->shape;
  packing_job job = {{src, dst, type, 0, s->OC, s->C}, (float *)((char *)dst + panels_bytes(s))};
  // Output channels that fill up the last block.
  if (s->OC % WIDTH) memset(dst, 0, packed_bytes(op));
  idnn_parallel(up(s->OC, LANES), INT64_MAX, pack_shares, &job);
  return 0;
}

// ---------------------------------------------------------------- op

// By shape without the batch, so that a row's result does not depend on its neighbours.
int idnn_conv_int8_takes(const idnn_conv_shape *s) {
  if (idnn_is_pointwise(s)) return idnn_linear_int8_takes(s->type, s->OC, s->C);
  return s->type == IDNN_BF16 && s->KH == 3 && s->KW == 3 && s->stride == 1 && s->pad_top == 1 && s->pad_left == 1
      && s->pad_bottom == 1 && s->pad_right == 1 && s->OH == s->H && s->OW == s->W && s->C % LANES == 0 && s->OC % LANES == 0
      && s->C >= 64 && s->OC >= 64 && idnn_has_int8();
}

typedef struct {
  const idnn_conv_shape *shape;
  int has_bias, has_residual;
} request;

static int build(idnn_op *op, const void *context) {
  const request *r = context;
  const idnn_conv_shape *s = r->shape;
  const int64_t dims[4] = {s->OC, s->C, s->KH, s->KW};
  memcpy(op->weight_dims, dims, sizeof dims);
  op->shape = *s;
  op->run = run;
  op->pack = pack;
  op->own_bytes = packed_bytes(op);
  op->has_bias = r->has_bias;
  op->has_residual = r->has_residual;
  strcpy(op->primitive.name, "winograd_int8:avx512_core_vnni");
  return 0;
}

idnn_op *idnn_conv_int8(const idnn_conv_shape *s, int has_bias, int has_residual) {
  if (idnn_is_pointwise(s)) return idnn_linear_int8(s->type, s->B * s->H * s->W, s->OC, s->C, has_bias, has_residual);
  if (!idnn_conv_int8_takes(s)) {
    idnn_fail(dnnl_unimplemented, "no 8-bit convolution of this shape");
    return NULL;
  }
  const request r = {s, has_bias != 0, has_residual != 0};
  int64_t key[KEY_LENGTH];
  int n = idnn_convolution_key(key, 31, s);
  key[n++] = r.has_bias;
  key[n++] = r.has_residual;
  return idnn_obtain(key, n, build, &r);
}
