// Sums over axes, norms, the search for non-finite values, softmax. Loops: reduction_kernels.h.
#include "kernels.h"

// Elements per thread below which a second thread does not pay, and elements of one unit of work.
enum { GRAIN = 32768, UNIT = 65536 };

// out[outer][column] = scale * sum over rows of in[outer][row][column]
static void sum_middle(ik_dtype type, int64_t outer, int64_t rows, int64_t C, const void *in, float scale, float *out) {
  const int columns = C > 1;
  ik_reduction_job job = {.type = type, .rows = rows, .C = C, .a = in};
  // Chunks depend on the shape alone, so that the order of summation does too.
  job.chunk = ik_max(columns ? 32 : UNIT, UNIT / C);
  job.chunks = ik_max(1, ik_blocks(rows, job.chunk));
  const int64_t units = outer * job.chunks;
  job.partial = ik_scratch(units * C * (int64_t)sizeof(double));
  ik_parallel_for(units, ik_grain(GRAIN, ik_min(job.chunk, rows) * C),
                  columns ? ik_table()->sum_columns : ik_table()->sum_rows, &job);
  for (int64_t o = 0; o < outer; o++) {
    double *sums = job.partial + o * job.chunks * C;
    for (int64_t k = 1; k < job.chunks; k++)
      for (int64_t c = 0; c < C; c++) sums[c] += sums[k * C + c];
    for (int64_t c = 0; c < C; c++) out[o * C + c] = (float)((double)scale * sums[c]);
  }
  free(job.partial);
}

void ik_reduce_sum(ik_dtype in_type, int rank, const int64_t *shape, const uint8_t *reduced, const void *in, float scale,
                   ik_dtype out_type, void *out) {
  // Neighbouring axes of one kind become one; then kept and reduced axes alternate.
  int64_t s[IK_MAX_RANK + 1] = {1};
  uint8_t sums[IK_MAX_RANK + 1] = {0};
  int r = 1;
  int64_t count = 1;
  for (int d = 0; d < rank; d++) {
    const uint8_t sum = reduced[d] != 0;
    if (!sum) count *= shape[d];
    if (shape[d] == 1) continue;
    if (sums[r - 1] == sum) {
      s[r - 1] *= shape[d];
    } else {
      s[r] = shape[d];
      sums[r++] = sum;
    }
  }
  if (count == 0) return;
  if (r == 1) {  // nothing to add up
    float *values = out_type == IK_F32 ? out : ik_scratch(count * 4);
    ik_convert(in, in_type, values, IK_F32, count);
    if (scale != 1) ik_axpby(IK_F32, count, scale, values, 0, NULL, 0, values);
    if (values != out) {
      ik_convert(values, IK_F32, out, out_type, count);
      free(values);
    }
    return;
  }
  // The last reduced axis first; its sums are the input of the one before.
  const void *from = in;
  ik_dtype type = in_type;
  float *held = NULL;
  while (r > 1) {
    const int64_t C = sums[r - 1] ? 1 : s[r - 1];
    if (!sums[r - 1]) r--;
    const int64_t rows = s[r - 1];
    r--;  // s[r - 1] is now a kept axis
    int64_t outer = 1;
    for (int d = 0; d < r; d++) outer *= s[d];
    const int last = r == 1;
    float *to = last && out_type == IK_F32 ? out : ik_scratch(outer * C * 4);
    sum_middle(type, outer, rows, C, from, last ? scale : 1, to);
    free(held);
    held = to == out ? NULL : to;
    from = to;
    type = IK_F32;
    s[r - 1] *= C;
  }
  if (held != NULL) {
    ik_convert(held, IK_F32, out, out_type, count);
    free(held);
  }
}

double ik_sum_squares(ik_dtype type, int64_t n, const void *x) {
  if (n <= 0) return 0;
  double one = 0, total = 0;
  ik_reduction_job job = {.type = type, .rows = n, .C = 1, .chunk = UNIT, .squares = 1, .a = x};
  job.chunks = ik_blocks(n, UNIT);
  job.partial = job.chunks == 1 ? &one : ik_scratch(job.chunks * (int64_t)sizeof(double));
  ik_parallel_for(job.chunks, 1, ik_table()->sum_rows, &job);
  for (int64_t k = 0; k < job.chunks; k++) total += job.partial[k];
  if (job.partial != &one) free(job.partial);
  return total;
}

int64_t ik_first_nonfinite(ik_dtype type, int64_t n, const void *x) {
  ik_reduction_job job = {.type = type, .a = x, .found = INT64_MAX};
  ik_parallel_for(n, 2 * GRAIN, ik_table()->first_nonfinite, &job);
  return job.found == INT64_MAX ? -1 : job.found;
}

void ik_softmax(ik_dtype type, int64_t rows, int64_t columns, const void *x, void *y) {
  ik_reduction_job job = {.type = type, .C = columns, .a = x, .out = y};
  ik_parallel_for(rows, ik_grain(GRAIN / 8, columns), ik_table()->softmax, &job);
}

void ik_softmax_backward(ik_dtype type, int64_t rows, int64_t columns, const void *y, const void *dy, void *dx) {
  ik_reduction_job job = {.type = type, .C = columns, .a = y, .b = dy, .out = dx};
  ik_parallel_for(rows, ik_grain(GRAIN / 2, columns), ik_table()->softmax_backward, &job);
}
