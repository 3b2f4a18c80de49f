#include "assay/cli/assign_many.h"

#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "assay/cli/block_assigner.h"
#include "assay/cli/csv_reader.h"
#include "assay/cli/streams.h"

namespace assay::cli {
namespace {

using assign::Assignment;
using assign::Snapshot;

class Many {
 public:
  Many(const Snapshot& snapshot, const ManyOptions& options, std::span<const std::string> header,
       std::ostream& out)
      : snapshot_(snapshot),
        options_(options),
        header_(header),
        assigner_(snapshot, options.answered, header),
        out_(out) {}

  const RowContext& rows() const { return assigner_.rows(); }

  void begin() {
    if (options_.json) {
      text_ = R"({"assignments":[)";
      return;
    }
    text_ = csv_quoted(header_[rows().key()]);
    for (std::uint32_t e = 0; e < options_.answered.experiments; ++e) {
      text_ += ',' + csv_quoted(snapshot_.id({e}));
    }
    text_ += '\n';
  }

  // What is wrong with the row; empty when nothing is.
  std::string add(const UnitRow& row) {
    std::string wrong = assigner_.add(row);
    if (wrong.empty()) units_.push_back(row.fields[rows().key()]);
    if (assigner_.is_full()) flush();
    return wrong;
  }

  void flush() {
    assigner_.assign();
    for (std::size_t i = 0; i < units_.size(); ++i) write(i);
    out_ << text_;
    text_.clear();
    units_.clear();
    assigner_.clear();
  }

  void end() {
    flush();
    if (options_.json) out_ << "\n]}\n";
  }

 private:
  void write(std::size_t unit) {
    if (options_.json) {
      text_ += fmt::format("{}\n{{\"unit\":{},\"variants\":{{", is_first_ ? "" : ",",
                           json_quoted(units_[unit]));
      is_first_ = false;
    } else {
      text_ += csv_quoted(units_[unit]);
    }
    bool has_some = false;
    for (std::uint32_t e = 0; e < options_.answered.experiments; ++e) {
      const std::int16_t variant = assigner_.variant({e}, unit);
      if (!options_.json) text_ += ',';
      if (variant == Assignment::kNone) continue;
      const std::string_view key = snapshot_.variant_key({e}, static_cast<std::size_t>(variant));
      if (options_.json) {
        if (has_some) text_ += ',';
        text_ += json_quoted(snapshot_.id({e})) + ':' + json_quoted(key);
        has_some = true;
      } else {
        text_ += csv_quoted(key);
      }
    }
    text_ += options_.json ? "}}" : "\n";
  }

  const Snapshot& snapshot_;
  const ManyOptions& options_;
  std::span<const std::string> header_;
  BlockAssigner assigner_;
  std::ostream& out_;
  std::vector<std::string> units_;  // Of this block.
  std::string text_;
  bool is_first_ = true;
};

}  // namespace

Problems assign_many(const Snapshot& snapshot, const ManyOptions& options, UnitRows& rows,
                     std::ostream& out, Progress& progress) {
  Many many(snapshot, options, rows.header(), out);
  many.begin();
  Problems problems =
      for_each_row(rows, many.rows(), progress, [&](const UnitRow& row) { return many.add(row); });
  many.end();
  return problems;
}

}  // namespace assay::cli
