#include "assay/stats/cluster.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace assay::stats {
namespace {

struct Arm {
  double mean = 0;
  double variance = 0;
  std::int64_t clusters = 0;
  // Bell & McCaffrey's matrix P has P_gh = s_g s_h (m_g [g = h] - m_g m_h / N): its trace and the
  // sum of its squared entries.
  double trace = 0;
  double squares = 0;
};

Stat<Arm> arm_of(std::span<const Cluster> clusters, ClusterVariance kind, std::string_view name) {
  double rows = 0;
  double sum = 0;
  Arm arm;
  for (const Cluster& each : clusters) {
    ASSAY_TRY_VOID(require_finite("the sum of a cluster", each.sum));
    if (each.rows < 0) {
      return undefined(Undefined::kOutOfRange, fmt::format("a cluster has {} rows", each.rows));
    }
    if (each.rows == 0) continue;
    rows += static_cast<double>(each.rows);
    sum += each.sum;
    ++arm.clusters;
  }
  if (arm.clusters == 0) {
    return undefined(Undefined::kNoData, fmt::format("the {} has no cluster", name));
  }
  if (arm.clusters == 1) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("the {} has one cluster, hence no variance", name));
  }
  arm.mean = sum / rows;
  double diagonal = 0;  // Σ m²s², Σ m²s²·m/N and Σ m³s⁴: pieces of Σ P_gh².
  double fourth = 0;
  double mixed = 0;
  for (const Cluster& each : clusters) {
    if (each.rows == 0) continue;
    const double m = static_cast<double>(each.rows);
    const double rest = 1 - m / rows;
    const double residual = each.sum - m * arm.mean;
    arm.variance += residual * residual / (kind == ClusterVariance::kCr2 ? rest : 1) / rows / rows;
    const double s2 = 1 / rest / rows / rows;
    arm.trace += s2 * m * rest;
    diagonal += s2 * m * m;
    fourth += s2 * s2 * m * m;
    mixed += s2 * s2 * m * m * m;
  }
  arm.squares = fourth - 2 * mixed / rows + diagonal * diagonal / rows / rows;
  if (kind == ClusterVariance::kCr1) {
    const double g = static_cast<double>(arm.clusters);
    arm.variance *= g / (g - 1);
  }
  return arm;
}

}  // namespace

Stat<Contrast> cluster_contrast(std::span<const Cluster> control,
                                std::span<const Cluster> treatment, ClusterVariance variance) {
  ASSAY_TRY(const Arm c, arm_of(control, variance, "control"));
  ASSAY_TRY(const Arm t, arm_of(treatment, variance, "treatment"));
  Contrast contrast{.control = c.mean,
                    .treatment = t.mean,
                    .control_variance = c.variance,
                    .treatment_variance = t.variance,
                    .n_control = c.clusters,
                    .n_treatment = t.clusters};
  const double trace = c.trace + t.trace;
  if (variance == ClusterVariance::kCr2) contrast.df = trace * trace / (c.squares + t.squares);
  return contrast;
}

Stat<ClusterCorrelation> cluster_correlation(std::span<const Summary> clusters) {
  double count = 0;
  double rows = 0;
  double squares = 0;
  double mean = 0;
  double within = 0;
  for (const Summary& each : clusters) {
    const double m = static_cast<double>(each.n());
    if (m == 0) continue;
    ++count;
    rows += m;
    squares += m * m;
    mean += (each.mean(0) - mean) * m / rows;
    within += each.comoment(0, 0);
  }
  if (count < 2) {
    return undefined(Undefined::kTooFewUnits, fmt::format("{} clusters with rows", count));
  }
  if (rows == count) {
    return undefined(Undefined::kTooFewUnits, "every cluster has one row: nothing varies within");
  }
  double between = 0;
  for (const Summary& each : clusters) {
    if (each.n() == 0) continue;
    between += static_cast<double>(each.n()) * (each.mean(0) - mean) * (each.mean(0) - mean);
  }
  const double msb = between / (count - 1);
  const double msw = within / (rows - count);
  const double m0 = (rows - squares / rows) / (count - 1);
  const double total = msb + (m0 - 1) * msw;
  ASSAY_TRY_VOID(require_finite("the variance of the rows", total));
  if (!(total > 0)) return undefined(Undefined::kNoVariance, "all rows are equal");
  ClusterCorrelation out;
  out.icc = (msb - msw) / total;
  out.mean_size = rows / count;
  const double spread = squares / count / (out.mean_size * out.mean_size);  // 1 + cv².
  out.size_cv = std::sqrt(std::max(0.0, spread - 1));
  out.design_effect = 1 + (spread * out.mean_size - 1) * std::max(0.0, out.icc);
  return out;
}

}  // namespace assay::stats
