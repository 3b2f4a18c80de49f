#include "assay/cli/scorecard_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "assay/base/version.h"

namespace assay::cli {

using analyze::Comparison;
using analyze::Scorecard;

namespace {

using Row = std::vector<std::string>;

std::string number(double x) { return fmt::format("{:.5g}", x); }
std::string optional_number(const std::optional<double>& x) { return x ? number(*x) : "–"; }
std::string signed_percent(double x) { return fmt::format("{:+.2f} %", 100 * x); }

template <typename Format>
std::string interval_text(const stats::Interval& interval, Format format) {
  return fmt::format("[{}, {}]", interval.low ? format(*interval.low) : "unbounded",
                     interval.high ? format(*interval.high) : "unbounded");
}

// "ok", "no data", and what must not be overlooked in capitals: "FAILED".
template <typename Status>
std::string mark(Status status) {
  if (status == Status::kFailed) return "FAILED";
  std::string text(define::to_word(status));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string evidence(const Comparison& comparison) {
  if (!comparison.difference) return "–";
  const stats::Estimate& estimate = *comparison.difference;
  if (estimate.probability_better) return fmt::format("P(up) {:.4f}", *estimate.probability_better);
  return estimate.p_value ? fmt::format("p {:.3g}", *estimate.p_value) : "–";
}

std::optional<double> arm_value(const Scorecard& card, const std::string& metric,
                                const std::string& variant) {
  for (const analyze::MetricArms& row : card.metrics) {
    if (row.metric != metric) continue;
    for (const analyze::ArmResult& arm : row.arms) {
      if (arm.variant == variant) return arm.value;
    }
  }
  return std::nullopt;
}

Row comparison_row(const Scorecard& card, const Comparison& comparison) {
  Row row{comparison.metric, comparison.variant,
          optional_number(arm_value(card, comparison.metric, comparison.control)),
          optional_number(arm_value(card, comparison.metric, comparison.variant))};
  if (comparison.difference) {
    row.push_back(fmt::format("{:+.5g}", comparison.difference->value));
    row.push_back(interval_text(comparison.difference->interval, number));
  } else {
    row.insert(row.end(), {"–", "–"});
  }
  row.push_back(comparison.relative ? signed_percent(comparison.relative->value) : "–");
  row.push_back(comparison.relative ? interval_text(comparison.relative->interval, signed_percent)
                                    : "–");
  row.push_back(evidence(comparison) + (comparison.significant ? " *" : ""));
  return row;
}

Row comparison_head() {
  return {"metric",   "variant", "control",          "value",   "difference",
          "interval", "lift",    "interval of lift", "evidence"};
}

// Columns of the terminal, counted in code points: continuation bytes of UTF-8 take no place.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += "  " + row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]), ' ');
    }
    text += line + "\n";
  }
  return text;
}

// Pipes inside a cell would end it.
std::string escaped(const std::string& cell) {
  std::string text;
  for (const char c : cell) {
    if (c == '|') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

std::string markdown_table(const std::vector<Row>& rows) {
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const std::string& cell : rows[r]) text += "| " + escaped(cell) + " ";
    text += "|\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < rows[0].size(); ++i) text += "| --- ";
    text += "|\n";
  }
  return text;
}

std::vector<Row> unit_rows(const Scorecard& card) {
  std::vector<Row> rows{{"variant", "units", "planned share"}};
  for (const analyze::UnitCount& units : card.units) {
    rows.push_back({units.variant, fmt::format("{}", units.n),
                    fmt::format("{:.2f} %", 100 * units.expected_share)});
  }
  return rows;
}

std::vector<Row> trust_rows(const Scorecard& card) {
  std::vector<Row> rows{{"check", "status", "finding"}};
  for (const analyze::TrustCheck& check : card.trust)
    rows.push_back({check.name, mark(check.status), check.message});
  return rows;
}

std::vector<Row> comparison_rows(const Scorecard& card) {
  std::vector<Row> rows{comparison_head()};
  for (const Comparison& comparison : card.comparisons)
    rows.push_back(comparison_row(card, comparison));
  return rows;
}

std::vector<Row> segment_rows(const Scorecard& card) {
  std::vector<Row> rows{
      {"segment", "metric", "variant", "units", "lift", "interval of lift", "evidence"}};
  for (const analyze::SegmentResult& segment : card.segments) {
    const Comparison& comparison = segment.comparison;
    const bool known = comparison.relative.has_value();
    rows.push_back({segment.attribute + "=" + segment.value, comparison.metric, comparison.variant,
                    fmt::format("{}", comparison.n_control + comparison.n_variant),
                    known ? signed_percent(comparison.relative->value) : "–",
                    known ? interval_text(comparison.relative->interval, signed_percent) : "–",
                    evidence(comparison) + (comparison.significant ? " *" : "")});
  }
  return rows;
}

std::vector<Row> guardrail_rows(const Scorecard& card) {
  std::vector<Row> rows{{"guardrail", "variant", "status", "finding"}};
  for (const analyze::GuardrailResult& guardrail : card.guardrails) {
    rows.push_back(
        {guardrail.metric, guardrail.variant, mark(guardrail.status), guardrail.message});
  }
  return rows;
}

// Why a number is missing or should be read with care, one line each.
std::vector<std::string> notes(const Scorecard& card) {
  std::vector<std::string> lines;
  for (const Comparison& comparison : card.comparisons) {
    const std::string subject = comparison.metric + " (" + comparison.variant + "): ";
    if (!comparison.difference && !card.withheld)
      lines.push_back(subject + comparison.difference.error().text);
    for (const std::string& warning : comparison.warnings) lines.push_back(subject + warning);
  }
  return lines;
}

std::string methods_text(const Scorecard& card) {
  for (const Comparison& comparison : card.comparisons) {
    if (comparison.difference) {
      return fmt::format("{:g} % intervals ({}); * significant after correction.",
                         100 * (1 - card.alpha), comparison.method);
    }
  }
  return {};
}

}  // namespace

std::string scorecard_text(const Scorecard& card) {
  std::string text = fmt::format("{} as of {}\n\n", card.experiment, to_text(card.as_of));
  text += aligned(unit_rows(card)) + "\n" + aligned(trust_rows(card)) + "\n";
  if (card.withheld) text += "  " + card.withheld_reason + "\n\n";
  text += aligned(comparison_rows(card));
  if (const std::string methods = methods_text(card); !methods.empty())
    text += "  " + methods + "\n";
  if (!card.guardrails.empty()) text += "\n" + aligned(guardrail_rows(card));
  if (!card.segments.empty()) text += "\n" + aligned(segment_rows(card));
  const std::vector<std::string> lines = notes(card);
  if (!lines.empty()) text += "\n";
  for (const std::string& line : lines) text += "  note: " + line + "\n";
  return text;
}

std::string verdict_text(const decide::Verdict& verdict) {
  std::string text =
      fmt::format("{}: {}\n", decide::decision_name(verdict.decision), verdict.sentence);
  for (const decide::VerdictReason& reason : verdict.reasons) {
    text += fmt::format("  - {}: {}\n", reason.code, reason.message);
  }
  return text;
}

std::string report_markdown(const define::Experiment& experiment, const Scorecard& card,
                            const decide::Verdict& verdict) {
  std::string text =
      fmt::format("# {}\n\n", experiment.name.empty() ? experiment.id : experiment.name);
  if (!experiment.hypothesis.empty())
    text += fmt::format("*Hypothesis.* {}\n\n", experiment.hypothesis);
  text += fmt::format("**{}.** {}\n\n", decide::decision_name(verdict.decision), verdict.sentence);
  for (const decide::VerdictReason& reason : verdict.reasons)
    text += fmt::format("- `{}` {}\n", reason.code, reason.message);
  text += "\n## Can the numbers be trusted?\n\n" + markdown_table(trust_rows(card));
  text += "\n## Units\n\n" + markdown_table(unit_rows(card));
  text += "\n## Effects\n\n";
  if (card.withheld) text += card.withheld_reason + "\n\n";
  text += markdown_table(comparison_rows(card));
  if (const std::string methods = methods_text(card); !methods.empty())
    text += "\n" + methods + "\n";
  if (!card.guardrails.empty())
    text += "\n## Guardrails\n\n" + markdown_table(guardrail_rows(card));
  if (!card.segments.empty()) {
    text += "\n## Segments (exploratory)\n\n" + markdown_table(segment_rows(card));
  }
  for (const std::string& line : notes(card)) text += "\n> " + line + "\n";
  text += fmt::format("\n---\nExperiment `{}`, plan `{}`, data as of {}, assay {}.\n",
                      card.experiment, card.fingerprint, to_text(card.as_of), kVersion);
  return text;
}

}  // namespace assay::cli
