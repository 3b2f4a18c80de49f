// Tables of counts, and families of tests.
#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/contingency.h"
#include "assay/stats/contrast.h"
#include "assay/stats/mann_whitney.h"
#include "assay/stats/multiplicity.h"
#include "assay/stats/noninferiority.h"
#include "assay/stats/shrinkage.h"
#include "assay/stats/srm.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

json table_json(const char* method, const TableTest& test) {
  return {{"method", method},
          {"statistic", test.statistic},
          {"df", test.df},
          {"p_value", test.p_value},
          {"least_expected", test.least_expected}};
}

Stat<json> chi_square(Request& request) {
  static constexpr std::array<std::string_view, 2> kCorrections = {"none", "yates"};
  const auto counts = request.counts("counts", "row by row");
  const auto columns = request.count("columns", {.fallback = 2, .at_least = 2, .at_most = 1000});
  const auto yates =
      request.choice("correction", kCorrections, "none") == "yates" ? Yates::kYes : Yates::kNo;
  if (!request.usable()) return nothing();
  ASSAY_TRY(const TableTest test,
            chi_square_test(counts, static_cast<std::size_t>(columns), yates));
  return table_json("chi_square", test);
}

Stat<json> g_of_table(Request& request) {
  const auto counts = request.counts("counts", "row by row");
  const auto columns = request.count("columns", {.fallback = 2, .at_least = 2, .at_most = 1000});
  if (!request.usable()) return nothing();
  ASSAY_TRY(const TableTest test, g_test(counts, static_cast<std::size_t>(columns)));
  return table_json("g_test", test);
}

Stat<json> fisher(Request& request) {
  const auto counts = request.counts("counts", "a, b, c, d of the table a b / c d");
  const Alternative alternative = read_alternative(request);
  if (request.usable() && counts.size() != 4) request.wrong("counts", "must be four counts");
  if (!request.usable()) return nothing();
  ASSAY_TRY(const TableTest test,
            fisher_exact(counts[0], counts[1], counts[2], counts[3], alternative));
  json out = table_json("fisher_exact", test);
  out.erase("statistic");
  out.erase("df");
  return out;
}

Stat<json> srm_with(Request& request, bool sequential) {
  const auto counts = request.counts("counts", "units per variant");
  const auto shares = request.numbers("shares", "planned share per variant");
  const double concentration =
      sequential ? request.number("concentration", {.fallback = 1000,
                                                    .above = 0,
                                                    .at_most = 1e12,
                                                    .about = "large: small imbalances, late"})
                 : 1;
  if (!request.usable()) return nothing();
  ASSAY_TRY(const SrmTest test,
            sequential ? srm_sequential(counts, shares, concentration) : srm_fixed(counts, shares));
  return json{{"method", sequential ? "srm_sequential" : "srm_fixed"},
              {sequential ? "log_e_value" : "statistic", test.statistic},
              {"p_value", test.p_value}};
}

Stat<json> srm(Request& request) { return srm_with(request, false); }
Stat<json> srm_at_any_look(Request& request) { return srm_with(request, true); }

constexpr std::array<std::string_view, 6> kCorrectionNames = {
    "none", "bonferroni", "holm", "hochberg", "benjamini_hochberg", "benjamini_yekutieli"};

Stat<json> adjusted(Request& request) {
  const auto p_values = request.gappy_numbers("p_values", "null: not available, does not count");
  const auto word = request.choice("correction", kCorrectionNames, "benjamini_hochberg");
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!p_values[i] || (*p_values[i] >= 0 && *p_values[i] <= 1)) continue;
    request.wrong(fmt::format("p_values[{}]", i), "must lie between 0 and 1");
  }
  if (!request.usable()) return nothing();
  const auto at = std::find(kCorrectionNames.begin(), kCorrectionNames.end(), word);
  json out = {{"method", word}, {"p_adjusted", json::array()}};
  for (const auto& each :
       adjust(p_values, static_cast<Correction>(at - kCorrectionNames.begin()))) {
    out["p_adjusted"].push_back(or_null(each));
  }
  return out;
}

std::string_view safety_word(SafetyStatus status) {
  if (status == SafetyStatus::kSafe) return "safe";
  return status == SafetyStatus::kHarmful ? "harmful" : "undecided";
}

SafetyOptions read_safety(Request& request) {
  SafetyOptions options;
  options.alpha = request.number("alpha", kAlpha);
  static constexpr std::array<std::string_view, 2> kInference = {"sequential", "fixed"};
  options.fixed_look = request.choice("inference", kInference, "sequential") == "fixed";
  options.target_n = request.number("target_n", {.fallback = 5000, .above = 0});
  options.burn_in = request.count("burn_in", {.fallback = 100, .at_most = 1e15});
  return options;
}

Stat<json> noninferiority(Request& request) {
  static constexpr std::array<std::string_view, 2> kBetter = {"higher", "lower"};
  const auto control = read_arm(request, "control");
  const auto treatment = read_arm(request, "treatment");
  const double margin = request.number(
      "margin_relative", {.at_least = 0, .below = 1, .about = "harm tolerated, of |control|"});
  const bool higher = request.choice("better", kBetter, "higher") == "higher";
  const SafetyOptions options = read_safety(request);
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const Contrast contrast, mean_contrast(*control, *treatment));
  ASSAY_TRY(const Safety safety,
            higher ? not_lower(contrast, margin, options) : not_higher(contrast, margin, options));
  json out = to_json(safety.bounds);
  out["method"] = "noninferiority";
  out["estimate"] = safety.value;
  out["status"] = safety_word(safety.status);
  return out;
}

Stat<json> rank_test(Request& request) {
  const auto control = request.numbers("control", "one value per unit");
  const auto treatment = request.numbers("treatment", "one value per unit");
  const Alternative alternative = read_alternative(request);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const MannWhitney test, mann_whitney(control, treatment, alternative));
  json out = {{"method", "mann_whitney"},
              {"statistic", test.u},
              {"estimate", test.estimate},
              {"z", test.z},
              {"p_value", test.p_value}};
  if (alternative != Alternative::kTwoSided) return out;
  if (const auto exact = mann_whitney_exact_p(control, treatment)) out["exact_p_value"] = *exact;
  return out;
}

Stat<json> winners_curse(Request& request) {
  const auto values = request.numbers("estimates", "one per experiment");
  const auto errors = request.numbers("std_errors", "one per experiment");
  ShrinkageOptions options;
  options.mean = request.number("prior_mean", {.fallback = 0});
  options.tau = request.maybe_number(
      "tau", {.fallback = 0, .at_least = 0, .about = "sd of true effects; absent: estimated"});
  if (values.size() != errors.size()) request.wrong("std_errors", "must be as many as estimates");
  if (!request.usable()) return nothing();
  std::vector<Effect> effects;
  for (std::size_t i = 0; i < values.size(); ++i) effects.push_back({values[i], errors[i]});
  ASSAY_TRY(const Shrinkage shrunk, shrink(effects, options));
  json out = {{"method", "shrinkage"}, {"tau", shrunk.tau}};
  for (const Effect& each : shrunk.effects) {
    out["effects"].push_back({{"estimate", each.value}, {"std_error", each.std_error}});
  }
  return out;
}

constexpr std::array kTables = {
    Calculator{"mann_whitney", "Is a treated value more likely above than below?", rank_test},
    Calculator{"chi_square", "Do the rows of a table share one distribution?", chi_square},
    Calculator{"g_test", "The same by the likelihood ratio", g_of_table},
    Calculator{"fisher_exact", "The same, exactly, for four counts", fisher},
    Calculator{"srm", "Do the variants' sizes fit the plan? (one look)", srm},
    Calculator{"srm_sequential", "Do the variants' sizes fit the plan, at any look?",
               srm_at_any_look},
};

constexpr std::array kFamilies = {
    Calculator{"adjust", "Which of many p-values stand, counted as one family?", adjusted},
    Calculator{"shrinkage", "How large are the effects of winners really?", winners_curse},
    Calculator{"noninferiority", "Is the treatment at most a margin worse?", noninferiority},
};

}  // namespace

std::span<const Calculator> table_calculators() { return kTables; }
std::span<const Calculator> family_calculators() { return kFamilies; }

}  // namespace assay::stats
