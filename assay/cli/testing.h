// Runs commands in tests as a shell would, and makes the files they read.
//
//   const Files files;
//   const Ran ran = assay({"assign", files.write("exp.yaml", kPlan), "--units", "-"},
//   "user\nu1\n"); EXPECT_EQ(ran.status, 0) << ran.err;
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "assay/base/check.h"
#include "assay/cli/cli.h"
#include "assay/io/duckdb/connection.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::cli {

struct Ran {
  int status = 0;
  std::string out;
  std::string err;

  bool has(const std::string& text) const { return (out + err).find(text) != std::string::npos; }
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

inline Ran assay(const std::vector<std::string>& arguments, const std::string& input = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int status = run(arguments, {in, out, err});
  return {status, out.str(), err.str()};
}

// A folder of files, gone at the end.
class Files : public io::duckdb::TestFolder {
 public:
  // The rows of a query.
  std::string parquet(const std::string& name, const std::string& query) const {
    const auto connection = io::duckdb::Database::open("", {.readable_files = {file(name)}})
                                .and_then([](const auto& database) { return database->connect(); });
    ASSAY_CHECK(connection.has_value());
    ASSAY_CHECK((*connection)
                    ->run("COPY (" + query + ") TO " + io::duckdb::quote_literal(file(name)) +
                          " (FORMAT parquet)")
                    .has_value());
    return file(name);
  }
};

// A file that goes when all tests have run.
inline std::string written(const std::string& name, const std::string& text) {
  static const Files files;
  return files.write(name, text);
}

}  // namespace assay::cli
