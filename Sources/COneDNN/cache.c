// The created ops, and running them.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

// Networks at one size have a few hundred; training on pictures of many shapes, thousands.
enum { MOST_OPS = 4096 };

static idnn_table *ops;

static void destroy(void *value) {
  idnn_op *op = value;
  idnn_primitive_destroy(&op->primitive);
  idnn_primitive_destroy(&op->unpack);
  free(op->places.o);
  free(op);
}

// Work is cut for a number of threads when an op is created, so that the number belongs to its key. The whole of its creation,
// and each of its runs, sees that number, whatever other threads set meanwhile.
static idnn_op *create(const int64_t *key, idnn_builder build, const void *request) {
  idnn_op *op = calloc(1, sizeof *op);
  if (!op) return NULL;
  op->threads = (int)key[IDNN_KEY_LENGTH - 1];
  const int before = ik_hold_threads(op->threads);
  const int status = build(op, request);
  ik_hold_threads(before);
  if (!status && (op->number = idnn_table_add(ops, key, op))) return op;
  destroy(op);
  return NULL;
}

idnn_op *idnn_obtain(const int64_t *key, int n, idnn_builder build, const void *request) {
  int64_t full[IDNN_KEY_LENGTH] = {0};
  memcpy(full, key, (size_t)n * sizeof *key);
  full[IDNN_KEY_LENGTH - 1] = ik_threads();
  if (idnn_init()) return NULL;
  idnn_lock();
  if (!ops) ops = idnn_table_create(MOST_OPS, destroy);
  idnn_op *op = ops ? idnn_table_find(ops, full) : NULL;
  if (ops && !op) op = create(full, build, request);
  idnn_unlock();
  return op;
}

idnn_op *idnn_find(uint64_t number) { return ops ? idnn_table_get(ops, number) : NULL; }

uint64_t idnn_number(const idnn_op *op) { return op->number; }

const char *idnn_implementation(const idnn_op *op) { return op->own ? op->own->name : op->primitive.name; }

void idnn_use_own(idnn_op *op, const im_kernel *kernel, const im_conv_shape *s, int has_bias, int has_residual) {
  op->own = kernel;
  op->shape = *s;
  op->run = NULL;
  op->has_bias = has_bias;
  op->has_residual = has_residual;
}

static int run_own(const idnn_op *op, const im_operands *p) {
  const im_operands used = {.src = p->src, .weights = p->weights, .dst = p->dst, .bias = op->has_bias ? p->bias : NULL,
                            .residual = op->has_residual ? p->residual : NULL};
  if (!used.src || !used.weights || !used.dst || (op->has_bias && !used.bias) || (op->has_residual && !used.residual))
    return idnn_fail(dnnl_invalid_arguments, "%s: an operand is missing", op->own->name);
  return op->own->run(&op->shape, &used) == IM_DONE ? 0 : dnnl_out_of_memory;
}

int idnn_run_primitive(const idnn_op *op, const im_operands *p) {
  void *pointers[5] = {(void *)p->src, (void *)p->weights, p->dst};
  int n = 3;
  if (op->has_bias) pointers[n++] = (void *)p->bias;
  if (op->has_residual) pointers[n++] = (void *)p->residual;
  return idnn_execute(&op->primitive, pointers);
}

static int run(const idnn_op *op, const im_operands *p) {
  idnn_lock();
  const int before = ik_hold_threads(op->threads);
  const int status = op->own ? run_own(op, p) : op->run(op, p);
  ik_hold_threads(before);
  if (status == dnnl_out_of_memory) idnn_fail(status, "running %s", idnn_implementation(op));
  idnn_unlock();
  return status;
}

int idnn_run_forward(const idnn_op *op, const void *x, const void *packed_weights, const float *bias, const void *residual, void *y) {
  return run(op, &(im_operands){.src = x, .weights = packed_weights, .bias = bias, .residual = residual, .dst = y});
}

int idnn_run_backward_data(const idnn_op *op, const void *dy, const void *packed_weights, void *dx) {
  return run(op, &(im_operands){.src = dy, .weights = packed_weights, .dst = dx});
}

int idnn_run_backward_weights(const idnn_op *op, const void *x, const void *dy, float *dw) {
  return run(op, &(im_operands){.src = x, .weights = dy, .dst = dw});
}
