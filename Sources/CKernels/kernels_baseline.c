// The kernels for the baseline level.
#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LANES 4
#define BF16_INSTRUCTIONS 0
#define TABLE ik_kernels_baseline
#include "kernels_table.h"
