#include "assay/io/http/message.h"

#include <gtest/gtest.h>

namespace assay::io::http {
namespace {

TEST(Target, IsDecodedPathAndQuery) {
  Request request;
  ASSERT_TRUE(parse_target("/v1/a%20b%2Fc?start=true&x=1+2%2B&empty=&bare", request));
  EXPECT_EQ(request.path, "/v1/a b%2Fc");  // Not another segment.
  EXPECT_EQ(request.query_value("start"), "true");
  EXPECT_EQ(request.query_value("x"), "1 2+");
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_EQ(request.query_value("bare"), "");
  EXPECT_EQ(request.query_value("absent"), std::nullopt);
}

// Decoded once, however often it was encoded.
TEST(Target, SegmentsAreDecodedOnce) {
  const auto segment = [](const std::string& encoded) {
    Request request;
    EXPECT_TRUE(parse_target("/" + encoded, request)) << encoded;
    return segment_text(std::string_view(request.path).substr(1));
  };
  EXPECT_EQ(segment("a%2fb"), "a/b");
  EXPECT_EQ(segment("a%252Fb"), "a%2Fb");
  EXPECT_EQ(segment("a%25252Fb"), "a%252Fb");
  EXPECT_EQ(segment("%25"), "%");
  EXPECT_EQ(segment("100%25%2F%25"), "100%/%");
  EXPECT_EQ(segment("%2541"), "%41");
  EXPECT_EQ(segment("a+b%2B%C3%A9"), "a+b+\u00e9");
}

TEST(Target, AnswersTrueOrFalseOrSaysThatItIsNeither) {
  Request request;
  ASSERT_TRUE(parse_target("/x?a=true&b=1&c=false&d=0&e=yes&f&g=True", request));
  EXPECT_EQ(request.query_bool("a"), true);
  EXPECT_EQ(request.query_bool("b"), true);
  EXPECT_EQ(request.query_bool("c"), false);
  EXPECT_EQ(request.query_bool("d"), false);
  EXPECT_EQ(request.query_bool("absent"), false);
  for (const char* name : {"e", "f", "g"}) {
    const auto neither = request.query_bool(name);
    ASSERT_FALSE(neither) << name;
    EXPECT_EQ(neither.error().code, Code::kInvalid);
  }
  EXPECT_EQ(request.query_bool("e").error().message, "e=yes is neither true nor false");
  EXPECT_EQ(request.query_bool("e").error().hint, "write ?e=true, or leave it out");
}

TEST(Target, PlusIsPlusInThePath) {
  Request request;
  ASSERT_TRUE(parse_target("/a+b", request));
  EXPECT_EQ(request.path, "/a+b");
}

TEST(Target, AbsoluteFormLosesItsHost) {
  Request request;
  ASSERT_TRUE(parse_target("http://example.com/x?y=1", request));
  EXPECT_EQ(request.path, "/x");
  ASSERT_TRUE(parse_target("http://example.com", request));
  EXPECT_EQ(request.path, "/");
  ASSERT_TRUE(parse_target("HTTPS://example.com/X", request));
  EXPECT_EQ(request.path, "/X");
  EXPECT_EQ(authority_of("HTTPS://example.com:1/X"), "example.com:1");
  EXPECT_EQ(authority_of("/http://x/"), "");
}

TEST(Target, AQueryMayFollowTheHost) {
  Request request;
  ASSERT_TRUE(parse_target("http://example.com?x=/y", request));
  EXPECT_EQ(request.path, "/");
  EXPECT_EQ(request.query_value("x"), "/y");
}

TEST(Target, RefusesBrokenOnes) {
  Request request;
  for (const char* bad : {"", "x", "*", "/%", "/%4", "/%zz", "/a%00b", "/?q=%0", "ftp://x/",
                          "http://", "http:///x", "http://?x", "http:/x"}) {
    EXPECT_FALSE(parse_target(bad, request)) << bad;
  }
}

std::string head_of(const Response& response, bool keep_alive) {
  std::string head;
  append_head(response, keep_alive, "D", head);
  return head;
}

TEST(Head, HasLengthAndNoInjection) {
  const Response response{200, "text/plain", {{"X-Name", "a\r\nSet-Cookie: b"}}, "hello"};
  EXPECT_EQ(head_of(response, true),
            "HTTP/1.1 200 OK\r\nDate: D\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Type: text/plain\r\nContent-Length: 5\r\n"
            "X-Name: a  Set-Cookie: b\r\n\r\n");
}

TEST(Head, OfAnEmptyStatusHasNoLength) {
  EXPECT_EQ(head_of({.status = 304}, false),
            "HTTP/1.1 304 Not Modified\r\nDate: D\r\nX-Content-Type-Options: nosniff\r\n"
            "Connection: close\r\n\r\n");
}

TEST(Etag, MatchesListsStarsAndWeakOnes) {
  Request request;
  EXPECT_FALSE(matches_etag(request, "\"a\""));
  request.headers = {{"if-none-match", "\"x\", W/\"a\""}};
  EXPECT_TRUE(matches_etag(request, "\"a\""));
  EXPECT_FALSE(matches_etag(request, "\"b\""));
  const Response same = with_etag(request, {.body = "text"}, "\"a\"");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  const Response other = with_etag(request, {.body = "text"}, "\"b\"");
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.body, "text");
  request.headers = {{"if-none-match", "*"}};
  EXPECT_TRUE(matches_etag(request, "\"b\""));
}

}  // namespace
}  // namespace assay::io::http
