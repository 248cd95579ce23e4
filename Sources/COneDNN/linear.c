// Linear layers: matrix products with weights in oneDNN's own layout (format any, 5 % faster than plain).
#include "internal.h"
#include <string.h>

static void rows_of(dnnl_memory_desc_t *md, int64_t rows, int64_t columns, ik_dtype type) {
  const dnnl_dims_t dims = {rows, columns}, strides = {columns, 1};
  dnnl_memory_desc_init_by_strides(md, 2, dims, idnn_type(type), strides);
}

// y [M, out] = act(x [M, in] w + bias + residual). As a binary post-op the residual costs a few percent here.
static int build(idnn_op *op, ik_dtype type, int64_t M, int64_t in, int64_t out, int has_bias, int has_residual, idnn_activation act) {
  op->run = idnn_run_primitive;
  op->has_bias = has_bias;
  op->has_residual = has_residual;
  dnnl_memory_desc_t src, weights, bias, dst;
  rows_of(&src, M, in, type);
  rows_of(&dst, M, out, type);
  const dnnl_dims_t weight_dims = {in, out}, bias_dims = {1, out};
  dnnl_memory_desc_init_by_tag(&weights, 2, weight_dims, idnn_type(type), dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&bias, 2, bias_dims, dnnl_f32, dnnl_ab);
  dnnl_matmul_desc_t desc;
  const int status = dnnl_matmul_desc_init(&desc, &src, &weights, has_bias ? &bias : NULL, &dst);
  if (status) return status;
  const idnn_recipe recipe = {
    .desc = &desc, .has_residual = has_residual, .residual = &dst, .act = act,
    .operands = {{DNNL_ARG_SRC, &src}, {DNNL_ARG_WEIGHTS, NULL, dnnl_query_weights_md, &op->weights}, {DNNL_ARG_DST, &dst},
                 {DNNL_ARG_BIAS, has_bias ? &bias : NULL},
                 {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, has_residual ? &dst : NULL}}};
  return idnn_prepare(&op->primitive, &recipe);
}

static int build_linear(idnn_op *op, const void *request) {
  const int64_t *key = request, M = key[2], N = key[3], K = key[4];
  const ik_dtype type = (ik_dtype)key[1];
  const int64_t dims[4] = {N, K, 1, 1};
  memcpy(op->weight_dims, dims, sizeof dims);
  op->packing = key[0] == OP_LINEAR ? PACK_SWAPPED : PACK_PLAIN;
  const int status = key[0] == OP_LINEAR ? build(op, type, M, K, N, (int)key[5], (int)key[6], (idnn_activation)key[7])
                                       : build(op, type, M, N, K, 0, 0, IDNN_NONE);
  return !status ? 0 : idnn_fail(status, "a linear layer, M %lld, N %lld, K %lld", (long long)M, (long long)N, (long long)K);
}

idnn_op *idnn_linear_forward(ik_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual, idnn_activation act) {
  const int64_t key[] = {OP_LINEAR, type, M, N, K, has_bias != 0, has_residual != 0, act};
  return idnn_obtain(key, 8, build_linear, key);
}

idnn_op *idnn_linear_backward_data(ik_dtype type, int64_t M, int64_t N, int64_t K) {
  const int64_t key[] = {OP_LINEAR_DATA, type, M, N, K};
  return idnn_obtain(key, 5, build_linear, key);
}
