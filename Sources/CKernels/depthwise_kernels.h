// Convolution of every channel by itself, for one level.

// Ranges are rows of the output. The taps of a pixel that lie inside the image are found once for all its channels.
INLINE void depthwise_step(int64_t c, int64_t n, const ik_depthwise_job *j, int64_t at, const int64_t *pixels,
                           const int64_t *weights, int64_t count, ik_dtype type) {
  vf sum = j->bias ? load(IK_F32, j->bias, c, n) : (vf)0;
  for (int64_t k = 0; k < count; k++)
    sum += load(type, j->x, pixels[k] + c, n) * load(IK_F32, j->w, weights[k] + c, n);
  store(type, j->y, at + c, n, sum);
}

static void depthwise(void *context, int64_t begin, int64_t end) {
  const ik_depthwise_job *j = context;
  int64_t *pixels = ik_scratch(2 * j->KH * j->KW * (int64_t)sizeof *pixels), *weights = pixels + j->KH * j->KW;
  for (int64_t row = begin; row < end; row++) {
    const int64_t b = row / j->OH, top = row % j->OH * j->stride - j->pad_top;
    for (int64_t ox = 0; ox < j->OW; ox++) {
      int64_t count = 0;
      for (int64_t ky = 0; ky < j->KH; ky++) {
        const int64_t y = top + ky;
        if (y < 0 || y >= j->H) continue;
        for (int64_t kx = 0; kx < j->KW; kx++) {
          const int64_t x = ox * j->stride - j->pad_left + kx;
          if (x < 0 || x >= j->W) continue;
          pixels[count] = ((b * j->H + y) * j->W + x) * j->C;
          weights[count++] = (ky * j->KW + kx) * j->C;
        }
      }
      F32_OR_BF16(j->type, SWEEP(depthwise_step, 0, j->C, j, (row * j->OW + ox) * j->C, pixels, weights, count, TYPE));
    }
  }
  free(pixels);
}
