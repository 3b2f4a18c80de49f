#include "assay/io/sqlite/records.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/io/sqlite/database.h"
#include "assay/io/sqlite/schema.h"

namespace assay::io::sqlite {

class Records::Impl {
 public:
  explicit Impl(Database opened) : database(std::move(opened)) {}

  std::mutex mutex;
  Database database;
};

namespace {

constexpr const char* kSelectExperiments = R"sql(
SELECT e.id, e.name, e.state, e.created_at, e.started_at, e.stopped_at,
       v.number, v.fingerprint, v.plan_json, v.source, v.created_at
FROM experiments e
JOIN versions v ON v.experiment = e.id
 AND v.number = (SELECT max(number) FROM versions WHERE experiment = e.id)
)sql";

State state_of(const std::string& name) {
  if (name == "draft") return State::kDraft;
  return name == "running" ? State::kRunning : State::kStopped;
}

Version read_version(const Statement& row, int column) {
  return {.number = row.integer(column),
          .fingerprint = row.text(column + 1),
          .plan_json = row.text(column + 2),
          .source = row.text(column + 3),
          .created_at = row.time(column + 4)};
}

ExperimentRecord read_experiment(const Statement& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .state = state_of(row.text(2)),
          .version = read_version(row, 6),
          .created_at = row.time(3),
          .started_at = row.maybe_time(4),
          .stopped_at = row.maybe_time(5)};
}

Result<std::optional<ExperimentRecord>> find(Database& database, const std::string& id) {
  static const std::string sql = std::string(kSelectExperiments) + "WHERE e.id = ?";
  ASSAY_TRY(auto select, database.prepare(sql.c_str()));
  ASSAY_TRY(const bool found, select.bind(id).step());
  if (!found) return std::optional<ExperimentRecord>{};
  return std::optional<ExperimentRecord>{read_experiment(select)};
}

Result<ExperimentRecord> get(Database& database, const std::string& id) {
  ASSAY_TRY(auto found, find(database, id));
  if (found) return std::move(*found);
  return fail(Code::kNotFound, fmt::format("there is no experiment {}", id),
              "GET /v1/experiments lists them");
}

Result<void> add_audit(Database& database, const AuditEntry& entry) {
  ASSAY_TRY(auto insert, database.prepare("INSERT INTO audit (at, actor, action, subject, detail)"
                                          " VALUES (?, ?, ?, ?, ?)"));
  insert.bind(entry.at).bind(entry.actor).bind(entry.action).bind(entry.subject);
  return insert.bind(entry.detail).run();
}

Result<void> open_epoch(Database& database, const std::string& id, std::int64_t version,
                        Timestamp at) {
  ASSAY_TRY(auto insert,
            database.prepare("INSERT INTO epochs (experiment, number, version, started_at)"
                             " SELECT ?1, count(*), ?2, ?3 FROM epochs WHERE experiment = ?1"));
  return insert.bind(id).bind(version).bind(at).run();
}

Result<void> insert_version(Database& database, const NewVersion& version, std::int64_t number,
                            Timestamp at) {
  ASSAY_TRY(auto insert, database.prepare("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(version.id).bind(number).bind(version.fingerprint).bind(version.plan_json);
  return insert.bind(version.source).bind(at).run();
}

Result<void> put_experiment(Database& database, const NewVersion& version, Timestamp at) {
  ASSAY_TRY(auto put, database.prepare("INSERT INTO experiments (id, name, state, created_at)"
                                       " VALUES (?, ?, 'draft', ?)"
                                       " ON CONFLICT (id) DO UPDATE SET name = excluded.name"));
  return put.bind(version.id).bind(version.name).bind(at).run();
}

// A version in all of its tables, within the caller's transaction.
Result<void> write_version(Database& database, const NewVersion& version, std::int64_t number,
                           const Change& change) {
  ASSAY_TRY_VOID(put_experiment(database, version, change.at));
  ASSAY_TRY_VOID(insert_version(database, version, number, change.at));
  const std::string detail = fmt::format("version {}, {}", number, version.fingerprint);
  return add_audit(database, {change.at, change.actor, version.action, version.id, detail});
}

template <typename Row, typename Read>
Result<std::vector<Row>> read_all(Statement& select, Read read) {
  std::vector<Row> rows;
  while (true) {
    ASSAY_TRY(const bool more, select.step());
    if (!more) return rows;
    rows.push_back(read(select));
  }
}

Result<std::vector<Epoch>> epochs_of(Database& database, const std::string& id) {
  ASSAY_TRY(auto select, database.prepare("SELECT number, version, started_at FROM epochs"
                                          " WHERE experiment = ? ORDER BY number"));
  select.bind(id);
  return read_all<Epoch>(select, [](const Statement& row) {
    return Epoch{row.integer(0), row.integer(1), row.time(2)};
  });
}

// Ends a change of an experiment: the record as it is from now on.
Result<ExperimentRecord> commit(Database& database, Transaction& transaction, const std::string& id,
                                const Approve& approve) {
  ASSAY_TRY(auto changed, get(database, id));
  if (approve) {
    ASSAY_TRY(const auto epochs, epochs_of(database, id));
    ASSAY_TRY_VOID(approve(changed, epochs));
  }
  ASSAY_TRY_VOID(transaction.commit());
  return changed;
}

auto fail_state(const ExperimentRecord& experiment, std::string_view wanted, std::string hint) {
  return fail(Code::kConflict,
              fmt::format("experiment {} is {}: it cannot {}", experiment.id,
                          state_name(experiment.state), wanted),
              std::move(hint));
}

// The newest JSON text of an experiment from a table with one row each.
Result<std::optional<std::string>> newest_text(Database& database, const char* sql,
                                               const std::string& id) {
  ASSAY_TRY(auto select, database.prepare(sql));
  ASSAY_TRY(const bool found, select.bind(id).step());
  if (!found) return std::optional<std::string>{};
  return std::optional<std::string>{select.text(0)};
}

// Drops the point whose neighbours lie closest together, so that what remains is spread evenly.
Result<void> thin_history(Database& database, const std::string& id) {
  ASSAY_TRY(auto thin, database.prepare(R"sql(
DELETE FROM history WHERE experiment = ?1
 AND (SELECT count(*) FROM history WHERE experiment = ?1) > ?2
 AND as_of = (
  SELECT as_of FROM (
    SELECT as_of, lead(as_of) OVER by_time - lag(as_of) OVER by_time AS gap
    FROM history WHERE experiment = ?1 WINDOW by_time AS (ORDER BY as_of))
  WHERE gap IS NOT NULL ORDER BY gap, as_of LIMIT 1))sql"));
  return thin.bind(id).bind(Records::kMaxHistory).run();
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::kDraft:
      return "draft";
    case State::kRunning:
      return "running";
    case State::kStopped:
      return "stopped";
  }
  ASSAY_CHECK(false);
}

Records::Records(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Records::~Records() = default;

Result<std::unique_ptr<Records>> Records::open(const std::string& path) {
  ASSAY_TRY(auto database, Database::open(path));
  ASSAY_TRY_VOID(migrate(database));
  return std::unique_ptr<Records>(new Records(std::make_unique<Impl>(std::move(database))));
}

Result<Added> Records::add_version(const NewVersion& version, const Change& change,
                                   const Approve& approve) {
  const std::lock_guard guard(impl_->mutex);
  Database& database = impl_->database;
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY(auto known, find(database, version.id));
  if (known && known->version.fingerprint == version.fingerprint) {
    return Added{.experiment = std::move(*known), .created = false};
  }
  if (known && known->state == State::kStopped) {
    return fail_state(*known, "get a new version", "register it under a new id");
  }
  const std::int64_t number = known ? known->version.number + 1 : 1;
  ASSAY_TRY_VOID(write_version(database, version, number, change));
  if (version.opens_epoch && known && known->state == State::kRunning) {
    ASSAY_TRY_VOID(open_epoch(database, version.id, number, change.at));
  }
  ASSAY_TRY(auto added, commit(database, transaction, version.id, approve));
  return Added{.experiment = std::move(added), .created = true};
}

Result<ExperimentRecord> Records::start(const std::string& id, const Change& change,
                                        const std::optional<NewVersion>& version,
                                        const Approve& approve) {
  const std::lock_guard guard(impl_->mutex);
  Database& database = impl_->database;
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY(const auto known, find(database, id));
  if (known && known->state != State::kDraft) {
    return fail_state(*known, "start", "register the plan under a new id to run it again");
  }
  if (version && (!known || known->version.fingerprint != version->fingerprint)) {
    const std::int64_t number = known ? known->version.number + 1 : 1;
    ASSAY_TRY_VOID(write_version(database, *version, number, change));
  }
  ASSAY_TRY(const auto experiment, get(database, id));
  ASSAY_TRY(auto update, database.prepare("UPDATE experiments SET state = 'running',"
                                          " started_at = ? WHERE id = ?"));
  ASSAY_TRY_VOID(update.bind(change.at).bind(id).run());
  const Version& runs = experiment.version;
  ASSAY_TRY_VOID(open_epoch(database, id, runs.number, change.at));
  const std::string detail = fmt::format("version {}, {}", runs.number, runs.fingerprint);
  ASSAY_TRY_VOID(add_audit(database, {change.at, change.actor, "start", id, detail}));
  return commit(database, transaction, id, approve);
}

Result<ExperimentRecord> Records::stop(const std::string& id, const Change& change,
                                       const Approve& approve) {
  const std::lock_guard guard(impl_->mutex);
  Database& database = impl_->database;
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY(const auto experiment, get(database, id));
  if (experiment.state != State::kRunning) {
    return fail_state(experiment, "stop", "only a running experiment can be stopped");
  }
  ASSAY_TRY(auto update, database.prepare("UPDATE experiments SET state = 'stopped',"
                                          " stopped_at = ? WHERE id = ?"));
  ASSAY_TRY_VOID(update.bind(change.at).bind(id).run());
  ASSAY_TRY_VOID(add_audit(database, {change.at, change.actor, "stop", id, ""}));
  return commit(database, transaction, id, approve);
}

Result<ExperimentRecord> Records::experiment(const std::string& id) {
  const std::lock_guard guard(impl_->mutex);
  return get(impl_->database, id);
}

Result<std::vector<ExperimentRecord>> Records::experiments() {
  const std::lock_guard guard(impl_->mutex);
  static const std::string sql =
      std::string(kSelectExperiments) + "ORDER BY e.created_at DESC, e.id";
  ASSAY_TRY(auto select, impl_->database.prepare(sql.c_str()));
  return read_all<ExperimentRecord>(select, read_experiment);
}

Result<std::vector<Version>> Records::versions(const std::string& id) {
  const std::lock_guard guard(impl_->mutex);
  ASSAY_TRY(auto select,
            impl_->database.prepare("SELECT number, fingerprint, plan_json, source, created_at"
                                    " FROM versions WHERE experiment = ? ORDER BY number"));
  select.bind(id);
  return read_all<Version>(select, [](const Statement& row) { return read_version(row, 0); });
}

Result<std::vector<Epoch>> Records::epochs(const std::string& id) {
  const std::lock_guard guard(impl_->mutex);
  return epochs_of(impl_->database, id);
}

Result<void> Records::save_scorecard(const std::string& id, const std::string& json,
                                     const HistoryPoint& point) {
  const std::lock_guard guard(impl_->mutex);
  Database& database = impl_->database;
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY(const auto experiment, get(database, id));
  ASSAY_TRY(auto put, database.prepare("INSERT OR REPLACE INTO scorecards VALUES (?, ?, ?)"));
  ASSAY_TRY_VOID(put.bind(id).bind(point.as_of).bind(json).run());
  ASSAY_TRY(auto add, database.prepare("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)"));
  add.bind(id).bind(point.as_of).bind(point.units_json).bind(point.primary_json);
  ASSAY_TRY_VOID(add.run());
  ASSAY_TRY_VOID(thin_history(database, id));
  return transaction.commit();
}

Result<std::optional<std::string>> Records::scorecard(const std::string& id) {
  const std::lock_guard guard(impl_->mutex);
  return newest_text(impl_->database, "SELECT scorecard_json FROM scorecards WHERE experiment = ?",
                     id);
}

Result<std::vector<HistoryPoint>> Records::history(const std::string& id) {
  const std::lock_guard guard(impl_->mutex);
  ASSAY_TRY(auto select, impl_->database.prepare("SELECT as_of, units_json, primary_json"
                                                 " FROM history WHERE experiment = ?"
                                                 " ORDER BY as_of"));
  select.bind(id);
  return read_all<HistoryPoint>(select, [](const Statement& row) {
    return HistoryPoint{row.time(0), row.text(1), row.text(2)};
  });
}

Result<void> Records::save_verdict(const std::string& id, const std::string& decision,
                                   const std::string& json, const Change& change) {
  const std::lock_guard guard(impl_->mutex);
  Database& database = impl_->database;
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY(const auto experiment, get(database, id));
  ASSAY_TRY(const auto before,
            newest_text(database, "SELECT decision FROM verdicts WHERE experiment = ?", id));
  ASSAY_TRY(auto put, database.prepare("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)"));
  ASSAY_TRY_VOID(put.bind(id).bind(change.at).bind(decision).bind(json).run());
  if (before != decision) {
    ASSAY_TRY_VOID(add_audit(database, {change.at, change.actor, "verdict", id, decision}));
  }
  return transaction.commit();
}

Result<std::optional<std::string>> Records::verdict(const std::string& id) {
  const std::lock_guard guard(impl_->mutex);
  return newest_text(impl_->database, "SELECT verdict_json FROM verdicts WHERE experiment = ?", id);
}

Result<void> Records::audit(const AuditEntry& entry) {
  const std::lock_guard guard(impl_->mutex);
  return add_audit(impl_->database, entry);
}

Result<std::vector<AuditEntry>> Records::audit_trail(int limit) {
  const std::lock_guard guard(impl_->mutex);
  ASSAY_TRY(auto select, impl_->database.prepare("SELECT at, actor, action, subject, detail"
                                                 " FROM audit ORDER BY id DESC LIMIT ?"));
  select.bind(std::int64_t{limit});
  return read_all<AuditEntry>(select, [](const Statement& row) {
    return AuditEntry{row.time(0), row.text(1), row.text(2), row.text(3), row.text(4)};
  });
}

Result<void> Records::save_token(const std::string& name, const std::string& hash,
                                 const Change& change) {
  const std::lock_guard guard(impl_->mutex);
  Database& database = impl_->database;
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY(auto put, database.prepare("INSERT OR REPLACE INTO tokens (name, hash, created_at)"
                                       " VALUES (?, ?, ?)"));
  ASSAY_TRY_VOID(put.bind(name).bind(hash).bind(change.at).run());
  ASSAY_TRY_VOID(add_audit(database, {change.at, change.actor, "token", name, ""}));
  return transaction.commit();
}

Result<std::vector<Token>> Records::tokens() {
  const std::lock_guard guard(impl_->mutex);
  ASSAY_TRY(auto select, impl_->database.prepare("SELECT name, hash, created_at FROM tokens"
                                                 " ORDER BY name"));
  return read_all<Token>(select, [](const Statement& row) {
    return Token{row.text(0), row.text(1), row.time(2)};
  });
}

Result<void> Records::check_writable() {
  const std::lock_guard guard(impl_->mutex);
  ASSAY_TRY(auto transaction, Transaction::begin(impl_->database));
  ASSAY_TRY_VOID(impl_->database.execute(
      "INSERT INTO formats VALUES (0, ''); DELETE FROM formats WHERE format = 0"));
  return transaction.commit();
}

}  // namespace assay::io::sqlite
