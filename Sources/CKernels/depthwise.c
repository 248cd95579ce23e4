// Convolution of every channel by itself. Loops: depthwise_kernels.h.
#include "kernels.h"

// Multiplications per thread below which a second thread does not pay.
enum { GRAIN = 65536 };

void ik_depthwise(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, int64_t KH, int64_t KW, int64_t stride, int64_t pad_top,
                  int64_t pad_left, int64_t OH, int64_t OW, const void *x, const float *w, const float *bias, void *y) {
  ik_depthwise_job job = {.type = type, .H = H, .W = W, .C = C, .KH = KH, .KW = KW, .stride = stride, .pad_top = pad_top,
                          .pad_left = pad_left, .OH = OH, .OW = OW, .x = x, .w = w, .bias = bias, .y = y};
  ik_parallel_for(B * OH, ik_grain(GRAIN, OW * C * KH * KW), ik_table()->depthwise, &job);
}
