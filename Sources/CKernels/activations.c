// Unary functions, activations and GEGLU. Loops: activations_kernels.h.
#include "kernels.h"

// Elements per thread below which a second thread does not pay; these functions cost a few times an addition.
enum { GRAIN = 8192 };

void ik_unary(ik_unary_op op, ik_dtype type, int64_t n, const void *x, float p0, float p1, void *out) {
  ik_elementwise_job job = {.op = (int)op, .type = type, .a = x, .out = out, .p0 = p0, .p1 = p1};
  ik_parallel_for(n, GRAIN, ik_table()->unary, &job);
}

void ik_unary_backward(ik_unary_op op, ik_dtype type, int64_t n, const void *x, const void *dy, float p0, float p1, void *dx) {
  ik_elementwise_job job = {.op = (int)op, .type = type, .a = x, .b = dy, .out = dx, .p0 = p0, .p1 = p1};
  ik_parallel_for(n, GRAIN, ik_table()->unary_backward, &job);
}

void ik_geglu(ik_dtype type, int64_t rows, int64_t D, const void *x, void *y) {
  ik_elementwise_job job = {.type = type, .D = D, .a = x, .out = y};
  ik_parallel_for(rows, ik_grain(GRAIN, D), ik_table()->geglu, &job);
}

void ik_geglu_backward(ik_dtype type, int64_t rows, int64_t D, const void *x, const void *dy, void *dx) {
  ik_elementwise_job job = {.type = type, .D = D, .a = x, .b = dy, .out = dx};
  ik_parallel_for(rows, ik_grain(GRAIN, D), ik_table()->geglu_backward, &job);
}
