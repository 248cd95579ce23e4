#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// The C interface of BLAS as its standard defines it, with 32-bit integers.
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };
typedef void (*sgemm_fn)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                         const float *a, int lda, const float *b, int ldb, float beta, float *c,
                         int ldc);

typedef void (*dgemm_fn)(int order, int trans_a, int trans_b, int m, int n, int k, double alpha,
                         const double *a, int lda, const double *b, int ldb, double beta, double *c,
                         int ldc);
// LAPACK's symmetric eigenvalue solver, with the lengths of the two texts that Fortran passes last.
typedef void (*dsyevd_fn)(const char *job, const char *uplo, const int *n, double *a, const int *lda,
                          double *w, double *work, const int *lwork, int *iwork, const int *liwork,
                          int *info, size_t job_length, size_t uplo_length);

static sgemm_fn sgemm;
static dgemm_fn dgemm;
static dsyevd_fn dsyevd;
static void (*set_num_threads)(int);
static char *(*get_config)(void);
static char error_text[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

// OpenBLAS knows processors by model number. A release older than the processor takes it for a Haswell and
// leaves half of an AVX-512 machine idle, so the kernel is chosen here by what the processor can do.
static void choose_core_type(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const char *core = NULL;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    core = __builtin_cpu_supports("avx512bf16") ? "Cooperlake" : "SkylakeX";
  }
  if (core) setenv("OPENBLAS_CORETYPE", core, 0);
#endif
}

static void load(void) {
  choose_core_type();
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(error_text, sizeof error_text,
             "OpenBLAS could not be loaded (%s); install libopenblas0-pthread or choose another backend",
             dlerror());
    return;
  }
  sgemm_fn found = (sgemm_fn)dlsym(library, "cblas_sgemm");
  dgemm = (dgemm_fn)dlsym(library, "cblas_dgemm");
  dsyevd = (dsyevd_fn)dlsym(library, "dsyevd_");
  set_num_threads = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  get_config = (char *(*)(void))dlsym(library, "openblas_get_config");
  if (!found || !set_num_threads || !get_config) {
    snprintf(error_text, sizeof error_text,
             "libopenblas.so.0 lacks cblas_sgemm or openblas_set_num_threads; install libopenblas0-pthread");
    return;
  }
  sgemm = found;
}

int iblas_load(void) {
  pthread_once(&once, load);
  return sgemm ? 0 : 1;
}

const char *iblas_error(void) {
  iblas_load();
  return error_text;
}

const char *iblas_config(void) { return iblas_load() == 0 ? get_config() : ""; }

// The library's pool serves one caller; its thread count is a global too.
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void take_turn(int threads) {
  static int current_threads;
  pthread_mutex_lock(&turn);
  if (threads != current_threads) {
    set_num_threads(threads);
    current_threads = threads;
  }
}

void iblas_sgemm(int threads, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                 const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc) {
  take_turn(threads);
  sgemm(ROW_MAJOR, transpose_a ? TRANSPOSE : NO_TRANSPOSE, transpose_b ? TRANSPOSE : NO_TRANSPOSE,
        (int)m, (int)n, (int)k, 1.0f, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
  pthread_mutex_unlock(&turn);
}

int iblas_has_double(void) { return iblas_load() == 0 && dgemm && dsyevd; }

void iblas_dgemm(int threads, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                 const double *a, int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc) {
  take_turn(threads);
  dgemm(ROW_MAJOR, transpose_a ? TRANSPOSE : NO_TRANSPOSE, transpose_b ? TRANSPOSE : NO_TRANSPOSE,
        (int)m, (int)n, (int)k, 1.0, a, (int)lda, b, (int)ldb, 0.0, c, (int)ldc);
  pthread_mutex_unlock(&turn);
}

int iblas_symmetric_eigen(int threads, int wants_vectors, int64_t size, double *a, double *w) {
  const char *job = wants_vectors ? "V" : "N";
  const int n = (int)size;
  int info = 0, iwork_size = 0, query = -1;
  double work_size = 0;
  dsyevd(job, "U", &n, a, &n, w, &work_size, &query, &iwork_size, &query, &info, 1, 1);
  if (info) return info;
  const int lwork = (int)work_size, liwork = iwork_size;
  double *work = malloc((size_t)lwork * sizeof *work);
  int *iwork = malloc((size_t)liwork * sizeof *iwork);
  info = 1;
  if (work && iwork) {
    take_turn(threads);
    dsyevd(job, "U", &n, a, &n, w, work, &lwork, iwork, &liwork, &info, 1, 1);
    pthread_mutex_unlock(&turn);
  }
  free(work);
  free(iwork);
  return info;
}
