// GroupNorm, LayerNorm and RMSNorm. Loops: normalization_kernels.h, which also explains `channels`.
#include "kernels.h"

// Elements of one unit of work, and elements per thread below which a second thread does not pay.
enum { UNIT = 32768, GRAIN = 8192 };
enum { MEAN, SCALE, OFFSET, TILT, LEVEL };

static float element(ik_dtype type, const void *p, int64_t i) {
  float f;
  uint16_t h;
  if (type == IK_F32) {
    memcpy(&f, (const char *)p + i * 4, 4);
    return f;
  }
  memcpy(&h, (const char *)p + i * 2, 2);
  return ik_float_of_bf16(h);
}

// Mean and reciprocal deviation of every group of image b, from the sums around the first position; leaves what
// the second pass reads in `channels`.
static void finish_statistics(const ik_norm_job *j, int64_t b) {
  const int64_t C = j->C, width = C / j->G;
  double *total = j->partial + b * j->chunks * 2 * C;
  for (int64_t k = 1; k < j->chunks; k++)
    for (int64_t c = 0; c < 2 * C; c++) total[c] += total[k * 2 * C + c];
  float *channels = j->channels + b * 6 * C;
  const float *gamma = j->gamma + b * j->stride, *beta = j->beta + b * j->stride;
  for (int64_t g = 0; g < j->G; g++) {
    const int64_t first = g * width, last = first + width;
    double sum = 0, spread = 0;
    for (int64_t c = first; c < last; c++) sum += total[c] / (double)j->S + element(j->type, j->x, b * j->S * C + c);
    const double mean = sum / (double)width;
    for (int64_t c = first; c < last; c++) {
      const double own = total[c] / (double)j->S;
      const double off = own + element(j->type, j->x, b * j->S * C + c) - mean;
      spread += total[C + c] / (double)j->S - own * own + off * off;
    }
    const double variance = spread / (double)width;
    const double rstd = 1 / sqrt((variance < 0 ? 0 : variance) + (double)j->eps);
    j->mean[b * j->G + g] = (float)mean;
    j->rstd[b * j->G + g] = (float)rstd;
    // The part of the mean that float32 cannot hold goes into the offset.
    const double lost = mean - (double)(float)mean;
    for (int64_t c = first; c < last; c++) {
      channels[MEAN * C + c] = (float)mean;
      channels[SCALE * C + c] = (float)(gamma[c] * rstd);
      channels[OFFSET * C + c] = (float)(beta[c] - lost * rstd * gamma[c]);
    }
  }
}

// Chunks depend on the shape alone, so that the order of summation does too.
static void plan(ik_norm_job *j) {
  j->chunk = ik_max(16, UNIT / j->C);
  if (2 * j->S <= 3 * j->chunk) j->chunk = j->S;
  j->chunks = ik_blocks(j->S, j->chunk);
  j->partial = ik_scratch(j->B * j->chunks * 2 * j->C * (int64_t)sizeof(double));
  j->channels = ik_scratch(j->B * 6 * j->C * (int64_t)sizeof(float));
}

typedef void (*norm_finish)(const ik_norm_job *j, int64_t b);
typedef struct {
  ik_norm_job *job;
  ik_body sums, apply;
  norm_finish finish;
} norm_passes;

// Ranges are images: all passes over one while it is in the cache.
static void whole_images(void *context, int64_t begin, int64_t end) {
  const norm_passes *p = context;
  for (int64_t b = begin; b < end; b++) {
    p->sums(p->job, b, b + 1);
    p->finish(p->job, b);
    if (p->apply) p->apply(p->job, b, b + 1);
  }
}

static void finish_images(void *context, int64_t begin, int64_t end) {
  const norm_passes *p = context;
  for (int64_t b = begin; b < end; b++) p->finish(p->job, b);
}

static void run_passes(norm_passes *p) {
  const ik_norm_job *j = p->job;
  if (j->chunks == 1) {
    ik_parallel_for(j->B, ik_grain(GRAIN, j->S * j->C), whole_images, p);
    return;
  }
  const int64_t units = j->B * j->chunks, grain = ik_grain(GRAIN, j->chunk * j->C);
  ik_parallel_for(units, grain, p->sums, p->job);
  ik_parallel_for(j->B, ik_grain(GRAIN, j->chunks * j->C), finish_images, p);
  if (p->apply) ik_parallel_for(units, grain, p->apply, p->job);
}

void ik_group_norm(ik_dtype type, int64_t B, int64_t S, int64_t C, int64_t G, float eps, int silu, const void *x,
                   const float *gamma, const float *beta, int64_t stride, void *y, float *mean, float *rstd) {
  if (B * S * C == 0) return;
  ik_norm_job job = {.type = type, .silu = silu, .B = B, .S = S, .C = C, .G = G, .stride = stride, .eps = eps, .x = x,
                     .out = y, .gamma = gamma, .beta = beta, .mean = mean, .rstd = rstd};
  plan(&job);
  norm_passes passes = {&job, ik_table()->group_norm_sums, ik_table()->group_norm_apply, finish_statistics};
  run_passes(&passes);
  free(job.partial);
  free(job.channels);
}

// From the sums of g and g (x - mean): the terms that the gradient takes from the statistics. Leaves the
// image's sums in its first unit, the second one times rstd.
static void finish_gradients(const ik_norm_job *j, int64_t b) {
  const int64_t C = j->C, width = C / j->G;
  double *total = j->partial + b * j->chunks * 2 * C;
  for (int64_t k = 1; k < j->chunks; k++)
    for (int64_t c = 0; c < 2 * C; c++) total[c] += total[k * 2 * C + c];
  float *channels = j->channels + b * 6 * C;
  const double count = (double)width * (double)j->S;
  const float *gamma = j->gamma + b * j->stride;
  for (int64_t g = 0; g < j->G; g++) {
    const int64_t first = g * width, last = first + width;
    const double rstd = j->rstd[b * j->G + g];
    double sum = 0, product = 0;
    for (int64_t c = first; c < last; c++) {
      total[C + c] *= rstd;
      sum += gamma[c] * total[c];
      product += gamma[c] * total[C + c];
    }
    for (int64_t c = first; c < last; c++) {
      channels[TILT * C + c] = (float)(-rstd * rstd * product / count);
      channels[LEVEL * C + c] = (float)(-rstd * sum / count);
    }
  }
}

void ik_group_norm_backward(ik_dtype type, int64_t B, int64_t S, int64_t C, int64_t G, int silu, const void *x,
                            const float *gamma, const float *beta, int64_t stride, const float *mean, const float *rstd,
                            const void *dy, void *dx, float *dgamma, float *dbeta) {
  const int64_t rows = stride ? B : 1;
  if (dgamma) memset(dgamma, 0, (size_t)(rows * C) * sizeof(float));
  if (dbeta) memset(dbeta, 0, (size_t)(rows * C) * sizeof(float));
  if (B * S * C == 0) return;
  ik_norm_job job = {.type = type, .silu = silu, .B = B, .S = S, .C = C, .G = G, .stride = stride, .x = x, .dy = dy, .out = dx,
                     .gamma = gamma, .beta = beta, .mean = (float *)mean, .rstd = (float *)rstd};
  plan(&job);
  const int64_t width = C / G;
  for (int64_t b = 0; b < B; b++) {
    float *channels = job.channels + b * 6 * C;
    for (int64_t c = 0; c < C; c++) {
      channels[MEAN * C + c] = mean[b * G + c / width];
      channels[SCALE * C + c] = gamma[b * stride + c] * rstd[b * G + c / width];
      channels[OFFSET * C + c] = beta[b * stride + c];
    }
  }
  norm_passes passes = {&job, ik_table()->group_norm_backward_sums,
                        dx ? ik_table()->group_norm_backward_apply : NULL, finish_gradients};
  run_passes(&passes);
  const int64_t images = B / rows;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < C; c++) {
      double scales = 0, offsets = 0;
      for (int64_t b = r * images; b < (r + 1) * images; b++) {
        offsets += job.partial[b * job.chunks * 2 * C + c];
        scales += job.partial[b * job.chunks * 2 * C + C + c];
      }
      if (dgamma) dgamma[r * C + c] = (float)scales;
      if (dbeta) dbeta[r * C + c] = (float)offsets;
    }
  free(job.partial);
  free(job.channels);
}

void ik_layer_norm(ik_dtype type, int64_t rows, int64_t C, float eps, const void *x, const float *gamma, const float *beta,
                   void *y, float *mean, float *rstd) {
  if (rows * C == 0) return;
  ik_norm_job job = {.type = type, .C = C, .eps = eps, .x = x, .out = y, .gamma = gamma, .beta = beta,
                     .mean = mean, .rstd = rstd};
  ik_parallel_for(rows, ik_grain(GRAIN, C), ik_table()->layer_norm, &job);
}

void ik_rms_norm(ik_dtype type, int64_t rows, int64_t C, float eps, const void *x, const float *gamma, void *y, float *rstd) {
  if (rows * C == 0) return;
  ik_norm_job job = {.type = type, .C = C, .eps = eps, .x = x, .out = y, .gamma = gamma, .rstd = rstd};
  ik_parallel_for(rows, ik_grain(GRAIN, C), ik_table()->rms_norm, &job);
}

void ik_rms_norm_backward(ik_dtype type, int64_t rows, int64_t C, const void *x, const float *gamma, const float *rstd, const void *dy,
                          void *dx, float *dgamma) {
  ik_layer_norm_backward(type, rows, C, x, gamma, NULL, rstd, dy, dx, dgamma, NULL);
}

void ik_layer_norm_backward(ik_dtype type, int64_t rows, int64_t C, const void *x, const float *gamma, const float *mean,
                            const float *rstd, const void *dy, void *dx, float *dgamma, float *dbeta) {
  if (dgamma) memset(dgamma, 0, (size_t)C * sizeof(float));
  if (dbeta) memset(dbeta, 0, (size_t)C * sizeof(float));
  if (rows * C == 0) return;
  ik_norm_job job = {.type = type, .S = rows, .C = C, .x = x, .dy = dy, .out = dx, .gamma = gamma,
                     .mean = (float *)mean, .rstd = (float *)rstd};
  // At most 256 rows a unit keep the float32 sums of the parameters' gradients accurate.
  job.chunk = ik_max(8, ik_min(256, UNIT / C));
  const int64_t units = ik_blocks(rows, job.chunk);
  const int parameters = dgamma != NULL || dbeta != NULL;
  if (parameters) job.channels = ik_scratch(units * 2 * C * (int64_t)sizeof(float));
  ik_parallel_for(units, ik_grain(GRAIN, job.chunk * C), ik_table()->layer_norm_backward, &job);
  if (!parameters) return;
  double *sums = ik_scratch(2 * C * (int64_t)sizeof(double));
  memset(sums, 0, (size_t)C * 2 * sizeof(double));
  for (int64_t k = 0; k < units; k++)
    for (int64_t c = 0; c < 2 * C; c++) sums[c] += (double)job.channels[k * 2 * C + c];
  for (int64_t c = 0; c < C; c++) {
    if (dgamma) dgamma[c] = (float)sums[c];
    if (dbeta) dbeta[c] = (float)sums[C + c];
  }
  free(sums);
  free(job.channels);
}
