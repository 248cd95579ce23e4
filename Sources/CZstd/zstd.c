#include "CZstd.h"

#include <dlfcn.h>
#include <pthread.h>

// The stable part of libzstd's interface.
static size_t (*decompress)(void *output, size_t capacity, const void *bytes, size_t count);
static unsigned (*is_error)(size_t code);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  is_error = (unsigned (*)(size_t))dlsym(library, "ZSTD_isError");
  if (!is_error) return;
  decompress = (size_t (*)(void *, size_t, const void *, size_t))dlsym(library, "ZSTD_decompress");
}

int izstd_decompress(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count) {
  pthread_once(&once, load);
  if (!decompress) return -1;
  size_t written = decompress(output, output_count, bytes, count);
  return !is_error(written) && written == output_count;
}
