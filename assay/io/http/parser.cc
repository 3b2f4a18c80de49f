#include "assay/io/http/parser.h"

#include <algorithm>

#include "assay/io/http/failure.h"

namespace assay::io::http {
namespace {

namespace beast = boost::beast;

constexpr std::size_t kUsualHeaders = 8;
constexpr std::size_t kShortBodyBytes = 16 << 10;  // Are not counted.

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

Parser::Parser(Shared& shared) : share_(shared) {
  eager(true);
  header_limit(static_cast<std::uint32_t>(shared.options.max_header_bytes));
  body_limit(shared.options.max_body_bytes);
}

Parser::Error Parser::no_room() {
  return boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
}

void Parser::drop_body() {
  request.body = std::string();
  share_.give_back();
}

void Parser::on_request_impl(beast::http::verb verb, Text method, Text target, int version,
                             Error&) {
  version_ = version;
  is_head = verb == beast::http::verb::head;
  request.method = view(method);
  is_target_good = http::parse_target(view(target), request);
  // Ahead of the Host header, which a target of absolute form overrules (RFC 9112, 3.2.2).
  const std::string_view authority = http::authority_of(view(target));
  request.headers.reserve(kUsualHeaders);
  if (!authority.empty()) request.headers.emplace_back("host", authority);
}

void Parser::on_field_impl(Field field, Text name, Text value, Error& error) {
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

void Parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) {
  // Of a long one, what has come: its length is only a promise.
  if (length) request.body.reserve(std::min<std::uint64_t>(*length, kShortBodyBytes));
}

std::size_t Parser::on_body_impl(Text bytes, Error& error) {
  const std::size_t before = std::max(request.body.size(), kShortBodyBytes);
  const std::size_t after = request.body.size() + bytes.size();
  if (after > before && !share_.add(after - before)) error = no_room();
  request.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

Response parse_failure(Parser::Error error, const ServerOptions& options) {
  if (error == Parser::no_room()) {
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

}  // namespace assay::io::http
