// The one rounding to bf16 for everything in C: single numbers and vectors.
#ifndef IMAGO_IK_BF16_H
#define IMAGO_IK_BF16_H
#include <stdint.h>
#include <string.h>

// The bf16 nearest to a float32 by its bits, ties to even; a NaN stays one. `u`: uint32_t, or an ext_vector_type of them.
#define IK_BF16_OF_BITS(u) \
  (((u) & 0x7fffffffu) > 0x7f800000u ? ((u) >> 16 | 0x40u) : ((u) + 0x7fffu + ((u) >> 16 & 1u)) >> 16)

static inline float ik_float_of_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static inline uint32_t ik_bits_of_float(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

static inline float ik_float_of_bf16(uint16_t h) { return ik_float_of_bits((uint32_t)h << 16); }

static inline uint16_t ik_bf16_of_float(float f) {
  const uint32_t bits = ik_bits_of_float(f);
  return (uint16_t)IK_BF16_OF_BITS(bits);
}
#endif
