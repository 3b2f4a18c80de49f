#include "assay/define/metric_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/define/condition_parser.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxMetrics = 200;

// Reports each of these keys that is present: it would be read and then do nothing.
void refuse(const Fields& fields, std::initializer_list<std::string_view> keys,
            std::string_view why, std::string_view hint = {}) {
  for (const std::string_view key : keys) {
    if (!fields.has(key)) continue;
    if (const auto value = fields.get(key)) value->error(std::string(why), std::string(hint));
  }
}

void check_field(const Fields& fields, const Measure& measure) {
  const bool counts =
      measure.aggregation == Aggregation::kExists || measure.aggregation == Aggregation::kCount;
  if (counts) {
    refuse(fields, {"field"},
           fmt::format("does nothing when the aggregate is {}", to_word(measure.aggregation)),
           "aggregate: sum, mean, min, max or count_distinct");
  } else if (measure.aggregation == Aggregation::kCountDistinct && !fields.has("field")) {
    fields.value().error("count_distinct needs a field", "field: NAME of the event property");
  }
}

Measure parse_measure(const Fields& fields, Aggregation otherwise) {
  Measure measure;
  if (const auto event = fields.require("event")) measure.event = event->text().value_or("");
  measure.aggregation = fields.word<Aggregation>("aggregate").value_or(otherwise);
  measure.field = fields.text("field").value_or("");
  if (const auto where = fields.get("where")) measure.where = parse_where(*where);
  return measure;
}

Aggregation guess_aggregation(const Fields& fields) {
  return fields.has("field") ? Aggregation::kSum : Aggregation::kCount;
}

std::optional<Measure> parse_part(const Fields& metric, std::string_view key) {
  const auto value = metric.require(key);
  if (!value) return std::nullopt;
  const Fields fields(*value, "measure");
  if (!value->is_map()) return std::nullopt;
  Measure measure = parse_measure(fields, guess_aggregation(fields));
  check_field(fields, measure);
  return measure;
}

void parse_ratio_parts(const Fields& fields, MetricDefinition& definition) {
  refuse(fields, {"event", "aggregate", "field", "where"}, "belongs into a part of the ratio",
         "move it under numerator: or denominator:");
  if (auto numerator = parse_part(fields, "numerator")) definition.numerator = *numerator;
  if (auto denominator = parse_part(fields, "denominator")) definition.denominator = *denominator;
}

void parse_quantile(const Fields& fields, MetricDefinition& definition) {
  refuse(fields, {"aggregate"}, "is not for quantile metrics",
         "a quantile is over all events, not over one number per unit");
  refuse(fields, {"cap"}, "is not for quantile metrics", "a quantile needs no cap");
  if (const auto q = fields.require("quantile")) {
    definition.quantile = q->number(kOpenUnit).value_or(0.5);
  }
  definition.numerator = parse_measure(fields, Aggregation::kSum);
}

Aggregation default_aggregation(MetricType type) {
  if (type == MetricType::kCount) return Aggregation::kCount;
  return type == MetricType::kMean ? Aggregation::kSum : Aggregation::kExists;
}

// proportion, mean, count, retention: one number per unit from one kind of event.
void parse_plain(const Fields& fields, MetricDefinition& definition) {
  definition.numerator = parse_measure(fields, default_aggregation(definition.type));
  const Aggregation aggregation = definition.numerator.aggregation;
  const bool yes_or_no =
      definition.type == MetricType::kProportion || definition.type == MetricType::kRetention;
  const bool counts =
      aggregation == Aggregation::kCount || aggregation == Aggregation::kCountDistinct;
  const auto written = fields.has("aggregate") ? fields.get("aggregate") : std::nullopt;
  if (written && yes_or_no && aggregation != Aggregation::kExists) {
    written->error(fmt::format("a {} is made by exists", to_word(definition.type)),
                   "remove aggregate, or use type: mean");
  } else if (written && definition.type == MetricType::kCount && !counts) {
    written->error("a count is made by count or count_distinct", "use type: mean");
  }
  check_field(fields, definition.numerator);
  if (yes_or_no) {
    refuse(fields, {"cap"}, "does nothing to a yes or no", "cap suits mean and count");
  }
}

Window parse_window(const Value& value) {
  Window window;
  if (!value.is_map()) {
    window.end_seconds = value.duration_seconds();
  } else {
    const Fields fields(value, "window");
    if (const auto from = fields.get("from")) {
      window.begin_seconds = from->duration_seconds().value_or(0);
    }
    if (const auto to = fields.get("to")) window.end_seconds = to->duration_seconds();
  }
  if (window.end_seconds && *window.end_seconds <= window.begin_seconds) {
    value.error("the window is empty", "it must end after it begins");
  }
  return window;
}

void parse_time_span(const Fields& fields, MetricDefinition& definition) {
  if (const auto window = fields.get("window")) definition.window = parse_window(*window);
  if (definition.type != MetricType::kRetention) {
    refuse(fields, {"day"}, "is for retention metrics", "use window");
    return;
  }
  if (const auto day = fields.get("day")) {
    if (fields.has("window")) day->error("the span is also given by window", "keep one of them");
    const std::int64_t begin = day->whole(0, 3650).value_or(0) * kSecondsPerDay;
    definition.window = {begin, begin + kSecondsPerDay};
  } else if (!fields.has("window")) {
    fields.value().error("retention needs a day", "day: 7, or window: {from: 7d, to: 14d}");
  }
}

Cap parse_cap(const Value& value) {
  if (!value.is_map()) return {value.number(kPositive), {}};
  const Fields fields(value, "cap");
  const auto percentile = fields.require("percentile");
  return {{}, percentile ? percentile->number(kOpenUnit) : std::nullopt};
}

MetricDefinition parse_definition(const Fields& fields, const std::string& name) {
  MetricDefinition definition;
  definition.name = name;
  if (const auto type = fields.require("type")) {
    const auto word = type->word<MetricType>();
    if (!word) return definition;
    definition.type = *word;
  } else {
    return definition;
  }
  if (definition.type != MetricType::kRatio) {
    refuse(fields, {"numerator", "denominator"}, "is for ratio metrics", "type: ratio");
  }
  if (definition.type != MetricType::kQuantile) {
    refuse(fields, {"quantile"}, "is for quantile metrics", "type: quantile");
  }
  parse_time_span(fields, definition);
  if (definition.type == MetricType::kRatio) {
    refuse(fields, {"cap"}, "is not for ratio metrics", "cap suits mean and count");
    parse_ratio_parts(fields, definition);
  } else if (definition.type == MetricType::kQuantile) {
    parse_quantile(fields, definition);
  } else {
    parse_plain(fields, definition);
  }
  if (const auto cap = fields.get("cap")) definition.cap = parse_cap(*cap);
  return definition;
}

const MetricDefinition* find(std::span<const MetricDefinition> catalogue, std::string_view name) {
  const auto found = std::ranges::find(catalogue, name, &MetricDefinition::name);
  return found == catalogue.end() ? nullptr : &*found;
}

// Defined in place, or by the catalogue, or nowhere (a warning).
std::optional<MetricDefinition> resolve(const Fields& fields, const std::string& name,
                                        std::span<const MetricDefinition> catalogue) {
  const bool in_place = fields.has("event") || fields.has("numerator") || fields.has("denominator");
  if (in_place) return parse_definition(fields, name);
  refuse(fields, {"aggregate", "field", "where", "quantile", "day", "window", "cap"},
         "does nothing without an event", "event: NAME of what is counted");
  const auto type = fields.word<MetricType>("type");
  const MetricDefinition* known = find(catalogue, name);
  if (known != nullptr && type && *type != known->type) {
    fields.get("type")->error(
        fmt::format("{} is a {} in the catalogue", name, to_word(known->type)));
  }
  if (known != nullptr) return *known;
  fields.get("name")->warn(fmt::format("{} is defined nowhere", name),
                           "say what it is made of (event: …), here or in a catalogue; until then "
                           "the experiment cannot start");
  return std::nullopt;
}

// `true`, or a margin relative to control.
void parse_rule(const Fields& fields, std::string_view key, Direction good, PlannedMetric& metric) {
  const auto value = fields.get(key);
  if (!value) return;
  if (metric.must_not_worsen) value->error("the rule is given twice", "keep one of them");
  metric.direction = good;
  metric.must_not_worsen = true;
  if (value->is_numeric()) {
    metric.margin_relative = value->number({0, 1e6}).value_or(0);
  } else if (value->flag() == false) {
    value->error("false says nothing", "remove the key");
  }
}

// Two separate rules: an absolute limit (`threshold`) and a comparison with control.
// `direction: must_not_increase` is the comparison without a margin.
void parse_guardrail_rules(const Fields& fields, PlannedMetric& metric) {
  metric.direction = Direction::kDecrease;
  if (const auto direction = fields.get("direction")) {
    const auto text = direction->text();
    const bool no_rise = text == "must_not_increase";
    const bool no_fall = text == "must_not_decrease";
    if (no_rise || no_fall) {
      metric.must_not_worsen = true;
      metric.direction = no_rise ? Direction::kDecrease : Direction::kIncrease;
    } else if (text && !from_word<Direction>(*text)) {
      const std::string_view known[] = {"increase", "decrease", "must_not_increase",
                                        "must_not_decrease"};
      direction->unknown_word("one of", *text, known);
    } else if (text) {
      metric.direction = *from_word<Direction>(*text);
    }
  }
  const bool contradiction = fields.has("must_not_increase") && fields.has("must_not_decrease");
  if (contradiction) fields.value().error("must neither increase nor decrease", "keep one rule");
  parse_rule(fields, "must_not_increase", Direction::kDecrease, metric);
  if (!contradiction) parse_rule(fields, "must_not_decrease", Direction::kIncrease, metric);
  metric.threshold = fields.number("threshold", {-1e300, 1e300});
  if (!metric.must_not_worsen && !fields.has("threshold")) {
    fields.value().error("the guardrail has no rule",
                         "threshold: LIMIT, must_not_increase: true, or both");
  }
}

PlannedMetric parse_planned(const Value& value, Role role,
                            std::span<const MetricDefinition> catalogue) {
  const Fields fields(value, role == Role::kGuardrail ? "guardrail" : "metric");
  PlannedMetric metric;
  metric.role = role;
  if (!value.is_map()) return metric;
  if (role == Role::kGuardrail) {
    parse_guardrail_rules(fields, metric);
  } else {
    metric.direction = fields.word<Direction>("direction").value_or(Direction::kIncrease);
    metric.mde_relative = fields.number("mde_relative", kPositive);
  }
  const auto name = fields.require("name");
  const auto text = name ? name->text(128) : std::nullopt;
  if (!text) return metric;
  metric.name = *text;
  metric.definition = resolve(fields, metric.name, catalogue);
  return metric;
}

// The past of a ratio has two numbers per unit, which must exist for every unit.
void parse_covariate_measures(const Fields& fields, MetricDefinition& covariate) {
  if (fields.has("numerator") || fields.has("denominator")) {
    covariate.type = MetricType::kRatio;
    parse_ratio_parts(fields, covariate);
    for (const Measure& part : {covariate.numerator, covariate.denominator.value_or(Measure{})}) {
      if (is_additive(part.aggregation)) continue;
      fields.value().error("both parts of a past ratio must add up",
                           "aggregate: sum, count, count_distinct or exists");
      break;
    }
    return;
  }
  covariate.numerator = parse_measure(fields, guess_aggregation(fields));
  check_field(fields, covariate.numerator);
  const Aggregation made_by = covariate.numerator.aggregation;
  covariate.type = made_by == Aggregation::kExists  ? MetricType::kProportion
                   : made_by == Aggregation::kCount ? MetricType::kCount
                                                    : MetricType::kMean;
}

}  // namespace

std::vector<MetricDefinition> parse_definitions(const Value& value) {
  std::vector<MetricDefinition> definitions;
  for (const auto& entry : value.entries()) {
    const Fields fields(entry.value, "definition");
    if (entry.value.is_map()) definitions.push_back(parse_definition(fields, entry.key));
  }
  return definitions;
}

std::vector<PlannedMetric> parse_metrics(const Value& value,
                                         std::span<const MetricDefinition> catalogue) {
  const Fields fields(value, "metrics");
  fields.require("primary");
  std::vector<PlannedMetric> metrics;
  const std::pair<std::string_view, Role> roles[] = {{"primary", Role::kPrimary},
                                                     {"secondary", Role::kSecondary},
                                                     {"guardrails", Role::kGuardrail}};
  for (const auto& role : roles) {
    const auto list = fields.get(role.first);
    if (!list) continue;
    for (const Value& item : list->list(kMaxMetrics)) {
      PlannedMetric metric = parse_planned(item, role.second, catalogue);
      const bool twice =
          !metric.name.empty() &&
          std::ranges::find(metrics, metric.name, &PlannedMetric::name) != metrics.end();
      if (twice) item.error(fmt::format("metric '{}' appears twice", metric.name), "keep one role");
      metrics.push_back(std::move(metric));
    }
  }
  return metrics;
}

std::vector<MetricDefinition> parse_covariates(const Value& value) {
  std::vector<MetricDefinition> covariates;
  for (const auto& entry : value.entries(kMaxMetrics)) {
    const Fields fields(entry.value, "covariate");
    if (!entry.value.is_map()) continue;
    MetricDefinition covariate;
    covariate.name = entry.key;
    parse_covariate_measures(fields, covariate);
    const auto lookback = fields.require("lookback");
    const auto seconds = lookback ? lookback->duration_seconds() : std::nullopt;
    if (seconds == 0) lookback->error("the window is empty", "how far back to look, such as 14d");
    covariate.window = {-seconds.value_or(1), 0};
    covariates.push_back(std::move(covariate));
  }
  return covariates;
}

}  // namespace assay::define
