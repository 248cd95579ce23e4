// Conversion and arithmetic loops of one level; ranges are elements of the output.

INLINE void convert_step(int64_t i, int64_t n, const ik_elementwise_job *j, ik_dtype from, ik_dtype to) {
  store(to, j->out, i, n, load(from, j->a, i, n));
}

static void convert(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job *j = context;
  if (j->type == IK_F32) {
    if (j->to == IK_BF16) SWEEP(convert_step, begin, end, j, IK_F32, IK_BF16);
    else SWEEP(convert_step, begin, end, j, IK_F32, IK_F16);
  } else if (j->type == IK_BF16) {
    if (j->to == IK_F32) SWEEP(convert_step, begin, end, j, IK_BF16, IK_F32);
    else SWEEP(convert_step, begin, end, j, IK_BF16, IK_F16);
  } else {
    if (j->to == IK_F32) SWEEP(convert_step, begin, end, j, IK_F16, IK_F32);
    else SWEEP(convert_step, begin, end, j, IK_F16, IK_BF16);
  }
}

INLINE vf combine(ik_binary_op op, vf a, vf b) {
  switch (op) {
  case IK_ADD: return a + b;
  case IK_SUB: return a - b;
  case IK_MUL: return a * b;
  case IK_DIV: return a / b;
  case IK_MAX: return larger(a, b);
  case IK_MIN: return smaller(a, b);
  }
}

// A run of a binary operation along the innermost axis.
typedef struct {
  const char *a, *b;
  char *out;
  int64_t a_stride, b_stride;
  vf a_value, b_value;  // where the stride is 0
} binary_run;

INLINE vf load_strided(ik_dtype type, const char *p, int64_t stride, int64_t i, int64_t n) {
  vf v = 0;
  for (int k = 0; k < LANES; k++) if (k < n) v[k] = load(type, p, (i + k) * stride, 1)[0];
  return v;
}

enum { BOTH_CONTIGUOUS, A_REPEATS, B_REPEATS, STRIDED };

INLINE void binary_step(int64_t i, int64_t n, const binary_run *r, ik_binary_op op, ik_dtype type, int kind) {
  vf a, b;
  if (kind == STRIDED) {
    a = load_strided(type, r->a, r->a_stride, i, n);
    b = load_strided(type, r->b, r->b_stride, i, n);
  } else {
    a = kind == A_REPEATS ? r->a_value : load(type, r->a, i, n);
    b = kind == B_REPEATS ? r->b_value : load(type, r->b, i, n);
  }
  store(type, r->out, i, n, combine(op, a, b));
}

INLINE void binary_kind(const binary_run *r, int64_t n, ik_binary_op op, ik_dtype type) {
  if (r->a_stride == 1 && r->b_stride == 1) SWEEP(binary_step, 0, n, r, op, type, BOTH_CONTIGUOUS);
  else if (r->a_stride == 0 && r->b_stride == 1) SWEEP(binary_step, 0, n, r, op, type, A_REPEATS);
  else if (r->a_stride == 1 && r->b_stride == 0) SWEEP(binary_step, 0, n, r, op, type, B_REPEATS);
  else for (int64_t i = 0; i < n; i += LANES) binary_step(i, ik_min(LANES, n - i), r, op, type, STRIDED);
}

INLINE void binary_typed(const ik_elementwise_job *j, int64_t begin, int64_t end, ik_binary_op op, ik_dtype type) {
  const int last = j->rank - 1;
  const int64_t inner = j->shape[last], bytes = ik_bytes(type);
  int64_t index[IK_MAX_RANK];
  for (int64_t at = begin; at < end;) {
    int64_t rest = at, a = 0, b = 0;
    for (int d = last; d >= 0; d--) {
      index[d] = rest % j->shape[d];
      rest /= j->shape[d];
      a += index[d] * j->a_strides[d];
      b += index[d] * j->b_strides[d];
    }
    const int64_t n = ik_min(inner - index[last], end - at);
    binary_run r = {(const char *)j->a + a * bytes, (const char *)j->b + b * bytes,
                    (char *)j->out + at * bytes, j->a_strides[last], j->b_strides[last], 0, 0};
    r.a_value = load_one(type, r.a, 0);
    r.b_value = load_one(type, r.b, 0);
    binary_kind(&r, n, op, type);
    at += n;
  }
}

static void binary(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job *j = context;
#define CASE(op) case op: F32_OR_BF16(j->type, binary_typed(j, begin, end, op, TYPE)); break
  switch ((ik_binary_op)j->op) {
    CASE(IK_ADD); CASE(IK_SUB); CASE(IK_MUL); CASE(IK_DIV); CASE(IK_MAX); CASE(IK_MIN);
  }
#undef CASE
}

INLINE void axpby_step(int64_t i, int64_t n, const ik_elementwise_job *j, ik_dtype type, int two) {
  vf v = j->p0 * load(type, j->a, i, n) + j->p2;
  if (two) v = j->p1 * load(type, j->b, i, n) + v;
  store(type, j->out, i, n, v);
}

static void axpby(void *context, int64_t begin, int64_t end) {
  const ik_elementwise_job copy = *(const ik_elementwise_job *)context, *j = &copy;
  if (j->b) F32_OR_BF16(j->type, SWEEP(axpby_step, begin, end, j, TYPE, 1));
  else F32_OR_BF16(j->type, SWEEP(axpby_step, begin, end, j, TYPE, 0));
}
