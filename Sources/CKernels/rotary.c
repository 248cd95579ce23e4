// Rotary positions. Loops: rotary_kernels.h.
#include "kernels.h"

enum { GRAIN = 8192 };

void ik_rotary(ik_dtype type, int64_t tokens, int64_t T, int64_t heads, int64_t D, int neighbours, int inverse, const void *x,
               const float *cosines, const float *sines, void *y) {
  if (tokens * heads * D == 0) return;
  ik_rotary_job job = {.type = type, .T = T, .heads = heads, .D = D, .neighbours = neighbours, .direction = inverse ? -1 : 1, .x = x,
                       .cosines = cosines, .sines = sines, .y = y};
  ik_parallel_for(tokens, ik_grain(GRAIN, heads * D), ik_table()->rotary, &job);
}
