// Results by segment: each primary metric again, among the units of one value of an attribute. The
// family of an attribute is corrected by Benjamini–Hochberg, whatever the plan says of its metrics,
// since these are looks around and not the test.
#include "assay/analyze/internal.h"
#include "assay/stats/multiplicity.h"

namespace assay::analyze::internal {
namespace {

// A look of its own: the always-valid p-values of the whole say nothing about a part.
AnalyzeOptions without_memory(const AnalyzeOptions& options) {
  return {.as_of = options.as_of, .epoch_weights = options.epoch_weights};
}

Result<void> add_value(Look& look, const define::PlannedMetric& planned,
                       const std::string& attribute, const std::string& value,
                       std::vector<SegmentResult>& results) {
  MetricQuery query = query_of(look.experiment, planned);
  query.segment = attribute;
  query.segment_value = value;
  Measured measured{.planned = &planned, .data = std::nullopt};
  ASSAY_TRY(measured.data, look.source.metric(look.experiment, query, look.options.as_of));
  for (const define::Variant& variant : look.experiment.variants) {
    if (variant.key == look.experiment.control) continue;
    results.push_back({attribute, value, compare(look, measured, variant.key)});
  }
  return {};
}

void correct_attribute(double alpha, std::vector<SegmentResult>& results) {
  std::vector<std::optional<double>> p;
  for (const SegmentResult& result : results) {
    const auto& difference = result.comparison.difference;
    p.push_back(difference ? difference->p_value : std::nullopt);
  }
  const auto corrected = stats::adjust(p, stats::Correction::kBenjaminiHochberg);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].comparison.p_adjusted = corrected[i];
    results[i].comparison.significant = corrected[i] && *corrected[i] <= alpha;
  }
}

}  // namespace

Result<std::vector<SegmentResult>> break_down(const Look& look) {
  const AnalyzeOptions options = without_memory(look.options);
  Look fresh{look.experiment, look.source, options, {}};
  std::vector<SegmentResult> all;
  for (const std::string& attribute : look.experiment.segments) {
    ASSAY_TRY(const auto values,
              look.source.segment_values(look.experiment, attribute, options.as_of));
    std::vector<SegmentResult> results;
    for (const define::PlannedMetric& planned : look.experiment.metrics) {
      if (planned.role != define::Role::kPrimary || !planned.definition) continue;
      for (const std::string& value : values) {
        ASSAY_TRY_VOID(add_value(fresh, planned, attribute, value, results));
      }
    }
    correct_attribute(look.experiment.analysis.alpha, results);
    all.insert(all.end(), results.begin(), results.end());
  }
  return all;
}

}  // namespace assay::analyze::internal
