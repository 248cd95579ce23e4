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
int idnn_winograd_pays(const im_conv_shape *s) {
  return s->type == IK_F32 && s->KH == 3 && s->KW == 3 && s->stride == 1
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
static int run_chunk(const idnn_op *op, const float *x, const im_operands *p, const float *residual, float *y) {
  const im_conv_shape *s = &op->shape;
  const int64_t in = s->B * s->H * s->W * s->C * 4, out = s->B * s->OH * s->OW * s->OC * 4;
  float *src = im_scratch(IM_SCRATCH_SRC, (size_t)in), *dst = im_scratch(IM_SCRATCH_DST, (size_t)out);
  if (!src || !dst) return dnnl_out_of_memory;
  im_parallel(s->B * s->H, in, block_rows, &(blocking){x, NULL, src, s->H, s->W, s->C});
  void *const pointers[] = {src, (void *)p->weights, dst, (void *)p->bias};
  const int status = idnn_execute(&op->primitive, pointers);
  if (status) return status;
  im_parallel(s->B * s->OH, out, unblock_rows, &(blocking){dst, residual, y, s->OH, s->OW, s->OC});
  return 0;
}

static int run(const idnn_op *op, const im_operands *p) {
  const im_conv_shape *s = &op->shape;
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

int idnn_build_winograd(idnn_op *op, const im_conv_shape *whole, int has_bias, int has_residual) {
  const im_conv_shape *s = &op->shape;
  op->shape = *whole;
  op->shape.B = chunk_of(whole->B);
  op->chunks = whole->B / op->shape.B;
  op->run = run;
  op->has_bias = has_bias;
  op->has_residual = has_residual;
  dnnl_memory_desc_t src, weights, bias, dst;
  idnn_image(&src, s->B, s->C, s->H, s->W, IK_F32, dnnl_nChw16c);
  idnn_image(&dst, s->B, s->OC, s->OH, s->OW, IK_F32, dnnl_nChw16c);
  idnn_weights_any(&weights, s->OC, s, IK_F32);
  const dnnl_dims_t channels = {s->OC};
  dnnl_memory_desc_init_by_tag(&bias, 1, channels, dnnl_f32, dnnl_a);
  const dnnl_memory_desc_t *with_bias = has_bias ? &bias : NULL;
  dnnl_convolution_desc_t desc;
  const int status = idnn_convolution_desc(&desc, dnnl_forward_inference, dnnl_convolution_winograd, s, &src, &weights, with_bias, &dst);
  if (status) return status;
  const idnn_recipe recipe = {
    .desc = &desc,
    .operands = {{DNNL_ARG_SRC, &src}, {DNNL_ARG_WEIGHTS, NULL, dnnl_query_weights_md, &op->weights}, {DNNL_ARG_DST, &dst},
                 {DNNL_ARG_BIAS, with_bias}}};
  return idnn_prepare(&op->primitive, &recipe);
}

int idnn_transform_weights(const dnnl_memory_desc_t *to, const float *src, float *dst) {
  const dnnl_wino_desc_t *w = &to->format_desc.wino_desc;
  if (to->format_kind != dnnl_format_kind_wino || w->wino_format != dnnl_wino_wei_OBaaIBOIio || w->alpha != 6 || w->r != 3
      || w->ic_block != BLOCK || w->oc_block != BLOCK || w->adj_scale != 1
      || w->ic % (BLOCK * w->ic2_block) || w->oc % (BLOCK * w->oc2_block)) return 0;
  im_winograd_weights_f32(src, dst, w->oc, w->ic, w->oc2_block, w->ic2_block);
  return 1;
}
