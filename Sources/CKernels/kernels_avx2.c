// The kernels for the avx2 level.
#include "kernels.h"
#include <immintrin.h>

#define LANES 8
#define BF16_INSTRUCTIONS 0
#define TABLE ik_kernels_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi2"))), apply_to = function)
#include "kernels_table.h"
#pragma clang attribute pop
