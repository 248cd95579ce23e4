// The pool of threads. A region is a number of tasks; whoever of the pool is free takes the next one, the calling thread among
// them, and the call returns when all are done. On a machine that does something else too a thread may be without a core for
// milliseconds: then the others do its part, and no one waits for a thread that has not begun.
//
// What decides who does what is one word, the ticket: number of the region, tasks in it, tasks taken. A thread that comes late
// finds another number there and takes nothing, so that what a region consists of is read only by who has a task of it.
#define _GNU_SOURCE
#include "pool.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TASK_BITS = 16, CROWDED_REGIONS = 200 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;  // one region at a time
static int members;                                       // threads there are, without the callers
static pthread_t threads_of_pool[IK_MOST_THREADS];
static int crowded;                                       // regions for which threads stay on their cores

// What a thread is called with: the number of the region it is to help with.
static ik_bell calls[IK_MOST_THREADS];

static struct {
  _Alignas(128) _Atomic uint64_t ticket;  // number << 32 | tasks << TASK_BITS | tasks taken
  _Alignas(128) _Atomic int done;
  _Alignas(128) ik_bell finished;         // rings with the number
  _Alignas(128) ik_bell meeting;          // of tasks that run together
  _Atomic int arrived;
  ik_task task;
  void *context;
  ik_company company;
  unsigned number;
} region;

static _Thread_local int inside, task_index, task_count = 1, member;
static _Thread_local ik_company company_of_task;

int ik_task_index(void) { return task_index; }
int ik_task_count(void) { return task_count; }
int ik_inside_task(void) { return inside; }
int ik_member(void) { return member; }

// ---------------------------------------------------------------- tasks

static _Atomic int delayed_member = -1, delay_microseconds;

void ik_delay(int of, int microseconds) {
  atomic_store(&delay_microseconds, microseconds);
  atomic_store(&delayed_member, of);
}

void ik_delay_here(void) {
  if (atomic_load_explicit(&delayed_member, memory_order_relaxed) != member) return;
  const int64_t nanoseconds = (int64_t)atomic_load(&delay_microseconds) * 1000;
  nanosleep(&(struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000}, NULL);
}

static void run_task(int index, int count, ik_company company, ik_task task, void *context) {
  const int was_inside = inside, was_index = task_index, was_count = task_count;
  const ik_company was_company = company_of_task;
  inside = 1;
  task_index = index;
  task_count = count;
  company_of_task = company;
  ik_delay_here();
  task(context);
  inside = was_inside;
  task_index = was_index;
  task_count = was_count;
  company_of_task = was_company;
}

void ik_meet(void) {
  if (task_count < 2) return;
  if (company_of_task != IK_TOGETHER) {
    fputs("imago: a task waits for another that may not have begun\n", stderr);
    abort();
  }
  const unsigned round = atomic_load(&region.meeting.number);
  if (atomic_fetch_add(&region.arrived, 1) + 1 < task_count) {
    ik_await(&region.meeting, round, NULL);
  } else {
    atomic_store(&region.arrived, 0);
    ik_ring(&region.meeting, round + 1);
  }
}

static void take_tasks(unsigned number) {
  uint64_t ticket = atomic_load(&region.ticket);
  while (ticket >> 32 == number) {
    const int index = (int)(ticket & ((1 << TASK_BITS) - 1)), count = (int)(ticket >> TASK_BITS & ((1 << TASK_BITS) - 1));
    if (index >= count) return;
    if (!atomic_compare_exchange_weak(&region.ticket, &ticket, ticket + 1)) continue;
    run_task(index, count, region.company, region.task, region.context);
    if (atomic_fetch_add(&region.done, 1) + 1 == count) ik_ring(&region.finished, number);
    ticket = atomic_load(&region.ticket);
  }
}

// ---------------------------------------------------------------- threads

static void *wait_for_calls(void *argument) {
  ik_bell *bell = argument;
  member = (int)(bell - calls) + 1;
  for (unsigned last = 0;;) take_tasks(last = ik_await(bell, last, NULL));
  return NULL;
}

// Threads of the pool handle no signals, and lie where OMP_PLACES or GOMP_CPU_AFFINITY puts them.
static void hire(int wanted) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (; members < wanted; members++) {
    // A number from an earlier region would call a new thread to it.
    atomic_store(&calls[members].number, 0);
    if (pthread_create(&threads_of_pool[members], NULL, wait_for_calls, &calls[members])) break;
    ik_place(threads_of_pool[members], members + 1);
    pthread_setname_np(threads_of_pool[members], "imago");
    pthread_detach(threads_of_pool[members]);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// ---------------------------------------------------------------- regions

static void alone(int count, ik_company company, ik_task task, void *context) {
  for (int index = 0; index < count; index++) run_task(index, count, company, task, context);
}

void ik_region(int count, ik_company company, ik_task task, void *context) {
  // Nested as OpenMP's: a task is not divided further.
  if (inside) return run_task(0, 1, company, task, context);
  const int threads = company == IK_TOGETHER ? count : ik_threads() < count ? ik_threads() : count;
  if (threads < 2) return alone(count, company, task, context);
  if (company == IK_TOGETHER) pthread_mutex_lock(&turn);
  else if (pthread_mutex_trylock(&turn)) return alone(count, company, task, context);
  if (members < threads - 1) hire(threads - 1);
  if (members < threads - 1 && company == IK_TOGETHER) {
    fprintf(stderr, "imago: the system gives no more than %d threads; ask for fewer with --threads\n", members + 1);
    abort();
  }
  const int stays = crowded > 0 && ik_stay(threads_of_pool, members);
  const unsigned number = ++region.number ? region.number : ++region.number;
  region.task = task;
  region.context = context;
  region.company = company;
  atomic_store(&region.done, 0);
  atomic_store(&region.arrived, 0);
  atomic_store(&region.ticket, (uint64_t)number << 32 | (uint64_t)count << TASK_BITS);
  for (int i = 0; i < threads - 1 && i < members; i++) ik_ring(&calls[i], number);
  take_tasks(number);
  int slept = 0;
  for (unsigned last = atomic_load(&region.finished.number); last != number;)
    last = ik_await(&region.finished, last, &slept);
  if (stays) ik_roam();
  // The others took longer than this one can look: somebody else has a core, or the tasks are long, where staying costs nothing.
  if (slept) crowded = CROWDED_REGIONS;
  else if (crowded > 0 && --crowded == 0) ik_roam_all(threads_of_pool, members);
  pthread_mutex_unlock(&turn);
}
