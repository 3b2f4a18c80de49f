// Methods that re-draw the experiment's own randomness.
#include <array>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/permutation.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

// One variant's rows, with the cluster and the block of each where the design has them.
struct VariantRows {
  std::vector<double> values;
  std::optional<std::vector<double>> clusters;
  std::optional<std::vector<double>> blocks;
};

VariantRows read_rows(Request& request, const std::string& variant) {
  VariantRows rows{.values = request.numbers(variant, "one value per row")};
  const auto labels = [&](const char* what, std::string_view about) {
    const std::string name = variant + what;
    auto numbers = request.maybe_numbers(name, about);
    if (numbers && numbers->size() != rows.values.size()) {
      request.wrong(name, fmt::format("must be as many as {}, one label per row", variant));
    }
    return numbers;
  };
  rows.clusters = labels("_clusters", "number of each row's cluster, where clusters were assigned");
  rows.blocks = labels("_blocks", "number of each row's block, where blocks were randomized apart");
  return rows;
}

void require_both(Request& request, const char* what, bool control, bool treatment) {
  if (control == treatment) return;
  request.wrong(fmt::format("{}_{}", control ? "treatment" : "control", what),
                "is needed where the other variant has it");
}

// Rows to groups: each row is one, or the rows of a cluster are. A cluster lies in one block.
void add_groups(const VariantRows& rows, bool treated, Request& request,
                std::map<double, std::int64_t>& blocks, std::vector<RandomizedGroup>& groups) {
  std::map<double, std::size_t> known;
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    const double label = rows.blocks ? (*rows.blocks)[i] : 0;
    const std::int64_t block =
        blocks.try_emplace(label, static_cast<std::int64_t>(blocks.size())).first->second;
    if (rows.clusters) {
      const auto [place, is_new] = known.try_emplace((*rows.clusters)[i], groups.size());
      RandomizedGroup* const before = is_new ? nullptr : &groups[place->second];
      if (before != nullptr && before->block != block) {
        request.wrong(treated ? "treatment_blocks" : "control_blocks",
                      fmt::format("cluster {} lies in two blocks", (*rows.clusters)[i]));
      }
      if (before != nullptr) {
        before->sum += rows.values[i];
        ++before->rows;
        continue;
      }
    }
    groups.push_back({.sum = rows.values[i], .treated = treated, .block = block});
  }
}

Stat<json> permutation(Request& request) {
  static constexpr std::array<std::string_view, 2> kStatistics = {"studentized", "difference"};
  const VariantRows control = read_rows(request, "control");
  const VariantRows treatment = read_rows(request, "treatment");
  require_both(request, "clusters", control.clusters.has_value(), treatment.clusters.has_value());
  require_both(request, "blocks", control.blocks.has_value(), treatment.blocks.has_value());
  PermutationOptions options;
  if (request.choice("statistic", kStatistics, "studentized") == "difference") {
    options.statistic = PermutationStatistic::kDifference;
  }
  options.alternative = read_alternative(request);
  options.draws = request.count("draws", {.fallback = 9999,
                                          .at_least = 1,
                                          .at_most = 1e6,
                                          .about = "where there are more than a million "
                                                   "assignments"});
  options.seed = static_cast<std::uint64_t>(request.count("seed", {.fallback = 0}));
  if (!request.usable()) return nothing();
  std::vector<RandomizedGroup> groups;
  std::map<double, std::int64_t> blocks;
  add_groups(control, false, request, blocks, groups);
  add_groups(treatment, true, request, blocks, groups);
  const double work = static_cast<double>(options.draws) * static_cast<double>(groups.size());
  if (work > 1e9) request.wrong("draws", "draws times units must be at most 1e9");
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Permutation test, permutation_test(groups, options));
  json out = {{"method", "permutation"},
              {"estimate", test.difference},
              {"p_value", test.p_value},
              {"exact", test.exact},
              {"assignments", test.assignments}};
  if (test.statistic) out["statistic"] = *test.statistic;
  return out;
}

constexpr std::array kCalculators = {
    Calculator{"permutation",
               "How often would the assignment, re-drawn, show as large a difference?",
               permutation},
};

}  // namespace

std::span<const Calculator> resampling_calculators() { return kCalculators; }

}  // namespace assay::stats
