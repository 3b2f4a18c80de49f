#include "assay/cli/assign_many.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/assign/bulk.h"
#include "assay/base/time.h"

namespace assay::cli {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Snapshot;

constexpr std::size_t kBlock = 4096;

std::string quoted_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The ids of one column, for the experiments that need nothing else.
struct IdBlock {
  std::size_t column = 0;
  std::vector<Handle> experiments;
  std::string bytes;
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint8_t> variants;

  void add(std::string_view id) {
    bytes += id;
    offsets.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
  void clear() {
    bytes.clear();
    offsets.resize(1);
  }
};

class Many {
 public:
  Many(const Snapshot& snapshot, const ManyOptions& options, std::vector<std::string> header,
       std::ostream& out)
      : snapshot_(snapshot),
        options_(options),
        header_(std::move(header)),
        key_(unit_column(header_, snapshot.unit_kind({0}))),
        out_(out),
        context_(snapshot),
        answers_(options.experiments * kBlock) {}

  // A message for each experiment whose units are nowhere.
  std::vector<std::string> sort_out() {
    std::vector<std::string> missing;
    for (std::uint32_t e = 0; e < options_.experiments; ++e) {
      const std::string_view kind = snapshot_.unit_kind({e});
      const auto named = std::find(header_.begin(), header_.end(), kind);
      if (named == header_.end() && kind != snapshot_.unit_kind({0})) {
        missing.push_back(fmt::format("{} assigns by {}, but there is no column of that name",
                                      snapshot_.id({e}), kind));
        continue;
      }
      const auto column =
          named == header_.end() ? key_ : static_cast<std::size_t>(named - header_.begin());
      if (named != header_.end()) is_unit_[column] = true;
      if (can_assign_column(snapshot_, {e})) {
        block_of(column).experiments.push_back({e});
      } else {
        single_.push_back({e});
      }
    }
    return missing;
  }

  void begin() {
    if (options_.json) {
      text_ = R"({"assignments":[)";
      return;
    }
    text_ = csv_quoted(header_[key_]);
    for (std::uint32_t e = 0; e < options_.experiments; ++e) {
      text_ += ',' + csv_quoted(snapshot_.id({e}));
    }
    text_ += '\n';
  }

  // What is wrong with the row; empty when nothing is.
  std::string add(const std::vector<std::string>& fields) {
    std::string wrong;
    units_.push_back(fields[key_]);
    for (IdBlock& block : blocks_) block.add(fields[block.column]);
    if (!single_.empty()) wrong = evaluate(fields);
    if (units_.size() == kBlock) flush();
    return wrong;
  }

  void flush() {
    const std::size_t count = units_.size();
    for (IdBlock& block : blocks_) {
      block.variants.resize(block.experiments.size() * count);
      assign_column(snapshot_, block.experiments, {block.bytes, block.offsets}, block.variants);
      for (std::size_t k = 0; k < block.experiments.size(); ++k) {
        for (std::size_t i = 0; i < count; ++i) {
          const std::uint8_t variant = block.variants[k * count + i];
          answer(block.experiments[k], i) =
              variant == assign::kNoVariant ? Assignment::kNone : variant;
        }
      }
      block.clear();
    }
    for (std::size_t i = 0; i < count; ++i) write(i);
    out_ << text_;
    text_.clear();
    units_.clear();
  }

  void end() {
    flush();
    if (options_.json) out_ << "\n]}\n";
  }

 private:
  std::int16_t& answer(Handle experiment, std::size_t unit) {
    return answers_[experiment.index * kBlock + unit];
  }

  IdBlock& block_of(std::size_t column) {
    const auto found = std::ranges::find(blocks_, column, &IdBlock::column);
    if (found != blocks_.end()) return *found;
    blocks_.emplace_back().column = column;
    return blocks_.back();
  }

  // An empty id is nobody; any other empty field is a missing attribute.
  std::string evaluate(const std::vector<std::string>& fields) {
    std::string wrong;
    context_.reset();
    context_.set_targeting_key(fields[key_]);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (is_unit_[i]) {
        context_.set_text(header_[i], fields[i]);
      } else if (!fields[i].empty()) {
        context_.set_untyped(header_[i], fields[i]);
      }
      if (header_[i] != "time") continue;
      const auto time = parse_time(fields[i]);
      if (time) context_.set_time(*time);
      if (!time && options_.needs_time) wrong = "'" + fields[i].substr(0, 60) + "' is not a time";
    }
    for (const Handle experiment : single_) {
      answer(experiment, units_.size() - 1) = snapshot_.evaluate(experiment, context_).variant;
    }
    return wrong;
  }

  void write(std::size_t unit) {
    if (options_.json) {
      text_ += fmt::format("{}\n{{\"unit\":{},\"variants\":{{", is_first_ ? "" : ",",
                           quoted_json(units_[unit]));
      is_first_ = false;
    } else {
      text_ += csv_quoted(units_[unit]);
    }
    bool has_some = false;
    for (std::uint32_t e = 0; e < options_.experiments; ++e) {
      const std::int16_t variant = answer({e}, unit);
      if (!options_.json) text_ += ',';
      if (variant == Assignment::kNone) continue;
      const std::string_view key = snapshot_.variant_key({e}, static_cast<std::size_t>(variant));
      if (options_.json) {
        if (has_some) text_ += ',';
        text_ += quoted_json(snapshot_.id({e})) + ':' + quoted_json(key);
        has_some = true;
      } else {
        text_ += csv_quoted(key);
      }
    }
    text_ += options_.json ? "}}" : "\n";
  }

  const Snapshot& snapshot_;
  const ManyOptions& options_;
  std::vector<std::string> header_;
  std::size_t key_;
  std::ostream& out_;
  std::vector<bool> is_unit_ = std::vector<bool>(header_.size());  // By column.
  std::vector<IdBlock> blocks_;
  std::vector<Handle> single_;
  Context context_;
  std::vector<std::string> units_;     // Of this block.
  std::vector<std::int16_t> answers_;  // Per experiment, kBlock of them.
  std::string text_;
  bool is_first_ = true;
};

}  // namespace

std::size_t unit_column(std::span<const std::string> header, std::string_view kind) {
  for (const std::string_view name : {kind, std::string_view("unit")}) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  }
  return 0;
}

Problems assign_many(const Snapshot& snapshot, const ManyOptions& options, CsvReader& reader,
                     std::ostream& out, Progress& progress) {
  Problems problems;
  const auto problem = [&](std::string message) {
    problems.push_back(
        {.place = {.file = options.units_file, .line = std::max(reader.line(), 1), .column = 1},
         .field = {},
         .message = std::move(message),
         .hint = {}});
  };
  std::vector<std::string> fields;
  if (!reader.next(fields)) {
    problem(!reader.error().empty()
                ? reader.error()
                : "there is no header; the first line names the columns, such as user,country");
    return problems;
  }
  const std::size_t width = fields.size();
  Many many(snapshot, options, std::move(fields), out);
  for (std::string& message : many.sort_out()) problem(std::move(message));
  if (!problems.empty()) return problems;
  many.begin();
  while (problems.size() < kMaxRowProblems && reader.next(fields)) {
    if (fields.size() == width) {
      std::string wrong = many.add(fields);
      if (!wrong.empty()) problem(std::move(wrong));
      progress.add(1);
    } else {
      problem(fmt::format("{} fields, but the header has {}", fields.size(), width));
    }
  }
  many.end();
  if (!reader.error().empty()) problem(reader.error());
  return problems;
}

}  // namespace assay::cli
