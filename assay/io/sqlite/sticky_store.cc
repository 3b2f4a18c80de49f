#include "assay/io/sqlite/sticky_store.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "assay/io/sqlite/database.h"

namespace assay::io::sqlite {
namespace {

constexpr std::int64_t kFormat = 1;

// The key's order finds all memories of a unit side by side, by experiment.
constexpr const char* kCreate = R"sql(
CREATE TABLE remembered (
  unit_kind TEXT NOT NULL,
  unit_id TEXT NOT NULL,
  experiment TEXT NOT NULL,
  variant TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (unit_kind, unit_id, experiment)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";

constexpr const char* kRecall =
    "SELECT experiment, variant, epoch FROM remembered"
    " WHERE unit_kind = ? AND unit_id = ? ORDER BY experiment";

// A row comes back where the memory stands: it is new, takes the place of one that does not hold
// any more (before ?6), or says the same.
constexpr const char* kRemember =
    "INSERT INTO remembered VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
    " SET variant = excluded.variant, epoch = excluded.epoch"
    " WHERE epoch < ?6 OR (variant = excluded.variant AND epoch = excluded.epoch) RETURNING 1";

Result<void> prepare_table(Database& database) {
  ASSAY_TRY(const std::int64_t format, database.integer("PRAGMA user_version"));
  if (format == kFormat) return {};
  ASSAY_TRY(const std::int64_t objects, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (format > kFormat) {
    return fail(Code::kConflict,
                fmt::format("{} was written by a newer assay: it has format {}, this one reads {}",
                            database.path(), format, kFormat),
                "run that version on this data directory");
  }
  if (format < 0 || objects > 0) {
    return fail(Code::kCorrupt, fmt::format("{} is another program's database", database.path()),
                "choose an empty data directory");
  }
  ASSAY_TRY(auto transaction, Transaction::begin(database));
  ASSAY_TRY_VOID(database.execute(kCreate));
  return transaction.commit();
}

struct Waiting {
  std::vector<deliver::NewMemory> memories;
  deliver::StickyStore::Done done;
};

}  // namespace

struct StickyStore::State {
  State(Database reads, Statement select, Database writes)
      : reader(std::move(reads)), recalling(std::move(select)), writer(std::move(writes)) {}

  std::mutex read_mutex;  // Guards the next two.
  Database reader;
  Statement recalling;

  Database writer;  // The thread's alone.

  std::mutex mutex;  // Guards what follows.
  std::condition_variable wake;
  std::deque<Waiting> queue;
  std::size_t waiting = 0;
  bool closing = false;
  std::thread thread;

  void write_until_closed();
  Result<std::vector<bool>> store(const std::deque<Waiting>& group);
  Result<bool> store_all(const std::vector<deliver::NewMemory>& memories, Statement& insert);
};

void StickyStore::State::write_until_closed() {
  for (;;) {
    std::deque<Waiting> group;
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return closing || !queue.empty(); });
      if (queue.empty()) return;
      group.swap(queue);
      waiting = 0;
    }
    const auto stand = store(group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i].done(stand ? Result<bool>((*stand)[i]) : Result<bool>(unexpected(stand.error())));
    }
  }
}

// For each request of the group whether all of its memories stand.
Result<std::vector<bool>> StickyStore::State::store(const std::deque<Waiting>& group) {
  std::vector<bool> stand(group.size());
  ASSAY_TRY(auto transaction, Transaction::begin(writer));
  ASSAY_TRY(auto insert, writer.prepare(kRemember));
  for (std::size_t i = 0; i < group.size(); ++i) {
    ASSAY_TRY(const bool stands, store_all(group[i].memories, insert));
    stand[i] = stands;
  }
  ASSAY_TRY_VOID(transaction.commit());
  return stand;
}

// Or none: a part would say of one unit what it was not answered.
Result<bool> StickyStore::State::store_all(const std::vector<deliver::NewMemory>& memories,
                                           Statement& insert) {
  const bool are_many = memories.size() > 1;
  if (are_many) ASSAY_TRY_VOID(writer.execute("SAVEPOINT request"));
  bool stands = true;
  for (const deliver::NewMemory& one : memories) {
    insert.bind(one.unit_kind).bind(one.unit_id).bind(one.memory.experiment);
    insert.bind(one.memory.variant).bind(one.memory.epoch).bind(one.first_epoch);
    ASSAY_TRY(stands, insert.step());
    insert.reset();
    if (!stands) break;
  }
  if (are_many && !stands) ASSAY_TRY_VOID(writer.execute("ROLLBACK TO request"));
  if (are_many) ASSAY_TRY_VOID(writer.execute("RELEASE request"));
  return stands;
}

StickyStore::StickyStore(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([this] { state_->write_until_closed(); });
}

StickyStore::~StickyStore() { close(); }

void StickyStore::close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_one();
  if (state_->thread.joinable()) state_->thread.join();
}

Result<std::unique_ptr<StickyStore>> StickyStore::open(const std::string& path, Patience patience) {
  ASSAY_TRY(auto writer, Database::open(path));
  ASSAY_TRY_VOID(prepare_table(writer));
  ASSAY_TRY(auto reader, Database::open(path));
  ASSAY_TRY(auto select, reader.prepare(kRecall));
  writer.set_patience(patience.writing);
  reader.set_patience(patience.reading);
  auto state = std::make_unique<State>(std::move(reader), std::move(select), std::move(writer));
  return std::unique_ptr<StickyStore>(new StickyStore(std::move(state)));
}

Result<std::vector<deliver::Memory>> StickyStore::recall(std::string_view unit_kind,
                                                         std::string_view unit_id) {
  const std::lock_guard lock(state_->read_mutex);
  Statement& select = state_->recalling;
  select.reset();
  select.bind(unit_kind).bind(unit_id);
  std::vector<deliver::Memory> memories;
  for (;;) {
    auto more = select.step();
    if (!more || !*more) select.reset();  // An open statement would keep the log from being folded.
    if (!more) return unexpected(std::move(more).error());
    if (!*more) return memories;
    memories.push_back(
        {.experiment = select.text(0), .variant = select.text(1), .epoch = select.integer(2)});
  }
}

void StickyStore::remember(std::vector<deliver::NewMemory> memories, Done done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->closing && state_->waiting + memories.size() <= kMaxWaiting) {
      state_->waiting += memories.size();
      state_->queue.push_back({std::move(memories), std::move(done)});
      done = nullptr;
    }
  }
  if (!done) return state_->wake.notify_one();
  done(fail(Code::kUnavailable, "too many answers wait to be remembered", "try again soon"));
}

}  // namespace assay::io::sqlite
