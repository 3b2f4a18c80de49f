#include "assay/io/duckdb/connection.h"

#include <utility>

#include <duckdb.h>

#include "assay/base/check.h"

namespace assay::io::duckdb {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// DuckDB says what went wrong in prose only; these sentences are pinned by connection_test.cc.
Error open_error(const std::string& path, std::string_view message) {
  if (contains(message, "Could not set lock")) {
    return {Code::kConflict, path + " is open in another process",
            "stop the other assay process, or talk to it over HTTP"};
  }
  if (contains(message, "read a database file with version number")) {
    return {Code::kConflict, path + " was written by a newer version of DuckDB",
            "open it with the assay version that wrote it"};
  }
  if (contains(message, "No such file") || contains(message, "Permission denied") ||
      contains(message, "Cannot open file") || contains(message, "Is a directory")) {
    return {Code::kInvalid, path + " cannot be opened for writing: " + std::string(message),
            "the folder must exist and be writable"};
  }
  return {Code::kCorrupt, path + " is not a readable event store: " + std::string(message),
          "restore it from a backup, or move it away to start with an empty store"};
}

// Of a failure that DuckDB takes for fatal it shows its own call stack, which is for its authors.
std::string without_stack(const char* message) {
  const std::string_view text = message == nullptr ? "" : message;
  return std::string(text.substr(0, text.find("\n\nStack Trace:")));
}

Code code_of(duckdb_error_type type) {
  switch (type) {
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_INVALID_INPUT:
    case DUCKDB_ERROR_OUT_OF_RANGE:
      return Code::kInvalid;
    case DUCKDB_ERROR_IO:
    case DUCKDB_ERROR_OUT_OF_MEMORY:
    case DUCKDB_ERROR_INTERRUPT:
    case DUCKDB_ERROR_TRANSACTION:
      return Code::kUnavailable;
    default:
      return Code::kCorrupt;
  }
}

// Files are opened while a statement is prepared, so that a broken one shows here.
Error prepare_error(const char* message) {
  const std::string text = without_stack(message);
  const bool of_input = text.starts_with("Invalid Input Error") || text.starts_with("IO Error");
  return {of_input ? Code::kInvalid : Code::kCorrupt, text, ""};
}

class Config {
 public:
  Config() { ASSAY_CHECK(duckdb_create_config(&config_) == DuckDBSuccess); }
  ~Config() { duckdb_destroy_config(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  void set(const char* name, const std::string& value) {
    ASSAY_CHECK(duckdb_set_config(config_, name, value.c_str()) == DuckDBSuccess);
  }
  duckdb_config get() const { return config_; }

 private:
  duckdb_config config_ = nullptr;
};

// After this nothing can be loaded, fetched, or switched on again.
std::string lock_down(const DatabaseOptions& options) {
  std::string files;
  for (const std::string& file : options.readable_files) {
    files += (files.empty() ? "" : ", ") + quote_literal(file);
  }
  return "SET allowed_paths = [" + files +
         "]; SET enable_external_access = false; SET lock_configuration = true";
}

duckdb_state bind(duckdb_prepared_statement statement, idx_t index, const SqlValue& value) {
  struct Binder {
    duckdb_prepared_statement statement;
    idx_t index;
    duckdb_state operator()(bool v) const { return duckdb_bind_boolean(statement, index, v); }
    duckdb_state operator()(std::int64_t v) const { return duckdb_bind_int64(statement, index, v); }
    duckdb_state operator()(double v) const { return duckdb_bind_double(statement, index, v); }
    duckdb_state operator()(const std::string& v) const {
      return duckdb_bind_varchar_length(statement, index, v.data(), v.size());
    }
    duckdb_state operator()(Timestamp v) const {
      return duckdb_bind_timestamp(statement, index, duckdb_timestamp{v.micros});
    }
  };
  return std::visit(Binder{statement, index}, value);
}

class Statement {
 public:
  Statement(duckdb_connection connection, const std::string& text) {
    state_ = duckdb_prepare(connection, text.c_str(), &statement_);
  }
  ~Statement() { duckdb_destroy_prepare(&statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  bool ok() const { return state_ == DuckDBSuccess; }
  const char* error() const { return duckdb_prepare_error(statement_); }
  duckdb_prepared_statement get() const { return statement_; }

 private:
  duckdb_prepared_statement statement_ = nullptr;
  duckdb_state state_ = DuckDBError;
};

}  // namespace

struct Rows::State {
  struct Column {
    void* data = nullptr;
    std::uint64_t* validity = nullptr;
  };

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (chunk != nullptr) duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
  }

  Error error() {
    return {code_of(duckdb_result_error_type(&result)), without_stack(duckdb_result_error(&result)),
            ""};
  }

  duckdb_result result{};
  duckdb_data_chunk chunk = nullptr;
  std::vector<Column> columns;
};

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;

bool Rows::next() {
  if (state_->chunk != nullptr) duckdb_destroy_data_chunk(&state_->chunk);
  state_->chunk = duckdb_fetch_chunk(state_->result);
  size_ = state_->chunk == nullptr ? 0 : duckdb_data_chunk_get_size(state_->chunk);
  if (size_ == 0) return false;
  state_->columns.resize(duckdb_data_chunk_get_column_count(state_->chunk));
  for (std::size_t i = 0; i < state_->columns.size(); ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(state_->chunk, i);
    state_->columns[i] = {duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)};
  }
  return true;
}

std::optional<Error> Rows::error() const {
  const char* message = duckdb_result_error(&state_->result);
  if (message == nullptr || *message == '\0') return std::nullopt;
  return state_->error();
}

bool Rows::is_null(std::size_t column, std::size_t row) const {
  const std::uint64_t* validity = state_->columns[column].validity;
  return validity != nullptr &&
         !duckdb_validity_row_is_valid(const_cast<std::uint64_t*>(validity), row);
}
std::int64_t Rows::integer(std::size_t column, std::size_t row) const {
  return static_cast<const std::int64_t*>(state_->columns[column].data)[row];
}
std::uint64_t Rows::unsigned_integer(std::size_t column, std::size_t row) const {
  return static_cast<const std::uint64_t*>(state_->columns[column].data)[row];
}
double Rows::number(std::size_t column, std::size_t row) const {
  return static_cast<const double*>(state_->columns[column].data)[row];
}
bool Rows::boolean(std::size_t column, std::size_t row) const {
  return static_cast<const bool*>(state_->columns[column].data)[row];
}
std::string_view Rows::text(std::size_t column, std::size_t row) const {
  auto& value = static_cast<duckdb_string_t*>(state_->columns[column].data)[row];
  return {duckdb_string_t_data(&value), duckdb_string_t_length(value)};
}
std::int64_t Rows::rows_changed() const {
  return static_cast<std::int64_t>(duckdb_rows_changed(&state_->result));
}
std::vector<std::string> Rows::column_names() const {
  std::vector<std::string> names;
  for (idx_t i = 0; i < duckdb_column_count(&state_->result); ++i) {
    names.emplace_back(duckdb_column_name(&state_->result, i));
  }
  return names;
}

Connection::~Connection() {
  auto connection = static_cast<duckdb_connection>(handle_);
  duckdb_disconnect(&connection);
}

Result<void> Connection::run(const std::string& statements) {
  Rows::State state;
  if (duckdb_query(static_cast<duckdb_connection>(handle_), statements.c_str(), &state.result) ==
      DuckDBSuccess)
    return {};
  broken_ = broken_ || duckdb_result_error_type(&state.result) == DUCKDB_ERROR_FATAL;
  return unexpected(state.error());
}

Result<Rows> Connection::query(const Sql& sql) { return execute(sql, Mode::kComplete); }

Result<Rows> Connection::stream(const Sql& sql) { return execute(sql, Mode::kStream); }

Result<Rows> Connection::execute(const Sql& sql, Mode mode) {
  const Statement statement(static_cast<duckdb_connection>(handle_), sql.statement());
  if (!statement.ok()) return unexpected(prepare_error(statement.error()));
  idx_t index = 0;
  for (const SqlValue& value : sql.values()) {
    if (bind(statement.get(), ++index, value) == DuckDBSuccess) continue;
    return fail(Code::kInvalid, "a value cannot be bound: text must be UTF-8");
  }
  auto state = std::make_unique<Rows::State>();
  const auto run =
      mode == Mode::kStream ? duckdb_execute_prepared_streaming : duckdb_execute_prepared;
  if (run(statement.get(), &state->result) != DuckDBSuccess) {
    broken_ = broken_ || duckdb_result_error_type(&state->result) == DUCKDB_ERROR_FATAL;
    return unexpected(state->error());
  }
  return Rows(std::move(state));
}

Result<std::shared_ptr<Database>> Database::open(const std::string& path,
                                                 const DatabaseOptions& options) {
  Config config;
  config.set("autoinstall_known_extensions", "false");
  config.set("autoload_known_extensions", "false");
  config.set("memory_limit", std::to_string(options.memory_mb_max) + "MB");
  config.set("threads", std::to_string(options.threads));
  config.set("checkpoint_threshold", std::to_string(options.checkpoint_mb) + "MB");
  duckdb_database handle = nullptr;
  char* message = nullptr;
  const char* file = path.empty() ? nullptr : path.c_str();
  if (duckdb_open_ext(file, &handle, config.get(), &message) != DuckDBSuccess) {
    const Error error = open_error(path, message == nullptr ? "" : message);
    duckdb_free(message);
    return unexpected(error);
  }
  std::shared_ptr<Database> database(new Database(handle));
  ASSAY_TRY(auto connection, database->connect());
  ASSAY_TRY_VOID(connection->run(lock_down(options)));
  return database;
}

Database::~Database() {
  auto database = static_cast<duckdb_database>(handle_);
  duckdb_close(&database);
}

Result<std::unique_ptr<Connection>> Database::connect() {
  duckdb_connection handle = nullptr;
  if (duckdb_connect(static_cast<duckdb_database>(handle_), &handle) != DuckDBSuccess) {
    return fail(Code::kUnavailable, "DuckDB refused a connection");
  }
  std::unique_ptr<Connection> connection(new Connection(handle));
  connection->database_ = shared_from_this();
  return connection;
}

}  // namespace assay::io::duckdb
