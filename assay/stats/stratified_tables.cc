#include "assay/stats/stratified_tables.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

// a b / c d: treatment converted, treatment not; control converted, control not.
struct Table {
  double a, b, c, d;
  double n() const { return a + b + c + d; }
};

Stat<std::vector<Table>> tables_of(std::span<const StratumTable> strata) {
  std::vector<Table> tables;
  for (const StratumTable& each : strata) {
    for (const Proportion& arm : {each.control, each.treatment}) {
      if (arm.n >= 0 && arm.successes >= 0 && arm.successes <= arm.n) continue;
      return undefined(Undefined::kOutOfRange,
                       fmt::format("{} successes of {}", arm.successes, arm.n));
    }
    const Table table{static_cast<double>(each.treatment.successes),
                      static_cast<double>(each.treatment.n - each.treatment.successes),
                      static_cast<double>(each.control.successes),
                      static_cast<double>(each.control.n - each.control.successes)};
    const bool speaks = table.a + table.b > 0 && table.c + table.d > 0 && table.a + table.c > 0 &&
                        table.b + table.d > 0;
    if (speaks) tables.push_back(table);
  }
  if (tables.empty()) {
    return undefined(Undefined::kNoData, "no stratum has units in both arms and mixed outcomes");
  }
  return tables;
}

// The first cell with the given margins whose odds ratio is `odds`.
double cell_at_odds(const Table& x, double odds) {
  const double row = x.a + x.b;
  const double column = x.a + x.c;
  double low = std::max(0.0, row + column - x.n());
  double high = std::min(row, column);
  for (int step = 0; step < 200; ++step) {
    const double a = 0.5 * (low + high);
    if (a <= low || a >= high) break;
    const double here =
        std::log(a) + std::log(x.n() - row - column + a) - std::log(row - a) - std::log(column - a);
    (here < std::log(odds) ? low : high) = a;
  }
  return 0.5 * (low + high);
}

void breslow_day(const std::vector<Table>& tables, StratifiedTables& out) {
  for (const Table& x : tables) {
    const double a = cell_at_odds(x, out.odds_ratio);
    const double b = x.a + x.b - a;
    const double c = x.a + x.c - a;
    const double d = x.n() - a - b - c;
    out.breslow_day += (x.a - a) * (x.a - a) * (1 / a + 1 / b + 1 / c + 1 / d);
  }
  out.breslow_day_df = static_cast<double>(tables.size() - 1);
  out.breslow_day_p = tables.size() > 1 ? chi2_sf(out.breslow_day, out.breslow_day_df) : 1;
}

}  // namespace

Stat<StratifiedTables> cochran_mantel_haenszel(std::span<const StratumTable> strata, double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  ASSAY_TRY(const std::vector<Table> tables, tables_of(strata));
  double surplus = 0;
  double variance = 0;
  double r = 0;  // Σ ad/n and Σ bc/n, and the pieces of the variance of their ratio's logarithm.
  double s = 0;
  double pr = 0;
  double mixed = 0;
  double qs = 0;
  for (const Table& x : tables) {
    const double n = x.n();
    const double row = x.a + x.b;
    const double column = x.a + x.c;
    surplus += x.a - row * column / n;
    variance += row / n * ((n - row) / n) * column * (n - column) / (n - 1);
    const double ad = x.a * x.d / n;
    const double bc = x.b * x.c / n;
    const double p = (x.a + x.d) / n;
    r += ad;
    s += bc;
    pr += p * ad;
    mixed += p * bc + (1 - p) * ad;
    qs += (1 - p) * bc;
  }
  if (r == 0 || s == 0) {
    return undefined(Undefined::kNoVariance,
                     fmt::format("the odds ratio is {}", r == 0 ? "zero" : "infinite"));
  }
  StratifiedTables out;
  out.statistic = surplus * surplus / variance;
  out.p_value = chi2_sf(out.statistic, 1);
  out.odds_ratio = r / s;
  const double error = std::sqrt(pr / (2 * r * r) + mixed / (2 * r * s) + qs / (2 * s * s));
  const double half = normal_isf(alpha / 2) * error;
  out.interval = {out.odds_ratio * std::exp(-half), out.odds_ratio * std::exp(half)};
  breslow_day(tables, out);
  return out;
}

}  // namespace assay::stats
