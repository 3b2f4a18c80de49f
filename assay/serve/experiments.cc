#include "assay/serve/experiments.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "assay/io/http/message.h"
#include "assay/serve/assigned.h"
#include "assay/serve/log.h"

namespace assay::serve {
namespace {

using io::sqlite::Approve;
using io::sqlite::Change;
using io::sqlite::Epoch;
using io::sqlite::ExperimentRecord;
using io::sqlite::NewVersion;
using io::sqlite::Records;
using RecordState = io::sqlite::State;
using RegisteredPtr = std::shared_ptr<const Registered>;

collect::KnownExperiment known_of(const Registered& experiment) {
  collect::KnownExperiment known;
  known.state = experiment.record.state == RecordState::kDraft     ? collect::State::kDraft
                : experiment.record.state == RecordState::kRunning ? collect::State::kRunning
                                                                   : collect::State::kStopped;
  if (known.state == collect::State::kStopped) known.stopped_at = experiment.record.stopped_at;
  for (const auto& variant : experiment.plan.variants) known.variants.push_back(variant.key);
  known.unit_kind = experiment.plan.assignment.unit;
  known.fallback_unit = experiment.plan.assignment.fallback_unit;
  known.version = std::to_string(experiment.record.version.number);
  for (const auto& epoch : experiment.epochs) {
    known.epochs.push_back({epoch.number, epoch.started_at});
  }
  for (const auto& one : experiment.plan.assignment.overrides) known.overridden.insert(one.unit_id);
  for (const assign::Cohort& one : experiment.cohorts) {
    const double total = std::accumulate(one.weights.begin(), one.weights.end(), 0.0);
    for (const std::uint32_t weight : one.weights) {
      known.propensities[one.epoch].push_back(weight / total);
    }
  }
  if (experiment.cohorts.empty()) {
    const auto total = static_cast<double>(experiment.plan.total_weight());
    const std::int64_t epoch = experiment.epochs.empty() ? 0 : experiment.epochs.front().number;
    for (const auto& one : experiment.plan.variants) {
      known.propensities[epoch].push_back(one.weight / total);
    }
  }
  known.expose_on_evaluation = experiment.plan.assignment.expose_on_evaluation;
  return known;
}

// The epoch of what the unit was answered, where that is remembered. Since a reshuffle it may have
// been answered anew: then the time says of which epoch an exposure from before is.
std::optional<std::int64_t> remembered_epoch(deliver::StickyStore& sticky, bool reshuffles,
                                             const std::vector<Epoch>& epochs,
                                             const collect::Exposure& exposure) {
  const auto memories = sticky.recall(exposure.unit_kind, exposure.unit_id);
  if (!memories) return std::nullopt;
  const auto found =
      std::ranges::find(*memories, exposure.experiment, &deliver::Memory::experiment);
  if (found == memories->end()) return std::nullopt;
  if (reshuffles) {
    const auto epoch = std::ranges::find(epochs, found->epoch, &Epoch::number);
    if (epoch != epochs.end() && exposure.time < epoch->started_at) return std::nullopt;
  }
  return found->epoch;
}

// Where the epoch of an exposure follows from the unit.
std::function<std::optional<std::int64_t>(const collect::Exposure&)> epoch_finder(
    const Registered& experiment, deliver::StickyStore* sticky) {
  const define::Assignment& plan = experiment.plan.assignment;
  if (plan.sticky && sticky != nullptr) {
    return [sticky, reshuffles = plan.reshuffle,
            epochs = experiment.epochs](const collect::Exposure& exposure) {
      return remembered_epoch(*sticky, reshuffles, epochs, exposure);
    };
  }
  if (experiment.earlier.empty() || !experiment.by_id) return {};
  return [by_id = experiment.by_id](const collect::Exposure& exposure) {
    return std::optional(by_id->epoch_of({0}, exposure.unit_id));
  };
}

// What is wrong in one sentence, and how to mend the first of it.
auto conflict(const std::string& what, const Problems& problems) {
  std::vector<std::string> all;
  for (const Problem& one : problems) all.push_back(fmt::format("{}: {}", one.field, one.message));
  return fail(Code::kConflict, fmt::format("{}: {}", what, fmt::join(all, "; ")),
              problems.front().hint);
}

Result<std::shared_ptr<const Served>> served_of(const View::List& experiments,
                                                deliver::StickyStore* sticky) {
  const auto running = running_of(experiments);
  auto snapshot = assign::compile(running);
  if (!snapshot) return conflict("the running experiments do not fit together", snapshot.error());
  std::vector<std::shared_ptr<Tally::Counters>> counters;
  counters.reserve(running.size());
  for (const RegisteredPtr& one : experiments) {
    if (!one->is_draft()) counters.push_back(one->counters);
  }
  return std::make_shared<const Served>(
      Served{deliver::Ofrep(std::move(*snapshot), sticky), Tally(std::move(counters))});
}

bool is_before(const RegisteredPtr& one, std::string_view id) { return one->record.id < id; }

// The same lists with `changed` in the place of `before`, or as the newest where that is null.
std::pair<View::List, View::List> with(const View& view, const RegisteredPtr& before,
                                       const RegisteredPtr& changed) {
  View::List newest_first = view.experiments;
  View::List sorted = view.by_id;
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), changed->record.id, is_before);
  if (before) {
    *std::ranges::find(newest_first, before) = changed;
    *at = changed;
  } else {
    newest_first.insert(newest_first.begin(), changed);
    sorted.insert(at, changed);
  }
  return {std::move(newest_first), std::move(sorted)};
}

// A bandit makes hundreds of epochs, so that those of before are not read again: while one lasts,
// no version of it allocates otherwise.
std::vector<assign::Cohort> cohorts_of(const Registered& before) {
  if (before.epochs.size() != 1) return before.cohorts;
  return {assign::cohort_of(before.plan, before.epoch)};
}

// The file says where an adaptive experiment began, not where it is.
void keep_weights(const define::Experiment& running, define::Experiment& wanted) {
  for (define::Variant& variant : wanted.variants) {
    const auto same = std::ranges::find(running.variants, variant.key, &define::Variant::key);
    if (same != running.variants.end()) variant.weight = same->weight;
  }
}

std::string what_may_change(const define::Assignment& running) {
  if (running.hash == define::HashScheme::kAssay) {
    return "register the change as a new experiment; traffic may be raised, and weights change "
           "together with that or where the plan says sticky or reshuffle";
  }
  return fmt::format(
      "register the change as a new experiment; traffic may be raised, and weights change where "
      "the plan says sticky or reshuffle, but not together with traffic under hash: {}, for only "
      "assay's own hash keeps everyone's split then",
      define::to_word(running.hash));
}

// What a new version of a running experiment changes; kConflict where that is frozen.
Result<define::PlanChange> change_of(const Registered& before, define::Experiment& plan) {
  const define::Assignment& running = before.plan.assignment;
  define::keep_slots(before.plan, plan);
  if (running.adaptive_floor_ppm) keep_weights(before.plan, plan);
  define::PlanChange difference = define::compare_plans(before.plan, plan);
  if (difference.frozen.empty()) return difference;
  return fail(Code::kConflict,
              fmt::format("{} is running; frozen: {}", plan.id, fmt::join(difference.frozen, ", ")),
              what_may_change(running));
}

NewVersion version_of(const define::Experiment& plan, std::string source) {
  return {.id = plan.id,
          .name = plan.name,
          .fingerprint = define::fingerprint(plan),
          .plan_json = define::canonical_json(plan),
          .source = std::move(source)};
}

Refusal refused(Error error) { return {{}, std::move(error)}; }

}  // namespace

std::vector<const assign::Running*> running_of(const View::List& experiments) {
  std::vector<const assign::Running*> running;
  running.reserve(experiments.size());
  for (const RegisteredPtr& experiment : experiments) {
    if (!experiment->is_draft()) running.push_back(experiment.get());
  }
  return running;
}

Rules rules_of(const View& view) {
  Rules rules{.json = assign::snapshot_json(running_of(view.experiments)), .etag = {}};
  rules.etag = io::http::etag_of(rules.json);
  return rules;
}

RegisteredPtr View::find(std::string_view id) const {
  const auto at = std::lower_bound(by_id.begin(), by_id.end(), id, is_before);
  return at == by_id.end() || (*at)->record.id != id ? nullptr : *at;
}

const collect::KnownExperiment* View::known(std::string_view id) const {
  const RegisteredPtr found = find(id);
  return found ? &found->known : nullptr;
}

std::vector<std::string_view> View::known_ids() const {
  std::vector<std::string_view> ids;
  for (const RegisteredPtr& one : by_id) ids.emplace_back(one->record.id);
  return ids;
}

Result<std::unique_ptr<Experiments>> Experiments::open(Records& records,
                                                       define::Catalogue catalogue,
                                                       deliver::StickyStore* sticky) {
  std::unique_ptr<Experiments> experiments(new Experiments(records, std::move(catalogue), sticky));
  ASSAY_TRY(const auto stored, records.experiments());
  View::List newest_first;
  for (const ExperimentRecord& record : stored) {
    ASSAY_TRY(const auto epochs, records.epochs(record.id));
    ASSAY_TRY(auto cohorts, experiments->stored_cohorts(record, epochs));
    ASSAY_TRY(auto one, experiments->load(record, epochs, std::move(cohorts), nullptr));
    newest_first.push_back(std::move(one));
  }
  ASSAY_TRY(auto served, served_of(newest_first, sticky));
  View::List sorted = newest_first;
  std::ranges::sort(sorted, {}, [](const RegisteredPtr& one) { return one->record.id; });
  experiments->view_ =
      std::make_shared<const View>(std::move(newest_first), std::move(sorted), std::move(served));
  return experiments;
}

std::shared_ptr<const View> Experiments::view() const {
  const std::scoped_lock lock(view_mutex_);
  return view_;
}

Result<RegisteredPtr> Experiments::load(const ExperimentRecord& record,
                                        const std::vector<Epoch>& epochs,
                                        std::vector<assign::Cohort> cohorts,
                                        const Registered* before) const {
  auto made = std::make_shared<Registered>();
  Registered& loaded = *made;
  loaded.record = record;
  ASSAY_TRY(loaded.plan, define::from_canonical_json(record.version.plan_json));
  loaded.version = static_cast<std::uint32_t>(record.version.number);
  loaded.is_stopped = !loaded.is_running();
  loaded.epochs = epochs;
  // Warnings are not stored: what they say follows from the file.
  const auto parsed = define::parse(
      record.version.source,
      {.file = record.id, .catalogue = loaded.is_draft() ? catalogue_ : catalogue_for(loaded)});
  if (parsed) {
    for (const Problem& warning : parsed->warnings) loaded.warnings.push_back(to_text(warning));
  }
  if (!epochs.empty()) loaded.epoch = epochs.back().number;
  if (epochs.size() > 1) {
    if (cohorts.size() < epochs.size()) {
      cohorts.push_back(assign::cohort_of(loaded.plan, loaded.epoch));
    }
    loaded.cohorts = std::move(cohorts);
    loaded.earlier = assign::lasting(loaded.plan, loaded.cohorts);
  }
  if (!loaded.is_draft()) {
    loaded.by_id = compile_by_id(loaded);
    loaded.counters = before != nullptr ? before->counters : nullptr;
    if (!loaded.counters) loaded.counters = Tally::counters_of(loaded.plan);
  }
  loaded.known = known_of(loaded);
  loaded.known.epoch_of = epoch_finder(loaded, sticky_);
  return made;
}

// An epoch allocates what its version says, for good.
Result<std::vector<assign::Cohort>> Experiments::stored_cohorts(
    const ExperimentRecord& record, const std::vector<Epoch>& epochs) const {
  std::vector<assign::Cohort> cohorts;
  if (epochs.size() < 2) return cohorts;
  ASSAY_TRY(const auto versions, records_.versions(record.id));
  for (const Epoch& epoch : epochs) {
    const auto version = std::ranges::find(versions, epoch.version, &io::sqlite::Version::number);
    if (version == versions.end()) continue;
    ASSAY_TRY(const define::Experiment plan, define::from_canonical_json(version->plan_json));
    cohorts.push_back(assign::cohort_of(plan, epoch.number));
  }
  return cohorts;
}

Result<RegisteredPtr> Experiments::publish(
    const std::string& id, const std::function<Result<void>(const Approve&)>& write) {
  const auto before = view();
  const RegisteredPtr was = before->find(id);
  RegisteredPtr changed;
  std::shared_ptr<const View> next;
  const auto prepare = [&](const ExperimentRecord& record,
                           const std::vector<Epoch>& epochs) -> Result<void> {
    ASSAY_TRY(changed, load(record, epochs, was ? cohorts_of(*was) : std::vector<assign::Cohort>(),
                            was.get()));
    auto [newest_first, sorted] = with(*before, was, changed);
    auto served = before->served;
    if (!changed->is_draft()) {
      ASSAY_TRY(served, served_of(newest_first, sticky_));
    }
    next =
        std::make_shared<const View>(std::move(newest_first), std::move(sorted), std::move(served));
    return {};
  };
  ASSAY_TRY_VOID(write(prepare));
  if (!next) return was;  // It was so before.
  {
    const std::scoped_lock lock(view_mutex_);
    view_ = next;
  }
  if (listener_) listener_(*next);
  return changed;
}

Expected<Addition, Refusal> Experiments::add(std::string_view text, const std::string& file,
                                             const Change& change, AddOptions options) {
  const std::scoped_lock lock(change_mutex_);
  const RegisteredPtr before = view()->find(define::id_in(text));
  auto parsed = define::parse(
      text, {.file = file,
             .catalogue = !before || before->is_draft() ? catalogue_ : catalogue_for(*before)});
  if (!parsed) return unexpected(Refusal{std::move(parsed).error(), {}});
  define::Experiment& plan = parsed->experiment;
  if (Problems problems = assign::unsupported(plan); !problems.empty()) {
    for (Problem& one : problems) one.place.file = file;
    return unexpected(Refusal{std::move(problems), {}});
  }
  const bool is_running = before && before->is_running();
  bool opens_epoch = false;
  if (is_running) {
    const auto difference = change_of(*before, plan);
    if (!difference) return unexpected(refused(difference.error()));
    opens_epoch = difference->opens_epoch;
  }
  NewVersion version = version_of(plan, std::string(text));
  version.opens_epoch = opens_epoch;
  const bool is_new = !before || before->record.version.fingerprint != version.fingerprint;
  if (!is_new && (is_running || !options.start)) return Addition{before, false};
  auto stored = options.start && !is_running
                    ? run(plan, version.source, change)
                    : publish(plan.id, [&](const Approve& approve) -> Result<void> {
                        ASSAY_TRY_VOID(records_.add_version(version, change, approve));
                        return {};
                      });
  if (!stored) return unexpected(refused(std::move(stored).error()));
  return Addition{std::move(*stored), is_new};
}

// A started experiment keeps the holdouts it started with, whatever the catalogue says by now.
define::Catalogue Experiments::catalogue_for(const Registered& running) const {
  define::Catalogue catalogue = catalogue_;
  catalogue.holdouts.clear();
  for (const define::Holdout& one : running.plan.assignment.holdouts) {
    catalogue.holdouts.push_back({.holdout = one, .layers = {}});
  }
  return catalogue;
}

// Where the plan asks for a share of its layer: what is free beside the running experiments.
Result<void> Experiments::find_slots(define::Experiment& plan) const {
  if (!plan.assignment.share_ppm || !plan.assignment.slots.empty()) return {};
  const auto current = view();
  std::vector<const define::Experiment*> running;
  for (const RegisteredPtr& other : current->experiments) {
    if (other->is_running()) running.push_back(&other->plan);
  }
  auto slots = define::find_slots(plan, running);
  if (!slots) {
    return fail(Code::kConflict, slots.error().front().message, slots.error().front().hint);
  }
  plan.assignment.slots = std::move(*slots);
  return {};
}

Result<void> Experiments::check_prerequisites(const define::Experiment& plan) const {
  for (const define::Prerequisite& one : assign::all_prerequisites(plan.assignment)) {
    const auto other = view()->find(one.experiment);
    if (other && other->is_running()) continue;
    return fail(Code::kConflict,
                fmt::format("{} needs a variant of {}, which {}", plan.id, one.experiment,
                            other ? "does not run" : "is not registered"),
                "start that one first, or drop the prerequisite");
  }
  return {};
}

Result<void> Experiments::check_startable(const define::Experiment& plan) const {
  std::vector<std::string> undefined;
  for (const define::PlannedMetric& metric : plan.metrics) {
    if (!metric.definition) undefined.push_back(metric.name);
  }
  if (!undefined.empty()) {
    return fail(Code::kConflict,
                fmt::format("{} names metrics that are defined nowhere: {}", plan.id,
                            fmt::join(undefined, ", ")),
                "define them under `metrics:` in the file, or in the catalogue given to assay "
                "serve --catalogue");
  }
  if (const Problems problems = assign::unsupported(plan); !problems.empty()) {
    return conflict(plan.id + " cannot be assigned", problems);
  }
  ASSAY_TRY_VOID(check_prerequisites(plan));
  std::vector<const define::Experiment*> together = {&plan};
  const auto current = view();
  for (const RegisteredPtr& other : current->experiments) {
    if (other->is_running() && other->record.id != plan.id) together.push_back(&other->plan);
  }
  if (const Problems problems = define::layer_conflicts(together); !problems.empty()) {
    std::vector<std::string> all;
    for (const Problem& one : problems) all.push_back(one.message);
    return fail(Code::kConflict, fmt::format("{}", fmt::join(all, "; ")), problems.front().hint);
  }
  return {};
}

Result<RegisteredPtr> Experiments::start(const std::string& id, const Change& change) {
  const std::scoped_lock lock(change_mutex_);
  const RegisteredPtr experiment = view()->find(id);
  if (!experiment) {
    return fail(Code::kNotFound, "no experiment " + id, "GET /v1/experiments lists them");
  }
  return run(experiment->plan, experiment->record.version.source, change);
}

// Starts this plan: that of the draft, or the one that was just sent.
Result<RegisteredPtr> Experiments::run(define::Experiment plan, const std::string& source,
                                       const Change& change) {
  const RegisteredPtr before = view()->find(plan.id);
  if (before && !before->is_draft()) {  // Refused, whatever stands beside it.
    ASSAY_TRY_VOID(records_.start(plan.id, change));
  }
  ASSAY_TRY_VOID(find_slots(plan));
  ASSAY_TRY_VOID(check_startable(plan));
  std::optional<NewVersion> version;
  if (!before || before->plan != plan) version = version_of(plan, source);
  const auto write = [&](const Approve& approve) -> Result<void> {
    ASSAY_TRY_VOID(records_.start(plan.id, change, version, approve));
    return {};
  };
  ASSAY_TRY(auto running, publish(plan.id, write));
  log_info("experiment_started", {{"experiment", plan.id}, {"actor", change.actor}});
  return running;
}

Expected<RegisteredPtr, Refusal> Experiments::reweigh(const std::string& id, std::string_view text,
                                                      const Change& change) {
  const std::scoped_lock lock(change_mutex_);
  const RegisteredPtr before = view()->find(id);
  if (!before) {
    return unexpected(
        refused({Code::kNotFound, "no experiment " + id, "GET /v1/experiments lists them"}));
  }
  if (!before->is_running()) {
    return unexpected(refused({Code::kConflict, id + " does not run", "start it first"}));
  }
  auto weights = define::parse_reweighing(text, before->plan);
  if (!weights) return unexpected(Refusal{std::move(weights).error(), {}});
  define::Experiment plan = before->plan;
  for (std::size_t i = 0; i < plan.variants.size(); ++i) plan.variants[i].weight = (*weights)[i];
  NewVersion version = version_of(plan, before->record.version.source);
  version.opens_epoch = true;
  version.action = "weights";
  auto changed = publish(id, [&](const Approve& approve) -> Result<void> {
    ASSAY_TRY_VOID(records_.add_version(version, change, approve));
    return {};
  });
  if (!changed) return unexpected(refused(std::move(changed).error()));
  return std::move(*changed);
}

Result<RegisteredPtr> Experiments::stop(const std::string& id, const Change& change) {
  const std::scoped_lock lock(change_mutex_);
  const auto write = [&](const Approve& approve) -> Result<void> {
    ASSAY_TRY_VOID(records_.stop(id, change, approve));
    return {};
  };
  ASSAY_TRY(auto stopped, publish(id, write));
  log_info("experiment_stopped", {{"experiment", id}, {"actor", change.actor}});
  return stopped;
}

}  // namespace assay::serve
