#include "assay/assign/steps.h"

#include "assay/base/hash.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace assay::assign {
namespace {

constexpr std::uint64_t kFirst = 0xff51afd7ed558ccdULL;  // fmix64's factors.
constexpr std::uint64_t kSecond = 0xc4ceb9fe1a85ec53ULL;

using Digests = std::span<const std::uint64_t>;
using Thresholds = std::span<const std::uint64_t>;

void count_scalar(Digests digests, std::uint64_t salt, Thresholds thresholds, std::uint8_t* out) {
  for (const std::uint64_t digest : digests) {
    std::uint64_t x = (digest ^ salt) * kFirst;
    x = (x ^ (x >> 33)) * kSecond;
    const std::uint64_t bits = x >> 32;
    unsigned steps = 0;
    for (const std::uint64_t threshold : thresholds) steps += bits >= threshold ? 1U : 0U;
    *out++ = static_cast<std::uint8_t>(steps);
  }
}

#if defined(__x86_64__)
#define ASSAY_AVX2 __attribute__((target("avx2")))
#define ASSAY_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

// There is no 64-bit multiplication: low × low, and the crossed halves into the upper one.
ASSAY_AVX2 inline __m256i multiply(__m256i a, std::uint64_t factor) {
  const __m256i b = _mm256_set1_epi64x(static_cast<long long>(factor));
  const __m256i b_high = _mm256_set1_epi64x(static_cast<long long>(factor >> 32));
  const __m256i crossed =
      _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), b), _mm256_mul_epu32(a, b_high));
  return _mm256_add_epi64(_mm256_mul_epu32(a, b), _mm256_slli_epi64(crossed, 32));
}

ASSAY_AVX2 inline __m256i mixed(const std::uint64_t* digests, __m256i salt) {
  __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(digests));
  x = multiply(_mm256_xor_si256(x, salt), kFirst);
  return multiply(_mm256_xor_si256(x, _mm256_srli_epi64(x, 33)), kSecond);
}

// The draws of eight units, in the order 0 1 4 5 | 2 3 6 7.
ASSAY_AVX2 inline __m256i draws(const std::uint64_t* digests, __m256i salt) {
  const __m256i low = mixed(digests, salt);
  const __m256i high = mixed(digests + 4, salt);
  return _mm256_castps_si256(
      _mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), 0xdd));
}

// 32 units at a time. A threshold of 2^32 is never passed, and does not fit into 32 bits.
ASSAY_AVX2 std::size_t count_avx2(Digests digests, std::uint64_t folded_salt, Thresholds thresholds,
                                  std::uint8_t* out) {
  const __m256i salt = _mm256_set1_epi64x(static_cast<long long>(folded_salt));
  std::size_t i = 0;
  for (; i + 32 <= digests.size(); i += 32) {
    __m256i bits[4];
    __m256i steps[4];
    for (int k = 0; k < 4; ++k) {
      bits[k] = draws(digests.data() + i + static_cast<std::size_t>(8 * k), salt);
      steps[k] = _mm256_setzero_si256();
    }
    for (const std::uint64_t threshold : thresholds) {
      if (threshold >> 32 != 0) break;
      const __m256i bound = _mm256_set1_epi32(static_cast<int>(threshold));
      for (int k = 0; k < 4; ++k) {
        const __m256i passed = _mm256_cmpeq_epi32(_mm256_max_epu32(bits[k], bound), bits[k]);
        steps[k] = _mm256_sub_epi32(steps[k], passed);
      }
    }
    const __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(steps[0], steps[1]),
                                              _mm256_packus_epi32(steps[2], steps[3]));
    const __m128i low = _mm256_castsi256_si128(bytes);  // Pairs 0 2 4 …; the other half 1 3 5 …
    const __m128i high = _mm256_extracti128_si256(bytes, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_unpacklo_epi16(low, high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i + 16), _mm_unpackhi_epi16(low, high));
  }
  return i;
}

// The masked shift with a full mask: g++ 12 warns of the plain one's undefined operand.
ASSAY_AVX512 inline __m512i shifted(__m512i x) { return _mm512_maskz_srli_epi64(0xff, x, 33); }

// 64 units at a time. The draw is compared where it is, in the upper half of the mixed 64 bits.
ASSAY_AVX512 std::size_t count_avx512(Digests digests, std::uint64_t folded_salt,
                                      Thresholds thresholds, std::uint8_t* out) {
  const __m512i salt = _mm512_set1_epi64(static_cast<long long>(folded_salt));
  const __m512i first = _mm512_set1_epi64(static_cast<long long>(kFirst));
  const __m512i second = _mm512_set1_epi64(static_cast<long long>(kSecond));
  const __m512i one = _mm512_set1_epi8(1);
  std::size_t i = 0;
  for (; i + 64 <= digests.size(); i += 64) {
    __m512i x[8];
    for (int k = 0; k < 8; ++k) {
      x[k] = _mm512_loadu_si512(digests.data() + i + static_cast<std::size_t>(8 * k));
      x[k] = _mm512_mullo_epi64(_mm512_xor_si512(x[k], salt), first);
      x[k] = _mm512_mullo_epi64(_mm512_xor_si512(x[k], shifted(x[k])), second);
    }
    __m512i steps = _mm512_setzero_si512();
    for (const std::uint64_t threshold : thresholds) {
      if (threshold >> 32 != 0) break;
      const __m512i bound = _mm512_set1_epi64(static_cast<long long>(threshold << 32));
      std::uint64_t passed = 0;
      for (int k = 0; k < 8; ++k) {
        passed |= static_cast<std::uint64_t>(_mm512_cmpge_epu64_mask(x[k], bound)) << (8 * k);
      }
      steps = _mm512_mask_add_epi8(steps, passed, steps, one);
    }
    _mm512_storeu_si512(out + i, steps);
  }
  return i;
}
#endif

}  // namespace

Simd best_simd() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return Simd::kAvx512;
  }
  if (__builtin_cpu_supports("avx2")) return Simd::kAvx2;
#endif
  return Simd::kScalar;
}

void count_steps(Digests digests, std::uint64_t salt, Thresholds thresholds, std::uint8_t* out,
                 Simd simd) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (simd == Simd::kAvx512) done = count_avx512(digests, salt, thresholds, out);
  if (simd == Simd::kAvx2) done = count_avx2(digests, salt, thresholds, out);
#else
  static_cast<void>(simd);
#endif
  count_scalar(digests.subspan(done), salt, thresholds, out + done);
}

}  // namespace assay::assign
