#include "assay/cli/serve_command.h"

#include <filesystem>
#include <ostream>

#include <nlohmann/json.hpp>

#include "assay/base/time.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kLevelsUp = 5;  // From build/dev/assay/cli to the root of the source tree.

bool has_page(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "index.html", ignored);
}

int print_token(const ServeCommandOptions& options, Streams streams) {
  const auto token = serve::create_token(options.server.data_directory, options.create_token);
  if (!token) return report(streams, token.error(), options.json);
  if (options.json) {
    streams.out << nlohmann::json({{"name", options.create_token}, {"token", *token}}).dump()
                << "\n";
  } else {
    streams.out << *token << "\n";
    streams.err << "It is shown only now; send it as 'Authorization: Bearer TOKEN'.\n";
  }
  return kOk;
}

}  // namespace

std::string find_dashboard() {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (error) return {};
  if (has_page(folder / "dashboard")) return (folder / "dashboard").string();
  for (int level = 0; level < kLevelsUp && folder.has_relative_path(); ++level) {
    if (has_page(folder / "dashboard" / "dist")) return (folder / "dashboard" / "dist").string();
    folder = folder.parent_path();
  }
  return {};
}

int run_serve(const ServeCommandOptions& options, Streams streams) {
  if (!options.create_token.empty()) return print_token(options, streams);
  const double every = options.analyze_every_seconds;
  if (!(every >= 0.1 && every <= kSecondsPerDay)) {
    const Error error{Code::kInvalid, "--analyze-every must be from 0.1 to 86400 seconds", {}};
    return report(streams, error, options.json);
  }
  serve::ServeOptions server = options.server;
  server.analyze_every = std::chrono::milliseconds(static_cast<std::int64_t>(every * 1000));
  if (server.dashboard_directory.empty()) server.dashboard_directory = find_dashboard();
  const auto announce = [&](const std::string& url) {
    if (options.json) {
      streams.out << nlohmann::json({{"url", url}}).dump() << std::endl;
    } else {
      streams.out << "assay serves " << url << "  (Ctrl-C stops it)" << std::endl;
    }
  };
  if (auto served = serve::run(server, announce); !served) {
    return report(streams, served.error(), options.json);
  }
  return kOk;
}

}  // namespace assay::cli
