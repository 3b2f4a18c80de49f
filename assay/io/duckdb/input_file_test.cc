#include "assay/io/duckdb/input_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using testing::HasSubstr;

class InputFiles : public testing::Test {
 protected:
  // What is said about a file of this text, when it is opened or when its rows are read.
  std::string refusal(const std::string& name, const std::string& text) const {
    auto file = InputFile::open(folder_.write(name, text));
    if (!file) return to_text(file.error());
    auto rows = file->connection().stream(Sql("SELECT * FROM " + file->relation()));
    if (!rows) return to_text(file->problem(rows.error()));
    while (rows->next()) continue;
    return rows->error() ? to_text(file->problem(*rows->error())) : "";
  }

  TestFolder folder_;
};

TEST_F(InputFiles, LinesOfCsvThatCannotBeRead) {
  EXPECT_EQ(refusal("a.csv", "user,x\nu1,1\nu2,2\n"), "");
  EXPECT_EQ(refusal("a.csv", "user,x\r\nu1,\"1\n\"\r\nu2,2"), "") << "a line break within quotes";
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,1\n\nu2\n"),
              HasSubstr("a.csv:4: error: 1 fields, but the header has 2 (quote a field"));
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,1,Found: 7\n"),
              HasSubstr("a.csv:2: error: 3 fields, but the header has 2"));
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,1\nu2,\"2\nu3,3\n"),
              HasSubstr("a.csv:3: error: a quoted field has no end, or something follows"));
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,\"a\"b\n"), HasSubstr("a.csv:2: error: a quoted field"));
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,\xff\n"), HasSubstr("a.csv:2: error: is not UTF-8"));
  EXPECT_THAT(refusal("a.csv", "user,x\nu1," + std::string(2'100'000, 'x') + "\n"),
              HasSubstr("a.csv:2: error: is longer than 2000000 bytes"));
}

TEST_F(InputFiles, LineBreaksOfMoreThanOneKind) {
  const std::string kind =
      ": error: has a line break of another kind, or a lone carriage return "
      "(end every line with LF, or every line with CRLF)";
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,1\r\nu2,2\n"), HasSubstr("a.csv:2" + kind));
  EXPECT_THAT(refusal("a.csv", "user,x\r\nu1,1\r\nu2,2\nu3,3\r\n"), HasSubstr("a.csv:3" + kind));
  EXPECT_THAT(refusal("a.csv", "user,x\nu1,1\nu\r2,2\n"), HasSubstr("a.csv:3" + kind));
  EXPECT_THAT(refusal("a.csv", "user,x\ru1,1\r"), HasSubstr("a.csv:1" + kind));
}

TEST_F(InputFiles, LinesOfNdjsonThatAreNoObjects) {
  EXPECT_EQ(refusal("a.ndjson", "{\"user\":\"u1\"}\n\n{}\n"), "");
  const std::string text = refusal("a.ndjson", "{\"user\":\"u1\"}\n[1]\n\n\"x\"\nnull\n7\n");
  for (const char* line :
       {"a.ndjson:2: error: is no object: [1] (each line is one object, such as {\"user\": \"u1\"}",
        "a.ndjson:4: error: is no object: \"x\"", "a.ndjson:5: error: is no object: null",
        "a.ndjson:6: error: is no object: 7"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "[]\n";
  const std::string twenty = refusal("a.ndjson", many);
  EXPECT_EQ(std::count(twenty.begin(), twenty.end(), '\n'), 20);
}

TEST_F(InputFiles, LinesThatTwoReadersTakeForTwoThings) {
  const std::string text = refusal("a.ndjson",
                                   "{\"user\":\"u1\"}\n\n{\"user\":\"u1\",\"user\":\"u2\"}\n"
                                   "{\"a\":[{\"k\":1,\"\\u006b\":1}]}\n{\"age\":1e400}\n{\"n\":"
                                   "123456789012345678901}\n{\"n\":NaN}\n{\"n\":1,}\n");
  for (const char* line :
       {"a.ndjson:3: error: user: is there twice (give it once)",
        "a.ndjson:4: error: a[0].k: is there twice", "a.ndjson:5: error: age: is a number that is",
        "a.ndjson:7: error: n: is NaN", "a.ndjson:8: error: n: is followed by a comma"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << text;
}

TEST_F(InputFiles, LinesThatAreNoJson) {
  EXPECT_THAT(refusal("a.ndjson", "{\"user\":\"u1\"}\n\n{\"user\":"),
              HasSubstr("a.ndjson:3: error: is no JSON: unexpected end of data (each line"));
  EXPECT_THAT(refusal("a.ndjson", "{\"user\":\"u1\"} {\"user\":\"u2\"}\n"),
              HasSubstr("a.ndjson:1: error: is no JSON: unexpected content after document (each"));
}

TEST_F(InputFiles, FilesThatCannotBeOpened) {
  EXPECT_EQ(to_text(InputFile::open(folder_.file("none.csv")).error()),
            folder_.file("none.csv") + ": error: there is no file of this name\n");
  EXPECT_THAT(refusal("a[1].csv", "user\n"), HasSubstr("may not contain * ? ["));
  EXPECT_THAT(refusal("a.csv", ""), HasSubstr("a.csv: error: is empty"));
  EXPECT_THAT(refusal("a.csv", "a,\n"), HasSubstr("a.csv:1: error: column 2 of the header"));
  EXPECT_THAT(refusal("a.csv", "\xff\n"), HasSubstr("a.csv:1: error: is no header line of text"));
  EXPECT_THAT(refusal("a.ndjson", ""), HasSubstr("a.ndjson: error: is empty (each line is one"));
  EXPECT_THAT(refusal("a.ndjson", "\n\n"), HasSubstr("a.ndjson: error: is empty"));
  EXPECT_THAT(refusal("a.ndjson", "{}\n"), HasSubstr("a.ndjson: error: has no columns"));
  EXPECT_THAT(refusal("a.xlsx", "PK"), HasSubstr("a.xlsx: error: is neither .csv"));
  EXPECT_THAT(refusal("a.parquet", "PAR1 but no more"),
              HasSubstr("a.parquet: error: cannot be read as Parquet: "));
}

}  // namespace
}  // namespace assay::io::duckdb
