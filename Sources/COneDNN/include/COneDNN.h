// The one place that knows oneDNN: primitives for convolutions and matrix products on channels-last
// activations, created once per shape, with weights repacked once into the layout oneDNN prefers.
//
// An `idnn_op` is a created primitive for one exact shape. `idnn_*` constructors return a cached op, or NULL
// with a message in idnn_error(). Ops live as long as the process. Calls come from one thread at a time.
// Threads are CKernels' pool, where oneDNN's own regions run too (Sources/CKernels/openmp.c).
#ifndef IMAGO_CONEDNN_H
#define IMAGO_CONEDNN_H
#include <stdint.h>
#include <stddef.h>

typedef enum { IDNN_F32 = 0, IDNN_BF16 = 1, IDNN_F16 = 2 } idnn_dtype;  // same values as ik_dtype
typedef enum { IDNN_NONE = 0, IDNN_SILU, IDNN_GELU, IDNN_QUICK_GELU, IDNN_RELU } idnn_activation;
typedef struct idnn_op idnn_op;

int idnn_init(void);                 // 0 on success
const char *idnn_error(void);        // message of the last failure
const char *idnn_version(void);      // "2.6.3"
int idnn_has_bf16(void);             // 1 if bf16 arithmetic runs on hardware instructions here

typedef struct {
  idnn_dtype type;                   // of src and dst (f32 or bf16); weights are packed to the same
  int64_t B, H, W, C;                // input [B, H, W, C]
  int64_t OH, OW, OC;                // output [B, OH, OW, OC]
  int64_t KH, KW, stride;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
} idnn_conv_shape;

// y = act(conv(x, w) + bias [+ residual]). residual: same shape and type as y.
// allow_winograd: used where it is faster; float32 to better than 1e-3 of the output's range, bf16 to a few of its roundings.
idnn_op *idnn_conv_forward(const idnn_conv_shape *s, int has_bias, int has_residual, idnn_activation act, int allow_winograd);
// dx = conv_transpose(dy, w)
idnn_op *idnn_conv_backward_data(const idnn_conv_shape *s);
// dw [OC, C, KH, KW] float32, overwritten. (The bias gradient is a column sum of dy: ik_reduce_sum.)
idnn_op *idnn_conv_backward_weights(const idnn_conv_shape *s);

// y [M, N] = act(x [M, K] * w [N, K]^T + bias [+ residual])
idnn_op *idnn_linear_forward(idnn_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual, idnn_activation act);
// dx [M, K] = dy [M, N] * w [N, K]
idnn_op *idnn_linear_backward_data(idnn_dtype type, int64_t M, int64_t N, int64_t K);
// dw [N, K] float32 = dy^T x
idnn_op *idnn_linear_backward_weights(idnn_dtype type, int64_t M, int64_t N, int64_t K);

// 8-bit products with bf16 activations, results in bf16: each row of activations and each output channel has a scale of its own.
// Convolutions are Winograd's (a scale a transformed tile and point). Shapes that these do not take run in bf16.
int idnn_has_int8(void);             // 1 if the processor multiplies bytes in vectors (AVX-512 VNNI, with bf16)
int idnn_linear_int8_takes(idnn_dtype type, int64_t N, int64_t K);
idnn_op *idnn_linear_int8(idnn_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual);
int idnn_conv_int8_takes(const idnn_conv_shape *s);
idnn_op *idnn_conv_int8(const idnn_conv_shape *s, int has_bias, int has_residual);

// Weights: the size and layout an op wants, and the repacking from the checkpoint's layout (OIHW or [N, K]).
// Two ops whose idnn_weights_layout is equal can share one packed copy.
size_t idnn_weights_bytes(const idnn_op *op);
uint64_t idnn_weights_layout(const idnn_op *op);
int idnn_pack_weights(const idnn_op *op, const void *src, idnn_dtype src_type, void *dst);
// The same from weights that were packed for another op of the same layer, which is faster: 1 if it was done, 0 where the two
// layouts are not of the kinds it knows.
int idnn_turn_weights(idnn_op *from, const void *packed, idnn_op *to, void *dst);

// Runs. Every pointer not needed by the op may be NULL. Return 0, or nonzero with idnn_error().
int idnn_run_forward(const idnn_op *op, const void *x, const void *packed_weights, const float *bias, const void *residual, void *y);
int idnn_run_backward_data(const idnn_op *op, const void *dy, const void *packed_weights, void *dx);
int idnn_run_backward_weights(const idnn_op *op, const void *x, const void *dy, float *dw);

// c [batch, M, N] = op(a) * op(b), plain row-major; a is [batch, M, K] or, transposed, [batch, K, M]; likewise b.
// a_batch_stride / b_batch_stride in elements (0 = the same matrix for every batch entry).
int idnn_matmul(idnn_dtype type, idnn_dtype out_type, int64_t batch, int64_t M, int64_t N, int64_t K, int transpose_a, int transpose_b,
                const void *a, int64_t a_batch_stride, const void *b, int64_t b_batch_stride, void *c);

// For `bench kernels`: the implementation's name, e.g. "brgconv:avx512_core_bf16".
const char *idnn_implementation(const idnn_op *op);
#endif
