// Unary functions and their derivatives, for one level.

INLINE vf apply(ik_unary_op op, vf x, float p0, float p1) {
  vf density;
  switch (op) {
  case IK_NEG: return -x;
  case IK_EXP: return exp_vector(x);
  case IK_LOG: return log_vector(x);
  case IK_SQRT: return square_root(x);
  case IK_RSQRT: return 1.0f / square_root(x);
  case IK_SQUARE: return x * x;
  case IK_ABS: return magnitude(x);
  case IK_SIN: return sin_vector(x);
  case IK_COS: return cos_vector(x);
  case IK_TANH: return tanh_vector(x);
  case IK_SIGMOID: return sigmoid_vector(x);
  case IK_RELU: return x < 0.0f ? (vf)0.0f : x;
  case IK_SILU: return x * sigmoid_vector(x);
  case IK_GELU: return x * normal_cdf(x, &density);
  case IK_GELU_TANH: {
    vf t = tanh_vector(0.797884561f * (x + 0.044715f * (x * x * x)));
    return 0.5f * x * (1.0f + t);
  }
  case IK_QUICK_GELU: return x * sigmoid_vector(1.702f * x);
  case IK_CLAMP: { vf low = x < p0 ? (vf)p0 : x; return low > p1 ? (vf)p1 : low; }
  case IK_RECIPROCAL: return 1.0f / x;
  case IK_LEAKY_RELU: return x > 0.0f ? x : x * p0;
  // log(1 + e^x) without overflow
  case IK_SOFTPLUS: return log1p_vector(exp_vector(-magnitude(x))) + (x < 0.0f ? (vf)0.0f : x);
  case IK_UNARY_COUNT: return x;
  }
}

INLINE vf slope(ik_unary_op op, vf x, float p0, float p1) {
  switch (op) {
  case IK_NEG: return (vf)-1.0f;
  case IK_EXP: return exp_vector(x);
  case IK_LOG: return 1.0f / x;
  case IK_SQRT: return 0.5f / square_root(x);
  case IK_RSQRT: return -0.5f / (x * square_root(x));
  case IK_SQUARE: return 2.0f * x;
  case IK_ABS: { vf one = x > 0.0f ? (vf)1.0f : x; return x < 0.0f ? (vf)-1.0f : one; }
  case IK_SIN: return cos_vector(x);
  case IK_COS: return -sin_vector(x);
  case IK_TANH: { vf t = tanh_vector(x); return 1.0f - t * t; }
  case IK_SIGMOID: { vf s = sigmoid_vector(x); return s * (1.0f - s); }
  case IK_RELU: return x > 0.0f ? (vf)1.0f : (vf)0.0f;
  case IK_SILU: { vf s = sigmoid_vector(x); return s * (1.0f + x * (1.0f - s)); }
  case IK_GELU: { vf density, cdf = normal_cdf(x, &density); return cdf + x * density; }
  case IK_GELU_TANH: {
    vf t = tanh_vector(0.797884561f * (x + 0.044715f * (x * x * x)));
    vf inner = 0.797884561f * (1.0f + 0.134145f * (x * x));
    return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner;
  }
  case IK_QUICK_GELU: {
    vf s = sigmoid_vector(1.702f * x);
    return s * (1.0f + 1.702f * x * (1.0f - s));
  }
  // As torch: the ends of the interval pass the gradient on.
  case IK_CLAMP: { vf above = x >= p0 ? (vf)1.0f : (vf)0.0f; return x <= p1 ? above : (vf)0.0f; }
  case IK_RECIPROCAL: return -1.0f / (x * x);
  case IK_LEAKY_RELU: return x > 0.0f ? (vf)1.0f : (vf)p0;
  case IK_SOFTPLUS: return sigmoid_vector(x);
  case IK_UNARY_COUNT: return x;
  }
}

INLINE void unary_step(int64_t i, int64_t n, const ik_elementwise_job *j, ik_unary_op op, ik_dtype type) {
  store(type, j->out, i, n, apply(op, load(type, j->a, i, n), j->p0, j->p1));
}
INLINE void unary_backward_step(int64_t i, int64_t n, const ik_elementwise_job *j, ik_unary_op op, ik_dtype type) {
  store(type, j->out, i, n, load(type, j->b, i, n) * slope(op, load(type, j->a, i, n), j->p0, j->p1));
}

#define ALL_OPS(CASE) \
  CASE(IK_NEG) CASE(IK_EXP) CASE(IK_LOG) CASE(IK_SQRT) CASE(IK_RSQRT) CASE(IK_SQUARE) CASE(IK_ABS) \
  CASE(IK_SIN) CASE(IK_COS) CASE(IK_TANH) CASE(IK_SIGMOID) CASE(IK_RELU) CASE(IK_SILU) CASE(IK_GELU) \
  CASE(IK_GELU_TANH) CASE(IK_QUICK_GELU) CASE(IK_CLAMP) CASE(IK_RECIPROCAL) CASE(IK_LEAKY_RELU) CASE(IK_SOFTPLUS)

static void unary(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job copy = *(const ik_elementwise_job *)context, *j = &copy;
#define CASE(op) case op: F32_OR_BF16(j->type, SWEEP(unary_step, begin, end, j, op, TYPE)); break;
  switch ((ik_unary_op)j->op) { ALL_OPS(CASE) case IK_UNARY_COUNT: break; }
#undef CASE
}

static void unary_backward(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job copy = *(const ik_elementwise_job *)context, *j = &copy;
#define CASE(op) case op: F32_OR_BF16(j->type, SWEEP(unary_backward_step, begin, end, j, op, TYPE)); break;
  switch ((ik_unary_op)j->op) { ALL_OPS(CASE) case IK_UNARY_COUNT: break; }
#undef CASE
}

// ---------------------------------------------------------------- GEGLU; ranges are rows
INLINE void geglu_step(int64_t i, int64_t n, const ik_elementwise_job *j, int64_t row, ik_dtype type) {
  vf density, value = load(type, j->a, row * 2 * j->D + i, n);
  vf gate = load(type, j->a, row * 2 * j->D + j->D + i, n);
  store(type, j->out, row * j->D + i, n, value * (gate * normal_cdf(gate, &density)));
}
INLINE void geglu_backward_step(int64_t i, int64_t n, const ik_elementwise_job *j, int64_t row, ik_dtype type) {
  const int64_t at = row * 2 * j->D + i;
  vf value = load(type, j->a, at, n), gate = load(type, j->a, at + j->D, n);
  vf dy = load(type, j->b, row * j->D + i, n);
  vf density, cdf = normal_cdf(gate, &density);
  store(type, j->out, at, n, dy * (gate * cdf));
  store(type, j->out, at + j->D, n, dy * value * (cdf + gate * density));
}

static void geglu(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job copy = *(const ik_elementwise_job *)context, *j = &copy;
  for (int64_t row = begin; row < end; row++)
    F32_OR_BF16(j->type, SWEEP(geglu_step, 0, j->D, j, row, TYPE));
}

static void geglu_backward(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job copy = *(const ik_elementwise_job *)context, *j = &copy;
  for (int64_t row = begin; row < end; row++)
    F32_OR_BF16(j->type, SWEEP(geglu_backward_step, 0, j->D, j, row, TYPE));
}
