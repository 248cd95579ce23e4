// Gradients of convolution weights on bf16 instructions: dw[o, c, kh, kw] = sum over pixels of dy[.., o] x[.., c].
//
// oneDNN 2.6's kernels give 160 to 860 GFLOP/s here, least on small pictures and strides. The instruction
// multiplies pairs of consecutive bf16, and the sum runs over pixels, so both operands are repacked into pairs of
// horizontal neighbours, a block of pixels at a time (in the second cache); dy once, x once for each kernel column.
// Eight rows of dw by 48 columns then stay in registers over a block. Rows outside the picture are skipped.
//
// Threads share the output, not the pixels: each element is one sum in one order, whatever their number.
#include "internal.h"
#include <string.h>

enum { ROWS = 8, MOST_VECTORS = 3, BLOCK_PAIRS = 128, MOST_BLOCK_PAIRS = 1024, BLOCK_BYTES = 256 << 10, PIECES = 4 };

typedef struct {
  const im_conv_shape *s;
  const uint16_t *x, *dy;
  float *sums, *dw;              // sums [KH, KW, o_blocks, ROWS, c_vectors, LANES]
  uint32_t *panels;              // scratch, panel_size for each member
  int64_t panel_size, a_size;
  int64_t pairs;                 // of a row of dy
  int64_t images, rows, x_rows;  // of a block of pixels
  int64_t o_blocks, c_vectors;
  int64_t o_shares, c_shares;
} plan;

// ---------------------------------------------------------------- packing

// Eight output channels from `o` on of a row of dy, in pairs of pixels.
BF16 static void pack_dy_row(const uint16_t *row, int64_t width, int64_t OC, int64_t o, int64_t pairs, uint32_t *to) {
  const __mmask8 here = (__mmask8)((1u << least(ROWS, OC - o)) - 1);
  for (int64_t p = 0; p < pairs; p++) {
    const __mmask8 first = 2 * p < width ? here : 0, second = 2 * p + 1 < width ? here : 0;
    const __m128i low = _mm_maskz_loadu_epi16(first, row + 2 * p * OC + o), high = _mm_maskz_loadu_epi16(second, row + (2 * p + 1) * OC + o);
    _mm256_storeu_si256((__m256i *)(to + p * ROWS), _mm256_or_si256(_mm256_cvtepu16_epi32(low), _mm256_slli_epi32(_mm256_cvtepu16_epi32(high), 16)));
  }
}

// Channels [c, c + vectors * LANES) of a row of x, as the kernel column that starts at `left` meets them.
BF16 static void pack_x_row(const uint16_t *row, int64_t width, int64_t left, const im_conv_shape *s, int64_t c, int vectors,
                            int64_t pairs, uint32_t *to) {
  for (int64_t p = 0; p < pairs; p++) {
    const int64_t w0 = 2 * p * s->stride + left, w1 = w0 + s->stride;
    const int in0 = w0 >= 0 && w0 < width, in1 = w1 >= 0 && w1 < width && 2 * p + 1 < s->OW;
    for (int v = 0; v < vectors; v++, to += LANES) {
      const int64_t at = c + v * LANES;
      const __mmask16 here = (__mmask16)(at + LANES <= s->C ? 0xffff : (1u << (s->C - at)) - 1);
      const __m256i low = _mm256_maskz_loadu_epi16(in0 ? here : 0, row + w0 * s->C + at);
      const __m256i high = _mm256_maskz_loadu_epi16(in1 ? here : 0, row + w1 * s->C + at);
      _mm512_storeu_si512(to, _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16)));
    }
  }
}

// ---------------------------------------------------------------- product

// Where the pairs of a block lie: images of rows of pairs, and the steps between them in a and in b.
typedef struct {
  int64_t images, rows, pairs, a_image, a_row, b_image, b_row;
} walk;

BF16 INLINE void multiply(const uint32_t *a, const uint32_t *b, float *c, int64_t c_row, walk w, const int vectors) {
  __m512 sum[ROWS][MOST_VECTORS];
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < vectors; v++) {
      sum[r][v] = _mm512_setzero_ps();
      _mm_prefetch((const char *)(c + r * c_row + v * LANES), _MM_HINT_T0);
    }
  for (int64_t image = 0; image < w.images; image++)
    for (int64_t row = 0; row < w.rows; row++) {
      const uint32_t *pa = a + image * w.a_image + row * w.a_row, *pb = b + image * w.b_image + row * w.b_row;
      for (int64_t p = 0; p < w.pairs; p++, pa += ROWS, pb += vectors * LANES) {
        __m512bh column[MOST_VECTORS];
        for (int v = 0; v < vectors; v++) column[v] = (__m512bh)_mm512_loadu_si512(pb + v * LANES);
        for (int r = 0; r < ROWS; r++) {
          const __m512bh one = (__m512bh)_mm512_set1_epi32((int)pa[r]);
          for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], one, column[v]);
        }
      }
    }
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < vectors; v++) {
      float *to = c + r * c_row + v * LANES;
      _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), sum[r][v]));
    }
}

BF16 static void multiply1(const uint32_t *a, const uint32_t *b, float *c, int64_t c_row, walk w) { multiply(a, b, c, c_row, w, 1); }
BF16 static void multiply2(const uint32_t *a, const uint32_t *b, float *c, int64_t c_row, walk w) { multiply(a, b, c, c_row, w, 2); }
BF16 static void multiply3(const uint32_t *a, const uint32_t *b, float *c, int64_t c_row, walk w) { multiply(a, b, c, c_row, w, 3); }

// ---------------------------------------------------------------- blocks of pixels

// A block of pixels (images from `image`, output rows from `row`) and a thread's part of the output.
typedef struct {
  int64_t image, images, row, rows;
  int64_t o0, o1, c0, c1;  // blocks of ROWS, vectors of LANES
} part;

static void pack_dy(const plan *g, const part *t, uint32_t *a) {
  const im_conv_shape *s = g->s;
  const int64_t row_size = g->pairs * ROWS, block_size = t->images * t->rows * row_size;
  for (int64_t n = 0; n < t->images * t->rows; n++) {
    const int64_t row = (t->image + n / t->rows) * s->OH + t->row + n % t->rows;
    for (int64_t o = t->o0; o < t->o1; o++)
      pack_dy_row(g->dy + row * s->OW * s->OC, s->OW, s->OC, o * ROWS, g->pairs, a + (o - t->o0) * block_size + n * row_size);
  }
}

// Rows of x that a block meets: [image, kernel row + stride * output row]; those outside the picture are left out.
static void pack_x(const plan *g, const part *t, int64_t kw, int64_t c, int vectors, uint32_t *b) {
  const im_conv_shape *s = g->s;
  const int64_t row_size = g->pairs * vectors * LANES, first = t->row * s->stride - s->pad_top;
  const int64_t count = (t->rows - 1) * s->stride + s->KH;
  for (int64_t image = 0; image < t->images; image++)
    for (int64_t h = most(first, 0); h < least(first + count, s->H); h++) {
      const int64_t row = (t->image + image) * s->H + h;
      pack_x_row(g->x + row * s->W * s->C, s->W, kw - s->pad_left, s, c * LANES, vectors, g->pairs,
                 b + (image * count + h - first) * row_size);
    }
}

static void add_column(const plan *g, const part *t, int64_t kw, int64_t c, int vectors, const uint32_t *a, const uint32_t *b) {
  const im_conv_shape *s = g->s;
  const int64_t a_row = g->pairs * ROWS, b_row = g->pairs * vectors * LANES, x_count = (t->rows - 1) * s->stride + s->KH;
  const int64_t c_row = g->c_vectors * LANES, first = t->row * s->stride - s->pad_top;
  for (int64_t kh = 0; kh < s->KH; kh++) {
    // Output rows whose row of x, first + stride * r + kh, is inside.
    const int64_t r0 = first + kh >= 0 ? 0 : up(-(first + kh), s->stride);
    const int64_t r1 = first + kh >= s->H ? 0 : least(t->rows, (s->H - 1 - first - kh) / s->stride + 1);
    if (r0 >= r1) continue;
    walk w = {t->images, r1 - r0, g->pairs, t->rows * a_row, a_row, x_count * b_row, s->stride * b_row};
    if (s->stride == 1) {
      w.pairs *= w.rows;
      w.rows = 1;
    }
    const uint32_t *from = b + (r0 * s->stride + kh) * b_row;
    for (int64_t o = t->o0; o < t->o1; o++) {
      const uint32_t *dy = a + (o - t->o0) * t->images * t->rows * a_row + r0 * a_row;
      float *to = g->sums + (((kh * s->KW + kw) * g->o_blocks + o) * ROWS) * c_row + c * LANES;
      if (vectors == 3) multiply3(dy, from, to, c_row, w);
      else if (vectors == 2) multiply2(dy, from, to, c_row, w);
      else multiply1(dy, from, to, c_row, w);
    }
  }
}

static void add_block(const plan *g, const part *t, uint32_t *panel) {
  uint32_t *a = panel, *b = panel + g->a_size;
  pack_dy(g, t, a);
  for (int64_t c = t->c0; c < t->c1;) {
    const int64_t left = t->c1 - c;
    const int vectors = left == 4 ? 2 : (int)least(MOST_VECTORS, left);  // one vector alone is slow
    for (int64_t kw = 0; kw < g->s->KW; kw++) {
      pack_x(g, t, kw, c, vectors, b);
      add_column(g, t, kw, c, vectors, a, b);
    }
    c += vectors;
  }
}

static void add_share(const plan *g, int64_t share) {
  const im_conv_shape *s = g->s;
  const int64_t o = share / g->c_shares, c = share % g->c_shares;
  part t = {.o0 = g->o_blocks * o / g->o_shares, .o1 = g->o_blocks * (o + 1) / g->o_shares,
            .c0 = g->c_vectors * c / g->c_shares, .c1 = g->c_vectors * (c + 1) / g->c_shares};
  const int64_t c_row = g->c_vectors * LANES;
  for (int64_t tap = 0; tap < s->KH * s->KW; tap++)
    for (int64_t r = t.o0 * ROWS; r < t.o1 * ROWS; r++)
      memset(g->sums + (tap * g->o_blocks * ROWS + r) * c_row + t.c0 * LANES, 0, (size_t)(t.c1 - t.c0) * LANES * sizeof(float));
  for (t.image = 0; t.image < s->B; t.image += g->images)
    for (t.row = 0; t.row < s->OH; t.row += g->rows) {
      t.images = least(g->images, s->B - t.image);
      t.rows = least(g->rows, s->OH - t.row);
      add_block(g, &t, g->panels + ik_member() * g->panel_size);
    }
}

static void add_shares(void *context, int64_t begin, int64_t end) {
  for (int64_t share = begin; share < end; share++) add_share(context, share);
}

// ---------------------------------------------------------------- result

// From [tap, o, c] to [o, c, tap].
static void gather(void *context, int64_t begin, int64_t end) {
  const plan *g = context;
  const int64_t taps = g->s->KH * g->s->KW, C = g->s->C, c_row = g->c_vectors * LANES, tap_size = g->o_blocks * ROWS * c_row;
  for (int64_t o = begin; o < end; o++) {
    const float *from = g->sums + o * c_row;
    float *to = g->dw + o * C * taps;
    if (taps == 1) memcpy(to, from, (size_t)C * sizeof(float));
    else for (int64_t c = 0; c < C; c++)
      for (int64_t tap = 0; tap < taps; tap++) to[c * taps + tap] = from[tap * tap_size + c];
  }
}

// Rough cycles for a pair of pixels of one share: products, and what it packs.
static double cost(const plan *g, int64_t o_shares, int64_t c_shares) {
  const int64_t o = up(g->o_blocks, o_shares), c = up(g->c_vectors, c_shares);
  const double products = (double)(g->s->KH * g->s->KW * o * ROWS) * (c == 1 ? 1.5 : (double)c) / 2;
  return products + (double)(g->s->KW * c * 5) + (double)(o * 4);
}

// The same until all are done by `threads` of equal speed.
static double length(const plan *g, int64_t o_shares, int64_t c_shares, int64_t threads) {
  return cost(g, o_shares, c_shares) * (double)up(o_shares * c_shares, threads);
}

// Many shares, since threads take them as they become free, but not where packing more often would cost.
static void share_out(plan *g, int64_t threads) {
  g->o_shares = g->c_shares = 1;
  double shortest = length(g, 1, 1, threads);
  for (int pass = 0; pass < 2; pass++)
    for (int64_t c = 1; c <= least(PIECES * threads, g->c_vectors); c++)
      for (int64_t o = 1; o <= least(PIECES * threads / c, g->o_blocks); o++) {
        const double l = length(g, o, c, threads);
        if (pass == 0 && l < shortest) shortest = l;
        if (pass == 1 && l <= shortest * 1.02 && (o * c > g->o_shares * g->c_shares || length(g, g->o_shares, g->c_shares, threads) > shortest * 1.02)) {
          g->o_shares = o;
          g->c_shares = c;
        }
      }
}

static im_status run(const im_conv_shape *s, const im_operands *p) {
  plan g = {.s = s, .x = p->src, .dy = p->weights, .dw = p->dst};
  g.pairs = up(s->OW, 2);
  g.o_blocks = up(s->OC, ROWS);
  g.c_vectors = up(s->C, LANES);
  // Neighbouring blocks pack KH - 1 rows of x again, so a block is as high as the cache allows where channels are few.
  const int64_t pair_size = (g.o_blocks * ROWS + least(MOST_VECTORS, g.c_vectors) * LANES) * (int64_t)sizeof(uint32_t);
  const int64_t block = least(MOST_BLOCK_PAIRS, most(BLOCK_PAIRS, BLOCK_BYTES / pair_size));
  g.rows = least(s->OH, most(1, block / g.pairs));
  g.images = g.rows < s->OH ? 1 : least(s->B, most(1, block / (g.rows * g.pairs)));
  g.x_rows = (g.rows - 1) * s->stride + s->KH;
  const int64_t threads = ik_threads();
  share_out(&g, threads);
  g.a_size = up(g.images * g.rows * g.pairs * ROWS * up(g.o_blocks, g.o_shares), LANES) * LANES;
  g.panel_size = g.a_size + g.images * g.x_rows * g.pairs * MOST_VECTORS * LANES;
  const int64_t shares = g.o_shares * g.c_shares, taps = s->KH * s->KW;
  g.panels = im_scratch(IM_SCRATCH_SRC, (size_t)(least(threads, shares) * g.panel_size) * sizeof(uint32_t));
  g.sums = im_scratch(IM_SCRATCH_DST, (size_t)(taps * g.o_blocks * ROWS * g.c_vectors * LANES) * sizeof(float));
  if (!g.panels || !g.sums) return IM_NO_MEMORY;
  im_parallel(shares, INT64_MAX, add_shares, &g);
  im_parallel(s->OC, s->OC * s->C * taps * 8, gather, &g);
  return IM_DONE;
}

static int takes(const im_conv_shape *s) { return s->type == IK_BF16 && im_has_bf16(); }

const im_kernel im_gradient_bf16 = {.name = "gradient:avx512_bf16", .takes = takes, .run = run};
