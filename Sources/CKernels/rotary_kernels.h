// Rotary positions of one level; ranges are tokens.

// Numbers and their partners in a pair of neighbours, and the pairs' angles twice: the lane's own index says which is which.
INLINE void rotate_neighbours_step(int64_t i, int64_t n, const ik_rotary_job *j, int64_t base, const float *cosines, const float *sines, ik_dtype type) {
  vf x = load(type, j->x, base + i, n), c = load(IK_F32, cosines, i / 2, n / 2), s = load(IK_F32, sines, i / 2, n / 2);
  vf partner, cosine, sine;
  for (int k = 0; k < LANES; k++) {
    partner[k] = x[k ^ 1];
    cosine[k] = c[k / 2];
    sine[k] = k & 1 ? s[k / 2] : -s[k / 2];
  }
  store(type, j->y, base + i, n, x * cosine + partner * (sine * j->direction));
}

// Of the first half of a head with the second.
INLINE void rotate_halves_step(int64_t i, int64_t n, const ik_rotary_job *j, int64_t base, const float *cosines, const float *sines, ik_dtype type) {
  const int64_t half = j->D / 2;
  vf a = load(type, j->x, base + i, n), b = load(type, j->x, base + half + i, n);
  vf c = load(IK_F32, cosines, i, n), s = load(IK_F32, sines, i, n) * j->direction;
  store(type, j->y, base + i, n, a * c - b * s);
  store(type, j->y, base + half + i, n, b * c + a * s);
}

static void rotary(void *context, int64_t begin, int64_t end) {
  const ik_rotary_job *j = context;
  const int64_t half = j->D / 2;
  for (int64_t token = begin; token < end; token++) {
    const float *c = j->cosines + token % j->T * half, *s = j->sines + token % j->T * half;
    for (int64_t head = 0; head < j->heads; head++) {
      const int64_t base = (token * j->heads + head) * j->D;
      if (j->neighbours) F32_OR_BF16(j->type, SWEEP(rotate_neighbours_step, 0, j->D, j, base, c, s, TYPE));
      else F32_OR_BF16(j->type, SWEEP(rotate_halves_step, 0, half, j, base, c, s, TYPE));
    }
  }
}
