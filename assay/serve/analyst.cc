#include "assay/serve/analyst.h"

#include "assay/decide/decide.h"
#include "assay/serve/assigned.h"
#include "assay/serve/clock.h"
#include "assay/serve/log.h"

namespace assay::serve {
namespace {

constexpr std::size_t kMaxWishes = 64;

// A fixed-horizon plan is tested once: its first answer stands, since a second look would be a
// second test.
bool is_settled(const define::Experiment& plan, const Outcome& last) {
  return plan.analysis.method == define::Method::kFixedHorizon && !last.withheld;
}

}  // namespace

Analyst::Analyst(Parts parts, std::chrono::milliseconds interval)
    : parts_(parts), interval_(interval), thread_([this] { run(); }) {}

Analyst::~Analyst() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
  for (const Wish& wish : wishes_) wish.done(fail(Code::kUnavailable, "the server is stopping"));
}

void Analyst::look_now(const std::string& id, std::function<void(Result<void>)> done) {
  {
    std::unique_lock lock(mutex_);
    if (wishes_.size() >= kMaxWishes) {
      lock.unlock();
      return done(fail(Code::kUnavailable, "too many looks wait", "try again soon"));
    }
    wishes_.push_back({id, std::move(done)});
  }
  changed_.notify_one();
}

bool Analyst::ending() {
  const std::scoped_lock lock(mutex_);
  return ending_;
}

void Analyst::run() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point next = Clock::now() + interval_;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_until(lock, next, [this] { return ending_ || !wishes_.empty(); });
    if (ending_) return;
    if (!wishes_.empty()) {
      const Wish wish = std::move(wishes_.front());
      wishes_.pop_front();
      lock.unlock();
      grant(wish);
      lock.lock();
      continue;
    }
    if (Clock::now() < next) continue;
    lock.unlock();
    // Held by name: a loop over a temporary would not keep the view alive when another is
    // published.
    const auto view = parts_.experiments.view();
    for (const auto& experiment : view->experiments) {
      if (ending()) break;
      if (experiment->is_running()) (void)look(*experiment);
    }
    // Counted from the end of a look, so that slow ones leave room for everything else.
    next = Clock::now() + interval_;
    lock.lock();
  }
}

void Analyst::grant(const Wish& wish) {
  const auto experiment = parts_.experiments.view()->find(wish.id);
  if (!experiment) return wish.done(fail(Code::kNotFound, "no experiment " + wish.id));
  if (experiment->record.state == io::sqlite::State::kDraft) {
    return wish.done(fail(Code::kNotFound, wish.id + " has not started: it has no scorecard"));
  }
  wish.done(look(*experiment));
}

Result<void> Analyst::look(const Registered& experiment) {
  const Stopwatch watch;
  auto looked = try_look(experiment);
  parts_.metrics.analyzed(watch.seconds(), looked.has_value());
  if (!looked) {
    log_error("analysis_failed",
              {{"experiment", experiment.record.id}, {"error", to_text(looked.error())}});
  }
  return looked;
}

Result<void> Analyst::try_look(const Registered& experiment) {
  const std::string& id = experiment.record.id;
  analyze::AnalyzeOptions options{.as_of = now()};
  for (const assign::Cohort& one : experiment.cohorts) {
    options.epoch_weights[one.epoch] = one.weights;
  }
  if (const auto last = parts_.results.find(id)) {
    if (is_settled(experiment.plan, *last)) return {};
    ASSAY_TRY(options.running_p, analyze::running_p_from_json(last->scorecard_json));
  }
  ASSAY_TRY(options.assignment, check_assignment(experiment, parts_.events, options.as_of));
  ASSAY_TRY(const auto source, parts_.events.source());
  ASSAY_TRY(const auto card, analyze::analyze(experiment.plan, *source, options));
  const decide::Verdict verdict = decide::decide(experiment.plan, card);
  ASSAY_TRY(Outcome outcome, read_outcome(analyze::to_json(card), decide::to_json(verdict)));
  ASSAY_TRY_VOID(parts_.records.save_scorecard(
      id, outcome.scorecard_json, {card.as_of, outcome.units_json, outcome.primary_json}));
  ASSAY_TRY_VOID(parts_.records.save_verdict(id,
                                             std::string(decide::decision_name(verdict.decision)),
                                             outcome.verdict_json, {card.as_of, "assay"}));
  parts_.results.put(id, std::move(outcome));
  return {};
}

}  // namespace assay::serve
