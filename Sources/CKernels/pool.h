// Private to CKernels: regions of tasks on the pool of threads. See pool.c.
#ifndef IMAGO_POOL_H
#define IMAGO_POOL_H
#include "CKernels.h"
#include <pthread.h>

typedef void (*ik_task)(void *context);

// How the tasks of a region may run.
typedef enum {
  IK_APART,     // in any order, also one after the other on one thread
  IK_TOGETHER,  // each on a thread of its own, since they wait for one another
} ik_company;

enum { IK_MOST_TASKS = 4096, IK_MOST_THREADS = 1024 };

// Runs `count` tasks (1 to IK_MOST_TASKS) and returns when all are done. Inside a task, and where another thread's region is
// under way, tasks that may be apart run on the calling thread.
void ik_region(int count, ik_company company, ik_task task, void *context);

// Inside a task: which one this is, and of how many. 0 and 1 outside.
int ik_task_index(void);
int ik_task_count(void);
int ik_inside_task(void);
// Waits for the other tasks of a region whose tasks run together.
void ik_meet(void);

// For tests: sleeps here if this is the thread that ik_delay names.
void ik_delay_here(void);

// ---------------------------------------------------------------- openmp.c
// Threads where none were asked for: OMP_NUM_THREADS, or the processors this process may use.
int ik_default_threads(void);

// ---------------------------------------------------------------- place.c
// Puts a new thread of the pool where the user's OpenMP settings want it.
void ik_place(pthread_t thread, int member);
// Keeps the calling thread on its core, and `count` threads of the pool on one each of the others. 0 if that is not wanted here.
int ik_stay(const pthread_t *threads, int count);
// Ends that for the calling thread, and for threads of the pool.
void ik_roam(void);
void ik_roam_all(const pthread_t *threads, int count);

// ---------------------------------------------------------------- wait.c
// Where a thread waits for a number to change.
typedef struct {
  _Alignas(128) _Atomic unsigned number;
  _Atomic int sleepers;
} ik_bell;

// Returns the bell's number once it is not `old`: looks at it for a while, then sleeps, and says so in `slept` unless it is NULL.
unsigned ik_await(ik_bell *bell, unsigned old, int *slept);
// Sets the number and wakes who sleeps.
void ik_ring(ik_bell *bell, unsigned number);
#endif
