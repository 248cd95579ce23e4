// The kernels for the avx512-bf16 level.
#include "kernels.h"
#include <immintrin.h>

#define LANES 16
#define BF16_INSTRUCTIONS 1
#define TABLE ik_kernels_bf16
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma,f16c,bmi2"))), apply_to = function)
#include "kernels_table.h"
#pragma clang attribute pop
