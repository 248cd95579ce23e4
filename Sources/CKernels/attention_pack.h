// Moves rows of activations in and out of cells. Source rows hold D elements of `type`, `stride`
// elements apart.

ALWAYS_INLINE int64_t element_bytes(ik_dtype type) { return type == IK_F32 ? 4 : 2; }

__attribute__((unused)) ALWAYS_INLINE void read_row(ik_dtype type, const char *src, int64_t n, float *dst) {
  if (type == IK_F32) {
    memcpy(dst, src, (size_t)n * 4);
  } else {
    const uint16_t *h = (const uint16_t *)src;
    for (int64_t i = 0; i < n; i++) dst[i] = ik_float_of_bf16(h[i]);
  }
}
#if LANES == 16
// The low n < 16 elements of `bytes` bytes each. Masked stores to lines not in cache are slow.
ALWAYS_INLINE void store_part(char *dst, __m512i x, int64_t n, int64_t bytes) {
  _Alignas(64) char part[64];
  _mm512_store_si512(part, x);
  int64_t at = 0, end = n * bytes;
  for (; at + 16 <= end; at += 16) _mm_storeu_si128((__m128i *)(dst + at), _mm_load_si128((__m128i *)(part + at)));
  for (; at + 4 <= end; at += 4) memcpy(dst + at, part + at, 4);
  if (at < end) memcpy(dst + at, part + at, 2);
}

ALWAYS_INLINE __m512i narrow(__m512 x) {
#if PAIRS
  return _mm512_castsi256_si512((__m256i)_mm512_cvtneps_pbh(x));
#else
  const vu bits = (vu)x;
  return _mm512_castsi256_si512(_mm512_cvtepi32_epi16((__m512i)IK_BF16_OF_BITS(bits)));
#endif
}
#endif

// src is padded to whole vectors.
ALWAYS_INLINE void write_row(ik_dtype type, const float *src, float factor, int64_t n, char *dst) {
#if LANES == 16
  int64_t i = 0;
  if (type == IK_F32) {
    for (; i + 16 <= n; i += 16) store((float *)dst + i, load(src + i) * factor);
    if (i < n) store_part(dst + i * 4, (__m512i)(load(src + i) * factor), n - i, 4);
  } else {
    for (; i + 16 <= n; i += 16) {
      _mm256_storeu_si256((__m256i *)(dst + i * 2), _mm512_castsi512_si256(narrow((__m512)(load(src + i) * factor))));
    }
    if (i < n) store_part(dst + i * 2, narrow((__m512)(load(src + i) * factor)), n - i, 2);
  }
#else
  if (type == IK_F32) {
    float *f = (float *)dst;
    for (int64_t i = 0; i < n; i++) f[i] = src[i] * factor;
  } else {
    uint16_t *h = (uint16_t *)dst;
    for (int64_t i = 0; i < n; i++) h[i] = ik_bf16_of_float(src[i] * factor);
  }
#endif
}

#if LANES == 16
// Up to 16 elements from the d-th of a row of D, zero behind them. Masked loads of what is not in cache
// are slow, so the end of a row is read with the elements before it and moved down.
ALWAYS_INLINE __m256i read_halves(const uint16_t *row, int64_t d, int64_t D) {
  const int64_t n = D - d;
  if (n >= 16) return _mm256_loadu_si256((const __m256i *)(row + d));
  const __mmask16 mask = (__mmask16)((1u << n) - 1);
  if (d == 0) return _mm256_maskz_loadu_epi16(mask, row);
  const __m256i ramp = _mm256_set_epi16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m256i order = _mm256_add_epi16(ramp, _mm256_set1_epi16((short)(16 - n)));
  return _mm256_maskz_permutexvar_epi16(mask, order, _mm256_loadu_si256((const __m256i *)(row + D - 16)));
}

ALWAYS_INLINE vf read_part(ik_dtype type, const char *row, int64_t d, int64_t D) {
  if (type != IK_F32) return (vf)_mm512_slli_epi32(_mm512_cvtepu16_epi32(read_halves((const uint16_t *)row, d, D)), 16);
  const float *f = (const float *)row;
  const int64_t n = D - d;
  if (n >= 16) return load(f + d);
  const __mmask16 mask = (__mmask16)((1u << n) - 1);
  if (d == 0) return (vf)_mm512_maskz_loadu_ps(mask, f);
  const __m512i ramp = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i order = _mm512_add_epi32(ramp, _mm512_set1_epi32((int)(16 - n)));
  return (vf)_mm512_maskz_permutexvar_ps(mask, order, (__m512)load(f + D - 16));
}
#endif

// dst[row][cell]: neighbouring elements of a row share a cell. A last half cell is completed with zero.
// Rows of dst are whole vectors, so that writing past D does no harm.
static void pack_rows(ik_dtype type, const char *src, int64_t stride, int64_t rows, int64_t D, float *dst, int64_t ld) {
  for (int64_t i = 0; i < rows; i++, dst += ld, src += stride * element_bytes(type)) {
#if PAIRS
    for (int64_t d = 0; d < D; d += 16) {
      _mm256_storeu_si256((__m256i *)(dst + d / 2), read_halves((const uint16_t *)src, d, D));
    }
#elif LANES == 16
    for (int64_t d = 0; d < D; d += 16) store(dst + d, read_part(type, src, d, D));
#else
    read_row(type, src, D, dst);
#endif
  }
}

// dst[row / CELL][column]: neighbouring rows share a cell; zero from D to width (at most D rounded up to
// a vector) and from `rows` to `padded_rows`.
static void pack_columns(ik_dtype type, const char *src, int64_t stride, int64_t rows, int64_t padded_rows, int64_t D,
                         int64_t width, float *dst, int64_t ld) {
  const int64_t step = stride * element_bytes(type);
  for (int64_t i = 0; i < padded_rows; i += CELL, dst += ld, src += step * CELL) {
    if (i >= rows) {
      memset(dst, 0, (size_t)width * 4);
      continue;
    }
#if PAIRS
    const int64_t next = i + 1 < rows;
    for (int64_t d = 0; d < D; d += 16) {
      __m512i b = next ? (__m512i)read_part(type, src + step, d, D) : _mm512_setzero_si512();
      __m512i a = _mm512_srli_epi32((__m512i)read_part(type, src, d, D), 16);
      _mm512_storeu_si512(dst + d, _mm512_or_si512(a, b));
    }
#elif LANES == 16
    for (int64_t d = 0; d < D; d += 16) store(dst + d, read_part(type, src, d, D));
#else
    read_row(type, src, D, dst);
    if (width > D) memset(dst + D, 0, (size_t)(width - D) * 4);
#endif
  }
}

typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v4_unaligned __attribute__((ext_vector_type(4), aligned(4)));

// dst[j][i] = src[i][j] for i < rows, j < columns, rounded up to a vector and to 4 (the buffers have room).
static void transpose(const float *src, int64_t lds, int64_t rows, int64_t columns, float *dst, int64_t ldd) {
#if LANES == 16
  // Four 4 x 4 blocks at a time, one above the other in each quarter of a vector.
  for (int64_t i = 0; i < rows; i += 16) {
    for (int64_t j = 0; j < columns; j += 4) {
      __m512 r[4];
      UNROLL for (int k = 0; k < 4; k++) {
        const float *s = src + (i + k) * lds + j;
        __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(s));
        v = _mm512_insertf32x4(v, _mm_loadu_ps(s + 4 * lds), 1);
        v = _mm512_insertf32x4(v, _mm_loadu_ps(s + 8 * lds), 2);
        r[k] = _mm512_insertf32x4(v, _mm_loadu_ps(s + 12 * lds), 3);
      }
      __m512d low = (__m512d)_mm512_unpacklo_ps(r[0], r[1]), high = (__m512d)_mm512_unpackhi_ps(r[0], r[1]);
      __m512d low2 = (__m512d)_mm512_unpacklo_ps(r[2], r[3]), high2 = (__m512d)_mm512_unpackhi_ps(r[2], r[3]);
      float *d = dst + j * ldd + i;
      store(d, (vf)_mm512_unpacklo_pd(low, low2));
      store(d + ldd, (vf)_mm512_unpackhi_pd(low, low2));
      store(d + 2 * ldd, (vf)_mm512_unpacklo_pd(high, high2));
      store(d + 3 * ldd, (vf)_mm512_unpackhi_pd(high, high2));
    }
  }
#else
  for (int64_t i = 0; i < rows; i += 4) {
    for (int64_t j = 0; j < columns; j += 4) {
      const float *s = src + i * lds + j;
      float *d = dst + j * ldd + i;
      v4 a = *(const v4_unaligned *)s, b = *(const v4_unaligned *)(s + lds);
      v4 c = *(const v4_unaligned *)(s + 2 * lds), e = *(const v4_unaligned *)(s + 3 * lds);
      v4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      v4 ce = __builtin_shufflevector(c, e, 0, 4, 1, 5), ce2 = __builtin_shufflevector(c, e, 2, 6, 3, 7);
      *(v4_unaligned *)d = __builtin_shufflevector(ab, ce, 0, 1, 4, 5);
      *(v4_unaligned *)(d + ldd) = __builtin_shufflevector(ab, ce, 2, 3, 6, 7);
      *(v4_unaligned *)(d + 2 * ldd) = __builtin_shufflevector(ab2, ce2, 0, 1, 4, 5);
      *(v4_unaligned *)(d + 3 * ldd) = __builtin_shufflevector(ab2, ce2, 2, 3, 6, 7);
    }
  }
#endif
}

// dst[cell][row], zero from `rows` to `padded_rows`: rows become vectors. `spare` holds
// [padded_rows][row_cells(D)].
static void pack_transposed(ik_dtype type, const char *src, int64_t stride, int64_t rows, int64_t padded_rows, int64_t D,
                            float *dst, int64_t ld, float *spare) {
  const int64_t lds = row_cells(D);
  pack_rows(type, src, stride, rows, D, spare, lds);
  memset(spare + rows * lds, 0, (size_t)((padded_rows - rows) * lds) * 4);
  transpose(spare, lds, padded_rows, cells(D), dst, ld);
}

// Two rows of probabilities a (key k) and b (key k + 1) as the cells of keys k, k + 1.
ALWAYS_INLINE void store_pair(float *dst, vf a, vf b) {
#if PAIRS
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5,
                                         20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
  _mm512_storeu_si512(dst, _mm512_permutexvar_epi16(order, both));
#else
  store(dst, a);
  store(dst + QUERY_TILE, b);
#endif
}
// A vector of floats as neighbouring elements of a row of cells.
ALWAYS_INLINE void store_half(float *dst, vf a) {
#if PAIRS
  _mm256_storeu_si256((__m256i *)dst, (__m256i)_mm512_cvtneps_pbh((__m512)a));
#else
  store(dst, a);
#endif
}
