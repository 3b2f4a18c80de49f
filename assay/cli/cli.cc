// The only file that knows CLI11: it turns arguments into options structs and calls the command.
#include "assay/cli/cli.h"

#include <algorithm>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "assay/base/version.h"
#include "assay/cli/analyze_command.h"
#include "assay/cli/assign_command.h"
#include "assay/cli/define_command.h"
#include "assay/cli/interleaving_command.h"
#include "assay/cli/plan_command.h"
#include "assay/cli/serve_command.h"
#include "assay/cli/simulate_command.h"
#include "assay/cli/stats_command.h"

namespace assay::cli {
namespace {

struct Session {
  CLI::App& app;
  Streams streams;
  int status = kOk;

  // A subcommand whose options live as long as the parse; `command` runs once they are filled in.
  template <typename Options>
  std::pair<CLI::App*, std::shared_ptr<Options>> add(const char* name, const char* description,
                                                     int (*command)(const Options&, Streams)) {
    auto options = std::make_shared<Options>();
    CLI::App* sub = app.add_subcommand(name, description);
    sub->final_callback([this, options, command] { status = command(*options, streams); });
    return {sub, options};
  }
};

void add_json(CLI::App* sub, bool& json) {
  sub->add_flag("--json", json, "Print JSON instead of a table");
}

void add_define(Session& session) {
  const auto [sub, options] = session.add<DefineOptions>(
      "define", "Check an experiment file and show the plan it will run", run_define);
  CLI::Option* file = sub->add_option("file", options->file, "Experiment file (- is stdin)");
  sub->add_option("--catalogue", options->catalogues, "File with metric definitions");
  sub->add_option("--with", options->with, "Experiment file that runs beside it");
  CLI::Option* schema = sub->add_flag("--schema", options->schema, "Print the file's JSON Schema");
  schema->excludes(file);
  CLI::Option* import_from = sub->add_option("--import", options->import_from,
                                             "The file is of another tool: flagd or growthbook")
                                 ->check(CLI::IsMember({"flagd", "growthbook"}));
  sub->add_option("--only", options->only, "With --import: the one flag to print")
      ->needs(import_from);
  add_json(sub, options->json);
  sub->parse_complete_callback([file, schema] {
    if (file->empty() && schema->empty()) throw CLI::RequiredError("file");
  });
}

void add_history(CLI::App* sub, PlanOptions& options) {
  TableArguments& table = options.table;
  CLI::Option* path =
      sub->add_option("--table", table.path, "Past units, one per row: .csv, .ndjson, .parquet");
  sub->add_option("--metric", table.metrics, "Of the table: COLUMN:TYPE[,…] as in assay analyze")
      ->needs(path);
  sub->add_option("--unit", table.unit, "The table's column with the unit")->needs(path);
  sub->add_option("--variant", table.variant, "The table's column with the variant")->needs(path);
  sub->add_option("--control", table.control, "Only rows of this variant")
      ->needs(sub->get_option("--variant"));
  sub->add_option("--cluster", table.cluster, "The table's column with the randomized cluster")
      ->needs(path);
  sub->add_flag("--sum-repeated-units", table.sum_repeated_units, "Add up the rows of a unit");
}

void add_plan(Session& session) {
  const auto [sub, options] = session.add<PlanOptions>(
      "plan", "How many units a test needs, or what a given number can find", run_plan);
  sub->add_option("file", options->file, "Experiment file; without one, plan from the numbers");
  sub->add_option("--catalogue", options->catalogues, "File with metric definitions");
  sub->add_option("--type", options->type, "proportion, mean, ratio or quantile");
  sub->add_option("--baseline", options->baselines, "Value today: 0.032, or metric=0.032");
  sub->add_option("--sd", options->sds,
                  "Standard deviation of a unit's value: 12.5 or metric=12.5");
  sub->add_option("--correlation", options->correlations, "CUPED: of covariate and metric");
  sub->add_option("--treatments", options->treatments, "Treatments beside the control (1)");
  sub->add_option("--control-share", options->control_share, "The control's share of all units");
  sub->add_option("--unique-units", options->unique_units, "DAY=UNITS seen until then, several");
  sub->add_option("--days", options->days, "Solve for what so many days can find");
  add_history(sub, *options);
  for (const PlanField& field : plan_fields()) {
    std::string flag = "--" + std::string(field.name);
    std::replace(flag.begin(), flag.end(), '_', '-');
    sub->add_option(flag, options->fields[std::string(field.name)], std::string(field.about));
  }
  sub->get_option("--mde-relative")->excludes(sub->get_option("--mde-absolute"));
  sub->add_flag("--unpooled", options->unpooled, "The same as --variance unpooled");
  add_json(sub, options->json);
}

CLI::Option* add_earlier(CLI::App* sub, std::vector<std::string>& files) {
  return sub->add_option("--earlier", files, "File as it ran before; several: the oldest first");
}

void add_files(CLI::App* sub, AnalyzeArguments& arguments) {
  sub->add_option("file", arguments.experiment, "Experiment file (- is stdin)");
  sub->add_option("--exposures", arguments.exposures, "Exposures: .csv, .ndjson or .parquet");
  sub->add_option("--events", arguments.events, "Events: .csv, .ndjson or .parquet");
  sub->add_option("--catalogue", arguments.catalogues, "File with metric definitions");
  add_earlier(sub, arguments.earlier)->needs("file");
  sub->add_option("--as-of", arguments.as_of, "See nothing from this moment on (RFC 3339)");
  add_json(sub, arguments.json);
}

void require_files(const CLI::App* sub) {
  for (const char* name : {"file", "--exposures", "--events"}) {
    if (sub->count(name) == 0) throw CLI::RequiredError(name);
  }
}

void add_table(CLI::App* sub, TableArguments& table) {
  sub->add_option("--table", table.path, "One row per unit: .csv, .ndjson or .parquet");
  sub->add_option("--unit", table.unit, "Its column with the unit (none: every row is one)");
  sub->add_option("--variant", table.variant, "Its column with the variant");
  sub->add_option("--by", table.by, "Its column with the variant of a second experiment")
      ->needs("--table");
  sub->add_option("--cluster", table.cluster, "Its column with the cluster that was randomized");
  sub->add_option("--control", table.control, "The variant to compare with");
  sub->add_option("--metric", table.metrics,
                  "COLUMN:TYPE[,cap=V|p99.9][,per=COLUMN][,covariate=COLUMN][,q=Q][,decrease]");
  sub->add_option("--share", table.shares, "Planned share of a variant: control=1");
  sub->add_option("--method", table.method, "fixed (default), sequential or bayesian");
  sub->add_option("--correction", table.correction, "Of several metrics; none switches it off");
  sub->add_option("--alpha", table.alpha, "Error rate of tests and intervals");
  sub->add_flag("--sum-repeated-units", table.sum_repeated_units, "Add up the rows of a unit");
}

// What a plan says is not said again beside it.
void refuse_words_of_the_plan(const CLI::App* sub) {
  if (sub->count("file") + sub->count("--table") < 2) return;
  for (const char* name :
       {"--control", "--share", "--method", "--correction", "--alpha", "--exposures", "--events"}) {
    if (sub->count(name) == 0) continue;
    throw CLI::ValidationError(name, "is not known together with --table and an experiment file");
  }
}

void add_analyze(Session& session) {
  const auto [sub, options] = session.add<AnalyzeArguments>(
      "analyze", "Make a scorecard from exposures and events, a table, or interleaved lists",
      run_analyze);
  add_files(sub, *options);
  add_table(sub, options->table);
  sub->add_option("--with", options->with, "With file and --table: a file that runs beside it")
      ->needs("file", "--table");
  CLI::Option* impressions = sub->add_option("--impressions", options->impressions,
                                             "Interleaved lists that were shown, a row per item");
  CLI::Option* clicks = sub->add_option("--clicks", options->clicks, "Clicks on them");
  impressions->needs(clicks);
  clicks->needs(impressions);
  sub->parse_complete_callback([app = sub] {
    if (app->count("--table") + app->count("--impressions") == 0) require_files(app);
    refuse_words_of_the_plan(app);
  });
}

void add_decide(Session& session) {
  const auto [sub, options] = session.add<AnalyzeArguments>(
      "decide", "Say what to do about an experiment, and why", run_decide);
  add_files(sub, *options);
  sub->parse_complete_callback([app = sub] { require_files(app); });
}

void add_report(Session& session) {
  const auto [sub, options] = session.add<AnalyzeArguments>(
      "report", "Write plan, scorecard and verdict as one page of Markdown", run_report);
  add_files(sub, *options);
  sub->parse_complete_callback([app = sub] { require_files(app); });
}

void add_own_table(CLI::App* sub, SimulateOptions& options) {
  TableArguments& table = options.table;
  CLI::Option* path =
      sub->add_option("--table", table.path, "aa: your own units: .csv, .ndjson or .parquet");
  for (const char* name : {"--law", "--baseline", "--lift", "--units", "--salts", "--study"}) {
    path->excludes(sub->get_option(name));
  }
  sub->add_option("--metric", table.metrics, "Of the table: COLUMN:TYPE[,…] as in assay analyze")
      ->needs(path);
  sub->add_option("--unit", table.unit, "Its column with the unit (none: every row is one)")
      ->needs(path);
  sub->add_option("--cluster", table.cluster, "Its column with the cluster to randomize")
      ->needs(path);
  sub->add_option("--variant", table.variant, "Its column with the variant of a past experiment")
      ->needs(path);
  sub->add_option("--control", table.control, "Only rows of this variant")
      ->needs(sub->get_option("--variant"));
  sub->get_option("--variant")->needs(sub->get_option("--control"));
  sub->add_flag("--sum-repeated-units", table.sum_repeated_units, "Add up the rows of a unit")
      ->needs(path);
  sub->add_option("--treatment-share", options.treatment_share, "Share of the units (0.5)")
      ->needs(path);
}

// What only other simulations read would do nothing.
void refuse_unread(const CLI::App* sub, const std::string& what) {
  constexpr std::pair<const char*, std::string_view> kReaders[] = {
      {"--law", "aa"},        {"--baseline", "aa"},
      {"--lift", "aa"},       {"--looks", "aa"},
      {"--alpha", "aa"},      {"--runs", "aa or methods"},
      {"--study", "methods"}, {"--units", "aa or assignment"},
      {"--list", "methods"},  {"--salts", "assignment"}};
  for (const auto& [option, readers] : kReaders) {
    if (sub->count(option) == 0 || readers.find(what) != readers.npos) continue;
    throw CLI::ValidationError(
        option, fmt::format("simulate {} does not read it; it is for {}", what, readers));
  }
}

void add_simulate(Session& session) {
  const auto [sub, options] = session.add<SimulateOptions>(
      "simulate", "Hold promises against simulation: error rates, and fair assignment",
      run_simulate);
  sub->add_option("what", options->what,
                  "aa: three methods in a world of your choice, or on your own table; methods: "
                  "every method in its "
                  "studies; assignment: uniform, independent")
      ->required();
  sub->add_option("--law", options->law, "proportion, normal, revenue or count");
  sub->add_option("--baseline", options->baseline, "Mean of the control");
  sub->add_option("--lift", options->lift, "True relative effect (0: an A/A test)");
  sub->add_option("--runs", options->runs, "Experiments to run (aa: 2000; methods: each its own)");
  sub->add_option("--study", options->study, "methods: this study, or all that begin so");
  sub->add_flag("--list", options->list, "methods: only name the studies");
  sub->add_option("--units", options->units, "Units in each, or of each kind of id");
  sub->add_option("--salts", options->salts, "assignment: salts to cross");
  sub->add_option("--looks", options->looks, "Times one looks at each (aa: 28; of a table: 1)");
  sub->add_option("--alpha", options->alpha, "Error rate that the methods promise");
  sub->add_option("--seed", options->seed, "The same seed gives the same numbers");
  add_own_table(sub, *options);
  add_json(sub, options->json);
  sub->parse_complete_callback([sub = sub, options = options] {
    if (const auto& what = options->what; what == "aa" || what == "methods" || what == "assignment")
      refuse_unread(sub, what);
  });
}

void add_assign(Session& session) {
  const auto [sub, options] = session.add<AssignOptions>(
      "assign", "Give each unit of a list its variant and the reason", run_assign);
  sub->add_option("files", options->files, "Experiment files (- is stdin); several: a column each")
      ->required();
  sub->add_option("--units", options->units, ".csv (- is stdin), .parquet or .ndjson")->required();
  sub->add_option("--catalogue", options->catalogues, "File with holdouts");
  sub->add_option("--with", options->with, "Experiment file that runs beside it");
  add_earlier(sub, options->earlier);
  CLI::Option* balance =
      sub->add_option("--balance", options->balance, "Columns whose strata a salt is searched for")
          ->delimiter(',');
  sub->add_option("--salts", options->salts, "How many to try")
      ->check(CLI::Range(1, 1'000'000))
      ->needs(balance);
  sub->add_option("--out", options->out, "Write this .parquet file instead of CSV")
      ->excludes(balance);
  add_json(sub, options->json);
}

void add_interleave(Session& session) {
  const auto [sub, options] = session.add<InterleaveOptions>(
      "interleave", "Merge two rankings per request into the list to show", run_interleave);
  sub->add_option("file", options->file, "Requests, one JSON object a line (- is stdin)")
      ->required();
  sub->add_flag("--json", options->json, "Print one JSON object a line instead of CSV");
}

void add_stats(Session& session) {
  const auto [sub, options] = session.add<StatsOptions>(
      "stats", "Answer one statistical question on numbers: JSON in, JSON out", run_stats);
  sub->add_option("method", options->method, "The method; its request comes on standard input");
  sub->add_flag("--list", options->list, "Name the methods");
  sub->add_flag("--schema", options->schema, "Print the JSON Schema of the method's request");
  add_json(sub, options->json);
}

void add_serve(Session& session) {
  const auto [sub, options] = session.add<ServeCommandOptions>(
      "serve", "Answer over HTTP, count, analyze and decide; API and dashboard on one port",
      run_serve);
  serve::ServeOptions& server = options->server;
  sub->add_option("--data", server.data_directory, "Data directory")->capture_default_str();
  sub->add_option("--listen", server.listen, "ADDRESS:PORT; port 0 takes a free one")
      ->capture_default_str();
  sub->add_option("--dashboard", server.dashboard_directory, "Folder of the built dashboard");
  sub->add_option("--catalogue", server.catalogue_file, "File with metric definitions");
  sub->add_option("--analyze-every", options->analyze_every_seconds, "Seconds between looks")
      ->capture_default_str();
  sub->add_option("--threads", server.threads, "HTTP threads; 0 is one per core")
      ->check(CLI::Range(0, 256));
  sub->add_option("--tls-certificate", server.tls_certificate_file, "PEM file; with --tls-key");
  sub->add_option("--tls-key", server.tls_key_file, "PEM file")->needs("--tls-certificate");
  sub->add_flag("--insecure", server.allow_insecure, "Listen off loopback without a token");
  sub->add_option("--allow-host", server.allowed_hosts, "Further name this server is known by");
  sub->add_option("--allow-origin", server.allowed_origins,
                  "Pages of this origin may ask for flags and report (*: of any)");
  sub->add_option("--client-key", server.client_keys,
                  "Opens flags, exposures and events only; may be known to everybody");
  sub->add_option("--max-streams", server.max_streams, "Event streams open at a time")
      ->capture_default_str();
  sub->add_option("--log-level", server.log_level, "debug, info, warning, error or off")
      ->capture_default_str();
  sub->add_option("--create-token", options->create_token, "Make an access token and print it");
  add_json(sub, options->json);
}

}  // namespace

int run(const std::vector<std::string>& arguments, Streams streams) {
  CLI::App app("assay: from an experiment file to a verdict", "assay");
  app.set_version_flag("--version", std::string("assay ") + kVersion);
  app.require_subcommand(1);
  Session session{app, streams};
  add_define(session);
  add_assign(session);
  add_interleave(session);
  add_analyze(session);
  add_decide(session);
  add_simulate(session);
  add_report(session);
  add_plan(session);
  add_stats(session);
  add_serve(session);
  try {
    // CLI11 takes the arguments from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& e) {
    return app.exit(e, streams.out, streams.err) == 0 ? kOk : kBadInput;
  }
  return session.status;
}

}  // namespace assay::cli
