// The attention engine for the avx2 level.
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "attention_internal.h"

#define LANES 8
#define PAIRS 0
#define NAMED(name) ik_att_##name##_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "attention_engine.h"
#include "attention_forward.h"
#include "attention_backward.h"
#pragma clang attribute pop
