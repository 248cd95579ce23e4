// Transcendental functions on vectors. The polynomials have the least relative error on their interval; the
// errors named are those of the polynomial, to which rounding adds about one unit in the last place.

// e^x overflows to infinity above 88.7 and fades to 0 below -103.9. NaN stays.
INLINE vf exp_vector(vf x) {
  const float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, in the low bits
  x = x < -104.5f ? (vf)-104.5f : x;
  x = x > 89.0f ? (vf)89.0f : x;
  vf t = x * 1.44269504f + rounder;
  vf n = t - rounder;
  // ln 2 in two parts; the first has so few bits that its product with n is exact.
  vf r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  vf p = (vf)0.00138142216f;  // |r| <= 0.347: 3e-9
  p = p * r + 0.00836889911f;
  p = p * r + 0.0416684039f;
  p = p * r + 0.166665196f;
  p = p * r + 0.49999994f;
  p = p * (r * r) + r + 1.0f;
#if LANES == 16
  return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
  // Two factors: one alone would leave the range of normal numbers before the result does.
  vi k = (vi)t - (vi)(vf)rounder;
  vi half = k >> 1;
  return p * (vf)((half + 127) << 23) * (vf)((k - half + 127) << 23);
#endif
}

INLINE vf sigmoid_vector(vf x) { return 1.0f / (1.0f + exp_vector(-x)); }

INLINE vf tanh_vector(vf x) {
  vf a = magnitude(x), w = x * x;
  vf p = (vf)-0.00566697726f;  // |x| <= 0.63: 5e-9
  p = p * w + 0.0206061769f;
  p = p * w + -0.0537300073f;
  p = p * w + 0.133313313f;
  p = p * w + -0.333332777f;
  vf near = x + x * w * p;
  vf far = 1.0f - 2.0f / (exp_vector(2.0f * a) + 1.0f);
  vf signed_far = (vf)((vi)far | ((vi)x & (int32_t)0x80000000));
  return a < 0.625f ? near : signed_far;
}

// The normal distribution function Phi(x); *density is phi(x) = e^(-x^2/2) / sqrt(2 pi).
// erfc(t) e^(t^2) is a polynomial in 1 / (1 + 0.3 t) within 2e-8 for 0 <= t <= 10, where t = |x| / sqrt 2.
INLINE vf normal_cdf(vf x, vf *density) {
  vf a = magnitude(x);
  vf e = exp_vector(-0.5f * (x * x));
  vf u = 1.0f / (1.0f + a * 0.212132034f);
  vf p = (vf)-0.129546881f;
  p = p * u + 0.485689104f;
  p = p * u + -0.51256144f;
  p = p * u + 0.54807657f;
  p = p * u + -0.094924666f;
  p = p * u + 0.215057433f;
  p = p * u + 0.148300827f;
  p = p * u + 0.170721442f;
  p = p * u + 0.169187576f;
  vf tail = 0.5f * (e * (p * u));
  *density = e * 0.398942280f;
  return x < 0.0f ? tail : 1.0f - tail;
}

// A libm function in each lane, for functions that no inner loop of a model needs.
#define LANEWISE(name, function) \
  INLINE vf name(vf x) { \
    for (int k = 0; k < LANES; k++) x[k] = function(x[k]); \
    return x; \
  }
LANEWISE(log_vector, logf)
LANEWISE(log1p_vector, log1pf)
LANEWISE(sin_vector, sinf)
LANEWISE(cos_vector, cosf)
#undef LANEWISE
