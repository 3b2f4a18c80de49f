#include "assay/io/http/static_files.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace assay::io::http {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/assay_static_XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    root_ = pattern;
    fs::create_directories(root_ / "site/assets");
    write("site/index.html", "<html>");
    write("site/assets/app-1a2b.js", "let x;");
    write("site/assets/app-1a2b.js.gz", "zipped");
    write("secret.txt", "secret");
    fs::create_symlink(root_ / "secret.txt", root_ / "site/link.txt");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
  }
  std::optional<Response> get(const std::string& path, Fields headers = {}) {
    auto files = StaticFiles::load((root_ / "site").string());
    Request request;
    request.method = "GET";
    request.path = path;
    request.headers = std::move(headers);
    return files->find(request);
  }
  static std::string header(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  fs::path root_;
};

TEST_F(StaticFilesTest, AnswersWithTypeAndCaching) {
  const auto page = get("/index.html");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, "<html>");
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header(*page, "Cache-Control"), "no-cache");
  const auto script = get("/assets/app-1a2b.js");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(header(*script, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(StaticFilesTest, SecondTimeIs304) {
  const std::string etag = header(*get("/index.html"), "ETag");
  EXPECT_EQ(get("/index.html", {{"if-none-match", etag}})->status, 304);
}

TEST_F(StaticFilesTest, ClientRoutesGetThePage) {
  EXPECT_EQ(get("/")->body, "<html>");
  EXPECT_EQ(get("/experiments/ranker_v2")->body, "<html>");
  EXPECT_EQ(get("/experiments/ranker.v2")->body, "<html>");
  EXPECT_FALSE(get("/assets/gone.js"));
}

TEST_F(StaticFilesTest, GzipOnlyWhereAccepted) {
  EXPECT_EQ(get("/assets/app-1a2b.js")->body, "let x;");
  const auto zipped = get("/assets/app-1a2b.js", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(zipped->body, "zipped");
  EXPECT_EQ(header(*zipped, "Content-Encoding"), "gzip");
  EXPECT_NE(header(*zipped, "ETag"), header(*get("/assets/app-1a2b.js"), "ETag"));
  EXPECT_EQ(get("/assets/app-1a2b.js", {{"accept-encoding", "gzip;q=0"}})->body, "let x;");
}

TEST_F(StaticFilesTest, NothingOutsideTheFolder) {
  for (const char* path : {"/../secret.txt", "/assets/../../secret.txt", "/link.txt",
                           "//secret.txt", "/..\\secret.txt"}) {
    EXPECT_FALSE(get(path)) << path;
  }
}

TEST_F(StaticFilesTest, NeedsAFolderWithAPage) {
  EXPECT_EQ(StaticFiles::load((root_ / "none").string()).error().code, Code::kNotFound);
  EXPECT_EQ(StaticFiles::load((root_ / "site/assets").string()).error().code, Code::kNotFound);
}

TEST_F(StaticFilesTest, OnlyGetAndHead) {
  auto files = StaticFiles::load((root_ / "site").string());
  Request request;
  request.method = "POST";
  request.path = "/index.html";
  EXPECT_FALSE(files->find(request));
}

}  // namespace
}  // namespace assay::io::http
