#include "assay/serve/experiments.h"

#include <filesystem>
#include <future>
#include <set>

#include <gmock/gmock.h>

#include "assay/io/sqlite/sticky_store.h"
#include "assay/serve/testing.h"

namespace assay::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The same with nine units treated for each that is not.
std::string reweighed(std::string text) {
  return text.replace(text.find("treatment: {weight: 1}"), 22, "treatment: {weight: 9}");
}

// Of experiment a.
collect::Exposure exposed(const std::string& unit, const std::string& kind = "user",
                          std::int64_t second = 1) {
  collect::Exposure exposure;
  exposure.experiment = "a";
  exposure.unit_kind = kind;
  exposure.unit_id = unit;
  exposure.time = Timestamp{second * kMicrosPerSecond};
  return exposure;
}

TEST_F(ExperimentsTest, ADraftIsKnownButNotAnsweredFor) {
  const auto added = add(plan("a"));
  ASSERT_TRUE(added) << to_text(added.error().problems);
  EXPECT_TRUE(added->created);
  EXPECT_EQ(experiments_->view()->known("a")->state, collect::State::kDraft);
  EXPECT_THAT(reason_of("a"), HasSubstr("FLAG_NOT_FOUND"));
  const auto again = add(plan("a"));
  EXPECT_FALSE(again->created);
}

TEST_F(ExperimentsTest, RunsUntilItIsStopped) {
  add_and_start("a");
  EXPECT_THAT(reason_of("a"), HasSubstr("SPLIT"));
  EXPECT_EQ(experiments_->view()->known("a")->epochs.size(), 1u);
  ASSERT_TRUE(experiments_->stop("a", kChange));
  EXPECT_THAT(reason_of("a"), HasSubstr("DISABLED"));
  EXPECT_EQ(experiments_->start("a", kChange).error().code, Code::kConflict);
  EXPECT_EQ(add(plan("a", "  name: Other\n")).error().error.code, Code::kConflict);
}

TEST_F(ExperimentsTest, AFileIsRegisteredAndStartedInOneChange) {
  const auto send = [&](const std::string& text) {
    return experiments_->add(text, "test.yaml", kChange, {.start = true});
  };
  add_and_start("a", "  layer: {name: page, slots: \"0-799999\"}\n");
  const std::string whole = plan("b", "  layer: page\n");
  const auto refused = send(whole);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.message, HasSubstr("both own slots"));
  EXPECT_EQ(experiments_->view()->find("b"), nullptr);
  EXPECT_EQ(records_->experiments()->size(), 1u) << "no draft stays";

  const std::string share = plan("b", "  layer: {name: page, share: 20%}\n");
  const auto started = send(share);
  ASSERT_TRUE(started) << to_text(started.error().error);
  EXPECT_TRUE(started->created);
  EXPECT_TRUE(started->experiment->is_running());
  EXPECT_EQ(started->experiment->record.version.number, 1) << "with its slots";
  EXPECT_THAT(started->experiment->plan.assignment.slots,
              ElementsAre(define::SlotRange{800'000, 1'000'000}));
  EXPECT_THAT(reason_of("b"), HasSubstr("\"version\":\"1\""));
  EXPECT_FALSE(send(share)->created) << "sent again after an answer that got lost";
  ASSERT_TRUE(experiments_->stop("b", kChange));
  EXPECT_EQ(send(share).error().error.code, Code::kConflict) << "it ran";
}

TEST_F(ExperimentsTest, ADraftThatIsSentAgainWithAStartRuns) {
  const auto send = [&](const std::string& text) {
    return experiments_->add(text, "test.yaml", kChange, {.start = true});
  };
  ASSERT_TRUE(add(plan("a")));
  const auto same = send(plan("a"));
  ASSERT_TRUE(same) << to_text(same.error().error);
  EXPECT_FALSE(same->created);
  EXPECT_TRUE(same->experiment->is_running());
  EXPECT_EQ(same->experiment->record.version.number, 1);

  ASSERT_TRUE(add(plan("b")));
  const std::string needs = "  prerequisites: [{experiment: c, variants: [treatment]}]\n";
  EXPECT_FALSE(send(plan("b", needs)));
  EXPECT_TRUE(experiments_->view()->find("b")->plan.assignment.prerequisites.empty())
      << "the draft is as it was";
  const auto other = send(plan("b", "  traffic: 0.5\n"));
  ASSERT_TRUE(other) << to_text(other.error().error);
  EXPECT_TRUE(other->created);
  EXPECT_EQ(other->experiment->record.version.number, 2);
  EXPECT_EQ(other->experiment->epochs.front().version, 2);
  EXPECT_EQ(records_->versions("b")->size(), 2u);
}

TEST_F(ExperimentsTest, TheIntakeKnowsWhoseExposuresCount) {
  add_and_start("a", "  fallback_unit: device\n  overrides: {tester: treatment}\n");
  const auto running = experiments_->view();
  EXPECT_EQ(running->known("a")->fallback_unit, "device");
  EXPECT_TRUE(running->known("a")->overridden.contains("tester"));
  EXPECT_EQ(running->known("a")->stopped_at, std::nullopt);
  ASSERT_TRUE(experiments_->stop("a", {Timestamp{7'000'000}, "test"}));
  EXPECT_EQ(experiments_->view()->known("a")->stopped_at, Timestamp{7'000'000});
}

TEST_F(ExperimentsTest, OutlivesARestart) {
  add_and_start("a");
  const std::string before = reason_of("a");
  reopen();
  EXPECT_EQ(reason_of("a"), before);
  EXPECT_TRUE(experiments_->view()->find("a")->is_running());
}

TEST_F(ExperimentsTest, RefusesABadFileWithItsProblems) {
  const auto added = add("experiment: {id: a}");
  ASSERT_FALSE(added);
  EXPECT_FALSE(added.error().problems.empty());
}

TEST_F(ExperimentsTest, RaisingTrafficOpensAnEpoch) {
  add_and_start("a", "  traffic: 0.2\n");
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n")));
  const auto raised = experiments_->view()->find("a");
  EXPECT_EQ(raised->epochs.size(), 2u);
  EXPECT_EQ(raised->record.version.number, 2);
  EXPECT_EQ(raised->cohorts.size(), 2u);
  const auto lowered = add(plan("a", "  traffic: 0.1\n"));
  ASSERT_FALSE(lowered);
  EXPECT_EQ(lowered.error().error.code, Code::kConflict);
  EXPECT_THAT(lowered.error().error.message, HasSubstr("frozen: traffic"));
}

// The unit stays where it was; who comes in is split by the new weights.
TEST_F(ExperimentsTest, WeightsChangeWithTrafficAndMoveNobody) {
  add_and_start("a", "  traffic: 0.2\n");
  const auto variant_of = [&](int i) {
    const auto view = experiments_->view();
    assign::Context context(view->served->ofrep.snapshot());
    const std::string id = "u" + std::to_string(i);
    context.set_targeting_key(id);
    return *view->served->ofrep.snapshot().evaluate("a", context);
  };
  std::vector<assign::Assignment> before;
  for (int i = 0; i < 2000; ++i) before.push_back(variant_of(i));
  ASSERT_FALSE(add(reweighed(plan("a", "  traffic: 0.2\n")))) << "nobody would come in";
  ASSERT_TRUE(add(reweighed(plan("a", "  traffic: 0.8\n"))));
  reopen();
  int came_in = 0;
  int treated = 0;
  for (int i = 0; i < 2000; ++i) {
    const assign::Assignment now = variant_of(i);
    const assign::Assignment& then = before[static_cast<std::size_t>(i)];
    if (then.assigned()) {
      ASSERT_EQ(now.variant, then.variant);
      ASSERT_EQ(now.epoch, 0);
      ASSERT_EQ(now.propensity, 0.5);
    } else if (now.assigned()) {
      ++came_in;
      treated += now.variant;
      ASSERT_EQ(now.epoch, 1);
    }
    const auto& known = *experiments_->view()->known("a");
    ASSERT_TRUE(known.epoch_of);
    if (!now.assigned()) continue;
    ASSERT_EQ(known.epoch_of(exposed("u" + std::to_string(i))), now.epoch);
  }
  EXPECT_NEAR(came_in, 1200, 120);
  EXPECT_NEAR(treated, 0.9 * came_in, 50);
}

// Answers at full traffic, before and after a change of weights and a restart.
TEST_F(ExperimentsTest, AStickyExperimentChangesItsWeightsAtFullTraffic) {
  const std::string path = testing::TempDir() + "assay_experiments_sticky.sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  const auto store = io::sqlite::StickyStore::open(path).value();
  reopen(store.get());
  add_and_start("a", "  sticky: true\n");
  const auto answer = [&](int i) {
    const std::string body = R"({"context":{"targetingKey":"u)" + std::to_string(i) + "\"}}";
    deliver::Answer made = experiments_->view()->served->ofrep.evaluate_flag("a", body);
    std::promise<bool> stands;
    store->remember(std::move(made.memories),
                    [&](Result<bool> done) { stands.set_value(done.value()); });
    EXPECT_TRUE(stands.get_future().get());
    return made.body.substr(made.body.find("\"variant\""), 30);
  };
  std::vector<std::string> before;
  for (int i = 0; i < 100; ++i) before.push_back(answer(i));
  ASSERT_TRUE(add(reweighed(plan("a", "  sticky: true\n"))));
  reopen(store.get());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(answer(i), before[static_cast<std::size_t>(i)]);
  const auto& known = *experiments_->view()->known("a");
  EXPECT_EQ(known.epochs.size(), 2u);
  answer(1000);
  EXPECT_EQ(known.epoch_of(exposed("u0")), 0);
  EXPECT_EQ(known.epoch_of(exposed("u1000")), 1);
  EXPECT_EQ(known.epoch_of(exposed("u1000", "user", 0)), 1) << "whatever its clock says";
  EXPECT_EQ(known.epoch_of(exposed("nobody")), std::nullopt);
  EXPECT_EQ(known.epoch_of(exposed("u0", "device")), std::nullopt);
}

// What is kept of the epochs from change to change is what a start reads, also beside versions that
// open none and where the first change comes after a restart.
TEST_F(ExperimentsTest, KnowsItsEpochsAsAStartReadsThem) {
  add_and_start("a", "  sticky: true\n  adaptive: {floor: 5%}\n  traffic: 0.2\n");
  const auto reweigh = [&](int treatment) {
    const std::string control = std::to_string(100 - treatment);
    const auto done =
        experiments_->reweigh("a",
                              R"({"allocation": {"control": )" + control + R"(, "treatment": )" +
                                  std::to_string(treatment) + "}}",
                              {});
    ASSERT_TRUE(done) << done.error().error.message;
  };
  reweigh(20);
  reweigh(70);
  ASSERT_TRUE(
      add(plan("a", "  sticky: true\n  adaptive: {floor: 5%}\n  traffic: 0.2\n  name: A\n")));
  ASSERT_TRUE(add(plan("a", "  sticky: true\n  adaptive: {floor: 5%}\n  traffic: 0.8\n")));
  reopen();
  reweigh(90);
  reweigh(30);
  const auto kept = experiments_->view()->find("a")->cohorts;
  const auto earlier = experiments_->view()->find("a")->earlier;
  std::vector<std::uint32_t> treatments;
  for (const assign::Cohort& one : kept)
    treatments.push_back(one.weights[1] * 100 / (one.weights[0] + one.weights[1]));
  EXPECT_EQ(treatments, (std::vector<std::uint32_t>{50, 20, 70, 70, 90, 30}));
  reopen();
  EXPECT_EQ(experiments_->view()->find("a")->cohorts, kept);
  EXPECT_EQ(experiments_->view()->find("a")->earlier, earlier);
}

// The unit was answered anew since; what it met before was drawn by the weights of before.
TEST_F(ExperimentsTest, AnExposureFromBeforeAReshuffleIsOfItsTime) {
  const std::string path = testing::TempDir() + "assay_experiments_reshuffled.sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  const auto store = io::sqlite::StickyStore::open(path).value();
  reopen(store.get());
  const std::string more = "  sticky: true\n  reshuffle: true\n";
  add_and_start("a", more);
  ASSERT_TRUE(experiments_->add(reweighed(plan("a", more)), "test.yaml",
                                {Timestamp{5 * kMicrosPerSecond}, "test"}));
  std::promise<bool> stands;
  store->remember({{.unit_kind = "user", .unit_id = "u0", .memory = {"a", "control", 1}}},
                  [&](Result<bool> done) { stands.set_value(done.value()); });
  ASSERT_TRUE(stands.get_future().get());
  const auto& known = *experiments_->view()->known("a");
  EXPECT_EQ(known.epoch_of(exposed("u0", "user", 4)), std::nullopt);
  EXPECT_EQ(known.epoch_of(exposed("u0", "user", 5)), 1);
}

TEST_F(ExperimentsTest, ABanditSetsTheWeightsOfAnAdaptiveExperiment) {
  const std::string more = "  sticky: true\n  adaptive: {floor: 10%}\n";
  const auto code = [&](const std::string& id, const std::string& text) {
    const auto changed = experiments_->reweigh(id, text, kChange);
    EXPECT_FALSE(changed);
    return !changed && changed.error().problems.empty() ? changed.error().error.code
                                                        : Code::kInvalid;
  };
  const std::string good = R"({"allocation": {"control": 0.3, "treatment": 0.7}})";
  EXPECT_EQ(code("a", good), Code::kNotFound);
  ASSERT_TRUE(add(plan("a", more)));
  EXPECT_EQ(code("a", good), Code::kConflict) << "a draft";
  ASSERT_TRUE(experiments_->start("a", kChange));
  EXPECT_EQ(code("a", R"({"allocation": {"control": 0.05, "treatment": 0.95}})"), Code::kInvalid);
  add_and_start("fixed", "  sticky: true\n");
  EXPECT_EQ(code("fixed", good), Code::kInvalid);
  const auto changed = experiments_->reweigh("a", good, {Timestamp{2'000'000}, "bandit"});
  ASSERT_TRUE(changed);
  EXPECT_EQ((*changed)->record.version.number, 2);
  reopen();
  EXPECT_EQ(experiments_->view()->find("a")->epochs.size(), 2u);
  const auto trail = records_->audit_trail(1).value();
  EXPECT_EQ(trail[0].action + " " + trail[0].actor, "weights bandit");
  const auto& known = *experiments_->view()->known("a");
  EXPECT_EQ(known.propensities.at(0), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(known.propensities.at(1), (std::vector<double>{0.3, 0.7}));
  // The file says where it began; sending it again, with an override, does not undo the bandit.
  ASSERT_TRUE(add(plan("a", more + "  overrides: {tester: control}\n")));
  EXPECT_EQ(experiments_->view()->find("a")->plan.variants[1].weight, 70u);
  EXPECT_EQ(experiments_->view()->find("a")->epochs.size(), 2u);
  ASSERT_TRUE(experiments_->reweigh("a", good, kChange));
  EXPECT_EQ(experiments_->view()->find("a")->epochs.size(), 2u) << "the same weights";
}

TEST_F(ExperimentsTest, AReshuffleForgetsButARaiseOfTrafficDoesNot) {
  add_and_start("a", "  sticky: true\n  reshuffle: true\n  traffic: 0.5\n");
  const auto first_epoch = [&] {
    const auto& snapshot = experiments_->view()->served->ofrep.snapshot();
    return snapshot.first_epoch(*snapshot.find("a"));
  };
  ASSERT_TRUE(add(plan("a", "  sticky: true\n  reshuffle: true\n  traffic: 0.6\n")));
  EXPECT_EQ(first_epoch(), 0);
  ASSERT_TRUE(add(reweighed(plan("a", "  sticky: true\n  reshuffle: true\n  traffic: 0.6\n"))));
  EXPECT_EQ(first_epoch(), 2);
  ASSERT_TRUE(add(reweighed(plan("a", "  sticky: true\n  reshuffle: true\n  traffic: 0.7\n"))));
  EXPECT_EQ(first_epoch(), 2);
}

// Only where the weights were others does an earlier epoch still decide anything.
TEST_F(ExperimentsTest, MoreTrafficAloneNeedsNoEarlierSplit) {
  add_and_start("a", "  traffic: 0.2\n");
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n")));
  EXPECT_TRUE(experiments_->view()->find("a")->earlier.empty());
  ASSERT_TRUE(add(reweighed(plan("a", "  traffic: 0.6\n"))));
  EXPECT_EQ(experiments_->view()->find("a")->earlier.size(), 2U);
}

TEST_F(ExperimentsTest, AHoldoutThatIsNewInTheCatalogueIsForNewExperiments) {
  add_and_start("a", "  traffic: 0.2\n");
  reopen(nullptr, {.holdouts = {{.holdout = {.name = "all", .share_ppm = 50'000}, .layers = {}}}});
  const auto raised = add(plan("a", "  traffic: 0.5\n"));
  ASSERT_TRUE(raised) << raised.error().error.message;
  EXPECT_TRUE(experiments_->view()->find("a")->plan.assignment.holdouts.empty());
  add_and_start("b");
  EXPECT_EQ(experiments_->view()->find("b")->plan.assignment.holdouts.size(), 1U);
}

// And names it in its file, as before.
TEST_F(ExperimentsTest, AHoldoutThatLeftTheCatalogueStaysWithThoseThatStarted) {
  const define::Holdout held = {.name = "all", .share_ppm = 50'000};
  reopen(nullptr, {.holdouts = {{.holdout = held, .layers = {}}}});
  const std::string more = "  holdouts: [all]\n  traffic: ";
  add_and_start("a", more + "10%\n");
  reopen();
  EXPECT_THAT(experiments_->view()->find("a")->warnings, IsEmpty());
  const auto raised = add(plan("a", more + "20%\n"));
  ASSERT_TRUE(raised) << to_text(raised.error().problems) << raised.error().error.message;
  EXPECT_EQ(raised->experiment->plan.assignment.traffic_ppm, 200'000U);
  EXPECT_EQ(raised->experiment->plan.assignment.holdouts, std::vector{held});
  const auto later = add(plan("b", more + "20%\n"));
  ASSERT_FALSE(later);
  EXPECT_THAT(to_text(later.error().problems), HasSubstr("'all' is not a holdout"));
}

// Only assay's own hash keeps everyone's split while both change.
TEST_F(ExperimentsTest, SaysWhyWeightsOfAnotherHashDoNotChangeWithTraffic) {
  add_and_start("a", "  hash: growthbook_v2\n  traffic: 0.2\n");
  const auto both = add(reweighed(plan("a", "  hash: growthbook_v2\n  traffic: 0.5\n")));
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error().error.message, HasSubstr("allocation."));
  EXPECT_THAT(both.error().error.hint, HasSubstr("under hash: growthbook_v2"));
  EXPECT_TRUE(add(plan("a", "  hash: growthbook_v2\n  traffic: 0.5\n")));
}

TEST_F(ExperimentsTest, AShareOfALayerGetsItsSlotsAtTheStart) {
  add_and_start("a", "  layer: {name: page, slots: \"0-599999\"}\n");
  ASSERT_TRUE(add(plan("b", "  layer: {name: page, share: 30%}\n")));
  EXPECT_TRUE(experiments_->view()->find("b")->plan.assignment.slots.empty());
  ASSERT_TRUE(experiments_->start("b", kChange));
  const auto started = experiments_->view()->find("b");
  EXPECT_EQ(started->plan.assignment.slots, (std::vector<define::SlotRange>{{600'000, 900'000}}));
  EXPECT_EQ(started->record.version.number, 2);
  const auto again = add(plan("b", "  layer: {name: page, share: 30%}\n"));
  ASSERT_TRUE(again) << again.error().error.message;
  EXPECT_FALSE(again->created) << "the same file is the same plan";

  ASSERT_TRUE(add(plan("c", "  layer: {name: page, share: 20%}\n")));
  const auto full = experiments_->start("c", kChange);
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().message, HasSubstr("of which 100000 are free (900000-999999)"));
  EXPECT_THAT(full.error().hint, HasSubstr("a owns 0-599999, b owns 600000-899999"));
  ASSERT_TRUE(experiments_->stop("a", kChange));
  EXPECT_TRUE(experiments_->start("c", kChange));
}

TEST_F(ExperimentsTest, APrerequisiteMustRunFirst) {
  const std::string needs_a = "  prerequisites: [{experiment: a, variants: [treatment]}]\n";
  ASSERT_TRUE(add(plan("b", needs_a)));
  EXPECT_THAT(experiments_->start("b", kChange).error().message, HasSubstr("is not registered"));
  ASSERT_TRUE(add(plan("a")));
  EXPECT_THAT(experiments_->start("b", kChange).error().message, HasSubstr("does not run"));
  ASSERT_TRUE(experiments_->start("a", kChange));
  EXPECT_TRUE(experiments_->start("b", kChange));
  ASSERT_TRUE(experiments_->stop("a", kChange));
  EXPECT_THAT(reason_of("b"), HasSubstr(R"("assay_reason":"prerequisite")"));
}

TEST_F(ExperimentsTest, HoldoutsStayThoseOfTheStart) {
  const std::string holdouts = "holdouts: {all: {share: 5%}}\n";
  ASSERT_TRUE(add(plan("a", "  traffic: 0.2\n") + holdouts));
  ASSERT_TRUE(experiments_->start("a", kChange));
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n"))) << "though the file says nothing of it now";
  EXPECT_EQ(experiments_->view()->find("a")->plan.assignment.holdouts.size(), 1u);
  const auto dropped = add(plan("a", "  traffic: 0.5\n  holdouts: none\n"));
  ASSERT_FALSE(dropped);
  EXPECT_THAT(dropped.error().error.message, HasSubstr("holdouts"));
}

TEST_F(ExperimentsTest, ASwitchbackAnswersForThePeriod) {
  ASSERT_TRUE(add(plan("a", "  switchback: {period: 1h, burn_in: 10m}\n")));
  ASSERT_TRUE(experiments_->start("a", kChange));
  const auto ask = [&](std::int64_t second) {
    const std::string body = R"({"context":{"targetingKey":"u"}})";
    const Timestamp now{.micros = second * kMicrosPerSecond};
    return experiments_->view()->served->ofrep.evaluate_flag("a", body, now).body;
  };
  EXPECT_THAT(ask(3600 + 1), HasSubstr("burn_in"));
  std::set<std::string> answers;
  for (int period = 0; period < 20; ++period) answers.insert(ask(period * 3600 + 1800));
  EXPECT_EQ(answers.size(), 2U) << "both variants in turn, each with the same answer";
}

TEST_F(ExperimentsTest, MetricsDefinedNowhereDoNotStart) {
  std::string text = plan("a");
  text.replace(text.find(", type: proportion, event: click"), 32, "");
  const auto added = add(text);
  ASSERT_TRUE(added) << to_text(added.error().problems);
  EXPECT_FALSE(added->experiment->warnings.empty());
  const auto started = experiments_->start("a", kChange);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::kConflict);
  EXPECT_THAT(started.error().message, HasSubstr("clicks"));
}

// What no start could mend is said when the plan is sent, as `assay define` says it.
TEST_F(ExperimentsTest, APlanThatCanNeverStartIsNoDraft) {
  const auto added = add(plan("a", "  salt: layer:a\n"));
  ASSERT_FALSE(added);
  std::vector<std::string> fields;
  for (const Problem& one : added.error().problems) {
    EXPECT_EQ(one.place.file, "test.yaml");
    fields.push_back(one.field);
  }
  EXPECT_THAT(fields, ElementsAre("a.salt"));
  EXPECT_EQ(experiments_->view()->find("a"), nullptr);
  EXPECT_TRUE(add(plan("a", "  layer: {name: page, share: 20%}\n"))) << "slots come later";
}

TEST_F(ExperimentsTest, EveryOwnerOfTheSlotsIsNamed) {
  add_and_start("a", "  layer: {name: page, slots: \"0-99\"}\n");
  add_and_start("b", "  layer: {name: page, slots: \"200-299\"}\n");
  ASSERT_TRUE(add(plan("c", "  layer: {name: page, slots: \"50-250\"}\n")));
  const Error refused = experiments_->start("c", kChange).error();
  EXPECT_THAT(refused.message, testing::AllOf(HasSubstr("a both own slots 50-99"),
                                              HasSubstr("b both own slots 200-250")));
  EXPECT_EQ(refused.hint, "free for c: 100-199, 300-999999");
}

TEST_F(ExperimentsTest, OneLayerHoldsNoTwoThatOverlap) {
  add_and_start("a", "  layer: page\n");
  ASSERT_TRUE(add(plan("b", "  layer: page\n")));
  const auto started = experiments_->start("b", kChange);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::kConflict);
  EXPECT_THAT(started.error().message, HasSubstr("a"));
  ASSERT_TRUE(experiments_->stop("a", kChange));
  EXPECT_TRUE(experiments_->start("b", kChange));
  EXPECT_THAT(experiments_->start("a", kChange).error().message,
              testing::AllOf(HasSubstr("stopped"), testing::Not(HasSubstr("slots"))))
      << "it can never start again, whatever is free";
}

// What is stored as running must be servable, or the next start of the process fails.
TEST_F(ExperimentsTest, WhatDoesNotFitIsNotStored) {
  for (int i = 1; i <= 32; ++i) {
    add_and_start("a" + std::to_string(i), "  unit: kind" + std::to_string(i) + "\n");
  }
  ASSERT_TRUE(add(plan("b", "  unit: kind33\n")));
  const auto started = experiments_->start("b", kChange);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::kConflict);
  EXPECT_THAT(started.error().message,
              HasSubstr("name more than 32 kinds of unit: kind33, kind32"));
  EXPECT_FALSE(
      experiments_->add(plan("c", "  unit: kind33\n"), "c.yaml", kChange, {.start = true}));
  reopen();
  EXPECT_EQ(experiments_->view()->find("b")->record.state, io::sqlite::State::kDraft);
  EXPECT_EQ(experiments_->view()->find("c"), nullptr);
}

TEST_F(ExperimentsTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(experiments_->start("none", kChange).error().code, Code::kNotFound);
  EXPECT_EQ(experiments_->stop("none", kChange).error().code, Code::kNotFound);
  EXPECT_EQ(experiments_->view()->find("none"), nullptr);
}

}  // namespace
}  // namespace assay::serve
