// Scaled dot-product attention: picks the engine and owns the scratch memory. The arithmetic is in
// attention_forward.h and attention_backward.h; attention_internal.h explains the layout.
#include "attention_internal.h"
#include <pthread.h>
#include <stdlib.h>

// ---------------------------------------------------------------- scratch
typedef struct {
  void *memory[IK_ATT_SLOTS];
  size_t bytes[IK_ATT_SLOTS];
} scratch;

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static _Thread_local scratch *thread_scratch;

static void release_scratch(void *pointer) {
  scratch *s = pointer;
  for (int i = 0; i < IK_ATT_SLOTS; i++) free(s->memory[i]);
  free(s);
  thread_scratch = NULL;
}

static void make_scratch_key(void) {
  if (pthread_key_create(&scratch_key, release_scratch) != 0) abort();
}

void *ik_att_scratch(int slot, size_t bytes) {
  scratch *s = thread_scratch;
  if (s == NULL) {
    pthread_once(&scratch_once, make_scratch_key);
    s = calloc(1, sizeof *s);
    if (s == NULL || pthread_setspecific(scratch_key, s) != 0) abort();
    thread_scratch = s;
  }
  if (s->bytes[slot] < bytes) {
    free(s->memory[slot]);
    s->bytes[slot] = (bytes + 4095) & ~(size_t)4095;
    s->memory[slot] = aligned_alloc(4096, s->bytes[slot]);
    if (s->memory[slot] == NULL) abort();
  }
  return s->memory[slot];
}

// ---------------------------------------------------------------- entry points
void ik_attention_biased(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                         ik_score_bias bias, const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v,
                         int64_t v_stride, void *out, int64_t out_stride, float *lse) {
  if (B <= 0 || heads <= 0 || Tq <= 0 || D <= 0) return;
  const ik_att_call call = {
    .type = type, .B = B, .heads = heads, .Tq = Tq, .Tk = Tk, .D = D, .scale = scale, .causal = causal, .bias = bias,
    .q = q, .k = k, .v = v, .q_stride = q_stride, .k_stride = k_stride, .v_stride = v_stride,
    .out = out, .out_stride = out_stride, .lse = lse};
  int level = ik_isa_level();
  if (level >= 3 && type == IK_BF16) ik_att_forward_bf16(&call);
  else if (level >= 2) ik_att_forward_avx512(&call);
  else if (level == 1) ik_att_forward_avx2(&call);
  else ik_att_forward_baseline(&call);
}

void ik_attention(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                  const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v, int64_t v_stride,
                  void *out, int64_t out_stride, float *lse) {
  ik_attention_biased(type, B, heads, Tq, Tk, D, scale, causal, (ik_score_bias){NULL, 0, 0, 0}, q, q_stride, k, k_stride, v, v_stride,
                      out, out_stride, lse);
}

void ik_attention_biased_backward(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                                  ik_score_bias bias, const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v,
                                  int64_t v_stride, const void *out, const float *lse, const void *d_out, void *dq, void *dk, void *dv,
                                  float *d_bias) {
  if (B <= 0 || heads <= 0 || D <= 0 || (Tq <= 0 && Tk <= 0)) return;
  // What a query may not see has no gradient.
  if (d_bias && causal) memset(d_bias, 0, (size_t)(B * heads * Tq * Tk) * sizeof *d_bias);
  const ik_att_call call = {
    .type = type, .B = B, .heads = heads, .Tq = Tq, .Tk = Tk, .D = D, .scale = scale, .causal = causal, .bias = bias,
    .q = q, .k = k, .v = v, .q_stride = q_stride, .k_stride = k_stride, .v_stride = v_stride,
    .out = (char *)out, .out_stride = heads * D, .lse = (float *)lse, .d_out = d_out, .dq = dq, .dk = dk, .dv = dv, .d_bias = d_bias};
  int level = ik_isa_level();
  if (level >= 3 && type == IK_BF16) ik_att_backward_bf16(&call);
  else if (level >= 2) ik_att_backward_avx512(&call);
  else if (level == 1) ik_att_backward_avx2(&call);
  else ik_att_backward_baseline(&call);
}

void ik_attention_backward(ik_dtype type, int64_t B, int64_t heads, int64_t Tq, int64_t Tk, int64_t D, float scale, int causal,
                           const void *q, int64_t q_stride, const void *k, int64_t k_stride, const void *v, int64_t v_stride,
                           const void *out, const float *lse, const void *d_out, void *dq, void *dk, void *dv) {
  ik_attention_biased_backward(type, B, heads, Tq, Tk, D, scale, causal, (ik_score_bias){NULL, 0, 0, 0}, q, q_stride, k, k_stride, v,
                               v_stride, out, lse, d_out, dq, dk, dv, NULL);
}
