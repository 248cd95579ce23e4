// Convolutions on channels-last images.
#include "internal.h"
#include <string.h>

static int is_pointwise(const idnn_conv_shape *s) {
  return s->KH == 1 && s->KW == 1 && s->stride == 1 && !s->pad_top && !s->pad_left && !s->pad_bottom && !s->pad_right;
}

static int key_of(int64_t *key, int64_t kind, const idnn_conv_shape *s) {
  const int64_t fields[] = {kind, s->type, s->B, s->H, s->W, s->C, s->OH, s->OW, s->OC, s->KH, s->KW, s->stride,
                            s->pad_top, s->pad_left, s->pad_bottom, s->pad_right};
  memcpy(key, fields, sizeof fields);
  return (int)(sizeof fields / sizeof *fields);
}

static void image(dnnl_memory_desc_t *md, int64_t B, int64_t C, int64_t H, int64_t W, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  const dnnl_dims_t dims = {B, C, H, W};
  dnnl_memory_desc_init_by_tag(md, 4, dims, type, tag);
}

static void weights_any(dnnl_memory_desc_t *md, int64_t O, int64_t I, int64_t KH, int64_t KW, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  const dnnl_dims_t dims = {O, I, KH, KW};
  dnnl_memory_desc_init_by_tag(md, 4, dims, type, tag);
}

// Float32 Winograd pays where channels are many and the picture is not tiny; oneDNN's own limits decide the rest.
static int winograd_pays(const idnn_conv_shape *s) {
  return s->type == IDNN_F32 && s->KH == 3 && s->KW == 3 && s->stride == 1 && s->C >= 64 && s->OC >= 64
      && s->C % 16 == 0 && s->OC % 16 == 0 && s->OH * s->OW >= 256 && s->OC * s->C <= 640 * 1920;
}

static int make_forward(idnn_op *op, const idnn_conv_shape *s, int has_bias, int has_residual, idnn_activation act, int winograd) {
  const dnnl_data_type_t type = idnn_type(s->type);
  dnnl_memory_desc_t src, wei, bia, dst;
  const dnnl_format_tag_t tag = winograd ? dnnl_format_tag_any : dnnl_nhwc;
  image(&src, s->B, s->C, s->H, s->W, type, tag);
  image(&dst, s->B, s->OC, s->OH, s->OW, type, tag);
  weights_any(&wei, s->OC, s->C, s->KH, s->KW, type, dnnl_format_tag_any);
  const dnnl_dims_t bias_dims = {s->OC};
  dnnl_memory_desc_init_by_tag(&bia, 1, bias_dims, dnnl_f32, dnnl_a);
  image(&op->plain_src, s->B, s->C, s->H, s->W, type, dnnl_nhwc);
  image(&op->plain_dst, s->B, s->OC, s->OH, s->OW, type, dnnl_nhwc);
  const dnnl_dims_t strides = {s->stride, s->stride}, left = {s->pad_top, s->pad_left}, right = {s->pad_bottom, s->pad_right};
  dnnl_convolution_desc_t desc;
  int status = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference,
      winograd ? dnnl_convolution_winograd : dnnl_convolution_direct, &src, &wei, has_bias ? &bia : NULL, &dst, strides, left, right);
  if (status) return status;
  dnnl_primitive_attr_t attr;
  // Winograd's residual would have to be blocked too: it is added on the way back instead (see run_forward).
  status = idnn_attributes(&attr, has_residual && !winograd ? &op->plain_dst : NULL, winograd && has_residual ? IDNN_NONE : act);
  if (status) return status;
  dnnl_primitive_desc_t pd;
  status = dnnl_primitive_desc_create(&pd, &desc, attr, idnn_engine(), NULL);
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  op->run = RUN_FORWARD;
  op->has_bias = has_bias;
  op->has_residual = has_residual;
  op->bias = bia;
  op->src = *dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
  op->dst = *dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
  op->weights = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
  status = idnn_finish(op, pd);
  dnnl_primitive_desc_destroy(pd);
  if (status) return status;
  if (winograd) {
    op->blocked = 1;
    op->blocked_src_bytes = dnnl_memory_desc_get_size(&op->src);
    op->blocked_dst_bytes = dnnl_memory_desc_get_size(&op->dst);
    status = idnn_reorder(&op->reorder_src, &op->plain_src, &op->src);
    if (!status) status = idnn_reorder(&op->reorder_dst, &op->dst, &op->plain_dst);
  }
  return status;
}

idnn_op *idnn_conv_forward(const idnn_conv_shape *s, int has_bias, int has_residual, idnn_activation act, int allow_winograd) {
  if (is_pointwise(s)) return idnn_linear_forward(s->type, s->B * s->H * s->W, s->OC, s->C, has_bias, has_residual, act);
  int64_t key[24];
  int n = key_of(key, 1, s);
  key[n++] = has_bias;
  key[n++] = has_residual;
  key[n++] = act;
  key[n++] = allow_winograd;
  idnn_op *op = idnn_find(key, n);
  if (op) return op;
  op = idnn_new(key, n);
  op->pack = PACK_CONVOLUTION;
  const int64_t dims[4] = {s->OC, s->C, s->KH, s->KW};
  memcpy(op->weight_dims, dims, sizeof dims);
  int status = -1;
  if (allow_winograd && !has_residual && winograd_pays(s)) status = make_forward(op, s, has_bias, has_residual, act, 1);
  if (status) {
    op->blocked = 0;
    status = make_forward(op, s, has_bias, has_residual, act, 0);
  }
  if (!status) return op;
  idnn_fail("creating a convolution", status);
  idnn_forget(op);
  return NULL;
}

// With stride 1 the gradient is a convolution of dy with the turned weights, on the fast forward kernels.
static int make_flipped(idnn_op *op, const idnn_conv_shape *s) {
  idnn_conv_shape f = *s;
  f.H = s->OH; f.W = s->OW; f.C = s->OC;
  f.OH = s->H; f.OW = s->W; f.OC = s->C;
  f.pad_top = s->KH - 1 - s->pad_top; f.pad_left = s->KW - 1 - s->pad_left;
  f.pad_bottom = s->KH - 1 - s->pad_bottom; f.pad_right = s->KW - 1 - s->pad_right;
  op->pack = PACK_CONVOLUTION_FLIPPED;
  return make_forward(op, &f, 0, 0, IDNN_NONE, 0);
}

static int make_backward_data(idnn_op *op, const idnn_conv_shape *s) {
  const dnnl_data_type_t type = idnn_type(s->type);
  dnnl_memory_desc_t src, wei, dst;
  image(&src, s->B, s->C, s->H, s->W, type, dnnl_nhwc);
  image(&dst, s->B, s->OC, s->OH, s->OW, type, dnnl_nhwc);
  weights_any(&wei, s->OC, s->C, s->KH, s->KW, type, dnnl_format_tag_any);
  const dnnl_dims_t strides = {s->stride, s->stride}, left = {s->pad_top, s->pad_left}, right = {s->pad_bottom, s->pad_right};
  dnnl_convolution_desc_t fd, bd;
  int status = dnnl_convolution_forward_desc_init(&fd, dnnl_forward_training, dnnl_convolution_direct, &src, &wei, NULL, &dst, strides, left, right);
  if (!status) status = dnnl_convolution_backward_data_desc_init(&bd, dnnl_convolution_direct, &src, &wei, &dst, strides, left, right);
  if (status) return status;
  dnnl_primitive_attr_t attr;
  idnn_attributes(&attr, NULL, IDNN_NONE);
  dnnl_primitive_desc_t hint, pd;
  status = dnnl_primitive_desc_create(&hint, &fd, attr, idnn_engine(), NULL);
  if (!status) {
    status = dnnl_primitive_desc_create(&pd, &bd, attr, idnn_engine(), hint);
    dnnl_primitive_desc_destroy(hint);
  }
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  op->run = RUN_CONVOLUTION_BACKWARD_DATA;
  op->pack = PACK_CONVOLUTION;
  op->src = src;
  op->dst = dst;
  op->weights = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
  status = idnn_finish(op, pd);
  dnnl_primitive_desc_destroy(pd);
  return status;
}

idnn_op *idnn_conv_backward_data(const idnn_conv_shape *s) {
  if (is_pointwise(s)) return idnn_linear_backward_data(s->type, s->B * s->H * s->W, s->OC, s->C);
  int64_t key[24];
  const int n = key_of(key, 2, s);
  idnn_op *op = idnn_find(key, n);
  if (op) return op;
  op = idnn_new(key, n);
  const int64_t dims[4] = {s->OC, s->C, s->KH, s->KW};
  memcpy(op->weight_dims, dims, sizeof dims);
  const int flips = s->stride == 1 && s->pad_top < s->KH && s->pad_left < s->KW && s->pad_bottom < s->KH && s->pad_right < s->KW;
  const int status = flips ? make_flipped(op, s) : make_backward_data(op, s);
  if (!status) return op;
  idnn_fail("creating a convolution's backward data", status);
  idnn_forget(op);
  return NULL;
}

idnn_op *idnn_conv_backward_weights(const idnn_conv_shape *s) {
  if (is_pointwise(s)) return idnn_linear_backward_weights(s->type, s->B * s->H * s->W, s->OC, s->C);
  int64_t key[24];
  const int n = key_of(key, 3, s);
  idnn_op *op = idnn_find(key, n);
  if (op) return op;
  op = idnn_new(key, n);
  const int64_t wd[4] = {s->OC, s->C, s->KH, s->KW};
  memcpy(op->weight_dims, wd, sizeof wd);
  const dnnl_data_type_t type = idnn_type(s->type);
  dnnl_memory_desc_t src, wei, wei_forward, dst;
  image(&src, s->B, s->C, s->H, s->W, type, dnnl_nhwc);
  image(&dst, s->B, s->OC, s->OH, s->OW, type, dnnl_nhwc);
  weights_any(&wei, s->OC, s->C, s->KH, s->KW, dnnl_f32, dnnl_format_tag_any);
  weights_any(&wei_forward, s->OC, s->C, s->KH, s->KW, type, dnnl_format_tag_any);
  const dnnl_dims_t strides = {s->stride, s->stride}, left = {s->pad_top, s->pad_left}, right = {s->pad_bottom, s->pad_right};
  dnnl_convolution_desc_t fd, bd;
  int status = dnnl_convolution_forward_desc_init(&fd, dnnl_forward_training, dnnl_convolution_direct, &src, &wei_forward, NULL, &dst, strides, left, right);
  if (!status) status = dnnl_convolution_backward_weights_desc_init(&bd, dnnl_convolution_direct, &src, &wei, NULL, &dst, strides, left, right);
  dnnl_primitive_desc_t hint = NULL, pd = NULL;
  dnnl_primitive_attr_t attr;
  idnn_attributes(&attr, NULL, IDNN_NONE);
  if (!status) status = dnnl_primitive_desc_create(&hint, &fd, attr, idnn_engine(), NULL);
  if (!status) {
    status = dnnl_primitive_desc_create(&pd, &bd, attr, idnn_engine(), hint);
    dnnl_primitive_desc_destroy(hint);
  }
  dnnl_primitive_attr_destroy(attr);
  if (!status) {
    op->run = RUN_CONVOLUTION_BACKWARD_WEIGHTS;
    op->src = src;
    op->dst = dst;
    op->weights = *dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 0);
    status = idnn_finish(op, pd);
    dnnl_primitive_desc_destroy(pd);
    weights_any(&op->plain_weights, s->OC, s->C, s->KH, s->KW, dnnl_f32, dnnl_oihw);
    if (!status && !dnnl_memory_desc_equal(&op->weights, &op->plain_weights))
      status = idnn_reorder(&op->reorder_weights, &op->weights, &op->plain_weights);
  }
  if (!status) return op;
  idnn_fail("creating a convolution's backward weights", status);
  idnn_forget(op);
  return NULL;
}
