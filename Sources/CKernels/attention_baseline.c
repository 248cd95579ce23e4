// The attention engine for the baseline level.
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "attention_internal.h"

#define LANES 4
#define PAIRS 0
#define NAMED(name) ik_att_##name##_baseline
#include "attention_engine.h"
#include "attention_forward.h"
#include "attention_backward.h"
