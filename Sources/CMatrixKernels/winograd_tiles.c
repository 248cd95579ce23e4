// Tiles, threads and output of Winograd's algorithm, for every arithmetic.
#include "winograd_tiles.h"
#include <string.h>

enum { MOST_TILES = 192 };

static const uint16_t zeros[LANES] __attribute__((aligned(64)));

void winograd_locate(const winograd_plan *g, int64_t tile, winograd_pixels *at) {
  const im_conv_shape *s = g->s;
  const int64_t image = tile / (g->rows * g->columns), row = tile / g->columns % g->rows, column = tile % g->columns;
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      const int64_t h = 2 * row - 1 + i, w = 2 * column - 1 + j;
      const int inside = h >= 0 && h < s->H && w >= 0 && w < s->W;
      at->pixel[4 * i + j] = inside ? g->x + ((image * s->H + h) * s->W + w) * s->C : zeros;
      at->step[4 * i + j] = inside;
    }
}

// A^T m A of one tile for up to 64 channels from k on, with bias and residual.
BF16 static void finish_tile(const winograd_plan *g, int64_t tile, const float *m, int64_t k) {
  const im_conv_shape *s = g->s;
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

static void transform_groups(const winograd_plan *g, int64_t first, int64_t count, int64_t slot, char *v) {
  for (int64_t t = 0; t < count * GROUP; t++) {
    const int64_t tile = least(first * GROUP + t, g->tiles - 1);  // the last group is filled up
    g->arithmetic->transform(g, tile, v, slot + t);
  }
}

// All points of `count` groups for a block of output channels.
static void convolve(const winograd_plan *g, int64_t first, int64_t count, const char *v, float *m, int64_t k_block) {
  const int64_t k = k_block * WIDTH;
  const int vectors = g->s->OC - k > 2 * LANES ? 4 : 2;
  for (int64_t point = 0; point < POINTS; point++)
    for (int64_t n = 0; n < count; n++)
      g->arithmetic->multiply(g, v, point, n * GROUP, k_block, m + point * g->m_point + n * GROUP * WIDTH, vectors);
  const int64_t tiles = least(count * GROUP, g->tiles - first * GROUP);
  for (int64_t t = 0; t < tiles; t++) finish_tile(g, first * GROUP + t, m + t * WIDTH, k);
}

// Many tiles: a piece is a block of groups with all output channels.
static void take_blocks(void *context, int64_t begin, int64_t end) {
  const winograd_plan *g = context;
  char *v = g->v + ik_member() * g->v_size;
  float *m = g->m + ik_member() * g->m_size;
  for (int64_t n = begin; n < end; n++) {
    const int64_t first = g->groups * n / g->blocks, count = g->groups * (n + 1) / g->blocks - first;
    transform_groups(g, first, count, 0, v);
    for (int64_t k = 0; k < g->k_blocks; k++) convolve(g, first, count, v, m, k);
  }
}

// Few tiles: all are transformed first, then a piece is a block of output channels, so that the weights, which are the larger
// part, are read once.
static void take_transforms(void *context, int64_t begin, int64_t end) {
  const winograd_plan *g = context;
  transform_groups(g, begin, end - begin, begin * GROUP, g->v);
}

static void take_channels(void *context, int64_t begin, int64_t end) {
  const winograd_plan *g = context;
  for (int64_t k = begin; k < end; k++) convolve(g, 0, g->groups, g->v, g->m + ik_member() * g->m_size, k);
}

im_status winograd_run(const winograd_arithmetic *arithmetic, const im_conv_shape *s, const im_operands *p, size_t bytes) {
  winograd_plan g = {.arithmetic = arithmetic, .s = s, .x = p->src, .weights = p->weights, .y = p->dst, .bias = p->bias, .residual = p->residual};
  g.rows = up(s->OH, 2);
  g.columns = up(s->OW, 2);
  g.tiles = s->B * g.rows * g.columns;
  g.groups = up(g.tiles, GROUP);
  g.k_blocks = up(s->OC, WIDTH);
  const int few = g.tiles <= MOST_TILES;
  // Transformed pixels of a block: half of the second cache, or more where the weights do not fit the third and must not be
  // read too often.
  const int64_t row = s->C * arithmetic->element, room = (int64_t)bytes > 16 << 20 ? 4 << 20 : 1 << 19;
  g.block = few ? g.groups : most(4, room / (POINTS * GROUP * row));
  const int64_t threads = ik_threads();
  // As many blocks for each thread.
  g.blocks = least(up(up(g.groups, g.block), threads) * threads, g.groups);
  // Powers of two between the points would all fall into the same cache sets.
  g.v_point = g.block * GROUP * row + 192;
  g.m_point = g.block * GROUP * WIDTH + LANES;
  g.beside = POINTS * g.v_point;
  g.v_size = up(g.beside + POINTS * g.block * GROUP * arithmetic->beside, 8192) * 8192;
  g.m_size = up(POINTS * g.m_point, 1024) * 1024;
  g.v = im_scratch(IM_SCRATCH_SRC, (size_t)((few ? 1 : threads) * g.v_size));
  g.m = im_scratch(IM_SCRATCH_DST, (size_t)(threads * g.m_size) * sizeof *g.m);
  if (!g.v || !g.m) return IM_NO_MEMORY;
  if (few) {
    im_parallel(g.groups, INT64_MAX, take_transforms, &g);
    im_parallel(g.k_blocks, INT64_MAX, take_channels, &g);
  } else {
    im_parallel(g.blocks, INT64_MAX, take_blocks, &g);
  }
  return IM_DONE;
}
