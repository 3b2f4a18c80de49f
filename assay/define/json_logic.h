// flagd's conditions: JsonLogic (jsonlogic.com) with sem_ver, starts_with and ends_with, as
// conditions of assay. Internal to define; see import.h. A missing attribute is null there, which
// is unequal to everything and counts as 0 where numbers are ordered.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/define/condition.h"
#include "assay/define/fields.h"
#include "assay/define/import_extent.h"

namespace assay::define {

// {"op": arguments}: the operator and its arguments, one or a list of them.
struct Call {
  std::string op;
  std::vector<Value> arguments;
};

std::optional<Call> call_of(const Value& value);

// Whatever returns nothing has reported why.
class JsonLogic {
 public:
  // `evaluators` holds what {"$ref": NAME} stands for; may be null.
  JsonLogic(const Node* evaluators, Extent& extent) : evaluators_(evaluators), extent_(extent) {}

  std::optional<Condition> condition(const Value& value);
  // When a condition is null, neither true nor false: then it names no variant.
  std::optional<Condition> nothing(const Value& value);
  // What a {"$ref": NAME} stands for, else the value itself.
  std::optional<Value> resolve(const Value& value) const;
  // The name in {"var": name}.
  std::optional<std::string> attribute(const Value& value) const;
  // flagd's evaluator compiles everything but what stands in an `if` without an else; the two take
  // what is missing otherwise. Returns what `end_branch` takes.
  bool begin_branch(const Call& call) {
    return std::exchange(is_interpreted_, is_interpreted_ || call.arguments.size() < 3);
  }
  void end_branch(bool was_interpreted) { is_interpreted_ = was_interpreted; }
  // One level down; false where references lead in circles or multiply.
  bool enter(const Value& value);
  void leave() { --depth_; }

 private:
  std::optional<Condition> read(const Value& value);
  std::optional<Condition> call(const Call& made, const Value& value);
  std::optional<Condition> with_default(const Call& made, std::size_t argument, const Value& value);
  std::optional<std::string> attribute_with_default(const Value& value);
  std::optional<Condition> truth(const Value& value);
  std::optional<Condition> missing(const Call& call, const Value& value) const;
  std::optional<Condition> element(const Call& call, const Value& value);
  std::optional<Condition> logic(const Call& call, const Value& value);
  std::optional<Condition> branch(const Call& call);
  std::optional<Condition> branches(const Call& call);
  std::optional<Condition> nothing_of(const Call& call, const Value& value);
  std::optional<Condition> nothing_of_several(const Call& call);
  std::optional<Condition> nothing_of_branch(const Call& call);
  std::optional<Condition> equality(const Call& call, const Value& value);
  std::optional<Condition> order(const Call& call, const Value& value);
  std::optional<Condition> membership(const Call& call, const Value& value);
  std::optional<Condition> affix(const Call& call, const Value& value);
  std::optional<Condition> version(const Call& call, const Value& value);

  const Node* evaluators_;
  Extent& extent_;
  bool ignores_defaults_ = false;  // Of attributes, which are known to be there.
  bool is_interpreted_ = false;
  int depth_ = 0;
  int steps_ = 0;
};

}  // namespace assay::define
