// assay as a contestant of bench/assignment/run: the same protocol and scenarios as
// tools/peers/speed.mjs. Argument: name (look up by id, attributes by name and text, the variant's
// key handed out), handle (attributes set before, the unit's id for each; the variant's number),
// prepared (the same with the unit's id set before, too), all (every experiment of a unit), or hash
// (a bit of the id's hash and nothing else: the limit).
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace {

using namespace assay;
using namespace assay::assign;
using define::Op;

constexpr std::size_t kIds = 1'000'000;

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

std::shared_ptr<const Snapshot> snapshot_of(const std::string& scenario) {
  if (scenario == "split") return compile_plans({plan_of("experiment_0")}).value();
  std::vector<define::Experiment> plans;
  for (int i = 0; i < (scenario == "many" ? 1000 : 1); ++i) plans.push_back(targeted(i));
  return compile_plans(plans).value();
}

// The names stand in the caller's source, the values come from elsewhere.
struct Person {
  std::string country = "BR", platform = "ios", version = "2.10.3";
};

void set_attributes(Context& context, const Person& person) {
  context.set_text("country", person.country);
  context.set_text("platform", person.platform);
  context.set_text("version", person.version);
}

enum class How : std::uint8_t { kName, kHandle, kPrepared, kAll, kHash };

// 0, 1, … size - 1, 0, … without a division.
struct Turn {
  std::size_t size;
  std::size_t at = 0;
  std::size_t next() {
    const std::size_t now = at;
    at = now + 1 == size ? 0 : now + 1;
    return now;
  }
};

class Side {
 public:
  explicit Side(How how) : how_(how) {
    for (std::size_t i = 0; i < kIds; ++i) {
      char id[16];
      std::snprintf(id, sizeof id, "user-%07zu", i);
      ids_.emplace_back(id);
    }
    for (std::size_t i = 0; i < kMany; ++i) names_.push_back("experiment_" + std::to_string(i));
  }

  // Evaluations done; how many of them chose the treatment goes into `treated`.
  std::size_t run(const Snapshot& snapshot, const std::string& scenario, std::size_t count,
                  std::size_t& treated) {
    const bool targets = scenario != "split";
    auto& contexts = prepared_[&snapshot];
    if (contexts.empty()) prepare(snapshot, targets, contexts);
    if (how_ == How::kAll) {
      const std::size_t units = (count + snapshot.size() - 1) / snapshot.size();
      treated = ask_all(snapshot, *contexts[0], units);
      return units * snapshot.size();
    }
    const std::size_t each = scenario == "many" ? kPicked : 1;
    const std::size_t units = (count + each - 1) / each;
    treated = each == 1 ? ask<1>(snapshot, targets, contexts, units)
                        : ask<kPicked>(snapshot, targets, contexts, units);
    return units * each;
  }

 private:
  static constexpr std::size_t kUnits = 512, kMany = 1000, kPicked = 15;
  using Contexts = std::vector<std::unique_ptr<Context>>;

  void prepare(const Snapshot& snapshot, bool targets, Contexts& contexts) const {
    for (std::size_t i = 0; i < kUnits; ++i) {
      contexts.push_back(std::make_unique<Context>(snapshot));
      contexts.back()->set_targeting_key(ids_[i * (kIds / kUnits)]);
      if (targets) set_attributes(*contexts.back(), people_[i % people_.size()]);
    }
  }

  template <std::size_t kEach>
  std::size_t ask(const Snapshot& snapshot, bool targets, Contexts& contexts, std::size_t units) {
    std::size_t treated = 0;
    switch (how_) {
      case How::kName:
        for (; units > 0; --units) treated += by_name<kEach>(snapshot, targets);
        break;
      case How::kHandle:
        for (; units > 0; --units) {
          contexts[0]->set_targeting_key(ids_[id_.next()]);
          treated += by_handle<kEach>(snapshot, *contexts[0]);
        }
        break;
      case How::kPrepared:
        for (; units > 0; --units) {
          treated += by_handle<kEach>(snapshot, *contexts[context_.next()]);
        }
        break;
      default:
        for (; units > 0; --units) treated += unit_digest(ids_[id_.next()]) & 1;
    }
    return treated;
  }

  std::size_t ask_all(const Snapshot& snapshot, Context& context, std::size_t units) {
    std::vector<Assignment> all(snapshot.size());
    std::size_t treated = 0;
    for (; units > 0; --units) {
      context.set_targeting_key(ids_[id_.next()]);
      snapshot.evaluate_all(context, all);
      for (const Assignment& one : all) treated += one.variant == 1 ? 1U : 0U;
    }
    return treated;
  }

  // Text in, text out. The variant's first letter, for to compare all of it is a branch that is
  // mispredicted half of the time.
  template <std::size_t kEach>
  std::size_t by_name(const Snapshot& snapshot, bool targets) {
    Context context(snapshot);
    context.set_targeting_key(ids_[id_.next()]);
    if (targets) set_attributes(context, people_[person_.next()]);
    std::size_t treated = 0;
    for_each_picked<kEach>([&](std::size_t number) {
      const Handle handle = *snapshot.find(names_[number]);
      const auto variant = static_cast<std::size_t>(snapshot.evaluate(handle, context).variant);
      treated += snapshot.variant_key(handle, variant).front() == 't' ? 1U : 0U;
    });
    return treated;
  }

  template <std::size_t kEach>
  std::size_t by_handle(const Snapshot& snapshot, const Context& context) {
    std::size_t treated = 0;
    for_each_picked<kEach>([&](std::size_t number) {
      const Handle handle{static_cast<std::uint32_t>(number)};
      treated += snapshot.evaluate(handle, context).variant == 1 ? 1U : 0U;
    });
    return treated;
  }

  // Of many, others from unit to unit.
  template <std::size_t kEach, typename Ask>
  void for_each_picked(Ask ask) {
    if constexpr (kEach == 1) return ask(0);
    std::size_t number = first_;
    for (std::size_t k = 0; k < kEach; ++k) {
      ask(number);
      number = number < kMany - 61 ? number + 61 : number + 61 - kMany;
    }
    first_ = first_ < kMany - kEach ? first_ + kEach : first_ + kEach - kMany;
  }

  How how_;
  std::vector<std::string> ids_, names_;
  std::vector<Person> people_ = std::vector<Person>(64);
  std::map<const Snapshot*, Contexts> prepared_;
  Turn id_{kIds}, person_{64}, context_{kUnits};
  std::size_t first_ = 0;
};

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, How> ways = {{"name", How::kName},
                                           {"handle", How::kHandle},
                                           {"prepared", How::kPrepared},
                                           {"all", How::kAll},
                                           {"hash", How::kHash}};
  Side side(ways.at(argc > 1 ? argv[1] : "name"));
  std::map<std::string, std::shared_ptr<const Snapshot>> snapshots;
  std::string scenario;
  std::size_t count = 0;
  while (std::cin >> scenario >> count) {
    auto& snapshot = snapshots[scenario];
    if (!snapshot) snapshot = snapshot_of(scenario);
    std::size_t treated = 0;
    const double before = cpu_nanoseconds();
    const auto done = static_cast<double>(side.run(*snapshot, scenario, count, treated));
    const double used = cpu_nanoseconds() - before;
    std::cout << used / done << ' ' << static_cast<double>(treated) / done << std::endl;
  }
}
