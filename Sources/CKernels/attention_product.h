// C[m][n] (+)= sum over r of A[m][r] * B[r][n], the one product of this code. A holds cells that are
// broadcast, B holds vectors of cells, C holds floats. A comes as rows along r (A[m * lda + r]) or as
// columns (A[r * lda + m]); n counts vectors. A tile of C stays in registers for the whole of r.

ALWAYS_INLINE vf multiply_add(vf sum, float cell, vf b) {
#if PAIRS
  vf a = cell;
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  return (vf)(cell)*b + sum;
#endif
}

// Register tiles, by number of vectors: enough sums to hide the latency of the multiplier, few enough
// to leave room for B. More than 6 rows do not pay with 4 vectors; the 16 registers of AVX2 hold 4 x 2.
enum { MAX_N = LANES == 16 ? 4 : 2, MAX_M = LANES == 16 ? 8 : 5 };
ALWAYS_INLINE int64_t max_rows(int64_t n) { return LANES == 16 ? (n == 4 ? 6 : 8) : (n == 2 ? 5 : 5); }

ALWAYS_INLINE void tile_product(const int m, const int n, const int a_columns, int64_t r_count, const float *A,
                                int64_t lda, const float *B, int64_t ldb, float *C, int64_t ldc, int accumulate) {
  vf c[MAX_M][MAX_N];
  if (accumulate) {
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int j = 0; j < n; j++) c[i][j] = load(C + i * ldc + j * LANES);
  } else {
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int j = 0; j < n; j++) c[i][j] = 0;
  }
  for (int64_t r = 0; r < r_count; r++) {
    vf b[MAX_N];
    UNROLL for (int j = 0; j < n; j++) b[j] = load(B + j * LANES);
    UNROLL for (int i = 0; i < m; i++) {
      float a = a_columns ? A[i] : A[i * lda];
      UNROLL for (int j = 0; j < n; j++) c[i][j] = multiply_add(c[i][j], a, b[j]);
    }
    A += a_columns ? lda : 1;
    B += ldb;
  }
  UNROLL for (int i = 0; i < m; i++) UNROLL for (int j = 0; j < n; j++) store(C + i * ldc + j * LANES, c[i][j]);
}

typedef void (*tile_function)(int64_t, const float *, int64_t, const float *, int64_t, float *, int64_t, int);
#define TILE(m, n, columns)                                                                                    \
  static void tile_##m##x##n##_##columns(int64_t r_count, const float *A, int64_t lda, const float *B,         \
                                         int64_t ldb, float *C, int64_t ldc, int accumulate) {                 \
    tile_product(m, n, columns, r_count, A, lda, B, ldb, C, ldc, accumulate);                                  \
  }
#define TILES(m, n) TILE(m, n, 0) TILE(m, n, 1)
TILES(1, 1) TILES(2, 1) TILES(3, 1) TILES(4, 1) TILES(5, 1)
TILES(1, 2) TILES(2, 2) TILES(3, 2) TILES(4, 2) TILES(5, 2)
#if LANES == 16
TILES(6, 1) TILES(7, 1) TILES(8, 1) TILES(6, 2) TILES(7, 2) TILES(8, 2)
TILES(1, 3) TILES(2, 3) TILES(3, 3) TILES(4, 3) TILES(5, 3) TILES(6, 3) TILES(7, 3) TILES(8, 3)
TILES(1, 4) TILES(2, 4) TILES(3, 4) TILES(4, 4) TILES(5, 4) TILES(6, 4)
#endif
#define ENTRY(m, n) {tile_##m##x##n##_0, tile_##m##x##n##_1}
static const tile_function tiles[MAX_N][MAX_M][2] = {
#if LANES == 16
  {ENTRY(1, 1), ENTRY(2, 1), ENTRY(3, 1), ENTRY(4, 1), ENTRY(5, 1), ENTRY(6, 1), ENTRY(7, 1), ENTRY(8, 1)},
  {ENTRY(1, 2), ENTRY(2, 2), ENTRY(3, 2), ENTRY(4, 2), ENTRY(5, 2), ENTRY(6, 2), ENTRY(7, 2), ENTRY(8, 2)},
  {ENTRY(1, 3), ENTRY(2, 3), ENTRY(3, 3), ENTRY(4, 3), ENTRY(5, 3), ENTRY(6, 3), ENTRY(7, 3), ENTRY(8, 3)},
  {ENTRY(1, 4), ENTRY(2, 4), ENTRY(3, 4), ENTRY(4, 4), ENTRY(5, 4), ENTRY(6, 4)},
#else
  {ENTRY(1, 1), ENTRY(2, 1), ENTRY(3, 1), ENTRY(4, 1), ENTRY(5, 1)},
  {ENTRY(1, 2), ENTRY(2, 2), ENTRY(3, 2), ENTRY(4, 2), ENTRY(5, 2)},
#endif
};
enum { ROWS = 0, COLUMNS = 1 };

// n_count floats, a multiple of LANES, wide. r is cut so that the vectors of B stay in the first cache.
// `ahead`, unless 0, is how far on in A the next call will read: fetched meanwhile.
static void product_ahead(int64_t ahead, int a_layout, int64_t m_count, int64_t n_count, int64_t r_count, const float *A, int64_t lda,
                    const float *B, int64_t ldb, float *C, int64_t ldc, int accumulate) {
  const int64_t r_block = 96, vectors = n_count / LANES, panels = (vectors + MAX_N - 1) / MAX_N;
  int64_t j = 0;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t n = vectors * (panel + 1) / panels - j;
    int64_t bands = (m_count + max_rows(n) - 1) / max_rows(n);
    for (int64_t r = 0; r < r_count; r += r_block) {
      int64_t i = 0;
      for (int64_t band = 0; band < bands; band++) {
        int64_t m = m_count * (band + 1) / bands - i;
        const float *a = a_layout == COLUMNS ? A + r * lda + i : A + i * lda + r;
        // Rows of the next tile of keys, or one cache line of each of its pairs.
        if (ahead && a_layout == ROWS) {
          const float *next = a + ahead;
          for (int64_t row = 0; row < m; row++)
            for (int64_t x = 0; x < min64(r_block, r_count - r); x += 16) __builtin_prefetch(next + row * lda + x, 0, 2);
        } else if (ahead && (i == 0 || (i + m) / 16 != i / 16)) {
          for (int64_t x = 0; x < min64(r_block, r_count - r); x++) __builtin_prefetch(a + ahead + m + x * lda, 0, 2);
        }
        tiles[n - 1][m - 1][a_layout](min64(r_block, r_count - r), a, lda, B + r * ldb + j * LANES, ldb,
                                      C + i * ldc + j * LANES, ldc, accumulate || r > 0);
        i += m;
      }
    }
    j += n;
  }
}

ALWAYS_INLINE void product(int a_layout, int64_t m_count, int64_t n_count, int64_t r_count, const float *A, int64_t lda,
                           const float *B, int64_t ldb, float *C, int64_t ldc, int accumulate) {
  product_ahead(0, a_layout, m_count, n_count, r_count, A, lda, B, ldb, C, ldc, accumulate);
}
