// Parts of an experiment set against each other: strata, segments, cells, and what was there
// before.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/contingency.h"
#include "assay/stats/covariate_balance.h"
#include "assay/stats/heterogeneity.h"
#include "assay/stats/interaction.h"
#include "assay/stats/multiplicity.h"
#include "assay/stats/poststratification.h"
#include "assay/stats/stratified_tables.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

constexpr std::size_t kMostCovariates = 100;

std::vector<Stratum> read_strata(Request& request, std::string_view name) {
  std::vector<Stratum> strata;
  for (Request& each : request.objects(name, "control and treatment of each")) {
    const auto control = read_arm(each, "control");
    const auto treatment = read_arm(each, "treatment");
    each.finish();
    if (control && treatment) strata.push_back({*control, *treatment});
  }
  return strata;
}

Stat<json> post_stratification(Request& request) {
  const std::vector<Stratum> strata = read_strata(request, "strata");
  const InferenceFields fields = read_any(request);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Poststratified result, poststratified(strata));
  ASSAY_TRY(json out, answer(result.contrast, fields));
  out["merged_strata"] = json::array();
  for (const StratumMerge& each : result.merges) {
    out["merged_strata"].push_back({{"from", each.from}, {"into", each.into}});
  }
  return out;
}

Stat<json> segments(Request& request) {
  const std::vector<Stratum> strata = read_strata(request, "segments");
  if (!request.usable()) return nothing();
  std::vector<Contrast> contrasts;
  std::vector<std::int64_t> counts;
  for (const Stratum& each : strata) {
    ASSAY_TRY(const Contrast contrast, mean_contrast(each.control, each.treatment));
    contrasts.push_back(contrast);
    counts.push_back(each.control.n());
    counts.push_back(each.treatment.n());
  }
  ASSAY_TRY(const Heterogeneity test, heterogeneity(contrasts));
  ASSAY_TRY(const TableTest mix, chi_square_test(counts, 2));
  return json{{"method", "heterogeneity"},
              {"statistic", test.q},
              {"df", test.df},
              {"p_value", test.p_value},
              {"i_squared", test.i_squared},
              {"common_effect", test.common_effect},
              {"pooled_effect", test.rate_part + test.mix_part},
              {"rate_part", test.rate_part},
              {"mix_part", test.mix_part},
              {"reversed", test.reversed},
              {"composition_p_value", mix.p_value}};
}

Stat<json> mantel_haenszel(Request& request) {
  std::vector<StratumTable> strata;
  for (Request& each : request.objects("strata", "control and treatment of each")) {
    const Proportion control = read_proportion(each, "control");
    const Proportion treatment = read_proportion(each, "treatment");
    each.finish();
    strata.push_back({control, treatment});
  }
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const StratifiedTables test, cochran_mantel_haenszel(strata, alpha));
  json out = to_json(test.interval);
  out["method"] = "cochran_mantel_haenszel";
  out["estimate"] = test.odds_ratio;
  out["statistic"] = test.statistic;
  out["df"] = 1;
  out["p_value"] = test.p_value;
  out["breslow_day"] = {{"statistic", test.breslow_day},
                        {"df", test.breslow_day_df},
                        {"p_value", test.breslow_day_p}};
  return out;
}

// Adjusted p-values of a scan over pairs go beside the plain ones.
void add_adjusted(json& pairs, const std::vector<std::optional<double>>& p_values) {
  const auto adjusted = adjust(p_values, Correction::kBenjaminiHochberg);
  for (std::size_t i = 0; i < adjusted.size(); ++i) pairs[i]["p_adjusted"] = *adjusted[i];
}

Stat<json> interactions(Request& request) {
  std::vector<Cells2x2<Summary>> cells;
  for (Request& pair : request.objects("pairs", "the four cells of each pair of experiments")) {
    const auto neither = read_arm(pair, "neither");
    const auto first = read_arm(pair, "first");
    const auto second = read_arm(pair, "second");
    const auto both = read_arm(pair, "both");
    pair.finish();
    if (neither && first && second && both) cells.push_back({*neither, *first, *second, *both});
  }
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  if (cells.empty()) return undefined(Undefined::kNoData, "no pair of experiments");
  json out = {{"method", "interaction"}, {"pairs", json::array()}};
  std::vector<std::optional<double>> p_values;
  for (const auto& each : cells) {
    ASSAY_TRY(const Interaction test, interaction(each, alpha));
    p_values.push_back(test.difference.p_value);
    out["pairs"].push_back(to_json(test.difference));
    out["pairs"].back()["independence_p_value"] = test.independence_p;
  }
  add_adjusted(out["pairs"], p_values);
  return out;
}

Stat<json> logit_interactions(Request& request) {
  std::vector<Cells2x2<Proportion>> cells;
  for (Request& pair : request.objects("pairs", "the four cells of each pair of experiments")) {
    const Proportion neither = read_proportion(pair, "neither");
    const Proportion first = read_proportion(pair, "first");
    const Proportion second = read_proportion(pair, "second");
    const Proportion both = read_proportion(pair, "both");
    pair.finish();
    cells.push_back({neither, first, second, both});
  }
  if (!request.usable()) return nothing();
  if (cells.empty()) return undefined(Undefined::kNoData, "no pair of experiments");
  json out = {{"method", "logit_interaction"}, {"pairs", json::array()}};
  std::vector<std::optional<double>> p_values;
  for (const auto& each : cells) {
    ASSAY_TRY(const LogitInteraction test, logit_interaction(each));
    p_values.push_back(test.p_value);
    out["pairs"].push_back({{"statistic", test.statistic}, {"df", 1}, {"p_value", test.p_value}});
  }
  add_adjusted(out["pairs"], p_values);
  return out;
}

// A summary whose outcome is not used: covariates only.
std::optional<Summary> read_covariates(Request& request, std::string_view name) {
  Request arm = request.object(name, "moments of the covariates; divisor n - 1");
  const auto n = arm.count("n", {.about = "units"});
  const auto means = arm.numbers("means", "one per covariate");
  const auto covariance = arm.numbers("covariance", "between covariates, row by row");
  arm.finish();
  const std::size_t count = means.size();
  if (request.usable() && (count == 0 || count > kMostCovariates)) {
    arm.wrong("means", "must be 1 to 100 covariates");
  }
  if (request.usable() && covariance.size() != count * count) {
    arm.wrong("covariance", "must be a square matrix, one row per covariate");
  }
  for (std::size_t i = 0; request.usable() && i < count * count; ++i) {
    const std::size_t row = i / count;
    const std::size_t column = i % count;
    const double other = covariance[column * count + row];
    const double most = std::sqrt(std::abs(covariance[row * count + row])) *
                        std::sqrt(std::abs(covariance[column * count + column]));
    if (std::abs(covariance[i] - other) > 1e-9 * most) {
      arm.wrong("covariance",
                fmt::format("is not symmetric at row {}, column {}", row + 1, column + 1));
    } else if (std::abs(covariance[i]) > most * (1 + 1e-9)) {
      arm.wrong("covariance", fmt::format("row {}, column {} is larger than the variances allow",
                                          row + 1, column + 1));
    }
  }
  if (!request.usable()) return std::nullopt;
  std::vector<double> all_means(1, 0.0);
  all_means.insert(all_means.end(), means.begin(), means.end());
  std::vector<double> comoments(1, 0.0);  // The lower triangle, the unused outcome first.
  const double scale = n > 1 ? static_cast<double>(n - 1) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    comoments.push_back(0);
    for (std::size_t j = 0; j <= i; ++j) comoments.push_back(covariance[i * count + j] * scale);
  }
  const auto summary =
      Summary::of_moments({.covariates = static_cast<int>(count)}, n, all_means, comoments);
  if (summary) return *summary;
  arm.wrong("covariance", summary.error().text);
  return std::nullopt;
}

Stat<json> balance(Request& request) {
  const auto control = read_covariates(request, "control");
  const auto treatment = read_covariates(request, "treatment");
  if (control && treatment && !(control->columns() == treatment->columns())) {
    request.wrong("treatment", "must have as many covariates as control");
  }
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const CovariateBalance test, covariate_balance(*control, *treatment));
  return json{{"method", "covariate_balance"},
              {"statistic", test.f},
              {"t_squared", test.t_squared},
              {"df1", test.df1},
              {"df2", test.df2},
              {"p_value", test.p_value},
              {"standardized_differences", test.standardized}};
}

constexpr std::array kCalculators = {
    Calculator{"poststratified", "Do two means differ, compared within strata?",
               post_stratification},
    Calculator{"heterogeneity", "Is the effect the same in every segment? (Q, I², Simpson)",
               segments},
    Calculator{"cochran_mantel_haenszel", "Do two shares differ, compared within strata?",
               mantel_haenszel},
    Calculator{"interaction", "Do two experiments on the same units get in each other's way?",
               interactions},
    Calculator{"logit_interaction", "The same for shares, on the scale of odds",
               logit_interactions},
    Calculator{"covariate_balance", "Were the variants alike before the experiment began?",
               balance},
};

}  // namespace

std::span<const Calculator> strata_calculators() { return kCalculators; }

}  // namespace assay::stats
