#include "assay/io/duckdb/connection.h"

#include <array>
#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using testing::HasSubstr;

Error open_error(const std::string& path) {
  const auto opened = Database::open(path, {});
  return opened ? Error{} : opened.error();
}

// The first block of a DuckDB file: a checksum, then "DUCK", the storage version, and more.
void claim_storage_version(const std::string& path, std::uint64_t version) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::array<std::uint64_t, 512> block{};
  file.read(reinterpret_cast<char*>(block.data()), sizeof block);
  constexpr std::size_t kVersionByte = 12;
  std::memcpy(reinterpret_cast<char*>(block.data()) + kVersionByte, &version, sizeof version);
  block[0] = 5381;
  for (std::size_t i = 1; i < block.size(); ++i) block[0] ^= block[i] * 0xbf58476d1ce4e5b9ULL;
  file.seekp(0);
  file.write(reinterpret_cast<const char*>(block.data()), sizeof block);
}

TEST(Connection, TheExampleOfItsHeader) {
  const auto connection = Database::open("", {}).value()->connect().value();
  Sql sql("SELECT 'u' || i, TIMESTAMP '1970-01-01 00:00:01', i / 2, i > 1 FROM range(");
  auto rows = connection->query(sql.bind(std::int64_t{3000}).text(") t(i)"));
  ASSERT_TRUE(rows) << to_text(rows.error());
  std::size_t count = 0;
  while (rows->next()) {
    EXPECT_EQ(rows->text(0, 0), "u" + std::to_string(count));
    EXPECT_EQ(rows->integer(1, 0), kMicrosPerSecond);
    EXPECT_EQ(rows->number(2, 0), static_cast<double>(count) / 2);
    EXPECT_EQ(rows->boolean(3, 0), count > 1);
    count += rows->size();
  }
  EXPECT_EQ(count, 3000U);
}

TEST(Connection, ValuesStayValues) {
  const auto connection = Database::open("", {}).value()->connect().value();
  Sql sql("SELECT ");
  sql.bind(std::string("a'; DROP\0x", 10)).text(", ").bind(Timestamp{-1}).text(", ").bind(true);
  auto rows = connection->query(sql.text(", NULL::DOUBLE"));
  ASSERT_TRUE(rows && rows->next());
  EXPECT_EQ(rows->text(0, 0), std::string("a'; DROP\0x", 10));
  EXPECT_EQ(rows->integer(1, 0), -1);
  EXPECT_TRUE(rows->is_null(3, 0));
  EXPECT_FALSE(connection->query(Sql("SELECT ").bind(std::string("\xff"))));
}

TEST(Connection, EverythingOutsideTheDatabaseIsClosed) {
  TestFolder folder;
  const std::string secret = folder.write("secret.csv", "a\n1\n");
  const std::string open = folder.write("open.csv", "a\n1\n");
  DatabaseOptions options;
  options.readable_files = {open};
  const auto connection = Database::open("", options).value()->connect().value();
  EXPECT_TRUE(connection->query(Sql("FROM read_csv(" + quote_literal(open) + ")")));
  EXPECT_FALSE(connection->query(Sql("FROM read_csv(" + quote_literal(secret) + ")")));
  EXPECT_FALSE(connection->run("COPY (SELECT 1) TO " + quote_literal(folder.file("out.csv"))));
  EXPECT_FALSE(connection->run("ATTACH " + quote_literal(folder.file("other.duckdb"))));
  EXPECT_FALSE(connection->run("SET enable_external_access = true"));
  EXPECT_FALSE(connection->run("INSTALL httpfs"));
}

TEST(Connection, OpeningSaysWhatIsWrong) {
  TestFolder folder;
  const Error missing = open_error(folder.file("no/such/folder.duckdb"));
  EXPECT_EQ(missing.code, Code::kInvalid);
  EXPECT_THAT(missing.message, HasSubstr("cannot be opened"));
  const Error corrupt = open_error(folder.write("text.duckdb", std::string(20'000, 'x')));
  EXPECT_EQ(corrupt.code, Code::kCorrupt);
  EXPECT_THAT(corrupt.hint, HasSubstr("backup"));
}

TEST(Connection, AFileOfANewerDuckDbIsAConflict) {
  TestFolder folder;
  const std::string path = folder.file("new.duckdb");
  {
    ASSERT_TRUE(Database::open(path, {}).value()->connect().value()->run("CREATE TABLE t(i INT)"));
  }
  claim_storage_version(path, 250);
  EXPECT_EQ(open_error(path).code, Code::kConflict) << open_error(path).message;
}

TEST(Connection, SqlThatFailsIsAnError) {
  const auto connection = Database::open("", {}).value()->connect().value();
  const auto bad = connection->query(Sql("SELECT nothing FROM nowhere"));
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("nowhere"));
  EXPECT_FALSE(connection->run("SELEC 1"));
  EXPECT_FALSE(connection->broken());
}

}  // namespace
}  // namespace assay::io::duckdb
