// How many threads, loops over them, and the choice of instruction set.
#include "kernels.h"
#include "pool.h"
#include <stdatomic.h>

// ---------------------------------------------------------------- threads
static atomic_int wanted_threads;

void ik_set_threads(int n) { atomic_store(&wanted_threads, n < 1 ? 1 : (int)ik_min(n, IK_MOST_THREADS)); }

static _Thread_local int held_threads;

int ik_hold_threads(int n) {
  const int before = held_threads;
  held_threads = n;
  return before;
}

int ik_threads(void) {
  if (held_threads) return held_threads;
  const int wanted = atomic_load_explicit(&wanted_threads, memory_order_relaxed);
  return wanted ? wanted : ik_default_threads();
}

typedef struct {
  ik_body body;
  void *context;
  int64_t n, grain, step, shares;
  _Atomic int64_t next;
} loop;

// Ranges are a share of what is left, so that they become smaller towards the end, where threads wait for the last one.
static void take_ranges(void *data) {
  loop *l = data;
  int64_t begin = atomic_load(&l->next);
  while (begin < l->n) {
    const int64_t left = l->n - begin;
    int64_t size = ik_blocks(ik_max(left / l->shares, l->grain), l->step) * l->step;
    if (left - size < l->grain) size = left;
    if (!atomic_compare_exchange_weak(&l->next, &begin, begin + size)) continue;
    ik_delay_here();
    l->body(l->context, begin, begin + size);
    begin = atomic_load(&l->next);
  }
}

void ik_parallel_for(int64_t n, int64_t grain, ik_body body, void *context) {
  if (n <= 0) return;
  const int64_t pieces = grain > 1 ? n / grain : n;
  const int64_t threads = pieces > 1 && !ik_inside_task() ? ik_min(pieces, ik_threads()) : 1;
  if (threads < 2) return body(context, 0, n);
  // Ranges of single numbers begin where vectors do.
  loop l = {body, context, n, ik_max(grain, 1), grain >= 1024 ? 64 : 1, 4 * threads, 0};
  ik_region((int)threads, IK_APART, take_ranges, &l);
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
