// Context: who is asking. Unit ids and attributes, prepared once and then used for any number of
// evaluations against the snapshot it was made for.
//
//   Context context(*snapshot);
//   context.set_targeting_key("user_42");
//   context.set_text("country", "IN");
//   context.set_number("age", 34);
//   const Assignment a = snapshot->evaluate(*snapshot->find("ranker_v2"), context);
//
// Texts are borrowed: they must live as long as the context is used. Attributes that no experiment
// of the snapshot names are dropped at once, so that a huge context costs little. Setting an
// attribute twice keeps the later value. No allocation for up to 16 named attributes; `reset` keeps
// the memory for the next unit. One thread at a time.
//
// The id for an experiment whose unit is "session" is the attribute "session" if there is one, else
// the targeting key. An attribute of that name that is not a text is no id at all: falling back
// silently would randomize by another unit than the plan says.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "assay/assign/semver.h"
#include "assay/assign/text_table.h"
#include "assay/base/hash.h"
#include "assay/base/time.h"

namespace assay::assign {

class Snapshot;

// An experiment in one snapshot; means nothing in another.
struct Handle {
  std::uint32_t index = 0;
};

// What a snapshot wants to know of a context: filled while it is compiled, read-only afterwards.
struct Schema {
  static constexpr std::uint8_t kNoUnit = 0xff;
  static constexpr std::size_t kMaxUnitKinds = 32;  // Bits of Context::own_units_.
  struct Attribute {
    std::uint8_t unit_kind = kNoUnit;  // Also the id of this kind of unit.
    bool is_compared = false;          // With texts: find its number once.
    bool is_version = false;           // With version ranges: parse it once.
  };
  TextTable names;                                   // Attributes and kinds of unit.
  std::vector<Attribute> attributes;                 // By number in `names`.
  TextTable texts;                                   // Everything attributes are compared with.
  std::vector<std::uint32_t> units;                  // Kinds of unit, by their number in `names`.
  std::uint32_t targeting_key = TextTable::kAbsent;  // `targetingKey`, where a condition names it.

  std::uint32_t attribute(std::string_view name);  // Its number, new if need be.
  std::uint8_t unit_kind(std::string_view name);
};

// An element of a list.
using Element = std::variant<bool, double, std::string_view>;

enum ValueType : std::uint8_t { kText = 1, kNumber = 2, kBool = 4, kList = 8, kOther = 16 };

// Which of these are set, Context::types says.
struct Value {
  std::uint32_t text_number;  // In Schema::texts, or TextTable::kAbsent.
  bool boolean;
  std::uint64_t version_key;  // See semver.h; kNoVersion, too, where none is asked for.
  std::string_view text;
  double number;
  std::span<const Element> list;
};

// How a comparison with an attribute came out.
enum class Outcome : std::uint8_t { kUnknown, kTrue, kFalse, kMissing, kWrongType };

struct Match {
  bool accepted = true;
  Outcome cause = Outcome::kTrue;  // How the comparison that decided came out …
  std::uint32_t comparison = 0;    // … and which one it was.
};

struct Unit {
  std::string_view id;  // Empty: there is none.
  std::uint64_t digest = 0;
};

class Context {
 public:
  explicit Context(const Snapshot& snapshot);
  explicit Context(const Schema& schema);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Also the attribute `targetingKey`, as in OFREP's context.
  void set_targeting_key(std::string_view id);
  void set_text(std::string_view name, std::string_view text);
  void set_number(std::string_view name, double number);
  void set_bool(std::string_view name, bool value);
  void set_list(std::string_view name, std::span<const Element> list);
  // A value of no usable type (an object, null): present, but every comparison is of a wrong type.
  void set_other(std::string_view name);
  // Text of unknown type, as in a CSV file: a number or a boolean too, where it reads as one.
  void set_untyped(std::string_view name, std::string_view text);
  // Nobody of this kind of unit: the targeting key does not stand in. The attribute stays missing.
  void set_nobody(std::string_view unit_kind);

  // The same with the name looked up before: snapshot.attribute("country").
  void set_text(std::uint32_t attribute, std::string_view text);
  void set_number(std::uint32_t attribute, double number);

  // Switchbacks need it: without the time, they have no unit. Kept over reset.
  void set_time(Timestamp now) { now_ = now; }

  // What a unit of this context was answered before by an experiment with `sticky`: the variant,
  // and the epoch of that answer. `unit_kind` says whose memory it is. Of several for one
  // experiment the first that still holds counts. The first call allocates.
  struct Remembered {
    Handle experiment;
    std::int16_t variant = 0;
    std::int64_t epoch = 0;
    std::uint8_t unit_kind = Schema::kNoUnit;
  };
  void remember(const Remembered& memory) { more().remembered.push_back(memory); }
  std::span<const Remembered> remembered() const {
    return more_ ? std::span<const Remembered>(more_->remembered) : std::span<const Remembered>();
  }

  void reset();  // Forgets every value, id and memory.

  const Unit& unit(std::uint8_t kind) const {
    return (own_units_ >> kind) & 1 ? units_[kind] : targeting_key_;
  }
  const std::optional<Timestamp>& time() const { return now_; }
  bool names_unit(std::uint8_t kind) const { return ((own_units_ >> kind) & 1) != 0; }
  const Schema& schema() const { return schema_; }
  const Unit& targeting_key() const { return targeting_key_; }
  bool has_no_unit() const { return targeting_key_.id.empty() && own_units_ == 0; }
  std::uint8_t types(std::uint32_t attribute) const { return types_[attribute]; }  // 0: missing.
  const Value& value(std::uint32_t attribute) const { return values_[attribute]; }

  // What Targeting remembers while it evaluates many experiments.
  struct Memo {
    std::vector<Outcome> outcomes;  // By comparison.
    std::vector<Match> matches;     // By program.
  };
  Memo& memo() { return more().memo; }

 private:
  static constexpr std::size_t kInline = 16;
  // What most contexts need none of.
  struct More {
    std::vector<std::uint8_t> types;
    std::vector<Value> values;
    Memo memo;
    std::vector<Remembered> remembered;
  };
  More& more();
  void make_room();
  Value* touch(std::uint32_t attribute, std::uint8_t types);
  void put_text(std::uint32_t attribute, std::string_view text);
  void read_text(const Schema::Attribute& use, Value& value);

  const Schema& schema_;
  std::optional<Timestamp> now_;
  Unit targeting_key_;
  std::uint32_t own_units_ = 0;  // Bit per kind that has an id of its own.
  std::uint8_t* types_;
  Value* values_;
  std::array<std::uint8_t, kInline> inline_types_{};
  std::unique_ptr<More> more_;
  union {  // Uninitialized: own_units_ says which of them exist …
    std::array<Unit, Schema::kMaxUnitKinds> units_;
  };
  union {  // … and types_ which of these.
    std::array<Value, kInline> inline_values_;
  };
};

// Here, and not in context.cc, because an evaluation is short: calls were a third of it.
inline Context::Context(const Schema& schema) : schema_(schema) {
  types_ = inline_types_.data();
  values_ = inline_values_.data();
  if (schema.attributes.size() > kInline) make_room();
}

inline Value* Context::touch(std::uint32_t attribute, std::uint8_t types) {
  if (attribute == TextTable::kAbsent) return nullptr;
  types_[attribute] = types;
  if (const auto kind = schema_.attributes[attribute].unit_kind; kind != Schema::kNoUnit) {
    own_units_ |= 1U << kind;
    std::construct_at(&units_[kind]);
  }
  return new (values_ + attribute) Value;  // Nothing is set that is not asked for.
}

inline void Context::put_text(std::uint32_t attribute, std::string_view text) {
  Value* value = touch(attribute, kText);
  if (value == nullptr) return;
  const Schema::Attribute& use = schema_.attributes[attribute];
  value->text = text;
  value->text_number = use.is_compared ? schema_.texts.find(text) : TextTable::kAbsent;
  value->version_key = kNoVersion;
  if (use.is_version || use.unit_kind != Schema::kNoUnit) read_text(use, *value);
}

inline void Context::set_targeting_key(std::string_view id) {
  targeting_key_ = {id, unit_digest(id)};
  if (schema_.targeting_key != TextTable::kAbsent) [[unlikely]] {
    set_text(schema_.targeting_key, id);  // Not inline: callers stay short.
  }
}

inline void Context::set_text(std::string_view name, std::string_view text) {
  put_text(schema_.names.find(name), text);
}

}  // namespace assay::assign
