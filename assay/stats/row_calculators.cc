// Rows finer than the unit of randomization: clusters, quantiles of rows, interleaved impressions.
#include <array>
#include <vector>

#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/cluster.h"
#include "assay/stats/interleaving.h"
#include "assay/stats/quantile.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

std::vector<Cluster> read_clusters(Request& request, std::string_view name) {
  Request arm = request.object(name, "rows and sums, one entry per cluster");
  const auto rows = arm.counts("rows", "rows of each cluster");
  const auto sums = arm.numbers("sums", "sum of the metric over each cluster's rows");
  arm.finish();
  if (request.usable() && rows.size() != sums.size()) {
    arm.wrong("sums", "must be as many as rows");
  }
  std::vector<Cluster> clusters;
  if (!request.usable()) return clusters;
  for (std::size_t i = 0; i < rows.size(); ++i) clusters.push_back({rows[i], sums[i]});
  return clusters;
}

Stat<json> cluster_means(Request& request) {
  static constexpr std::array<std::string_view, 3> kKinds = {"cr0", "cr1", "cr2"};
  const auto control = read_clusters(request, "control");
  const auto treatment = read_clusters(request, "treatment");
  const auto word = request.choice("variance", kKinds, "cr2");
  const InferenceFields fields = read_any(request);
  if (!request.usable()) return nothing();
  const auto kind = word == "cr0"   ? ClusterVariance::kCr0
                    : word == "cr1" ? ClusterVariance::kCr1
                                    : ClusterVariance::kCr2;
  ASSAY_TRY(const Contrast contrast, cluster_contrast(control, treatment, kind));
  ASSAY_TRY(json out, answer(contrast, fields));
  if (out["method"] == "welch_t") out["method"] = "cluster_t";
  return out;
}

Stat<json> icc(Request& request) {
  std::vector<Summary> clusters;
  for (Request& each : request.objects("clusters", "values of each cluster's rows")) {
    Summary summary;
    for (const double value : each.numbers("values", "one per row")) {
      summary.add(std::array{value});
    }
    each.finish();
    clusters.push_back(summary);
  }
  if (!request.usable()) return nothing();
  ASSAY_TRY(const ClusterCorrelation found, cluster_correlation(clusters));
  return json{{"method", "icc"},
              {"estimate", found.icc},
              {"mean_cluster_size", found.mean_size},
              {"cluster_size_cv", found.size_cv},
              {"design_effect", found.design_effect}};
}

ClusteredSample read_rows(Request& request, std::string_view name) {
  Request arm = request.object(name, "values, one per row; units, the unit of each row");
  const auto values = arm.numbers("values", "one per row");
  const auto units = arm.counts("units", "a number that names the unit of each row");
  arm.finish();
  if (request.usable() && values.size() != units.size()) {
    arm.wrong("units", "must be as many as values");
  }
  ClusteredSample sample;
  if (!request.usable()) return sample;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sample.add(static_cast<std::uint64_t>(units[i]), values[i]);
  }
  return sample;
}

Stat<json> quantile_difference(Request& request) {
  ClusteredSample control = read_rows(request, "control");
  ClusteredSample treatment = read_rows(request, "treatment");
  const double quantile =
      request.number("quantile", {.fallback = 0.5, .above = 0, .below = 1, .about = "0.95: p95"});
  const InferenceFields fields = read_any(request);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const QuantileEstimate c, estimate_quantile(std::move(control), quantile));
  ASSAY_TRY(const QuantileEstimate t, estimate_quantile(std::move(treatment), quantile));
  ASSAY_TRY(const Contrast contrast, quantile_contrast(c, t));
  return answer(contrast, fields);
}

Stat<json> interleaving(Request& request) {
  const auto wins = request.counts("wins", "impressions that the treatment won, by unit");
  const auto losses = request.counts("losses", "that the control won");
  const auto ties = request.counts("ties", "that neither won, also for want of clicks");
  const auto times = request.counts("units", "how many units are like this one; else one each");
  const InferenceFields fields = read_any(request);
  const auto same_size = [&](const char* name, std::size_t size) {
    if (request.usable() && size != wins.size()) request.wrong(name, "must be as many as wins");
  };
  same_size("losses", losses.size());
  same_size("ties", ties.size());
  if (!times.empty()) same_size("units", times.size());
  if (!request.usable()) return nothing();
  std::vector<UnitPreferences> units;
  for (std::size_t i = 0; i < wins.size(); ++i) {
    units.push_back({wins[i], losses[i], ties[i], times.empty() ? 1 : times[i]});
  }
  ASSAY_TRY(const Contrast contrast, preference_contrast(units));
  ASSAY_TRY(json out, answer(contrast, fields));
  for (const char* arm : {"control", "treatment", "relative"}) out.erase(arm);
  const SignTest sign = sign_test(units);
  out["units"] = contrast.n_treatment;
  out["sign_test"] = {
      {"units_won", sign.units_won}, {"units_lost", sign.units_lost}, {"p_value", sign.p_value}};
  if (out["method"] == "welch_t") out["method"] = "preference_t";
  return out;
}

constexpr std::array kCalculators = {
    Calculator{"cluster_means", "Do means of rows differ when whole clusters were randomized?",
               cluster_means},
    Calculator{"icc", "How alike are the rows of one cluster, and what does it cost?", icc},
    Calculator{"interleaving", "Which of two rankers do clicks on their merged lists prefer?",
               interleaving},
    Calculator{"quantile_difference", "Do quantiles of rows differ, several rows per unit?",
               quantile_difference},
};

}  // namespace

std::span<const Calculator> row_calculators() { return kCalculators; }

}  // namespace assay::stats
