#include "assay/cli/balance_command.h"

#include <algorithm>
#include <ostream>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/assign/balance.h"
#include "assay/base/hash.h"
#include "assay/base/text.h"
#include "assay/cli/row_context.h"

namespace assay::cli {
namespace {

using assign::Balance;
using assign::Context;
using assign::Handle;
using assign::Reason;
using assign::Snapshot;
using Json = nlohmann::ordered_json;

constexpr Handle kOnly{0};
constexpr std::size_t kMaxLevels = 1000;

struct Column {
  std::string name;
  std::size_t at = 0;  // In the file.
  std::unordered_map<std::string, std::uint32_t> numbers = {};
  std::vector<std::string> levels = {};
  assign::Strata strata = {};
};

struct List {
  std::vector<std::uint64_t> digests;
  std::vector<Column> columns;
  std::size_t left_out = 0;  // Not assigned by the hash.
  Problems problems;
};

class ListReader {
 public:
  ListReader(const Snapshot& snapshot, const BalanceRequest& request, UnitRows& rows)
      : snapshot_(snapshot),
        request_(request),
        rows_(rows),
        columns_(snapshot, {}, rows.header()),
        context_(snapshot) {}

  List read() {
    list_.problems = problems_of_header(rows_, columns_);
    find_columns();
    rows_.read_for([&](std::size_t column) {
      const Use use = columns_.use(column);
      const bool is_stratum =
          std::ranges::find(request_.columns, header()[column]) != request_.columns.end();
      return use == Use::kNothing && is_stratum ? Use::kText : use;
    });
    UnitRow row;
    while (list_.problems.size() < kMaxRowProblems && rows_.next(row)) {
      if (std::string wrong = columns_.why_unusable(row); !wrong.empty()) {
        problem(std::move(wrong));
      } else {
        add(row);
      }
    }
    if (auto problem = rows_.problem(); problem && list_.problems.empty()) {
      list_.problems.push_back(*std::move(problem));
    }
    if (list_.problems.empty() && list_.digests.empty()) problem("no unit of the list is assigned");
    for (Column& column : list_.columns) {
      column.strata.levels = static_cast<std::uint32_t>(column.levels.size());
    }
    return std::move(list_);
  }

 private:
  const std::vector<std::string>& header() const { return rows_.header(); }

  void problem(std::string message, std::string hint = {}) {
    list_.problems.push_back(
        {.place = rows_.place(), .message = std::move(message), .hint = std::move(hint)});
  }

  void find_columns() {
    for (const std::string& name : request_.columns) {
      if (std::ranges::find(list_.columns, name, &Column::name) != list_.columns.end()) {
        problem(fmt::format("--balance names '{}' twice", name), "name each column once");
        continue;
      }
      const auto found = std::ranges::find(header(), name);
      if (found == header().end()) {
        problem(fmt::format("there is no column '{}' to balance", name),
                fmt::format("the header has {}", fmt::join(header(), ", ")));
        continue;
      }
      list_.columns.push_back(
          {.name = name, .at = static_cast<std::size_t>(found - header().begin())});
    }
  }

  void add(const UnitRow& row) {
    if (std::string wrong = columns_.fill(row, context_); !wrong.empty()) {
      return problem(std::move(wrong));
    }
    const auto answer = snapshot_.evaluate(kOnly, context_);
    if (answer.reason != Reason::kSplit) {
      ++list_.left_out;
      return;
    }
    const assign::Unit& unit = snapshot_.unit(kOnly, answer, context_);
    if (!seen_.insert(unit.digest).second) {
      return problem(fmt::format("'{}' is there twice", unit.id.substr(0, 60)), "one row a unit");
    }
    list_.digests.push_back(unit.digest);
    for (Column& column : list_.columns) add_level(row.fields[column.at], column);
  }

  void add_level(const std::string& text, Column& column) {
    const auto [place, is_new] =
        column.numbers.try_emplace(text, static_cast<std::uint32_t>(column.levels.size()));
    if (is_new && column.levels.size() == kMaxLevels) {
      problem(fmt::format("'{}' has more than {} different values", column.name, kMaxLevels),
              "strata are groups: cut a number into a few of them");
    }
    if (is_new) column.levels.push_back(text);
    column.strata.level.push_back(place->second);
  }

  const Snapshot& snapshot_;
  const BalanceRequest& request_;
  UnitRows& rows_;
  RowContext columns_;
  Context context_;
  std::unordered_set<std::uint64_t> seen_;
  List list_;
};

// Balance needs a draw that depends on the salt alone, once for each unit.
Problems why_not(const define::Experiment& plan) {
  Problems problems;
  const auto add = [&](std::string field, std::string message, std::string hint) {
    problems.push_back({.place = {},
                        .field = std::move(field),
                        .message = std::move(message),
                        .hint = std::move(hint)});
  };
  if (plan.assignment.hash != define::HashScheme::kAssay) {
    add("hash", "another tool's splits cannot be balanced", "use assay's own hash");
  }
  if (plan.assignment.switchback) {
    add("switchback", "has a salt for each period, so that no salt can balance it",
        "balance the plan without it");
  }
  if (plan.variants.size() > 255) add("variants", "more than 255 cannot be balanced", "");
  return problems;
}

std::string level_name(const List& list, std::size_t column, std::size_t level) {
  if (column == list.columns.size()) return "all units";
  return list.columns[column].name + "=" + list.columns[column].levels[level];
}

Json to_json(const Balance& best, const List& list, const define::Experiment& plan,
             std::size_t salts) {
  Json json = {
      {"experiment", plan.id},
      {"salt", best.salt},
      {"salts", salts},
      {"imbalance", {{"chosen", best.imbalance}, {"plan", best.of_plan}, {"median", best.median}}},
      {"units", list.digests.size()},
      {"left_out", list.left_out},
      {"strata", Json::array()}};
  for (std::size_t c = 0; c < best.counts.size(); ++c) {
    for (std::size_t l = 0; l < best.counts[c].size(); ++l) {
      Json counts;
      for (std::size_t v = 0; v < plan.variants.size(); ++v) {
        counts[plan.variants[v].key] = best.counts[c][l][v];
      }
      json["strata"].push_back({{"name", level_name(list, c, l)}, {"units", counts}});
    }
  }
  return json;
}

void print(const Balance& best, const List& list, const define::Experiment& plan, std::size_t salts,
           std::ostream& out) {
  out << fmt::format("salt: {}\n\n", Json(best.salt).dump());
  out << fmt::format(
      "imbalance {:.3f}, the best of {} salts (the plan's own {:.3f}, the median "
      "{:.3f})\n{} units",
      best.imbalance, salts, best.of_plan, best.median, list.digests.size());
  if (list.left_out > 0) out << fmt::format(", {} left out: not assigned", list.left_out);
  out << "\n\n" << fmt::format("{:<30}", "");
  for (const define::Variant& variant : plan.variants) out << fmt::format("{:>14}", variant.key);
  out << '\n';
  for (std::size_t c = best.counts.size(); c-- > 0;) {
    for (std::size_t l = 0; l < best.counts[c].size(); ++l) {
      out << fmt::format("{:<30}", level_name(list, c, l));
      for (const std::size_t units : best.counts[c][l]) out << fmt::format("{:>14}", units);
      out << '\n';
    }
  }
}

}  // namespace

int run_balance(const Snapshot& snapshot, const define::Experiment& plan,
                const BalanceRequest& request, UnitRows& units, Streams streams) {
  if (const Problems problems = why_not(plan); !problems.empty()) {
    return report(streams, problems, request.json);
  }
  const List list = ListReader(snapshot, request, units).read();
  if (!list.problems.empty()) return report(streams, list.problems, request.json);
  std::vector<assign::Strata> strata;
  for (const Column& column : list.columns) strata.push_back(column.strata);
  std::vector<std::uint32_t> weights;
  for (const define::Variant& variant : plan.variants) weights.push_back(variant.weight);
  const std::string& salt = plan.assignment.salt.empty() ? plan.id : plan.assignment.salt;
  const Balance best =
      assign::find_balance(list.digests, strata, weights, salt, {.salts = request.salts});
  if (request.json) {
    const Json json = to_json(best, list, plan, request.salts);
    streams.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print(best, list, plan, request.salts, streams.out);
  }
  return streams.out.flush() ? kOk : kFailed;
}

}  // namespace assay::cli
