// The one place that knows oneDNN: primitives for convolutions and matrix products on channels-last
// activations, created once per shape, with weights repacked once into the layout oneDNN prefers. Where our own kernels
// (CMatrixKernels) are faster, an op is one of those.
//
// An `idnn_op` is a created primitive for one exact shape and number of threads. `idnn_*` constructors return a cached op, or
// NULL with a message in idnn_error(). It is good until a few thousand other ops have been asked for (cache.c), so nobody keeps
// one: who wants to know it again keeps its number. Calls come from one thread at a time.
// Threads are CKernels' pool, where oneDNN's own regions run too (Sources/CKernels/openmp.c).
#ifndef IMAGO_CONEDNN_H
#define IMAGO_CONEDNN_H
#include "CMatrixKernels.h"
#include "idnn_table.h"

typedef enum { IDNN_NONE = 0, IDNN_SILU, IDNN_GELU, IDNN_QUICK_GELU, IDNN_RELU } idnn_activation;
typedef struct idnn_op idnn_op;

int idnn_init(void);                 // 0 on success
const char *idnn_error(void);        // message of the last failure
const char *idnn_version(void);      // "2.6.3"
int idnn_has_bf16(void);             // 1 if bf16 arithmetic runs on hardware instructions here

// Activations are f32 or bf16; weights are packed to the same.

// y = act(conv(x, w) + bias [+ residual]). residual: same shape and type as y.
// allow_winograd: used where it is faster; float32 to better than 1e-3 of the output's range, bf16 to a few of its roundings.
idnn_op *idnn_conv_forward(const im_conv_shape *s, int has_bias, int has_residual, idnn_activation act, int allow_winograd);
// dx = conv_transpose(dy, w)
idnn_op *idnn_conv_backward_data(const im_conv_shape *s);
// dw [OC, C, KH, KW] float32, overwritten. (The bias gradient is a column sum of dy: ik_reduce_sum.)
idnn_op *idnn_conv_backward_weights(const im_conv_shape *s);

// y [M, N] = act(x [M, K] * w [N, K]^T + bias [+ residual])
idnn_op *idnn_linear_forward(ik_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual, idnn_activation act);
// dx [M, K] = dy [M, N] * w [N, K]
idnn_op *idnn_linear_backward_data(ik_dtype type, int64_t M, int64_t N, int64_t K);
// dw [N, K] float32 = dy^T x
idnn_op *idnn_linear_backward_weights(ik_dtype type, int64_t M, int64_t N, int64_t K);

// 8-bit products with bf16 activations, results in bf16: each row of activations and each output channel has a scale of its own.
// Convolutions are Winograd's (a scale a transformed tile and point). Shapes that these do not take run in bf16.
int idnn_has_int8(void);             // 1 if the processor multiplies bytes in vectors (AVX-512 VNNI, with bf16)
int idnn_linear_int8_takes(ik_dtype type, int64_t N, int64_t K);
idnn_op *idnn_linear_int8(ik_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual);
int idnn_conv_int8_takes(const im_conv_shape *s);
idnn_op *idnn_conv_int8(const im_conv_shape *s, int has_bias, int has_residual);

// Weights: the size and layout an op wants, and the repacking from the checkpoint's layout (OIHW or [N, K]).
// Two ops whose idnn_weights_layout is equal can share one packed copy.
size_t idnn_weights_bytes(const idnn_op *op);
uint64_t idnn_weights_layout(const idnn_op *op);
int idnn_pack_weights(const idnn_op *op, const void *src, ik_dtype src_type, void *dst);
// The same from weights that were packed for another op of the same layer, by its number, which is faster: 1 if it was done, 0
// where that op is no longer kept or the two layouts are not of the kinds it knows.
int idnn_turn_weights(uint64_t from, const void *packed, idnn_op *to, void *dst);
uint64_t idnn_number(const idnn_op *op);

// Runs. Every pointer not needed by the op may be NULL. Return 0, or nonzero with idnn_error().
int idnn_run_forward(const idnn_op *op, const void *x, const void *packed_weights, const float *bias, const void *residual, void *y);
int idnn_run_backward_data(const idnn_op *op, const void *dy, const void *packed_weights, void *dx);
int idnn_run_backward_weights(const idnn_op *op, const void *x, const void *dy, float *dw);

// c [batch, M, N] = op(a) * op(b), plain row-major; a is [batch, M, K] or, transposed, [batch, K, M]; likewise b.
// a_batch_stride / b_batch_stride in elements (0 = the same matrix for every batch entry).
int idnn_matmul(ik_dtype type, ik_dtype out_type, int64_t batch, int64_t M, int64_t N, int64_t K, int transpose_a, int transpose_b,
                const void *a, int64_t a_batch_stride, const void *b, int64_t b_batch_stride, void *c);

// For `bench kernels`: the implementation's name, e.g. "brgconv:avx512_core_bf16".
const char *idnn_implementation(const idnn_op *op);
#endif
