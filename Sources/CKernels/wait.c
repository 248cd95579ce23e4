// How a thread of the pool waits. Looking is quicker than sleeping where the wait is short; sleeping gives the core to
// whoever can use it, and keeps the scheduler's favour: a thread that has slept is let in at once when it wakes, one that has
// looked away its time slice waits for its turn behind a browser.
#define _GNU_SOURCE
#include "pool.h"
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_NANOSECONDS = 20000, LOOKS_A_CLOCK = 16 };

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pause_a_moment(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

unsigned ik_await(ik_bell *bell, unsigned old, int *slept) {
  unsigned number = atomic_load_explicit(&bell->number, memory_order_acquire);
  if (number != old) return number;
  for (const int64_t until = now() + LOOK_NANOSECONDS; number == old && now() < until;)
    for (int i = 0; i < LOOKS_A_CLOCK && number == old; i++) {
      pause_a_moment();
      number = atomic_load_explicit(&bell->number, memory_order_acquire);
    }
  if (number != old) return number;
  if (slept) *slept = 1;
  atomic_fetch_add(&bell->sleepers, 1);
  // The kernel looks at the number once more before it lets the thread sleep.
  while ((number = atomic_load(&bell->number)) == old) syscall(SYS_futex, &bell->number, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
  atomic_fetch_sub(&bell->sleepers, 1);
  return number;
}

void ik_ring(ik_bell *bell, unsigned number) {
  atomic_store(&bell->number, number);
  if (atomic_load(&bell->sleepers)) syscall(SYS_futex, &bell->number, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
