#include "assay/cli/csv_reader.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::cli {
namespace {

using testing::ElementsAre;
using Fields = std::vector<std::string>;

std::vector<Fields> read(const std::string& text, std::string* error = nullptr) {
  std::istringstream in(text);
  CsvReader reader(in);
  std::vector<Fields> records;
  for (Fields fields; reader.next(fields);) records.push_back(fields);
  if (error != nullptr) *error = reader.error();
  return records;
}

TEST(CsvReader, PlainFields) {
  EXPECT_THAT(read("a,b\n1,2\r\n\n,\n"),
              ElementsAre(Fields{"a", "b"}, Fields{"1", "2"}, Fields{"", ""}));
  EXPECT_THAT(read("a"), ElementsAre(Fields{"a"}));
  EXPECT_THAT(read("\xef\xbb\xbfunit\nu"), ElementsAre(Fields{"unit"}, Fields{"u"}));
  EXPECT_TRUE(read("").empty());
}

TEST(CsvReader, QuotedFields) {
  EXPECT_THAT(read("\"a,b\",\"say \"\"hi\"\"\",\"\"\n"),
              ElementsAre(Fields{"a,b", "say \"hi\"", ""}));
  EXPECT_THAT(read("\"two\nlines\",x\nnext"),
              ElementsAre(Fields{"two\nlines", "x"}, Fields{"next"}));
}

TEST(CsvReader, SaysWhereItStops) {
  std::string error;
  read("\"open", &error);
  EXPECT_EQ(error, "a quoted field has no end");
  read("\"a\"b,c", &error);
  EXPECT_EQ(error, "something follows the closing quote of a field");
  EXPECT_THAT(read("unit\nJos\xc3\xa9\nJos\xe9\nu3\n", &error),
              ElementsAre(Fields{"unit"}, Fields{"Jos\xc3\xa9"}));
  EXPECT_EQ(error, "is not UTF-8; save the file as UTF-8");
  EXPECT_TRUE(read(std::string("\xff\xfeu\0\n\0", 6), &error).empty());  // UTF-16.
  EXPECT_EQ(error, "is not UTF-8; save the file as UTF-8");
  std::istringstream in("a\n\"b\nc\"\nd\n");
  CsvReader reader(in);
  Fields fields;
  while (reader.next(fields) && fields[0] != "d") {
  }
  EXPECT_EQ(reader.line(), 4);
}

TEST(CsvReader, BoundsARecord) {
  std::string text = "\"";
  for (int i = 0; i < 5; ++i) text += std::string(1 << 20, 'x') + "\n";
  std::string error;
  read(text + "\"", &error);
  EXPECT_EQ(error, "a record is longer than 4 MiB");
}

}  // namespace
}  // namespace assay::cli
