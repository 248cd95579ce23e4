// Matrix products and convolutions on vector instructions, where they beat the library's. They know no library: whoever
// chooses between the two asks `takes`, packs weights once and runs.
//
// Conventions are those of CKernels: channels-last activations, the same bits for any number of threads. Calls come from one
// thread at a time, since they share scratch memory (`im_scratch`).
#ifndef IMAGO_CMATRIXKERNELS_H
#define IMAGO_CMATRIXKERNELS_H
#include "CKernels.h"

// A convolution of channels-last images. A linear layer is one of M pixels: B = M, C = K, OC = N, all else 1 or 0.
typedef struct {
  ik_dtype type;                     // of the activations
  int64_t B, H, W, C;                // input [B, H, W, C]
  int64_t OH, OW, OC;                // output [B, OH, OW, OC]
  int64_t KH, KW, stride;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
} im_conv_shape;

im_conv_shape im_linear_shape(ik_dtype type, int64_t M, int64_t N, int64_t K);
// Whether it is a linear layer: one tap, stride 1, no padding.
int im_is_pointwise(const im_conv_shape *s);

// What a run reads and writes. NULL: no bias, no residual. For a gradient of weights src is x, weights is dy and dst is dw.
typedef struct {
  const void *src, *weights, *residual;
  const float *bias;
  void *dst;
} im_operands;

typedef enum { IM_DONE = 0, IM_NO_MEMORY } im_status;

// A kernel for some shapes. Results have the type of the activations, gradients of weights are float32.
typedef struct {
  const char *name;
  int (*takes)(const im_conv_shape *s);
  im_status (*run)(const im_conv_shape *s, const im_operands *p);
  // Packed weights: their bytes, and packing the checkpoint's [O, I, KH, KW] or, turned by half a circle with the channels
  // exchanged, for the gradient of a convolution's input as a convolution. NULL for gradients of weights.
  size_t (*bytes)(const im_conv_shape *s);
  void (*pack)(const im_conv_shape *s, int turned, const void *src, ik_dtype type, void *dst);
  // Where numbers of that layout lie, as sums of an offset for each output, input and tap of the checkpoint; returns the number
  // of taps. NULL where that cannot be said.
  int64_t (*places)(const im_conv_shape *s, int turned, int64_t *o, int64_t *i, int64_t *tap);
} im_kernel;

// 3x3 convolutions with stride 1 by Winograd's algorithm on bf16 instructions, where that pays.
extern const im_kernel im_winograd_bf16;
// In 8 bits with bf16 activations: each row of activations and each output channel has a scale of its own.
extern const im_kernel im_winograd_int8, im_linear_int8;
// Gradients of convolution weights on bf16 instructions.
extern const im_kernel im_gradient_bf16;

// 1 if the processor multiplies pairs of bf16 in vectors (AVX-512 BF16), and bytes too (VNNI).
int im_has_bf16(void);
int im_has_int8(void);

// ---------------------------------------------------------------- weights
// Weights are packed in tiles of 64 output by 16 input channels, 128 of a matrix, that stay in the nearest cache on both sides.
enum { IM_TILE_O = 64 };
int64_t im_tile_inputs(int64_t taps);

// Weights [O, I, taps] to bf16 at the sums of three offsets, where pairs lie along one axis of channels and vectors of sixteen
// along the other; 0 if the offsets or the processor are of another kind.
int im_pack_pairs(const void *src, ik_dtype from, uint16_t *dst, int64_t O, int64_t I, int64_t taps, const int64_t *o,
                  const int64_t *i, const int64_t *tap);
// Whether `count` offsets go up by `step` within groups of `group`.
int im_are_grouped(const int64_t *offsets, int64_t count, int64_t group, int64_t step);

// Packed weights from others whose pairs lie along the other axis: the bits are those of packing the checkpoint's.
typedef struct {
  const uint16_t *src;
  uint16_t *dst;
  int64_t pairs, lanes, taps;        // lengths of the axes, by what they are in the source; multiples of 16
  const int64_t *from_pair, *from_lane, *from_tap, *to_pair, *to_lane, *to_tap;
} im_exchange;
void im_exchange_pairs(const im_exchange *e);

// U = G g G^T of Winograd's F(4x4, 3x3) for src [O, I, 3, 3] in float32, to [O / (oc2 16), 6, 6, I / (ic2 16), oc2, ic2, 16 i, 16 o].
// Channels are multiples of 16 oc2 and 16 ic2.
void im_winograd_weights_f32(const float *src, float *dst, int64_t O, int64_t I, int64_t oc2, int64_t ic2);

// ---------------------------------------------------------------- loops and memory
// Calls body on ranges of [0, n) in the pool of threads; `bytes` moved in all says whether it is worth it.
void im_parallel(int64_t n, int64_t bytes, ik_body body, void *context);
// Copies rows of `width` bytes; strides in bytes.
void im_copy_rows(void *to, size_t to_stride, const void *from, size_t from_stride, size_t width, int64_t rows);

// Buffers that grow and are shared by all calls, page-aligned; NULL if there is no memory. Slots are independent: what one holds
// survives a request for another. A slot has one user at a time.
typedef enum { IM_SCRATCH_LIBRARY, IM_SCRATCH_SRC, IM_SCRATCH_DST, IM_SCRATCH_BIAS, IM_SCRATCH_SLOTS } im_slot;
void *im_scratch(im_slot slot, size_t bytes);
#endif
