// Reads with Beast's incremental parser, hands the request to the handler, writes head and body in
// one gather, at once where the kernel takes them. Steps of a connection: (handshake) → idle →
// reading → handling → writing → idle … → lingering → closed; a stream goes on from writing: →
// streaming (nothing to say) ↔ telling → closed. Each step has one deadline, which the loop's
// ticker checks: cheaper than a timer per operation, and a slow sender cannot extend it byte by
// byte.
#include "assay/io/http/session.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <netinet/tcp.h>

#include "assay/base/ascii.h"
#include "assay/io/http/channel.h"
#include "assay/io/http/failure.h"

namespace assay::io::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;
// Not Tcp::socket, whose executor may be of any kind and is asked and copied at each operation.
using Socket = asio::basic_stream_socket<Tcp, asio::io_context::executor_type>;
using TlsStream = asio::ssl::stream<Socket>;

using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

constexpr std::size_t kFirstReadBytes = 4 << 10;  // What an idle connection keeps.
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::chrono::seconds kLinger{2};
constexpr int kStreamSendBytes = 64 << 10;  // What the kernel keeps for a slow reader of a stream.

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

std::string_view view_of(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

const auto kNoRoom = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);

// Beast's incremental parser, which writes what it finds into a Request of ours.
class Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(Shared& shared) : share_(shared) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(shared.options.max_header_bytes));
    body_limit(shared.options.max_body_bytes);
  }
  Request request;
  bool is_head = false;
  bool is_target_good = false;
  bool expects_continue = false;
  // HTTP/1.1 asks for exactly one; before it there was none.
  bool has_right_hosts() const { return hosts_ == 1 || (hosts_ == 0 && is_old()); }
  void drop_body() {
    request.body = std::string();
    share_.give_back();
  }
  // Goes on only where both sides say so.
  bool is_old() const { return version_ < 11; }

 private:
  using Field = beast::http::field;
  using Text = beast::string_view;
  using ErrorCode = beast::error_code;

  void on_request_impl(beast::http::verb verb, Text method, Text target, int version,
                       ErrorCode&) override {
    version_ = version;
    is_head = verb == beast::http::verb::head;
    request.method = view(method);
    is_target_good = http::parse_target(view(target), request);
    // Ahead of the Host header, which a target of absolute form overrules (RFC 9112, 3.2.2).
    const std::string_view authority = http::authority_of(view(target));
    request.headers.reserve(kUsualHeaders);
    if (!authority.empty()) request.headers.emplace_back("host", authority);
  }
  void on_field_impl(Field field, Text name, Text value, ErrorCode& error) override {
    if (has_headers_) return;  // A trailer: nobody here asks for one.
    // In another coding nobody could tell where the body ends, and what speaks HTTP/1.0 knows none
    // (RFC 9112, 6.1 and 6.3).
    if (field == Field::transfer_encoding && (is_old() || !beast::iequals(value, "chunked"))) {
      error = beast::http::error::bad_transfer_encoding;
    }
    if (field == Field::host) ++hosts_;
    if (field == Field::expect && !is_old() && beast::iequals(value, "100-continue")) {
      expects_continue = true;
    }
    request.headers.emplace_back(lower(view(name)), view(value));
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    // Of a long one, what has come: its length is only a promise.
    if (length) request.body.reserve(std::min<std::uint64_t>(*length, kShortBodyBytes));
  }
  std::size_t on_body_impl(Text bytes, ErrorCode& error) override {
    const std::size_t before = std::max(request.body.size(), kShortBodyBytes);
    const std::size_t after = request.body.size() + bytes.size();
    if (after > before && !share_.add(after - before)) error = kNoRoom;
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, ErrorCode& error) override {
    return on_body_impl(bytes, error);
  }
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override { has_headers_ = true; }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  void on_finish_impl(ErrorCode&) override {}

  static constexpr std::size_t kUsualHeaders = 8;
  static constexpr std::size_t kShortBodyBytes = 16 << 10;  // Are not counted.
  Share share_;
  bool has_headers_ = false;
  int version_ = 0;
  int hosts_ = 0;
};

Response parse_failure(beast::error_code error, const ServerOptions& options) {
  if (error == kNoRoom) {
    return failure(503,
                   {Code::kUnavailable, "too many long bodies are on their way", "try again soon"});
  }
  if (error == beast::http::error::body_limit) {
    return failure(413,
                   {Code::kInvalid,
                    "the body is larger than " + std::to_string(options.max_body_bytes) + " bytes",
                    "send it in smaller batches"});
  }
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
    return failure(
        431, {Code::kInvalid,
              "the headers are larger than " + std::to_string(options.max_header_bytes) + " bytes",
              {}});
  }
  return failure(400, {Code::kInvalid, "not a valid HTTP/1.1 request: " + error.message(), {}});
}

Socket& socket_of(Socket& stream) { return stream; }
Socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

// The loop that this thread runs, if it runs one: a name to compare, for the loop itself may be
// gone.
thread_local const asio::io_context* this_threads_loop = nullptr;

template <typename Stream>
class StreamSession;

// One request's right to an answer. Dropping it unanswered is a bug of the handler's, which the
// client sees as 500 rather than as silence.
template <typename Stream>
class Reply {
 public:
  Reply(std::weak_ptr<StreamSession<Stream>> session, std::shared_ptr<Shared> shared)
      : session_(std::move(session)), shared_(std::move(shared)) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() {
    if (!answered_.load()) send(failure(500, {Code::kCorrupt, "the request got no answer", {}}));
  }
  void send(Response&& response) {
    if (answered_.exchange(true)) return;
    if (this_threads_loop == loop_) {  // So it lives, and nobody else touches the session.
      if (auto session = session_.lock()) session->answer(std::move(response));
      return;
    }
    const std::shared_lock hold(shared_->gate);
    if (!shared_->gate_open) return;
    if (auto session = session_.lock()) session->answer_later(std::move(response));
  }

 private:
  const asio::io_context* const loop_ = this_threads_loop;
  std::weak_ptr<StreamSession<Stream>> session_;
  std::shared_ptr<Shared> shared_;
  std::atomic<bool> answered_{false};
};

template <typename Stream>
class StreamSession final : public Session,
                            public std::enable_shared_from_this<StreamSession<Stream>> {
 public:
  StreamSession(Stream stream, std::shared_ptr<Shared> shared, SessionSet& owner, bool refuse)
      : stream_(std::move(stream)), shared_(std::move(shared)), owner_(owner), refuse_(refuse) {
    ++shared_->connections;
  }
  ~StreamSession() override { --shared_->connections; }

  void start() override {
    beast::error_code error;
    socket_of(stream_).set_option(Tcp::no_delay(true), error);
    socket_of(stream_).non_blocking(true, error);
    const auto peer = socket_of(stream_).remote_endpoint(error);
    if (!error) remote_ = peer.address().to_string();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      enter(Step::kReading, options().read_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](beast::error_code failed) {
                                failed ? self->close() : self->begin();
                              });
    } else {
      begin();
    }
  }

  void finish() override {
    last_ = true;
    if (step_ == Step::kIdle || step_ == Step::kStreaming || step_ == Step::kTelling) close();
  }

  void check_deadline(Clock::time_point now) override {
    if (now < deadline_) return;
    if (step_ == Step::kReading && parser_) {
      // Tell who is slow; whoever does not listen either is cut off after the write's deadline.
      last_ = true;
      return write(failure(408, {Code::kInvalid, "the request took too long to arrive", {}}));
    }
    if (step_ == Step::kStreaming) return tell(heartbeat());
    close();
  }

  void answer(Response&& response) {
    if (step_ == Step::kHandling) write(std::move(response));
  }

  // From any thread, while the gate is held.
  void answer_later(Response&& response) {
    asio::post(stream_.get_executor(),
               [self = this->shared_from_this(), response = std::move(response)]() mutable {
                 self->answer(std::move(response));
               });
  }

  void wake_from_any_thread() {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] {
      if (self->step_ == Step::kStreaming) self->tell_news();
    });
  }

 private:
  enum class Step {
    kIdle,
    kReading,
    kHandling,
    kWriting,
    kStreaming,
    kTelling,
    kLingering,
    kClosed
  };

  enum class Next { kRequest, kStream, kEnd };  // After a response.

  const ServerOptions& options() const { return shared_->options; }

  // What goes on without a pause needs no deadline.
  void enter(Step step) {
    step_ = step;
    deadline_ = Clock::time_point::max();
  }

  void enter(Step step, std::chrono::milliseconds limit) {
    step_ = step;
    deadline_ = Clock::now() + limit;
  }

  void begin() {
    if (refuse_) {
      last_ = true;
      return write(failure(503, {Code::kUnavailable, "too many connections", "try again soon"}));
    }
    next_request();
  }

  void next_request() {
    parser_.emplace(*shared_);
    continued_ = false;
    if (buffer_.size() > 0) {  // Pipelined.
      enter(Step::kReading, options().read_timeout);
      return asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
        if (self->step_ == Step::kReading) self->parse();
      });
    }
    if (shared_->stopping) return close();
    enter(Step::kIdle, options().idle_timeout);
    read();
  }

  void read() {
    if (read_pending_) return;
    read_pending_ = true;
    stream_.async_read_some(
        buffer_.prepare(step_ == Step::kIdle ? kFirstReadBytes : kReadBytes),
        [self = this->shared_from_this()](beast::error_code error, std::size_t bytes) {
          self->read_pending_ = false;
          self->on_read(error, bytes);
        });
  }

  void on_read(beast::error_code error, std::size_t bytes) {
    if (step_ == Step::kClosed || step_ == Step::kWriting) return;  // Timed out meanwhile.
    if (error) return close();  // Also a request cut short: nobody is left to answer.
    // What comes now is swallowed; that it ends says that nobody listens to a stream any more.
    if (step_ == Step::kLingering || step_ == Step::kStreaming || step_ == Step::kTelling) {
      return read();
    }
    buffer_.commit(bytes);
    parse();
  }

  void parse() {
    beast::error_code error;
    skip_empty_lines();
    while (buffer_.size() > 0 && !parser_->is_done()) {
      const std::size_t used = put(error);
      buffer_.consume(used);
      if (error == beast::http::error::need_more) {
        error = {};
        break;
      }
      if (error) return refuse_request(parse_failure(error, options()));
    }
    if (parser_->is_done()) return handle();
    // What is left is the beginning of a line, also between chunks and behind them.
    if (buffer_.size() > options().max_header_bytes) {
      return refuse_request(parse_failure(beast::http::error::header_limit, options()));
    }
    if (step_ == Step::kIdle) enter(Step::kReading, options().read_timeout);
    if (parser_->is_header_done() && parser_->expects_continue && !continued_) {
      return send_continue();
    }
    read();
  }

  std::size_t put(beast::error_code& error) {
    try {
      return parser_->put(buffer_.data(), error);
    } catch (const std::bad_alloc&) {
      error = kNoRoom;
      return 0;
    }
  }

  // Some clients end a body with a line that nobody counts (RFC 9112, 2.2).
  void skip_empty_lines() {
    if (parser_->got_some()) return;
    const std::string_view read = view_of(buffer_);
    buffer_.consume(std::min(read.find_first_not_of("\r\n"), read.size()));
  }

  void send_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = true;
    asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (self->step_ != Step::kReading) return;
                        error ? self->close() : self->read();
                      });
  }

  void refuse_request(Response&& response) {
    last_ = true;
    write(std::move(response));
  }

  void handle() {
    if (!parser_->keep_alive()) last_ = true;
    if (!parser_->has_right_hosts()) {
      return refuse_request(failure(400, {Code::kInvalid, "one Host header is needed", {}}));
    }
    if (!parser_->is_target_good) {
      return refuse_request(failure(400, {Code::kInvalid, "the request target is malformed", {}}));
    }
    Request request = std::move(parser_->request);
    request.remote = remote_;
    request.keep_alive = !last_;
    call_handler(std::move(request));
  }

  void call_handler(Request&& request) {
    enter(Step::kHandling);
    auto reply = std::make_shared<Reply<Stream>>(this->weak_from_this(), shared_);
    try {
      shared_->handler(std::move(request),
                       [reply](Response&& response) { reply->send(std::move(response)); });
    } catch (const std::exception& thrown) {
      reply->send(failure(500, {Code::kCorrupt, "the handler failed", thrown.what()}));
    }
  }

  void write(Response&& response) {
    enter(Step::kWriting);
    // Before who reads the answer can ask again, and however long a stream or a lingering end
    // lasts.
    if (parser_) parser_->drop_body();
    if (shared_->stopping || response.stream) last_ = true;
    response_ = std::move(response);
    if (!last_ && parser_ && parser_->is_old()) {
      response_.headers.emplace_back("Connection", "keep-alive");
    }
    head_.clear();
    append_head(response_, !last_, http_date(), head_);
    const bool head_only = parser_ && parser_->is_head;
    const bool bodiless = head_only || response_.status == 304 || response_.status == 204;
    std::array<asio::const_buffer, 2> parts = {
        asio::buffer(head_), bodiless ? asio::const_buffer() : asio::buffer(response_.body)};
    // Decided here, as the head says it: a stop that comes during the write finds an idle
    // connection after it, which needs no lingering.
    const Next next = response_.stream && !head_only && !shared_->stopping ? Next::kStream
                      : last_                                              ? Next::kEnd
                                                                           : Next::kRequest;
    if (write_now(parts)) return written(next);
    enter(Step::kWriting, options().write_timeout);
    asio::async_write(
        stream_, parts,
        [self = this->shared_from_this(), next](beast::error_code error, std::size_t) {
          if (self->step_ != Step::kWriting) return;
          if (error) return self->close();
          self->written(next);
        });
  }

  // What the kernel takes at once needs no turn of the loop. False: `parts` is what is left, also
  // when the connection is broken. TLS has records of its own to keep together.
  bool write_now(std::array<asio::const_buffer, 2>& parts) {
    if constexpr (std::is_same_v<Stream, Socket>) {
      beast::error_code error;
      std::size_t sent = stream_.write_some(parts, error);
      for (asio::const_buffer& part : parts) {
        const std::size_t of_this = std::min(sent, part.size());
        part += of_this;
        sent -= of_this;
      }
    }
    return parts[0].size() + parts[1].size() == 0;
  }

  void written(Next next) {
    if (next == Next::kStream) return begin_stream();
    next == Next::kEnd ? linger() : next_request();
  }

  void begin_stream() {
    if (shared_->stopping) return close();  // The stop came during the write.
    beast::error_code ignored;
    socket_of(stream_).set_option(asio::socket_base::send_buffer_size(kStreamSendBytes), ignored);
    // Whoever vanished acknowledges no heartbeat either; by itself the kernel asks for 15 minutes.
    socket_of(stream_).set_option(UserTimeout(static_cast<int>(options().write_timeout.count())),
                                  ignored);
    enter(Step::kStreaming, options().heartbeat);
    // A publisher may call this after the session, and also after the server, has ended.
    response_.stream->on_message([weak = this->weak_from_this(), shared = shared_] {
      const std::shared_lock hold(shared->gate);
      if (!shared->gate_open) return;
      if (auto session = weak.lock()) session->wake_from_any_thread();
    });
    read();
  }

  void tell_news() {
    if (shared_->stopping) return close();
    if (SharedText news = response_.stream->take()) tell(std::move(news));
  }

  // A comment, which readers of server-sent events skip.
  static const SharedText& heartbeat() {
    static const SharedText text = std::make_shared<const std::string>(":\n\n");
    return text;
  }

  void tell(SharedText text) {
    enter(Step::kTelling, options().write_timeout);
    telling_ = std::move(text);
    asio::async_write(stream_, asio::buffer(*telling_),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (self->step_ != Step::kTelling) return;
                        if (error) return self->close();
                        self->telling_.reset();
                        self->enter(Step::kStreaming, self->options().heartbeat);
                        self->tell_news();
                      });
  }

  // Closing with unread input would reset the connection and might destroy the response on its way:
  // say that we are done, then swallow what still comes, for a moment.
  void linger() {
    enter(Step::kLingering, kLinger);
    if constexpr (std::is_same_v<Stream, TlsStream>) return close_tls();
    beast::error_code error;
    socket_of(stream_).shutdown(Tcp::socket::shutdown_send, error);
    read();
  }

  void close_tls() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown(
          [self = this->shared_from_this()](beast::error_code) { self->close(); });
    }
  }

  void close() {
    if (step_ == Step::kClosed) return;
    step_ = Step::kClosed;
    response_.stream.reset();
    beast::error_code error;
    socket_of(stream_).close(error);
    const auto self = this->shared_from_this();  // The set may hold the last other reference.
    owner_.erase(self);
  }

  Stream stream_;
  std::shared_ptr<Shared> shared_;
  SessionSet& owner_;
  const bool refuse_;
  bool last_ = false;       // Close after the next response.
  bool continued_ = false;  // "100 Continue" was sent.
  bool read_pending_ = false;
  Step step_ = Step::kIdle;
  Clock::time_point deadline_{};
  std::string remote_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Response response_;
  std::string head_;
  SharedText telling_;  // The message of a stream that is on its way.
};

}  // namespace

// Without memory the step at hand is lost, and its connection ends at its deadline.
void run(asio::io_context& loop) {
  this_threads_loop = &loop;
  for (bool has_ended = false; !has_ended;) {
    try {
      loop.run();
      has_ended = true;
    } catch (const std::bad_alloc&) {
    }
  }
  this_threads_loop = nullptr;
}

std::shared_ptr<Session> open_session(asio::io_context& loop, int fd, asio::ssl::context* tls,
                                      std::shared_ptr<Shared> shared, SessionSet& owner,
                                      bool refuse) {
  Socket socket(loop);
  beast::error_code error;
  socket.assign(Tcp::v4(), fd, error);
  if (error) return nullptr;
  std::shared_ptr<Session> session;
  if (tls != nullptr) {
    session = std::make_shared<StreamSession<TlsStream>>(TlsStream(std::move(socket), *tls),
                                                         std::move(shared), owner, refuse);
  } else {
    session = std::make_shared<StreamSession<Socket>>(std::move(socket), std::move(shared), owner,
                                                      refuse);
  }
  owner.insert(session);
  return session;
}

}  // namespace assay::io::http
