#include "assay/serve/guard.h"

#include <algorithm>
#include <future>

#include <gtest/gtest.h>

namespace assay::serve {
namespace {

using io::http::Fields;
using io::http::Request;
using io::http::Respond;
using io::http::Response;
using io::sqlite::Records;

class GuardTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Records::open(":memory:");
    ASSERT_TRUE(opened) << to_text(opened.error());
    records_ = std::move(*opened);
  }
  void make_guard(Guard::Options options = {}) {
    auto tokens = Tokens::load(*records_);
    ASSERT_TRUE(tokens);
    tokens_ = std::move(*tokens);
    guard_ = std::make_unique<Guard>(std::move(options), *tokens_, worker_);
  }
  // The answer, and who asked where the request came through.
  std::pair<Response, std::string> send(Request request, Access access) {
    struct Answer {
      std::promise<Response> response;
      std::string actor;
    };
    // Shared: the answer may come from the worker, which may be slower to let go of it than we are.
    const auto answer = std::make_shared<Answer>();
    const auto handler = guard_->protect(access, [answer](Request passed, Respond respond) {
      answer->actor = passed.actor;
      respond({});
    });
    handler(std::move(request),
            [answer](Response response) { answer->response.set_value(std::move(response)); });
    Response response = answer->response.get_future().get();
    return {std::move(response), answer->actor};
  }
  // Of the answer only the status.
  std::pair<int, std::string> ask(const std::string& method, Fields headers,
                                  Access access = Access::kGuarded) {
    Request request;
    request.method = method;
    request.headers = std::move(headers);
    const auto [response, actor] = send(std::move(request), access);
    return {response.status, actor};
  }

  std::unique_ptr<Records> records_;
  std::unique_ptr<Tokens> tokens_;
  Worker worker_;
  std::unique_ptr<Guard> guard_;
};

TEST_F(GuardTest, LoopbackAnswersOnlyForItsOwnNames) {
  make_guard({.allowed_hosts = {"Lab.example"}});
  for (const char* host : {"localhost:8080", "127.0.0.1:8080", "[::1]:8080", "lab.example:80",
                           "LocalHost", "LAB.EXAMPLE:80"}) {
    EXPECT_EQ(ask("GET", {{"host", host}}).first, 200) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.evil.example", "",
        "localhost:1@evil.example", "[::1].evil", "[::1"}) {
    EXPECT_EQ(ask("GET", {{"host", host}}).first, 421) << host;
  }
}

TEST_F(GuardTest, OtherAddressesAnswerForAnyName) {
  make_guard({.listens_on_loopback = false});
  EXPECT_EQ(ask("GET", {{"host", "ab.example"}}).first, 200);
}

TEST_F(GuardTest, PagesOfOtherSitesMayNotPost) {
  make_guard();
  const Fields foreign = {{"host", "localhost:1"}, {"origin", "http://evil.example"}};
  EXPECT_EQ(ask("POST", foreign).first, 403);
  EXPECT_EQ(ask("GET", foreign).first, 200);
  EXPECT_EQ(ask("HEAD", foreign).first, 200);
  EXPECT_EQ(ask("POST", {{"host", "localhost:1"}, {"origin", "null"}}).first, 403);
  EXPECT_EQ(ask("POST", {{"host", "localhost:1"}, {"origin", "http://localhost:2"}}).first, 403);
  EXPECT_EQ(ask("POST", {{"host", "localhost:1"}, {"origin", "http://localhost:1"}}).first, 200);
  EXPECT_EQ(ask("POST", {{"host", "localhost:1"}}), std::pair(200, std::string("anyone")));
  make_guard({.allowed_hosts = {"lab.example"}});
  EXPECT_EQ(ask("POST", {{"host", "localhost:1"}, {"origin", "http://lab.example:2"}}).first, 200);
  EXPECT_EQ(ask("POST", foreign).first, 403);
}

TEST_F(GuardTest, ATokenIsNeededWhereOneExists) {
  const auto token = Tokens::create(*records_, "ci", {Timestamp{1}, "test"});
  ASSERT_TRUE(token);
  make_guard();
  const Fields host = {{"host", "localhost"}};
  EXPECT_EQ(ask("GET", host).first, 401);
  EXPECT_EQ(ask("GET", host, Access::kOpen).first, 200);
  const auto with = [&](const std::string& value) {
    return ask("GET", {{"host", "localhost"}, {"authorization", value}});
  };
  EXPECT_EQ(with("Bearer ci.wrong").first, 401);
  EXPECT_EQ(with("Bearer other.wrong").first, 401);
  EXPECT_EQ(with("Basic " + *token).first, 401);
  EXPECT_EQ(with("Bearer " + *token), std::pair(200, std::string("ci")));
  EXPECT_TRUE(tokens_->recall(*token));
  EXPECT_EQ(with("bearer " + *token), std::pair(200, std::string("ci")));
  const Fields page = {
      {"host", "localhost"}, {"origin", "https://any"}, {"authorization", "Bearer " + *token}};
  EXPECT_EQ(ask("POST", page).first, 200) << "no browser sends a token by itself";
}

TEST_F(GuardTest, TicketsOutliveARestartAndNoChangeOfKeys) {
  make_guard();
  EXPECT_EQ(guard_->ticket_query(), "");
  ASSERT_TRUE(Tokens::create(*records_, "ci", {Timestamp{1}, "test"}));
  make_guard({.client_keys = {"web-shop-1"}});
  const std::string before = guard_->ticket_query();
  EXPECT_EQ(before.size(), std::string("?ticket=").size() + 43);
  make_guard({.client_keys = {"web-shop-1"}});
  EXPECT_EQ(guard_->ticket_query(), before);
  make_guard({.client_keys = {"web-shop-2"}});
  EXPECT_NE(guard_->ticket_query(), before);
  ASSERT_TRUE(Tokens::create(*records_, "ci", {Timestamp{2}, "test"}));  // A new one of the name.
  make_guard({.client_keys = {"web-shop-1"}});
  EXPECT_NE(guard_->ticket_query(), before);
  ASSERT_TRUE(Tokens::create(*records_, "other", {Timestamp{1}, "test"}));
  make_guard({.client_keys = {"web-shop-1"}});
  EXPECT_NE(guard_->ticket_query(), before);
}

TEST_F(GuardTest, PagesOfAllowedOriginsMayUseClientRoutesOnly) {
  make_guard({.listens_on_loopback = false, .allowed_origins = {"https://shop.example"}});
  const Fields shop = {{"host", "a"}, {"origin", "https://shop.example"}};
  EXPECT_EQ(ask("POST", shop, Access::kClient).first, 200);
  EXPECT_EQ(ask("POST", shop, Access::kGuarded).first, 403);
  for (const char* other : {"https://shop.example.evil", "http://shop.example",
                            "https://shop.example:8443", "null", "http://localhost:3000"}) {
    EXPECT_EQ(ask("POST", {{"host", "a"}, {"origin", other}}, Access::kClient).first, 403) << other;
  }
  make_guard({.allowed_origins = {"*"}});
  EXPECT_EQ(ask("POST", {{"host", "localhost"}, {"origin", "https://any"}}, Access::kClient).first,
            200);
}

TEST_F(GuardTest, OnLoopbackPagesOfThisMachineMayUseClientRoutes) {
  make_guard();
  const Fields local = {{"host", "localhost:1"}, {"origin", "http://localhost:3000"}};
  EXPECT_EQ(ask("POST", local, Access::kClient).first, 200);
  EXPECT_EQ(ask("POST", local, Access::kGuarded).first, 403);
  for (const char* origin : {"http://localhost.evil", "http://localhost:x@evil"}) {
    const Fields foreign = {{"host", "localhost:1"}, {"origin", origin}};
    EXPECT_EQ(ask("POST", foreign, Access::kClient).first, 403) << origin;
  }
}

TEST_F(GuardTest, PreflightsSayWhoMayAsk) {
  make_guard({.allowed_origins = {"https://shop.example"}});
  const auto preflight = [&](Fields headers) {
    Request request;
    request.method = "OPTIONS";
    request.headers = std::move(headers);
    Response answer;
    guard_->preflight()(std::move(request),
                        [&](Response response) { answer = std::move(response); });
    return answer;
  };
  const Response good = preflight({{"host", "localhost"}, {"origin", "https://shop.example"}});
  EXPECT_EQ(good.status, 204);
  EXPECT_EQ(good.headers[1], std::pair(std::string("Access-Control-Allow-Origin"),
                                       std::string("https://shop.example")));
  EXPECT_EQ(preflight({{"host", "localhost"}, {"origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(preflight({{"host", "localhost"}}).status, 403);
  EXPECT_EQ(preflight({{"host", "evil.example"}, {"origin", "https://shop.example"}}).status, 403);
}

TEST_F(GuardTest, PagesReadTheAnswersOfClientRoutesOnly) {
  make_guard({.allowed_origins = {"https://shop.example"}});
  for (const Access access : {Access::kClient, Access::kGuarded, Access::kOpen}) {
    Request request;
    request.method = "GET";
    request.headers = {{"host", "localhost"}, {"origin", "https://shop.example"}};
    const Fields headers = send(std::move(request), access).first.headers;
    EXPECT_EQ(
        std::ranges::count(headers, "Access-Control-Allow-Origin", &Fields::value_type::first),
        access == Access::kClient ? 1 : 0);
  }
}

TEST_F(GuardTest, OnlyTheParameterOfItsNameIsAClientKey) {
  ASSERT_TRUE(Tokens::create(*records_, "ci", {Timestamp{1}, "test"}));
  make_guard({.client_keys = {"web-shop-1"}});
  for (const std::string name : {"client_key", "key"}) {
    Request request;
    request.method = "POST";
    request.headers = {{"host", "localhost"}};
    request.params = {{name, "web-shop-1"}};
    EXPECT_EQ(send(std::move(request), Access::kClient).first.status,
              name == "client_key" ? 200 : 401);
  }
}

TEST_F(GuardTest, AClientKeyOpensClientRoutesOnly) {
  const auto token = Tokens::create(*records_, "ci", {Timestamp{1}, "test"});
  ASSERT_TRUE(token);
  make_guard({.client_keys = {"web-shop-1"}});
  for (const Fields& headers :
       {Fields{{"host", "localhost"}, {"authorization", "Bearer web-shop-1"}},
        Fields{{"host", "localhost"}, {"x-api-key", "web-shop-1"}}}) {
    EXPECT_EQ(ask("POST", headers, Access::kClient).first, 200);
    EXPECT_EQ(ask("POST", headers, Access::kGuarded).first, 401);
  }
  EXPECT_EQ(ask("POST", {{"host", "localhost"}, {"x-api-key", "other"}}, Access::kClient).first,
            401);
  EXPECT_EQ(ask("POST", {{"host", "localhost"}}, Access::kClient).first, 401);
  EXPECT_EQ(ask("POST", {{"host", "localhost"}, {"x-api-key", *token}}, Access::kClient),
            std::pair(200, std::string("ci")));
}

TEST(ClientOptions, OriginsAndKeysHaveAForm) {
  for (const char* good : {"*", "https://shop.example", "http://localhost:3000", "app://x"}) {
    EXPECT_TRUE(is_origin(good)) << good;
  }
  for (const char* bad : {"", "shop.example", "https://", "://x", "https://a/", "https://a b"}) {
    EXPECT_FALSE(is_origin(bad)) << bad;
  }
  EXPECT_TRUE(is_client_key("sdk-1.a_B"));
  for (const char* bad : {"", "short", "with space", "with/slash"}) {
    EXPECT_FALSE(is_client_key(bad)) << bad;
  }
  for (const std::size_t size : {7U, 8U, 128U, 129U}) {
    EXPECT_EQ(is_client_key(std::string(size, 'k')), size == 8 || size == 128) << size;
  }
}

}  // namespace
}  // namespace assay::serve
