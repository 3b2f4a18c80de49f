#include "assay/cli/assign_command.h"

#include <algorithm>
#include <fstream>
#include <istream>
#include <ostream>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "assay/assign/assign.h"
#include "assay/base/text.h"
#include "assay/cli/assign_many.h"
#include "assay/cli/balance_command.h"
#include "assay/cli/csv_reader.h"
#include "assay/cli/define_command.h"
#include "assay/define/define.h"

namespace assay::cli {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Snapshot;

std::string quoted_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Writes rows as they come, as CSV or as the elements of one JSON object.
class Rows {
 public:
  Rows(const Snapshot& snapshot, std::ostream& out, bool json, const std::string& fingerprint)
      : snapshot_(snapshot), out_(out), json_(json), has_kinds_(snapshot.has_fallback(kOnly)) {
    if (json_) {
      out_ << R"({"experiment":)" << quoted_json(snapshot.id(kOnly)) << R"(,"fingerprint":")"
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
    out_ << (is_first_ ? "\n" : ",\n") << R"({"unit":)" << quoted_json(unit);
    if (assignment.assigned()) {
      out_ << R"(,"variant":)" << quoted_json(variant) << R"(,"propensity":)"
           << number_text(assignment.propensity);
    }
    out_ << R"(,"reason":")" << reason << '"';
    if (has_kinds_) out_ << R"(,"unit_kind":)" << quoted_json(kind);
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

// `time` is an ordinary attribute where nothing switches.
Problems assign_rows(const Snapshot& snapshot, const define::Experiment& plan,
                     const std::string& file, std::istream& in, Rows& rows, Progress& progress) {
  Problems problems;
  CsvReader reader(in);
  const auto problem = [&](std::string message) {
    problems.push_back({.place = {.file = file, .line = std::max(reader.line(), 1), .column = 1},
                        .field = {},
                        .message = std::move(message),
                        .hint = {}});
  };
  std::vector<std::string> header;
  std::vector<std::string> fields;
  if (!reader.next(header) && reader.error().empty()) {
    problem("there is no header; the first line names the columns, such as unit,country");
  }
  const std::size_t ids = unit_column(header, snapshot.unit_kind(Rows::kOnly));
  Context context(snapshot);
  while (problems.size() < kMaxRowProblems && reader.next(fields)) {
    if (fields.size() != header.size()) {
      problem(std::to_string(fields.size()) + " fields, but the header has " +
              std::to_string(header.size()));
      continue;
    }
    context.reset();
    context.set_targeting_key(fields[ids]);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].empty()) context.set_untyped(header[i], fields[i]);
      if (plan.assignment.sticky && header[i] == "remembered" && !fields[i].empty()) {
        const auto variant = snapshot.find_variant(Rows::kOnly, fields[i]);
        if (variant) context.remember({.experiment = Rows::kOnly, .variant = *variant});
        if (!variant) problem("'" + fields[i].substr(0, 60) + "', remembered, is not a variant");
      }
      if (header[i] != "time") continue;
      const auto time = parse_time(fields[i]);
      if (time) context.set_time(*time);
      if (!time && plan.assignment.switchback)
        problem("'" + fields[i].substr(0, 60) + "' is not a time");
    }
    const Assignment answer = snapshot.evaluate(Rows::kOnly, context);
    rows.write(snapshot.unit(Rows::kOnly, answer, context).id, answer);
    progress.add(1);
  }
  if (!reader.error().empty()) problem(reader.error());
  return problems;
}

}  // namespace

int run_assign(const AssignOptions& options, Streams streams) {
  if (!options.balance.empty() && options.files.size() > 1) {
    return report(streams,
                  Error{Code::kInvalid, "--balance finds the salt of one experiment",
                        "name one file; others that run beside it go to --with"},
                  options.json);
  }
  Loaded loaded = load_experiment(options.files.front(), options.catalogues, streams, options.json);
  if (loaded.status != kOk) return loaded.status;
  std::vector<define::Experiment> neighbours;
  std::vector<std::string> beside(options.files.begin() + 1, options.files.end());
  beside.insert(beside.end(), options.with.begin(), options.with.end());
  const Status status =
      load_beside({beside, options.catalogues}, loaded, neighbours, streams, options.json);
  if (status != kOk) return status;
  const define::Experiment& plan = loaded.parsed.experiment;
  std::vector<assign::Running> running = {{.plan = plan}};
  for (define::Experiment& one : neighbours) running.push_back({.plan = std::move(one)});
  const auto snapshot = assign::compile(running);
  if (!snapshot) return report(streams, snapshot.error(), options.json);
  std::ifstream opened;
  if (options.units != "-") {
    opened.open(options.units, std::ios::binary);
    if (!opened || opened.peek() == std::ifstream::traits_type::eof()) {
      return report(streams,
                    Error{Code::kNotFound, "cannot read units from " + options.units,
                          "a CSV file with a header, such as unit,country"},
                    options.json);
    }
  }
  std::istream& in = options.units == "-" ? streams.in : opened;
  if (!options.balance.empty()) {
    const BalanceRequest request{options.units, options.balance, options.salts, options.json};
    return run_balance(**snapshot, plan, request, in, streams);
  }
  Progress progress(streams.err);
  Problems problems;
  if (options.files.size() > 1) {
    CsvReader reader(in);
    const ManyOptions many = {
        .units_file = options.units,
        .experiments = options.files.size(),
        .needs_time = std::ranges::any_of(
            running, [](const auto& one) { return one.plan.assignment.switchback.has_value(); }),
        .json = options.json};
    problems = assign_many(**snapshot, many, reader, streams.out, progress);
  } else {
    Rows rows(**snapshot, streams.out, options.json, fingerprint(plan));
    problems = assign_rows(**snapshot, plan, options.units, in, rows, progress);
    rows.end();
  }
  if (!problems.empty()) return report(streams, problems, options.json);
  return streams.out.flush() ? kOk : kFailed;
}

}  // namespace assay::cli
