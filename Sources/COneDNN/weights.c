// Packing weights: from the checkpoint's layout and type to what an op wants.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

size_t idnn_weights_bytes(const idnn_op *op) {
  return !op->own ? dnnl_memory_desc_get_size(&op->weights) : op->own->bytes ? op->own->bytes(&op->shape) : 0;
}

uint64_t idnn_weights_layout(const idnn_op *op) {
  const unsigned char *bytes = (const unsigned char *)&op->weights;
  uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)op->packing ^ (uint64_t)(op->own ? idnn_weights_bytes(op) : 0) << 8;
  for (size_t i = 0; i < sizeof op->weights; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

// ---------------------------------------------------------------- element types

// Scaling by a power of two moves the exponent's bias and makes subnormals right as well.
static inline float float_of_half(uint16_t h) {
  const uint32_t magnitude = h & 0x7fffu, sign = (uint32_t)(h & 0x8000u) << 16;
  const uint32_t bits = magnitude >= 0x7c00u ? magnitude << 13 | 0x7f800000u : ik_bits_of_float(ik_float_of_bits(magnitude << 13) * 0x1p112f);
  return ik_float_of_bits(sign | bits);
}

// ---------------------------------------------------------------- blocked layouts

// In a blocked layout the offset is a sum of one term for each axis, so that a table for each is enough.
static void offsets_of(const dnnl_memory_desc_t *md, int axis, int64_t count, int64_t *table) {
  const dnnl_blocking_desc_t *b = &md->format_desc.blocking;
  for (int64_t index = 0; index < count; index++) {
    int64_t rest = index, offset = 0, step = 1;
    for (int k = b->inner_nblks - 1; k >= 0; k--) {
      if (b->inner_idxs[k] == axis) {
        offset += rest % b->inner_blks[k] * step;
        rest /= b->inner_blks[k];
      }
      step *= b->inner_blks[k];
    }
    table[index] = offset + rest * b->strides[axis];
  }
}

typedef struct {
  const void *src;
  void *dst;
  ik_dtype from;
  int to_bf16;
  int64_t O, I, taps;
  int64_t *o, *i, *tap;  // offsets in dst by the checkpoint's indices
} packing;

static inline float element(const packing *p, int64_t at) {
  switch (p->from) {
  case IK_F32: return ((const float *)p->src)[at];
  case IK_BF16: return ik_float_of_bf16(((const uint16_t *)p->src)[at]);
  case IK_F16: return float_of_half(((const uint16_t *)p->src)[at]);
  }
  return 0;
}

static inline __attribute__((always_inline)) void pack_tile(const packing *p, int64_t o0, int64_t o1, int64_t i0, int64_t i1,
                                                            ik_dtype from, int to_bf16) {
  packing q = *p;
  q.from = from;
  for (int64_t o = o0; o < o1; o++)
    for (int64_t i = i0; i < i1; i++) {
      const int64_t at = (o * q.I + i) * q.taps, to = q.o[o] + q.i[i];
      for (int64_t k = 0; k < q.taps; k++) {
        const float value = element(&q, at + k);
        if (to_bf16) ((uint16_t *)q.dst)[to + q.tap[k]] = ik_bf16_of_float(value);
        else ((float *)q.dst)[to + q.tap[k]] = value;
      }
    }
}

// One compiled loop for each pair of types.
static void pack_tiles(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t width = im_tile_inputs(p->taps), columns = (p->I + width - 1) / width;
  for (int64_t tile = begin; tile < end; tile++) {
    const int64_t o0 = tile / columns * IM_TILE_O, i0 = tile % columns * width;
    const int64_t o1 = o0 + IM_TILE_O < p->O ? o0 + IM_TILE_O : p->O, i1 = i0 + width < p->I ? i0 + width : p->I;
    switch (p->from * 2 + p->to_bf16) {
    case IK_F32 * 2: pack_tile(p, o0, o1, i0, i1, IK_F32, 0); break;
    case IK_F32 * 2 + 1: pack_tile(p, o0, o1, i0, i1, IK_F32, 1); break;
    case IK_BF16 * 2: pack_tile(p, o0, o1, i0, i1, IK_BF16, 0); break;
    case IK_BF16 * 2 + 1: pack_tile(p, o0, o1, i0, i1, IK_BF16, 1); break;
    case IK_F16 * 2: pack_tile(p, o0, o1, i0, i1, IK_F16, 0); break;
    case IK_F16 * 2 + 1: pack_tile(p, o0, o1, i0, i1, IK_F16, 1); break;
    }
  }
}

int64_t *idnn_blocked_offsets(const idnn_op *op, const dnnl_memory_desc_t *to) {
  const int64_t O = op->weight_dims[0], I = op->weight_dims[1], KH = op->weight_dims[2], KW = op->weight_dims[3], taps = KH * KW;
  int64_t *tables = malloc((size_t)(O + I + taps + KH + KW) * sizeof *tables);
  if (!tables) return NULL;
  int64_t *o = tables, *i = o + O, *tap = i + I, *rows = tap + taps, *columns = rows + KH;
  const int o_axis = op->packing == PACK_PLAIN ? 0 : 1;
  offsets_of(to, o_axis, O, o);
  offsets_of(to, 1 - o_axis, I, i);
  if (to->ndims == 4) {
    offsets_of(to, 2, KH, rows);
    offsets_of(to, 3, KW, columns);
  } else {
    rows[0] = columns[0] = 0;
  }
  for (int64_t k = 0; k < taps; k++) {
    const int64_t from = op->packing == PACK_TURNED ? taps - 1 - k : k;
    tap[k] = rows[from / KW] + columns[from % KW];
  }
  return tables;
}

static int pack_blocked(const idnn_op *op, const dnnl_memory_desc_t *to, const void *src, ik_dtype src_type, void *dst) {
  const int64_t O = op->weight_dims[0], I = op->weight_dims[1], taps = op->weight_dims[2] * op->weight_dims[3];
  int64_t *tables = idnn_blocked_offsets(op, to);
  if (!tables) return idnn_fail(dnnl_out_of_memory, "packing weights");
  int64_t *o = tables, *i = o + O, *tap = i + I;
  const int to_bf16 = to->data_type == dnnl_bf16;
  const size_t bytes = dnnl_memory_desc_get_size(to);
  // Padding is zero.
  if (bytes > (size_t)(O * I * taps) * (to_bf16 ? 2 : 4)) memset(dst, 0, bytes);
  packing p = {src, dst, src_type, to_bf16, O, I, taps, o, i, tap};
  const int64_t tiles = (O + IM_TILE_O - 1) / IM_TILE_O * ((I + im_tile_inputs(taps) - 1) / im_tile_inputs(taps));
  if (!to_bf16 || !idnn_own_kernels_work() || !im_pack_pairs(src, src_type, dst, O, I, taps, o, i, tap)) im_parallel(tiles, O * I * taps * 4, pack_tiles, &p);
  free(tables);
  return 0;
}

// ---------------------------------------------------------------- other layouts

// Winograd's: by way of plain float32.
static int pack_opaque(const idnn_op *op, const void *src, ik_dtype src_type, void *dst) {
  const dnnl_dims_t dims = {op->weight_dims[0], op->weight_dims[1], op->weight_dims[2], op->weight_dims[3]};
  dnnl_memory_desc_t plain;
  dnnl_memory_desc_init_by_tag(&plain, 4, dims, dnnl_f32, dnnl_oihw);
  float *wide = NULL;
  int status = 0;
  if (src_type != IK_F32) {
    if (!(wide = malloc(dnnl_memory_desc_get_size(&plain)))) return idnn_fail(dnnl_out_of_memory, "packing weights");
    status = pack_blocked(op, &plain, src, src_type, wide);
    src = wide;
  }
  if (!status && !idnn_transform_weights(&op->weights, src, dst)) {
    idnn_primitive reorder = {0};
    status = idnn_reorder(&reorder, &plain, &op->weights);
    if (!status) status = idnn_execute(&reorder, (void *const[]){(void *)src, dst});
    else idnn_fail(status, "repacking weights");
    idnn_primitive_destroy(&reorder);
  }
  free(wide);
  return status;
}

static int pack_own(const idnn_op *op, const void *src, ik_dtype src_type, void *dst) {
  op->own->pack(&op->shape, op->packing == PACK_TURNED, src, src_type, dst);
  return 0;
}

int idnn_pack_weights(const idnn_op *op, const void *src, ik_dtype src_type, void *dst) {
  idnn_lock();
  const int status = op->own ? pack_own(op, src, src_type, dst)
                   : op->weights.format_kind == dnnl_blocked ? pack_blocked(op, &op->weights, src, src_type, dst)
                   : pack_opaque(op, src, src_type, dst);
  idnn_unlock();
  return status;
}
