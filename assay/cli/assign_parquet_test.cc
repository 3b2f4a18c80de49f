#include "assay/cli/assign_parquet.h"

#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "assay/cli/csv_reader.h"
#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

constexpr const char* kMetrics = "metrics: {primary: [{name: clicks, type: count, event: c}]}\n";

class AssignParquet : public testing::Test {
 protected:
  AssignParquet() {
    files_.write("one.yaml", std::string("id: one\nfallback_unit: device\nallocation: {control: 3, "
                                         "treatment: 1}\ntargeting: {all: [{attribute: country, "
                                         "in: [IN, US]}]}\n") +
                                 kMetrics);
    files_.write("two.yaml",
                 std::string("id: two\ntraffic: 60%\nallocation: {a: 1, b: 1, c: 1}\n") + kMetrics);
  }

  static std::string many_units() {
    std::string csv = "user,device,country\n";
    for (int i = 0; i < 9001; ++i) {
      csv += (i % 7 == 0 ? "" : "\"u,\xc3\xbc" + std::to_string(i) + "\"") + std::string(",") +
             (i % 11 == 0 ? "" : "d" + std::to_string(i)) + (i % 3 == 0 ? ",UK\n" : ",IN\n");
    }
    return csv;
  }
  Ran assign(const std::vector<std::string>& plans, const std::string& csv,
             const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"assign", "--units", "-"};
    for (const std::string& plan : plans) arguments.push_back(files_.file(plan));
    arguments.insert(arguments.end(), more.begin(), more.end());
    return assay(arguments, csv);
  }
  std::string out() const { return files_.file("answers.parquet"); }
  bool nothing_is_left() const {
    return !std::filesystem::exists(out()) && !std::filesystem::exists(out() + ".part");
  }
  // The file as CSV, without these columns; "null" stands apart from an empty text.
  std::string text_of_file(const std::string& columns = "*") const {
    const auto connection = io::duckdb::Database::open("", {.readable_files = {out()}})
                                .and_then([](const auto& database) { return database->connect(); });
    auto rows =
        (*connection)
            ->query(io::duckdb::Sql("SELECT COLUMNS(" + columns + ")::VARCHAR FROM read_parquet(" +
                                    io::duckdb::quote_literal(out()) + ")"));
    if (!rows) return rows.error().message;
    std::string text;
    const auto names = rows->column_names();
    for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
    text += '\n';
    while (rows->next()) {
      for (std::size_t i = 0; i < rows->size(); ++i) {
        for (std::size_t c = 0; c < names.size(); ++c) {
          text += c == 0 ? "" : ",";
          text += rows->is_null(c, i) ? "null" : csv_quoted(rows->text(c, i));
        }
        text += '\n';
      }
    }
    return text;
  }
  static std::string with_nulls(const std::string& csv) {
    std::string text;
    for (const char c : csv) {
      if ((c == ',' || c == '\n') && (text.ends_with(',') || text.ends_with('\n'))) text += "null";
      text += c;
    }
    return text;
  }

  Files files_;
};

// More than a block, a chunk of DuckDB and a page, with fallbacks, nobody and units outside.
TEST_F(AssignParquet, SaysWhatCsvSays) {
  const std::vector<std::vector<std::string>> all = {{"one.yaml"}, {"two.yaml", "one.yaml"}};
  for (const auto& plans : all) {
    std::filesystem::remove(out());
    const Ran csv = assign(plans, many_units());
    const Ran ran = assign(plans, many_units(), {"--out", out()});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, csv.err);
    EXPECT_EQ(text_of_file("c -> c NOT IN ('propensity', 'because')"), with_nulls(csv.out));
  }
}

TEST_F(AssignParquet, HasThePropensityAndTheCause) {
  ASSERT_EQ(assign({"one.yaml"}, "user,country\nu1,IN\nu4,IN\nu5,UK\n", {"--out", out()}).status,
            0);
  EXPECT_EQ(text_of_file("['unit', 'variant', 'propensity', 'because']"),
            "unit,variant,propensity,because\nu1,treatment,0.25,null\nu4,control,0.75,null\n"
            "u5,null,null,country does not meet the condition\n");
}

TEST_F(AssignParquet, IsAListOfUnitsAgain) {
  const std::string csv = "user,country\nu1,IN\nu4,UK\n";
  ASSERT_EQ(assign({"two.yaml"}, csv, {"--out", out()}).status, 0);
  const Ran again = assay({"assign", files_.file("two.yaml"), "--units", out()});
  EXPECT_EQ(again.out, assign({"two.yaml"}, csv).out) << again.err;
}

TEST_F(AssignParquet, HoldsAThousandColumns) {
  std::vector<std::string> plans;
  for (int i = 0; i < 1000; ++i) {
    plans.push_back("e" + std::to_string(i) + ".yaml");
    files_.write(plans.back(),
                 "id: e" + std::to_string(i) + "\nallocation: {a: 1, b: 1}\n" + kMetrics);
  }
  const Ran csv = assign(plans, "user\nu1\n\nu2\n");
  ASSERT_EQ(assign(plans, "user\nu1\n\nu2\n", {"--out", out()}).status, 0);
  EXPECT_EQ(text_of_file(), csv.out);
}

TEST_F(AssignParquet, LeavesNothingBehindAWrongRow) {
  const std::vector<std::vector<std::string>> all = {{"one.yaml"}, {"two.yaml", "one.yaml"}};
  for (const auto& plans : all) {
    const Ran ran = assign(plans, many_units() + "u,d,IN,more\n", {"--out", out()});
    EXPECT_EQ(ran.status, 2);
    EXPECT_NE(ran.err.find("-:9003:1: error: 4 fields, but the header has 3"), std::string::npos)
        << ran.err;
    EXPECT_TRUE(nothing_is_left());
  }
}

TEST_F(AssignParquet, LeavesNothingBehindAFullDisk) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{1024, before.rlim_max};
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &full);
  const Ran ran = assign({"two.yaml"}, many_units(), {"--out", out()});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, signal_before);
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("error: cannot write " + out()), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("have room"), std::string::npos) << ran.err;
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(AssignParquet, JsonIsForProblems) {
  const Ran fine = assign({"two.yaml"}, "user\nu1\n", {"--out", out(), "--json"});
  EXPECT_EQ(fine.status, 0) << fine.err;
  EXPECT_EQ(fine.out, "");
  std::filesystem::remove(out());
  const Ran wrong = assign({"two.yaml"}, "user\nu1,2\n", {"--out", out(), "--json"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_EQ(nlohmann::json::parse(wrong.err)["problems"][0]["line"], 2) << wrong.err;
}

TEST_F(AssignParquet, LeavesAFileThatIsThere) {
  files_.write("answers.parquet", "precious");
  const Ran ran = assign({"two.yaml"}, "user\nu1\n", {"--out", out()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: " + out() + " is there already (remove it, or name another file)\n");
  EXPECT_EQ(std::filesystem::file_size(out()), 8U);
}

TEST_F(AssignParquet, SaysWhyItCannotWrite) {
  const auto refused = [&](const std::string& csv, const std::string& file) {
    const Ran ran = assign({"two.yaml", "one.yaml"}, csv, {"--out", files_.file(file)});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.out, "");
    return ran.err;
  };
  EXPECT_NE(refused("user\n", "none/a.parquet").find("the folder must exist"), std::string::npos);
  EXPECT_NE(refused("user\n", "a.csv").find("name it .parquet"), std::string::npos);
  EXPECT_NE(refused("Two,device\nu1,d1\n", "a.parquet").find("two columns would be called two"),
            std::string::npos);
  EXPECT_NE(assign({"two.yaml"}, "user\n", {"--out", ""}).err.find("name it .parquet"),
            std::string::npos);  // As of a variable that is not set.
  EXPECT_NE(assign({"two.yaml"}, "user\n", {"--out", out(), "--balance", "user"}).status, 0);
  EXPECT_TRUE(nothing_is_left());
}

}  // namespace
}  // namespace assay::cli
