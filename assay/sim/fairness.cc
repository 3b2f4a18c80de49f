#include "assay/sim/fairness.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/assign/assign.h"
#include "assay/base/check.h"
#include "assay/base/hash.h"
#include "assay/base/random.h"
#include "assay/sim/bit_columns.h"
#include "assay/stats/distributions.h"

namespace assay::sim {
namespace {

constexpr double kFalseAlarm = 1e-4;  // Of one check, if assignment is fair.
constexpr std::uint32_t kBuckets = 1000;
constexpr double kLowShare = 0.05;
constexpr int kMaxTriples = 20'000;
constexpr std::string_view kKinds[] = {"sequential", "decimal", "uuid", "email"};

std::string id_of(std::string_view kind, int i, Random& random) {
  if (kind == "sequential") return fmt::format("user-{:07}", i + 1);
  if (kind == "decimal") return std::to_string(i + 1);
  if (kind == "email") {
    constexpr std::string_view kWords[] = {"blue", "river", "maple", "north", "cloud", "amber"};
    return fmt::format("{}.{}{}@example.com", kWords[i % 6], kWords[i / 6 % 6], i);
  }
  const std::uint64_t high = random.next();
  const std::uint64_t low = random.next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xfff, 0x8000 | (low >> 48 & 0x3fff), low & 0xffffffffffff);
}

struct Ids {
  std::string bytes;
  std::vector<std::uint32_t> offsets{0};

  Ids(std::string_view kind, const FairnessOptions& options) {
    Random random(options.seed);
    for (int i = 0; i < options.units; ++i) {
      bytes += id_of(kind, i, random);
      offsets.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
  }
};

std::string salt_of(const FairnessOptions& options, int i) {
  return fmt::format("experiment_{}_{}", options.seed, i);
}

// For each salt an even split, and one whose first variant has the lowest 5 %.
std::shared_ptr<const assign::Snapshot> experiments(const FairnessOptions& options) {
  std::vector<assign::Running> running;
  for (const bool is_low : {false, true}) {
    for (int i = 0; i < options.salts; ++i) {
      define::Experiment plan;
      plan.id = fmt::format("{}_{}", is_low ? "low" : "half", i);
      plan.assignment.salt = salt_of(options, i);
      plan.variants.resize(2);
      plan.variants[0] = {.key = "a", .weight = 1, .payload_json = {}, .endpoint = {}};
      plan.variants[1] = {
          .key = "b", .weight = is_low ? 19U : 1U, .payload_json = {}, .endpoint = {}};
      plan.control = "a";
      running.push_back({.plan = std::move(plan)});
    }
  }
  const auto compiled = assign::compile(running);
  ASSAY_CHECK(compiled.has_value());
  return *compiled;
}

struct Groups {
  BitColumns halves, lows;
};

Groups assign_all(const assign::Snapshot& snapshot, const Ids& ids,
                  const FairnessOptions& options) {
  constexpr std::size_t kAtOnce = 8192;
  const auto salts = static_cast<std::size_t>(options.salts);
  const auto units = static_cast<std::size_t>(options.units);
  Groups groups{.halves = {salts, units}, .lows = {salts, units}};
  std::vector<assign::Handle> handles;
  for (std::uint32_t i = 0; i < snapshot.size(); ++i) handles.push_back({i});
  std::vector<std::uint8_t> out;
  for (std::size_t begin = 0; begin < units; begin += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, units - begin);
    const assign::IdColumn column{ids.bytes, std::span(ids.offsets).subspan(begin, count + 1)};
    out.resize(handles.size() * count);
    assign_column(snapshot, handles, column, out);
    for (std::size_t e = 0; e < handles.size(); ++e) {
      BitColumns& columns = e < salts ? groups.halves : groups.lows;
      for (std::size_t i = 0; i < count; ++i) {
        if (out[e * count + i] == 0) columns.set(e % salts, begin + i);
      }
    }
  }
  return groups;
}

// The z as unlikely as the χ² of a histogram over equal buckets, too uneven or too even.
double z_of_histogram(const std::vector<std::int64_t>& counts, double units) {
  const double expected = units / kBuckets;
  double chi2 = 0;
  for (const std::int64_t count : counts) {
    const double difference = static_cast<double>(count) - expected;
    chi2 += difference * difference / expected;
  }
  const double tail =
      std::min(stats::chi2_cdf(chi2, kBuckets - 1), stats::chi2_sf(chi2, kBuckets - 1));
  return -stats::normal_quantile(std::clamp(tail, 1e-300, 0.5));
}

Worst worst_histogram(const Ids& ids, const FairnessOptions& options) {
  const assign::IdColumn column{ids.bytes, ids.offsets};
  std::vector<std::uint64_t> digests;
  for (std::size_t i = 0; i < column.size(); ++i) digests.push_back(unit_digest(column.id(i)));
  Worst worst;
  for (int i = 0; i < options.salts; ++i) {
    const std::uint64_t salt = salt_digest(salt_of(options, i));
    std::vector<std::int64_t> counts(kBuckets);
    for (const std::uint64_t digest : digests) ++counts[scale(draw(digest, salt), kBuckets)];
    worst.see(z_of_histogram(counts, options.units));
  }
  return worst;
}

FairnessCheck judged(std::string_view ids, std::string check, const Worst& worst) {
  const double tail = kFalseAlarm / 2 / static_cast<double>(std::max<std::int64_t>(worst.tests, 1));
  return {.ids = std::string(ids),
          .check = std::move(check),
          .tests = worst.tests,
          .worst_z = worst.z,
          .limit_z = -stats::normal_quantile(tail)};
}

}  // namespace

bool Fairness::passed() const {
  return std::ranges::all_of(checks, [](const FairnessCheck& check) { return check.passed(); });
}

Result<Fairness> check_fairness(const FairnessOptions& options) {
  // Below, normal approximations of the tails are poor; above, ids outgrow 32-bit offsets.
  if (options.units < 10'000 || options.units > 50'000'000) {
    return fail(Code::kInvalid, "units must be between 10,000 and 50,000,000");
  }
  if (options.salts < 3 || options.salts > 1000) {
    return fail(Code::kInvalid, "salts must be between 3 and 1000");
  }
  const auto snapshot = experiments(options);
  const int triples = std::min(kMaxTriples, options.salts * options.salts / 2);
  Fairness report{.options = options, .checks = {}};
  for (const std::string_view kind : kKinds) {
    const Ids ids(kind, options);
    const auto add = [&](std::string check, const Worst& worst) {
      report.checks.push_back(judged(kind, std::move(check), worst));
    };
    add("buckets", worst_histogram(ids, options));
    const Groups groups = assign_all(*snapshot, ids, options);
    add("shares", worst_share(groups.halves, 0.5));
    add("pairs", worst_pair(groups.halves, 0.5));
    add("pairs_5_percent", worst_pair(groups.lows, kLowShare));
    add("carry_over", worst_carry_over(groups.lows, groups.halves));
    add("triples", worst_triple(groups.halves, triples, options.seed));
  }
  return report;
}

std::string to_json(const Fairness& fairness) {
  nlohmann::ordered_json json{
      {"units", fairness.options.units}, {"salts", fairness.options.salts},
      {"seed", fairness.options.seed},   {"false_alarm_per_check", kFalseAlarm},
      {"passed", fairness.passed()},     {"checks", nlohmann::ordered_json::array()}};
  for (const FairnessCheck& check : fairness.checks) {
    json["checks"].push_back({{"ids", check.ids},
                              {"check", check.check},
                              {"tests", check.tests},
                              {"worst_z", check.worst_z},
                              {"limit_z", check.limit_z},
                              {"passed", check.passed()}});
  }
  return json.dump();
}

}  // namespace assay::sim
