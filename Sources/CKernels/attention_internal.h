// Private to attention*.c: one call's arguments and the engines, one per instruction set.
//
// How it works. A tile of scores is kept transposed, S^T [keys][queries], so that a vector holds
// neighbouring queries: maxima, sums and rescaling are then plain vector operations, only queries
// are padded to the vector length, and D, which is often not a multiple of 16, never is in the
// forward pass. Every matrix product is C[m][vector] += A[m][r] * B[r][vector], with one 4-byte
// "cell" of A broadcast: a float, or a pair of bf16 neighbours along r where the processor
// multiplies pairs. So one source (attention_engine.h and its parts) serves every level.
#ifndef IMAGO_ATTENTION_INTERNAL_H
#define IMAGO_ATTENTION_INTERNAL_H
#include "CKernels.h"
#include <string.h>

typedef struct {
  ik_dtype type;
  int64_t B, heads, Tq, Tk, D;
  float scale;
  int causal;
  ik_score_bias bias;
  const char *q, *k, *v;
  int64_t q_stride, k_stride, v_stride;
  char *out;  // read by backward
  int64_t out_stride;
  float *lse;  // read by backward
  const char *d_out;
  char *dq, *dk, *dv;
  float *d_bias;
} ik_att_call;

void ik_att_forward_baseline(const ik_att_call *call);
void ik_att_backward_baseline(const ik_att_call *call);
void ik_att_forward_avx2(const ik_att_call *call);
void ik_att_backward_avx2(const ik_att_call *call);
void ik_att_forward_avx512(const ik_att_call *call);
void ik_att_backward_avx512(const ik_att_call *call);
void ik_att_forward_bf16(const ik_att_call *call);
void ik_att_backward_bf16(const ik_att_call *call);

// At least `bytes` of 64-byte aligned memory, kept for the calling thread's next call with the same
// slot; the content is undefined.
enum { IK_ATT_SLOT_TILE = 0, IK_ATT_SLOT_SHARED = 1, IK_ATT_SLOTS = 2 };
void *ik_att_scratch(int slot, size_t bytes);

#define IK_ATT_LOG2E 1.44269504088896341f
#endif
