#include "CMPI.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

// What is used of Open MPI's interface: handles are pointers, predefined ones the addresses of the library's variables.
typedef void *handle;
enum { SUCCESS = 0, FUNNELED = 1, ERROR_TEXT = 256 };
static int (*init_thread)(int *, char ***, int, int *);
static int (*finalize)(void);
static int (*comm_rank)(handle, int *), (*comm_size)(handle, int *);
static int (*set_errhandler)(handle, handle);
static int (*iallreduce)(const void *, void *, int, handle, handle, handle, handle *);
static int (*ireduce)(const void *, void *, int, handle, handle, int, handle, handle *);
static int (*ibcast)(void *, int, handle, int, handle, handle *);
static int (*test)(handle *, int *, void *);
static int (*op_create)(void (*)(void *, void *, int *, handle *), int, handle *);
static int (*error_string)(int, char *, int *);
static handle world, real32, real64, word16, sum, sum_bfloat16, errors_return;

enum kind { SUM, REDUCE, BROADCAST, LEAVE };
struct impi_call {
  enum kind kind;
  void *values, *result;  // as they travel; of SUM and BROADCAST the caller's
  size_t n;
  int root, in_bfloat16, state;
  struct impi_call *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static impi_call *first, *last;
static int joined = -1, own_rank, all;
static uint64_t bytes;
static char error_text[ERROR_TEXT + 512];

static uint16_t to_bfloat16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_bfloat16(uint16_t value) {
  const uint32_t bits = (uint32_t)value << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

static void add_bfloat16(void *in, void *inout, int *n, handle *type) {
  (void)type;
  const uint16_t *a = in;
  uint16_t *b = inout;
  for (int i = 0; i < *n; i++) b[i] = to_bfloat16(from_bfloat16(a[i]) + from_bfloat16(b[i]));
}

static int failed(const char *what, int code) {
  char text[ERROR_TEXT] = "";
  int length = 0;
  if (error_string) error_string(code, text, &length);
  snprintf(error_text, sizeof error_text, "%s: %s", what, text);
  return 2;
}

static int load(void) {
  void *library = dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    snprintf(error_text, sizeof error_text, "Open MPI could not be loaded (%s)", dlerror());
    return 1;
  }
  struct {
    const char *name;
    void *place;
  } wanted[] = {
      {"MPI_Init_thread", &init_thread},   {"MPI_Finalize", &finalize},     {"MPI_Comm_rank", &comm_rank},
      {"MPI_Comm_size", &comm_size},       {"MPI_Iallreduce", &iallreduce}, {"MPI_Ireduce", &ireduce},
      {"MPI_Ibcast", &ibcast},             {"MPI_Test", &test},             {"MPI_Op_create", &op_create},
      {"MPI_Error_string", &error_string}, {"ompi_mpi_comm_world", &world}, {"ompi_mpi_float", &real32},
      {"ompi_mpi_double", &real64},        {"ompi_mpi_uint16_t", &word16},  {"ompi_mpi_op_sum", &sum},
      {"MPI_Comm_set_errhandler", &set_errhandler},
      {"ompi_mpi_errors_return", &errors_return},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    void *found = dlsym(library, wanted[i].name);
    if (!found) {
      snprintf(error_text, sizeof error_text, "libmpi.so.40 has no %s: it is not Open MPI 4 or 5", wanted[i].name);
      return 1;
    }
    memcpy(wanted[i].place, &found, sizeof found);
  }
  return 0;
}

static int join_world(void) {
  int provided = 0;
  if (load()) return 1;
  if (init_thread(NULL, NULL, FUNNELED, &provided) != SUCCESS) {
    snprintf(error_text, sizeof error_text, "MPI_Init_thread failed");
    return 1;
  }
  set_errhandler(world, errors_return);
  int code = comm_rank(world, &own_rank);
  if (code == SUCCESS) code = comm_size(world, &all);
  if (code == SUCCESS) code = op_create(add_bfloat16, 1, &sum_bfloat16);
  return code == SUCCESS ? 0 : failed("joining", code);
}

// Waits for a call that was started, mostly asleep. The library moves a large message in pieces, some at each look: looks come close
// together for as long as messages take, and seldom for somebody who is late.
static int finish(handle request) {
  enum { CLOSE = 10000, SELDOM = 500000, LOOKS = 4000 };
  for (long look = 0;; look++) {
    int done = 0;
    const int code = test(&request, &done, NULL);
    if (code != SUCCESS) return failed("MPI_Test", code);
    if (done) return 0;
    const struct timespec time = {0, look < LOOKS ? CLOSE : SELDOM};
    nanosleep(&time, NULL);
  }
}

static int make(impi_call *call) {
  handle request = NULL;
  const int n = (int)call->n;
  int code = SUCCESS;
  switch (call->kind) {
    case SUM: {
      double *result = malloc(call->n * sizeof *result);
      if (!result) return snprintf(error_text, sizeof error_text, "no memory"), 2;
      code = iallreduce(call->values, result, n, real64, sum, world, &request);
      const int state = code == SUCCESS ? finish(request) : failed("MPI_Iallreduce", code);
      if (!state) memcpy(call->values, result, call->n * sizeof *result);
      free(result);
      return state;
    }
    case REDUCE:
      code = call->in_bfloat16
                 ? ireduce(call->values, call->result, n, word16, sum_bfloat16, call->root, world, &request)
                 : ireduce(call->values, call->result, n, real32, sum, call->root, world, &request);
      return code == SUCCESS ? finish(request) : failed("MPI_Ireduce", code);
    case BROADCAST:
      code = ibcast(call->values, n, real32, call->root, world, &request);
      return code == SUCCESS ? finish(request) : failed("MPI_Ibcast", code);
    case LEAVE:
      finalize();
      return 0;
  }
  return 2;
}

static void *work(void *unused) {
  // Short sleeps are short: the system may add 50 microseconds otherwise.
  prctl(PR_SET_TIMERSLACK, 1000);
  const int status = join_world();
  pthread_mutex_lock(&lock);
  joined = status;
  pthread_cond_broadcast(&changed);
  while (status == 0) {
    while (!first) pthread_cond_wait(&changed, &lock);
    impi_call *call = first;
    first = call->next;
    if (!first) last = NULL;
    pthread_mutex_unlock(&lock);
    const int result = make(call);
    const int ends = call->kind == LEAVE;
    pthread_mutex_lock(&lock);
    call->state = result;
    pthread_cond_broadcast(&changed);
    if (ends) break;
  }
  pthread_mutex_unlock(&lock);
  return unused;
}

int impi_join(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL)) {
    snprintf(error_text, sizeof error_text, "a thread could not be started");
    return 1;
  }
  pthread_detach(thread);
  pthread_mutex_lock(&lock);
  while (joined < 0) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  return joined;
}

const char *impi_error(void) { return error_text; }
int impi_rank(void) { return own_rank; }
int impi_size(void) { return all; }
uint64_t impi_bytes(void) { return __atomic_load_n(&bytes, __ATOMIC_RELAXED); }

// NULL without memory.
static impi_call *hand_in(enum kind kind, void *values, size_t n, int root) {
  impi_call *call = calloc(1, sizeof *call);
  if (!call) return NULL;
  call->kind = kind;
  call->values = values;
  call->n = n;
  call->root = root;
  call->state = 1;
  return call;
}

static impi_call *queue(impi_call *call, size_t width) {
  __atomic_add_fetch(&bytes, call->n * width, __ATOMIC_RELAXED);
  pthread_mutex_lock(&lock);
  if (last) last->next = call;
  else first = call;
  last = call;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return call;
}

impi_call *impi_sum(double *values, size_t n) {
  impi_call *call = hand_in(SUM, values, n, 0);
  return call ? queue(call, sizeof(double)) : NULL;
}

impi_call *impi_reduce(const float *values, size_t n, int root, int in_bfloat16) {
  const size_t width = in_bfloat16 ? sizeof(uint16_t) : sizeof(float);
  // Only the root is given the sums.
  const int receives = root == impi_rank();
  void *copy = malloc(n * width), *result = receives ? malloc(n * width) : NULL;
  impi_call *call = copy && (result || !receives) ? hand_in(REDUCE, copy, n, root) : NULL;
  if (!call) {
    free(copy);
    free(result);
    return NULL;
  }
  if (in_bfloat16) {
    for (size_t i = 0; i < n; i++) ((uint16_t *)copy)[i] = to_bfloat16(values[i]);
  } else {
    memcpy(copy, values, n * width);
  }
  call->result = result;
  call->in_bfloat16 = in_bfloat16;
  return queue(call, width);
}

impi_call *impi_broadcast(float *values, size_t n, int root) {
  impi_call *call = hand_in(BROADCAST, values, n, root);
  return call ? queue(call, sizeof(float)) : NULL;
}

int impi_wait(impi_call *call, int milliseconds) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += milliseconds / 1000;
  end.tv_nsec += milliseconds % 1000 * 1000000L;
  if (end.tv_nsec >= 1000000000L) {
    end.tv_sec += 1;
    end.tv_nsec -= 1000000000L;
  }
  pthread_mutex_lock(&lock);
  while (call->state == 1 && pthread_cond_timedwait(&changed, &lock, &end) == 0) {
  }
  const int state = call->state;
  pthread_mutex_unlock(&lock);
  return state;
}

void impi_take(const impi_call *call, float *sums) {
  if (call->in_bfloat16) {
    for (size_t i = 0; i < call->n; i++) sums[i] = from_bfloat16(((uint16_t *)call->result)[i]);
  } else {
    memcpy(sums, call->result, call->n * sizeof *sums);
  }
}

void impi_free(impi_call *call) {
  if (call->kind == REDUCE) {
    free(call->values);
    free(call->result);
  }
  free(call);
}

void impi_leave(void) {
  impi_call *call = hand_in(LEAVE, NULL, 0, 0);
  if (!call) return;
  queue(call, 0);
  while (impi_wait(call, 1000) == 1) {
  }
  impi_free(call);
}
