#include "assay/io/duckdb/impressions.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "assay/base/text.h"
#include "assay/io/duckdb/input_file.h"

namespace assay::io::duckdb {
namespace {

using stats::Preferred;
using stats::Ranks;

constexpr std::size_t kProblemsMax = 20;

using Names = std::vector<std::string>;
constexpr const char* kAnew = "another list that is shown has an impression of its own";
const Names kImpression = {"impression", "impression_id", "request"};
const Names kItem = {"item", "item_id"};
const Names kUnit = {"unit", "unit_id", "user", "user_id"};

// What an item shown says about its credit.
struct Credit {
  double position = 0;
  Preferred team = Preferred::kNeither;
  Ranks ranks;

  bool is_same(const Credit& other) const {
    return position == other.position && team == other.team &&
           ranks.control == other.ranks.control && ranks.treatment == other.ranks.treatment;
  }
};

struct Click {
  std::string item;
  std::optional<Credit> credit;  // Once the item was seen among those shown.
};

struct Impression {
  std::uint32_t unit = 0;
  double top_position = 0;
  Preferred top = Preferred::kNeither;
};

class LogReader {
 public:
  Checked<InterleavedLog> read(const std::vector<std::string>& impressions,
                               const std::vector<std::string>& clicks) {
    for (const std::string& path : clicks) {
      read_file(path, {kImpression, kItem}, {}, &LogReader::add_click);
    }
    for (const std::string& path : impressions) {
      read_file(path, {kImpression, kItem, {"position"}},
                {kUnit, {"team"}, {"control_rank"}, {"treatment_rank"}}, &LogReader::add_shown);
    }
    if (complaints_ > kProblemsMax) {
      problems_.push_back(
          {.message = "and " + std::to_string(complaints_ - kProblemsMax) + " more problems"});
    }
    if (!problems_.empty()) return unexpected(std::move(problems_));
    finish();
    return std::move(log_);
  }

 private:
  // The places of the columns in a row: those required, then those that may be absent.
  enum Column : std::size_t {
    kId,
    kItemId,
    kPosition,
    kUnitId,
    kTeam,
    kControlRank,
    kTreatmentRank
  };
  struct Row {
    std::vector<std::optional<std::string>> cells;  // Nothing: no such column, or empty.
    Place place;
    const std::string& at(std::size_t column) const { return *cells[column]; }
  };
  using Add = void (LogReader::*)(const Row&);

  void read_file(const std::string& path, std::vector<Names> required,
                 const std::vector<Names>& optional, Add add);
  std::vector<std::string> columns_of(const InputFile& file, const std::vector<Names>& names,
                                      std::size_t required);
  void check_scheme(const InputFile& file, const std::vector<std::string>& columns);
  void add_click(const Row& row);
  void add_shown(const Row& row);
  std::optional<Credit> credit_of(const Row& row);
  std::optional<std::uint32_t> rank_of(const Row& row, Column column);
  void credit_click(const Row& row, const Credit& credit);
  Impression* impression_of(const Row& row);
  void finish();
  Preferred winner_of(std::vector<Click>& clicks);

  void complain(const Place& place, std::string field, std::string message, std::string hint = {}) {
    if (++complaints_ > kProblemsMax) return;
    problems_.push_back({.place = place,
                         .field = std::move(field),
                         .message = std::move(message),
                         .hint = std::move(hint)});
  }

  InterleavedLog log_;
  Problems problems_;
  std::size_t complaints_ = 0;
  std::optional<bool> is_team_draft_;
  bool has_units_ = false;
  std::unordered_map<std::string, std::vector<Click>> clicks_;  // By impression.
  std::unordered_map<std::string, Impression> impressions_;
  std::unordered_map<std::string, std::uint32_t> units_;
};

std::vector<std::string> LogReader::columns_of(const InputFile& file,
                                               const std::vector<Names>& names,
                                               std::size_t required) {
  std::vector<std::string> columns;
  for (const Names& each : names) {
    columns.push_back(file.first_of(each));
    if (!columns.back().empty() || columns.size() > required) continue;
    std::string expected;
    for (const std::string& name : each) expected += (expected.empty() ? "" : ", ") + name;
    std::string found;
    for (const std::string& name : file.columns()) found += (found.empty() ? "" : ", ") + name;
    complain({file.path(), 1, 0}, each.front(), "no column for it: expected one of " + expected,
             "the file has " + found);
  }
  return columns;
}

void LogReader::check_scheme(const InputFile& file, const std::vector<std::string>& columns) {
  const bool drafts = !columns[kTeam].empty();
  const bool ranks = !columns[kControlRank].empty() && !columns[kTreatmentRank].empty();
  if (drafts == ranks) {
    complain({file.path(), 1, 0}, "team",
             drafts ? "both team and control_rank, treatment_rank are there"
                    : "neither team nor control_rank and treatment_rank are there",
             "team draft needs team; balanced needs both ranks");
  } else if (is_team_draft_.value_or(drafts) != drafts) {
    complain({file.path(), 1, 0}, "team", "the files are of two schemes",
             "analyze team draft and balanced apart");
  }
  is_team_draft_ = drafts;
  has_units_ = !columns[kUnitId].empty();
}

void LogReader::read_file(const std::string& path, std::vector<Names> required,
                          const std::vector<Names>& optional, Add add) {
  auto file = InputFile::open(path);
  if (!file) {
    std::ranges::move(file.error(), std::back_inserter(problems_));
    return;
  }
  const std::size_t needed = required.size();
  required.insert(required.end(), optional.begin(), optional.end());
  const std::size_t before = complaints_;
  const std::vector<std::string> columns = columns_of(*file, required, needed);
  if (!optional.empty()) check_scheme(*file, columns);
  if (complaints_ > before) return;
  std::string select;
  for (const std::string& column : columns) {
    select += (select.empty() ? "SELECT " : ", ") +
              (column.empty() ? "NULL::VARCHAR" : file->text_of(column));
  }
  auto rows = file->connection().stream(Sql(select + " FROM " + file->relation()));
  if (!rows) return problems_.push_back(file->problem(rows.error()));
  std::int64_t number = 0;
  while (rows->next()) {
    for (std::size_t at = 0; at < rows->size(); ++at) {
      Row row{.cells = {}, .place = file->place(++number)};
      bool is_whole = true;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const bool is_empty = rows->is_null(i, at) || rows->text(i, at).empty();
        row.cells.emplace_back();
        if (!is_empty) row.cells.back() = std::string(rows->text(i, at));
        if (!is_empty || i >= needed) continue;
        complain(row.place, columns[i], "is missing");
        is_whole = false;
      }
      if (is_whole) (this->*add)(row);
    }
  }
  if (const auto error = rows->error()) problems_.push_back(file->problem(*error));
}

void LogReader::add_click(const Row& row) {
  ++log_.clicks;
  std::vector<Click>& clicks = clicks_[row.at(kId)];
  if (std::ranges::find(clicks, row.at(kItemId), &Click::item) != clicks.end()) {
    ++log_.repeated;
  } else {
    clicks.push_back({.item = row.at(kItemId), .credit = {}});
  }
}

std::optional<std::uint32_t> LogReader::rank_of(const Row& row, Column column) {
  if (!row.cells[column]) return 0;
  const auto rank = parse_number(row.at(column));
  if (rank && *rank >= 0 && *rank <= 1e9 && *rank == std::floor(*rank)) {
    return static_cast<std::uint32_t>(*rank);
  }
  complain(row.place, column == kControlRank ? "control_rank" : "treatment_rank",
           "\"" + row.at(column) + "\" is not a rank", "a whole number from 1; 0 or empty: none");
  return std::nullopt;
}

std::optional<Credit> LogReader::credit_of(const Row& row) {
  const auto position = parse_number(row.at(kPosition));
  if (!position) {
    complain(row.place, "position", "\"" + row.at(kPosition) + "\" is not a finite number",
             "1 is the top");
    return std::nullopt;
  }
  Credit credit{.position = *position};
  if (!*is_team_draft_) {
    const auto control = rank_of(row, kControlRank), treatment = rank_of(row, kTreatmentRank);
    if (!control || !treatment) return std::nullopt;
    credit.ranks = {*control, *treatment};
    return credit;
  }
  const std::string team = row.cells[kTeam].value_or("nobody");
  if (team != "control" && team != "treatment" && team != "nobody") {
    complain(row.place, "team", "\"" + team + "\" is no team",
             "control, treatment, or nobody (empty)");
    return std::nullopt;
  }
  credit.team = team == "control"     ? Preferred::kControl
                : team == "treatment" ? Preferred::kTreatment
                                      : Preferred::kNeither;
  return credit;
}

// The impression that the row belongs to, new if need be.
Impression* LogReader::impression_of(const Row& row) {
  if (has_units_ && !row.cells[kUnitId]) {
    complain(row.place, "unit", "is missing");
    return nullptr;
  }
  const std::string& name = row.at(has_units_ ? kUnitId : kId);
  const auto unit = units_.try_emplace(name, static_cast<std::uint32_t>(units_.size())).first;
  const auto [at, is_new] = impressions_.try_emplace(row.at(kId));
  if (is_new) {
    at->second = {.unit = unit->second, .top_position = HUGE_VAL};
  } else if (at->second.unit != unit->second) {
    complain(row.place, "unit", "the impression was of another unit before");
    return nullptr;
  }
  return &at->second;
}

void LogReader::credit_click(const Row& row, const Credit& credit) {
  const auto clicks = clicks_.find(row.at(kId));
  if (clicks == clicks_.end()) return;
  const auto click = std::ranges::find(clicks->second, row.at(kItemId), &Click::item);
  if (click == clicks->second.end()) return;
  if (click->credit && !click->credit->is_same(credit)) {
    complain(row.place, "item", "was shown before in this impression, in another place or team",
             kAnew);
  }
  click->credit = credit;
}

void LogReader::add_shown(const Row& row) {
  const auto credit = credit_of(row);
  if (!credit) return;
  Impression* impression = impression_of(row);
  if (impression == nullptr) return;
  credit_click(row, *credit);
  if (credit->position > impression->top_position) return;
  const bool by_control = credit->team == Preferred::kControl || credit->ranks.control == 1;
  const bool by_treatment = credit->team == Preferred::kTreatment || credit->ranks.treatment == 1;
  const Preferred top = by_control == by_treatment ? Preferred::kNeither
                        : by_control               ? Preferred::kControl
                                                   : Preferred::kTreatment;
  if (credit->position == impression->top_position && top != impression->top) {
    complain(row.place, "position", "another item was on top of this impression", kAnew);
  }
  impression->top_position = credit->position;
  impression->top = top;
}

Preferred LogReader::winner_of(std::vector<Click>& clicks) {
  std::erase_if(clicks, [](const Click& click) { return !click.credit; });
  std::ranges::sort(clicks, {}, [](const Click& click) { return click.credit->position; });
  std::vector<Preferred> teams;
  std::vector<Ranks> ranks;
  for (const Click& click : clicks) {
    teams.push_back(click.credit->team);
    ranks.push_back(click.credit->ranks);
  }
  return *is_team_draft_ ? stats::team_draft_winner(teams) : stats::balanced_winner(ranks);
}

void LogReader::finish() {
  log_.is_team_draft = is_team_draft_.value_or(true);
  for (const auto& [id, clicks] : clicks_) {
    log_.unknown += std::ranges::count_if(clicks, [](const auto& c) { return !c.credit; });
  }
  std::vector<stats::UnitPreferences> by_unit(units_.size());
  for (const auto& [id, impression] : impressions_) {
    ++log_.impressions;
    log_.control_first += impression.top == Preferred::kControl ? 1 : 0;
    log_.treatment_first += impression.top == Preferred::kTreatment ? 1 : 0;
    Preferred winner = Preferred::kNeither;
    if (const auto clicks = clicks_.find(id); clicks != clicks_.end()) {
      winner = winner_of(clicks->second);
      log_.clicked += clicks->second.empty() ? 0 : 1;
    }
    stats::UnitPreferences& unit = by_unit[impression.unit];
    ++(winner == Preferred::kTreatment ? unit.wins
       : winner == Preferred::kControl ? unit.losses
                                       : unit.ties);
  }
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, std::int64_t> alike;
  for (const stats::UnitPreferences& unit : by_unit) {
    ++alike[{unit.wins, unit.losses, unit.ties}];
    log_.wins += unit.wins;
    log_.losses += unit.losses;
  }
  for (const auto& [counts, units] : alike) {
    const auto& [wins, losses, ties] = counts;
    log_.units.push_back({.wins = wins, .losses = losses, .ties = ties, .units = units});
  }
}

}  // namespace

Checked<InterleavedLog> read_impressions(const std::vector<std::string>& impressions,
                                         const std::vector<std::string>& clicks) {
  return LogReader().read(impressions, clicks);
}

}  // namespace assay::io::duckdb
