// Linear layers and plain matrix products.
#include "internal.h"
#include <string.h>

static void matrix(dnnl_memory_desc_t *md, int64_t rows, int64_t columns, dnnl_data_type_t type, int64_t row_stride, int64_t column_stride) {
  const dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
  dnnl_memory_desc_init_by_strides(md, 2, dims, type, strides);
}

// c [M, N] = a * b with b in the library's own layout unless plain_b is given.
static int make(idnn_op *op, const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *plain_b, const dnnl_memory_desc_t *c,
                int64_t K, int64_t N, dnnl_data_type_t b_type, int has_bias, int has_residual, idnn_activation act) {
  dnnl_memory_desc_t b, bias;
  const dnnl_dims_t b_dims = {K, N}, bias_dims = {1, N};
  if (plain_b) b = *plain_b;
  else dnnl_memory_desc_init_by_tag(&b, 2, b_dims, b_type, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&bias, 2, bias_dims, dnnl_f32, dnnl_ab);
  dnnl_matmul_desc_t desc;
  int status = dnnl_matmul_desc_init(&desc, a, &b, has_bias ? &bias : NULL, c);
  if (status) return status;
  dnnl_primitive_attr_t attr;
  status = idnn_attributes(&attr, has_residual ? c : NULL, act);
  if (status) return status;
  dnnl_primitive_desc_t pd;
  status = dnnl_primitive_desc_create(&pd, &desc, attr, idnn_engine(), NULL);
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  op->has_bias = has_bias;
  op->has_residual = has_residual;
  op->src = *a;
  op->dst = *c;
  op->bias = bias;
  op->weights = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
  status = idnn_finish(op, pd);
  dnnl_primitive_desc_destroy(pd);
  return status;
}

static idnn_op *keep(idnn_op *op, int status, const char *what) {
  if (!status) return op;
  idnn_fail(what, status);
  idnn_forget(op);
  return NULL;
}

idnn_op *idnn_linear_forward(idnn_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual, idnn_activation act) {
  const int64_t key[] = {11, type, M, N, K, has_bias, has_residual, act};
  idnn_op *op = idnn_find(key, 8);
  if (op) return op;
  op = idnn_new(key, 8);
  op->run = RUN_FORWARD;
  op->pack = PACK_LINEAR_FORWARD;
  const int64_t dims[4] = {N, K, 1, 1};
  memcpy(op->weight_dims, dims, sizeof dims);
  dnnl_memory_desc_t a, c;
  matrix(&a, M, K, idnn_type(type), K, 1);
  matrix(&c, M, N, idnn_type(type), N, 1);
  return keep(op, make(op, &a, NULL, &c, K, N, idnn_type(type), has_bias, has_residual, act), "creating a linear layer");
}

idnn_op *idnn_linear_backward_data(idnn_dtype type, int64_t M, int64_t N, int64_t K) {
  const int64_t key[] = {12, type, M, N, K};
  idnn_op *op = idnn_find(key, 5);
  if (op) return op;
  op = idnn_new(key, 5);
  op->run = RUN_FORWARD;
  op->pack = PACK_LINEAR_BACKWARD;
  const int64_t dims[4] = {N, K, 1, 1};
  memcpy(op->weight_dims, dims, sizeof dims);
  dnnl_memory_desc_t a, c;
  matrix(&a, M, N, idnn_type(type), N, 1);
  matrix(&c, M, K, idnn_type(type), K, 1);
  return keep(op, make(op, &a, NULL, &c, N, K, idnn_type(type), 0, 0, IDNN_NONE), "creating a linear layer's backward data");
}

idnn_op *idnn_linear_backward_weights(idnn_dtype type, int64_t M, int64_t N, int64_t K) {
  const int64_t key[] = {13, type, M, N, K};
  idnn_op *op = idnn_find(key, 5);
  if (op) return op;
  op = idnn_new(key, 5);
  op->run = RUN_LINEAR_BACKWARD_WEIGHTS;
  dnnl_memory_desc_t a, b, c;
  matrix(&a, N, M, idnn_type(type), 1, N);
  matrix(&b, M, K, idnn_type(type), K, 1);
  matrix(&c, N, K, dnnl_f32, K, 1);
  return keep(op, make(op, &a, &b, &c, M, K, idnn_type(type), 0, 0, IDNN_NONE), "creating a linear layer's backward weights");
}

int idnn_matmul(idnn_dtype type, idnn_dtype out_type, int64_t batch, int64_t M, int64_t N, int64_t K, int transpose_a, int transpose_b,
                const void *a, int64_t a_batch_stride, const void *b, int64_t b_batch_stride, void *c) {
  const int64_t key[] = {14, type, out_type, batch, M, N, K, transpose_a, transpose_b, a_batch_stride, b_batch_stride};
  idnn_op *op = idnn_find(key, 11);
  if (!op) {
    op = idnn_new(key, 11);
    // A matrix shared by the whole batch is an axis of 1.
    const int64_t ab = a_batch_stride ? batch : 1, bb = b_batch_stride ? batch : 1;
    const dnnl_dims_t ad = {ab, M, K}, bd = {bb, K, N}, cd = {batch, M, N};
    const dnnl_dims_t as = {a_batch_stride ? a_batch_stride : M * K, transpose_a ? 1 : K, transpose_a ? M : 1};
    const dnnl_dims_t bs = {b_batch_stride ? b_batch_stride : N * K, transpose_b ? 1 : N, transpose_b ? K : 1};
    const dnnl_dims_t cs = {M * N, N, 1};
    dnnl_memory_desc_init_by_strides(&op->src, 3, ad, idnn_type(type), as);
    dnnl_memory_desc_init_by_strides(&op->weights, 3, bd, idnn_type(type), bs);
    dnnl_memory_desc_init_by_strides(&op->dst, 3, cd, idnn_type(out_type), cs);
    dnnl_matmul_desc_t desc;
    dnnl_primitive_attr_t attr;
    dnnl_primitive_desc_t pd;
    int status = dnnl_matmul_desc_init(&desc, &op->src, &op->weights, NULL, &op->dst);
    if (!status) status = idnn_attributes(&attr, NULL, IDNN_NONE);
    if (!status) {
      status = dnnl_primitive_desc_create(&pd, &desc, attr, idnn_engine(), NULL);
      dnnl_primitive_attr_destroy(attr);
    }
    if (!status) {
      status = idnn_finish(op, pd);
      dnnl_primitive_desc_destroy(pd);
    }
    if (status) {
      idnn_forget(op);
      return idnn_fail("creating a matrix product", status);
    }
  }
  const int arguments[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
  const dnnl_memory_desc_t *descs[] = {&op->src, &op->weights, &op->dst, &op->scratch};
  void *pointers[] = {(void *)a, (void *)b, c, idnn_scratch(0, op->scratch_bytes)};
  return idnn_execute(op->primitive, op->scratch_bytes ? 4 : 3, arguments, descs, pointers);
}
