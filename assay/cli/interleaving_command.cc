#include "assay/cli/interleaving_command.h"

#include <fstream>
#include <istream>
#include <optional>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/cli/csv_reader.h"
#include "assay/deliver/interleavings.h"
#include "assay/io/duckdb/impressions.h"
#include "assay/stats/calculators.h"
#include "assay/stats/srm.h"

namespace assay::cli {
namespace {

using Json = nlohmann::ordered_json;
using deliver::Interleaved;

constexpr std::size_t kMaxProblems = 20;
// Less likely by chance than this, and the log is not of lists made here.
constexpr double kDistrust = 0.001;

bool is_draft(const Interleaved& list) {
  return list.scheme == assign::InterleavingScheme::kTeamDraft;
}

std::string csv_head(const Interleaved& list) {
  return std::string("impression,unit,position,item,") +
         (is_draft(list) ? "team" : "control_rank,treatment_rank") + "\n";
}

std::string csv_rows(const Interleaved& list) {
  std::string text;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const Interleaved::Item& one = list.items[i];
    text += fmt::format("{},{},{},{},", csv_quoted(list.request), csv_quoted(list.unit), i + 1,
                        csv_quoted(one.item));
    text += is_draft(list) ? std::string(deliver::team_name(one.team))
                           : fmt::format("{},{}", one.control_rank, one.treatment_rank);
    text += '\n';
  }
  return text;
}

// Reads line by line and writes each answer as it comes.
class Merger {
 public:
  Merger(const InterleaveOptions& options, Streams streams)
      : options_(options), out_(streams.out) {}

  Problems run(std::istream& in) {
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      auto list = deliver::interleave_json(line);
      const Place place{options_.file, number, 0};
      if (!list) {
        complain(place, list.error());
      } else if (scheme_.value_or(list->scheme) != list->scheme && !options_.json) {
        complain(place, {{.field = "scheme", .message = "is not that of the lines before"}});
      } else {
        write(*list);
      }
    }
    return std::move(problems_);
  }

 private:
  void write(const Interleaved& list) {
    if (options_.json) {
      out_ << deliver::to_json(list) << '\n';
      return;
    }
    if (!scheme_) out_ << csv_head(list);
    scheme_ = list.scheme;
    out_ << csv_rows(list);
  }

  void complain(const Place& place, Problems found) {
    for (Problem& one : found) {
      if (problems_.size() >= kMaxProblems) return;
      one.place = place;
      problems_.push_back(std::move(one));
    }
  }

  const InterleaveOptions& options_;
  std::ostream& out_;
  std::optional<assign::InterleavingScheme> scheme_;
  Problems problems_;
};

// The request of the calculator: units that are alike together.
Json preference_request(const io::duckdb::InterleavedLog& log, const TableArguments& options) {
  Json request = {{"wins", Json::array()},       {"losses", Json::array()},
                  {"ties", Json::array()},       {"units", Json::array()},
                  {"inference", options.method}, {"alpha", options.alpha}};
  for (const stats::UnitPreferences& unit : log.units) {
    request["wins"].push_back(unit.wins);
    request["losses"].push_back(unit.losses);
    request["ties"].push_back(unit.ties);
    request["units"].push_back(unit.units);
  }
  return request;
}

// Each ranking is on top as often as the other, whatever people click: nothing where no top item is
// of one ranking alone.
std::optional<double> first_place_p(const io::duckdb::InterleavedLog& log) {
  const std::int64_t counts[] = {log.control_first, log.treatment_first};
  const double shares[] = {0.5, 0.5};
  const auto test = stats::srm_fixed(counts, shares);
  return test ? std::optional(test->p_value) : std::nullopt;
}

Json summary_of(const io::duckdb::InterleavedLog& log) {
  Json first = {{"control", log.control_first}, {"treatment", log.treatment_first}};
  if (const auto p = first_place_p(log)) {
    first["p_value"] = *p;
    first["trusted"] = *p >= kDistrust;
  }
  return {{"scheme", log.is_team_draft ? "team_draft" : "balanced"},
          {"impressions", log.impressions},
          {"clicked_impressions", log.clicked},
          {"wins", log.wins},
          {"losses", log.losses},
          {"ties", log.impressions - log.wins - log.losses},
          {"clicks", log.clicks},
          {"repeated_clicks", log.repeated},
          {"unknown_clicks", log.unknown},
          {"first_place", std::move(first)}};
}

std::string interval_of(const Json& preference) {
  const auto end = [&](const char* name) {
    const Json& value = preference.at(name);
    return value.is_null() ? std::string("unbounded") : fmt::format("{:+.4f}", value.get<double>());
  };
  return fmt::format("[{}, {}]", end("low"), end("high"));
}

std::string preference_text(const Json& preference) {
  if (preference.contains("error")) {
    return "  preference   none: " + preference["error"]["message"].get<std::string>() + "\n";
  }
  std::string text = fmt::format("  preference   {:+.4f} {}", preference["estimate"].get<double>(),
                                 interval_of(preference));
  if (preference.contains("p_value")) {
    text += fmt::format("  p {:.3g}", preference["p_value"].get<double>());
  }
  if (preference.contains("probability_better")) {
    text += fmt::format("  P(up) {:.4f}", preference["probability_better"].get<double>());
  }
  if (preference["method"] != "preference_t") return text + "\n";  // The sign test is of one look.
  const Json& sign = preference["sign_test"];
  return text + fmt::format("\n  sign test    {} units for treatment, {} for control  p {:.3g}\n",
                            sign["units_won"].get<std::int64_t>(),
                            sign["units_lost"].get<std::int64_t>(), sign["p_value"].get<double>());
}

std::string text_of(const Json& card) {
  const auto count = [&](const char* name) { return card[name].get<std::int64_t>(); };
  const Json& first = card["first_place"];
  std::string text;
  if (!first.value("trusted", true)) {
    text +=
        "NOT TRUSTED: one ranking is on top too often; were all lists logged as they were "
        "merged?\n";
  }
  text += fmt::format("{}: {} impressions, {} with clicks\n", card["scheme"].get<std::string>(),
                      count("impressions"), count("clicked_impressions"));
  text += fmt::format("  on top       control {}, treatment {}",
                      first["control"].get<std::int64_t>(), first["treatment"].get<std::int64_t>());
  if (first.contains("p_value")) text += fmt::format("  p {:.3g}", first["p_value"].get<double>());
  text += fmt::format("\n  impressions  treatment wins {}, loses {}, ties {}\n", count("wins"),
                      count("losses"), count("ties"));
  text += preference_text(card["preference"]);
  if (count("unknown_clicks") > 0) {
    text += fmt::format("  {} of {} clicks are on nothing that was shown\n",
                        count("unknown_clicks"), count("clicks"));
  }
  return text;
}

}  // namespace

int run_interleave(const InterleaveOptions& options, Streams streams) {
  std::ifstream opened;
  if (options.file != "-") {
    opened.open(options.file, std::ios::binary);
    if (!opened) {
      return report(streams,
                    Error{Code::kNotFound, "cannot read " + options.file,
                          R"(one request a line: {"request", "salt", "rankings"})"},
                    options.json);
    }
  }
  const Problems problems = Merger(options, streams).run(options.file == "-" ? streams.in : opened);
  if (!problems.empty()) return report(streams, problems, options.json);
  return streams.out.flush() ? kOk : kFailed;
}

int run_impressions(const AnalyzeArguments& arguments, Streams streams) {
  const auto log = io::duckdb::read_impressions(arguments.impressions, arguments.clicks);
  if (!log) return report(streams, log.error(), arguments.json);
  const Json request = preference_request(*log, arguments.table);
  const stats::Answer answer = stats::calculate("interleaving", request.dump());
  const Json preference = Json::parse(answer.json);
  if (answer.status == stats::AnswerStatus::kBadRequest) {
    Problems problems;
    for (const Json& one : preference["error"]["problems"]) {
      const auto field = one["field"].get<std::string>();
      problems.push_back({.field = field == "inference" ? "--method" : "--" + field,
                          .message = one["message"],
                          .hint = one["hint"]});
    }
    return report(streams, problems, arguments.json);
  }
  Json card = summary_of(*log);
  card["preference"] = preference;
  streams.out << (arguments.json ? card.dump() + "\n" : text_of(card));
  return kOk;
}

}  // namespace assay::cli
