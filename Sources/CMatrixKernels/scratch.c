// Memory that all calls share.
#include "CMatrixKernels.h"
#include <stdlib.h>

void *im_scratch(im_slot slot, size_t bytes) {
  static void *buffers[IM_SCRATCH_SLOTS];
  static size_t sizes[IM_SCRATCH_SLOTS];
  if (bytes > sizes[slot] || !buffers[slot]) {
    free(buffers[slot]);
    // An eighth more, so that slowly growing requests do not allocate each time.
    const size_t size = (bytes + bytes / 8 + 4096) / 4096 * 4096;
    buffers[slot] = aligned_alloc(4096, size);
    sizes[slot] = buffers[slot] ? size : 0;
  }
  return buffers[slot];
}
