// A plan for people: the answer, then what other effects and other durations would mean.
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/cli/plan_question.h"

namespace assay::cli {

using nlohmann::json;

namespace {

constexpr std::array<double, 6> kEffects{0.5, 0.75, 1, 1.25, 1.5, 2};
constexpr std::array<int, 6> kWeeks{1, 2, 3, 4, 8, 12};

std::string effect_text(const json& answer) {
  const double absolute = answer.at("mde_absolute");
  if (answer.at("mde_relative").is_null()) return fmt::format("{:.5g}", absolute);
  return fmt::format("{:.5g} ({:.4g} %)", absolute, answer.at("mde_relative").get<double>() * 100);
}

std::string days_text(const json& answer) {
  return answer.contains("duration_days") ? answer.at("duration_days").dump() : "–";
}

// The same design with another effect.
std::string effects_table(const json& request, const json& answer) {
  std::string text = fmt::format("  {:<22}{:>14}{:>14}{:>8}{:>22}\n", "effect", "per variant",
                                 "in total", "days", "power at this plan");
  int rows = 0;
  for (const double factor : kEffects) {
    json other = request;
    for (const char* name : {"n_per_variant", "mde_relative"}) other.erase(name);
    other["mde_absolute"] = answer.at("mde_absolute").get<double>() * factor;
    other["power"] = answer.at("power");
    const auto sized = ask(other);
    other.erase("power");
    other["n_per_variant"] = answer.at("n_control");
    const auto power = ask(other);
    if (!sized || !power) continue;
    text += fmt::format("  {:<22}{:>14}{:>14}{:>8}{:>22.3f}\n", effect_text(*sized),
                        sized->at("n_per_variant").get<std::int64_t>(),
                        sized->at("n_total").get<std::int64_t>(), days_text(*sized),
                        power->at("power").get<double>());
    ++rows;
  }
  return rows > 0 ? text : "";
}

// The same design with as many units as come in some weeks.
std::string weeks_table(const json& request, const json& answer) {
  if (!answer.contains("duration_days")) return "";
  std::string text = fmt::format("  {:<10}{:>14}{:>14}  {}\n", "weeks", "control", "in total",
                                 "detectable effect");
  for (const int weeks : kWeeks) {
    json other = request;
    for (const char* name : {"mde_relative", "mde_absolute"}) other.erase(name);
    other["n_per_variant"] = control_units_after(7.0 * weeks, request);
    other["power"] = answer.at("power");
    if (answer.at("mde_absolute").get<double>() < 0) other["direction"] = "down";
    const auto found = ask(other);
    if (!found) continue;
    text +=
        fmt::format("  {:<10}{:>14}{:>14}  {}\n", weeks, found->at("n_control").get<std::int64_t>(),
                    found->at("n_total").get<std::int64_t>(), effect_text(*found));
  }
  return text;
}

std::string looks_text(const json& answer) {
  if (!answer.contains("inflation")) return "";
  return fmt::format(
      "  looks              at most {:.3g} times the units of one look; on average {:.0f} in total "
      "with the effect, {:.0f} without\n",
      answer.at("inflation").get<double>(), answer.at("expected_n_effect").get<double>(),
      answer.at("expected_n_null").get<double>());
}

std::string units_text(const json& answer) {
  std::string text;
  if (answer.at("n_control") == answer.at("n_treatment")) {
    text = fmt::format("  units per variant  {}\n", answer.at("n_per_variant").get<std::int64_t>());
  } else {
    text = fmt::format("  units              {} control, {} treatment\n",
                       answer.at("n_control").get<std::int64_t>(),
                       answer.at("n_treatment").get<std::int64_t>());
  }
  text += fmt::format("  units in total     {}\n", answer.at("n_total").get<std::int64_t>());
  if (answer.contains("clusters_per_variant")) {
    text += fmt::format("  clusters           {} per variant; design effect {:.4g}\n",
                        answer.at("clusters_per_variant").get<std::int64_t>(),
                        answer.at("design_effect").get<double>());
  }
  return text;
}

}  // namespace

std::string plan_text(const PlanQuestion& question, const json& answer) {
  std::string text;
  if (!question.metric.empty()) {
    text += question.metric + (question.role.empty() ? "" : "  " + question.role) + "\n";
  }
  if (!answer.is_null()) {
    const bool margin = json::parse(question.request).value("aim", "superiority") != "superiority";
    const bool relative = !answer.at("mde_relative").is_null();
    text += units_text(answer);
    text += fmt::format("  {:<19}{:.6g}{}\n", margin ? "margin" : "detectable effect",
                        answer.at("mde_absolute").get<double>(),
                        relative ? fmt::format(" ({:.4g} % of the baseline)",
                                               answer.at("mde_relative").get<double>() * 100)
                                 : "");
    text += fmt::format("  power, alpha       {:.4g}, {:.4g}\n", answer.at("power").get<double>(),
                        answer.at("alpha").get<double>());
    text += looks_text(answer);
    if (answer.contains("duration_days")) {
      text += fmt::format("  duration           {} days, whole weeks\n", days_text(answer));
    }
    text += fmt::format("  formula            {}\n", answer.at("formula").get<std::string>());
    for (const json& warning : answer.at("warnings")) {
      text += fmt::format("  note               {}\n", warning.get<std::string>());
    }
  }
  for (const std::string& note : question.notes)
    text += fmt::format("  note               {}\n", note);
  if (answer.is_null()) return text;
  const json request = json::parse(question.request);
  const std::string effects = effects_table(request, answer);
  const std::string weeks = weeks_table(request, answer);
  return text + (effects.empty() ? "" : "\n" + effects) + (weeks.empty() ? "" : "\n" + weeks);
}

}  // namespace assay::cli
