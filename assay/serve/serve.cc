#include "assay/serve/serve.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "assay/base/text.h"
#include "assay/io/duckdb/event_store.h"
#include "assay/io/file/file.h"
#include "assay/io/sqlite/sticky_store.h"
#include "assay/serve/clock.h"
#include "assay/serve/log.h"
#include "assay/serve/routes.h"

namespace assay::serve {
namespace {

constexpr std::chrono::seconds kDrain{10};
constexpr std::size_t kMaxConnections = 10'000;
// For the stores, the event loops and whoever is told that there is no room.
constexpr rlim_t kOwnDescriptors = 64;
constexpr std::size_t kMaxUnverified = 64;        // Each takes milliseconds.
constexpr std::uintmax_t kSpaceToWork = 4 << 20;  // Bytes; below it writes begin to fail.

// Threads inherit the mask, so that the signals wait for the one thread that asks for them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    // A terminal that closes; nohup means that it may.
    struct sigaction hangup {};
    sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    std::signal(SIGPIPE, SIG_IGN);
    // A write beyond the limit of a file (ulimit -f) fails then as on a full disk.
    std::signal(SIGXFSZ, SIG_IGN);
  }
  ~Signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  std::string wait() {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

// What the store of sticky answers has wrong is for the log: who asks learns no path of ours.
class LoggedSticky : public deliver::StickyStore {
 public:
  explicit LoggedSticky(deliver::StickyStore& store) : store_(store) {}

  Result<std::vector<deliver::Memory>> recall(std::string_view kind, std::string_view id) override {
    auto memories = store_.recall(kind, id);
    if (!memories) failures_.warning("answers_not_recalled", to_text(memories.error()), now());
    return memories;
  }
  void remember(std::vector<deliver::NewMemory> memories, Done done) override {
    store_.remember(std::move(memories), [this, done = std::move(done)](Result<bool> all_stand) {
      if (!all_stand) {
        failures_.warning("answers_not_remembered", to_text(all_stand.error()), now());
      }
      done(std::move(all_stand));
    });
  }

 private:
  deliver::StickyStore& store_;
  SeldomLog failures_;
};

// The stores, in the order of opening; closed in the opposite one.
struct Stores {
  io::file::DirectoryLock lock;
  std::unique_ptr<io::sqlite::Records> records;
  std::unique_ptr<io::sqlite::StickyStore> sticky;
  std::unique_ptr<io::duckdb::EventStore> events;
};

Result<io::file::DirectoryLock> own_directory(const std::string& directory) {
  // Data of people: nobody but the owner reads it.
  ::umask(077);
  return io::file::DirectoryLock::take(directory);
}

Result<Stores> open_stores(const std::string& directory) {
  ASSAY_TRY(auto lock, own_directory(directory));
  ASSAY_TRY(auto records, io::sqlite::Records::open(directory + "/records.sqlite"));
  ASSAY_TRY(auto sticky, io::sqlite::StickyStore::open(directory + "/sticky.sqlite"));
  ASSAY_TRY(auto events, io::duckdb::EventStore::open(directory + "/events.duckdb", {}));
  return Stores{std::move(lock), std::move(records), std::move(sticky), std::move(events)};
}

Result<define::Catalogue> read_catalogue(const std::string& file) {
  if (file.empty()) return define::Catalogue{};
  ASSAY_TRY(const std::string text, io::file::read_file(file, define::kMaxFileBytes));
  auto catalogue = define::parse_catalogue(text, file);
  if (catalogue) return std::move(*catalogue);
  return fail(Code::kInvalid, "the catalogue of metrics has problems", to_text(catalogue.error()));
}

Result<std::optional<io::http::StaticFiles>> load_dashboard(const std::string& directory) {
  if (directory.empty()) return std::optional<io::http::StaticFiles>();
  ASSAY_TRY(auto files, io::http::StaticFiles::load(directory));
  return std::optional<io::http::StaticFiles>(std::move(files));
}

Result<void> check_exposure(const ServeOptions& options, const ListenAddress& listen,
                            const Tokens& tokens) {
  if (is_loopback_name(listen.address) || tokens.any() || options.allow_insecure) return {};
  return fail(Code::kInvalid,
              fmt::format("{} can be reached from other machines, and no token protects it",
                          options.listen),
              "make one with assay serve --create-token NAME, or accept it with --insecure");
}

// As many connections as leave the stores their files: without one they can store nothing.
std::size_t connections_allowed() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMaxConnections;
  const rlim_t wanted = kMaxConnections + kOwnDescriptors;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const rlim_t left =
      limit.rlim_cur > 2 * kOwnDescriptors ? limit.rlim_cur - kOwnDescriptors : limit.rlim_cur / 4;
  const std::size_t allowed = std::min<rlim_t>(kMaxConnections, left);
  if (allowed < kMaxConnections) {
    log_warning("connections_limited", {{"connections", std::to_string(allowed)},
                                        {"files", std::to_string(limit.rlim_cur)}});
  }
  return allowed;
}

Result<void> check_client_options(const ServeOptions& options) {
  for (const std::string& origin : options.allowed_origins) {
    if (is_origin(origin)) continue;
    return fail(Code::kInvalid, "'" + origin + "' is not an origin",
                "scheme and host, as the browser says it: https://shop.example; * is every origin");
  }
  for (const std::string& key : options.client_keys) {
    if (is_client_key(key)) continue;
    return fail(Code::kInvalid, "'" + key + "' cannot be a client key",
                "8 to 128 letters, digits, '-', '_' and '.'");
  }
  return {};
}

// The running process: everything between the stores and the sockets.
class Process {
 public:
  Process(const ServeOptions& options, Stores& stores, LoggedSticky& sticky,
          std::unique_ptr<Experiments> experiments, std::unique_ptr<Results> results,
          std::unique_ptr<Tokens> tokens, std::optional<io::http::StaticFiles> dashboard)
      : data_directory_(options.data_directory),
        stores_(stores),
        sticky_(sticky),
        streams_(options.max_streams),
        experiments_(std::move(experiments)),
        results_(std::move(results)),
        tokens_(std::move(tokens)),
        dashboard_(std::move(dashboard)) {
    streams_.changed(*experiments_->view(), now());
    experiments_->on_change([this](const View& view) { streams_.changed(view, now()); });
    analyst_.emplace(
        Analyst::Parts{*experiments_, *results_, metrics_, *stores.records, *stores.events},
        options.analyze_every);
    worker_.emplace();
    verifier_.emplace(kMaxUnverified);
  }

  Result<std::string> listen(const ServeOptions& options, const ListenAddress& address) {
    guard_.emplace(Guard::Options{.listens_on_loopback = is_loopback_name(address.address),
                                  .allowed_hosts = options.allowed_hosts,
                                  .allowed_origins = options.allowed_origins,
                                  .client_keys = options.client_keys},
                   *tokens_, *verifier_);
    backend_.emplace(Backend{*experiments_, *results_, *analyst_, metrics_, *worker_, streams_,
                             *stores_.records, sticky_, *stores_.events, failures_,
                             [this] { return levels(); }, [this] { return check_stores(); }});
    const auto* dashboard = dashboard_ ? &*dashboard_ : nullptr;
    ASSAY_TRY(server_,
              io::http::Server::listen({.address = address.address,
                                        .port = address.port,
                                        .threads = options.threads,
                                        .max_connections = connections_allowed(),
                                        .tls_certificate_file = options.tls_certificate_file,
                                        .tls_key_file = options.tls_key_file},
                                       make_router(*backend_, *guard_, dashboard)));
    listening_ = server_.get();
    const bool is_v6 = address.address.find(':') != std::string::npos;
    return fmt::format("{}://{}:{}", options.tls_certificate_file.empty() ? "http" : "https",
                       is_v6 ? "[" + address.address + "]" : address.address, server_->port());
  }

  // Lets running requests finish, then stores what they brought: nobody writes any more by then,
  // and whoever is told that it is stored still exists.
  Result<void> stop() {
    server_->stop(kDrain);
    stores_.sticky->close();  // Whoever waited for it may ask again, on the worker.
    verifier_.reset();
    worker_.reset();
    analyst_.reset();
    return stores_.events->close();
  }

 private:
  Metrics::Levels levels() const {
    const io::duckdb::EventStoreStatus status = stores_.events->status();
    return {.queued_rows = status.queued_rows,
            .stored_events = status.events,
            .stored_exposures = status.exposures,
            .id_bytes = status.id_bytes,
            .connections = connections(),
            .streams = static_cast<std::int64_t>(streams_.open())};
  }

  std::int64_t connections() const {
    const io::http::Server* server = listening_;
    return server == nullptr ? 0 : static_cast<std::int64_t>(server->connections());
  }

  // Asked for at each check, so that a disk that was freed is ready again.
  Result<void> check_space() const {
    std::error_code error;
    const auto space = std::filesystem::space(data_directory_, error);
    if (error || space.available >= kSpaceToWork) return {};
    return fail(Code::kUnavailable, "the disk of the data directory is nearly full",
                "free space: nothing is lost, and what was refused may be sent again");
  }

  Result<void> check_stores() const {
    if (stores_.events->status().broken) {
      return fail(Code::kUnavailable, "the event store stopped after a failure of its disk",
                  "free space or mend the disk, then restart");
    }
    ASSAY_TRY_VOID(check_space());
    return stores_.records->check_writable();
  }

  std::string data_directory_;
  Stores& stores_;
  LoggedSticky& sticky_;
  Metrics metrics_;
  Streams streams_;
  std::unique_ptr<Experiments> experiments_;
  std::unique_ptr<Results> results_;
  std::unique_ptr<Tokens> tokens_;
  std::optional<io::http::StaticFiles> dashboard_;
  std::optional<Analyst> analyst_;
  std::optional<Worker> worker_;
  std::optional<Worker> verifier_;  // Of tokens that were not seen before.
  SeldomLog failures_;
  std::optional<Backend> backend_;
  std::optional<Guard> guard_;
  std::unique_ptr<io::http::Server> server_;
  // The first requests are answered while listen() is still about to return.
  std::atomic<const io::http::Server*> listening_ = nullptr;
};

}  // namespace

Result<ListenAddress> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const auto malformed = [&] {
    return fail(Code::kInvalid, "'" + text + "' is not ADDRESS:PORT",
                "such as 127.0.0.1:8080, [::1]:8080 or :8080 for every interface");
  };
  if (colon == std::string::npos) return malformed();
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535 || *port != static_cast<std::uint16_t>(*port)) {
    return malformed();
  }
  std::string address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string::npos) {
    return malformed();
  }
  if (address.empty()) address = "0.0.0.0";
  if (address == "localhost") address = "127.0.0.1";
  return ListenAddress{std::move(address), static_cast<std::uint16_t>(*port)};
}

Result<std::string> create_token(const std::string& data_directory, const std::string& name) {
  ASSAY_TRY(const auto lock, own_directory(data_directory));
  ASSAY_TRY(const auto records, io::sqlite::Records::open(data_directory + "/records.sqlite"));
  return Tokens::create(*records, name, {now(), "operator"});
}

Result<void> run(const ServeOptions& options,
                 const std::function<void(const std::string& url)>& announce) {
  if (!set_log_level(options.log_level)) {
    return fail(Code::kInvalid, "'" + options.log_level + "' is not a level of the log",
                "debug, info, warning, error or off");
  }
  Signals signals;
  ASSAY_TRY(const ListenAddress listen, parse_listen(options.listen));
  ASSAY_TRY_VOID(check_client_options(options));
  ASSAY_TRY(auto catalogue, read_catalogue(options.catalogue_file));
  ASSAY_TRY(auto dashboard, load_dashboard(options.dashboard_directory));
  ASSAY_TRY(Stores stores, open_stores(options.data_directory));
  LoggedSticky sticky(*stores.sticky);
  ASSAY_TRY(auto tokens, Tokens::load(*stores.records));
  ASSAY_TRY_VOID(check_exposure(options, listen, *tokens));
  ASSAY_TRY(auto experiments, Experiments::open(*stores.records, std::move(catalogue), &sticky));
  ASSAY_TRY(auto results, Results::load(*stores.records));
  Process process(options, stores, sticky, std::move(experiments), std::move(results),
                  std::move(tokens), std::move(dashboard));
  ASSAY_TRY(const std::string url, process.listen(options, listen));
  log_info("listening", {{"url", url}, {"data", options.data_directory}});
  announce(url);
  const std::string signal = signals.wait();
  log_info("stopping", {{"signal", signal}});
  ASSAY_TRY_VOID(process.stop());
  log_info("stopped");
  return {};
}

}  // namespace assay::serve
