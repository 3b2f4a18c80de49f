#include "assay/io/sqlite/records.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "assay/io/sqlite/database.h"
#include "assay/io/sqlite/schema.h"

namespace assay::io::sqlite {
namespace {

std::string fresh_path(const std::string& name) {
  const std::string path = testing::TempDir() + "assay_records_" + name + ".sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return path;
}

std::unique_ptr<Records> open(const std::string& path) {
  auto records = Records::open(path);
  EXPECT_TRUE(records) << to_text(records.error());
  return std::move(*records);
}

NewVersion plan(const std::string& id, const std::string& fingerprint) {
  return {.id = id,
          .name = "The " + id,
          .fingerprint = fingerprint,
          .plan_json = R"({"f":")" + fingerprint + "\"}",
          .source = "# é\nexperiment: …"};
}

Change at(std::int64_t second) { return {{second * kMicrosPerSecond}, "ana"}; }

TEST(Records, KeepsAnExperimentThroughItsLifeAndAReopening) {
  const std::string path = fresh_path("life");
  {
    auto records = open(path);
    const auto added = records->add_version(plan("ranker", "aa"), at(1));
    ASSERT_TRUE(added) << to_text(added.error());
    EXPECT_TRUE(added->created);
    EXPECT_EQ(added->experiment.state, State::kDraft);
    EXPECT_EQ(added->experiment.started_at, std::nullopt);
    ASSERT_TRUE(records->start("ranker", at(2)));
    ASSERT_TRUE(records->stop("ranker", at(3)));
  }
  const auto kept = open(path)->experiment("ranker");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->name, "The ranker");
  EXPECT_EQ(kept->state, State::kStopped);
  EXPECT_EQ(kept->version.number, 1);
  EXPECT_EQ(kept->version.fingerprint, "aa");
  EXPECT_EQ(kept->version.plan_json, R"({"f":"aa"})");
  EXPECT_EQ(kept->version.source, "# é\nexperiment: …");
  EXPECT_EQ(kept->created_at, at(1).at);
  EXPECT_EQ(kept->started_at, at(2).at);
  EXPECT_EQ(kept->stopped_at, at(3).at);
}

TEST(Records, TheSamePlanTwiceIsOneVersion) {
  auto records = open(fresh_path("same"));
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  const auto again = records->add_version(plan("ranker", "aa"), at(2));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->created);
  EXPECT_EQ(records->versions("ranker")->size(), 1u);
  const auto changed = records->add_version(plan("ranker", "bb"), at(3));
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->created);
  EXPECT_EQ(changed->experiment.version.number, 2);
  EXPECT_EQ(changed->experiment.created_at, at(1).at);
  EXPECT_EQ(records->versions("ranker")->front().fingerprint, "aa");
}

TEST(Records, ANewAllocationOfARunningExperimentOpensAnEpoch) {
  auto records = open(fresh_path("epochs"));
  NewVersion second = plan("ranker", "bb");
  second.opens_epoch = true;
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  EXPECT_TRUE(records->epochs("ranker")->empty());
  ASSERT_TRUE(records->start("ranker", at(2)));
  ASSERT_TRUE(records->add_version(second, at(3)));
  ASSERT_TRUE(records->add_version(plan("ranker", "cc"), at(4)));
  const auto epochs = records->epochs("ranker");
  ASSERT_EQ(epochs->size(), 2u);
  EXPECT_EQ(epochs->at(0).number, 0);
  EXPECT_EQ(epochs->at(0).version, 1);
  EXPECT_EQ(epochs->at(1).number, 1);
  EXPECT_EQ(epochs->at(1).version, 2);
  EXPECT_EQ(epochs->at(1).started_at, at(3).at);
}

TEST(Records, RefusesStepsOutOfOrder) {
  auto records = open(fresh_path("order"));
  EXPECT_EQ(records->experiment("ranker").error().code, Code::kNotFound);
  EXPECT_EQ(records->start("ranker", at(1)).error().code, Code::kNotFound);
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  EXPECT_EQ(records->stop("ranker", at(2)).error().code, Code::kConflict);
  ASSERT_TRUE(records->start("ranker", at(2)));
  const auto twice = records->start("ranker", at(3));
  EXPECT_EQ(twice.error().message, "experiment ranker is running: it cannot start");
  ASSERT_TRUE(records->stop("ranker", at(4)));
  EXPECT_EQ(records->add_version(plan("ranker", "bb"), at(5)).error().code, Code::kConflict);
  EXPECT_EQ(records->versions("ranker")->size(), 1u);  // The refusal left nothing behind.
}

TEST(Records, AStartAndTheVersionThatItFindsAreOneChange) {
  const std::string path = fresh_path("found");
  auto records = open(path);
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  auto other = Database::open(path);
  ASSERT_TRUE(
      other->execute("CREATE TRIGGER torn BEFORE INSERT ON epochs"
                     " BEGIN SELECT RAISE(ABORT, 'no'); END"));
  EXPECT_FALSE(records->start("ranker", at(2), plan("ranker", "bb")));
  EXPECT_EQ(records->experiment("ranker")->version.number, 1) << "no slots without a start";
  ASSERT_TRUE(other->execute("DROP TRIGGER torn"));
  const auto started = records->start("ranker", at(3), plan("ranker", "bb"));
  ASSERT_TRUE(started) << to_text(started.error());
  EXPECT_EQ(started->state, State::kRunning);
  EXPECT_EQ(started->version.fingerprint, "bb");
  EXPECT_EQ(records->epochs("ranker")->front().version, 2);
  EXPECT_EQ(records->audit_trail()->size(), 3u);
  EXPECT_FALSE(records->start("ranker", at(4), plan("ranker", "cc")));
  EXPECT_EQ(records->versions("ranker")->size(), 2u);
}

TEST(Records, AFileThatStartsAtOnceIsOneChange) {
  const std::string path = fresh_path("at_once");
  auto records = open(path);
  auto other = Database::open(path);
  ASSERT_TRUE(
      other->execute("CREATE TRIGGER torn BEFORE INSERT ON epochs"
                     " BEGIN SELECT RAISE(ABORT, 'no'); END"));
  EXPECT_FALSE(records->start("ranker", at(1), plan("ranker", "aa")));
  EXPECT_EQ(records->experiments()->size(), 0u) << "no draft without a start";
  EXPECT_EQ(records->audit_trail()->size(), 0u);
  ASSERT_TRUE(other->execute("DROP TRIGGER torn"));
  const auto started = records->start("ranker", at(2), plan("ranker", "aa"));
  ASSERT_TRUE(started) << to_text(started.error());
  EXPECT_EQ(started->state, State::kRunning);
  EXPECT_EQ(started->version.number, 1);
  EXPECT_EQ(started->created_at, started->started_at);
  const auto trail = records->audit_trail().value();
  ASSERT_EQ(trail.size(), 2u);
  EXPECT_EQ(trail[1].action, "register");
  EXPECT_EQ(trail[0].action, "start");
  EXPECT_EQ(trail[0].detail, "version 1, aa");
}

TEST(Records, AStartOfTheVersionThatIsThereWritesNoOther) {
  auto records = open(fresh_path("same"));
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  EXPECT_EQ(records->start("ranker", at(2), plan("ranker", "aa"))->version.number, 1);
}

// Whoever approves sees the change as it will be; a refusal leaves everything as it was.
TEST(Records, NothingIsStoredThatIsNotApproved) {
  auto records = open(fresh_path("approve"));
  const auto refuse = [](const ExperimentRecord&, const std::vector<Epoch>&) -> Result<void> {
    return fail(Code::kConflict, "it does not fit");
  };
  const auto message = [](const auto& result) {
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(message(records->add_version(plan("ranker", "aa"), at(1), refuse)), "it does not fit");
  EXPECT_EQ(message(records->start("ranker", at(1), plan("ranker", "aa"), refuse)),
            "it does not fit");
  EXPECT_EQ(records->experiments()->size(), 0u);
  std::vector<std::string> seen;
  const auto approve = [&](const ExperimentRecord& changed,
                           const std::vector<Epoch>& epochs) -> Result<void> {
    seen.push_back(std::string(state_name(changed.state)) + " " + changed.version.fingerprint +
                   " " + std::to_string(epochs.size()));
    return {};
  };
  NewVersion weights = plan("ranker", "bb");
  weights.opens_epoch = true;
  ASSERT_TRUE(records->start("ranker", at(1), plan("ranker", "aa"), approve));
  ASSERT_TRUE(records->add_version(weights, at(2), approve));
  ASSERT_TRUE(records->add_version(weights, at(3), approve)) << "nothing changes";
  EXPECT_FALSE(records->stop("ranker", at(4), refuse));
  ASSERT_TRUE(records->stop("ranker", at(5), approve));
  EXPECT_EQ(seen, (std::vector<std::string>{"running aa 1", "running bb 2", "stopped bb 2"}));
  EXPECT_EQ(records->audit_trail()->size(), 4u);
}

TEST(Records, ListsTheNewestFirst) {
  auto records = open(fresh_path("list"));
  ASSERT_TRUE(records->add_version(plan("old", "aa"), at(1)));
  ASSERT_TRUE(records->add_version(plan("new", "aa"), at(2)));
  const auto all = records->experiments();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).id, "new");
  EXPECT_EQ(all->at(1).id, "old");
}

TEST(Records, KeepsTheNewestScorecardAndThinsItsHistoryEvenly) {
  const std::string path = fresh_path("history");
  auto records = open(path);
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(0)));
  EXPECT_EQ(*records->scorecard("ranker"), std::nullopt);
  ASSERT_TRUE(Database::open(path)->execute(  // 500 looks at once: each commit takes a sync.
      "WITH RECURSIVE look(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM look WHERE i < 499)"
      " INSERT INTO history SELECT 'ranker', i * 1000000, '{}', '' FROM look"));
  constexpr int kLooks = 560;
  for (int i = 500; i < kLooks; ++i) {
    ASSERT_TRUE(
        records->save_scorecard("ranker", "card " + std::to_string(i), {at(i).at, "{}", ""}));
  }
  EXPECT_EQ(*records->scorecard("ranker"), "card 559");
  const auto history = records->history("ranker");
  ASSERT_EQ(history->size(), static_cast<std::size_t>(Records::kMaxHistory));
  EXPECT_EQ(history->front().as_of, at(0).at);
  EXPECT_EQ(history->back().as_of, at(kLooks - 1).at);
  for (std::size_t i = 1; i < history->size(); ++i) {
    const auto gap = (*history)[i].as_of.micros - (*history)[i - 1].as_of.micros;
    EXPECT_GT(gap, 0);
    EXPECT_LE(gap, 2 * kMicrosPerSecond) << i;  // An even spread would be 1.12 seconds.
  }
  EXPECT_EQ(records->save_scorecard("nobody", "{}", {at(1).at, "{}", ""}).error().code,
            Code::kNotFound);
}

TEST(Records, AuditsEveryChangeAndAVerdictOnlyWhenItTurns) {
  auto records = open(fresh_path("audit"));
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  ASSERT_TRUE(records->start("ranker", at(2)));
  EXPECT_EQ(*records->verdict("ranker"), std::nullopt);
  ASSERT_TRUE(records->save_verdict("ranker", "continue", "{1}", at(3)));
  ASSERT_TRUE(records->save_verdict("ranker", "continue", "{2}", at(4)));
  ASSERT_TRUE(records->save_verdict("ranker", "ship", "{3}", at(5)));
  EXPECT_EQ(*records->verdict("ranker"), "{3}");
  std::string actions;
  const auto trail = records->audit_trail();
  ASSERT_TRUE(trail);
  for (const AuditEntry& entry : *trail) {
    EXPECT_EQ(entry.actor, "ana");
    EXPECT_EQ(entry.subject, "ranker");
    actions += entry.action + " " + entry.detail + "; ";
  }
  EXPECT_EQ(actions,
            "verdict ship; verdict continue; start version 1, aa; register version 1, aa; ");
  EXPECT_EQ(records->audit_trail(1)->size(), 1u);
}

TEST(Records, TheAuditTrailIsAppendOnly) {
  const std::string path = fresh_path("append");
  ASSERT_TRUE(open(path)->audit({at(1).at, "ana", "import", "file", ""}));
  auto database = Database::open(path);
  EXPECT_FALSE(database->execute("DELETE FROM audit"));
  EXPECT_FALSE(database->execute("UPDATE audit SET actor = 'eve'"));
  EXPECT_EQ(*database->integer("SELECT count(*) FROM audit WHERE actor = 'ana'"), 1);
}

TEST(Records, KeepsTokens) {
  auto records = open(fresh_path("tokens"));
  ASSERT_TRUE(records->save_token("ci", "$argon2id$1", at(1)));
  ASSERT_TRUE(records->save_token("ci", "$argon2id$2", at(3)));
  const auto tokens = records->tokens();
  ASSERT_EQ(tokens->size(), 1u);
  EXPECT_EQ(tokens->at(0).hash, "$argon2id$2");
}

TEST(Records, RefusesAFileOfANewerAssayAndSaysWhichOneIsNeeded) {
  const std::string path = fresh_path("newer");
  open(path);
  {
    auto database = Database::open(path);
    ASSERT_TRUE(
        database->execute("INSERT INTO formats VALUES (7, '3.2.0');"
                          "PRAGMA user_version = 7"));
  }
  const auto refused = Records::open(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().hint.find("3.2.0 or later"), std::string::npos);
}

TEST(Records, RefusesDamageAndOtherProgramsFiles) {
  const std::string noise = fresh_path("noise");
  std::ofstream(noise) << std::string(8192, 'x');
  EXPECT_EQ(Records::open(noise).error().code, Code::kCorrupt);

  const std::string torn = fresh_path("torn");
  open(torn);
  std::filesystem::resize_file(torn, std::filesystem::file_size(torn) / 2);
  EXPECT_EQ(Records::open(torn).error().code, Code::kCorrupt);

  const std::string foreign = fresh_path("foreign");
  ASSERT_TRUE(Database::open(foreign)->execute("CREATE TABLE notes (text TEXT)"));
  EXPECT_EQ(Records::open(foreign).error().code, Code::kCorrupt);
}

TEST(Records, SaysWhenTheFileCannotBeOpened) {
  const auto missing = Records::open(testing::TempDir() + "no/such/directory/records.sqlite");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kUnavailable);
}

// A limit on file sizes stands in for a full disk: writes fail in the middle.
TEST(Records, SurvivesAFullDisk) {
  const std::string path = fresh_path("full");
  auto records = open(path);
  ASSERT_TRUE(records->add_version(plan("ranker", "aa"), at(1)));
  ASSERT_TRUE(records->check_writable());
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 4096;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto refused = records->add_version(plan("other", "bb"), at(2));
  const auto writable = records->check_writable();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_FALSE(writable);
  EXPECT_EQ(records->experiments()->size(), 1u);
  EXPECT_TRUE(records->add_version(plan("other", "bb"), at(3)));
}

}  // namespace
}  // namespace assay::io::sqlite
