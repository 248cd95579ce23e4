// The movements that compute or convert, for one level.

// Ranges are rows of dx. dx = the sum of the four pixels each came to.
INLINE void upsample_backward_step(int64_t c, int64_t n, const ik_movement_job *j, int64_t at, int64_t top, int64_t below, ik_dtype type) {
  vf upper = load(type, j->in, top + c, n) + load(type, j->in, top + j->C + c, n);
  vf lower = load(type, j->in, below + c, n) + load(type, j->in, below + j->C + c, n);
  store(type, j->out, at + c, n, upper + lower);
}

static void upsample_backward(void *context, int64_t begin, int64_t end) {
  const ik_movement_job *j = context;
  for (int64_t row = begin; row < end; row++)
    for (int64_t x = 0; x < j->W; x++) {
      const int64_t top = (row * 4 * j->W + 2 * x) * j->C, below = top + 2 * j->W * j->C;
      F32_OR_BF16(j->type, SWEEP(upsample_backward_step, 0, j->C, j, (row * j->W + x) * j->C, top, below, TYPE));
    }
}

// Ranges are ids.
static void embedding(void *context, int64_t begin, int64_t end) {
  const ik_movement_job *j = context;
  const int64_t D = j->C, from = ik_bytes(j->type), to = ik_bytes(j->to);
  for (int64_t i = begin; i < end; i++) {
    const char *row = (const char *)j->in + j->ids[i] * D * from;
    char *out = (char *)j->out + i * D * to;
    if (j->type == j->to) {
      memcpy(out, row, (size_t)(D * from));
    } else {
      ik_elementwise_job job = {.type = j->type, .to = j->to, .a = row, .out = out};
      convert(&job, 0, D);
    }
  }
}

// Ranges are columns of the table, so that every entry is summed by one thread, in index order.
INLINE void embedding_backward_step(int64_t c, int64_t n, const ik_movement_job *j, int64_t i, ik_dtype type) {
  float *row = (float *)j->out + j->ids[i] * j->C;
  store(IK_F32, row, c, n, load(IK_F32, row, c, n) + load(type, j->in, i * j->C + c, n));
}

static void embedding_backward(void *context, int64_t begin, int64_t end) {
  const ik_movement_job *j = context;
  for (int64_t i = 0; i < j->n; i++)
    F32_OR_BF16(j->type, SWEEP(embedding_backward_step, begin, end, j, i, TYPE));
}

// Ranges are rows of the image. A pixel gathers all columns that read it: written once, by one thread.
INLINE void col2im_step(int64_t c, int64_t n, const ik_movement_job *j, int64_t at, const int64_t *taps, int64_t count, ik_dtype type) {
  vf sum = 0;
  for (int64_t k = 0; k < count; k++) sum += load(type, j->in, taps[k] + c, n);
  store(type, j->out, at + c, n, sum);
}

static void col2im(void *context, int64_t begin, int64_t end) {
  const ik_movement_job *j = context;
  int64_t *taps = ik_scratch(j->KH * j->KW * (int64_t)sizeof *taps);
  for (int64_t row = begin; row < end; row++) {
    const int64_t b = row / j->H, y = row % j->H;
    for (int64_t x = 0; x < j->W; x++) {
      int64_t count = 0;
      for (int64_t ky = 0; ky < j->KH; ky++) {
        const int64_t ty = y + j->pad_top - ky;
        if (ty < 0 || ty % j->stride != 0 || ty / j->stride >= j->OH) continue;
        for (int64_t kx = 0; kx < j->KW; kx++) {
          const int64_t tx = x + j->pad_left - kx;
          if (tx < 0 || tx % j->stride != 0 || tx / j->stride >= j->OW) continue;
          const int64_t column = (b * j->OH + ty / j->stride) * j->OW + tx / j->stride;
          taps[count++] = ((column * j->KH + ky) * j->KW + kx) * j->C;
        }
      }
      F32_OR_BF16(j->type, SWEEP(col2im_step, 0, j->C, j, (row * j->W + x) * j->C, taps, count, TYPE));
    }
  }
  free(taps);
}
