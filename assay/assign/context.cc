#include "assay/assign/context.h"

#include <algorithm>
#include <memory>

#include "assay/assign/snapshot.h"
#include "assay/base/check.h"
#include "assay/base/hash.h"
#include "assay/base/text.h"

namespace assay::assign {

std::uint32_t Schema::attribute(std::string_view name) {
  const std::uint32_t number = names.intern(name);
  if (number == attributes.size()) attributes.emplace_back();
  if (name == "targetingKey") targeting_key = number;
  return number;
}

std::uint8_t Schema::unit_kind(std::string_view name) {
  Attribute& use = attributes[attribute(name)];
  if (use.unit_kind == kNoUnit) {
    ASSAY_CHECK(units.size() < kMaxUnitKinds);
    use.unit_kind = static_cast<std::uint8_t>(units.size());
    units.push_back(names.find(name));
  }
  return use.unit_kind;
}

Context::Context(const Snapshot& snapshot) : Context(snapshot.schema()) {}

void Context::make_room() {
  const std::size_t count = schema_.attributes.size();
  more().types.resize(count);
  more().values.resize(count);
  types_ = more().types.data();
  values_ = more().values.data();
}

Context::More& Context::more() {
  if (!more_) more_ = std::make_unique<More>();
  return *more_;
}

void Context::reset() {
  targeting_key_ = {};
  own_units_ = 0;
  if (more_) more_->remembered.clear();
  std::fill_n(types_, schema_.attributes.size(), std::uint8_t{0});
}

// Apart, so that most attributes do not pay for a larger function.
[[gnu::noinline]] void Context::read_text(const Schema::Attribute& use, Value& value) {
  if (use.is_version) value.version_key = version_key(value.text);
  if (use.unit_kind != Schema::kNoUnit && !value.text.empty()) {
    units_[use.unit_kind] = {value.text, unit_digest(value.text)};
  }
}

void Context::set_text(std::uint32_t attribute, std::string_view text) {
  put_text(attribute, text);
}

void Context::set_number(std::uint32_t attribute, double number) {
  if (Value* value = touch(attribute, kNumber)) value->number = number;
}

void Context::set_number(std::string_view name, double number) {
  set_number(schema_.names.find(name), number);
}

void Context::set_bool(std::string_view name, bool boolean) {
  if (Value* value = touch(schema_.names.find(name), kBool)) value->boolean = boolean;
}

void Context::set_list(std::string_view name, std::span<const Element> list) {
  if (Value* value = touch(schema_.names.find(name), kList)) value->list = list;
}

void Context::set_other(std::string_view name) { touch(schema_.names.find(name), kOther); }

void Context::set_nobody(std::string_view unit_kind) {
  const std::uint32_t attribute = schema_.names.find(unit_kind);
  if (attribute == TextTable::kAbsent) return;
  const std::uint8_t kind = schema_.attributes[attribute].unit_kind;
  if (kind == Schema::kNoUnit) return;
  own_units_ |= 1U << kind;
  std::construct_at(&units_[kind]);
}

void Context::set_untyped(std::string_view name, std::string_view text) {
  const std::uint32_t attribute = schema_.names.find(name);
  if (attribute == TextTable::kAbsent) return;
  set_text(attribute, text);
  if (const auto number = parse_number(text)) {
    types_[attribute] |= kNumber;
    values_[attribute].number = *number;
  }
  const bool is_true = text == "true" || text == "True" || text == "TRUE";
  if (is_true || text == "false" || text == "False" || text == "FALSE") {
    types_[attribute] |= kBool;
    values_[attribute].boolean = is_true;
  }
}

}  // namespace assay::assign
