// Vectors of LANES floats, and how elements of any ik_dtype get into them and back. `type` and `n` are
// constants wherever these are inlined, so the branches on them vanish.
#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((ext_vector_type(LANES)));
typedef int32_t vi __attribute__((ext_vector_type(LANES)));
typedef uint32_t vu __attribute__((ext_vector_type(LANES)));
typedef uint16_t vh __attribute__((ext_vector_type(LANES)));
typedef float vf_unaligned __attribute__((ext_vector_type(LANES), aligned(1)));
typedef uint32_t vu_unaligned __attribute__((ext_vector_type(LANES), aligned(1)));
typedef uint16_t vh_unaligned __attribute__((ext_vector_type(LANES), aligned(1)));

// Calls step(i, n, ...) for vectors that cover begin..<end: n is LANES, and less for the last.
#define SWEEP(step, begin, end, ...) do { \
    const int64_t end_ = (end); \
    int64_t i_ = (begin); \
    _Pragma("clang loop unroll_count(2)") \
    for (; i_ + LANES <= end_; i_ += LANES) step(i_, LANES, __VA_ARGS__); \
    if (i_ < end_) step(i_, end_ - i_, __VA_ARGS__); \
  } while (0)

// Runs `call` with `type` a constant.
#define F32_OR_BF16(type, call) do { \
    if ((type) == IK_F32) { enum { TYPE = IK_F32 }; call; } else { enum { TYPE = IK_BF16 }; call; } \
  } while (0)

// ---------------------------------------------------------------- raw memory, n <= LANES elements
#if LANES == 16
INLINE __mmask16 first_lanes(int64_t n) { return (__mmask16)((1u << n) - 1); }
#endif

INLINE vf load_f32(const void *p, int64_t n) {
  if (n >= LANES) return *(const vf_unaligned *)p;
#if LANES == 16
  return (vf)_mm512_maskz_loadu_ps(first_lanes(n), p);
#else
  vf v = 0;
  memcpy(&v, p, (size_t)n * 4);
  return v;
#endif
}

INLINE void store_f32(void *p, int64_t n, vf v) {
  if (n >= LANES) { *(vf_unaligned *)p = v; return; }
#if LANES == 16
  _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)v);
#else
  memcpy(p, &v, (size_t)n * 4);
#endif
}

INLINE vh load_16(const void *p, int64_t n) {
  if (n >= LANES) return *(const vh_unaligned *)p;
#if LANES == 16
  return (vh)_mm256_maskz_loadu_epi16(first_lanes(n), p);
#else
  vh v = 0;
  memcpy(&v, p, (size_t)n * 2);
  return v;
#endif
}

INLINE void store_16(void *p, int64_t n, vh v) {
  if (n >= LANES) { *(vh_unaligned *)p = v; return; }
#if LANES == 16
  _mm256_mask_storeu_epi16(p, first_lanes(n), (__m256i)v);
#else
  memcpy(p, &v, (size_t)n * 2);
#endif
}

// ---------------------------------------------------------------- conversion
INLINE vf from_bf16(vh h) { return (vf)(__builtin_convertvector(h, vu) << 16); }

INLINE vh to_bf16(vf x) {
#if BF16_INSTRUCTIONS
  return (vh)_mm512_cvtneps_pbh((__m512)x);
#else
  vu u = (vu)x;
  return __builtin_convertvector(IK_BF16_OF_BITS(u), vh);
#endif
}

INLINE vf from_f16(vh h) {
#if LANES == 16
  return (vf)_mm512_cvtph_ps((__m256i)h);
#elif LANES == 8
  return (vf)_mm256_cvtph_ps((__m128i)h);
#else
  vu u = __builtin_convertvector(h, vu);
  vu body = (u & 0x7fff) << 13;
  // The exponents' biases differ by 112; a product also normalises what is denormal in half precision.
  vu scaled = (vu)((vf)body * 0x1p112f);
  vu wide = (body >= (vu)(0x7c00u << 13)) ? (body | 0x7f800000u) : scaled;
  return (vf)(wide | ((u & 0x8000) << 16));
#endif
}

INLINE vh to_f16(vf x) {
#if LANES == 16
  return (vh)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT);
#elif LANES == 8
  return (vh)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT);
#else
  vu u = (vu)x, body = u & 0x7fffffff;
  vu normal = (body - (112u << 23) + 0xfff + ((body >> 13) & 1)) >> 13;
  // A unit in the last place of 0.5 is the smallest half: adding 0.5 rounds to a multiple of it.
  vu denormal = (vu)((vf)body + 0.5f) - 0x3f000000u;
  vu out = body < (vu)(113u << 23) ? denormal : normal;
  out = body >= (vu)(143u << 23) ? (vu)0x7c00 : out;
  out = body > (vu)0x7f800000u ? (vu)0x7e00 : out;
  return __builtin_convertvector(out | ((u >> 16) & 0x8000), vh);
#endif
}

// Elements i ..< i + n of p; lanes past n are 0.
INLINE vf load(ik_dtype type, const void *p, int64_t i, int64_t n) {
  if (type == IK_F32) return load_f32((const char *)p + i * 4, n);
  vh h = load_16((const char *)p + i * 2, n);
  return type == IK_BF16 ? from_bf16(h) : from_f16(h);
}

INLINE void store(ik_dtype type, void *p, int64_t i, int64_t n, vf v) {
  if (type == IK_F32) store_f32((char *)p + i * 4, n, v);
  else store_16((char *)p + i * 2, n, type == IK_BF16 ? to_bf16(v) : to_f16(v));
}

// One element, in every lane.
INLINE vf load_one(ik_dtype type, const void *p, int64_t i) {
  return (vf)load(type, p, i, 1)[0];
}

// ---------------------------------------------------------------- lanes
INLINE vf lane_indices(void) {
  vf v;
  for (int k = 0; k < LANES; k++) v[k] = (float)k;
  return v;
}
// x where the lane is below n, `other` elsewhere.
INLINE vf keep_first(vf x, int64_t n, float other) {
  if (n >= LANES) return x;
  return lane_indices() < (vf)(float)n ? x : (vf)other;
}
INLINE float sum_lanes(vf v) {
#if LANES == 16
  typedef float v8 __attribute__((ext_vector_type(8)));
  typedef float v4 __attribute__((ext_vector_type(4)));
  v8 h = v.lo + v.hi;
  v4 q = h.lo + h.hi;
#elif LANES == 8
  typedef float v4 __attribute__((ext_vector_type(4)));
  v4 q = v.lo + v.hi;
#else
  vf q = v;
#endif
  return (q.x + q.z) + (q.y + q.w);
}
// Larger and smaller of two; NaN if either is.
INLINE vf larger(vf a, vf b) { vf r = a > b ? a : b; return a == a ? r : a; }
INLINE vf smaller(vf a, vf b) { vf r = a < b ? a : b; return a == a ? r : a; }
INLINE float max_lanes(vf v) {
  return __builtin_reduce_or(v != v) ? NAN : __builtin_reduce_max(v);
}
INLINE vf square_root(vf x) { return __builtin_elementwise_sqrt(x); }
INLINE vf magnitude(vf x) { return __builtin_elementwise_abs(x); }
