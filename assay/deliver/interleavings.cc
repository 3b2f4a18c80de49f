#include "assay/deliver/interleavings.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "assay/base/json_text.h"
#include "assay/base/text.h"
#include "assay/deliver/answer.h"
#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using assign::InterleavingScheme;
using nlohmann::json;

// Names what is wrong with each field; the answers are empty where something is.
class Reader {
 public:
  Reader(const json& object, Problems& problems) : object_(object), problems_(problems) {}

  std::string text(const char* name) const {
    const json* value = find(name);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    wrong(name, "is not a text");
    return {};
  }

  InterleavingScheme scheme() const {
    const std::string name = text("scheme");
    if (name == "balanced") return InterleavingScheme::kBalanced;
    if (!name.empty() && name != "team_draft")
      wrong("scheme", "is neither team_draft nor balanced");
    return InterleavingScheme::kTeamDraft;
  }

  std::size_t length() const {
    const json* value = find("length");
    if (value == nullptr) return SIZE_MAX;
    if (value->is_number_unsigned()) return value->get<std::size_t>();
    if (value->is_number_integer()) return 0;  // Below it, and refused alike.
    wrong("length", "is not a whole number");
    return SIZE_MAX;
  }

  std::vector<std::string> ranking(const char* name) const {
    const std::string field = std::string("rankings.") + name;
    std::vector<std::string> items;
    const json* rankings = find("rankings");
    if (rankings == nullptr || !rankings->is_object() || !rankings->contains(name)) {
      wrong(field, "is missing", R"("rankings": {"control": ["d1"], "treatment": ["d2", "d1"]})");
      return items;
    }
    const json& list = (*rankings)[name];
    if (!list.is_array() || list.size() > kMaxRankedItems) {
      wrong(field, "is not a list of at most " + std::to_string(kMaxRankedItems) + " items");
      return items;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      items.push_back(list[i].is_string() ? list[i].get<std::string>() : list[i].dump());
      if (list[i].is_string()) continue;
      wrong(field + "[" + std::to_string(i) + "]", "is not a text", "write numbers as texts");
    }
    return items;
  }

  void no_others() const {
    static constexpr std::array<std::string_view, 6> kKnown = {"request", "unit",   "salt",
                                                               "scheme",  "length", "rankings"};
    for (const auto& [name, value] : object_.items()) {
      if (std::ranges::find(kKnown, name) != kKnown.end()) continue;
      const auto meant = did_you_mean(name, kKnown);
      wrong(name.substr(0, 80), "is not known", meant ? "did you mean " + *meant + "?" : "");
    }
    const json* rankings = find("rankings");
    if (rankings == nullptr || !rankings->is_object()) return;
    for (const auto& [name, value] : rankings->items()) {
      if (name == "control" || name == "treatment") continue;
      wrong("rankings." + name.substr(0, 80), "is one ranking too many",
            "interleaving compares control with treatment");
    }
  }

 private:
  const json* find(const char* name) const {
    const auto at = object_.find(name);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }
  void wrong(std::string field, std::string message, std::string hint = {}) const {
    problems_.push_back(
        {.field = std::move(field), .message = std::move(message), .hint = std::move(hint)});
  }

  const json& object_;
  Problems& problems_;
};

// Deep nesting would need as deep a stack; nothing here is deeper than three.
json parse(std::string_view body) {
  if (body.size() > kMaxBodyBytes) return json::value_t::discarded;
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= 4; };
  return json::parse(body, shallow, /*allow_exceptions=*/false);
}

// The first byte that is no part of a letter, counting from 1.
std::size_t first_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && !is_utf8(text.substr(at, length))) ++length;
    if (length > 4) break;
    at += length;
  }
  return at + 1;
}

}  // namespace

Checked<Interleaved> interleave_json(std::string_view body) {
  Problems problems;
  if (body.size() <= kMaxBodyBytes && !is_utf8(body)) {
    problems.push_back({.message = "invalid UTF-8 at byte " + std::to_string(first_bad_byte(body)),
                        .hint = "JSON is text in UTF-8"});
    return unexpected(std::move(problems));
  }
  if (auto fault = body.size() <= kMaxBodyBytes ? json_fault(body) : std::nullopt) {
    problems.push_back(*std::move(fault));
    return unexpected(std::move(problems));
  }
  const json object = parse(body);
  if (!object.is_object()) {
    problems.push_back({.message = "not a JSON object, or larger than 4 MiB"});
    return unexpected(std::move(problems));
  }
  const Reader reader(object, problems);
  Interleaved list{
      .request = reader.text("request"), .unit = reader.text("unit"), .scheme = reader.scheme()};
  const std::string salt = reader.text("salt");
  const auto control = reader.ranking("control"), treatment = reader.ranking("treatment");
  const assign::InterleavingOptions options{
      .scheme = list.scheme, .request = list.request, .salt = salt, .length = reader.length()};
  reader.no_others();
  const std::vector<std::string_view> a(control.begin(), control.end()),
      b(treatment.begin(), treatment.end());
  auto merged = assign::interleave({a, b}, options);
  for (Problem& problem : merged ? Problems{} : merged.error()) {
    const auto is_told = std::ranges::find(problems, problem.field, &Problem::field);
    if (is_told == problems.end()) problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  for (const assign::ShownItem& one : *merged) {
    list.items.push_back({.item = std::string(one.item),
                          .team = one.team,
                          .control_rank = one.control_rank,
                          .treatment_rank = one.treatment_rank});
  }
  return list;
}

std::string_view team_name(assign::Team team) {
  return team == assign::Team::kControl     ? "control"
         : team == assign::Team::kTreatment ? "treatment"
                                            : "nobody";
}

std::string to_json(const Interleaved& list) {
  const bool drafts = list.scheme == InterleavingScheme::kTeamDraft;
  std::string out = R"({"request":)" + json_quoted(list.request) + R"(,"scheme":")";
  out += drafts ? "team_draft" : "balanced";
  out += R"(","items":[)";
  for (const Interleaved::Item& one : list.items) {
    if (out.back() == '}') out += ',';
    out += R"({"item":)" + json_quoted(one.item);
    if (drafts) {
      out += R"(,"team":")" + std::string(team_name(one.team)) + "\"}";
    } else {
      out += R"(,"control_rank":)" + std::to_string(one.control_rank);
      out += R"(,"treatment_rank":)" + std::to_string(one.treatment_rank) + "}";
    }
  }
  return out + "]}";
}

}  // namespace assay::deliver
