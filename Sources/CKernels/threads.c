// Threads and the choice of instruction set. The pool is libgomp's, entered the way a compiler with -fopenmp
// would, so that neither a compiler flag nor a second pool beside oneDNN's is needed.
#include "kernels.h"
#include <stdatomic.h>

extern void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);
extern void omp_set_num_threads(int);

// ---------------------------------------------------------------- threads
// libgomp keeps the number of threads per calling thread; ours holds for the whole process.
static atomic_int wanted_threads;
static _Thread_local int applied_threads;

void ik_set_threads(int n) {
  atomic_store(&wanted_threads, n < 1 ? 1 : n);
  (void)ik_threads();
}

int ik_threads(void) {
  const int wanted = atomic_load_explicit(&wanted_threads, memory_order_relaxed);
  if (wanted == 0) return omp_get_max_threads();
  if (applied_threads != wanted) {
    omp_set_num_threads(wanted);
    applied_threads = wanted;
  }
  return wanted;
}

typedef struct {
  ik_body body;
  void *context;
  int64_t n;
} share_job;

static void run_share(void *data) {
  const share_job *job = data;
  const int64_t threads = omp_get_num_threads(), me = omp_get_thread_num();
  const int64_t each = job->n / threads, more = job->n % threads;
  const int64_t begin = me * each + ik_min(me, more), end = begin + each + (me < more);
  if (begin < end) job->body(job->context, begin, end);
}

void ik_parallel_for(int64_t n, int64_t grain, ik_body body, void *context) {
  if (n <= 0) return;
  const int64_t shares = grain > 1 ? n / grain : n;
  if (shares > 1 && !omp_in_parallel()) {
    const int64_t threads = ik_min(shares, ik_threads());
    if (threads > 1) {
      share_job job = {body, context, n};
      GOMP_parallel(run_share, &job, (unsigned)threads, 0);
      return;
    }
  }
  body(context, 0, n);
}

// ---------------------------------------------------------------- instruction set
enum { LEVELS = 4 };
static const char *const level_names[LEVELS] = {"baseline", "avx2", "avx512", "avx512-bf16"};
static atomic_int process_level = -1;
// Forced for one thread only, so that tests that run side by side do not disturb each other. The level is read
// where a kernel is called, never inside the pool.
static _Thread_local int forced_level = -1;

static int highest_level(void) {
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2"))) return 0;
  if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))) return 1;
  return __builtin_cpu_supports("avx512bf16") ? 3 : 2;
}

void ik_force_isa_level(int level) {
  forced_level = (int)ik_max(0, ik_min(level, highest_level()));
}

int ik_isa_level(void) {
  if (forced_level >= 0) return forced_level;
  int level = atomic_load_explicit(&process_level, memory_order_relaxed);
  if (level >= 0) return level;
  level = highest_level();
  const char *name = getenv("IMAGO_ISA");
  for (int k = 0; name != NULL && k < level; k++) if (strcmp(name, level_names[k]) == 0) level = k;
  atomic_store(&process_level, level);
  return level;
}

const char *ik_isa(void) { return level_names[ik_isa_level()]; }

const ik_kernels *ik_table(void) {
  static const ik_kernels *const tables[LEVELS] = {
    &ik_kernels_baseline, &ik_kernels_avx2, &ik_kernels_avx512, &ik_kernels_bf16};
  return tables[ik_isa_level()];
}

void *ik_scratch(int64_t bytes) {
  void *p = aligned_alloc(64, (size_t)(ik_blocks(ik_max(bytes, 1), 64) * 64));
  if (p == NULL) abort();
  return p;
}
