// On which core a thread of the pool runs.
//
// Where the user's OpenMP settings name places, threads lie there. Otherwise the scheduler decides, until others want the cores
// too: then it moves threads about so that each gets its share of all cores, and ours, which wait for one another, lose more by
// that than the share. As long as that lasts each stays on a core of its own during a region, and the work moves instead.
#define _GNU_SOURCE
#include "pool.h"
#include <sched.h>
#include <stdlib.h>

// libgomp's; they read OMP_PROC_BIND, OMP_PLACES and GOMP_CPU_AFFINITY.
extern int omp_get_proc_bind(void);
extern int omp_get_num_places(void);
extern int omp_get_place_num_procs(int place);
extern void omp_get_place_proc_ids(int place, int *ids);

static int user_places(void) { return omp_get_proc_bind() ? omp_get_num_places() : 0; }

// libgomp binds the first thread when it is loaded, and a new thread inherits that: without a place of its own every thread of
// the pool would lie on the first one's core.
void ik_place(pthread_t thread, int member) {
  const int places = user_places();
  if (places < 1) return;
  const int place = member % places, count = omp_get_place_num_procs(place);
  int *ids = malloc(sizeof *ids * (size_t)(count > 0 ? count : 1));
  if (!ids) return;
  omp_get_place_proc_ids(place, ids);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < count; i++) if (ids[i] >= 0 && ids[i] < CPU_SETSIZE) CPU_SET(ids[i], &set);
  if (CPU_COUNT(&set)) pthread_setaffinity_np(thread, sizeof set, &set);
  free(ids);
}

// ---------------------------------------------------------------- staying

static struct {
  int active;                   // threads of the pool have been put on cores
  cpu_set_t before;             // of every thread
  int core[IK_MOST_THREADS];    // of thread i of the pool
} stay;

static void put(pthread_t thread, int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(thread, sizeof set, &set);
}

int ik_stay(const pthread_t *threads, int count) {
  const int here = sched_getcpu();
  cpu_set_t mine;
  // With fewer threads than cores the scheduler finds free ones.
  if (here < 0 || here >= CPU_SETSIZE || user_places() > 0 || sched_getaffinity(0, sizeof mine, &mine)) return 0;
  if (CPU_COUNT(&mine) != count + 1 || (stay.active && !CPU_EQUAL(&mine, &stay.before))) return 0;
  if (!stay.active) {
    stay.before = mine;
    for (int core = 0, i = 0; core < CPU_SETSIZE && i < count; core++) {
      if (core == here || !CPU_ISSET(core, &stay.before)) continue;
      put(threads[i], core);
      stay.core[i++] = core;
    }
    stay.active = 1;
  } else {
    // A thread that lies where the caller is now changes over to the core that is nobody's.
    cpu_set_t unused = stay.before;
    int other = -1;
    for (int i = 0; i < count; i++) {
      CPU_CLR(stay.core[i], &unused);
      if (stay.core[i] == here) other = i;
    }
    for (int core = 0; other >= 0 && core < CPU_SETSIZE; core++) {
      if (!CPU_ISSET(core, &unused)) continue;
      put(threads[other], core);
      stay.core[other] = core;
      other = -1;
    }
  }
  put(pthread_self(), here);
  return 1;
}

void ik_roam(void) { pthread_setaffinity_np(pthread_self(), sizeof stay.before, &stay.before); }

void ik_roam_all(const pthread_t *threads, int count) {
  if (!stay.active) return;
  for (int i = 0; i < count; i++) pthread_setaffinity_np(threads[i], sizeof stay.before, &stay.before);
  stay.active = 0;
}
