/* Rows that compute with floating point and vectors. All results are exact or rounded alike everywhere. */
/* The intrinsics, without the allocation that would want a libc. */
#define _MM_MALLOC_H_INCLUDED
#include <emmintrin.h>
#include "runtime.h"

/* The x87, in double precision of its own width. */
uint64_t x87(uint64_t units) {
  long double a = 1.5L, b = 0.25L, sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    a = a * 1.000001L + b;
    b = b - a / 1048576.0L;
    sum += a * b;
    if (a > 1000.0L) a -= 999.0L;
  }
  union { double value; uint64_t bits; } out = {(double)sum};
  return out.bits;
}

enum { ELEMENTS = 1024 };

/* A unit: a thousand products, sums and some quotients of doubles. */
uint64_t sse2d(uint64_t units) {
  double *x = pages(ELEMENTS * 8), *y = pages(ELEMENTS * 8);
  for (int n = 0; n < ELEMENTS; n++) x[n] = 1.0 + n / 7.0, y[n] = 2.0 - n / 1111.0;
  double sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    __m128d total = _mm_setzero_pd(), scale = _mm_set1_pd(1.0 + 1e-9 * (double)(uint32_t)(n & 1023));
    for (int at = 0; at < ELEMENTS; at += 2) {
      __m128d a = _mm_loadu_pd(x + at), b = _mm_loadu_pd(y + at);
      total = _mm_add_pd(total, _mm_mul_pd(_mm_mul_pd(a, b), scale));
    }
    double both[2];
    _mm_storeu_pd(both, total);
    sum += both[0] / (both[1] + 1.5);
  }
  union { double value; uint64_t bits; } out = {sum};
  return out.bits;
}

/* A unit: 16 KB of integers. */
uint64_t sse2i(uint64_t units) {
  enum { VECTORS = 1024 };
  __m128i *data = pages(VECTORS * 16);
  for (int n = 0; n < VECTORS * 4; n++) ((uint32_t *)data)[n] = (uint32_t)n * 2654435761u;
  __m128i sum = _mm_setzero_si128(), mask = _mm_set1_epi32(0x00ff00ff);
  for (uint64_t n = 0; n < units; n++)
    for (int at = 0; at < VECTORS; at++) {
      __m128i v = _mm_load_si128(data + at);
      __m128i m = _mm_madd_epi16(v, _mm_and_si128(sum, mask));
      sum = _mm_add_epi32(_mm_shuffle_epi32(sum, 0x39), _mm_xor_si128(m, v));
      sum = _mm_sub_epi32(sum, _mm_cmpgt_epi32(sum, v));
    }
  uint32_t out[4];
  _mm_storeu_si128((__m128i *)out, sum);
  return out[0] ^ out[1] ^ out[2] ^ out[3];
}
