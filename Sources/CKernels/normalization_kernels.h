// Group and layer normalisation of one level.
//
// GroupNorm's units are chunks of positions of one image, fixed by the shape. Between its passes
// normalization.c turns partial sums into six numbers per image and channel, `channels`:
//   y  = silu(z),  z = (x - MEAN) SCALE + OFFSET
//   dx = SCALE g + (x - MEAN) TILT + LEVEL,  where g = dy silu'(z)
// MEAN is subtracted before scaling: with |mean| >> std one multiply-add would cancel.
enum { MEAN, SCALE, OFFSET, TILT, LEVEL };
enum { NORM_ROWS = 256, NORM_WIDTH = 256 };

typedef struct {
  int64_t b, from, to;   // positions of image b, as rows of x
  const float *channels;
  double *partial;
} norm_unit;

INLINE norm_unit unit_of(const ik_norm_job *j, int64_t unit) {
  const int64_t b = unit / j->chunks, first = unit % j->chunks * j->chunk;
  return (norm_unit){b, b * j->S + first, b * j->S + ik_min(first + j->chunk, j->S),
                     j->channels + b * 6 * j->C, j->partial + unit * 2 * j->C};
}

// Two sums per channel over the positions of a unit: float32 for 256 positions, double precision beyond. `step`
// adds `count` rows (4 or 1) to the accumulators.
#define SUM_UNIT(j, u, step, type, ...) do { \
    memset((u).partial, 0, (size_t)(j)->C * 2 * sizeof(double)); \
    for (int64_t r0 = (u).from; r0 < (u).to; r0 += NORM_ROWS) \
      for (int64_t c0 = 0; c0 < (j)->C; c0 += NORM_WIDTH) { \
        const int64_t width = ik_min(NORM_WIDTH, (j)->C - c0), r1 = ik_min(r0 + NORM_ROWS, (u).to); \
        float acc[2][NORM_WIDTH]; \
        memset(acc, 0, sizeof acc); \
        int64_t r = r0; \
        for (; r + 4 <= r1; r += 4) SWEEP(step, 0, width, j, &(u), acc[0], acc[1], r, c0, 4, type, __VA_ARGS__); \
        for (; r < r1; r++) SWEEP(step, 0, width, j, &(u), acc[0], acc[1], r, c0, 1, type, __VA_ARGS__); \
        for (int64_t c = 0; c < width; c++) { \
          (u).partial[c0 + c] += (double)acc[0][c]; \
          (u).partial[(j)->C + c0 + c] += (double)acc[1][c]; \
        } \
      } \
  } while (0)

// Sums and sums of squares, of differences from the image's first position.
INLINE void statistics_step(int64_t i, int64_t n, const ik_norm_job *j, const norm_unit *u, float *sum, float *square,
                            int64_t row, int64_t c0, int count, ik_dtype type, int unused) {
  (void)unused;
  const int64_t C = j->C, at = row * C + c0 + i;
  vf shift = load(type, j->x, u->b * j->S * C + c0 + i, n);
  vf s = load(IK_F32, sum, i, n), q = load(IK_F32, square, i, n);
  if (count == 4) {
    vf a = load(type, j->x, at, n) - shift, b = load(type, j->x, at + C, n) - shift;
    vf c = load(type, j->x, at + 2 * C, n) - shift, d = load(type, j->x, at + 3 * C, n) - shift;
    s += (a + b) + (c + d);
    q += (a * a + b * b) + (c * c + d * d);
  } else {
    vf a = load(type, j->x, at, n) - shift;
    s += a;
    q += a * a;
  }
  store(IK_F32, sum, i, n, s);
  store(IK_F32, square, i, n, q);
}

static void group_norm_sums(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t k = begin; k < end; k++) {
    const norm_unit u = unit_of(j, k);
    F32_OR_BF16(j->type, SUM_UNIT(j, u, statistics_step, TYPE, 0));
  }
}

INLINE void group_norm_step(int64_t i, int64_t n, const ik_norm_job *j, const float *channels, int64_t at, ik_dtype type, int silu) {
  vf d = load(type, j->x, at + i, n) - load(IK_F32, channels, MEAN * j->C + i, n);
  vf z = d * load(IK_F32, channels, SCALE * j->C + i, n) + load(IK_F32, channels, OFFSET * j->C + i, n);
  store(type, j->out, at + i, n, silu ? z * sigmoid_vector(z) : z);
}

static void group_norm_apply(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t k = begin; k < end; k++) {
    const norm_unit u = unit_of(j, k);
    for (int64_t row = u.from; row < u.to; row++) {
      if (j->silu) F32_OR_BF16(j->type, SWEEP(group_norm_step, 0, j->C, j, u.channels, row * j->C, TYPE, 1));
      else F32_OR_BF16(j->type, SWEEP(group_norm_step, 0, j->C, j, u.channels, row * j->C, TYPE, 0));
    }
  }
}

// g = dy silu'(z) where x - mean is d.
INLINE vf inner_gradient(vf dy, vf d, vf scale, vf offset, int silu) {
  if (!silu) return dy;
  vf z = d * scale + offset;
  vf s = sigmoid_vector(z);
  return dy * (s * (1.0f + z * (1.0f - s)));
}

// Sums of g and g (x - mean).
INLINE void gradient_step(int64_t i, int64_t n, const ik_norm_job *j, const norm_unit *u, float *sum, float *product,
                          int64_t row, int64_t c0, int count, ik_dtype type, int silu) {
  const int64_t C = j->C, c = c0 + i;
  vf mean = load(IK_F32, u->channels, MEAN * C + c, n), scale = load(IK_F32, u->channels, SCALE * C + c, n);
  vf offset = load(IK_F32, u->channels, OFFSET * C + c, n);
  vf s = load(IK_F32, sum, i, n), q = load(IK_F32, product, i, n);
#pragma clang loop unroll(full)
  for (int k = 0; k < count; k++) {
    const int64_t at = (row + k) * C + c;
    vf d = load(type, j->x, at, n) - mean;
    vf g = inner_gradient(load(type, j->dy, at, n), d, scale, offset, silu);
    s += g;
    q += g * d;
  }
  store(IK_F32, sum, i, n, s);
  store(IK_F32, product, i, n, q);
}

static void group_norm_backward_sums(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t k = begin; k < end; k++) {
    const norm_unit u = unit_of(j, k);
    if (j->silu) F32_OR_BF16(j->type, SUM_UNIT(j, u, gradient_step, TYPE, 1));
    else F32_OR_BF16(j->type, SUM_UNIT(j, u, gradient_step, TYPE, 0));
  }
}

INLINE void group_norm_backward_step(int64_t i, int64_t n, const ik_norm_job *j, const float *channels, int64_t at, ik_dtype type, int silu) {
  const int64_t C = j->C;
  vf scale = load(IK_F32, channels, SCALE * C + i, n);
  vf d = load(type, j->x, at + i, n) - load(IK_F32, channels, MEAN * C + i, n);
  vf g = inner_gradient(load(type, j->dy, at + i, n), d, scale, load(IK_F32, channels, OFFSET * C + i, n), silu);
  vf rest = d * load(IK_F32, channels, TILT * C + i, n) + load(IK_F32, channels, LEVEL * C + i, n);
  store(type, j->out, at + i, n, scale * g + rest);
}

static void group_norm_backward_apply(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t k = begin; k < end; k++) {
    const norm_unit u = unit_of(j, k);
    for (int64_t row = u.from; row < u.to; row++) {
      if (j->silu) F32_OR_BF16(j->type, SWEEP(group_norm_backward_step, 0, j->C, j, u.channels, row * j->C, TYPE, 1));
      else F32_OR_BF16(j->type, SWEEP(group_norm_backward_step, 0, j->C, j, u.channels, row * j->C, TYPE, 0));
    }
  }
}

// ---------------------------------------------------------------- LayerNorm
INLINE void layer_norm_step(int64_t i, int64_t n, const ik_norm_job *j, int64_t base, ik_dtype type, float mean, float rstd) {
  vf d = load(type, j->x, base + i, n) - mean;
  store(type, j->out, base + i, n, d * rstd * load(IK_F32, j->gamma, i, n) + load(IK_F32, j->beta, i, n));
}

INLINE void layer_norm_row(const ik_norm_job *j, int64_t row, ik_dtype type) {
  const int64_t C = j->C, base = row * C;
  // A row is short and stays in the first-level cache: three passes are cheap and need no cleverness about
  // a mean far from zero.
  vf s[2] = {0, 0}, q[2] = {0, 0};
  int64_t i = 0;
  for (; i + 2 * LANES <= C; i += 2 * LANES) {
    s[0] += load(type, j->x, base + i, LANES);
    s[1] += load(type, j->x, base + i + LANES, LANES);
  }
  for (; i < C; i += LANES) s[0] += load(type, j->x, base + i, ik_min(LANES, C - i));
  // The sum of differences from a first estimate of the mean gives its rounding error.
  const float rough = sum_lanes(s[0] + s[1]) / (float)C;
  s[0] = s[1] = 0;
  for (i = 0; i + 2 * LANES <= C; i += 2 * LANES) {
    vf a = load(type, j->x, base + i, LANES) - rough, b = load(type, j->x, base + i + LANES, LANES) - rough;
    s[0] += a;
    s[1] += b;
    q[0] += a * a;
    q[1] += b * b;
  }
  for (; i < C; i += LANES) {
    const int64_t n = ik_min(LANES, C - i);
    vf a = keep_first(load(type, j->x, base + i, n) - rough, n, 0);
    s[0] += a;
    q[0] += a * a;
  }
  const float error = sum_lanes(s[0] + s[1]) / (float)C;
  const float mean = rough + error, shift = mean - rough;
  const float variance = sum_lanes(q[0] + q[1]) / (float)C + shift * (shift - 2 * error);
  const float rstd = 1.0f / sqrtf((variance < 0 ? 0 : variance) + j->eps);
  j->mean[row] = mean;
  j->rstd[row] = rstd;
  SWEEP(layer_norm_step, 0, C, j, base, type, mean, rstd);
}

static void layer_norm(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t row = begin; row < end; row++) F32_OR_BF16(j->type, layer_norm_row(j, row, TYPE));
}

// ---------------------------------------------------------------- RMSNorm
INLINE void rms_norm_step(int64_t i, int64_t n, const ik_norm_job *j, int64_t base, ik_dtype type, float rstd) {
  store(type, j->out, base + i, n, load(type, j->x, base + i, n) * rstd * load(IK_F32, j->gamma, i, n));
}

INLINE void rms_norm_row(const ik_norm_job *j, int64_t row, ik_dtype type) {
  const int64_t C = j->C, base = row * C;
  vf q[2] = {0, 0};
  int64_t i = 0;
  for (; i + 2 * LANES <= C; i += 2 * LANES) {
    vf a = load(type, j->x, base + i, LANES), b = load(type, j->x, base + i + LANES, LANES);
    q[0] += a * a;
    q[1] += b * b;
  }
  for (; i < C; i += LANES) {
    vf a = load(type, j->x, base + i, ik_min(LANES, C - i));
    q[0] += a * a;
  }
  const float rstd = 1.0f / sqrtf(sum_lanes(q[0] + q[1]) / (float)C + j->eps);
  j->rstd[row] = rstd;
  SWEEP(rms_norm_step, 0, C, j, base, type, rstd);
}

static void rms_norm(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t row = begin; row < end; row++) F32_OR_BF16(j->type, rms_norm_row(j, row, TYPE));
}

// ---------------------------------------------------------------- gradients of both: without means it is RMSNorm's
INLINE void layer_norm_backward_step(int64_t i, int64_t n, const ik_norm_job *j, int64_t base, ik_dtype type, float mean,
                                     float rstd, float average, float tilt, float *dgamma, float *dbeta) {
  vf dy = load(type, j->dy, base + i, n);
  vf hat = (load(type, j->x, base + i, n) - mean) * rstd;
  if (j->out) {
    vf g = dy * load(IK_F32, j->gamma, i, n);
    store(type, j->out, base + i, n, rstd * (g - average - hat * tilt));
  }
  if (dgamma) {
    store(IK_F32, dgamma, i, n, load(IK_F32, dgamma, i, n) + dy * hat);
    store(IK_F32, dbeta, i, n, load(IK_F32, dbeta, i, n) + dy);
  }
}

INLINE void layer_norm_backward_row(const ik_norm_job *j, int64_t row, ik_dtype type, float *dgamma, float *dbeta) {
  const int64_t C = j->C, base = row * C;
  const float mean = j->mean ? j->mean[row] : 0, rstd = j->rstd[row];
  vf s = 0, q = 0;
  if (j->out)
    for (int64_t i = 0; i < C; i += LANES) {
      const int64_t n = ik_min(LANES, C - i);
      vf g = load(type, j->dy, base + i, n) * load(IK_F32, j->gamma, i, n);
      s += g;
      q += g * ((load(type, j->x, base + i, n) - mean) * rstd);
    }
  const float average = j->mean ? sum_lanes(s) / (float)C : 0, tilt = sum_lanes(q) / (float)C;
  SWEEP(layer_norm_backward_step, 0, C, j, base, type, mean, rstd, average, tilt, dgamma, dbeta);
}

// Ranges are units of `chunk` rows; `channels` is [units, 2, C] here: each unit's share of dgamma and dbeta.
static void layer_norm_backward(void *context, int64_t begin, int64_t end) {
  const ik_norm_job copy = *(const ik_norm_job *)context, *j = &copy;
  for (int64_t unit = begin; unit < end; unit++) {
    float *dgamma = j->channels ? j->channels + unit * 2 * j->C : NULL;
    float *dbeta = dgamma ? dgamma + j->C : NULL;
    if (dgamma) memset(dgamma, 0, (size_t)j->C * 2 * sizeof(float));
    const int64_t last = ik_min((unit + 1) * j->chunk, j->S);
    for (int64_t row = unit * j->chunk; row < last; row++)
      F32_OR_BF16(j->type, layer_norm_backward_row(j, row, TYPE, dgamma, dbeta));
  }
}
