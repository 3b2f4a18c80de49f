#include "assay/io/http/static_files.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace assay::io::http {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnknownType = "application/octet-stream";
constexpr std::uintmax_t kMaxTotalBytes = 64 << 20;

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) return fail(Code::kUnavailable, "cannot read " + path.string());
  return content;
}

// A plain file that is not a link: a link could lead out of the folder.
bool is_plain(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_regular_file(ignored) && !entry.is_symlink(ignored);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool accepts_gzip(const Request& request) {
  const auto accepted = request.header("accept-encoding");
  return accepted && accepted->find("gzip") != std::string_view::npos &&
         accepted->find("gzip;q=0") == std::string_view::npos;
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".map", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".wasm", "application/wasm"},
  }};
  for (const auto& [extension, type] : kTypes) {
    if (ends_with(path, extension)) return type;
  }
  return kUnknownType;
}

Result<StaticFiles> StaticFiles::load(const std::string& folder) {
  std::error_code error;
  fs::recursive_directory_iterator files(folder, error);
  if (error) return fail(Code::kNotFound, fmt::format("{}: {}", folder, error.message()));
  StaticFiles found;
  std::uintmax_t total = 0;
  for (const fs::directory_entry& entry : files) {
    if (!is_plain(entry)) continue;
    total += entry.file_size(error);
    if (total > kMaxTotalBytes) {
      return fail(Code::kInvalid, folder + " holds more than 64 MiB",
                  "point to the folder of the built dashboard");
    }
    ASSAY_TRY(std::string content, read_file(entry.path()));
    const std::string path = "/" + entry.path().lexically_relative(folder).generic_string();
    const std::string etag = etag_of(content);
    found.files_[path] = File{std::move(content), etag, {}};
  }
  if (!found.files_.count("/index.html")) {
    return fail(Code::kNotFound, folder + " has no index.html", "build the dashboard first");
  }
  for (auto& [path, file] : found.files_) {
    const auto gzip = found.files_.find(path + ".gz");
    if (gzip != found.files_.end()) file.gzip = gzip->second.content;
  }
  return found;
}

std::optional<Response> StaticFiles::find(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  auto at = files_.find(request.path);
  if (at == files_.end()) {
    // An experiment's id may hold a dot: only a known ending says that a file was meant.
    if (content_type_of(request.path) != kUnknownType) return std::nullopt;
    at = files_.find("/index.html");
  }
  return answer(request, at->first, at->second);
}

Response StaticFiles::answer(const Request& request, const std::string& path,
                             const File& file) const {
  Response response;
  response.content_type = content_type_of(path);
  const bool hashed_name = path.rfind("/assets/", 0) == 0;
  response.headers.emplace_back("Cache-Control",
                                hashed_name ? "public, max-age=31536000, immutable" : "no-cache");
  std::string etag = file.etag;
  if (file.gzip) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (file.gzip && accepts_gzip(request)) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    etag.insert(etag.size() - 1, "-gzip");
    response.body = *file.gzip;
  } else {
    response.body = file.content;
  }
  return with_etag(request, std::move(response), etag);
}

}  // namespace assay::io::http
