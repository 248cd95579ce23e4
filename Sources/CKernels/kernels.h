// Private to CKernels: the arguments of each kernel and the table of kernels, one table per
// instruction set.
//
// How it works. kernels_<level>.c compiles every *_kernels.h once, for one vector length and
// instruction set, and exports a table of loop bodies for ik_parallel_for. The public functions
// (elementwise.c, normalization.c, ...) fill in a job and start the body of the current level.
// Vectors are always filled, tails included, by the same expressions, so an element's bits do not
// depend on where a thread's range begins or ends.
#ifndef IMAGO_KERNELS_H
#define IMAGO_KERNELS_H
#include "CKernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IK_MAX_RANK = 6 };

static inline int64_t ik_bytes(ik_dtype type) { return type == IK_F32 ? 4 : 2; }
static inline int64_t ik_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ik_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ik_blocks(int64_t n, int64_t block) { return (n + block - 1) / block; }
// Units per thread worth a parallel region (a few microseconds) when one costs `cost` elements.
static inline int64_t ik_grain(int64_t elements, int64_t cost) {
  return ik_max(1, elements / ik_max(1, cost));
}
// `bytes` of 64-byte aligned memory, to be freed with free().
void *ik_scratch(int64_t bytes);

typedef struct {
  int op;
  ik_dtype type, to;
  int64_t D;                // geglu
  const void *a, *b;
  void *out;
  float p0, p1, p2;
  int rank;                 // binary
  int64_t shape[IK_MAX_RANK], a_strides[IK_MAX_RANK], b_strides[IK_MAX_RANK];
} ik_elementwise_job;

typedef struct {
  ik_dtype type, to;
  int64_t H, W, C, n, KH, KW, stride, pad_top, pad_left, OH, OW;
  const void *in;
  const int32_t *ids;
  void *out;
} ik_movement_job;

typedef struct {
  ik_dtype type;
  int64_t rows, C;          // per outer index: `rows` summed into C columns
  int64_t chunk, chunks;    // rows of one unit of work, units of one outer index
  int squares;
  const void *a, *b;
  void *out;
  double *partial;
  int64_t found;            // first_nonfinite: lowest index so far
} ik_reduction_job;

typedef struct {
  ik_dtype type;
  int silu;
  int64_t B, S, C, G;
  int64_t stride;           // elements between the gamma of neighbouring images: 0 or C
  int64_t chunk, chunks;    // positions of one unit of work, units of one image
  float eps;
  const void *x, *dy;
  void *out;
  const float *gamma, *beta;
  float *mean, *rstd;
  double *partial;          // [B * chunks, 2, C]
  float *channels;          // [B, 6, C], see normalization_kernels.h
  float *dgamma, *dbeta;
} ik_norm_job;

typedef struct {
  ik_dtype type;
  int64_t T, heads, D;
  int neighbours;
  float direction;
  const void *x;
  const float *cosines, *sines;  // [T, D / 2]
  void *y;
} ik_rotary_job;

typedef struct {
  float *p, *m, *v;
  const float *g;
  float gradient_scale, keep, step, c1, b2, c2, root, eps;
} ik_optimizer_job;

typedef struct {
  ik_dtype type;
  int64_t H, W, C, KH, KW, stride, pad_top, pad_left, OH, OW;
  const void *x;
  const float *w, *bias;    // w: [KH, KW, C]
  void *y;
} ik_depthwise_job;

typedef struct {
  ik_body convert, binary, axpby, unary, unary_backward, geglu, geglu_backward;
  ik_body upsample_backward, embedding, embedding_backward, col2im;
  ik_body sum_rows, sum_columns, first_nonfinite, softmax, softmax_backward;
  ik_body group_norm_sums, group_norm_apply, group_norm_backward_sums, group_norm_backward_apply;
  ik_body layer_norm, rms_norm, layer_norm_backward;
  ik_body depthwise, rotary;
  ik_body adamw, ema;
} ik_kernels;

extern const ik_kernels ik_kernels_baseline, ik_kernels_avx2, ik_kernels_avx512, ik_kernels_bf16;
// The table of the current level.
const ik_kernels *ik_table(void);
#endif
