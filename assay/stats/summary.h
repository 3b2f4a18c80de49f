// Summary: mergeable sufficient statistics of one metric in one variant. The narrow waist of assay:
// every engine produces it, every method reads it.
//
// A unit contributes one row of columns: the outcome, then (for ratio metrics) the denominator,
// then the covariates. Kept are the count, the means, the central cross-moments of all columns and
// the outcome's third and fourth central moments. Updates follow Welford, merges Chan, Golub &
// LeVeque (1983) and Pébay (2008), so that an offset of 1e9 costs no digits and the order of
// merging does not matter to 1e-12. Not thread-safe; cheap to copy.
//
//   Summary control({.covariates = 1});
//   control.add(std::array{revenue, revenue_before});
//   control.merge(other_shard);
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"
#include "assay/stats/estimate.h"

namespace assay::stats {

struct Columns {
  bool denominator = false;
  int covariates = 0;
  int count() const { return 1 + (denominator ? 1 : 0) + covariates; }
  bool operator==(const Columns&) const = default;
};

// A sum that remembers what rounding took from it: value + lost, to about 32 digits.
struct Wide {
  double value = 0;
  double lost = 0;
  void add(double x);
};

class Summary {
 public:
  Summary() : Summary(Columns{}) {}
  explicit Summary(Columns columns);

  // One unit; row.size() == columns().count(). A row with a NaN or infinity is not added but
  // counted in rejected().
  void add(std::span<const double> row);
  // Same columns required (ASSAY_CHECK).
  void merge(const Summary& other);

  const Columns& columns() const { return columns_; }
  std::int64_t n() const { return n_; }
  std::int64_t rejected() const { return rejected_; }
  double mean(int column) const;
  // Sum of (x_i - mean_i)(x_j - mean_j) over units.
  double comoment(int i, int j) const;
  // comoment / (n - 1); kTooFewUnits below two units.
  Stat<double> variance(int column = 0) const;
  Stat<double> covariance(int i, int j) const;
  double m3() const { return m3_; }  // Sum of cubed deviations of the outcome.
  double m4() const { return m4_; }
  Stat<double> skewness() const;  // Of the outcome, population form g1.

  int denominator_column() const;  // Requires columns().denominator.
  int covariate_column(int index) const;

  // A summary from published numbers: n, mean, sample variance (divisor n-1).
  static Stat<Summary> of_mean(std::int64_t n, double mean, double variance);
  // x successes of n: a proportion's summary (values 0 and 1).
  static Stat<Summary> of_proportion(std::int64_t successes, std::int64_t n);

  // What an engine computed elsewhere (SQL): the means of all columns and their central co-moments,
  // the lower triangle row by row: (0,0), (1,0), (1,1), (2,0), …
  static Stat<Summary> of_moments(Columns columns, std::int64_t n, std::span<const double> means,
                                  std::span<const double> comoments, double m3 = 0, double m4 = 0);

  std::string to_json() const;  // {"version":1,…}
  static Result<Summary> from_json(std::string_view json);

 private:
  void add_higher_moments(double delta, double n);
  void merge_higher_moments(const Summary& other, double delta);

  Columns columns_;
  std::int64_t n_ = 0;
  std::int64_t rejected_ = 0;
  std::vector<Wide> means_;
  std::vector<Wide> comoments_;  // Packed lower triangle, row by row.
  double m3_ = 0;
  double m4_ = 0;
};

}  // namespace assay::stats
