// Forward: a unit of work is one tile of queries of one head; it streams over the keys with a running
// maximum (flash attention: Dao et al. 2022). The maximum follows only when it would move by more than
// 8 binary orders of magnitude: nothing overflows, and most tiles need no rescaling.

typedef struct {
  const ik_att_call *call;
  int64_t query_tiles, query_vectors, ldk, ldv;
  // Keys and values too large to pack once per thread: packed together, one head after the other.
  float *shared_keys, *shared_values;
  int64_t first_head;
} forward_plan;

typedef struct {
  float *keys, *values;                    // cells [Tk][ldk] and [Tk / CELL][ldv]
  float *queries, *scores, *weights, *sums;  // [cells(D)][64], [keys][64], [keys / CELL][64], [D][64]
  float *spare;
} forward_scratch;

// Called with NULL to learn the size.
static int64_t carve_forward(const forward_plan *plan, float *base, forward_scratch *s) {
  float *at = base;
  const int64_t tall = round_up(plan->call->D, 16), keys = round_up(plan->call->Tk, 2);
  s->queries = carve(&at, tall * QUERY_TILE);
  s->scores = carve(&at, KEY_TILE * QUERY_TILE);
  s->weights = carve(&at, KEY_TILE / CELL * QUERY_TILE);
  s->sums = carve(&at, tall * QUERY_TILE);
  s->spare = carve(&at, QUERY_TILE * row_cells(plan->call->D));
  s->keys = plan->shared_keys ? plan->shared_keys : carve(&at, keys * plan->ldk);
  s->values = plan->shared_keys ? plan->shared_values : carve(&at, cells(keys) * plan->ldv);
  return at - base;
}

// Scores of keys a query may not see become `hide`. `first` is the first key minus the first query.
static void mask_scores(float *scores, int64_t keys, int64_t width, int64_t first, float hide) {
  for (int64_t k = 0; k < keys; k++) {
    int64_t hidden = min64(max64(first + k, 0), width);
    for (int64_t q = 0; q < hidden; q++) scores[k * QUERY_TILE + q] = hide;
  }
}

// Adds the bias of a tile of scores, which will be multiplied by `1 / unit`. Finite, so that differences of two of them are numbers.
static void add_bias(const ik_att_call *c, int64_t head, int64_t query, int64_t rows, int64_t key, int64_t keys, float unit, float *scores) {
  const float *from = c->bias.values + head / c->heads * c->bias.b_stride + head % c->heads * c->bias.h_stride + key;
  const float least = -1e4f;
  for (int64_t q = 0; q < rows; q++) {
    const float *row = from + (query + q) * c->bias.q_stride;
    for (int64_t k = 0; k < keys; k++) scores[k * QUERY_TILE + q] += (row[k] < least ? least : row[k]) * unit;
  }
}

// Moves the maxima if need be and rescales what was summed so far; scores of this tile of keys.
static void follow_maximum(const float *scores, int64_t keys, int64_t width, int first, float factor, float *maximum,
                           float *total, float *sums, int64_t D) {
  for (int64_t j = 0; j < width; j += LANES) {
    // Four chains, because each maximum waits for the one before.
    vf m = load(scores + j), m1 = m, m2 = m, m3 = m;
    const float *s = scores + j;
    int64_t k = 0;
    for (; k + 4 <= keys; k += 4, s += 4 * QUERY_TILE) {
      m = larger(m, load(s));
      m1 = larger(m1, load(s + QUERY_TILE));
      m2 = larger(m2, load(s + 2 * QUERY_TILE));
      m3 = larger(m3, load(s + 3 * QUERY_TILE));
    }
    for (; k < keys; k++, s += QUERY_TILE) m = larger(m, load(s));
    m = larger(larger(m, m1), larger(m2, m3));
    if (first) {
      store(maximum + j, m);
      store(total + j, (vf)(0.0f));
      continue;
    }
    vf old = load(maximum + j);
    vi moved = m > old + 8 / factor;
    int any = 0;
    UNROLL for (int i = 0; i < LANES; i++) any |= moved[i];
    if (!any) continue;
    vf new = moved ? m : old;
    vf shrink = moved ? exp2_vector((old - m) * factor) : (vf)(1.0f);
    store(maximum + j, new);
    store(total + j, load(total + j) * shrink);
    for (int64_t d = 0; d < D; d++) store(sums + d * QUERY_TILE + j, load(sums + d * QUERY_TILE + j) * shrink);
  }
}

// The weights of two neighbouring keys.
ALWAYS_INLINE void weigh_pair(const float *s, float *w, vf maximum, float factor, vf *sums) {
  vf a = exp2_vector((load(s) - maximum) * factor), b = exp2_vector((load(s + QUERY_TILE) - maximum) * factor);
  sums[0] += a;
  sums[1] += b;
  store_pair(w, a, b);
}

// weights = 2^(factor * (score - maximum)), as cells; adds them to total.
static void weigh(const float *scores, int64_t keys, int64_t width, float factor, const float *maximum, float *total,
                  float *weights) {
  for (int64_t j = 0; j < width; j += LANES) {
    vf top = load(maximum + j), sums[4] = {load(total + j), 0, 0, 0};
    const float *s = scores + j;
    float *w = weights + j;
    int64_t k = 0;
    for (; k + 4 <= keys; k += 4, s += 4 * QUERY_TILE, w += 4 / CELL * QUERY_TILE) {
      weigh_pair(s, w, top, factor, sums);
      weigh_pair(s + 2 * QUERY_TILE, w + 2 / CELL * QUERY_TILE, top, factor, sums + 2);
    }
    for (; k + 2 <= keys; k += 2, s += 2 * QUERY_TILE, w += 2 / CELL * QUERY_TILE) weigh_pair(s, w, top, factor, sums);
    if (k < keys) {
      vf a = exp2_vector((load(s) - top) * factor);
      sums[0] += a;
      store_pair(w, a, (vf)(0.0f));
    }
    store(total + j, (sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
}

static void forward_tile(const forward_plan *plan, const forward_scratch *s, int64_t head, int64_t tile) {
  const ik_att_call *c = plan->call;
  const int64_t D = c->D, bytes = element_bytes(c->type), b = head / c->heads, h = head % c->heads;
  const int64_t first = plan->query_vectors * tile / plan->query_tiles * LANES;
  const int64_t last = min64(plan->query_vectors * (tile + 1) / plan->query_tiles * LANES, c->Tq);
  const int64_t width = round_up(last - first, LANES);
  // A negative scale changes the sign of the queries, so that the largest score is the largest weight.
  float factor = c->scale * IK_ATT_LOG2E, maximum[QUERY_TILE] = {0}, total[QUERY_TILE] = {0};
  pack_transposed(c->type, c->q + ((b * c->Tq + first) * c->q_stride + h * D) * bytes, c->q_stride, last - first, width, D,
                  s->queries, QUERY_TILE, s->spare);
  if (factor < 0) {
    factor = -factor;
    uint32_t *cell = (uint32_t *)s->queries;
    for (int64_t i = 0; i < cells(D) * QUERY_TILE; i++) cell[i] ^= PAIRS ? 0x80008000u : 0x80000000u;
  }
  const int64_t visible = c->causal ? min64(last, c->Tk) : c->Tk;
  if (visible <= 0) memset(s->sums, 0, (size_t)(D * QUERY_TILE) * 4);
  for (int64_t k = 0; k < visible; k += KEY_TILE) {
    const int64_t keys = min64(KEY_TILE, visible - k);
    product_ahead(plan->shared_keys ? KEY_TILE * plan->ldk : 0, ROWS, keys, width, cells(D), s->keys + k * plan->ldk, plan->ldk, s->queries, QUERY_TILE, s->scores, QUERY_TILE, 0);
    if (c->bias.values) add_bias(c, head, first, last - first, k, keys, IK_ATT_LOG2E / factor, s->scores);
    if (c->causal && k + keys - 1 > first) mask_scores(s->scores, keys, width, k - first, -__builtin_inff());
    follow_maximum(s->scores, keys, width, k == 0, factor, maximum, total, s->sums, D);
    weigh(s->scores, keys, width, factor, maximum, total, s->weights);
    product_ahead(plan->shared_keys ? KEY_TILE / CELL * plan->ldv : 0, COLUMNS, D, width, cells(keys), s->values + k / CELL * plan->ldv, plan->ldv, s->weights, QUERY_TILE, s->sums,
            QUERY_TILE, k > 0);
  }
  const int64_t ld = row_cells(c->D);
  transpose(s->sums, QUERY_TILE, D, width, s->spare, ld);
  float lse[QUERY_TILE], inverse[QUERY_TILE];
  for (int64_t j = 0; j < width; j += LANES) {
    vf sum = load(total + j);
    store(lse + j, load(maximum + j) * (factor / IK_ATT_LOG2E) + log_vector(sum));
    store(inverse + j, 1 / sum);
  }
  for (int64_t i = 0; i < last - first; i++) {
    // Without keys the sums are zero.
    float share = visible > 0 ? inverse[i] : 1;
    write_row(c->type, s->spare + i * ld, share, D, c->out + ((b * c->Tq + first + i) * c->out_stride + h * D) * bytes);
    if (c->lse) c->lse[head * c->Tq + first + i] = visible > 0 ? lse[i] : -__builtin_inff();
  }
}

// Keys from begin to end, which is even or the last.
static void pack_keys(const forward_plan *plan, const forward_scratch *s, int64_t head, int64_t begin, int64_t end) {
  const ik_att_call *c = plan->call;
  const int64_t bytes = element_bytes(c->type), token = head / c->heads * c->Tk + begin, column = head % c->heads * c->D;
  pack_rows(c->type, c->k + (token * c->k_stride + column) * bytes, c->k_stride, end - begin, c->D,
            s->keys + begin * plan->ldk, plan->ldk);
  pack_columns(c->type, c->v + (token * c->v_stride + column) * bytes, c->v_stride, end - begin,
               round_up(end - begin, CELL), c->D, c->D, s->values + begin / CELL * plan->ldv, plan->ldv);
}

static void pack_shared_keys(void *context, int64_t begin, int64_t end) {
  const forward_plan *plan = context;
  const forward_scratch s = {.keys = plan->shared_keys, .values = plan->shared_values};
  pack_keys(plan, &s, plan->first_head, begin * KEY_TILE, min64(end * KEY_TILE, plan->call->Tk));
}

static void forward_body(void *context, int64_t begin, int64_t end) {
  const forward_plan *plan = context;
  const ik_att_call *c = plan->call;
  forward_scratch s;
  carve_forward(plan, ik_att_scratch(IK_ATT_SLOT_TILE, (size_t)carve_forward(plan, NULL, &s) * 4), &s);
  int64_t packed = -1;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t head = plan->first_head + unit / plan->query_tiles;
    int64_t tile = unit % plan->query_tiles;
    // Later tiles see more keys: take them from both ends, so that any cut is fair.
    if (c->causal) tile = tile % 2 ? plan->query_tiles - 1 - tile / 2 : tile / 2;
    if (head != packed && plan->shared_keys == NULL) pack_keys(plan, &s, head, 0, c->Tk);
    packed = head;
    forward_tile(plan, &s, head, tile);
  }
}

void NAMED(forward)(const ik_att_call *call) {
  forward_plan plan = {.call = call};
  const int64_t heads = call->B * call->heads, keys = round_up(call->Tk, 2);
  plan.query_vectors = (call->Tq + LANES - 1) / LANES;
  plan.query_tiles = (plan.query_vectors + QUERY_TILE / LANES - 1) / (QUERY_TILE / LANES);
  plan.ldk = row_cells(cells(call->D));
  plan.ldv = row_cells(call->D);
  // About a million multiplications a piece: packing the keys again for each piece must not show.
  const int64_t cost = QUERY_TILE * max64(call->Tk, 1) * call->D * 2;
  const int64_t grain = max64(max64(1, (1 << 20) / cost), min64(8, plan.query_tiles / 2));
  const int64_t packed = keys * plan.ldk + cells(keys) * plan.ldv;
  if (packed < (1 << 20) || plan.query_tiles < 16) {
    ik_parallel_for(heads * plan.query_tiles, grain, forward_body, &plan);
    return;
  }
  plan.shared_keys = ik_att_scratch(IK_ATT_SLOT_SHARED, (size_t)packed * 4);
  plan.shared_values = plan.shared_keys + keys * plan.ldk;
  for (; plan.first_head < heads; plan.first_head++) {
    ik_parallel_for((call->Tk + KEY_TILE - 1) / KEY_TILE, 4, pack_shared_keys, &plan);
    ik_parallel_for(plan.query_tiles, 1, forward_body, &plan);
  }
}
