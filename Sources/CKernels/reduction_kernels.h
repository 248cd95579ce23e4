// Reductions of one level. Sums are float32 over at most 4096 elements of a row, or 256 rows of a column, and
// double precision beyond.

enum { ROW_BLOCK = 4096, COLUMN_ROWS = 256, COLUMN_WIDTH = 512 };

// ---------------------------------------------------------------- along contiguous rows
INLINE double sum_run(ik_dtype type, const void *p, int64_t from, int64_t to, int squares) {
  double total = 0;
  for (int64_t b = from; b < to; b += ROW_BLOCK) {
    const int64_t end = ik_min(b + ROW_BLOCK, to);
    vf s[4] = {0, 0, 0, 0};
    int64_t i = b;
    for (; i + 4 * LANES <= end; i += 4 * LANES)
      for (int k = 0; k < 4; k++) {
        vf v = load(type, p, i + k * LANES, LANES);
        s[k] = squares ? v * v + s[k] : s[k] + v;
      }
    for (; i < end; i += LANES) {
      vf v = load(type, p, i, ik_min(LANES, end - i));
      s[0] = squares ? v * v + s[0] : s[0] + v;
    }
    total += (double)sum_lanes((s[0] + s[1]) + (s[2] + s[3]));
  }
  return total;
}

// Ranges are units: chunk `unit % chunks` of row `unit / chunks`; here `rows` elements make a row.
static void sum_rows(void *context, int64_t begin, int64_t end) {
  const ik_reduction_job *j = context;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t first = unit % j->chunks * j->chunk, base = unit / j->chunks * j->rows;
    const int64_t from = base + first, to = base + ik_min(first + j->chunk, j->rows);
    if (j->squares) F32_OR_BF16(j->type, j->partial[unit] = sum_run(TYPE, j->a, from, to, 1));
    else F32_OR_BF16(j->type, j->partial[unit] = sum_run(TYPE, j->a, from, to, 0));
  }
}

// ---------------------------------------------------------------- along columns
// acc += rows rows ..< rows + count (8 or 1) of C columns, from column `at`.
INLINE void add_rows_step(int64_t i, int64_t n, float *acc, ik_dtype type, const void *p, int64_t at, int64_t C, int count) {
  vf v = load(type, p, at + i, n);
  if (count == 8) {
    vf a = v + load(type, p, at + C + i, n);
    vf b = load(type, p, at + 2 * C + i, n) + load(type, p, at + 3 * C + i, n);
    vf c = load(type, p, at + 4 * C + i, n) + load(type, p, at + 5 * C + i, n);
    vf d = load(type, p, at + 6 * C + i, n) + load(type, p, at + 7 * C + i, n);
    v = (a + b) + (c + d);
  }
  store(IK_F32, acc, i, n, load(IK_F32, acc, i, n) + v);
}

INLINE void sum_columns_unit(const ik_reduction_job *j, int64_t unit, ik_dtype type) {
  const int64_t C = j->C, base = unit / j->chunks * j->rows;
  const int64_t first = unit % j->chunks * j->chunk, last = ik_min(first + j->chunk, j->rows);
  double *sums = j->partial + unit * C;
  float acc[COLUMN_WIDTH];
  memset(sums, 0, (size_t)C * sizeof *sums);
  for (int64_t r0 = first; r0 < last; r0 += COLUMN_ROWS)
    for (int64_t c0 = 0; c0 < C; c0 += COLUMN_WIDTH) {
      const int64_t width = ik_min(COLUMN_WIDTH, C - c0), r1 = ik_min(r0 + COLUMN_ROWS, last);
      memset(acc, 0, sizeof acc);
      int64_t r = r0;
      for (; r + 8 <= r1; r += 8) SWEEP(add_rows_step, 0, width, acc, type, j->a, (base + r) * C + c0, C, 8);
      for (; r < r1; r++) SWEEP(add_rows_step, 0, width, acc, type, j->a, (base + r) * C + c0, C, 1);
      for (int64_t c = 0; c < width; c++) sums[c0 + c] += (double)acc[c];
    }
}

// Ranges are units: chunk `unit % chunks` of the rows of outer index `unit / chunks`.
static void sum_columns(void *context, int64_t begin, int64_t end) {
  const ik_reduction_job *j = context;
  for (int64_t unit = begin; unit < end; unit++) F32_OR_BF16(j->type, sum_columns_unit(j, unit, TYPE));
}

// ---------------------------------------------------------------- search
// NaN and infinity are the elements with all exponent bits set. Both views of memory take integers only.
INLINE int run_is_finite(ik_dtype type, const void *p, int64_t from, int64_t to) {
  vu most = 0;
  const uint32_t all = type == IK_F32 ? 0x7f800000 : type == IK_BF16 ? 0x7f80 : 0x7c00;
  if (type == IK_F32) {
    for (int64_t i = from; i + LANES <= to; i += LANES)
      most = __builtin_elementwise_max(most, *(const vu_unaligned *)((const char *)p + i * 4) & 0x7fffffffu);
    for (int k = 0; k < LANES; k++) if (most[k] >= all) return 0;
  } else {
    // Two 16-bit elements in each 32-bit lane: the upper one decides as it stands, the lower one shifted up.
    for (int64_t i = from; i + 2 * LANES <= to; i += 2 * LANES) {
      vu pair = *(const vu_unaligned *)((const char *)p + i * 2);
      most = __builtin_elementwise_max(most, pair & 0x7fffffffu);
      most = __builtin_elementwise_max(most, (pair << 16) & 0x7fffffffu);
    }
    for (int k = 0; k < LANES; k++) if (most[k] >= all << 16) return 0;
  }
  const int64_t each = type == IK_F32 ? LANES : 2 * LANES;
  for (int64_t i = to - (to - from) % each; i < to; i++) {
    uint32_t bits = 0;
    memcpy(&bits, (const char *)p + i * ik_bytes(type), (size_t)ik_bytes(type));
    if ((bits & all) == all) return 0;
  }
  return 1;
}

INLINE int64_t find_in_run(ik_dtype type, const void *p, int64_t from, int64_t to) {
  const uint32_t all = type == IK_F32 ? 0x7f800000 : type == IK_BF16 ? 0x7f80 : 0x7c00;
  for (int64_t i = from; i < to; i++) {
    uint32_t bits = 0;
    memcpy(&bits, (const char *)p + i * ik_bytes(type), (size_t)ik_bytes(type));
    if ((bits & all) == all) return i;
  }
  return -1;
}

INLINE void first_nonfinite_typed(ik_reduction_job *j, int64_t begin, int64_t end, ik_dtype type) {
  for (int64_t i = begin; i < end; i += ROW_BLOCK) {
    int64_t lowest = __atomic_load_n(&j->found, __ATOMIC_RELAXED);
    if (i >= lowest) return;
    const int64_t to = ik_min(i + ROW_BLOCK, end);
    if (run_is_finite(type, j->a, i, to)) continue;
    const int64_t at = find_in_run(type, j->a, i, to);
    while (at < lowest && !__atomic_compare_exchange_n(&j->found, &lowest, at, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    return;
  }
}

// Ranges are elements.
static void first_nonfinite(void *context, int64_t begin, int64_t end) {
  ik_reduction_job *j = context;
  if (j->type == IK_F16) first_nonfinite_typed(j, begin, end, IK_F16);
  else F32_OR_BF16(j->type, first_nonfinite_typed(j, begin, end, TYPE));
}

// ---------------------------------------------------------------- softmax; ranges are rows of C
INLINE void softmax_row(const ik_reduction_job *j, int64_t row, ik_dtype type) {
  const int64_t C = j->C, base = row * C;
  vf most = -INFINITY, total = 0;
  for (int64_t i = 0; i < C; i += LANES) {
    const int64_t n = ik_min(LANES, C - i);
    most = larger(most, keep_first(load(type, j->a, base + i, n), n, -INFINITY));
  }
  const float top = max_lanes(most);
  for (int64_t i = 0; i < C; i += LANES) {
    const int64_t n = ik_min(LANES, C - i);
    total += keep_first(exp_vector(load(type, j->a, base + i, n) - top), n, 0);
  }
  const float scale = 1.0f / sum_lanes(total);
  for (int64_t i = 0; i < C; i += LANES) {
    const int64_t n = ik_min(LANES, C - i);
    store(type, j->out, base + i, n, exp_vector(load(type, j->a, base + i, n) - top) * scale);
  }
}

static void softmax(void *context, int64_t begin, int64_t end) {
  const ik_reduction_job copy = *(const ik_reduction_job *)context, *j = &copy;
  for (int64_t row = begin; row < end; row++) F32_OR_BF16(j->type, softmax_row(j, row, TYPE));
}

INLINE void softmax_backward_row(const ik_reduction_job *j, int64_t row, ik_dtype type) {
  const int64_t C = j->C, base = row * C;
  vf dots = 0;
  for (int64_t i = 0; i < C; i += LANES) {
    const int64_t n = ik_min(LANES, C - i);
    dots += load(type, j->a, base + i, n) * load(type, j->b, base + i, n);
  }
  const float dot = sum_lanes(dots);
  for (int64_t i = 0; i < C; i += LANES) {
    const int64_t n = ik_min(LANES, C - i);
    store(type, j->out, base + i, n, load(type, j->a, base + i, n) * (load(type, j->b, base + i, n) - dot));
  }
}

static void softmax_backward(void *context, int64_t begin, int64_t end) {
  const ik_reduction_job copy = *(const ik_reduction_job *)context, *j = &copy;
  for (int64_t row = begin; row < end; row++) F32_OR_BF16(j->type, softmax_backward_row(j, row, TYPE));
}
