// GrowthBook's conditions, Mongo-style, as conditions of assay. Internal to define; see import.h. A
// missing attribute is null there, and a plain comparison converts types as JavaScript does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/define/condition.h"
#include "assay/define/fields.h"
#include "assay/define/import_extent.h"

namespace assay::define {

class Mongo {
 public:
  // `saved_groups` may be null.
  Mongo(const Node* saved_groups, Extent& extent) : saved_groups_(saved_groups), extent_(extent) {}

  // Nothing after a problem, which is reported.
  std::optional<Condition> condition(const Value& value);

 private:
  std::optional<Condition> entry(const Value::Entry& entry);
  std::optional<Condition> several(const Value& value, bool is_any);
  std::optional<Condition> attribute(const std::string& name, const Value& value);
  std::optional<Condition> typed(const std::string& name, const Value& type,
                                 const Value::Entry& test);
  std::optional<Condition> operation(const std::string& name, const Value::Entry& entry);
  std::optional<Condition> membership(const std::string& name, const Value& list,
                                      bool ignores_case = false);
  std::optional<Condition> group(const std::string& name, const Value& value, bool is_in);
  std::optional<Condition> saved_group(const Value& reference);
  std::optional<Condition> order(const std::string& name, const Value::Entry& entry);
  std::optional<Condition> version(const std::string& name, const Value::Entry& entry);
  std::optional<Condition> type(const std::string& name, const Value& value);
  std::optional<Condition> element(const std::string& name, const Value& value);
  std::optional<Condition> every_element(const std::string& name, const Value& value,
                                         bool ignores_case);
  std::optional<std::vector<Scalar>> scalars(const Value& list);

  const Node* saved_groups_;
  Extent& extent_;
  std::size_t parts_ = 0;
  std::vector<std::string>
      open_groups_;  // Those that are being read, for they may lead in circles.
};

}  // namespace assay::define
