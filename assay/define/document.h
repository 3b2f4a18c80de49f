// Document: the text of a YAML or JSON file as a plain tree with places, before anyone asks what it
// means. It keeps the text of every scalar as written, so that numbers are read by us and not by
// YAML's rules. What a plan must not depend on is an error here: duplicate keys, merge keys (`<<`),
// aliases, tags, a second document, and nesting deeper than kMaxDepth (or the limit given).
//
//   auto read = read_document("id: x\n", "exp.yaml");  // read->root.find("id")->text == "x"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"

namespace assay::define {

inline constexpr std::size_t kMaxDepth = 48;

struct DocumentLimits {
  std::size_t bytes = 1 << 20;  // kMaxFileBytes.
  std::size_t nodes = 100'000;
  std::size_t depth = kMaxDepth;
};

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;  // From 1.
  int column = 0;
  bool quoted = false;      // A scalar in quotes (or a block): text, never a number or true.
  std::string text;         // Scalars.
  std::vector<Node> items;  // Lists; the values of maps.
  std::vector<Node> keys;   // Maps: keys[i] belongs to items[i], in file order.

  const Node* find(std::string_view key) const;
};

// The tree, and what a plan must not depend on: a second key of the same name, an alias or a merge
// key is reported and left out, so that whoever reads the tree can report the rest of the file too.
struct Document {
  Node root;
  Problems problems;
};

// Fails only where there is no tree: not YAML, not UTF-8, empty or too large.
Checked<Document> read_document(std::string_view text, const std::string& file,
                                const DocumentLimits& limits = {});

}  // namespace assay::define
