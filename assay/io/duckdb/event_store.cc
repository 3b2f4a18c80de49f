#include "assay/io/duckdb/event_store.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "assay/base/text.h"
#include "assay/io/duckdb/connection.h"
#include "assay/io/duckdb/digest_set.h"
#include "assay/io/duckdb/summary_source.h"
#include "assay/io/duckdb/tables.h"

namespace assay::io::duckdb {
namespace {

struct Queued {
  collect::Batch batch;
  collect::EventLog::Done done;
  std::int64_t rows = 0;
};

std::int64_t count_rows(const collect::Batch& batch) {
  std::size_t rows = batch.exposures.size();
  for (const collect::Event& event : batch.events) rows += event.units.size();
  return static_cast<std::int64_t>(rows);
}

Timestamp now() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()};
}

// collect has checked all of this; here it keeps one bad batch from failing its whole group.
std::string unstorable(const collect::Batch& batch) {
  for (const collect::Event& event : batch.events) {
    if (event.units.empty()) return "event " + event.id + " names no unit";
    bool utf8 = is_utf8(event.name) && is_utf8(event.properties_json);
    for (const auto& unit : event.units) utf8 = utf8 && is_utf8(unit.first) && is_utf8(unit.second);
    if (!utf8) return "event " + event.id + " is not UTF-8";
  }
  for (const collect::Exposure& exposure : batch.exposures) {
    for (const std::string* text :
         {&exposure.experiment, &exposure.variant, &exposure.unit_kind, &exposure.unit_id,
          &exposure.version, &exposure.properties_json}) {
      if (!is_utf8(*text)) return "exposure " + exposure.id + " is not UTF-8";
    }
  }
  return {};
}

Result<void> load_ids(Connection& connection, const char* table, DigestSet& ids) {
  Sql sql("SELECT id_high, id_low FROM ");
  ASSAY_TRY(auto rows, connection.query(sql.text(table)));
  while (rows.next()) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      ids.insert({rows.unsigned_integer(0, row), rows.unsigned_integer(1, row)});
    }
  }
  return {};
}

}  // namespace

struct EventStore::State {
  EventStoreOptions options;
  std::shared_ptr<Database> database;
  std::unique_ptr<Connection> connection;  // The writer's.

  mutable std::mutex mutex;  // Guards everything from here …
  std::condition_variable wake;
  std::deque<Queued> queue;
  std::vector<std::pair<Done, Error>> refused;
  EventStoreStatus status;
  bool closing = false;  // … to here.

  DigestSet events;  // The writer's alone, as is `exposures`.
  DigestSet exposures;
  std::thread writer;

  void write_until_closed();
  std::vector<Queued> next_group(std::vector<std::pair<Done, Error>>& turned_away);
  void store(const std::vector<Queued>& group);
  collect::Appended pick_new(const collect::Batch& batch, NewRows& rows, DigestSet& group_events,
                             DigestSet& group_exposures) const;
  void remember(const NewRows& rows, bool broken);
};

// Blocks until there is something to do; nothing at all means that the store is closed.
std::vector<Queued> EventStore::State::next_group(
    std::vector<std::pair<Done, Error>>& turned_away) {
  std::unique_lock lock(mutex);
  wake.wait(lock, [&] { return !queue.empty() || !refused.empty() || closing; });
  wake.wait_for(lock, options.gather, [&] {
    return status.queued_rows >= options.group_rows_max || !refused.empty() || closing;
  });
  turned_away.swap(refused);
  std::vector<Queued> group;
  std::int64_t rows = 0;
  while (!queue.empty() && (group.empty() || rows + queue.front().rows <= options.group_rows_max)) {
    rows += queue.front().rows;
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  status.queued_rows -= rows;
  return group;
}

void EventStore::State::write_until_closed() {
  for (;;) {
    std::vector<std::pair<Done, Error>> turned_away;
    std::vector<Queued> group = next_group(turned_away);
    for (auto& [done, error] : turned_away) done(unexpected(std::move(error)));
    if (group.empty() && turned_away.empty()) return;
    if (!group.empty()) store(group);
  }
}

collect::Appended EventStore::State::pick_new(const collect::Batch& batch, NewRows& rows,
                                              DigestSet& group_events,
                                              DigestSet& group_exposures) const {
  collect::Appended appended;
  for (const collect::Event& event : batch.events) {
    const Digest128 id = xxh3_128(event.id);
    if (events.contains(id) || !group_events.insert(id)) continue;
    rows.events.push_back({id, &event});
    ++appended.stored;
  }
  for (const collect::Exposure& exposure : batch.exposures) {
    const Digest128 id = xxh3_128(exposure.id);
    if (exposures.contains(id) || !group_exposures.insert(id)) continue;
    rows.exposures.push_back({id, &exposure});
    ++appended.stored;
  }
  const std::size_t sent = batch.events.size() + batch.exposures.size();
  appended.duplicates = static_cast<std::int64_t>(sent) - appended.stored;
  return appended;
}

void EventStore::State::store(const std::vector<Queued>& group) {
  NewRows rows;
  DigestSet group_events;
  DigestSet group_exposures;
  std::vector<collect::Appended> appended;
  for (const Queued& queued : group) {
    appended.push_back(pick_new(queued.batch, rows, group_events, group_exposures));
  }
  const Result<void> committed =
      rows.empty() ? Result<void>() : commit_rows(*connection, rows, now());
  remember(committed ? rows : NewRows(), connection->broken());
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].done(committed ? Result<collect::Appended>(appended[i])
                            : Result<collect::Appended>(unexpected(committed.error())));
  }
}

void EventStore::State::remember(const NewRows& rows, bool broken) {
  for (const NewRows::Event& row : rows.events) events.insert(row.id);
  for (const NewRows::Exposure& row : rows.exposures) exposures.insert(row.id);
  const std::lock_guard lock(mutex);
  status.events = static_cast<std::int64_t>(events.size());
  status.exposures = static_cast<std::int64_t>(exposures.size());
  status.id_bytes = static_cast<std::int64_t>(events.memory_bytes() + exposures.memory_bytes());
  status.broken = broken;
}

EventStore::EventStore(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->writer = std::thread([this] { state_->write_until_closed(); });
}

EventStore::~EventStore() { (void)close(); }

Result<std::unique_ptr<EventStore>> EventStore::open(const std::string& path,
                                                     const EventStoreOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  ASSAY_TRY(state->database, Database::open(path, {.memory_mb_max = options.memory_mb_max}));
  ASSAY_TRY(state->connection, state->database->connect());
  ASSAY_TRY_VOID(prepare_tables(*state->connection));
  ASSAY_TRY_VOID(load_ids(*state->connection, "events", state->events));
  ASSAY_TRY_VOID(load_ids(*state->connection, "exposures", state->exposures));
  state->remember({}, false);
  return std::unique_ptr<EventStore>(new EventStore(std::move(state)));
}

void EventStore::append(collect::Batch batch, Done done) {
  const std::int64_t rows = count_rows(batch);
  std::string problem = unstorable(batch);
  std::unique_lock lock(state_->mutex);
  if (state_->closing) {
    lock.unlock();
    return done(fail(Code::kUnavailable, "the event store is closed", "send it again in a second"));
  }
  std::int64_t& queued = state_->status.queued_rows;
  if (!problem.empty()) {
    state_->refused.emplace_back(std::move(done), Error{Code::kInvalid, std::move(problem), ""});
  } else if (queued > 0 && queued + rows > state_->options.queued_rows_max) {
    state_->refused.emplace_back(
        std::move(done),
        Error{Code::kUnavailable, "the intake queue is full", "send it again in a second"});
  } else {
    state_->queue.push_back({std::move(batch), std::move(done), rows});
    queued += rows;
  }
  state_->wake.notify_one();
}

Result<std::unique_ptr<analyze::SummarySource>> EventStore::source() {
  ASSAY_TRY(auto connection, state_->database->connect());
  return make_summary_source(std::move(connection));
}

Result<void> EventStore::visit_first_exposures(const define::Experiment& experiment,
                                               Timestamp as_of, const VisitExposure& visit) {
  ASSAY_TRY(const auto connection, state_->database->connect());
  return duckdb::visit_first_exposures(*connection, experiment, as_of, visit);
}

Result<void> EventStore::close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    state_->wake.notify_one();
  }
  if (!state_->writer.joinable()) return {};
  state_->writer.join();
  const auto folded = state_->connection->run("CHECKPOINT");
  if (folded) return {};
  return fail(folded.error().code,
              "the log of events.duckdb could not be folded in: " + folded.error().message,
              "nothing is lost: free space, and the next start reads the log");
}

EventStoreStatus EventStore::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->status;
}

}  // namespace assay::io::duckdb
