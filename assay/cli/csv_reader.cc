#include "assay/cli/csv_reader.h"

#include <istream>

#include "assay/base/text.h"

namespace assay::cli {

bool CsvReader::fail(std::string message) {
  error_ = std::move(message);
  return false;
}

bool CsvReader::read_line(std::string& text) {
  if (!std::getline(in_, text)) return false;
  ++lines_read_;
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (lines_read_ == 1 && text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return true;
}

bool CsvReader::next(std::vector<std::string>& fields) {
  fields.clear();
  do {
    if (!error_.empty() || !read_line(text_)) return false;
  } while (text_.empty());
  if (line_ == 0 && text_.find('\r') != std::string::npos) {
    return fail("lines end with a carriage return alone; save the file with other line ends");
  }
  if (line_ == 0 && text_.find(',') == std::string::npos) {
    const auto other = text_.find_first_of("\t;");
    if (other != std::string::npos) separator_ = text_[other];
  }
  line_ = lines_read_;
  std::string more;
  for (std::size_t at = 0;; ++at) {
    std::string& field = fields.emplace_back();
    if (at >= text_.size() || text_[at] != '"') {
      const std::size_t comma = std::min(text_.find(separator_, at), text_.size());
      field = text_.substr(at, comma - at);
      at = comma;
    } else {
      for (++at;; ++at) {
        while (at >= text_.size()) {  // The field goes on in the next line.
          if (text_.size() > kMaxRecordBytes) return fail("a record is longer than 4 MiB");
          if (!read_line(more)) return fail("a quoted field has no end");
          text_ += '\n' + more;
        }
        if (text_[at] == '"') {
          if (++at >= text_.size() || text_[at] != '"') break;
        }
        field += text_[at];
      }
    }
    if (at >= text_.size()) {
      return is_utf8(text_) || fail("is not UTF-8; save the file as UTF-8");
    }
    if (text_[at] != separator_) return fail("something follows the closing quote of a field");
  }
}

std::string csv_quoted(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string out = "\"";
  for (const char c : field) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace assay::cli
