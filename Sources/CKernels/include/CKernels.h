// Vector kernels of the CPU backends: plain C functions over raw buffers.
//
// Conventions
// - Activations are channels-last: an image batch is [B, H, W, C], a token batch [B, T, C]; both are
//   `rows` of `C` contiguous elements, so one kernel serves both.
// - `ik_dtype` names the element type of activations. Statistics, scales (gamma, beta) and the
//   gradients of parameters are always float32; accumulation is always float32 or wider.
// - Every function is deterministic: the same input gives the same bits for any thread count
//   (work is split over outputs, never over a reduction, unless the split is fixed by the shape).
// - Pointers need no alignment. Counts may be zero. Output may alias an input only where said.
// - Vector code picks its instruction set at run time (see ik_isa).
#ifndef IMAGO_CKERNELS_H
#define IMAGO_CKERNELS_H
#include "ik_bf16.h"
#include <stdint.h>
#include <stddef.h>

typedef enum { IK_F32 = 0, IK_BF16 = 1, IK_F16 = 2 } ik_dtype;

// ---------------------------------------------------------------- threads.c
// One pool for everything (pool.c), which oneDNN uses too (openmp.c).
void ik_set_threads(int n);
int ik_threads(void);
// The calling thread sees this number from now on, whatever is set meanwhile: for work that was cut for it. 0 ends that. Returns what
// it was.
int ik_hold_threads(int n);
typedef void (*ik_body)(void *context, int64_t begin, int64_t end);
// Calls body on disjoint ranges of at least `grain` that cover 0..<n: threads take one after the other, as they become free.
void ik_parallel_for(int64_t n, int64_t grain, ik_body body, void *context);
// Which of the threads that share a loop this is, below ik_threads(): two ranges with the same number never run at once.
int ik_member(void);
// OpenMP regions that this thread starts from now on are cut into `parts` a thread, taken by whoever is free; their parts must
// not wait for one another. 0 or 1: one part a thread, all at once.
void ik_divide(int parts);
// For tests: thread `member` sleeps before whatever it does; -1 ends that.
void ik_delay(int member, int microseconds);
// "avx512-bf16", "avx512", "avx2" or "baseline": what the kernels run on here. The environment variable
// IMAGO_ISA names a lower one to force it (tests run every level the machine has).
const char *ik_isa(void);
int ik_isa_level(void);  // 0 baseline, 1 avx2, 2 avx512, 3 avx512 + bf16 instructions
void ik_force_isa_level(int level);  // for tests; clamped to what the processor has

// ---------------------------------------------------------------- elementwise.c
// To bf16, float32 denormals (below 2^-126) become zero where the conversion is one instruction (avx512-bf16).
void ik_convert(const void *src, ik_dtype src_type, void *dst, ik_dtype dst_type, int64_t n);
void ik_fill(void *dst, ik_dtype type, float value, int64_t n);
typedef enum { IK_ADD = 0, IK_SUB = 1, IK_MUL = 2, IK_DIV = 3, IK_MAX = 4, IK_MIN = 5 } ik_binary_op;
// out[i] = a[..] op b[..] over `shape` (rank <= 6, row-major, contiguous out); strides in elements, 0 repeats.
// The usual cases (same shape, scalar, a vector along the last axis, [B,1,1,C]) run at memory speed. f32 and bf16.
void ik_binary(ik_binary_op op, ik_dtype type, int rank, const int64_t *shape,
               const void *a, const int64_t *a_strides, const void *b, const int64_t *b_strides, void *out);
// out = alpha * a + beta * b + gamma; b may be NULL; out may alias a or b. f32 and bf16.
void ik_axpby(ik_dtype type, int64_t n, float alpha, const void *a, float beta, const void *b, float gamma, void *out);
typedef enum {
  IK_NEG = 0, IK_EXP, IK_LOG, IK_SQRT, IK_RSQRT, IK_SQUARE, IK_ABS, IK_SIN, IK_COS, IK_TANH, IK_SIGMOID,
  IK_RELU, IK_SILU, IK_GELU /* erf */, IK_GELU_TANH, IK_QUICK_GELU /* x * sigmoid(1.702 x) */,
  IK_CLAMP /* p0 .. p1 */, IK_RECIPROCAL, IK_LEAKY_RELU /* slope p0 */, IK_SOFTPLUS, IK_UNARY_COUNT
} ik_unary_op;
void ik_unary(ik_unary_op op, ik_dtype type, int64_t n, const void *x, float p0, float p1, void *out);
// dx = dy * f'(x)
void ik_unary_backward(ik_unary_op op, ik_dtype type, int64_t n, const void *x, const void *dy, float p0, float p1, void *dx);
// y[r][j] = x[r][j] * gelu(x[r][D + j]), erf form; x is [rows, 2D].
void ik_geglu(ik_dtype type, int64_t rows, int64_t D, const void *x, void *y);
void ik_geglu_backward(ik_dtype type, int64_t rows, int64_t D, const void *x, const void *dy, void *dx);

// ---------------------------------------------------------------- movement.c
// out (contiguous, `shape`) = in read through `in_strides` (elements). Any permutation or broadcast; rank <= 6.
void ik_gather_strided(int element_bytes, int rank, const int64_t *shape, const void *in, const int64_t *in_strides, void *out);
// rows copies of row_bytes bytes between two strided buffers (concatenation and slicing along any axis).
void ik_copy_rows(const void *src, int64_t src_stride_bytes, void *dst, int64_t dst_stride_bytes, int64_t row_bytes, int64_t rows);
// x [B,H,W,C] -> y [B,2H,2W,C]
void ik_upsample_nearest2x(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, const void *x, void *y);
void ik_upsample_nearest2x_backward(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, const void *dy, void *dx);
// out[i] = table[ids[i]], rows of D; table f32, bf16 or f16; ids are in range (the caller checks).
void ik_embedding(ik_dtype table_type, const void *table, int64_t D, const int32_t *ids, int64_t n, ik_dtype out_type, void *out);
// dtable[ids[i]] += dy[i]; dtable is float32 and zeroed by the caller; summed in index order.
void ik_embedding_backward(ik_dtype dy_type, const void *dy, int64_t D, const int32_t *ids, int64_t n, float *dtable, int64_t table_rows);
// columns [B*OH*OW, KH*KW*C] of a channels-last image, zero padded; and its adjoint (overwrites x).
void ik_im2col(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, int64_t KH, int64_t KW, int64_t stride,
               int64_t pad_top, int64_t pad_left, int64_t OH, int64_t OW, const void *x, void *columns);
void ik_col2im(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, int64_t KH, int64_t KW, int64_t stride,
               int64_t pad_top, int64_t pad_left, int64_t OH, int64_t OW, const void *columns, void *x);

// ---------------------------------------------------------------- reduction.c
// out = scale * sum over the axes with reduced[i] != 0; out keeps the other axes in order. Accumulates in float32
// blocks (pairwise or wider), fixed by the shape. in f32/bf16, out f32/bf16.
void ik_reduce_sum(ik_dtype in_type, int rank, const int64_t *shape, const uint8_t *reduced, const void *in, float scale,
                   ik_dtype out_type, void *out);
double ik_sum_squares(ik_dtype type, int64_t n, const void *x);
int64_t ik_first_nonfinite(ik_dtype type, int64_t n, const void *x);  // index, or -1
void ik_softmax(ik_dtype type, int64_t rows, int64_t columns, const void *x, void *y);
void ik_softmax_backward(ik_dtype type, int64_t rows, int64_t columns, const void *y, const void *dy, void *dx);

// ---------------------------------------------------------------- normalization.c
// GroupNorm over [B, S, C] (S = H*W), G groups of C/G neighbouring channels, optional SiLU behind it.
// stride: elements between the gamma (and beta) of neighbouring images: 0 for [C], the same for all, or C for [B, C].
// mean, rstd: [B, G], written by forward, read by backward.
void ik_group_norm(ik_dtype type, int64_t B, int64_t S, int64_t C, int64_t G, float eps, int silu, const void *x,
                   const float *gamma, const float *beta, int64_t stride, void *y, float *mean, float *rstd);
// Any of dx, dgamma+dbeta may be NULL. dgamma, dbeta: shaped like gamma, overwritten.
void ik_group_norm_backward(ik_dtype type, int64_t B, int64_t S, int64_t C, int64_t G, int silu, const void *x,
                            const float *gamma, const float *beta, int64_t stride, const float *mean, const float *rstd,
                            const void *dy, void *dx, float *dgamma, float *dbeta);
void ik_layer_norm(ik_dtype type, int64_t rows, int64_t C, float eps, const void *x, const float *gamma, const float *beta,
                   void *y, float *mean, float *rstd);  // mean, rstd: [rows]
void ik_layer_norm_backward(ik_dtype type, int64_t rows, int64_t C, const void *x, const float *gamma, const float *mean,
                            const float *rstd, const void *dy, void *dx, float *dgamma, float *dbeta);

// y = x / sqrt(mean(x^2) + eps) * gamma (Zhang & Sennrich 2019); rstd: [rows].
void ik_rms_norm(ik_dtype type, int64_t rows, int64_t C, float eps, const void *x, const float *gamma, void *y, float *rstd);
void ik_rms_norm_backward(ik_dtype type, int64_t rows, int64_t C, const void *x, const float *gamma, const float *rstd, const void *dy,
                          void *dx, float *dgamma);

// ---------------------------------------------------------------- rotary.c
// Rotary positions (Su et al. 2021): pairs of numbers of each head of x [tokens, heads * D] turned by the angles of its position,
// token % T, whose cosines and sines are [T, D / 2]. Pairs are neighbours (2k, 2k + 1), or (k, k + D / 2). D is even. `inverse` turns
// the other way, which is the gradient.
void ik_rotary(ik_dtype type, int64_t tokens, int64_t T, int64_t heads, int64_t D, int neighbours, int inverse, const void *x,
               const float *cosines, const float *sines, void *y);

// ---------------------------------------------------------------- attention.c
// softmax(scale * q k^T) v for `heads` heads packed side by side: q [B, Tq, heads*D], k and v [B, Tk, heads*D],
// out like q. Row strides (elements between neighbouring tokens) let q, k, v be slices of one projection.
// causal: query i sees keys j <= i. lse: NULL or [B, heads, Tq] log-sum-exp, which backward needs.
// The score matrix is never stored: memory is linear in tokens.
void ik_attention(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                  const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v, int64_t v_stride,
                  void *out, int64_t out_stride, float *lse);
// dq, dk, dv are contiguous, shaped like q, k, v.
void ik_attention_backward(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                           const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v, int64_t v_stride,
                           const void *out, const float *lse, const void *d_out, void *dq, void *dk, void *dv);

// The same with numbers added to the scaled scores: bias[b * b_stride + h * h_stride + i * q_stride + j] for head h of image b, query i,
// key j; strides in elements, 0 repeats. Below -1e4 they count as that, so that a row without visible keys is a mean, and differences of two scores are exact enough. scale is not 0.
// d_bias: NULL or the scores' gradient [B, heads, Tq, Tk].
typedef struct {
  const float *values;
  int64_t b_stride, h_stride, q_stride;
} ik_score_bias;
void ik_attention_biased(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                         ik_score_bias bias, const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v,
                         int64_t v_stride, void *out, int64_t out_stride, float *lse);
void ik_attention_biased_backward(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                                  ik_score_bias bias, const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v,
                                  int64_t v_stride, const void *out, const float *lse, const void *d_out, void *dq, void *dk, void *dv,
                                  float *d_bias);

// ---------------------------------------------------------------- depthwise.c
// y [B,OH,OW,C] = each channel of x [B,H,W,C] convolved by its own kernel w [KH,KW,C], zero padded, plus bias [C] (NULL: 0). f32 and bf16.
void ik_depthwise(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, int64_t KH, int64_t KW, int64_t stride, int64_t pad_top,
                  int64_t pad_left, int64_t OH, int64_t OW, const void *x, const float *w, const float *bias, void *y);

// ---------------------------------------------------------------- optimizer.c
// One AdamW step (Loshchilov & Hutter 2019), in torch's order of operations: p -= lr*wd*p; then
// m, v updated with gradient_scale * g; p -= lr/(1-b1^t) * m / (sqrt(v)/sqrt(1-b2^t) + eps).
void ik_adamw(int64_t n, float *p, const float *g, float *m, float *v, float gradient_scale, float lr, float beta1,
              float beta2, float eps, float weight_decay, double bias_correction1, double bias_correction2);
// ema = decay * ema + (1 - decay) * p
void ik_ema(int64_t n, float *ema, const float *p, float decay);
#endif
