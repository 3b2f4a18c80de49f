#include "assay/io/http/router.h"

#include <gtest/gtest.h>

namespace assay::io::http {
namespace {

Response ask(const Router& router, const std::string& method, const std::string& path) {
  Response got{.status = 0};
  Request request;
  request.method = method;
  request.path = path;
  router(std::move(request), [&](Response response) { got = std::move(response); });
  return got;
}

Handler says(const std::string& text) {
  return [text](Request request, Respond respond) {
    std::string body = text;
    for (const auto& [name, value] : request.params) body += " " + name + "=" + value;
    respond({.body = body});
  };
}

Router make_router() {
  Router router;
  router.add("GET", "/v1/experiments/{id}", says("one"));
  router.add("GET", "/v1/experiments", says("list"));
  router.add("POST", "/v1/experiments", says("create"));
  router.add("GET", "/v1/experiments/all", says("literal"));
  router.add("POST", "/v1/experiments/{id}/{verb}", says("act"));
  return router;
}

TEST(Router, FindsHandlersAndParams) {
  const Router router = make_router();
  EXPECT_EQ(ask(router, "GET", "/v1/experiments").body, "list");
  EXPECT_EQ(ask(router, "POST", "/v1/experiments").body, "create");
  EXPECT_EQ(ask(router, "GET", "/v1/experiments/a.b").body, "one id=a.b");
  EXPECT_EQ(ask(router, "POST", "/v1/experiments/x/start").body, "act id=x verb=start");
}

TEST(Router, AnEncodedSlashSeparatesNothing) {
  const Router router = make_router();
  EXPECT_EQ(ask(router, "GET", "/v1/experiments/a%2Fb").body, "one id=a/b");
  EXPECT_EQ(ask(router, "GET", "/v1%2Fexperiments").status, 404);
  EXPECT_EQ(ask(router, "GET", "/v1/experiments/a%252Fb").body, "one id=a%2Fb");
}

TEST(Router, LiteralsWinOverNames) {
  EXPECT_EQ(ask(make_router(), "GET", "/v1/experiments/all").body, "literal");
}

TEST(Router, NamesTakeTheMethodsThatTheLiteralDoesNotHave) {
  Router router = make_router();
  router.add("PUT", "/v1/experiments/{id}", says("put"));
  EXPECT_EQ(ask(router, "PUT", "/v1/experiments/all").body, "put id=all");
  const Response response = ask(router, "DELETE", "/v1/experiments/all");
  EXPECT_EQ(response.headers, (Fields{{"Allow", "GET, PUT"}}));
}

TEST(Router, HeadGoesToGet) {
  EXPECT_EQ(ask(make_router(), "HEAD", "/v1/experiments").body, "list");
}

TEST(Router, UnknownPathsAre404) {
  const Router router = make_router();
  for (const char* path :
       {"/", "/v1", "/v1/experiments/", "/v1/experimentsX/a", "/v1/experiments/a/b/c", "", "//"}) {
    EXPECT_EQ(ask(router, "GET", path).status, 404) << path;
  }
}

TEST(Router, OtherMethodsAre405AndNamed) {
  const Response response = ask(make_router(), "DELETE", "/v1/experiments");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers, (Fields{{"Allow", "GET, POST"}}));
}

TEST(Router, FallbackTakesTheRest) {
  Router router = make_router();
  router.set_fallback(says("page"));
  EXPECT_EQ(ask(router, "GET", "/anything").body, "page");
  EXPECT_EQ(ask(router, "PUT", "/v1/experiments").status, 405);
}

}  // namespace
}  // namespace assay::io::http
