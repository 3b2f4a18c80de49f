// The graph of prerequisites: Kahn's order (A. B. Kahn, CACM 5 (1962)) finds what no cycle touches;
// whatever is left leads into a cycle. No recursion, however long the chains are.
#include <algorithm>
#include <string>
#include <unordered_map>

#include "assay/assign/snapshot.h"
#include "assay/assign/special.h"

namespace assay::assign {
namespace {

constexpr std::size_t kShownOfCycle = 10;

Problem problem(const Running& running, std::string message, std::string hint) {
  return {.place = {},
          .field = running.plan.id + ".prerequisites",
          .message = std::move(message),
          .hint = std::move(hint)};
}

class Graph {
 public:
  explicit Graph(std::span<const Running* const> experiments) : experiments_(experiments) {
    for (std::size_t i = 0; i < experiments.size(); ++i) index_.emplace(plan(i).id, i);
    needs_.resize(experiments.size());
    for (std::size_t i = 0; i < experiments.size(); ++i) connect(i);
  }

  Problems check() {
    const std::vector<std::size_t> order = sorted();
    std::vector<int> cost(experiments_.size(), 0);  // Evaluations, its own included; 0: no order.
    for (const std::size_t i : order) {
      int sum = 1;
      for (const std::size_t other : needs_[i]) sum = std::min(sum + cost[other], 1 << 20);
      cost[i] = sum;
      if (sum > kMaxEvaluations) {
        problems_.push_back(problem(*experiments_[i],
                                    "lead to more than " + std::to_string(kMaxEvaluations) +
                                        " experiments that must be asked first",
                                    "name the experiments that matter by themselves"));
      }
    }
    if (order.size() < experiments_.size()) name_cycle(cost);
    return std::move(problems_);
  }

 private:
  const define::Experiment& plan(std::size_t i) const { return experiments_[i]->plan; }

  void connect(std::size_t i) {
    if (experiments_[i]->is_stopped) return;
    for (const define::Prerequisite& one : all_prerequisites(plan(i).assignment)) {
      const auto found = index_.find(one.experiment);
      if (found == index_.end()) continue;
      needs_[i].push_back(found->second);
      const auto& variants = plan(found->second).variants;
      for (const std::string& key : one.variants) {
        if (std::ranges::find(variants, key, &define::Variant::key) != variants.end()) continue;
        problems_.push_back(problem(*experiments_[i],
                                    one.experiment + " has no variant \"" + key + "\"",
                                    "name variants of that experiment"));
      }
    }
  }

  // Every experiment after those it needs.
  std::vector<std::size_t> sorted() const {
    std::vector<std::size_t> waits(needs_.size());
    std::vector<std::vector<std::size_t>> needed_by(needs_.size());
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      waits[i] = needs_[i].size();
      for (const std::size_t other : needs_[i]) needed_by[other].push_back(i);
      if (waits[i] == 0) order.push_back(i);
    }
    for (std::size_t done = 0; done < order.size(); ++done) {
      for (const std::size_t i : needed_by[order[done]]) {
        if (--waits[i] == 0) order.push_back(i);
      }
    }
    return order;
  }

  // From anywhere outside of the order, following what is needed there, one comes round.
  void name_cycle(const std::vector<int>& cost) {
    std::size_t at = 0;
    while (cost[at] != 0) ++at;
    std::vector<std::size_t> path;
    auto seen = path.end();
    for (; seen == path.end(); seen = std::ranges::find(path, at)) {
      path.push_back(at);
      at = *std::ranges::find_if(needs_[at], [&](std::size_t other) { return cost[other] == 0; });
    }
    const std::vector<std::size_t> cycle(seen, path.end());
    std::string names;
    for (std::size_t i = 0; i < std::min(cycle.size(), kShownOfCycle); ++i) {
      names += plan(cycle[i]).id + " → ";
    }
    if (cycle.size() > kShownOfCycle) names += "… → ";
    problems_.push_back(problem(*experiments_[cycle.front()],
                                "form a cycle: " + names + plan(cycle.front()).id,
                                "drop one of them"));
  }

  std::span<const Running* const> experiments_;
  std::unordered_map<std::string_view, std::size_t> index_;
  std::vector<std::vector<std::size_t>> needs_;
  Problems problems_;
};

}  // namespace

Problems prerequisite_problems(std::span<const Running* const> experiments) {
  const auto has_some = [](const Running* one) {
    return !one->is_stopped && !all_prerequisites(one->plan.assignment).empty();
  };
  if (std::ranges::none_of(experiments, has_some)) return {};
  return Graph(experiments).check();
}

}  // namespace assay::assign
