// Shapes, and what the processor has.
#include "CMatrixKernels.h"

im_conv_shape im_linear_shape(ik_dtype type, int64_t M, int64_t N, int64_t K) {
  return (im_conv_shape){.type = type, .B = M, .H = 1, .W = 1, .C = K, .OH = 1, .OW = 1, .OC = N, .KH = 1, .KW = 1, .stride = 1};
}

int im_is_pointwise(const im_conv_shape *s) {
  return s->KH == 1 && s->KW == 1 && s->stride == 1 && !s->pad_top && !s->pad_left && !s->pad_bottom && !s->pad_right;
}

int im_has_bf16(void) { return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                            && __builtin_cpu_supports("avx512bf16"); }
int im_has_int8(void) { return im_has_bf16() && __builtin_cpu_supports("avx512vnni"); }
