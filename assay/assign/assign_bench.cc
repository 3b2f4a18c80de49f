// One evaluation, warm, distinct units: the scenarios of docs/reference/performance.md. Names say
// what is inside the loop.
#include <array>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "assay/assign/bulk.h"
#include "assay/assign/snapshot_json.h"
#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using define::Op;

std::vector<std::string> make_ids() {
  std::vector<std::string> ids;
  for (int i = 0; i < 100'000; ++i) {
    std::string digits = std::to_string(i);
    ids.push_back("user-" + std::string(7 - digits.size(), '0') + digits);
  }
  return ids;
}
const std::vector<std::string>& ids() {
  static const std::vector<std::string> made = make_ids();
  return made;
}

// Three conditions that every context below meets; experiment i has its own list of countries.
define::Experiment targeted(int i) {
  define::Experiment plan = plan_of("experiment_" + std::to_string(i));
  plan.assignment.targeting =
      tree(Op::kAll, {leaf(Op::kIn, "country",
                           {std::string("IN"), std::string("US"), std::string("UK"),
                            std::string("BR"), "X" + std::to_string(i % 10)}),
                      leaf(Op::kEqual, "platform", {std::string("ios")}),
                      leaf(Op::kSemver, "version", {">=2." + std::to_string(i % 4) + ".0"})});
  return plan;
}

std::shared_ptr<const Snapshot> plain() { return compile_plans({plan_of("experiment_0")}).value(); }
std::shared_ptr<const Snapshot> many(int count, std::vector<define::Holdout> holdouts = {}) {
  std::vector<define::Experiment> plans;
  for (int i = 0; i < count; ++i) plans.push_back(targeted(i));
  for (define::Experiment& plan : plans) plan.assignment.holdouts = holdouts;
  return compile_plans(plans).value();
}

void set_attributes(Context& context) {
  context.set_text("country", "BR");
  context.set_text("platform", "ios");
  context.set_text("version", "2.10.3");
}

void split_by_name(benchmark::State& state) {
  const auto snapshot = plain();
  std::size_t i = 0;
  for (auto _ : state) {
    Context context(*snapshot);
    context.set_targeting_key(ids()[i++ % ids().size()]);
    benchmark::DoNotOptimize(snapshot->evaluate("experiment_0", context));
  }
}

void conditions_by_name(benchmark::State& state) {
  const auto snapshot = many(1);
  std::size_t i = 0;
  for (auto _ : state) {
    Context context(*snapshot);
    context.set_targeting_key(ids()[i++ % ids().size()]);
    set_attributes(context);
    benchmark::DoNotOptimize(snapshot->evaluate("experiment_0", context));
  }
}

void conditions_by_handle_prepared(benchmark::State& state) {
  const auto snapshot = many(1);
  const Handle handle = *snapshot->find("experiment_0");
  Context context(*snapshot);
  set_attributes(context);
  std::size_t i = 0;
  for (auto _ : state) {
    context.set_targeting_key(ids()[i++ % ids().size()]);
    benchmark::DoNotOptimize(snapshot->evaluate(handle, context));
  }
}

// Reported for one evaluation of the fifteen.
void fifteen_of_1000_by_name(benchmark::State& state) {
  const auto snapshot = many(1000);
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("experiment_" + std::to_string(i));
  std::size_t i = 0;
  for (auto _ : state) {
    Context context(*snapshot);
    context.set_targeting_key(ids()[i % ids().size()]);
    set_attributes(context);
    for (std::size_t k = 0; k < 15; ++k) {
      benchmark::DoNotOptimize(snapshot->evaluate(names[(i * 15 + k * 61) % 1000], context));
    }
    ++i;
  }
  state.SetItemsProcessed(state.iterations() * 15);
}

void all_1000_of(benchmark::State& state, std::shared_ptr<const Snapshot> snapshot) {
  std::vector<Assignment> answers(snapshot->size());
  Context context(*snapshot);
  set_attributes(context);
  std::size_t i = 0;
  for (auto _ : state) {
    context.set_targeting_key(ids()[i++ % ids().size()]);
    snapshot->evaluate_all(context, answers);
    benchmark::DoNotOptimize(answers.data());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}

void all_1000(benchmark::State& state) { all_1000_of(state, many(1000)); }

void all_1000_beside_a_holdout(benchmark::State& state) {
  all_1000_of(state, many(1000, {{.name = "global", .unit = "user", .share_ppm = 20'000}}));
}

void compile_10000(benchmark::State& state) {
  std::vector<Running> running;
  for (int i = 0; i < 10'000; ++i) running.push_back({.plan = targeted(i)});
  for (auto _ : state) benchmark::DoNotOptimize(compile(running));
}

void load_10000_from_json(benchmark::State& state) {
  std::vector<Running> running;
  for (int i = 0; i < 10'000; ++i) running.push_back({.plan = targeted(i)});
  const std::string text = snapshot_json(running);
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const std::size_t before = in_use();
  const auto kept = load_snapshot(text);
  state.counters["MiB"] = static_cast<double>(in_use() - before) / (1 << 20);
  for (auto _ : state) benchmark::DoNotOptimize(load_snapshot(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

// Reported for one unit and experiment: 100 even splits, ids hashed and answers stored.
void column_of_100(benchmark::State& state) {
  const auto simd = static_cast<Simd>(state.range(0));
  if (simd > best_simd()) state.SkipWithError("this machine has no such instructions");
  std::vector<define::Experiment> plans;
  std::vector<Handle> handles;
  for (std::uint32_t i = 0; i < 100; ++i) {
    plans.push_back(plan_of("experiment_" + std::to_string(i)));
    handles.push_back({i});
  }
  const auto snapshot = compile_plans(plans).value();
  std::string bytes;
  std::vector<std::uint32_t> offsets{0};
  for (const std::string& id : ids()) {
    bytes += id;
    offsets.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
  const IdColumn column{bytes, offsets};
  std::vector<std::uint8_t> out(handles.size() * column.size());
  for (auto _ : state) {
    assign_column(*snapshot, handles, column, out, simd);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
  state.counters["ns_per_pair"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(out.size()) * 1e-9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(column_of_100)->DenseRange(0, 2);
BENCHMARK(split_by_name);
BENCHMARK(conditions_by_name);
BENCHMARK(conditions_by_handle_prepared);
BENCHMARK(fifteen_of_1000_by_name);
BENCHMARK(all_1000);
BENCHMARK(all_1000_beside_a_holdout);
BENCHMARK(compile_10000)->Unit(benchmark::kMillisecond);
BENCHMARK(load_10000_from_json)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay::assign
