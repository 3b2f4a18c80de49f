#include "assay/cli/earlier.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "assay/define/freeze.h"

namespace assay::cli {
namespace {

void append(Problems& problems, const std::string& file, std::string field, std::string message,
            std::string hint) {
  problems.push_back({.place = {.file = file},
                      .field = std::move(field),
                      .message = std::move(message),
                      .hint = std::move(hint)});
}

// Files that are no version of any of the plans.
void check_ids(const std::vector<PlanFile>& present, const std::vector<PlanFile>& earlier,
               Problems& problems) {
  std::vector<std::string> ids;
  for (const PlanFile& one : present) ids.push_back(one.plan.id);
  for (const PlanFile& one : earlier) {
    if (std::ranges::find(ids, one.plan.id) != ids.end()) continue;
    append(problems, one.file, "id",
           fmt::format("--earlier is for the versions of {}, and this is {}",
                       fmt::join(ids, " or "), one.plan.id),
           "an experiment that runs beside it goes to --with");
  }
}

}  // namespace

Checked<History> history_of(const PlanFile& present, const std::vector<PlanFile>& earlier) {
  Problems problems;
  check_ids({present}, earlier, problems);
  if (!problems.empty()) return unexpected(std::move(problems));
  History history;
  std::vector<PlanFile> versions = earlier;
  versions.push_back(present);
  for (std::size_t i = 0; i < versions.size(); ++i) {
    define::Experiment& plan = versions[i].plan;
    define::keep_slots(present.plan, plan);
    const auto& overrides = plan.assignment.overrides;
    history.overrides.insert(history.overrides.end(), overrides.begin(), overrides.end());
    define::PlanChange change;
    if (i > 0) change = define::compare_plans(versions[i - 1].plan, plan);
    if (!change.frozen.empty()) {
      append(
          problems, versions[i].file, fmt::format("{}", fmt::join(change.frozen, ", ")),
          fmt::format("differs from {}, and cannot change while {} runs", versions[i - 1].file,
                      plan.id),
          "--earlier takes the versions oldest first; each may raise traffic, and change weights "
          "together with that or where the plan says reshuffle");
    }
    const auto number = static_cast<std::int64_t>(history.epochs.size());
    if (i == 0 || change.opens_epoch) history.epochs.push_back(assign::cohort_of(plan, number));
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  return history;
}

Checked<std::vector<History>> histories_of(const std::vector<PlanFile>& present,
                                           const std::vector<PlanFile>& earlier) {
  Problems problems;
  check_ids(present, earlier, problems);
  std::vector<History> histories;
  for (const PlanFile& one : present) {
    std::vector<PlanFile> mine;
    std::ranges::copy_if(earlier, std::back_inserter(mine),
                         [&](const PlanFile& each) { return each.plan.id == one.plan.id; });
    if (!mine.empty() && one.plan.assignment.sticky) {
      append(problems, one.file, "sticky",
             "what units were given before is in the server's store, and no earlier file has it",
             "ask the server, or analyze its exposures and events");
    }
    auto history = history_of(one, mine);
    if (history) {
      histories.push_back(*std::move(history));
    } else {
      problems.insert(problems.end(), history.error().begin(), history.error().end());
    }
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  return histories;
}

std::map<std::int64_t, std::vector<std::uint32_t>> epoch_weights(const History& history) {
  std::map<std::int64_t, std::vector<std::uint32_t>> weights;
  for (const assign::Cohort& one : history.epochs) weights[one.epoch] = one.weights;
  return weights;
}

std::function<std::int64_t(std::string_view)> epoch_by_id(const define::Experiment& plan,
                                                          const History& history) {
  if (history.epochs.size() == 1) return [](std::string_view) { return 0; };
  if (plan.assignment.sticky || plan.assignment.reshuffle) return nullptr;
  const assign::Running running = running_after(plan, history);
  const auto snapshot = assign::compile({&running, 1});
  if (!snapshot) return nullptr;
  return [snapshot = *snapshot](std::string_view id) { return snapshot->epoch_of({0}, id); };
}

assign::Running running_after(const define::Experiment& plan, const History& history) {
  return {.plan = plan,
          .epoch = history.epochs.back().epoch,
          .earlier = assign::lasting(plan, history.epochs)};
}

}  // namespace assay::cli
