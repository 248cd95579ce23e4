// Loops over the same pool of threads as oneDNN's, libgomp's, entered the way a compiler with -fopenmp would.
#include "internal.h"
#include <string.h>

extern void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);

typedef struct {
  idnn_body body;
  void *context;
  int64_t n;
} share_job;

static void run_share(void *data) {
  const share_job *job = data;
  const int64_t threads = omp_get_num_threads(), me = omp_get_thread_num();
  const int64_t begin = job->n * me / threads, end = job->n * (me + 1) / threads;
  if (begin < end) job->body(job->context, begin, end);
}

int idnn_threads(void) { return omp_in_parallel() ? 1 : omp_get_max_threads(); }

void idnn_parallel(int64_t n, int64_t bytes, idnn_body body, void *context) {
  const int64_t threads = n < idnn_threads() ? n : idnn_threads();
  // Waking the pool costs as much as moving some 100 kB.
  if (threads > 1 && bytes > 1 << 17) {
    share_job job = {body, context, n};
    GOMP_parallel(run_share, &job, (unsigned)threads, 0);
  } else if (n > 0) {
    body(context, 0, n);
  }
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

void idnn_copy_rows(void *to, size_t to_stride, const void *from, size_t from_stride, size_t width, int64_t rows) {
  row_copy c = {to, from, to_stride, from_stride, width};
  idnn_parallel(rows, rows * (int64_t)width, copy_share, &c);
}
