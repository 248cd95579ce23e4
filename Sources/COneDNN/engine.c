// The engine, the cache of created primitives, and what every op needs.
#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static char message[256] = "";
static idnn_op *buckets[1024];

const char *idnn_error(void) { return message; }

int idnn_fail(const char *what, int status) {
  snprintf(message, sizeof message, "%s failed with status %d", what, status);
  return status ? status : -1;
}

int idnn_init(void) {
  if (engine) return 0;
  int status = dnnl_engine_create(&engine, dnnl_cpu, 0);
  if (status) return idnn_fail("creating the engine", status);
  status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  return status ? idnn_fail("creating the stream", status) : 0;
}

dnnl_engine_t idnn_engine(void) { idnn_init(); return engine; }
dnnl_stream_t idnn_stream(void) { idnn_init(); return stream; }

const char *idnn_version(void) {
  static char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

int idnn_has_bf16(void) { return (dnnl_get_effective_cpu_isa() & 0x200) != 0 || __builtin_cpu_supports("avx512bf16"); }

dnnl_data_type_t idnn_type(idnn_dtype t) { return t == IDNN_BF16 ? dnnl_bf16 : t == IDNN_F16 ? dnnl_f16 : dnnl_f32; }

static uint64_t hash_of(const int64_t *key) {
  uint64_t h = 0xcbf29ce484222325u;
  for (int i = 0; i < 24; i++) h = (h ^ (uint64_t)key[i]) * 0x100000001b3u;
  return h ^ (h >> 29);
}

static void fill_key(int64_t *full, const int64_t *key, int n) {
  for (int i = 0; i < 24; i++) full[i] = i < n ? key[i] : 0;
}

idnn_op *idnn_find(const int64_t *key, int n) {
  int64_t full[24];
  fill_key(full, key, n);
  for (idnn_op *op = buckets[hash_of(full) % 1024]; op; op = op->next)
    if (!memcmp(op->key, full, sizeof full)) return op;
  return NULL;
}

idnn_op *idnn_new(const int64_t *key, int n) {
  idnn_op *op = calloc(1, sizeof *op);
  if (!op) abort();
  fill_key(op->key, key, n);
  idnn_op **bucket = &buckets[hash_of(op->key) % 1024];
  op->next = *bucket;
  *bucket = op;
  return op;
}

void idnn_forget(idnn_op *op) {
  for (idnn_op **p = &buckets[hash_of(op->key) % 1024]; *p; p = &(*p)->next)
    if (*p == op) { *p = op->next; free(op); return; }
}

void *idnn_scratch(int slot, size_t bytes) {
  static void *buffer[4];
  static size_t size[4];
  if (bytes > size[slot]) {
    free(buffer[slot]);
    size[slot] = (bytes + bytes / 8 + 4095) / 4096 * 4096;
    buffer[slot] = aligned_alloc(4096, size[slot]);
    if (!buffer[slot]) abort();
  }
  return buffer[slot];
}

int idnn_attributes(dnnl_primitive_attr_t *attr, const dnnl_memory_desc_t *residual, idnn_activation act) {
  int status = dnnl_primitive_attr_create(attr);
  if (status) return status;
  dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
  if (!residual && act == IDNN_NONE) return 0;
  dnnl_post_ops_t ops;
  dnnl_post_ops_create(&ops);
  if (residual) status = dnnl_post_ops_append_binary(ops, dnnl_binary_add, residual);
  switch (act) {
  case IDNN_SILU: status |= dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_swish, 1, 0); break;
  case IDNN_GELU: status |= dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_gelu_erf, 0, 0); break;
  case IDNN_QUICK_GELU: status |= dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_swish, 1.702f, 0); break;
  case IDNN_RELU: status |= dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0); break;
  case IDNN_NONE: break;
  }
  status |= dnnl_primitive_attr_set_post_ops(*attr, ops);
  dnnl_post_ops_destroy(ops);
  return status;
}

int idnn_finish(idnn_op *op, dnnl_primitive_desc_t pd) {
  const char *name = "";
  dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
  snprintf(op->implementation, sizeof op->implementation, "%s", name);
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  if (scratch) {
    op->scratch = *scratch;
    op->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  }
  return dnnl_primitive_create(&op->primitive, pd);
}

int idnn_reorder(dnnl_primitive_t *primitive, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_desc_t pd;
  int status = dnnl_reorder_primitive_desc_create(&pd, from, idnn_engine(), to, idnn_engine(), NULL);
  if (status) return status;
  status = dnnl_primitive_create(primitive, pd);
  dnnl_primitive_desc_destroy(pd);
  return status;
}

int idnn_execute(dnnl_primitive_t primitive, int n, const int *arguments, const dnnl_memory_desc_t *const *descs, void *const *pointers) {
  dnnl_exec_arg_t args[8];
  dnnl_memory_t memories[8];
  for (int i = 0; i < n; i++) {
    const int status = dnnl_memory_create(&memories[i], descs[i], idnn_engine(), pointers[i]);
    if (status) return idnn_fail("describing memory", status);
    args[i].arg = arguments[i];
    args[i].memory = memories[i];
  }
  int status = dnnl_primitive_execute(primitive, idnn_stream(), n, args);
  if (!status) status = dnnl_stream_wait(idnn_stream());
  for (int i = 0; i < n; i++) dnnl_memory_destroy(memories[i]);
  return status ? idnn_fail("running a primitive", status) : 0;
}

const char *idnn_implementation(const idnn_op *op) { return op->implementation; }
