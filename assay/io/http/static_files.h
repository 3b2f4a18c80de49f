// StaticFiles: a folder of files, such as the dashboard's, read into memory once. Lookups are in a
// map of what was found, so no request can name a file outside the folder. Immutable after load:
// any thread may ask.
//
// Answers carry an ETag of the content; files under assets/ (whose names contain a hash) are cached
// for ever, everything else is revalidated. Where NAME.gz lies beside NAME, clients that accept
// gzip get that. Paths that name no file and end in no file type known here get index.html,
// because a single-page application has routes of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "assay/base/expected.h"
#include "assay/io/http/message.h"

namespace assay::io::http {

class StaticFiles {
 public:
  // kNotFound without the folder or its index.html; kInvalid beyond 64 MiB.
  static Result<StaticFiles> load(const std::string& folder);

  // Answers GET and HEAD; nothing when there is no such file.
  std::optional<Response> find(const Request& request) const;

 private:
  struct File {
    std::string content;
    std::string etag;
    std::optional<std::string> gzip;
  };
  Response answer(const Request& request, const std::string& path, const File& file) const;

  std::map<std::string, File> files_;  // By path: "/index.html".
};

std::string_view content_type_of(std::string_view path);

}  // namespace assay::io::http
