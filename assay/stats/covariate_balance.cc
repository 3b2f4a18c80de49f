#include "assay/stats/covariate_balance.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/stats/contrast.h"
#include "assay/stats/distributions.h"

namespace assay::stats {

Stat<CovariateBalance> covariate_balance(const Summary& control, const Summary& treatment) {
  ASSAY_CHECK(control.columns() == treatment.columns());
  const int count = control.columns().covariates;
  if (count == 0) return undefined(Undefined::kNoData, "no covariate to compare");
  if (control.n() == 0 || treatment.n() == 0) {
    return undefined(Undefined::kNoData, "an arm has no unit");
  }
  const double nc = static_cast<double>(control.n());
  const double nt = static_cast<double>(treatment.n());
  if (nc + nt < 3) return undefined(Undefined::kTooFewUnits, "one unit per arm: no variance");
  CovariateBalance out;
  std::vector<double> pooled;
  std::vector<double> distances;
  for (int i = 0; i < count; ++i) {
    const int row = control.covariate_column(i);
    distances.push_back(treatment.mean(row) - control.mean(row));
    for (int j = 0; j < count; ++j) {
      const int column = control.covariate_column(j);
      pooled.push_back((control.comoment(row, column) + treatment.comoment(row, column)) /
                       (nc + nt - 2));
    }
    const double variance = pooled[pooled.size() - static_cast<std::size_t>(count - i)];
    const double distance = distances.back();
    out.standardized.push_back(variance > 0 ? distance / std::sqrt(variance) : 0);
    if (!(variance > 0) && distance != 0) {
      return undefined(
          Undefined::kNoVariance,
          fmt::format("covariate {} is constant in each arm, but not the same", i + 1));
    }
  }
  const Solution solution = solve_ranked(std::move(pooled), distances);
  double t_squared = 0;
  for (std::size_t i = 0; i < distances.size(); ++i) t_squared += distances[i] * solution.x[i];
  out.t_squared = std::max(0.0, t_squared / (1 / nc + 1 / nt));
  ASSAY_TRY_VOID(require_finite("T²", out.t_squared));
  out.df1 = solution.rank;
  out.df2 = nc + nt - out.df1 - 1;
  if (solution.rank == 0) {
    return undefined(Undefined::kSingular, "every covariate is constant: nothing to compare");
  }
  if (out.df2 <= 0) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("{} covariates need more than {} units", out.df1, nc + nt));
  }
  out.f = out.df2 / (out.df1 * (nc + nt - 2)) * out.t_squared;
  out.p_value = f_sf(out.f, out.df1, out.df2);
  return out;
}

}  // namespace assay::stats
