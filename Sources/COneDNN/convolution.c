// Convolutions on channels-last images, and the gradient of their input.
//
// Measured choices (2 cores, AVX-512 with bf16; oneDNN 2.6.3):
// - A residual as a binary post-op leaves the fast brgconv kernels (1100 to 900 GFLOP/s in bf16, 510 to 390 in
//   float32); as a sum it does not. So the residual is first copied to the output.
// - With stride 1 the input's gradient is a convolution with the weights turned by half a circle, on the forward
//   kernels: up to 1.7 times faster than the backward ones.
// - bf16 rows of up to 4 pixels: brgconv multiplies the padding (780 GFLOP/s), jit_bf16 skips it (1430), but only in
//   whole blocks of 64 output channels. So channels are rounded up to that and cut off again.
#include "internal.h"
#include <string.h>

int idnn_convolution_key(int64_t *key, idnn_kind kind, const im_conv_shape *s) {
  const int64_t fields[] = {kind, s->type, s->B, s->H, s->W, s->C, s->OH, s->OW, s->OC, s->KH, s->KW, s->stride,
                            s->pad_top, s->pad_left, s->pad_bottom, s->pad_right};
  memcpy(key, fields, sizeof fields);
  return (int)(sizeof fields / sizeof *fields);
}

void idnn_image(dnnl_memory_desc_t *md, int64_t B, int64_t C, int64_t H, int64_t W, ik_dtype type, dnnl_format_tag_t tag) {
  const dnnl_dims_t dims = {B, C, H, W};
  dnnl_memory_desc_init_by_tag(md, 4, dims, idnn_type(type), tag);
}

void idnn_weights_any(dnnl_memory_desc_t *md, int64_t O, const im_conv_shape *s, ik_dtype type) {
  const dnnl_dims_t dims = {O, s->C, s->KH, s->KW};
  dnnl_memory_desc_init_by_tag(md, 4, dims, idnn_type(type), dnnl_format_tag_any);
}

void idnn_remember_weights(idnn_op *op, const im_conv_shape *s) {
  const int64_t dims[4] = {s->OC, s->C, s->KH, s->KW};
  memcpy(op->weight_dims, dims, sizeof dims);
}

int idnn_convolution_desc(dnnl_convolution_desc_t *desc, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, const im_conv_shape *s,
                          const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias,
                          const dnnl_memory_desc_t *dst) {
  const dnnl_dims_t strides = {s->stride, s->stride}, left = {s->pad_top, s->pad_left}, right = {s->pad_bottom, s->pad_right};
  if (kind == dnnl_backward_data)
    return dnnl_convolution_backward_data_desc_init(desc, algorithm, src, weights, dst, strides, left, right);
  if (kind == dnnl_backward_weights)
    return dnnl_convolution_backward_weights_desc_init(desc, algorithm, src, weights, bias, dst, strides, left, right);
  return dnnl_convolution_forward_desc_init(desc, kind, algorithm, src, weights, bias, dst, strides, left, right);
}

// ---------------------------------------------------------------- forward

// Runs the primitive; before and after it, moves what must be where it reads and writes.
static int run_forward(const idnn_op *op, const im_operands *p) {
  const im_conv_shape *s = &op->shape;
  const size_t bytes = idnn_type_bytes(s->type), width = (size_t)s->OC * bytes, wide = (size_t)op->wide * bytes;
  const int64_t pixels = s->B * s->OH * s->OW;
  const float *bias = p->bias;
  void *dst = p->dst;
  if (op->wide > s->OC) {
    dst = im_scratch(IM_SCRATCH_DST, (size_t)pixels * wide);
    float *wide_bias = im_scratch(IM_SCRATCH_BIAS, (size_t)op->wide * sizeof(float));
    if (!dst || !wide_bias) return dnnl_out_of_memory;
    if (bias) {
      memset(wide_bias, 0, (size_t)op->wide * sizeof(float));
      memcpy(wide_bias, bias, (size_t)s->OC * sizeof(float));
      bias = wide_bias;
    }
  }
  if (op->has_residual) {
    if (!p->residual) return idnn_fail(dnnl_invalid_arguments, "%s: the residual is missing", op->primitive.name);
    if (p->residual != dst) im_copy_rows(dst, wide, p->residual, width, width, pixels);
  }
  void *const pointers[] = {(void *)p->src, (void *)p->weights, dst, (void *)bias};
  const int status = idnn_execute(&op->primitive, pointers);
  if (!status && dst != p->dst) im_copy_rows(p->dst, width, dst, wide, width, pixels);
  return status;
}

typedef struct {
  const im_conv_shape *shape;
  int has_bias, has_residual;
  idnn_activation act;
  int allow_winograd;
} forward_request;

static int build_direct(idnn_op *op, const forward_request *r) {
  const im_conv_shape *s = r->shape;
  const int narrow = s->type == IK_BF16 && s->OW <= 4 && s->OC > 64;
  op->shape = *s;
  op->run = run_forward;
  op->has_bias = r->has_bias;
  op->has_residual = r->has_residual;
  op->wide = narrow ? (s->OC + 63) / 64 * 64 : s->OC;
  dnnl_memory_desc_t src, weights, bias, dst;
  idnn_image(&src, s->B, s->C, s->H, s->W, s->type, dnnl_nhwc);
  idnn_image(&dst, s->B, op->wide, s->OH, s->OW, s->type, dnnl_nhwc);
  idnn_weights_any(&weights, op->wide, s, s->type);
  const dnnl_dims_t channels = {op->wide};
  dnnl_memory_desc_init_by_tag(&bias, 1, channels, dnnl_f32, dnnl_a);
  const dnnl_memory_desc_t *with_bias = r->has_bias ? &bias : NULL;
  dnnl_convolution_desc_t desc;
  const int status = idnn_convolution_desc(&desc, dnnl_forward_inference, dnnl_convolution_direct, s, &src, &weights, with_bias, &dst);
  if (status) return status;
  const idnn_recipe recipe = {
    .desc = &desc, .has_residual = r->has_residual, .act = r->act, .preferred = narrow ? "jit_bf16" : NULL,
    .operands = {{DNNL_ARG_SRC, &src}, {DNNL_ARG_WEIGHTS, NULL, dnnl_query_weights_md, &op->weights}, {DNNL_ARG_DST, &dst},
                 {DNNL_ARG_BIAS, with_bias}}};
  return idnn_prepare(&op->primitive, &recipe);
}

static int failed(int status, const char *what, const im_conv_shape *s) {
  return idnn_fail(status, "%s of [%lld, %lld, %lld, %lld] to %lld channels, kernel %lldx%lld, stride %lld", what,
                   (long long)s->B, (long long)s->H, (long long)s->W, (long long)s->C, (long long)s->OC,
                   (long long)s->KH, (long long)s->KW, (long long)s->stride);
}

static int own_winograd_pays(const im_conv_shape *s) { return idnn_own_kernels_work() && im_winograd_bf16.takes(s); }

static int build_forward(idnn_op *op, const void *request) {
  const forward_request *r = request;
  idnn_remember_weights(op, r->shape);
  op->packing = PACK_PLAIN;
  int status = -1;
  if (r->allow_winograd && r->act == IDNN_NONE && idnn_winograd_pays(r->shape)) {
    status = idnn_build_winograd(op, r->shape, r->has_bias, r->has_residual);
    if (status) idnn_primitive_destroy(&op->primitive);
  } else if (r->allow_winograd && r->act == IDNN_NONE && own_winograd_pays(r->shape)) {
    idnn_use_own(op, &im_winograd_bf16, r->shape, r->has_bias, r->has_residual);
    status = 0;
  }
  if (status) status = build_direct(op, r);
  return status ? failed(status, "a convolution", r->shape) : 0;
}

idnn_op *idnn_conv_forward(const im_conv_shape *s, int has_bias, int has_residual, idnn_activation act, int allow_winograd) {
  if (im_is_pointwise(s)) return idnn_linear_forward(s->type, s->B * s->H * s->W, s->OC, s->C, has_bias, has_residual, act);
  const forward_request request = {s, has_bias != 0, has_residual != 0, act, allow_winograd != 0};
  int64_t key[IDNN_KEY_LENGTH];
  int n = idnn_convolution_key(key, OP_CONVOLUTION, s);
  key[n++] = request.has_bias;
  key[n++] = request.has_residual;
  key[n++] = act;
  key[n++] = request.allow_winograd;
  return idnn_obtain(key, n, build_forward, &request);
}

// ---------------------------------------------------------------- backward data

static int build_turned(idnn_op *op, const im_conv_shape *s) {
  im_conv_shape turned = *s;
  turned.H = s->OH; turned.W = s->OW; turned.C = s->OC;
  turned.OH = s->H; turned.OW = s->W; turned.OC = s->C;
  turned.pad_top = s->KH - 1 - s->pad_top;
  turned.pad_left = s->KW - 1 - s->pad_left;
  turned.pad_bottom = s->KH - 1 - s->pad_bottom;
  turned.pad_right = s->KW - 1 - s->pad_right;
  op->packing = PACK_TURNED;
  if (own_winograd_pays(&turned)) {
    idnn_use_own(op, &im_winograd_bf16, &turned, 0, 0);
    return 0;
  }
  return build_direct(op, &(forward_request){.shape = &turned, .act = IDNN_NONE});
}

static int build_backward(idnn_op *op, const im_conv_shape *s) {
  op->shape = *s;
  op->run = idnn_run_primitive;
  op->packing = PACK_PLAIN;
  dnnl_memory_desc_t src, weights, dst;
  idnn_image(&src, s->B, s->C, s->H, s->W, s->type, dnnl_nhwc);
  idnn_image(&dst, s->B, s->OC, s->OH, s->OW, s->type, dnnl_nhwc);
  idnn_weights_any(&weights, s->OC, s, s->type);
  dnnl_convolution_desc_t forward, desc;
  int status = idnn_convolution_desc(&forward, dnnl_forward_training, dnnl_convolution_direct, s, &src, &weights, NULL, &dst);
  if (!status) status = idnn_convolution_desc(&desc, dnnl_backward_data, dnnl_convolution_direct, s, &src, &weights, NULL, &dst);
  if (status) return status;
  const idnn_recipe recipe = {
    .desc = &desc, .forward = &forward,
    .operands = {{DNNL_ARG_DIFF_DST, &dst}, {DNNL_ARG_WEIGHTS, NULL, dnnl_query_weights_md, &op->weights}, {DNNL_ARG_DIFF_SRC, &src}}};
  return idnn_prepare(&op->primitive, &recipe);
}

static int build_backward_data(idnn_op *op, const void *request) {
  const im_conv_shape *s = request;
  idnn_remember_weights(op, s);
  const int turns = s->stride == 1 && s->pad_top < s->KH && s->pad_bottom < s->KH && s->pad_left < s->KW && s->pad_right < s->KW;
  const int status = turns ? build_turned(op, s) : build_backward(op, s);
  return status ? failed(status, "backward data of a convolution", s) : 0;
}

idnn_op *idnn_conv_backward_data(const im_conv_shape *s) {
  if (im_is_pointwise(s)) return idnn_linear_backward_data(s->type, s->B * s->H * s->W, s->OC, s->C);
  int64_t key[IDNN_KEY_LENGTH];
  return idnn_obtain(key, idnn_convolution_key(key, OP_CONVOLUTION_DATA, s), build_backward_data, s);
}
