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

class Side {
 public:
  explicit Side(How how) : how_(how) {
    for (std::size_t i = 0; i < kIds; ++i) {
      char id[16];
      std::snprintf(id, sizeof id, "user-%07zu", i);
      ids_.emplace_back(id);
    }
    for (int i = 0; i < 1000; ++i) names_.push_back("experiment_" + std::to_string(i));
  }

  // Evaluations done; how many of them chose the treatment goes into `treated`.
  std::size_t run(const Snapshot& snapshot, const std::string& scenario, std::size_t count,
                  std::size_t& treated) {
    const std::size_t each = how_ == How::kAll ? snapshot.size() : scenario == "many" ? 15 : 1;
    const bool targets = scenario != "split";
    auto& contexts = prepared_[&snapshot];
    if (contexts.empty()) prepare(snapshot, targets, contexts);
    std::vector<Assignment> all(snapshot.size());
    std::size_t done = 0;
    for (; done < count; done += each, ++next_) {
      const std::string& id = ids_[next_ % kIds];
      if (how_ == How::kName) {
        treated += by_name(snapshot, id, targets, each);
      } else if (how_ == How::kPrepared) {
        treated += by_handle(snapshot, *contexts[next_ % kUnits], each);
      } else if (how_ == How::kHandle) {
        contexts[0]->set_targeting_key(id);
        treated += by_handle(snapshot, *contexts[0], each);
      } else if (how_ == How::kHash) {
        treated += unit_digest(id) & 1;
      } else {
        contexts[0]->set_targeting_key(id);
        snapshot.evaluate_all(*contexts[0], all);
        for (const Assignment& one : all) treated += one.variant == 1 ? 1U : 0U;
      }
    }
    return done;
  }

 private:
  static constexpr std::size_t kUnits = 512;
  using Contexts = std::vector<std::unique_ptr<Context>>;

  void prepare(const Snapshot& snapshot, bool targets, Contexts& contexts) const {
    for (std::size_t i = 0; i < kUnits; ++i) {
      contexts.push_back(std::make_unique<Context>(snapshot));
      contexts.back()->set_targeting_key(ids_[i * (kIds / kUnits)]);
      if (targets) set_attributes(*contexts.back(), people_[i % people_.size()]);
    }
  }

  // Text in, text out. The variant's first letter, for to compare all of it is a branch that is
  // mispredicted half of the time.
  std::size_t by_name(const Snapshot& snapshot, const std::string& id, bool targets,
                      std::size_t each) const {
    Context context(snapshot);
    context.set_targeting_key(id);
    if (targets) set_attributes(context, people_[next_ % people_.size()]);
    std::size_t treated = 0;
    for (std::size_t k = 0; k < each; ++k) {
      const Handle handle = *snapshot.find(names_[pick(each, k)]);
      const auto variant = static_cast<std::size_t>(snapshot.evaluate(handle, context).variant);
      treated += snapshot.variant_key(handle, variant).front() == 't' ? 1U : 0U;
    }
    return treated;
  }

  std::size_t by_handle(const Snapshot& snapshot, const Context& context, std::size_t each) const {
    std::size_t treated = 0;
    for (std::size_t k = 0; k < each; ++k) {
      const Handle handle{static_cast<std::uint32_t>(pick(each, k))};
      treated += snapshot.evaluate(handle, context).variant == 1 ? 1U : 0U;
    }
    return treated;
  }

  std::size_t pick(std::size_t each, std::size_t k) const {
    return each == 1 ? 0 : (next_ * 15 + k * 61) % 1000;
  }

  How how_;
  std::vector<std::string> ids_, names_;
  std::vector<Person> people_ = std::vector<Person>(64);
  std::map<const Snapshot*, Contexts> prepared_;
  std::size_t next_ = 0;
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
