// yaml-cpp's event interface feeds the tree directly: its own node graph would silently keep the
// last of two equal keys, drop merge keys and expand aliases.
#include "assay/define/document.h"

#include <istream>
#include <set>
#include <streambuf>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "assay/base/check.h"
#include "assay/base/text.h"
#include "assay/define/parse.h"

namespace assay::define {

const Node* Node::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

namespace {

// Thrown by the handler through yaml-cpp to end a hopeless document; caught in read_document.
struct Stop {};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, Problems& problems, const DocumentLimits& limits)
      : file_(file), problems_(problems), limits_(limits) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(make(mark, Node::Kind::kNull));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problem(mark, "aliases (`*name`) are not supported", "write the value out");
    add(make(mark, Node::Kind::kNull));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Node node = make(mark, Node::Kind::kScalar);
    check_tag(mark, tag);
    node.quoted = tag == "!";
    node.text = value;
    if (!is_utf8(value)) {  // yaml-cpp makes a single byte of them.
      problem(mark, "the escapes `\\_` and `\\N` are not supported",
              "write `\\u00a0` or `\\u0085`");
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(make(mark, Node::Kind::kList));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(make(mark, Node::Kind::kMap));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    std::set<std::string, std::less<>> seen;  // Keys of a map so far.
    bool is_key = false;                      // The container itself stands where a key belongs.
    bool drops_value = false;                 // The last key is wrong: leave it and its value out.
  };

  Node make(const YAML::Mark& mark, Node::Kind kind) {
    if (++nodes_ > limits_.nodes) {
      problem(mark, fmt::format("more than {} values", limits_.nodes), "split the file");
      throw Stop{};
    }
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problem(mark, fmt::format("tag {} is not supported", tag), "remove the tag");
  }

  bool wants_key() const {
    if (frames_.empty() || frames_.back().node.kind != Node::Kind::kMap) return false;
    return frames_.back().node.keys.size() == frames_.back().node.items.size();
  }

  void open(Node node) {
    if (frames_.size() >= limits_.depth) {
      problem({node.line, node.column}, fmt::format("nested deeper than {} levels", limits_.depth),
              "");
      throw Stop{};
    }
    const bool is_key = wants_key();
    frames_.push_back({std::move(node), {}, is_key});
  }

  void close() {
    ASSAY_CHECK(!frames_.empty());
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
    } else if (wants_key()) {
      add_key(std::move(node));
    } else if (frames_.back().drops_value) {
      frames_.back().drops_value = false;
      frames_.back().node.keys.pop_back();
    } else {
      frames_.back().node.items.push_back(std::move(node));
    }
  }

  void add_key(Node node) {
    Frame& frame = frames_.back();
    const Spot spot{node.line, node.column};
    frame.drops_value = true;
    if (node.kind != Node::Kind::kScalar) {
      problem(spot, "a key must be a word", "");
      node.text.clear();
    } else if (node.text == "<<" && !node.quoted) {
      problem(spot, "merge keys (`<<`) are not supported", "write the keys out");
    } else if (!frame.seen.insert(node.text).second) {
      const Node* first = first_key(frame.node, node.text);
      problem(spot, fmt::format("key '{}' appears twice", node.text),
              fmt::format("first on line {}; keep one of them", first->line));
    } else {
      frame.drops_value = false;
    }
    frame.node.keys.push_back(std::move(node));
  }

  static const Node* first_key(const Node& map, std::string_view text) {
    for (const Node& key : map.keys) {
      if (key.text == text) return &key;
    }
    ASSAY_CHECK(false);
  }

  // The dotted path of what is being read now.
  std::string path() const {
    std::string out;
    for (const Frame& frame : frames_) {
      const Node& node = frame.node;
      if (node.kind == Node::Kind::kList) {
        out += fmt::format("[{}]", node.items.size());
      } else if (node.keys.size() > node.items.size()) {
        out += (out.empty() ? "" : ".") + node.keys.back().text;
      }
    }
    return out;
  }

  struct Spot {
    int line;
    int column;
  };
  void problem(Spot spot, std::string message, std::string hint) {
    problems_.push_back({.place = {file_, spot.line, spot.column},
                         .field = path(),
                         .message = std::move(message),
                         .hint = std::move(hint)});
    if (problems_.size() >= 100) throw Stop{};
  }
  void problem(const YAML::Mark& mark, std::string message, std::string hint) {
    problem(Spot{mark.line + 1, mark.column + 1}, std::move(message), std::move(hint));
  }

  const std::string& file_;
  Problems& problems_;
  Node root_;
  std::vector<Frame> frames_;
  const DocumentLimits& limits_;
  std::size_t nodes_ = 0;
};

// An istream over text that is already in memory, without copying it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // Never written: setg only.
    setg(begin, begin, begin + text.size());
  }
};

int hex_value(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// JSON writes a character beyond U+FFFF as two escaped surrogates, which YAML does not know.
// YAML's own escape for it is shorter, so later columns of the line move a little.
std::string join_surrogates(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const bool pair = i + 12 <= text.size() && text[i + 1] == 'u' && text.substr(i + 6, 2) == "\\u";
    const int high = pair ? hex_value(text.substr(i + 2, 4)) : -1;
    const int low = pair ? hex_value(text.substr(i + 8, 4)) : -1;
    if (high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
      out += fmt::format("\\U{:08x}", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
      i += 11;
    } else {
      out += text.substr(i++, 2);
    }
  }
  return out;
}

bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

Checked<Document> read_document(std::string_view text, const std::string& file,
                                const DocumentLimits& limits) {
  Problems problems;
  const auto complain = [&](int line, int column, std::string message, std::string hint) {
    problems.push_back({.place = {file, line, column},
                        .field = {},
                        .message = std::move(message),
                        .hint = std::move(hint)});
  };
  if (text.size() > limits.bytes) {
    complain(0, 0, fmt::format("larger than {} bytes", limits.bytes), "split the file");
  } else if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    complain(0, 0, "not UTF-8 text", "save the file as UTF-8");
  }
  if (!problems.empty()) return unexpected(std::move(problems));

  const bool is_json = looks_like_json(text) || file.ends_with(".json");
  const std::string json = looks_like_json(text) ? join_surrogates(text) : std::string{};
  ViewBuffer buffer(json.empty() ? text : json);
  std::istream stream(&buffer);
  TreeBuilder builder(file, problems, limits);
  try {
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      Node root = builder.take_root();
      if (parser.HandleNextDocument(builder)) {
        complain(1, 1, "more than one YAML document (`---`)", "one experiment per file");
      }
      return Document{std::move(root), std::move(problems)};
    }
    complain(1, 1, "the file is empty", "");
  } catch (const Stop&) {
  } catch (const YAML::Exception& e) {
    complain(e.mark.line + 1, e.mark.column + 1,
             fmt::format("not valid {}: {}", is_json ? "JSON" : "YAML", e.msg),
             is_json ? "check commas, quotes and brackets around this place"
                     : "check indentation, colons and quotes around this place");
  } catch (const std::exception& e) {
    complain(0, 0, fmt::format("not valid YAML: {}", e.what()), "");
  }
  return unexpected(std::move(problems));
}

}  // namespace assay::define
