// Bulk assignment beside its limits, in interleaved rounds: a column of 12-byte ids to 100 even
// experiments of two variants, ids hashed and answers stored, in ns of CPU for one unit and
// experiment. For each set of instructions:
//
//   store only   the answers' bytes written by memset: what no assignment can beat
//   plain loop   the formula alone (fmix64 folded, one threshold) as the compiler vectorizes it; no
//                layers, traffic, overrides, no variants beyond two
//   assay        assign_column
//
// Also a check: plain loop and assay give the same bytes. Argument: rounds (9).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "assay/assign/bulk.h"
#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace {

using namespace assay;
using namespace assay::assign;

constexpr std::size_t kIds = 1 << 18;
constexpr std::size_t kExperiments = 100;
constexpr std::size_t kTile = 4096;  // Units whose digests stay in the nearest cache.

[[gnu::always_inline]] inline void split(const std::uint64_t* digests, std::size_t count,
                                         std::uint64_t salt, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t x = (digests[i] ^ salt) * 0xff51afd7ed558ccdULL;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    out[i] = x >= 1ULL << 63 ? 1 : 0;
  }
}
void split_scalar(const std::uint64_t* d, std::size_t n, std::uint64_t s, std::uint8_t* out) {
  split(d, n, s, out);
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) void split_avx2(const std::uint64_t* d, std::size_t n,
                                                std::uint64_t s, std::uint8_t* out) {
  split(d, n, s, out);
}
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))) void
split_avx512(const std::uint64_t* d, std::size_t n, std::uint64_t s, std::uint8_t* out) {
  split(d, n, s, out);
}
#endif

using Split = void (*)(const std::uint64_t*, std::size_t, std::uint64_t, std::uint8_t*);
Split split_of(Simd simd) {
#if defined(__x86_64__)
  if (simd == Simd::kAvx512) return split_avx512;
  if (simd == Simd::kAvx2) return split_avx2;
#else
  static_cast<void>(simd);
#endif
  return split_scalar;
}

struct Work {
  std::string bytes;
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint64_t> salts;
  std::vector<Handle> handles;
  std::shared_ptr<const Snapshot> snapshot;

  IdColumn ids() const { return {bytes, offsets}; }
};

Work make_work() {
  Work work;
  for (std::size_t i = 0; i < kIds; ++i) {
    char id[16];
    std::snprintf(id, sizeof id, "user-%07zu", i);
    work.bytes += id;
    work.offsets.push_back(static_cast<std::uint32_t>(work.bytes.size()));
  }
  std::vector<define::Experiment> plans;
  for (std::uint32_t i = 0; i < kExperiments; ++i) {
    plans.push_back(plan_of("experiment_" + std::to_string(i)));
    work.salts.push_back(folded(salt_digest(plans.back().id)));
    work.handles.push_back({i});
  }
  work.snapshot = compile_plans(plans).value();
  return work;
}

void plain_loop(const Work& work, Split kernel, std::vector<std::uint8_t>& out) {
  std::vector<std::uint64_t> digests(kTile);
  for (std::size_t begin = 0; begin < kIds; begin += kTile) {
    for (std::size_t i = 0; i < kTile; ++i) {
      digests[i] = folded(unit_digest(work.ids().id(begin + i)));
    }
    for (std::size_t e = 0; e < kExperiments; ++e) {
      kernel(digests.data(), kTile, work.salts[e], out.data() + e * kIds + begin);
    }
  }
}

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

template <typename F>
double measure(F run) {
  const double before = cpu_nanoseconds();
  run();
  return (cpu_nanoseconds() - before) / static_cast<double>(kIds * kExperiments);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  const Work work = make_work();
  std::vector<std::uint8_t> out(kIds * kExperiments);
  std::vector<std::uint8_t> plain(out.size());
  const char* names[] = {"scalar", "AVX2", "AVX-512"};
  std::puts(
      "| instructions | store only | plain loop | assay | assay ÷ plain loop | assay ÷ store |");
  std::puts("| --- | ---: | ---: | ---: | ---: | ---: |");
  for (int level = 0; level <= static_cast<int>(best_simd()); ++level) {
    const auto simd = static_cast<Simd>(level);
    std::vector<double> stores, loops, ours;
    for (int round = 0; round <= rounds; ++round) {  // The first warms up.
      const double store = measure([&] {
        for (std::size_t at = 0; at < out.size(); at += kTile) {
          std::memset(out.data() + at, round, kTile);
        }
      });
      const double loop = measure([&] { plain_loop(work, split_of(simd), plain); });
      const double own =
          measure([&] { assign_column(*work.snapshot, work.handles, work.ids(), out, simd); });
      if (round == 0) continue;
      stores.push_back(store);
      loops.push_back(loop);
      ours.push_back(own);
    }
    if (out != plain) {
      std::fputs("assay and the plain loop disagree\n", stderr);
      return 1;
    }
    const double own = median(ours);
    std::printf("| %s | %.3f | %.3f | %.3f | %.2f× | %.1f× |\n", names[level], median(stores),
                median(loops), own, own / median(loops), own / median(stores));
  }
}
