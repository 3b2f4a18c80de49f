// The only file that knows CLI11: it turns arguments into options structs and calls the command.
#include "assay/cli/cli.h"

#include <algorithm>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "assay/cli/define_command.h"

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
  CLI::Option* schema = sub->add_flag("--schema", options->schema, "Print the file's JSON Schema");
  schema->excludes(file);
  add_json(sub, options->json);
  sub->parse_complete_callback([file, schema] {
    if (file->empty() && schema->empty()) throw CLI::RequiredError("file");
  });
}

}  // namespace

int run(const std::vector<std::string>& arguments, Streams streams) {
  CLI::App app("assay: from an experiment file to a verdict", "assay");
  app.set_version_flag("--version", "assay " ASSAY_VERSION);
  app.require_subcommand(1);
  Session session{app, streams};
  add_define(session);
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
