// Backward: probabilities come back tile by tile from the scores and the log-sum-exp of forward. With
// dP = dO V^T and delta = rowsum(dO * O): dS = P * (dP - delta), dV = P^T dO, dQ = scale dS K,
// dK = scale dS^T Q. Keys are the outer loop, so that dK and dV of a tile stay in cache, while dQ is
// summed in float32 for the whole head. Long key rows are cut into chunks, by shape alone, each with
// its own dQ, added in order afterwards: a single head keeps several threads busy and the result does
// not depend on their number.

enum { MAX_CHUNKS = 4, MIN_CHUNK = 128, GROUP_UNITS = 16 };

typedef struct {
  const ik_att_call *call;
  int64_t query_vectors, query_tiles, key_tile, key_tiles, chunks, ldk, ldd, tall;
  // Heads whose chunks are in flight, and their memory, where chunks > 1.
  int64_t first_head;
  float *shared;
} backward_plan;

// What the chunks of one head read, by tile of queries, and the sums of dQ^T.
typedef struct {
  float *queries, *gradients;            // transposed: [tiles][tall][64]
  float *query_rows, *gradient_rows;     // [tiles][64 / CELL][ldd]
  float *lse, *delta;                    // [tiles][64]; lse in binary orders of magnitude
  float *dq[MAX_CHUNKS];                 // [tiles][tall][64]
} head_memory;

typedef struct {
  float *keys, *values, *key_columns;    // [keys][ldk] twice, [keys / CELL][ldd]
  float *scores, *slopes;                // [keys][64]: S then P, dP then dS
  float *weights, *changes, *change_columns;  // P and dS as cells: rows along q, rows along q, columns
  float *dk, *dv;                        // [keys][ldd]
  float *spare;                          // [64][row_cells(D)]
} chunk_memory;

// Called with NULL to learn the size.
static int64_t carve_head(const backward_plan *p, float *base, head_memory *m) {
  float *at = base;
  const int64_t tiles = p->query_tiles, transposed = tiles * p->tall * QUERY_TILE;
  m->queries = carve(&at, transposed);
  m->gradients = carve(&at, transposed);
  m->query_rows = carve(&at, tiles * QUERY_TILE / CELL * p->ldd);
  m->gradient_rows = carve(&at, tiles * QUERY_TILE / CELL * p->ldd);
  m->lse = carve(&at, tiles * QUERY_TILE);
  m->delta = carve(&at, tiles * QUERY_TILE);
  for (int64_t i = 0; i < p->chunks; i++) m->dq[i] = carve(&at, transposed);
  return at - base;
}

static int64_t carve_chunk(const backward_plan *p, float *base, chunk_memory *m) {
  float *at = base;
  m->keys = carve(&at, KEY_TILE * p->ldk);
  m->values = carve(&at, KEY_TILE * p->ldk);
  m->key_columns = carve(&at, KEY_TILE * p->ldd);
  m->scores = carve(&at, KEY_TILE * QUERY_TILE);
  m->slopes = carve(&at, KEY_TILE * QUERY_TILE);
#if PAIRS
  m->weights = carve(&at, KEY_TILE * QUERY_TILE / 2);
  m->changes = carve(&at, KEY_TILE * QUERY_TILE / 2);
  m->change_columns = carve(&at, KEY_TILE * QUERY_TILE / 2);
#else
  m->weights = m->scores;
  m->changes = m->change_columns = m->slopes;
#endif
  m->dk = carve(&at, KEY_TILE * p->ldd);
  m->dv = carve(&at, KEY_TILE * p->ldd);
  m->spare = carve(&at, QUERY_TILE * row_cells(p->call->D));
  return at - base;
}

static float dot_rows(ik_dtype type, const char *a, const char *b, int64_t n) {
#if LANES == 16
  vf sums = 0;
  for (int64_t i = 0; i < n; i += 16) sums += read_part(type, a, i, n) * read_part(type, b, i, n);
  return _mm512_reduce_add_ps((__m512)sums);
#else
  float sum = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += type == IK_F32 ? ((const float *)a)[i] * ((const float *)b)[i]
                          : ik_float_of_bf16(((const uint16_t *)a)[i]) * ik_float_of_bf16(((const uint16_t *)b)[i]);
  }
  return sum;
#endif
}

ALWAYS_INLINE void query_range(const backward_plan *p, int64_t tile, int64_t *first, int64_t *rows, int64_t *width) {
  *first = p->query_vectors * tile / p->query_tiles * LANES;
  int64_t end = p->query_vectors * (tile + 1) / p->query_tiles * LANES;
  *width = end - *first;
  *rows = min64(end, p->call->Tq) - *first;
}

static void pack_query_tile(const backward_plan *p, const head_memory *m, float *spare, int64_t head, int64_t tile) {
  const ik_att_call *c = p->call;
  const int64_t D = c->D, bytes = element_bytes(c->type), b = head / c->heads, h = head % c->heads, C = c->heads * D;
  int64_t first, rows, width;
  query_range(p, tile, &first, &rows, &width);
  const int64_t token = b * c->Tq + first, step = tile * p->tall * QUERY_TILE, row_step = tile * QUERY_TILE / CELL * p->ldd;
  const char *q = c->q + (token * c->q_stride + h * D) * bytes;
  const char *out = c->out + (token * C + h * D) * bytes, *d_out = c->d_out + (token * C + h * D) * bytes;
  pack_transposed(c->type, q, c->q_stride, rows, width, D, m->queries + step, QUERY_TILE, spare);
  pack_transposed(c->type, d_out, C, rows, width, D, m->gradients + step, QUERY_TILE, spare);
  pack_columns(c->type, q, c->q_stride, rows, width, D, round_up(D, LANES), m->query_rows + row_step, p->ldd);
  pack_columns(c->type, d_out, C, rows, width, D, round_up(D, LANES), m->gradient_rows + row_step, p->ldd);
  float *lse = m->lse + tile * QUERY_TILE, *delta = m->delta + tile * QUERY_TILE;
  for (int64_t i = 0; i < width; i++) {
    // The padding has zero gradients: any finite value does.
    lse[i] = i < rows ? c->lse[head * c->Tq + first + i] * IK_ATT_LOG2E : 0;
    delta[i] = i < rows ? dot_rows(c->type, out + i * C * bytes, d_out + i * C * bytes, D) : 0;
  }
}

// The gradient of the bias is dS itself: sixteen queries' numbers of one key.
static void write_bias(float *d_bias, int64_t row_length, int64_t rows, vf change) {
  for (int64_t i = 0; i < LANES && i < rows; i++) d_bias[i * row_length] = change[i];
}

// P = 2^(factor * S - lse) and dS = P * (dP - delta), as the cells the three products want. d_bias: of the first query and key.
static void differentiate(const chunk_memory *m, int64_t keys, int64_t width, float factor, const float *lse,
                          const float *delta, float *d_bias, int64_t row_length, int64_t rows) {
  for (int64_t j = 0; j < width; j += LANES) {
    const vf shift = load(lse + j), mean = load(delta + j);
    for (int64_t k = 0; k < keys; k++) {
      float *s = m->scores + k * QUERY_TILE + j, *t = m->slopes + k * QUERY_TILE + j;
      vf weight = exp2_vector(load(s) * factor - shift);
      vf change = weight * (load(t) - mean);
      if (d_bias) write_bias(d_bias + j * row_length + k, row_length, rows - j, change);
#if PAIRS
      store_half(m->weights + (k * QUERY_TILE + j) / 2, weight);
      store_half(m->changes + (k * QUERY_TILE + j) / 2, change);
      if (k & 1) {
        store_pair(m->change_columns + k / 2 * QUERY_TILE + j, load(t - QUERY_TILE), change);
      } else if (k + 1 < keys) {
        store(t, change);
      } else {
        store_pair(m->change_columns + k / 2 * QUERY_TILE + j, change, (vf)(0.0f));
      }
#else
      store(s, weight);
      store(t, change);
#endif
    }
  }
}

static void backward_chunk(const backward_plan *p, const head_memory *head_data, const chunk_memory *m, int64_t head,
                           int64_t chunk) {
  const ik_att_call *c = p->call;
  const int64_t D = c->D, bytes = element_bytes(c->type), b = head / c->heads, h = head % c->heads, C = c->heads * D;
  const int64_t wide = round_up(D, LANES), step = p->tall * QUERY_TILE;
  float *dq = head_data->dq[chunk];
  const int64_t begin = p->key_tiles * chunk / p->chunks, end = p->key_tiles * (chunk + 1) / p->chunks;
  if (c->causal || begin == end) memset(dq, 0, (size_t)(p->query_tiles * step) * 4);
  for (int64_t key_tile = begin; key_tile < end; key_tile++) {
    const int64_t key = key_tile * p->key_tile, keys = min64(p->key_tile, c->Tk - key), token = b * c->Tk + key;
    const char *k = c->k + (token * c->k_stride + h * D) * bytes, *v = c->v + (token * c->v_stride + h * D) * bytes;
    pack_rows(c->type, k, c->k_stride, keys, D, m->keys, p->ldk);
    pack_rows(c->type, v, c->v_stride, keys, D, m->values, p->ldk);
    pack_columns(c->type, k, c->k_stride, keys, round_up(keys, CELL), D, D, m->key_columns, p->ldd);
    int started = 0;
    for (int64_t tile = 0; tile < p->query_tiles; tile++) {
      int64_t first, rows, width;
      query_range(p, tile, &first, &rows, &width);
      if (c->causal && first + rows - 1 < key) continue;
      const int64_t row_step = tile * QUERY_TILE / CELL * p->ldd;
      product(ROWS, keys, width, cells(D), m->keys, p->ldk, head_data->queries + tile * step, QUERY_TILE, m->scores, QUERY_TILE, 0);
      product(ROWS, keys, width, cells(D), m->values, p->ldk, head_data->gradients + tile * step, QUERY_TILE, m->slopes,
              QUERY_TILE, 0);
      if (c->bias.values) add_bias(c, head, first, rows, key, keys, 1 / c->scale, m->scores);
      if (c->causal && key + keys - 1 > first) {
        const float infinity = __builtin_inff();
        mask_scores(m->scores, keys, width, key - first, c->scale < 0 ? infinity : -infinity);
      }
      differentiate(m, keys, width, c->scale * IK_ATT_LOG2E, head_data->lse + tile * QUERY_TILE,
                    head_data->delta + tile * QUERY_TILE, c->d_bias ? c->d_bias + (head * c->Tq + first) * c->Tk + key : NULL, c->Tk, rows);
      product(ROWS, keys, wide, width / CELL, m->weights, QUERY_TILE / CELL, head_data->gradient_rows + row_step, p->ldd,
              m->dv, p->ldd, started);
      product(ROWS, keys, wide, width / CELL, m->changes, QUERY_TILE / CELL, head_data->query_rows + row_step, p->ldd,
              m->dk, p->ldd, started);
      product(COLUMNS, D, width, cells(keys), m->key_columns, p->ldd, m->change_columns, QUERY_TILE, dq + tile * step,
              QUERY_TILE, c->causal || key_tile > begin);
      started = 1;
    }
    if (!started) {
      memset(m->dk, 0, (size_t)(keys * p->ldd) * 4);
      memset(m->dv, 0, (size_t)(keys * p->ldd) * 4);
    }
    for (int64_t i = 0; i < keys; i++) {
      write_row(c->type, m->dk + i * p->ldd, c->scale, D, c->dk + ((token + i) * C + h * D) * bytes);
      write_row(c->type, m->dv + i * p->ldd, 1, D, c->dv + ((token + i) * C + h * D) * bytes);
    }
  }
}

// dq of a tile: the sum of the chunks, in order, left in the first one's memory.
static void write_query_tile(const backward_plan *p, const head_memory *m, float *spare, int64_t head, int64_t tile) {
  const ik_att_call *c = p->call;
  const int64_t D = c->D, bytes = element_bytes(c->type), b = head / c->heads, h = head % c->heads, C = c->heads * D;
  int64_t first, rows, width;
  query_range(p, tile, &first, &rows, &width);
  const int64_t step = p->tall * QUERY_TILE, ld = row_cells(D);
  float *sum = m->dq[0] + tile * step;
  for (int64_t chunk = 1; chunk < p->chunks; chunk++) {
    const float *more = m->dq[chunk] + tile * step;
    for (int64_t i = 0; i < D * QUERY_TILE; i += LANES) store(sum + i, load(sum + i) + load(more + i));
  }
  transpose(sum, QUERY_TILE, D, width, spare, ld);
  for (int64_t i = 0; i < rows; i++) {
    write_row(c->type, spare + i * ld, c->scale, D, c->dq + ((b * c->Tq + first + i) * C + h * D) * bytes);
  }
}

// A whole head at a time, where keys are few.
static void backward_heads(void *context, int64_t begin, int64_t end) {
  const backward_plan *p = context;
  head_memory head_data;
  chunk_memory m;
  int64_t head_size = carve_head(p, NULL, &head_data), chunk_size = carve_chunk(p, NULL, &m);
  float *base = ik_att_scratch(IK_ATT_SLOT_TILE, (size_t)(head_size + chunk_size) * 4);
  carve_head(p, base, &head_data);
  carve_chunk(p, base + head_size, &m);
  for (int64_t head = begin; head < end; head++) {
    for (int64_t tile = 0; tile < p->query_tiles; tile++) pack_query_tile(p, &head_data, m.spare, head, tile);
    backward_chunk(p, &head_data, &m, head, 0);
    for (int64_t tile = 0; tile < p->query_tiles; tile++) write_query_tile(p, &head_data, m.spare, head, tile);
  }
}

// The three steps of a group of heads; units are tiles, chunks and tiles.
ALWAYS_INLINE void group_memory(const backward_plan *p, int64_t member, head_memory *head_data, chunk_memory *m) {
  int64_t chunk_size = carve_chunk(p, NULL, m), head_size = carve_head(p, NULL, head_data);
  carve_head(p, p->shared + member * head_size, head_data);
  carve_chunk(p, ik_att_scratch(IK_ATT_SLOT_TILE, (size_t)chunk_size * 4), m);
}
static void group_pack(void *context, int64_t begin, int64_t end) {
  const backward_plan *p = context;
  for (int64_t unit = begin; unit < end; unit++) {
    head_memory head_data;
    chunk_memory m;
    group_memory(p, unit / p->query_tiles, &head_data, &m);
    pack_query_tile(p, &head_data, m.spare, p->first_head + unit / p->query_tiles, unit % p->query_tiles);
  }
}
static void group_chunks(void *context, int64_t begin, int64_t end) {
  const backward_plan *p = context;
  for (int64_t unit = begin; unit < end; unit++) {
    head_memory head_data;
    chunk_memory m;
    group_memory(p, unit / p->chunks, &head_data, &m);
    backward_chunk(p, &head_data, &m, p->first_head + unit / p->chunks, unit % p->chunks);
  }
}
static void group_write(void *context, int64_t begin, int64_t end) {
  const backward_plan *p = context;
  for (int64_t unit = begin; unit < end; unit++) {
    head_memory head_data;
    chunk_memory m;
    group_memory(p, unit / p->query_tiles, &head_data, &m);
    write_query_tile(p, &head_data, m.spare, p->first_head + unit / p->query_tiles, unit % p->query_tiles);
  }
}

void NAMED(backward)(const ik_att_call *call) {
  const int64_t heads = call->B * call->heads;
  backward_plan p = {.call = call};
  p.query_vectors = (call->Tq + LANES - 1) / LANES;
  p.query_tiles = (p.query_vectors + QUERY_TILE / LANES - 1) / (QUERY_TILE / LANES);
  p.key_tiles = (call->Tk + KEY_TILE - 1) / KEY_TILE;
  p.key_tile = p.key_tiles ? round_up((call->Tk + p.key_tiles - 1) / p.key_tiles, 2) : 2;
  p.chunks = max64(1, min64(MAX_CHUNKS, call->Tk / MIN_CHUNK));
  p.ldk = row_cells(cells(call->D));
  p.ldd = row_cells(call->D);
  p.tall = round_up(call->D, 16);
  if (p.chunks == 1) {
    int64_t cost = max64(call->Tq * call->Tk, 1) * call->D * 5;
    ik_parallel_for(heads, max64(1, (1 << 20) / cost), backward_heads, &p);
    return;
  }
  head_memory unused;
  const int64_t group = min64(heads, max64(1, GROUP_UNITS / p.chunks)), head_size = carve_head(&p, NULL, &unused);
  p.shared = ik_att_scratch(IK_ATT_SLOT_SHARED, (size_t)(group * head_size) * 4);
  for (; p.first_head < heads; p.first_head += group) {
    const int64_t members = min64(group, heads - p.first_head);
    ik_parallel_for(members * p.query_tiles, 4, group_pack, &p);
    ik_parallel_for(members * p.chunks, 1, group_chunks, &p);
    ik_parallel_for(members * p.query_tiles, 4, group_write, &p);
  }
}
