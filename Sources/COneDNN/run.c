// Packing weights and running created ops.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

size_t idnn_weights_bytes(const idnn_op *op) { return dnnl_memory_desc_get_size(&op->weights); }

uint64_t idnn_weights_layout(const idnn_op *op) {
  const unsigned char *bytes = (const unsigned char *)&op->weights;
  uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)op->pack;
  for (size_t i = 0; i < sizeof op->weights; i++) h = (h ^ bytes[i]) * 0x100000001b3u;
  return h;
}

__attribute__((target("avx2,f16c"))) static void half_to_float(const _Float16 *from, float *to, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = (float)from[i];
}

int idnn_pack_weights(const idnn_op *op, const void *src, idnn_dtype src_type, void *dst) {
  const int64_t O = op->weight_dims[0], I = op->weight_dims[1], KH = op->weight_dims[2], KW = op->weight_dims[3];
  const size_t count = (size_t)(O * I * KH * KW);
  float *wide = NULL, *turned = NULL;
  if (src_type == IDNN_F16 || (op->pack == PACK_CONVOLUTION_FLIPPED && src_type != IDNN_F32)) {
    wide = malloc(count * sizeof(float));
    if (!wide) abort();
    if (src_type == IDNN_F16) half_to_float(src, wide, count);
    else for (size_t i = 0; i < count; i++) { union { uint32_t u; float f; } v = {(uint32_t)((const uint16_t *)src)[i] << 16}; wide[i] = v.f; }
    src = wide;
    src_type = IDNN_F32;
  }
  dnnl_memory_desc_t from;
  const dnnl_data_type_t type = idnn_type(src_type);
  switch (op->pack) {
  case PACK_CONVOLUTION: {
    const dnnl_dims_t dims = {O, I, KH, KW};
    dnnl_memory_desc_init_by_tag(&from, 4, dims, type, dnnl_oihw);
    break;
  }
  case PACK_CONVOLUTION_FLIPPED: {
    turned = malloc(count * sizeof(float));
    if (!turned) abort();
    const float *w = src;
    for (int64_t o = 0; o < O; o++)
      for (int64_t i = 0; i < I; i++)
        for (int64_t k = 0; k < KH * KW; k++) turned[(i * O + o) * KH * KW + k] = w[(o * I + i) * KH * KW + KH * KW - 1 - k];
    src = turned;
    const dnnl_dims_t dims = {I, O, KH, KW};
    dnnl_memory_desc_init_by_tag(&from, 4, dims, dnnl_f32, dnnl_oihw);
    break;
  }
  case PACK_LINEAR_FORWARD: {
    const dnnl_dims_t dims = {I, O}, strides = {1, I};
    dnnl_memory_desc_init_by_strides(&from, 2, dims, type, strides);
    break;
  }
  case PACK_LINEAR_BACKWARD: {
    const dnnl_dims_t dims = {O, I}, strides = {I, 1};
    dnnl_memory_desc_init_by_strides(&from, 2, dims, type, strides);
    break;
  }
  }
  dnnl_primitive_t reorder;
  int status = idnn_reorder(&reorder, &from, &op->weights);
  if (!status) {
    const int arguments[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
    const dnnl_memory_desc_t *descs[] = {&from, &op->weights};
    void *pointers[] = {(void *)src, dst};
    status = idnn_execute(reorder, 2, arguments, descs, pointers);
    dnnl_primitive_destroy(reorder);
  } else idnn_fail("creating a reorder", status);
  free(wide);
  free(turned);
  return status;
}

static int move(dnnl_primitive_t reorder, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, const void *src, void *dst) {
  const int arguments[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
  const dnnl_memory_desc_t *descs[] = {from, to};
  void *pointers[] = {(void *)src, dst};
  return idnn_execute(reorder, 2, arguments, descs, pointers);
}

int idnn_run_forward(const idnn_op *op, const void *x, const void *packed_weights, const float *bias, const void *residual, void *y) {
  const void *src = x;
  void *dst = y;
  if (op->blocked) {
    void *blocked = idnn_scratch(1, op->blocked_src_bytes);
    const int status = move(op->reorder_src, &op->plain_src, &op->src, x, blocked);
    if (status) return status;
    src = blocked;
    dst = idnn_scratch(2, op->blocked_dst_bytes);
  }
  int arguments[6] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
  const dnnl_memory_desc_t *descs[6] = {&op->src, &op->weights, &op->dst};
  void *pointers[6] = {(void *)src, (void *)packed_weights, dst};
  int n = 3;
  if (op->has_bias) { arguments[n] = DNNL_ARG_BIAS; descs[n] = &op->bias; pointers[n++] = (void *)bias; }
  if (op->has_residual) { arguments[n] = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1; descs[n] = &op->dst; pointers[n++] = (void *)residual; }
  if (op->scratch_bytes) { arguments[n] = DNNL_ARG_SCRATCHPAD; descs[n] = &op->scratch; pointers[n++] = idnn_scratch(0, op->scratch_bytes); }
  const int status = idnn_execute(op->primitive, n, arguments, descs, pointers);
  return status || !op->blocked ? status : move(op->reorder_dst, &op->dst, &op->plain_dst, dst, y);
}

int idnn_run_backward_data(const idnn_op *op, const void *dy, const void *packed_weights, void *dx) {
  if (op->run == RUN_FORWARD) return idnn_run_forward(op, dy, packed_weights, NULL, NULL, dx);
  const int arguments[] = {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, DNNL_ARG_SCRATCHPAD};
  const dnnl_memory_desc_t *descs[] = {&op->dst, &op->weights, &op->src, &op->scratch};
  void *pointers[] = {(void *)dy, (void *)packed_weights, dx, idnn_scratch(0, op->scratch_bytes)};
  return idnn_execute(op->primitive, op->scratch_bytes ? 4 : 3, arguments, descs, pointers);
}

int idnn_run_backward_weights(const idnn_op *op, const void *x, const void *dy, float *dw) {
  if (op->run == RUN_LINEAR_BACKWARD_WEIGHTS) {
    const int arguments[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
    const dnnl_memory_desc_t *descs[] = {&op->src, &op->weights, &op->dst, &op->scratch};
    void *pointers[] = {(void *)dy, (void *)x, dw, idnn_scratch(0, op->scratch_bytes)};
    return idnn_execute(op->primitive, op->scratch_bytes ? 4 : 3, arguments, descs, pointers);
  }
  void *packed = op->reorder_weights ? idnn_scratch(1, dnnl_memory_desc_get_size(&op->weights)) : dw;
  const int arguments[] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_SCRATCHPAD};
  const dnnl_memory_desc_t *descs[] = {&op->src, &op->dst, &op->weights, &op->scratch};
  void *pointers[] = {(void *)x, (void *)dy, packed, idnn_scratch(0, op->scratch_bytes)};
  const int status = idnn_execute(op->primitive, op->scratch_bytes ? 4 : 3, arguments, descs, pointers);
  return status || !op->reorder_weights ? status : move(op->reorder_weights, &op->weights, &op->plain_weights, packed, dw);
}
