#include "assay/sim/study.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "assay/base/hash.h"
#include "assay/stats/distributions.h"
#include "assay/stats/summary.h"

namespace assay::sim {
namespace {

constexpr double kBand = 0.999;
constexpr double kOutside = 1 - kBand;
constexpr std::size_t kCells = 20;  // Of the histogram of p-values.

using stats::Summary;

void add(Summary& summary, double x) { summary.add(std::array{x}); }

double sd(const Summary& summary) { return std::sqrt(summary.variance().value_or(0)); }

// What one method claimed in all runs.
struct Tally {
  explicit Tally(int looks) : first_rejections(static_cast<std::size_t>(looks)) {}

  void begin() { first = -1, missed = spoke = tests = covers = false; }
  void see(int look, const Claim& claim) {
    spoke |= !claim.silent();
    tests |= claim.rejects.has_value();
    covers |= claim.misses.has_value();
    if (claim.rejects.value_or(false) && first < 0) first = look;
    missed |= claim.misses.value_or(false);
    if (claim.p_value) p_values.push_back(*claim.p_value);
    if (claim.error) add(errors, *claim.error);
    if (claim.std_error) add(squared_std_errors, *claim.std_error * *claim.std_error);
    if (claim.false_share) add(false_shares, *claim.false_share);
  }
  void end() {
    if (first >= 0) ++first_rejections[static_cast<std::size_t>(first)];
    rejected += first >= 0, misses += missed, silent += !spoke;
    ever_tests |= tests, ever_covers |= covers;
  }

  int first = -1;
  bool missed = false, spoke = false, tests = false, covers = false;
  bool ever_tests = false, ever_covers = false;
  std::int64_t rejected = 0, misses = 0, silent = 0;
  std::vector<std::int64_t> first_rejections;  // By look.
  std::vector<double> p_values;
  Summary errors, squared_std_errors, false_shares;
};

// P(the largest distance of n uniform values from their law exceeds the one seen), Kolmogorov's
// limit with Stephens's correction for small n (JRSS B 1970).
double kolmogorov_smirnov_p(std::vector<double> values) {
  std::ranges::sort(values);
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rank = static_cast<double>(i);
    distance = std::max({distance, (rank + 1) / n - values[i], values[i] - rank / n});
  }
  const double root = std::sqrt(n);
  const double x = distance * (root + 0.12 + 0.11 / root);
  double p = 0;
  for (int k = 1; k <= 100; ++k) p += (k % 2 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return x < 0.2 ? 1 : std::clamp(p, 0.0, 1.0);
}

void judge(Row& row, double low, double high) {
  row.low = row.promise == Promise::kAtMost ? 0 : low;
  row.high = row.promise == Promise::kAtLeast ? 1 : high;
  row.verdict = row.mean >= row.low && row.mean <= row.high ? Verdict::kKept : Verdict::kBroken;
}

// A share of runs, held against the binomial distribution of the promised one.
Row share_row(std::string_view measure, std::int64_t count, std::int64_t runs, Promise promise,
              double promised) {
  const double n = static_cast<double>(runs);
  Row row{.measure = std::string(measure), .runs = runs, .promise = promise};
  row.mean = static_cast<double>(count) / n;
  row.std_error = std::sqrt(row.mean * (1 - row.mean) / n);
  row.promised = promised;
  if (promise == Promise::kNone) return row;
  const double outside = promise == Promise::kExactly ? kOutside / 2 : kOutside;
  judge(row, static_cast<double>(stats::binomial_quantile(outside, runs, promised)) / n,
        static_cast<double>(stats::binomial_quantile(1 - outside, runs, promised)) / n);
  return row;
}

// A mean of numbers, held against the normal distribution.
Row mean_row(std::string_view measure, const Summary& values, Promise promise, double promised) {
  Row row{.measure = std::string(measure), .promise = promise};
  row.runs = values.n();
  row.mean = values.mean(0);
  row.std_error = sd(values) / std::sqrt(static_cast<double>(values.n()));
  row.promised = promised;
  if (promise == Promise::kNone) return row;
  const double above = promise == Promise::kExactly ? kOutside / 2 : kOutside;
  const double reach = stats::normal_isf(above) * row.std_error;
  judge(row, promised - reach, promised + reach);
  return row;
}

// The Monte-Carlo error of a standard deviation, relative to it: from the kurtosis.
double relative_error_of_sd(const Summary& values) {
  const double n = static_cast<double>(values.n());
  const double m2 = values.comoment(0, 0);
  const double kurtosis = n * values.m4() / (m2 * m2);
  return std::sqrt(std::max(0.0, kurtosis - 1) / (4 * n));
}

// Stated standard errors (their root mean square) over the standard deviation of the estimates.
Row std_error_row(const Tally& tally, Promise promise) {
  Row row{
      .measure = "std_error",
      .promise = promise == Promise::kExactly ? promise : Promise::kNone,  // Bounds may be wide.
      .promised = 1};
  row.runs = tally.errors.n();
  row.mean = std::sqrt(tally.squared_std_errors.mean(0)) / sd(tally.errors);
  row.std_error = row.mean * relative_error_of_sd(tally.errors);
  const double reach = stats::normal_isf(kOutside / 2) * row.std_error;
  if (row.promise == Promise::kExactly) judge(row, 1 - reach, 1 + reach);
  return row;
}

void add_p_values(Row& row, const Tally& tally, Promise promise) {
  row.p_histogram.assign(kCells, 0);
  for (const double p : tally.p_values) {
    const auto cell = static_cast<std::size_t>(p * static_cast<double>(kCells));
    ++row.p_histogram[std::min(cell, kCells - 1)];
  }
  row.uniformity_p = kolmogorov_smirnov_p(tally.p_values);
  if (promise == Promise::kExactly && *row.uniformity_p < kOutside) row.verdict = Verdict::kBroken;
}

Row rejection_row(const StudyHead& head, const MethodHead& method, const Tally& tally,
                  std::int64_t runs) {
  const double rate = method.rate.value_or(head.alpha);
  const bool planned = method.power && method.promise != Promise::kNone;
  Row row = head.effect
                ? share_row("power", tally.rejected, runs,
                            planned ? method.promise : Promise::kNone, method.power.value_or(0))
                : share_row("false_positives", tally.rejected, runs, method.promise, rate);
  if (!head.effect && head.looks == 1 && !tally.p_values.empty()) {
    add_p_values(row, tally, method.promise);
  }
  if (head.looks > 1) {
    std::int64_t sum = 0;
    for (const std::int64_t count : tally.first_rejections) {
      row.by_look.push_back(static_cast<double>(sum += count) / static_cast<double>(runs));
    }
  }
  return row;
}

void add_rows(const StudyHead& head, const MethodHead& method, const Tally& tally,
              std::int64_t runs, std::vector<Row>& rows) {
  const std::size_t before = rows.size();
  const double rate = method.rate.value_or(head.alpha);
  if (tally.ever_tests) rows.push_back(rejection_row(head, method, tally, runs));
  if (tally.ever_covers) {
    rows.push_back(share_row("misses", tally.misses, runs, method.promise, rate));
  }
  if (tally.false_shares.n() > 0) {
    rows.push_back(mean_row("false_share", tally.false_shares, method.promise, rate));
  }
  if (head.looks == 1 && sd(tally.errors) > 0) {
    const bool promised = method.promise != Promise::kNone;
    Row row = mean_row("error", tally.errors, promised ? Promise::kExactly : Promise::kNone, 0);
    const bool in_std_errors = tally.squared_std_errors.n() > 1;
    const double scale = in_std_errors ? sd(tally.errors) : 1;
    for (double* each : {&row.mean, &row.std_error, &row.low, &row.high}) *each /= scale;
    if (in_std_errors) {
      row.std_error = std::hypot(row.std_error, row.mean * relative_error_of_sd(tally.errors));
    }
    rows.push_back(std::move(row));
    if (in_std_errors) rows.push_back(std_error_row(tally, method.promise));
  }
  for (std::size_t i = before; i < rows.size(); ++i) {
    rows[i].method = method.name;
    rows[i].silent = tally.silent;
  }
}

}  // namespace

StudyResult run_study(const Study& study, const RunOptions& options) {
  const int runs = options.runs.value_or(study.head.runs);
  const Random base = Random(options.seed).split(xxh3_64(study.head.id));
  std::vector<Tally> tallies(study.methods.size(), Tally(study.head.looks));
  const Study::Claims claims = [&](std::size_t method, int look, const Claim& claim) {
    tallies[method].see(look, claim);
  };
  for (int run = 0; run < runs; ++run) {
    for (Tally& tally : tallies) tally.begin();
    study.run(base.split(static_cast<std::uint64_t>(run)), claims);
    for (Tally& tally : tallies) tally.end();
  }
  StudyResult result{.head = study.head, .seed = options.seed};
  result.head.runs = runs;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    add_rows(study.head, study.methods[i], tallies[i], runs, result.rows);
  }
  return result;
}

bool StudyResult::passed() const {
  return std::ranges::none_of(rows, [](const Row& row) { return row.verdict == Verdict::kBroken; });
}

std::string_view promise_name(Promise promise) {
  static constexpr std::array<std::string_view, 4> kNames{"exactly", "at_most", "at_least", "none"};
  return kNames[static_cast<std::size_t>(promise)];
}

std::string_view verdict_name(Verdict verdict) {
  static constexpr std::array<std::string_view, 3> kNames{"kept", "broken", "not_judged"};
  return kNames[static_cast<std::size_t>(verdict)];
}

namespace {

nlohmann::ordered_json json_of(const Row& row) {
  nlohmann::ordered_json json{{"method", row.method},
                              {"measure", row.measure},
                              {"runs", row.runs},
                              {"silent", row.silent},
                              {"mean", row.mean},
                              {"std_error", row.std_error},
                              {"promise", promise_name(row.promise)},
                              {"promised", row.promised}};
  if (row.promise != Promise::kNone) json["band"] = {row.low, row.high};
  json["verdict"] = verdict_name(row.verdict);
  if (row.uniformity_p) json["uniformity_p"] = *row.uniformity_p;
  if (!row.p_histogram.empty()) json["p_histogram"] = row.p_histogram;
  if (!row.by_look.empty()) json["by_look"] = row.by_look;
  return json;
}

}  // namespace

std::string to_json(const std::vector<StudyResult>& results) {
  nlohmann::ordered_json json{{"version", 1}, {"studies", nlohmann::ordered_json::array()}};
  for (const StudyResult& result : results) {
    nlohmann::ordered_json study{
        {"study", result.head.id},    {"world", result.head.world}, {"effect", result.head.effect},
        {"runs", result.head.runs},   {"units", result.head.units}, {"looks", result.head.looks},
        {"alpha", result.head.alpha}, {"seed", result.seed},        {"passed", result.passed()}};
    study["rows"] = nlohmann::ordered_json::array();
    for (const Row& row : result.rows) study["rows"].push_back(json_of(row));
    json["studies"].push_back(std::move(study));
  }
  return json.dump();
}

}  // namespace assay::sim
