// The table of created ops, and running them.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };
static idnn_op *buckets[BUCKETS];

static idnn_op **bucket_of(const int64_t *key) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, a word at a time
  for (int i = 0; i < KEY_LENGTH; i++) hash = (hash ^ (uint64_t)key[i]) * 0x100000001b3u;
  return &buckets[(hash ^ hash >> 29) % BUCKETS];
}

idnn_op *idnn_obtain(const int64_t *key, int n, idnn_builder build, const void *request) {
  int64_t full[KEY_LENGTH] = {0};
  memcpy(full, key, (size_t)n * sizeof *key);
  full[KEY_LENGTH - 1] = ik_threads();  // work is cut for so many
  if (idnn_init()) return NULL;
  idnn_lock();
  idnn_op **bucket = bucket_of(full), *op = *bucket;
  while (op && memcmp(op->key, full, sizeof full)) op = op->next;
  if (!op && (op = calloc(1, sizeof *op))) {
    memcpy(op->key, full, sizeof full);
    if (build(op, request)) {
      idnn_primitive_destroy(&op->primitive);
      idnn_primitive_destroy(&op->unpack);
      free(op);
      op = NULL;
    } else {
      op->next = *bucket;
      *bucket = op;
    }
  }
  idnn_unlock();
  return op;
}

const char *idnn_implementation(const idnn_op *op) { return op->primitive.name; }

int idnn_run_primitive(const idnn_op *op, const idnn_pointers *p) {
  void *pointers[5] = {(void *)p->src, (void *)p->weights, p->dst};
  int n = 3;
  if (op->has_bias) pointers[n++] = (void *)p->bias;
  if (op->has_residual) pointers[n++] = (void *)p->residual;
  return idnn_execute(&op->primitive, pointers);
}

static int run(const idnn_op *op, const idnn_pointers *p) {
  idnn_lock();
  const int status = op->run(op, p);
  idnn_unlock();
  return status;
}

int idnn_run_forward(const idnn_op *op, const void *x, const void *packed_weights, const float *bias, const void *residual, void *y) {
  return run(op, &(idnn_pointers){.src = x, .weights = packed_weights, .bias = bias, .residual = residual, .dst = y});
}

int idnn_run_backward_data(const idnn_op *op, const void *dy, const void *packed_weights, void *dx) {
  return run(op, &(idnn_pointers){.src = dy, .weights = packed_weights, .dst = dx});
}

int idnn_run_backward_weights(const idnn_op *op, const void *x, const void *dy, float *dw) {
  return run(op, &(idnn_pointers){.src = x, .weights = dy, .dst = dw});
}
