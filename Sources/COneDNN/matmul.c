// Plain products of matrices, batched and transposed.
#include "internal.h"

enum { TYPE = 1, OUT_TYPE, BATCH, ROWS, COLUMNS, INNER, TRANSPOSE_A, TRANSPOSE_B, STRIDE_A, STRIDE_B, FIELDS };

static int build(idnn_op *op, const void *request) {
  const int64_t *f = request, batch = f[BATCH], M = f[ROWS], N = f[COLUMNS], K = f[INNER];
  op->run = idnn_run_primitive;
  // A matrix shared by the whole batch is an axis of 1.
  const dnnl_dims_t a_dims = {f[STRIDE_A] ? batch : 1, M, K}, b_dims = {f[STRIDE_B] ? batch : 1, K, N}, c_dims = {batch, M, N};
  const dnnl_dims_t a_strides = {f[STRIDE_A] ? f[STRIDE_A] : M * K, f[TRANSPOSE_A] ? 1 : K, f[TRANSPOSE_A] ? M : 1};
  const dnnl_dims_t b_strides = {f[STRIDE_B] ? f[STRIDE_B] : N * K, f[TRANSPOSE_B] ? 1 : N, f[TRANSPOSE_B] ? K : 1};
  const dnnl_dims_t c_strides = {M * N, N, 1};
  dnnl_memory_desc_t a, b, c;
  dnnl_memory_desc_init_by_strides(&a, 3, a_dims, idnn_type((ik_dtype)f[TYPE]), a_strides);
  dnnl_memory_desc_init_by_strides(&b, 3, b_dims, idnn_type((ik_dtype)f[TYPE]), b_strides);
  dnnl_memory_desc_init_by_strides(&c, 3, c_dims, idnn_type((ik_dtype)f[OUT_TYPE]), c_strides);
  dnnl_matmul_desc_t desc;
  int status = dnnl_matmul_desc_init(&desc, &a, &b, NULL, &c);
  const idnn_recipe recipe = {.desc = &desc, .operands = {{DNNL_ARG_SRC, &a}, {DNNL_ARG_WEIGHTS, &b}, {DNNL_ARG_DST, &c}}};
  if (!status) status = idnn_prepare(&op->primitive, &recipe);
  return !status ? 0 : idnn_fail(status, "a product of matrices, batch %lld, M %lld, N %lld, K %lld", (long long)batch,
                                 (long long)M, (long long)N, (long long)K);
}

int idnn_matmul(ik_dtype type, ik_dtype out_type, int64_t batch, int64_t M, int64_t N, int64_t K, int transpose_a, int transpose_b,
                const void *a, int64_t a_batch_stride, const void *b, int64_t b_batch_stride, void *c) {
  const int64_t key[FIELDS] = {OP_MATMUL, type, out_type, batch, M, N, K, transpose_a != 0, transpose_b != 0,
                               batch > 1 ? a_batch_stride : 0, batch > 1 ? b_batch_stride : 0};
  const idnn_op *op = idnn_obtain(key, FIELDS, build, key);
  return op ? idnn_run_forward(op, a, b, NULL, NULL, c) : -1;
}
