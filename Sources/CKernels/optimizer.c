// AdamW and the moving average of weights. Loops: optimizer_kernels.h.
#include "kernels.h"

enum { GRAIN = 16384 };

// The decimal number that was rounded to `value`. 1 - 0.999f differs from 0.001 by 1e-5 of itself; torch holds
// its coefficients in double precision and does not see that error.
static double decimal(float value) {
  const double rounded = round((double)value * 1e7) / 1e7;
  return (float)rounded == value ? rounded : (double)value;
}

void ik_adamw(int64_t n, float *p, const float *g, float *m, float *v, float gradient_scale, float lr, float beta1,
              float beta2, float eps, float weight_decay, double bias_correction1, double bias_correction2) {
  const double b1 = decimal(beta1), b2 = decimal(beta2);
  ik_optimizer_job job = {
    .p = p, .g = g, .m = m, .v = v, .gradient_scale = gradient_scale, .eps = eps,
    .keep = (float)(1 - (double)lr * (double)weight_decay), .step = (float)((double)lr / bias_correction1),
    .c1 = (float)(1 - b1), .b2 = (float)b2, .c2 = (float)(1 - b2), .root = (float)sqrt(bias_correction2)};
  ik_parallel_for(n, GRAIN, ik_table()->adamw, &job);
}

void ik_ema(int64_t n, float *ema, const float *p, float decay) {
  // ema + (1 - decay) (p - ema): the two weights add up to 1 exactly.
  ik_optimizer_job job = {.m = ema, .p = (float *)p, .c1 = (float)(1 - decimal(decay))};
  ik_parallel_for(n, GRAIN, ik_table()->ema, &job);
}
