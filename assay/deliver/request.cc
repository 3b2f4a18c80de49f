#include "assay/deliver/request.h"

#include <algorithm>
#include <array>
#include <deque>
#include <span>
#include <vector>

#include <simdjson.h>

#include "assay/base/json_text.h"
#include "assay/base/text.h"

namespace assay::deliver {
namespace {

namespace dom = simdjson::dom;

// Parsing reuses its buffers from request to request: one parser for each thread.
struct Reader {
  dom::parser parser{kMaxBodyBytes + simdjson::SIMDJSON_PADDING};
  std::deque<std::vector<assign::Element>> lists;
  std::string name;
  std::vector<std::string_view> names;  // Of all open objects, one behind the other.
  // Deeper documents are refused; a parser that cannot be allocated refuses every document.
  Reader() : is_ready(parser.allocate(1 << 16, kMaxDepth) == simdjson::SUCCESS) {}
  bool is_ready;
};

Reader& this_threads_reader() {
  thread_local Reader reader;
  return reader;
}

using Kind = BodyFault::Kind;

auto fault(Kind kind, std::string message, std::string hint = {}, std::string place = {}) {
  return unexpected(
      BodyFault{kind, {Code::kInvalid, std::move(message), std::move(hint)}, std::move(place)});
}

bool has_equals(std::span<std::string_view> names) {
  constexpr std::size_t kFew = 12;
  if (names.size() > kFew) {
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
  }
  for (std::size_t i = 1; i < names.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (names[k] == names[i]) return true;
    }
  }
  return false;
}

// Whether an object in it has one name twice. What json_fault finds in the text, found quickly.
bool names_twice(Reader& reader, const dom::element& value) {
  if (value.is_array()) {
    const dom::array array(value);
    return std::any_of(array.begin(), array.end(),
                       [&](const dom::element& one) { return names_twice(reader, one); });
  }
  if (!value.is_object()) return false;
  const std::size_t begin = reader.names.size();
  for (const dom::key_value_pair pair : dom::object(value)) {
    if (names_twice(reader, pair.value)) return true;
    reader.names.push_back(pair.key);
  }
  const bool found = has_equals(std::span(reader.names).subspan(begin));
  reader.names.resize(begin);
  return found;
}

// `what` begins the sentence that says what is wrong: "the body".
Expected<dom::element, BodyFault> parse(Reader& reader, std::string_view body,
                                        std::string_view what) {
  const auto not_json = [what] {
    return fault(Kind::kNotJson, std::string(what) + " is not JSON of at most 4 MiB and 64 levels");
  };
  reader.lists.clear();
  if (!reader.is_ready || body.size() > kMaxBodyBytes) return not_json();
  dom::element document;
  auto error =
      reader.parser.parse(body.empty() ? "" : body.data(), body.size(), true).get(document);
  if (error == simdjson::NUMBER_ERROR) {
    error = reader.parser.parse(with_fractions(body)).get(document);
  }
  reader.names.clear();
  const bool is_read = error == simdjson::SUCCESS;
  if (is_read ? names_twice(reader, document) : error == simdjson::NUMBER_ERROR) {
    if (auto wrong = json_fault(body)) {
      std::string sentence = wrong->field + ' ' + wrong->message;
      return fault(Kind::kNotJson, std::move(sentence), std::move(wrong->hint),
                   std::move(wrong->field));
    }
  }
  if (!is_read) return not_json();
  return document;
}

void set_list(Reader& reader, std::string_view name, const dom::array& array,
              assign::Context& context) {
  std::vector<assign::Element> elements;
  for (const dom::element element : array) {
    if (element.is_string()) elements.emplace_back(std::string_view(element));
    if (element.is_number()) elements.emplace_back(double(element));
    if (element.is_bool()) elements.emplace_back(bool(element));
  }
  reader.lists.push_back(std::move(elements));
  context.set_list(name, reader.lists.back());
}

void set_leaf(Reader& reader, std::string_view name, const dom::element& element,
              assign::Context& context) {
  switch (element.type()) {
    case dom::element_type::STRING:
      return context.set_text(name, std::string_view(element));
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return context.set_number(name, double(element));
    case dom::element_type::BOOL:
      return context.set_bool(name, bool(element));
    case dom::element_type::ARRAY:
      return set_list(reader, name, dom::array(element), context);
    case dom::element_type::OBJECT:
    case dom::element_type::NULL_VALUE:
      return;
  }
}

// A plan names no attribute that is longer. Without a bound, a hostile body could make us hash one
// huge key again for each of a hundred thousand leaves below it.
constexpr std::size_t kMaxNameBytes = 1024;

// Of an attribute whose parents' names, with dots, are the first `length` bytes of reader.name.
std::string_view full_name(Reader& reader, std::size_t length, std::string_view key) {
  if (length == 0) return key;
  reader.name.resize(length);
  return reader.name.append(1, '.').append(key);
}

// Whether there are objects, too, is returned.
bool set_leaves(Reader& reader, std::size_t length, const dom::object& object,
                assign::Context& context) {
  bool has_objects = false;
  for (const dom::key_value_pair pair : object) {
    if (pair.value.is_object()) {
      has_objects = true;
    } else if (length + pair.key.size() <= kMaxNameBytes) {
      set_leaf(reader, full_name(reader, length, pair.key), pair.value, context);
    }
  }
  return has_objects;
}

void set_object(Reader& reader, std::size_t length, const dom::object& object,
                assign::Context& context);

void set_inner(Reader& reader, std::size_t length, const dom::key_value_pair& pair,
               assign::Context& context) {
  if (length + pair.key.size() > kMaxNameBytes) return;
  if (length + pair.key.size() == 0) return;  // What is in it would seem to be beside it.
  const std::string_view name = full_name(reader, length, pair.key);
  context.set_other(name);
  if (length == 0) reader.name = name;
  set_object(reader, reader.name.size(), dom::object(pair.value), context);
}

// The last way to an attribute wins, and may not depend on the order of an object's members: the
// longest name comes last. So leaves are set once more after the objects, and "device.os" wins over
// the way by dots.
void set_object(Reader& reader, std::size_t length, const dom::object& object,
                assign::Context& context) {
  if (!set_leaves(reader, length, object, context)) return;
  std::vector<dom::key_value_pair> dotted;
  for (const dom::key_value_pair pair : object) {
    if (!pair.value.is_object()) continue;
    if (pair.key.find('.') != std::string_view::npos) {
      dotted.push_back(pair);
    } else {
      set_inner(reader, length, pair, context);
    }
  }
  std::ranges::stable_sort(dotted, {}, [](const auto& pair) { return pair.key.size(); });
  for (const dom::key_value_pair& pair : dotted) set_inner(reader, length, pair, context);
  set_leaves(reader, length, object, context);
}

// A name mistyped would be left out of account without a word. `at` stands before the name.
Result<void> no_others(const dom::object& object, std::span<const std::string_view> known,
                       const std::string& at, const char* hint) {
  for (const dom::key_value_pair pair : object) {
    if (std::ranges::find(known, pair.key) != known.end()) continue;
    const auto meant = did_you_mean(pair.key, known);
    return fail(Code::kInvalid, at + std::string(pair.key.substr(0, 60)) + " is not known",
                meant ? "did you mean " + *meant + "?" : hint);
  }
  return {};
}

constexpr std::array<std::string_view, 2> kBodyNames = {"experiment", "units"};
constexpr std::array<std::string_view, 2> kUnitNames = {"id", "attributes"};

Result<void> read_unit(Reader& reader, const dom::element& unit, std::size_t index,
                       assign::Context& context) {
  context.reset();
  std::string_view id;
  if (unit["id"].get(id) != simdjson::SUCCESS) {
    return fail(Code::kInvalid, "units[" + std::to_string(index) + "].id is not a text",
                R"(write {"id": "user_42", "attributes": {"country": "IN"}})");
  }
  dom::element attributes;
  if (unit["attributes"].get(attributes) == simdjson::SUCCESS) {
    dom::object object;
    if (attributes.get(object) != simdjson::SUCCESS) {
      return fail(Code::kInvalid,
                  "units[" + std::to_string(index) + "].attributes is not an object");
    }
    set_object(reader, 0, object, context);
  }
  ASSAY_TRY_VOID(no_others(dom::object(unit), kUnitNames, "units[" + std::to_string(index) + "].",
                           "what conditions ask for goes into `attributes`"));
  context.set_targeting_key(id);  // Last, for it is the attribute `targetingKey`, too.
  return {};
}

Read fill(Reader& reader, const dom::object& object, assign::Context& context) {
  set_object(reader, 0, object, context);
  dom::element key;
  if (object["targetingKey"].get(key) != simdjson::SUCCESS || key.is_null()) return {};
  std::string_view id;
  if (key.get(id) != simdjson::SUCCESS) {
    return fault(Kind::kBadKey, "targetingKey is not a text", "write the id in quotes");
  }
  context.set_targeting_key(id);
  return {};
}

}  // namespace

Read read_context(std::string_view body, assign::Context& context) {
  Reader& reader = this_threads_reader();
  ASSAY_TRY(const dom::element document, parse(reader, body, "the body"));
  dom::object object;
  if (document["context"].get(object) != simdjson::SUCCESS) {
    return fault(Kind::kNoContext, "the body is not an object with an object `context`");
  }
  return fill(reader, object, context);
}

Read read_bare_context(std::string_view json, assign::Context& context) {
  Reader& reader = this_threads_reader();
  ASSAY_TRY(const dom::element document, parse(reader, json, "the context"));
  dom::object object;
  if (document.get(object) != simdjson::SUCCESS) {
    return fault(Kind::kNoContext, "the context is not a JSON object");
  }
  return fill(reader, object, context);
}

Read read_attributes(std::string_view text, assign::Context& context) {
  Reader& reader = this_threads_reader();
  ASSAY_TRY(const dom::element document, parse(reader, text, "the row"));
  dom::object object;
  if (document.get(object) != simdjson::SUCCESS) {
    return fault(Kind::kNoContext, "the row is not a JSON object");
  }
  set_object(reader, 0, object, context);
  return {};
}

Result<void> read_units(std::string_view body, assign::Context& context,
                        const std::function<Result<void>(std::optional<std::string_view> experiment,
                                                         std::size_t units)>& begin,
                        const std::function<Result<void>()>& visit) {
  Reader& reader = this_threads_reader();
  auto parsed = parse(reader, body, "the body");
  if (!parsed) return unexpected(std::move(parsed.error().error));
  const dom::element document = *parsed;
  dom::array units;
  if (document["units"].get(units) != simdjson::SUCCESS) {
    return fail(Code::kInvalid, "the body has no list `units`",
                R"(write {"experiment": "ranker_v2", "units": [{"id": "user_42"}]})");
  }
  if (units.size() > kMaxUnits) {
    return fail(Code::kInvalid, "more than " + std::to_string(kMaxUnits) + " units",
                "ask in several requests");
  }
  std::optional<std::string_view> experiment;
  dom::element named;
  if (document["experiment"].get(named) == simdjson::SUCCESS && !named.is_null()) {
    std::string_view id;
    if (named.get(id) != simdjson::SUCCESS) {
      return fail(Code::kInvalid, "`experiment` is not a text");
    }
    experiment = id;
  }
  ASSAY_TRY_VOID(no_others(dom::object(document), kBodyNames, "",
                           "the body has `units` and may have `experiment`"));
  ASSAY_TRY_VOID(begin(experiment, units.size()));
  std::size_t index = 0;
  for (const dom::element unit : units) {
    ASSAY_TRY_VOID(read_unit(reader, unit, index++, context));
    ASSAY_TRY_VOID(visit());
  }
  return {};
}

}  // namespace assay::deliver
