// Float32 convolutions by Winograd's algorithm: F(4x4, 3x3), or F(2x2, 3x3) where oneDNN prefers it.
//
// oneDNN's kernel wants channels in blocks of 16 (nChw16c), so that images are reordered on both sides; with that
// it still gives 2 to 2.7 times the direct kernels' rate (500 GFLOP/s) on most of a U-Net and an autoencoder.
// The residual is added on the way back.
#include "internal.h"
#include <string.h>

enum { BLOCK = 16 };

// By shape without the batch, so that a row's result does not depend on its neighbours. Packed weights take 4 times
// the direct ones' memory: above 1280 x 1280 channels that costs more bandwidth than the saved products.
int idnn_winograd_pays(const idnn_conv_shape *s) {
  return s->type == IDNN_F32 && s->KH == 3 && s->KW == 3 && s->stride == 1
      && s->pad_top == 1 && s->pad_left == 1 && s->pad_bottom == 1 && s->pad_right == 1
      && s->C % BLOCK == 0 && s->OC % BLOCK == 0 && s->C >= 64 && s->OC >= 64
      && s->OH * s->OW >= 256 && s->C * s->OC <= 1280 * 1280;
}

typedef struct {
  const float *from, *residual;
  float *to;
  int64_t H, W, C;
} blocking;

static void block_rows(void *context, int64_t begin, int64_t end) {
  const blocking *c = context;
  const int64_t groups = c->C / BLOCK, plane = c->H * c->W * BLOCK;
  for (int64_t row = begin; row < end; row++) {
    const float *from = c->from + row * c->W * c->C;
    float *to = c->to + row / c->H * groups * plane + row % c->H * c->W * BLOCK;
    for (int64_t g = 0; g < groups; g++)
      for (int64_t w = 0; w < c->W; w++) memcpy(to + g * plane + w * BLOCK, from + w * c->C + g * BLOCK, BLOCK * sizeof(float));
  }
}

static void unblock_rows(void *context, int64_t begin, int64_t end) {
  const blocking *c = context;
  const int64_t groups = c->C / BLOCK, plane = c->H * c->W * BLOCK;
  for (int64_t row = begin; row < end; row++) {
    const float *from = c->from + row / c->H * groups * plane + row % c->H * c->W * BLOCK;
    float *to = c->to + row * c->W * c->C;
    const float *residual = c->residual ? c->residual + row * c->W * c->C : NULL;
    for (int64_t w = 0; w < c->W; w++)
      for (int64_t g = 0; g < groups; g++) {
        const float *f = from + g * plane + w * BLOCK;
        float *t = to + w * c->C + g * BLOCK;
        if (!residual) memcpy(t, f, BLOCK * sizeof(float));
        else for (int64_t k = 0; k < BLOCK; k++) t[k] = f[k] + residual[w * c->C + g * BLOCK + k];
      }
  }
}

// One chunk of the batch, of shape.B images.
static int run_chunk(const idnn_op *op, const float *x, const idnn_pointers *p, const float *residual, float *y) {
  const idnn_conv_shape *s = &op->shape;
  const int64_t in = s->B * s->H * s->W * s->C * 4, out = s->B * s->OH * s->OW * s->OC * 4;
  float *src = idnn_buffer(BUFFER_SRC, (size_t)in), *dst = idnn_buffer(BUFFER_DST, (size_t)out);
  if (!src || !dst) return dnnl_out_of_memory;
  idnn_parallel(s->B * s->H, in, block_rows, &(blocking){x, NULL, src, s->H, s->W, s->C});
  void *const pointers[] = {src, (void *)p->weights, dst, (void *)p->bias};
  const int status = idnn_execute(&op->primitive, pointers);
  if (status) return status;
  idnn_parallel(s->B * s->OH, out, unblock_rows, &(blocking){dst, residual, y, s->OH, s->OW, s->OC});
  return 0;
}

static int run(const idnn_op *op, const idnn_pointers *p) {
  const idnn_conv_shape *s = &op->shape;
  const int64_t in = s->B * s->H * s->W * s->C, out = s->B * s->OH * s->OW * s->OC;
  if (op->has_residual && !p->residual)
    return idnn_fail(dnnl_invalid_arguments, "%s: the residual is missing", op->primitive.name);
  if (!p->src || !p->dst) return idnn_fail(dnnl_invalid_arguments, "%s: an operand is missing", op->primitive.name);
  for (int64_t chunk = 0; chunk < op->chunks; chunk++) {
    const float *residual = op->has_residual ? (const float *)p->residual + chunk * out : NULL;
    const int status = run_chunk(op, (const float *)p->src + chunk * in, p, residual, (float *)p->dst + chunk * out);
    if (status) return status;
  }
  return 0;
}

// oneDNN sums channels in another order where the number of tiles has a factor of 3 or more, which would make an
// image's bits depend on the batch. Chunks of 1, 2, 4 or 8 images all agree.
static int64_t chunk_of(int64_t batch) { return batch % 8 == 0 ? 8 : batch % 4 == 0 ? 4 : batch % 2 == 0 ? 2 : 1; }

int idnn_build_winograd(idnn_op *op, const idnn_conv_shape *whole, int has_bias, int has_residual) {
  const idnn_conv_shape *s = &op->shape;
  op->shape = *whole;
  op->shape.B = chunk_of(whole->B);
  op->chunks = whole->B / op->shape.B;
  op->run = run;
  op->has_bias = has_bias;
  op->has_residual = has_residual;
  dnnl_memory_desc_t src, weights, bias, dst;
  idnn_image(&src, s->B, s->C, s->H, s->W, IDNN_F32, dnnl_nChw16c);
  idnn_image(&dst, s->B, s->OC, s->OH, s->OW, IDNN_F32, dnnl_nChw16c);
  idnn_weights_any(&weights, s->OC, s, IDNN_F32);
  const dnnl_dims_t channels = {s->OC}, strides = {1, 1}, left = {s->pad_top, s->pad_left}, right = {s->pad_bottom, s->pad_right};
  dnnl_memory_desc_init_by_tag(&bias, 1, channels, dnnl_f32, dnnl_a);
  dnnl_convolution_desc_t desc;
  int status = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_winograd,
                                                  &src, &weights, has_bias ? &bias : NULL, &dst, strides, left, right);
  dnnl_primitive_attr_t attr;
  if (!status) status = idnn_attributes(&attr, 0, NULL, IDNN_NONE);
  if (status) return status;
  idnn_choice choice;
  status = idnn_choose(&choice, &desc, attr, NULL);
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  op->weights = *dnnl_primitive_desc_query_md(choice.pd, dnnl_query_weights_md, 0);
  status = idnn_primitive_create(&op->primitive, choice);
  if (!status) status = idnn_argument(&op->primitive, DNNL_ARG_SRC, &src);
  if (!status) status = idnn_argument(&op->primitive, DNNL_ARG_WEIGHTS, &op->weights);
  if (!status) status = idnn_argument(&op->primitive, DNNL_ARG_DST, &dst);
  if (!status && has_bias) status = idnn_argument(&op->primitive, DNNL_ARG_BIAS, &bias);
  return status;
}
