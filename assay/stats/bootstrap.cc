// A few replicates at a time stay in registers while a block of units, small enough for the first
// cache, passes by. A 64-bit hash holds the weights of four replicates as lanes of 16 bits, each
// compared with the seven thresholds of the Poisson distribution: no branch, no table.
#include "assay/stats/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::stats {
namespace {

constexpr std::size_t kBlock = 1024;
constexpr std::size_t kPerHash = 4;   // Weights in a 64-bit hash.
constexpr std::size_t kPadding = 32;  // Replicates come in multiples of the widest group.

// Registers of 16, 32 or 64 bytes. The replicate of a weight does not depend on the width.
struct Narrow {
  using Shorts = std::int16_t __attribute__((vector_size(16)));
  using Words = std::uint64_t __attribute__((vector_size(16)));
  using Doubles = double __attribute__((vector_size(16)));
  static constexpr std::size_t kWords = 2;
};
struct Wide {
  using Shorts = std::int16_t __attribute__((vector_size(32)));
  using Words = std::uint64_t __attribute__((vector_size(32)));
  using Doubles = double __attribute__((vector_size(32)));
  static constexpr std::size_t kWords = 4;
};
struct Widest {
  using Shorts = std::int16_t __attribute__((vector_size(64)));
  using Words = std::uint64_t __attribute__((vector_size(64)));
  using Doubles = double __attribute__((vector_size(64)));
  static constexpr std::size_t kWords = 8;
};

// How many of 65,536 hashes give a weight of 0, 1, … 7: Poisson(1), rounded so that the mean is 1.
constexpr std::array<int, 8> kShares = {24110, 24109, 12054, 4018, 1005, 201, 33, 6};

// A weight is the number of thresholds that a lane, read as a signed number, reaches.
constexpr std::array<std::int16_t, 7> thresholds() {
  std::array<std::int16_t, 7> bounds{};
  int sum = -32768;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    sum += kShares[i];
    bounds[i] = static_cast<std::int16_t>(sum);
  }
  return bounds;
}
constexpr std::array<std::int16_t, 7> kThresholds = thresholds();

constexpr bool weights_are_sound() {
  int units = 0;
  int mean = 0;
  for (std::size_t i = 0; i < kShares.size(); ++i) {
    units += kShares[i];
    mean += kShares[i] * static_cast<int>(i);
  }
  return units == 65536 && mean == 65536;
}
static_assert(weights_are_sound());

// One wide multiplication, folded: the mixing step of wyhash (Wang Yi).
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

struct Prepared {
  std::array<std::uint64_t, kBlock> keys;
  std::array<double, kBlock> numerators;
  std::array<double, kBlock> denominators;
  std::size_t size = 0;
};

// Small integers become doubles by filling the low bits of 2^52.
constexpr std::uint64_t kTwoTo52 = 0x4330000000000000ULL;

// Adds a block to the sums of the replicates whose hashes begin at `first_hash`.
template <typename R>
inline __attribute__((always_inline)) void add_group(const Prepared& block, std::size_t first_hash,
                                                     double* numerators, double* denominators) {
  std::array<std::uint64_t, R::kWords> salts{};
  for (std::size_t w = 0; w < R::kWords; ++w) salts[w] = fmix64(first_hash + w + 1);
  typename R::Doubles numerator[kPerHash] = {};
  typename R::Doubles denominator[kPerHash] = {};
  for (std::size_t i = 0; i < block.size; ++i) {
    typename R::Words hash{};
    for (std::size_t w = 0; w < R::kWords; ++w) {
      hash[w] = fold(block.keys[i] ^ salts[w], block.keys[i] ^ 0xe7037ed1a0b428dbULL);
    }
    const auto lanes = reinterpret_cast<typename R::Shorts>(hash);
    typename R::Shorts count{};
    for (const std::int16_t threshold : kThresholds) count -= lanes >= threshold;
    const auto packed = reinterpret_cast<typename R::Words>(count);
    for (std::size_t j = 0; j < kPerHash; ++j) {
      const auto bits = ((packed >> (16 * j)) & 0xffff) | kTwoTo52;
      const auto weight = reinterpret_cast<typename R::Doubles>(bits) - 0x1p52;
      numerator[j] += weight * block.numerators[i];
      denominator[j] += weight * block.denominators[i];
    }
  }
  for (std::size_t w = 0; w < R::kWords; ++w) {
    for (std::size_t j = 0; j < kPerHash; ++j) {
      numerators[w * kPerHash + j] += numerator[j][w];
      denominators[w * kPerHash + j] += denominator[j][w];
    }
  }
}

using AddBlock = void (*)(const Prepared&, std::vector<double>&, std::vector<double>&);

template <typename R>
inline __attribute__((always_inline)) void add_all_groups(const Prepared& block,
                                                          std::vector<double>& numerators,
                                                          std::vector<double>& denominators) {
  constexpr std::size_t kAtOnce = R::kWords * kPerHash;
  for (std::size_t at = 0; at < numerators.size(); at += kAtOnce) {
    add_group<R>(block, at / kPerHash, &numerators[at], &denominators[at]);
  }
}

void add_block(const Prepared& block, std::vector<double>& numerators,
               std::vector<double>& denominators) {
  add_all_groups<Narrow>(block, numerators, denominators);
}

#if defined(__x86_64__)
// The same operations in the same order, so the same bits on every machine. Fused multiply-add
// would break that, and is left out.
__attribute__((target("avx2"))) void add_block_avx2(const Prepared& block,
                                                    std::vector<double>& numerators,
                                                    std::vector<double>& denominators) {
  add_all_groups<Wide>(block, numerators, denominators);
}
__attribute__((target("avx512f,avx512bw,avx512dq"))) void add_block_avx512(
    const Prepared& block, std::vector<double>& numerators, std::vector<double>& denominators) {
  add_all_groups<Widest>(block, numerators, denominators);
}
AddBlock fastest() {
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return add_block_avx512;
  }
  return __builtin_cpu_supports("avx2") ? add_block_avx2 : add_block;
}
#else
AddBlock fastest() { return add_block; }
#endif

struct Replicates {
  std::vector<double> differences;
  std::vector<double> lifts;  // Empty if a replicate of the control is zero.
  std::int64_t lost = 0;      // Without a positive denominator.
};

Replicates collect(const BootstrapSums& control, const BootstrapSums& treatment) {
  Replicates out;
  bool liftable = true;
  for (int i = 0; i < control.replicates(); ++i) {
    const auto c = control.replicate(i);
    const auto t = treatment.replicate(i);
    if (!c || !t) {
      ++out.lost;
      continue;
    }
    out.differences.push_back(*t - *c);
    liftable = liftable && *c != 0;
    if (liftable) out.lifts.push_back((*t - *c) / std::abs(*c));
  }
  if (!liftable) out.lifts.clear();
  std::sort(out.differences.begin(), out.differences.end());
  std::sort(out.lifts.begin(), out.lifts.end());
  return out;
}

double spread(const std::vector<double>& values) {
  double mean = 0;
  double squares = 0;
  double n = 0;
  for (const double each : values) {
    const double delta = each - mean;
    mean += delta / ++n;
    squares += delta * (each - mean);
  }
  return std::sqrt(squares / (n - 1));
}

// The k-th smallest and largest, k = α/2 · (B + 1); the p-value inverts exactly this.
Estimate percentile(double value, const std::vector<double>& sorted, double alpha) {
  const std::size_t n = sorted.size();
  const double rank = alpha / 2 * static_cast<double>(n + 1);
  const auto k = std::max<std::size_t>(1, static_cast<std::size_t>(rank * (1 + 1e-12)));
  const auto below =
      static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), 0.0) - sorted.begin());
  const auto above =
      static_cast<double>(sorted.end() - std::lower_bound(sorted.begin(), sorted.end(), 0.0));
  Estimate out;
  out.method = "poisson_bootstrap";
  out.value = value;
  out.interval = {sorted[k - 1], sorted[n - k]};
  out.std_error = spread(sorted);
  out.p_value = std::min(1.0, 2 * (1 + std::min(below, above)) / static_cast<double>(n + 1));
  return out;
}

Stat<void> require_sums(const BootstrapSums& arm) {
  if (arm.n() == 0) return undefined(Undefined::kNoData, "a variant has no unit");
  if (arm.n() == 1) return undefined(Undefined::kTooFewUnits, "a variant has one unit");
  if (arm.denominator() > 0) return {};
  return undefined(Undefined::kZeroDenominator, "a variant's denominators do not sum above zero");
}

}  // namespace

BootstrapSums::BootstrapSums(const BootstrapOptions& options) : options_(options) {
  ASSAY_CHECK(options.replicates >= 40 && options.replicates <= 100'000);
  const auto replicates = static_cast<std::size_t>(options.replicates);
  numerators_.resize((replicates + kPadding - 1) / kPadding * kPadding);
  denominators_.resize(numerators_.size());
}

void BootstrapSums::add(std::span<const BootstrapUnit> units) {
  static const AddBlock add_fast = fastest();
  Prepared block;
  for (std::size_t begin = 0; begin < units.size(); begin += kBlock) {
    block.size = 0;
    for (const BootstrapUnit& unit : units.subspan(begin, std::min(kBlock, units.size() - begin))) {
      if (!std::isfinite(unit.numerator) || !std::isfinite(unit.denominator)) {
        ++rejected_;
        continue;
      }
      block.keys[block.size] = fmix64(unit.key ^ fmix64(options_.seed + 1));
      block.numerators[block.size] = unit.numerator;
      block.denominators[block.size] = unit.denominator;
      ++block.size;
      numerator_ += unit.numerator;
      denominator_ += unit.denominator;
    }
    n_ += static_cast<std::int64_t>(block.size);
    add_fast(block, numerators_, denominators_);
  }
}

void BootstrapSums::merge(const BootstrapSums& other) {
  ASSAY_CHECK(options_.replicates == other.options_.replicates &&
              options_.seed == other.options_.seed);
  n_ += other.n_;
  rejected_ += other.rejected_;
  numerator_ += other.numerator_;
  denominator_ += other.denominator_;
  for (std::size_t i = 0; i < numerators_.size(); ++i) {
    numerators_[i] += other.numerators_[i];
    denominators_[i] += other.denominators_[i];
  }
}

std::optional<double> BootstrapSums::replicate(int index) const {
  const auto at = static_cast<std::size_t>(index);
  if (!(denominators_.at(at) > 0)) return std::nullopt;
  return numerators_[at] / denominators_[at];
}

Stat<Bootstrap> bootstrap(const BootstrapSums& control, const BootstrapSums& treatment,
                          double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  ASSAY_CHECK(control.replicates() == treatment.replicates());
  ASSAY_TRY_VOID(require_sums(control));
  ASSAY_TRY_VOID(require_sums(treatment));
  for (const double each : {control.value(), treatment.value()}) {
    ASSAY_TRY_VOID(require_finite("a variant's value", each));
  }
  const Replicates replicates = collect(control, treatment);
  const auto kept = static_cast<double>(replicates.differences.size());
  if (alpha / 2 * (kept + 1) < 1 - 1e-9 || kept < 40) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("an interval at alpha {} needs more than the {} usable replicates",
                                 alpha, kept));
  }
  const double difference = treatment.value() - control.value();
  Bootstrap out{.difference = percentile(difference, replicates.differences, alpha)};
  if (!(*out.difference.std_error > 0)) {
    return undefined(Undefined::kNoVariance, "every unit has the same value, so nothing varies");
  }
  if (replicates.lifts.empty() || control.value() == 0) {
    out.relative = undefined(Undefined::kZeroControl, "the control is zero in some replicates");
  } else {
    out.relative = percentile(difference / std::abs(control.value()), replicates.lifts, alpha);
  }
  return out;
}

}  // namespace assay::stats
