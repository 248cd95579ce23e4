// Gradients of weights: of convolutions by our own bf16 kernels where the processor has them, else by oneDNN's.
#include "internal.h"

// ---------------------------------------------------------------- convolutions

static int run_library(const idnn_op *op, const im_operands *p) {
  void *gradient = op->unpack.handle ? im_scratch(IM_SCRATCH_DST, op->gradient_bytes) : p->dst;
  if (!gradient) return dnnl_out_of_memory;
  void *const pointers[] = {(void *)p->src, (void *)p->weights, gradient};
  const int status = idnn_execute(&op->primitive, pointers);
  return status || gradient == p->dst ? status : idnn_execute(&op->unpack, (void *const[]){gradient, p->dst});
}

static int build_library(idnn_op *op, const im_conv_shape *s) {
  op->run = run_library;
  dnnl_memory_desc_t src, weights, gradient, dst, plain;
  idnn_image(&src, s->B, s->C, s->H, s->W, s->type, dnnl_nhwc);
  idnn_image(&dst, s->B, s->OC, s->OH, s->OW, s->type, dnnl_nhwc);
  idnn_weights_any(&weights, s->OC, s, s->type);
  idnn_weights_any(&gradient, s->OC, s, IK_F32);
  dnnl_convolution_desc_t forward, desc;
  int status = idnn_convolution_desc(&forward, dnnl_forward_training, dnnl_convolution_direct, s, &src, &weights, NULL, &dst);
  if (!status) status = idnn_convolution_desc(&desc, dnnl_backward_weights, dnnl_convolution_direct, s, &src, &gradient, NULL, &dst);
  if (status) return status;
  dnnl_memory_desc_t found;
  const idnn_recipe recipe = {
    .desc = &desc, .forward = &forward,
    .operands = {{DNNL_ARG_SRC, &src}, {DNNL_ARG_DIFF_DST, &dst}, {DNNL_ARG_DIFF_WEIGHTS, NULL, dnnl_query_diff_weights_md, &found}}};
  status = idnn_prepare(&op->primitive, &recipe);
  if (status) return status;
  gradient = found;
  op->gradient_bytes = dnnl_memory_desc_get_size(&gradient);
  const dnnl_dims_t dims = {s->OC, s->C, s->KH, s->KW};
  dnnl_memory_desc_init_by_tag(&plain, 4, dims, dnnl_f32, dnnl_oihw);
  if (!dnnl_memory_desc_equal(&gradient, &plain)) status = idnn_reorder(&op->unpack, &gradient, &plain);
  return status;
}

static int build_convolution(idnn_op *op, const void *request) {
  const im_conv_shape *s = request;
  op->shape = *s;
  if (idnn_own_kernels_work() && im_gradient_bf16.takes(s)) {
    idnn_use_own(op, &im_gradient_bf16, s, 0, 0);
    return 0;
  }
  const int status = build_library(op, s);
  return !status ? 0 : idnn_fail(status, "gradient of the weights of a convolution of [%lld, %lld, %lld, %lld] to %lld channels",
                                 (long long)s->B, (long long)s->H, (long long)s->W, (long long)s->C, (long long)s->OC);
}

idnn_op *idnn_conv_backward_weights(const im_conv_shape *s) {
  if (im_is_pointwise(s)) return idnn_linear_backward_weights(s->type, s->B * s->H * s->W, s->OC, s->C);
  int64_t key[IDNN_KEY_LENGTH];
  return idnn_obtain(key, idnn_convolution_key(key, OP_CONVOLUTION_WEIGHTS, s), build_convolution, s);
}

// ---------------------------------------------------------------- linear layers

// dw = dy^T x as a plain product: 420 to 480 GFLOP/s a core in bf16, where our own kernels give 330 to 410.
static int run_product(const idnn_op *op, const im_operands *p) {
  void *const pointers[] = {(void *)p->weights, (void *)p->src, p->dst};
  return idnn_execute(&op->primitive, pointers);
}

static int build_product(idnn_op *op, ik_dtype type, int64_t M, int64_t N, int64_t K) {
  op->run = run_product;
  dnnl_memory_desc_t a, b, c;
  const dnnl_dims_t a_dims = {N, M}, a_strides = {1, N}, b_dims = {M, K}, b_strides = {K, 1}, c_dims = {N, K}, c_strides = {K, 1};
  dnnl_memory_desc_init_by_strides(&a, 2, a_dims, idnn_type(type), a_strides);
  dnnl_memory_desc_init_by_strides(&b, 2, b_dims, idnn_type(type), b_strides);
  dnnl_memory_desc_init_by_strides(&c, 2, c_dims, dnnl_f32, c_strides);
  dnnl_matmul_desc_t desc;
  const int status = dnnl_matmul_desc_init(&desc, &a, &b, NULL, &c);
  if (status) return status;
  const idnn_recipe recipe = {.desc = &desc, .operands = {{DNNL_ARG_SRC, &a}, {DNNL_ARG_WEIGHTS, &b}, {DNNL_ARG_DST, &c}}};
  return idnn_prepare(&op->primitive, &recipe);
}

static int build_linear(idnn_op *op, const void *request) {
  const int64_t *key = request, M = key[2], N = key[3], K = key[4];
  const int status = build_product(op, (ik_dtype)key[1], M, N, K);
  return !status ? 0 : idnn_fail(status, "gradient of the weights of a linear layer, M %lld, N %lld, K %lld",
                                 (long long)M, (long long)N, (long long)K);
}

idnn_op *idnn_linear_backward_weights(ik_dtype type, int64_t M, int64_t N, int64_t K) {
  const int64_t key[] = {OP_LINEAR_WEIGHTS, type, M, N, K};
  return idnn_obtain(key, 5, build_linear, key);
}
