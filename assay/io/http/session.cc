// Reads with Beast's incremental parser, hands the request to the handler, writes head and body in
// one gather. Steps of a connection: (handshake) → idle → reading → handling → writing → idle …
// → lingering → closed; a stream goes on from writing: → streaming (nothing to say) ↔ telling
// → closed. Each step has one deadline, which the loop's ticker checks: cheaper than a timer per
// operation, and a slow sender cannot extend it byte by byte.
#include "assay/io/http/session.h"

#include <array>
#include <ctime>
#include <optional>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "assay/io/http/channel.h"
#include "assay/io/http/failure.h"

namespace assay::io::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr std::size_t kFirstReadBytes = 4 << 10;  // What an idle connection keeps.
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::chrono::seconds kLinger{2};
constexpr int kStreamSendBytes = 64 << 10;  // What the kernel keeps for a slow reader of a stream.

// The Date header, made once a second and thread.
const std::string& http_date() {
  thread_local std::time_t second = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != second) {
    second = now;
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 40> buffer{};
    text.assign(buffer.data(),
                std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return text;
}

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Response parse_failure(beast::error_code error, const ServerOptions& options) {
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

Tcp::socket& socket_of(Tcp::socket& stream) { return stream; }
Tcp::socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

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
  void send(Response response) {
    if (answered_.exchange(true)) return;
    const std::shared_lock hold(shared_->gate);
    if (!shared_->gate_open) return;
    if (auto session = session_.lock()) session->answer_from_any_thread(std::move(response));
  }

 private:
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
    if (step_ == Step::kHandling || now < deadline_) return;
    if (step_ == Step::kReading && parser_) {
      // Tell who is slow; whoever does not listen either is cut off after the write's deadline.
      last_ = true;
      return write(failure(408, {Code::kInvalid, "the request took too long to arrive", {}}));
    }
    if (step_ == Step::kStreaming) return tell(heartbeat());
    close();
  }

  void answer_from_any_thread(Response response) {
    asio::dispatch(stream_.get_executor(),
                   [self = this->shared_from_this(), response = std::move(response)]() mutable {
                     if (self->step_ == Step::kHandling) self->write(std::move(response));
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

  const ServerOptions& options() const { return shared_->options; }

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
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(options().max_header_bytes));
    parser_->body_limit(options().max_body_bytes);
    continued_ = false;
    if (buffer_.size() > 0) {  // Pipelined.
      enter(Step::kReading, options().read_timeout);
      return parse();
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
    if (step_ == Step::kIdle) enter(Step::kReading, options().read_timeout);
    parse();
  }

  void parse() {
    beast::error_code error;
    while (buffer_.size() > 0 && !parser_->is_done()) {
      const std::size_t used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      if (error == beast::http::error::need_more) {
        error = {};
        break;
      }
      if (error) return refuse_request(parse_failure(error, options()));
    }
    if (parser_->is_done()) return handle();
    if (parser_->is_header_done() && !continued_ && expects_continue()) return send_continue();
    read();
  }

  bool expects_continue() const {
    const auto value = parser_->get()[beast::http::field::expect];
    return beast::iequals(value, "100-continue");
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

  void refuse_request(Response response) {
    last_ = true;
    write(std::move(response));
  }

  void handle() {
    auto message = parser_->release();
    head_only_ = message.method() == beast::http::verb::head;
    if (!message.keep_alive()) last_ = true;
    Request request;
    if (message.version() >= 11 && message.count(beast::http::field::host) != 1) {
      return refuse_request(failure(400, {Code::kInvalid, "one Host header is needed", {}}));
    }
    const auto target = message.target();
    if (!parse_target({target.data(), target.size()}, request)) {
      return refuse_request(failure(400, {Code::kInvalid, "the request target is malformed", {}}));
    }
    request.method = std::string(message.method_string());
    for (const auto& field : message) {
      request.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                   std::string(field.value()));
    }
    request.body = std::move(message.body());
    request.remote = remote_;
    request.keep_alive = !last_;
    call_handler(std::move(request));
  }

  void call_handler(Request request) {
    enter(Step::kHandling, {});
    auto reply = std::make_shared<Reply<Stream>>(this->weak_from_this(), shared_);
    try {
      shared_->handler(std::move(request),
                       [reply](Response response) { reply->send(std::move(response)); });
    } catch (const std::exception& thrown) {
      reply->send(failure(500, {Code::kCorrupt, "the handler failed", thrown.what()}));
    }
  }

  void write(Response response) {
    enter(Step::kWriting, options().write_timeout);
    if (shared_->stopping || response.stream) last_ = true;
    response_ = std::move(response);
    head_ = response_head(response_, !last_, http_date());
    const bool bodiless = head_only_ || response_.status == 304 || response_.status == 204;
    const std::array<asio::const_buffer, 2> parts = {
        asio::buffer(head_), bodiless ? asio::const_buffer() : asio::buffer(response_.body)};
    // Decided here, as the head says it: a stop that comes during the write finds an idle
    // connection after it, which needs no lingering.
    const bool is_stream = response_.stream != nullptr && !head_only_ && !shared_->stopping;
    asio::async_write(stream_, parts,
                      [self = this->shared_from_this(), last = last_, is_stream](
                          beast::error_code error, std::size_t) {
                        if (self->step_ != Step::kWriting) return;
                        if (error) return self->close();
                        if (is_stream) return self->begin_stream();
                        last ? self->linger() : self->next_request();
                      });
  }

  void begin_stream() {
    if (shared_->stopping) return close();  // The stop came during the write.
    beast::error_code ignored;
    socket_of(stream_).set_option(asio::socket_base::send_buffer_size(kStreamSendBytes), ignored);
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
    static const SharedText kText = std::make_shared<const std::string>(":\n\n");
    return kText;
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
  bool head_only_ = false;  // The request was HEAD.
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

std::shared_ptr<Session> open_session(asio::io_context& loop, int fd, asio::ssl::context* tls,
                                      std::shared_ptr<Shared> shared, SessionSet& owner,
                                      bool refuse) {
  Tcp::socket socket(loop);
  beast::error_code error;
  socket.assign(Tcp::v4(), fd, error);
  if (error) return nullptr;
  std::shared_ptr<Session> session;
  if (tls != nullptr) {
    session = std::make_shared<StreamSession<TlsStream>>(TlsStream(std::move(socket), *tls),
                                                         std::move(shared), owner, refuse);
  } else {
    session = std::make_shared<StreamSession<Tcp::socket>>(std::move(socket), std::move(shared),
                                                           owner, refuse);
  }
  owner.insert(session);
  return session;
}

}  // namespace assay::io::http
