// The attention engine for the AVX-512 level with bf16 pair products.
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "attention_internal.h"

#define LANES 16
#define PAIRS 1
#define NAMED(name) ik_att_##name##_bf16
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"))), apply_to = function)
#include "attention_engine.h"
#include "attention_forward.h"
#include "attention_backward.h"
#pragma clang attribute pop
