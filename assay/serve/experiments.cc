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

using io::sqlite::Change;
using io::sqlite::ExperimentRecord;
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
std::optional<std::int64_t> remembered_epoch(deliver::StickyStore& sticky,
                                             const Registered& experiment,
                                             const collect::Exposure& exposure) {
  const auto memories = sticky.recall(exposure.unit_kind, exposure.unit_id);
  if (!memories) return std::nullopt;
  const auto found =
      std::ranges::find(*memories, exposure.experiment, &deliver::Memory::experiment);
  if (found == memories->end()) return std::nullopt;
  if (experiment.plan.assignment.reshuffle) {
    const auto epoch =
        std::ranges::find(experiment.epochs, found->epoch, &io::sqlite::Epoch::number);
    if (epoch != experiment.epochs.end() && exposure.time < epoch->started_at) return std::nullopt;
  }
  return found->epoch;
}

// What is wrong in one sentence, and how to mend the first of it.
auto conflict(const std::string& what, const Problems& problems) {
  std::vector<std::string> all;
  for (const Problem& one : problems) all.push_back(fmt::format("{}: {}", one.field, one.message));
  return fail(Code::kConflict, fmt::format("{}: {}", what, fmt::join(all, "; ")),
              problems.front().hint);
}

Result<std::shared_ptr<const assign::Snapshot>> compile(
    const std::vector<RegisteredPtr>& experiments) {
  auto compiled = assign::compile(running_of(experiments));
  if (compiled) return std::move(*compiled);
  return conflict("the running experiments do not fit together", compiled.error());
}

Result<std::shared_ptr<const Served>> served_of(const std::vector<RegisteredPtr>& experiments,
                                                deliver::StickyStore* sticky, Tallies& tallies) {
  ASSAY_TRY(auto snapshot, compile(experiments));
  Tally tally = tallies.of(*snapshot);
  return std::make_shared<const Served>(
      Served{deliver::Ofrep(std::move(snapshot), sticky), std::move(tally)});
}

std::shared_ptr<const View> make_view(std::vector<RegisteredPtr> experiments,
                                      std::shared_ptr<const Served> served,
                                      deliver::StickyStore* sticky) {
  collect::Known known;
  for (const RegisteredPtr& one : experiments) {
    collect::KnownExperiment& mine = known[one->record.id] = known_of(*one);
    if (one->plan.assignment.sticky && sticky != nullptr) {
      mine.epoch_of = [sticky, one](const collect::Exposure& exposure) {
        return remembered_epoch(*sticky, *one, exposure);
      };
    } else if (!one->earlier.empty()) {
      mine.epoch_of = [served](const collect::Exposure& exposure) -> std::optional<std::int64_t> {
        const assign::Snapshot& snapshot = served->ofrep.snapshot();
        return snapshot.epoch_of(*snapshot.find(exposure.experiment), exposure.unit_id);
      };
    }
  }
  return std::make_shared<const View>(
      View{std::move(experiments), std::move(served), std::move(known)});
}

// The list with `changed` in its place, or in front when it is new.
std::vector<RegisteredPtr> with(std::vector<RegisteredPtr> all, RegisteredPtr changed) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const RegisteredPtr& one) {
    return one->record.id == changed->record.id;
  });
  if (at == all.end()) {
    all.insert(all.begin(), std::move(changed));
  } else {
    *at = std::move(changed);
  }
  return all;
}

// Asked before a change is stored: a stored one that cannot be served would stop the next start.
Result<void> check_fits(const View& view, Registered changed) {
  ASSAY_TRY_VOID(compile(with(view.experiments, std::make_shared<Registered>(std::move(changed)))));
  return {};
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

Refusal refused(Error error) { return {{}, std::move(error)}; }

}  // namespace

assign::Running running_of(const Registered& experiment) {
  return {.plan = experiment.plan,
          .version = static_cast<std::uint32_t>(experiment.record.version.number),
          .epoch = experiment.epochs.empty() ? 0 : experiment.epochs.back().number,
          .is_stopped = !experiment.is_running(),
          .earlier = experiment.earlier};
}

std::vector<assign::Running> running_of(const std::vector<RegisteredPtr>& experiments) {
  std::vector<assign::Running> running;
  for (const RegisteredPtr& experiment : experiments) {
    if (experiment->record.state == RecordState::kDraft) continue;
    running.push_back(running_of(*experiment));
  }
  return running;
}

Rules rules_of(const View& view) {
  Rules rules{.json = assign::snapshot_json(running_of(view.experiments)), .etag = {}};
  rules.etag = io::http::etag_of(rules.json);
  return rules;
}

RegisteredPtr View::find(std::string_view id) const {
  const auto at = std::find_if(experiments.begin(), experiments.end(),
                               [&](const RegisteredPtr& one) { return one->record.id == id; });
  return at == experiments.end() ? nullptr : *at;
}

Result<std::unique_ptr<Experiments>> Experiments::open(Records& records,
                                                       define::Catalogue catalogue,
                                                       deliver::StickyStore* sticky) {
  std::unique_ptr<Experiments> experiments(new Experiments(records, std::move(catalogue), sticky));
  ASSAY_TRY(const auto stored, records.experiments());
  std::vector<RegisteredPtr> loaded;
  for (const ExperimentRecord& record : stored) {
    ASSAY_TRY(Registered one, experiments->load(record, nullptr));
    loaded.push_back(std::make_shared<const Registered>(std::move(one)));
  }
  ASSAY_TRY(auto served, served_of(loaded, sticky, experiments->tallies_));
  experiments->view_ = make_view(std::move(loaded), std::move(served), sticky);
  return experiments;
}

std::shared_ptr<const View> Experiments::view() const {
  const std::scoped_lock lock(view_mutex_);
  return view_;
}

Result<Registered> Experiments::load(const ExperimentRecord& record,
                                     const Registered* before) const {
  Registered loaded;
  loaded.record = record;
  ASSAY_TRY(loaded.plan, define::from_canonical_json(record.version.plan_json));
  ASSAY_TRY(loaded.epochs, records_.epochs(record.id));
  // Warnings are not stored: what they say follows from the file.
  const bool is_draft = record.state == RecordState::kDraft;
  const auto parsed = define::parse(
      record.version.source,
      {.file = record.id, .catalogue = is_draft ? catalogue_ : catalogue_for(loaded)});
  if (parsed) {
    for (const Problem& warning : parsed->warnings) loaded.warnings.push_back(to_text(warning));
  }
  ASSAY_TRY_VOID(load_epochs(loaded, before));
  if (!is_draft) loaded.by_id = compile_by_id(loaded);
  return loaded;
}

// An epoch allocates what its version says, for good. A bandit makes hundreds of them, so that only
// those that are new are read; the newest one's version mostly is the experiment's.
Result<void> Experiments::load_epochs(Registered& loaded, const Registered* before) const {
  if (loaded.epochs.size() < 2) return {};
  if (before != nullptr) loaded.cohorts = before->cohorts;
  std::vector<io::sqlite::Version> versions;
  for (const auto& epoch : loaded.epochs) {
    const auto is_of = [&](const auto& version) { return version.number == epoch.version; };
    if (std::ranges::find(loaded.cohorts, epoch.number, &assign::Cohort::epoch) !=
        loaded.cohorts.end())
      continue;
    if (is_of(loaded.record.version)) {
      loaded.cohorts.push_back(assign::cohort_of(loaded.plan, epoch.number));
      continue;
    }
    if (versions.empty()) {
      ASSAY_TRY(versions, records_.versions(loaded.record.id));
    }
    const auto version = std::ranges::find_if(versions, is_of);
    if (version == versions.end()) continue;
    ASSAY_TRY(const define::Experiment plan, define::from_canonical_json(version->plan_json));
    loaded.cohorts.push_back(assign::cohort_of(plan, epoch.number));
  }
  loaded.earlier = assign::lasting(loaded.plan, loaded.cohorts);
  return {};
}

// Loads the changed experiment anew and swaps in a view with it.
Result<RegisteredPtr> Experiments::publish(const std::string& changed_id) {
  ASSAY_TRY(const ExperimentRecord record, records_.experiment(changed_id));
  const auto before = view();
  ASSAY_TRY(Registered loaded, load(record, before->find(changed_id).get()));
  auto changed = std::make_shared<const Registered>(std::move(loaded));
  auto experiments = with(before->experiments, changed);
  auto served = before->served;
  if (record.state != RecordState::kDraft) {
    ASSAY_TRY(served, served_of(experiments, sticky_, tallies_));
  }
  auto next = make_view(std::move(experiments), std::move(served), sticky_);
  {
    const std::scoped_lock lock(view_mutex_);
    view_ = next;
  }
  if (listener_) listener_(*next);
  return changed;
}

Expected<Addition, Refusal> Experiments::add(std::string_view text, const std::string& file,
                                             const Change& change) {
  const std::scoped_lock lock(change_mutex_);
  const RegisteredPtr before = view()->find(define::id_in(text));
  const bool is_draft = !before || before->record.state == RecordState::kDraft;
  auto parsed = define::parse(
      text, {.file = file, .catalogue = is_draft ? catalogue_ : catalogue_for(*before)});
  if (!parsed) return unexpected(Refusal{std::move(parsed).error(), {}});
  if (Problems problems = assign::unsupported(parsed->experiment); !problems.empty()) {
    for (Problem& one : problems) one.place.file = file;
    return unexpected(Refusal{std::move(problems), {}});
  }
  define::PlanChange difference;
  if (before && before->is_running()) {
    define::Experiment& plan = parsed->experiment;
    const define::Assignment& running = before->plan.assignment;
    define::keep_slots(before->plan, plan);
    if (running.adaptive_floor_ppm) keep_weights(before->plan, plan);
    difference = define::compare_plans(before->plan, plan);
    if (!difference.frozen.empty()) {
      return unexpected(refused(
          {Code::kConflict,
           fmt::format("{} is running; frozen: {}", plan.id, fmt::join(difference.frozen, ", ")),
           what_may_change(running)}));
    }
    Registered changed = *before;
    changed.plan = plan;
    if (const auto fits = check_fits(*view(), std::move(changed)); !fits) {
      return unexpected(refused(fits.error()));
    }
  }
  const define::Experiment& plan = parsed->experiment;
  auto added = records_.add_version({.id = plan.id,
                                     .name = plan.name,
                                     .fingerprint = define::fingerprint(plan),
                                     .plan_json = define::canonical_json(plan),
                                     .source = std::string(text),
                                     .opens_epoch = difference.opens_epoch},
                                    change);
  if (!added) return unexpected(refused(std::move(added).error()));
  auto published = publish(plan.id);
  if (!published) return unexpected(refused(std::move(published).error()));
  return Addition{std::move(*published), added->created};
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
  if (experiment->record.state != RecordState::kDraft) {  // Refused, whatever stands beside it.
    ASSAY_TRY_VOID(records_.start(id, change));
  }
  Registered running = *experiment;
  ASSAY_TRY_VOID(find_slots(running.plan));
  const define::Experiment plan = running.plan;
  ASSAY_TRY_VOID(check_startable(plan));
  running.record.state = RecordState::kRunning;
  ASSAY_TRY_VOID(check_fits(*view(), std::move(running)));
  std::optional<io::sqlite::NewVersion> with_slots;
  if (plan != experiment->plan) {
    with_slots = {.id = id,
                  .name = plan.name,
                  .fingerprint = define::fingerprint(plan),
                  .plan_json = define::canonical_json(plan),
                  .source = experiment->record.version.source};
  }
  ASSAY_TRY([[maybe_unused]] const auto started, records_.start(id, change, with_slots));
  log_info("experiment_started", {{"experiment", id}, {"actor", change.actor}});
  return publish(id);
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
  const auto added = records_.add_version({.id = id,
                                           .name = plan.name,
                                           .fingerprint = define::fingerprint(plan),
                                           .plan_json = define::canonical_json(plan),
                                           .source = before->record.version.source,
                                           .opens_epoch = true,
                                           .action = "weights"},
                                          change);
  if (!added) return unexpected(refused(added.error()));
  auto published = publish(id);
  if (!published) return unexpected(refused(std::move(published).error()));
  return std::move(*published);
}

Result<RegisteredPtr> Experiments::stop(const std::string& id, const Change& change) {
  const std::scoped_lock lock(change_mutex_);
  ASSAY_TRY([[maybe_unused]] const auto stopped, records_.stop(id, change));
  log_info("experiment_stopped", {{"experiment", id}, {"actor", change.actor}});
  return publish(id);
}

}  // namespace assay::serve
