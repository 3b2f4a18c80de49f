#include "assay/cli/assign_parquet.h"

#include <vector>

#include "assay/cli/block_assigner.h"
#include "assay/io/duckdb/parquet_file.h"
#include "assay/io/file/new_file.h"

namespace assay::cli {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Snapshot;
using io::duckdb::ParquetColumn;
using io::duckdb::ParquetRows;

std::vector<std::string> variants_of(const Snapshot& snapshot, Handle experiment) {
  std::vector<std::string> keys;
  for (std::size_t v = 0; v < snapshot.variant_count(experiment); ++v) {
    keys.emplace_back(snapshot.variant_key(experiment, v));
  }
  return keys;
}

void write_unit(std::string_view id, ParquetRows& out) {
  if (!id.empty()) out.text(0, id);  // Else nobody.
}

// Row by row, with reason and propensity.
class One {
 public:
  One(const Snapshot& snapshot, const RowContext& columns, EachRow& each)
      : snapshot_(snapshot), columns_(columns), each_(each), context_(snapshot) {}

  std::vector<ParquetColumn> columns() const {
    std::vector<ParquetColumn> all = {{.name = "unit"},
                                      {.name = "variant", .values = variants_of(snapshot_, kOnly)},
                                      {.name = "reason"},
                                      {.name = "propensity", .is_number = true},
                                      {.name = "because"}};
    if (snapshot_.has_fallback(kOnly)) all.push_back({.name = "unit_kind"});
    return all;
  }

  void add(ParquetRows& out) {
    while (!out.is_full() && each_.next([&](const UnitRow& row) {
      std::string wrong = columns_.fill(row, context_);
      if (wrong.empty()) write(snapshot_.evaluate(kOnly, context_), out);
      return wrong;
    })) {
    }
  }

 private:
  static constexpr Handle kOnly{0};

  void write(const Assignment& answer, ParquetRows& out) {
    write_unit(snapshot_.unit(kOnly, answer, context_).id, out);
    if (answer.assigned()) {
      out.value(1, static_cast<std::size_t>(answer.variant));
      out.number(3, answer.propensity);
    }
    out.text(2, reason_name(answer.reason));
    if (names_a_cause(answer.reason)) out.text(4, snapshot_.explain(answer));
    if (snapshot_.has_fallback(kOnly)) out.text(5, snapshot_.unit_kind(kOnly, answer));
    out.end_row();
  }

  const Snapshot& snapshot_;
  const RowContext& columns_;
  EachRow& each_;
  Context context_;
};

// A block of units at a time, which may be longer than what the file takes at once.
class Several {
 public:
  Several(const Snapshot& snapshot, const Answered& answered, std::span<const std::string> header,
          EachRow& each)
      : snapshot_(snapshot),
        experiments_(static_cast<std::uint32_t>(answered.experiments)),
        assigner_(snapshot, answered, header),
        key_(assigner_.rows().key()),
        key_name_(header[key_]),
        each_(each) {}

  std::vector<ParquetColumn> columns() const {
    std::vector<ParquetColumn> all = {{.name = key_name_}};
    for (std::uint32_t e = 0; e < experiments_; ++e) {
      all.push_back(
          {.name = std::string(snapshot_.id({e})), .values = variants_of(snapshot_, {e})});
    }
    return all;
  }

  void add(ParquetRows& out) {
    if (at_ == units_.size()) read_block();
    for (; !out.is_full() && at_ < units_.size(); ++at_) {
      write_unit(units_[at_], out);
      for (std::uint32_t e = 0; e < experiments_; ++e) {
        const std::int16_t variant = assigner_.variant({e}, at_);
        if (variant != Assignment::kNone) out.value(e + 1, static_cast<std::size_t>(variant));
      }
      out.end_row();
    }
  }

 private:
  void read_block() {
    assigner_.clear();
    units_.clear();
    at_ = 0;
    while (!assigner_.is_full() && each_.next([&](const UnitRow& row) {
      std::string wrong = assigner_.add(row);
      if (wrong.empty()) units_.push_back(row.fields[key_]);
      return wrong;
    })) {
    }
    assigner_.assign();
  }

  const Snapshot& snapshot_;
  std::uint32_t experiments_;
  BlockAssigner assigner_;
  std::size_t key_;
  std::string key_name_;
  EachRow& each_;
  std::vector<std::string> units_;  // Of this block.
  std::size_t at_ = 0;              // The next one of them.
};

template <typename Answers>
Result<Problems> write(Answers answers, EachRow& each, const std::string& path) {
  ASSAY_TRY(auto file, io::file::NewFile::create(path));
  ASSAY_TRY_VOID(io::duckdb::write_parquet(file.part(), answers.columns(),
                                           [&](ParquetRows& out) { answers.add(out); }));
  Problems problems = each.end();
  if (!has_errors(problems)) ASSAY_TRY_VOID(file.keep());
  return problems;
}

}  // namespace

Result<Problems> assign_to_parquet(const Snapshot& snapshot, const Answered& answered,
                                   UnitRows& rows, const std::string& path, Progress& progress) {
  const RowContext columns(snapshot, answered, rows.header());
  EachRow each(rows, columns, progress);
  if (answered.experiments == 1) return write(One(snapshot, columns, each), each, path);
  return write(Several(snapshot, answered, rows.header(), each), each, path);
}

}  // namespace assay::cli
