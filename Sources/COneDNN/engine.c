// The engine, and the messages of failures.
#include "internal.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static int engine_status;
static _Thread_local char message[256];

const char *idnn_error(void) { return message; }

int idnn_fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int used = vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  static const char *const reasons[] = {"", "out of memory", "invalid arguments", "not implemented", "no further implementation",
                                        "runtime error", "not required"};
  if (used > 0 && (size_t)used < sizeof message && status > 0 && status < (int)(sizeof reasons / sizeof *reasons))
    snprintf(message + used, sizeof message - (size_t)used, ": %s", reasons[status]);
  return status ? status : -1;
}

static void create_engine(void) { engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0); }

int idnn_init(void) {
  pthread_once(&once, create_engine);
  return engine_status ? idnn_fail(engine_status, "creating oneDNN's engine") : 0;
}

dnnl_engine_t idnn_engine(void) { return idnn_init() ? NULL : engine; }

const char *idnn_version(void) {
  static _Thread_local char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

int idnn_has_bf16(void) {
  const unsigned needed = dnnl_cpu_isa_avx512_core_bf16;
  return ((unsigned)dnnl_get_effective_cpu_isa() & needed) == needed;
}

int idnn_own_kernels_work(void) { return idnn_has_bf16() && im_has_bf16(); }

int idnn_has_int8(void) { return idnn_has_bf16() && im_has_int8(); }

dnnl_data_type_t idnn_type(ik_dtype type) {
  return type == IK_BF16 ? dnnl_bf16 : type == IK_F16 ? dnnl_f16 : dnnl_f32;
}

size_t idnn_type_bytes(ik_dtype type) { return type == IK_F32 ? 4 : 2; }

void idnn_lock(void) { pthread_mutex_lock(&mutex); }
void idnn_unlock(void) { pthread_mutex_unlock(&mutex); }
