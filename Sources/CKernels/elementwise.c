// Conversion, filling and arithmetic with broadcasting. Loops: elementwise_kernels.h.
#include "kernels.h"

// Elements per thread below which a second thread does not pay: about 3 microseconds of work.
enum { GRAIN = 32768 };

typedef struct {
  const char *from;
  char *to;
} copy_job;

static void copy_bytes(void *context, int64_t begin, int64_t end) {
  const copy_job *j = context;
  memmove(j->to + begin, j->from + begin, (size_t)(end - begin));
}

void ik_convert(const void *src, ik_dtype src_type, void *dst, ik_dtype dst_type, int64_t n) {
  if (src_type == dst_type) {
    copy_job job = {src, dst};
    if (src != dst) ik_parallel_for(n * ik_bytes(src_type), 4 * GRAIN, copy_bytes, &job);
    return;
  }
  ik_elementwise_job job = {.type = src_type, .to = dst_type, .a = src, .out = dst};
  ik_parallel_for(n, GRAIN, ik_table()->convert, &job);
}

typedef struct {
  char *to;
  int64_t bytes;
  unsigned char value[4];
} fill_job;

static void fill_elements(void *context, int64_t begin, int64_t end) {
  const fill_job *j = context;
  if (j->bytes == 4) {
    for (int64_t i = begin; i < end; i++) memcpy(j->to + i * 4, j->value, 4);
  } else {
    for (int64_t i = begin; i < end; i++) memcpy(j->to + i * 2, j->value, 2);
  }
}

void ik_fill(void *dst, ik_dtype type, float value, int64_t n) {
  fill_job job = {.to = dst, .bytes = ik_bytes(type)};
  if (type == IK_F32) memcpy(job.value, &value, 4);
  else ik_convert(&value, IK_F32, job.value, type, 1);
  ik_parallel_for(n, 2 * GRAIN, fill_elements, &job);
}

void ik_binary(ik_binary_op op, ik_dtype type, int rank, const int64_t *shape,
               const void *a, const int64_t *a_strides, const void *b, const int64_t *b_strides, void *out) {
  ik_elementwise_job job = {.op = (int)op, .type = type, .a = a, .b = b, .out = out};
  int64_t n = 1;
  int last = -1;
  for (int d = 0; d < rank; d++) {
    n *= shape[d];
    if (shape[d] == 1) continue;
    // Neighbouring axes that both operands walk through without a jump become one.
    if (last >= 0 && job.a_strides[last] == a_strides[d] * shape[d]
        && job.b_strides[last] == b_strides[d] * shape[d]) {
      job.shape[last] *= shape[d];
    } else {
      last++;
      job.shape[last] = shape[d];
    }
    job.a_strides[last] = a_strides[d];
    job.b_strides[last] = b_strides[d];
  }
  if (n == 0) return;
  if (last < 0) {
    last = 0;
    job.shape[0] = job.a_strides[0] = job.b_strides[0] = 1;
  }
  job.rank = last + 1;
  ik_parallel_for(n, job.shape[last] < 64 ? GRAIN / 8 : GRAIN, ik_table()->binary, &job);
}

void ik_axpby(ik_dtype type, int64_t n, float alpha, const void *a, float beta, const void *b, float gamma, void *out) {
  ik_elementwise_job job = {.type = type, .a = a, .b = b, .out = out, .p0 = alpha, .p1 = beta, .p2 = gamma};
  ik_parallel_for(n, GRAIN, ik_table()->axpby, &job);
}
