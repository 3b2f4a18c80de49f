// A row of a list of units as the context to evaluate in: ids, attributes for targeting, the moment
// that a switchback is asked for (`time`), and the variant that a sticky experiment's unit was
// given before (`remembered`).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/snapshot.h"
#include "assay/base/problem.h"
#include "assay/cli/progress.h"
#include "assay/cli/unit_rows.h"

namespace assay::cli {

inline constexpr std::size_t kMaxRowProblems = 20;  // More would hide the first.

// Where the ids of a kind of unit are: the column named like it, else with _id behind.
std::optional<std::size_t> kind_column(std::span<const std::string> header, std::string_view kind);

struct Answered {
  std::size_t experiments = 1;  // The first so many of the snapshot are answered for.
  bool needs_time = false;      // Some experiment switches: `time` must be one in every row.
};

class RowContext {
 public:
  // The snapshot and the header live as long.
  RowContext(const assign::Snapshot& snapshot, const Answered& answered,
             std::span<const std::string> header);

  // The column with the first experiment's ids: of its kind, else `targetingKey`, `unit` or
  // `unit_id`, else the first.
  std::size_t key() const { return key_; }
  const Problems& problems() const { return problems_; }  // Of the header …
  Problems warnings()
      const;  // … and where a kind of unit, or what conditions ask for, has no column.
  std::span<const std::string> header() const { return header_; }
  bool names_somebody(const std::vector<std::string>& fields) const;
  // Why a row cannot be used, whatever its values are; empty if it can.
  std::string why_unusable(const UnitRow& row) const;
  Use use(std::size_t column) const;  // kNothing: its values can make no difference.

  // The context borrows the row until the next call. What is wrong with it; empty when nothing is.
  std::string fill(const UnitRow& row, assign::Context& context) const;

 private:
  void find_units();
  void check_key();
  void find_sticky();
  std::optional<std::size_t> find(std::string_view column) const;
  void add_unknown_attributes(Problems& problems) const;

  const assign::Snapshot& snapshot_;
  Answered answered_;
  std::span<const std::string> header_;
  std::size_t key_ = 0;
  std::size_t targeting_key_ = 0;
  struct KindColumn {
    std::size_t column = 0;
    std::string_view kind;
  };
  std::vector<bool> is_id_;                // By column.
  std::vector<KindColumn> kinds_;          // Of the kinds of unit that have one …
  std::vector<std::string_view> unnamed_;  // … and those that have none; the key's apart.
  std::optional<std::size_t> time_;
  std::optional<std::size_t> remembered_;
  assign::Handle sticky_;  // What is remembered is of this one.
  Problems problems_;
};

// What keeps the list from being read by these columns.
Problems problems_of_header(const UnitRows& rows, const RowContext& columns);

// What is wrong with the row; empty when nothing is.
using AnswerRow = std::function<std::string(const UnitRow& row)>;

// The rows one after the other, and what is wrong with them.
class EachRow {
 public:
  // All live as long.
  EachRow(UnitRows& rows, const RowContext& columns, Progress& progress)
      : rows_(rows), columns_(columns), progress_(progress) {}

  // Gives `answer` one row; false after the last one, and after kMaxRowProblems.
  bool next(const AnswerRow& answer);
  // The problems with their places, and a warning about rows that name nobody.
  Problems end();

 private:
  UnitRows& rows_;
  const RowContext& columns_;
  Progress& progress_;
  UnitRow row_;
  Problems problems_;
  std::int64_t count_ = 0;
  std::int64_t nobody_ = 0;
  bool is_over_ = false;
};

Problems for_each_row(UnitRows& rows, const RowContext& columns, Progress& progress,
                      const AnswerRow& answer);

}  // namespace assay::cli
