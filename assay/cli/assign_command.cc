#include "assay/cli/assign_command.h"

#include <optional>
#include <ostream>
#include <span>
#include <vector>

#include "assay/assign/assign.h"
#include "assay/base/text.h"
#include "assay/cli/assign_many.h"
#include "assay/cli/assign_parquet.h"
#include "assay/cli/balance_command.h"
#include "assay/cli/csv_reader.h"
#include "assay/cli/define_command.h"
#include "assay/cli/row_context.h"
#include "assay/define/define.h"

namespace assay::cli {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Snapshot;

// Writes rows as they come, as CSV or as the elements of one JSON object.
class Rows {
 public:
  Rows(const Snapshot& snapshot, std::ostream& out, bool json, const std::string& fingerprint)
      : snapshot_(snapshot), out_(out), json_(json), has_kinds_(snapshot.has_fallback(kOnly)) {
    if (json_) {
      out_ << R"({"experiment":)" << json_quoted(snapshot.id(kOnly)) << R"(,"fingerprint":")"
           << fingerprint << R"(","assignments":[)";
    } else {
      out_ << (has_kinds_ ? "unit,variant,reason,unit_kind\n" : "unit,variant,reason\n");
    }
  }
  void write(std::string_view unit, const Assignment& assignment) {
    const std::string_view kind =
        has_kinds_ ? snapshot_.unit_kind(kOnly, assignment) : std::string_view();
    const std::string_view reason = reason_name(assignment.reason);
    std::string_view variant;
    if (assignment.assigned()) {
      variant = snapshot_.variant_key(kOnly, static_cast<std::size_t>(assignment.variant));
    }
    if (!json_) {
      out_ << csv_quoted(unit) << ',' << csv_quoted(variant) << ',' << reason;
      if (has_kinds_) out_ << ',' << csv_quoted(kind);
      out_ << '\n';
      return;
    }
    out_ << (is_first_ ? "\n" : ",\n") << R"({"unit":)" << json_quoted(unit);
    if (assignment.assigned()) {
      out_ << R"(,"variant":)" << json_quoted(variant) << R"(,"propensity":)"
           << number_text(assignment.propensity);
    }
    out_ << R"(,"reason":")" << reason << '"';
    if (names_a_cause(assignment.reason)) {
      out_ << R"(,"because":)" << json_quoted(snapshot_.explain(assignment));
    }
    if (has_kinds_) out_ << R"(,"unit_kind":)" << json_quoted(kind);
    out_ << '}';
    is_first_ = false;
  }
  void end() {
    if (json_) out_ << "\n]}\n";
  }

  static constexpr Handle kOnly{0};

 private:
  const Snapshot& snapshot_;
  std::ostream& out_;
  bool json_;
  bool has_kinds_;  // Of unit: one answer may be for a user, the next for a device.
  bool is_first_ = true;
};

Problems assign_rows(const Snapshot& snapshot, const RowContext& columns, UnitRows& units,
                     Rows& rows, Progress& progress) {
  Context context(snapshot);
  return for_each_row(units, columns, progress, [&](const UnitRow& row) {
    std::string wrong = columns.fill(row, context);
    if (!wrong.empty()) return wrong;
    const Assignment answer = snapshot.evaluate(Rows::kOnly, context);
    rows.write(snapshot.unit(Rows::kOnly, answer, context).id, answer);
    return wrong;
  });
}

// What is wrong with the options together.
std::optional<Error> misuse(const AssignOptions& options) {
  if (!options.balance.empty() && !options.earlier.empty()) {
    return Error{Code::kInvalid, "--balance finds the salt of an experiment before it starts",
                 "one that ran has its salt: leave out --balance, or --earlier"};
  }
  if (!options.balance.empty() && options.files.size() > 1) {
    return Error{Code::kInvalid, "--balance finds the salt of one experiment",
                 "name one file; others that run beside it go to --with"};
  }
  if (options.out && !options.out->ends_with(".parquet")) {
    return Error{Code::kInvalid,
                 "--out writes Parquet: \"" + *options.out + "\" has another extension",
                 "name it .parquet; CSV, and JSON with --json, come on standard output"};
  }
  return std::nullopt;
}

}  // namespace

int run_assign(const AssignOptions& options, Streams streams) {
  if (const auto error = misuse(options)) return report(streams, *error, options.json);
  std::vector<std::string> beside(options.files.begin() + 1, options.files.end());
  beside.insert(beside.end(), options.with.begin(), options.with.end());
  const Assignable loaded = load_assignable(
      options.files.front(), {std::move(beside), options.catalogues, options.earlier}, streams,
      options.json);
  if (loaded.status != kOk) return loaded.status;
  const define::Experiment& plan = loaded.plan;
  const Snapshot& snapshot = *loaded.snapshot;
  auto opened = open_units(options.units, streams.in);
  if (!opened) return report(streams, opened.error(), options.json);
  UnitRows& units = **opened;
  if (!options.balance.empty()) {
    return run_balance(snapshot, plan, {options.balance, options.salts, options.json}, units,
                       streams);
  }
  const Answered answered = {.experiments = options.files.size(), .needs_time = loaded.switches};
  const RowContext columns(snapshot, answered, units.header());
  Problems problems = problems_of_header(units, columns);
  if (!problems.empty()) return report(streams, problems, options.json);
  units.read_for([&](std::size_t column) { return columns.use(column); });
  Progress progress(streams.err);
  if (options.out) {
    auto written = assign_to_parquet(snapshot, answered, units, *options.out, progress);
    if (!written) return report(streams, written.error(), options.json);
    problems = *std::move(written);
  } else if (options.files.size() > 1) {
    problems = assign_many(snapshot, {answered, options.json}, units, streams.out, progress);
  } else {
    Rows rows(snapshot, streams.out, options.json, fingerprint(plan));
    problems = assign_rows(snapshot, columns, units, rows, progress);
    rows.end();
  }
  if (!problems.empty()) report(streams, problems, options.json);
  if (has_errors(problems)) return kBadInput;
  return streams.out.flush() ? kOk : kFailed;
}

}  // namespace assay::cli
