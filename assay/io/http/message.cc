#include "assay/io/http/message.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::io::http {
namespace {

std::optional<std::string_view> find(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Part { kPath, kQuery };

constexpr std::string_view kEncodedSlash = "%2F";
constexpr std::string_view kEncodedPercent = "%25";

// In queries a plus is a space, as forms write it; in paths an encoded slash stays encoded, and so
// does a percent sign, or what follows it would be decoded twice.
bool decode(std::string_view text, Part part, std::string& out) {
  const auto has = [text](char c) { return text.find(c) != std::string_view::npos; };
  if (has('\0')) return false;
  if (!has('%') && !(part == Part::kQuery && has('+'))) {
    out.assign(text);
    return true;
  }
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (part == Part::kPath && (c == '/' || c == '%')) {
        out += c == '/' ? kEncodedSlash : kEncodedPercent;
        continue;
      }
    } else if (c == '+' && part == Part::kQuery) {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return true;
}

bool parse_query(std::string_view text, Fields& query) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name, value;
    if (!decode(pair.substr(0, equals), Part::kQuery, name)) return false;
    if (!decode(pair.substr(std::min(equals + 1, pair.size())), Part::kQuery, value)) return false;
    query.emplace_back(std::move(name), std::move(value));
  }
  return true;
}

// Whatever a handler puts into a header cannot start another one.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value);
  const auto is_line_end = [](char c) { return c == '\r' || c == '\n'; };
  std::replace_if(out.end() - static_cast<std::ptrdiff_t>(value.size()), out.end(), is_line_end,
                  ' ');
  out.append("\r\n");
}

// Of "http://" or "https://" in front, in any case; 0 without.
std::size_t scheme_length(std::string_view target) {
  if (target.starts_with('/')) return 0;
  const auto same = [](char wanted, char c) {
    return wanted == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  };
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size()) continue;
    if (std::equal(scheme.begin(), scheme.end(), target.begin(), same)) return scheme.size();
  }
  return 0;
}

std::string_view strong(std::string_view etag) {
  if (etag.substr(0, 2) == "W/") etag.remove_prefix(2);
  return etag;
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  return find(headers, lower_case_name);
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  return find(query, name);
}

Result<bool> Request::query_bool(std::string_view name) const {
  const std::string_view value = query_value(name).value_or("false");
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return fail(Code::kInvalid,
              fmt::format("{}={} is neither true nor false", name, value.substr(0, 60)),
              fmt::format("write ?{}=true, or leave it out", name));
}

const std::string& Request::param(std::string_view name) const {
  const auto at = std::find_if(params.begin(), params.end(),
                               [&](const auto& field) { return field.first == name; });
  ASSAY_CHECK(at != params.end());
  return at->second;
}

std::string_view authority_of(std::string_view target) {
  const std::size_t begin = scheme_length(target);
  if (begin == 0) return {};
  return target.substr(begin, target.find_first_of("/?#", begin) - begin);
}

bool parse_target(std::string_view target, Request& request) {
  const std::size_t scheme = scheme_length(target);
  const std::size_t host = authority_of(target).size();
  if (scheme > 0 && host == 0) return false;
  target.remove_prefix(scheme + host);
  target = target.substr(0, target.find('#'));
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  if (!path.starts_with('/') && !(path.empty() && host > 0)) return false;
  if (!decode(path.empty() ? "/" : path, Part::kPath, request.path)) return false;
  request.query.clear();
  return parse_query(target.substr(std::min(question + 1, target.size())), request.query);
}

std::string segment_text(std::string_view segment) {
  std::string text;
  while (!segment.empty()) {
    const std::size_t plain = std::min(segment.find('%'), segment.size());
    text += segment.substr(0, plain);
    segment.remove_prefix(plain);
    if (segment.empty()) break;
    text += segment.starts_with(kEncodedSlash) ? '/' : '%';
    segment.remove_prefix(kEncodedSlash.size());
  }
  return text;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

void append_head(const Response& response, bool keep_alive, std::string_view date,
                 std::string& head) {
  const fmt::format_int status(response.status);
  head.append("HTTP/1.1 ").append(status.data(), status.size()).append(" ");
  head.append(reason_phrase(response.status)).append("\r\nDate: ").append(date);
  head.append("\r\nX-Content-Type-Options: nosniff\r\n");
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!response.content_type.empty()) {
      head.append("Content-Type: ").append(response.content_type).append("\r\n");
    }
    // Without a length, the end of the connection is the end of a stream.
    if (!response.stream) {
      const fmt::format_int bytes(response.body.size());
      head.append("Content-Length: ").append(bytes.data(), bytes.size()).append("\r\n");
    }
  }
  for (const auto& [name, value] : response.headers) append_field(head, name, value);
  if (!keep_alive) head.append("Connection: close\r\n");
  head.append("\r\n");
}

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

std::string etag_of(std::string_view body) { return fmt::format("\"{:016x}\"", xxh3_64(body)); }

bool matches_etag(const Request& request, std::string_view etag) {
  auto header = request.header("if-none-match");
  if (!header) return false;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one == "*" || strong(one) == strong(etag)) return true;
  }
  return false;
}

Response with_etag(const Request& request, Response response, const std::string& etag) {
  if (matches_etag(request, etag)) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace assay::io::http
