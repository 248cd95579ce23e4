// oneDNN, as distributions build it, divides its work by OpenMP and calls these six functions of a run-time for that. Defined
// in the program they go before libgomp's, so that oneDNN's regions run in the pool of everything else, wait as it waits and can
// be cut into more parts than there are threads. (Where a loader does not put them first, oneDNN uses libgomp's: slower on a
// busy machine, never wrong.) What OMP_NUM_THREADS, OMP_PLACES and GOMP_CPU_AFFINITY ask for is still read by libgomp.
#include "pool.h"
#include <stdatomic.h>
#include <stdlib.h>

extern int omp_get_num_procs(void);
extern int omp_get_thread_limit(void);

static _Thread_local int parts_a_thread;

void ik_divide(int parts) { parts_a_thread = parts; }

// Their declarations are omp.h's and the compilers'.
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_in_parallel(void);
void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
void GOMP_barrier(void);

int omp_get_thread_num(void) { return ik_task_index(); }
int omp_get_num_threads(void) { return ik_task_count(); }
int omp_in_parallel(void) { return ik_inside_task(); }
void GOMP_barrier(void) { ik_meet(); }

int omp_get_max_threads(void) {
  const int threads = ik_threads();
  return threads > 1 && parts_a_thread > 1 ? threads * parts_a_thread : threads;
}

void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags) {
  (void)flags;
  const int count = threads > 0 ? (int)threads : omp_get_max_threads();
  ik_region(count < IK_MOST_TASKS ? count : IK_MOST_TASKS, parts_a_thread > 1 ? IK_APART : IK_TOGETHER, function, data);
}

int ik_default_threads(void) {
  static atomic_int kept;
  int threads = atomic_load_explicit(&kept, memory_order_relaxed);
  if (threads > 0) return threads;
  const char *text = getenv("OMP_NUM_THREADS");
  const long asked = text ? strtol(text, NULL, 10) : 0;
  const int limit = omp_get_thread_limit() < IK_MOST_THREADS ? omp_get_thread_limit() : IK_MOST_THREADS;
  threads = asked > 0 && asked < limit ? (int)asked : asked > 0 ? limit : omp_get_num_procs();
  threads = threads < 1 ? 1 : threads < limit ? threads : limit;
  atomic_store(&kept, threads);
  return threads;
}
