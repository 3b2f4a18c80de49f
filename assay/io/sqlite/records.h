// Records: what must be remembered besides events — experiments and their versions, epochs,
// scorecards, verdicts, access tokens, and an audit trail — in one SQLite file.
//
// Plans, scorecards and verdicts are kept as JSON text, so this module knows no other noun. Every
// change names who made it and when, and lands in the audit trail in the same transaction. Call it
// from any thread: one lock, short transactions. The tables are described in
// spec/formats/records.md.
//
//   ASSAY_TRY(auto records, Records::open(directory + "/records.sqlite"));
//   ASSAY_TRY(auto added, records->add_version({.id = "ranker", .plan_json = "{}"}, {now, "ana"}));
//   ASSAY_TRY(auto running, records->start("ranker", {now, "ana"}));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/time.h"

namespace assay::io::sqlite {

enum class State { kDraft, kRunning, kStopped };
std::string_view state_name(State state);  // "draft", "running", "stopped"

// Who changes something, and when.
struct Change {
  Timestamp at;
  std::string actor;
};

struct NewVersion {
  std::string id;
  std::string name;
  std::string fingerprint;
  std::string plan_json;     // Canonical.
  std::string source;        // The file as its author wrote it.
  bool opens_epoch = false;  // The allocation changed: a running experiment enters a new epoch.
  std::string action = "register";  // As the audit trail calls it.
};

struct Version {
  std::int64_t number = 0;  // 1, 2, …
  std::string fingerprint;
  std::string plan_json;
  std::string source;
  Timestamp created_at;
};

struct Epoch {
  std::int64_t number = 0;   // 0, 1, …
  std::int64_t version = 0;  // The version that allocates.
  Timestamp started_at;
};

struct ExperimentRecord {
  std::string id;
  std::string name;
  State state = State::kDraft;
  Version version;  // The newest.
  Timestamp created_at;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> stopped_at;
};

struct Added {
  ExperimentRecord experiment;
  bool created = false;  // False: the very same plan was the newest already.
};

// Asked with the experiment as a change leaves it, before that is committed: where this fails, so
// does the change, and nothing of it is stored. It asks nothing of Records.
using Approve =
    std::function<Result<void>(const ExperimentRecord& changed, const std::vector<Epoch>& epochs)>;

struct HistoryPoint {
  Timestamp as_of;
  std::string units_json;    // {"control": 120, "treatment": 118}
  std::string primary_json;  // The primary comparison; empty where there is none.
};

struct AuditEntry {
  Timestamp at;
  std::string actor;
  std::string action;   // "register", "weights", "start", "stop", "verdict", "token"
  std::string subject;  // The experiment's id, or the token's name.
  std::string detail;
};

struct Token {
  std::string name;
  std::string hash;  // argon2id, as libsodium writes it.
  Timestamp created_at;
};

class Records {
 public:
  // Creates or migrates the file. kConflict when a newer assay wrote it, kCorrupt when it is
  // damaged, kUnavailable when it cannot be opened or written.
  static Result<std::unique_ptr<Records>> open(const std::string& path);
  ~Records();

  // Registers an experiment, or a new version of one. kConflict once it is stopped.
  Result<Added> add_version(const NewVersion& version, const Change& change,
                            const Approve& approve = {});
  // draft → running; epoch 0 begins. kConflict from any other state. `version`: the one to run,
  // where it may be another than the newest draft, or the first: a file that starts as soon as it
  // is registered, or what is only found at the start, such as slots. It is there when the
  // experiment runs, and not before.
  Result<ExperimentRecord> start(const std::string& id, const Change& change,
                                 const std::optional<NewVersion>& version = std::nullopt,
                                 const Approve& approve = {});
  // running → stopped. kConflict from any other state.
  Result<ExperimentRecord> stop(const std::string& id, const Change& change,
                                const Approve& approve = {});

  Result<ExperimentRecord> experiment(const std::string& id);
  Result<std::vector<ExperimentRecord>> experiments();           // Newest first.
  Result<std::vector<Version>> versions(const std::string& id);  // Oldest first.
  Result<std::vector<Epoch>> epochs(const std::string& id);      // Oldest first.

  // Replaces the newest scorecard and adds a point to the history, which is thinned so that at most
  // kMaxHistory points remain, spread over the whole run.
  Result<void> save_scorecard(const std::string& id, const std::string& json,
                              const HistoryPoint& point);
  Result<std::optional<std::string>> scorecard(const std::string& id);
  Result<std::vector<HistoryPoint>> history(const std::string& id);  // Oldest first.
  static constexpr std::int64_t kMaxHistory = 500;

  // Replaces the newest verdict. The audit trail gets an entry when the decision changes.
  Result<void> save_verdict(const std::string& id, const std::string& decision,
                            const std::string& json, const Change& change);
  Result<std::optional<std::string>> verdict(const std::string& id);

  Result<void> audit(const AuditEntry& entry);  // For what no method here does by itself.
  Result<std::vector<AuditEntry>> audit_trail(int limit = 100);  // Newest first.

  // Replaces the hash of a token of the same name.
  Result<void> save_token(const std::string& name, const std::string& hash, const Change& change);
  Result<std::vector<Token>> tokens();

  Result<void> check_writable();  // For readiness: a write reaches the file.

 private:
  class Impl;
  explicit Records(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::io::sqlite
