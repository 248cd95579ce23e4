// Optimiser loops of one level.

INLINE void adamw_step(int64_t i, int64_t n, const ik_optimizer_job *j) {
  vf g = j->gradient_scale * load(IK_F32, j->g, i, n);
  vf p = load(IK_F32, j->p, i, n) * j->keep;
  vf m = load(IK_F32, j->m, i, n), v = load(IK_F32, j->v, i, n);
  m = m + j->c1 * (g - m);
  v = v * j->b2 + j->c2 * (g * g);
  store(IK_F32, j->m, i, n, m);
  store(IK_F32, j->v, i, n, v);
  store(IK_F32, j->p, i, n, p - j->step * (m / (square_root(v) / j->root + j->eps)));
}

static void adamw(void *context, int64_t begin, int64_t end) {
  const ik_optimizer_job copy = *(const ik_optimizer_job *)context, *j = &copy;
  SWEEP(adamw_step, begin, end, j);
}

INLINE void ema_step(int64_t i, int64_t n, const ik_optimizer_job *j) {
  vf average = load(IK_F32, j->m, i, n);
  store(IK_F32, j->m, i, n, average + j->c1 * (load(IK_F32, j->p, i, n) - average));
}

static void ema(void *context, int64_t begin, int64_t end) {
  const ik_optimizer_job copy = *(const ik_optimizer_job *)context, *j = &copy;
  SWEEP(ema_step, begin, end, j);
}
