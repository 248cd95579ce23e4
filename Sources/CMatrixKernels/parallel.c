// Loops in the pool of threads.
#include "CMatrixKernels.h"
#include <string.h>

enum { LEAST_BYTES = 1 << 16 };

void im_parallel(int64_t n, int64_t bytes, ik_body body, void *context) {
  // Calling the pool costs as much as moving some 100 kB.
  const int64_t each = n > 0 ? bytes / n : 0;
  ik_parallel_for(n, each < LEAST_BYTES ? LEAST_BYTES / (each > 0 ? each : 1) : 1, body, context);
}

typedef struct {
  char *to;
  const char *from;
  size_t to_stride, from_stride, width;
} row_copy;

static void copy_share(void *context, int64_t begin, int64_t end) {
  const row_copy *c = context;
  for (int64_t row = begin; row < end; row++)
    memcpy(c->to + (size_t)row * c->to_stride, c->from + (size_t)row * c->from_stride, c->width);
}

void im_copy_rows(void *to, size_t to_stride, const void *from, size_t from_stride, size_t width, int64_t rows) {
  row_copy c = {to, from, to_stride, from_stride, width};
  im_parallel(rows, rows * (int64_t)width, copy_share, &c);
}
