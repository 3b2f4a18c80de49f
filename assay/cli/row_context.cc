#include "assay/cli/row_context.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/base/text.h"
#include "assay/base/time.h"
#include "assay/deliver/request.h"

namespace assay::cli {

using assign::Context;
using assign::Handle;
using assign::Snapshot;

namespace {

constexpr std::string_view kTargetingKey = "targetingKey";

// An object may be asked for its leaves: "device" holds "device.os".
bool holds(std::string_view column, std::string_view asked) {
  if (!asked.starts_with(column)) return false;
  asked.remove_prefix(column.size());
  return asked.empty() || asked.starts_with('.');
}

std::optional<std::size_t> find_column(std::span<const std::string> header, std::string_view name) {
  const auto found = std::ranges::find(header, name);
  if (found == header.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.begin());
}

}  // namespace

std::optional<std::size_t> kind_column(std::span<const std::string> header, std::string_view kind) {
  const auto column = find_column(header, kind);
  return column ? column : find_column(header, std::string(kind) + "_id");
}

namespace {

// Where the ids of the first experiment are, if a name says so.
std::optional<std::size_t> key_column(std::span<const std::string> header, std::string_view kind) {
  if (const auto column = kind_column(header, kind)) return column;
  for (const std::string_view name :
       {kTargetingKey, std::string_view("unit"), std::string_view("unit_id")}) {
    if (const auto column = find_column(header, name)) return column;
  }
  return std::nullopt;
}

}  // namespace

RowContext::RowContext(const Snapshot& snapshot, const Answered& answered,
                       std::span<const std::string> header)
    : snapshot_(snapshot),
      answered_(answered),
      header_(header),
      key_(key_column(header, snapshot.unit_kind({0})).value_or(0)),
      targeting_key_(find(kTargetingKey).value_or(key_)),
      is_id_(header.size()),
      time_(find("time")) {
  find_units();
  check_key();
  find_sticky();
  if (!answered_.needs_time || time_) return;
  problems_.push_back({.field = "time",
                       .message = "there is no such column, but a switchback answers by the time",
                       .hint = "a column of times, such as 2026-06-01T00:10:00Z"});
}

std::optional<std::size_t> RowContext::find(std::string_view column) const {
  return find_column(header_, column);
}

// The first column has the ids where none is named for them, but not if it is another kind's.
void RowContext::check_key() {
  const std::string_view kind = snapshot_.unit_kind({0});
  if (header_.empty() || key_column(header_, kind)) return;
  const auto other = std::ranges::find(kinds_, key_, &KindColumn::column);
  if (other == kinds_.end()) return;
  problems_.push_back(
      {.field = std::string(kind),
       .message = fmt::format("there is no such column; '{}' has the ids of {}", header_[key_],
                              other->kind),
       .hint = fmt::format("add the column {}, empty where nobody is known", kind)});
}

void RowContext::find_units() {
  if (!header_.empty()) is_id_[key_] = is_id_[targeting_key_] = true;
  for (const std::uint32_t kind : snapshot_.schema().units) {
    const std::string_view name = snapshot_.attribute_name(kind);
    if (const auto column = kind_column(header_, name)) {
      is_id_[*column] = true;
      kinds_.push_back({*column, name});
    } else if (name != snapshot_.unit_kind({0})) {
      unnamed_.push_back(name);
    }
  }
  for (std::uint32_t e = 0; e < answered_.experiments; ++e) {
    const std::string_view kind = snapshot_.unit_kind({e});
    if (std::ranges::find(unnamed_, kind) == unnamed_.end()) continue;
    problems_.push_back(
        {.message = fmt::format("{} assigns by {}, but there is no column of that name",
                                snapshot_.id({e}), kind)});
  }
}

void RowContext::find_sticky() {
  std::vector<Handle> sticky;
  for (const Handle one : snapshot_.sticky()) {
    if (one.index < answered_.experiments) sticky.push_back(one);
  }
  if (sticky.empty()) return;
  remembered_ = find("remembered");
  sticky_ = sticky.front();
  if (!remembered_ || sticky.size() == 1) return;
  problems_.push_back(
      {.field = "remembered",
       .message = fmt::format("is it what {} or what {} answered before?", snapshot_.id(sticky[0]),
                              snapshot_.id(sticky[1])),
       .hint = "assign sticky experiments one at a time, each with its own column"});
}

bool RowContext::names_somebody(const std::vector<std::string>& fields) const {
  return snapshot_.has_fallback({0}) || !fields[key_].empty();
}

std::string RowContext::why_unusable(const UnitRow& row) const {
  if (row.fields.size() == header_.size()) return row.wrong;
  return fmt::format("{} fields, but the header has {}", row.fields.size(), header_.size());
}

Problems RowContext::warnings() const {
  Problems problems;
  const std::string_view kind = snapshot_.unit_kind({0});
  if (!key_column(header_, kind) && header_.size() > 1 && header_[0] != "id") {
    problems.push_back(
        {.field = header_[0],
         .message =
             fmt::format("the ids are read from this column, the first: none is named {}", kind),
         .hint = fmt::format("name the column of ids {0}, {0}_id, unit or unit_id", kind),
         .severity = Severity::kWarning});
  }
  for (const std::string_view unnamed : unnamed_) {
    if (find(kTargetingKey)) break;
    problems.push_back(
        {.field = std::string(unnamed),
         .message = fmt::format("there is no such column: where it is asked for, the id in '{}' "
                                "stands in, as a targetingKey does",
                                header_[key_]),
         .hint = fmt::format("add the column {}, empty where nobody is known", unnamed),
         .severity = Severity::kWarning});
  }
  add_unknown_attributes(problems);
  return problems;
}

// Their conditions come out as they do where nothing is known of a unit.
void RowContext::add_unknown_attributes(Problems& problems) const {
  const assign::Schema& schema = snapshot_.schema();
  const std::vector<std::string_view> names(header_.begin(), header_.end());
  for (std::uint32_t i = 0; i < schema.attributes.size(); ++i) {
    const std::string_view asked = snapshot_.attribute_name(i);
    const bool is_unit = schema.attributes[i].unit_kind != assign::Schema::kNoUnit;
    const bool is_there =
        std::ranges::any_of(names, [&](std::string_view name) { return holds(name, asked); });
    if (is_unit || is_there || i == schema.targeting_key) continue;
    if (problems.size() == kMaxRowProblems) return;
    const auto meant = did_you_mean(asked, names);
    problems.push_back({.field = std::string(asked),
                        .message = "there is no such column, but a condition asks for it: it is "
                                   "missing in every row",
                        .hint = meant ? fmt::format("did you mean {}?", *meant)
                                      : fmt::format("add the column {}", asked),
                        .severity = Severity::kWarning});
  }
}

Use RowContext::use(std::size_t column) const {
  if (is_id_[column]) return Use::kId;
  const std::string_view name = header_[column];
  for (std::uint32_t i = 0; i < snapshot_.schema().attributes.size(); ++i) {
    if (holds(name, snapshot_.attribute_name(i))) return Use::kValue;
  }
  return name == "time" || name == "remembered" ? Use::kText : Use::kNothing;
}

// Values with types as the server reads the same JSON, but for ids: numbers are ids by their
// digits. Where a kind of unit has a column and the row no id in it, nobody of that kind is there,
// for whom the key does not stand in.
std::string RowContext::fill(const UnitRow& row, Context& context) const {
  const std::vector<std::string>& fields = row.fields;
  context.reset();
  const std::string& key = fields[targeting_key_];
  if (!key.empty()) context.set_targeting_key(key);
  if (!row.values.empty()) {
    const auto read = deliver::read_attributes(row.values, context);
    if (!read) return to_text(read.error().error);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (row.is_missing(i)) continue;
    if (!row.is_typed) context.set_untyped(header_[i], fields[i]);
    if (row.is_typed && is_id_[i]) context.set_text(header_[i], fields[i]);
  }
  for (const KindColumn& one : kinds_) {
    if (row.is_missing(one.column)) {
      context.set_nobody(one.kind);
    } else if (one.kind != header_[one.column]) {
      context.set_text(one.kind, fields[one.column]);
    }
  }
  if (time_) {
    const auto time = parse_time(fields[*time_]);
    if (time) context.set_time(*time);
    if (!time && answered_.needs_time) {
      return fmt::format("'{}' is not a time", fields[*time_].substr(0, 60));
    }
  }
  if (remembered_ && !fields[*remembered_].empty()) {
    const auto variant = snapshot_.find_variant(sticky_, fields[*remembered_]);
    if (!variant) {
      return fmt::format("'{}', remembered, is not a variant", fields[*remembered_].substr(0, 60));
    }
    context.remember({.experiment = sticky_, .variant = *variant});
  }
  return {};
}

Problems problems_of_header(const UnitRows& rows, const RowContext& columns) {
  Problems problems = columns.problems();
  for (Problem& problem : problems) problem.place = rows.place();
  if (auto problem = rows.problem()) return {*std::move(problem)};
  for (std::size_t i = 0; i < rows.header().size(); ++i) {
    if (columns.use(i) != Use::kId) continue;
    if (auto problem = rows.why_no_ids(i)) problems.push_back(*std::move(problem));
  }
  for (auto name = rows.header().begin(); name != rows.header().end(); ++name) {
    if (name->empty() || std::find(rows.header().begin(), name, *name) == name) continue;
    problems.push_back({.place = rows.place(),
                        .field = *name,
                        .message = "names two columns of the header",
                        .hint = "give each column a name of its own"});
  }
  return problems;
}

bool EachRow::next(const AnswerRow& answer) {
  is_over_ = is_over_ || problems_.size() >= kMaxRowProblems || !rows_.next(row_);
  if (is_over_) return false;
  std::string wrong = columns_.why_unusable(row_);
  if (wrong.empty()) wrong = answer(row_);
  if (!wrong.empty()) {
    problems_.push_back({.place = rows_.place(), .message = std::move(wrong)});
    return true;
  }
  ++count_;
  if (!columns_.names_somebody(row_.fields)) ++nobody_;
  progress_.add(1);
  return true;
}

Problems EachRow::end() {
  if (auto problem = rows_.problem()) problems_.push_back(*std::move(problem));
  if (nobody_ > 0) {
    problems_.push_back({.place = {.file = rows_.place().file},
                         .field = columns_.header()[columns_.key()],
                         .message = fmt::format("{} of {} rows name nobody, and nobody is assigned",
                                                nobody_, count_),
                         .severity = Severity::kWarning});
  }
  for (Problem& warning : columns_.warnings()) {
    warning.place.file = rows_.place().file;
    problems_.push_back(std::move(warning));
  }
  return std::move(problems_);
}

Problems for_each_row(UnitRows& rows, const RowContext& columns, Progress& progress,
                      const AnswerRow& answer) {
  EachRow each(rows, columns, progress);
  while (each.next(answer)) {
  }
  return each.end();
}

}  // namespace assay::cli
