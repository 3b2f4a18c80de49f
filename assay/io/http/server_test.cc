// Over real loopback sockets: what a client sees, byte by byte.
#include "assay/io/http/server.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "assay/io/http/test_client.h"

namespace assay::io::http {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

using Client = TestClient;

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

int status(const std::string& response) {
  return response.size() > 12 ? std::stoi(response.substr(9, 3)) : 0;
}

std::string body(const std::string& response) {
  const std::size_t at = response.find("\r\n\r\n");
  return at == std::string::npos ? "" : response.substr(at + 4);
}

// Answers with method, path and body.
void echo(Request request, Respond respond) {
  respond({.content_type = "text/plain",
           .body = request.method + " " + request.path + " " + request.body});
}

std::unique_ptr<Server> serve(Handler handler = echo, ServerOptions options = {}) {
  options.port = 0;
  if (options.threads == 0) options.threads = 2;
  auto server = Server::listen(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << to_text(server.error());
  return std::move(*server);
}

TEST(Server, AnswersAndKeepsTheConnection) {
  auto server = serve();
  Client client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/" + std::to_string(i)));
    const std::string response = client.read_response();
    EXPECT_EQ(status(response), 200);
    EXPECT_EQ(body(response), "GET /" + std::to_string(i) + " ");
  }
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.read_all().find("Connection: close\r\n"), std::string::npos);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  // Answered from other threads, the first one last.
  auto server = serve([](Request request, Respond respond) {
    std::thread([path = request.path, respond] {
      std::this_thread::sleep_for(milliseconds(path == "/0" ? 60 : 1));
      respond({.content_type = "text/plain", .body = path});
    }).detach();
  });
  Client client(server->port());
  client.send(get("/0") + get("/1") + get("/2"));
  for (const char* expected : {"/0", "/1", "/2"}) {
    EXPECT_EQ(body(client.read_response()), expected);
  }
}

TEST(Server, AnswersThousandsOfPipelinedRequests) {
  auto server = serve();  // Answered at once, so that one answer leads to the next request.
  constexpr int kRequests = 20'000;
  Client client(server->port());
  std::thread sender([&] {
    std::string all;
    for (int i = 0; i < kRequests; ++i) all += get("/" + std::to_string(i));
    client.send(all);
  });
  int right = 0;
  for (int i = 0; i < kRequests; ++i) {
    right += body(client.read_response()) == "GET /" + std::to_string(i) + " " ? 1 : 0;
  }
  sender.join();
  EXPECT_EQ(right, kRequests);
}

TEST(Server, SendsLongAnswersWhole) {
  std::string text(20 << 20, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  auto server = serve([&](Request, Respond respond) { respond({.body = text}); });
  Client client(server->port());
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    std::this_thread::sleep_for(milliseconds(20));  // The kernel takes a part of it.
    EXPECT_TRUE(body(client.read_response()) == text);
  }
}

TEST(Server, HandsOverWhatTheRequestSays) {
  auto server = serve([](Request request, Respond respond) {
    std::string text = request.remote + (request.keep_alive ? " stays" : " leaves");
    for (const auto& [name, value] : request.headers) text += "|" + name + "=" + value;
    respond({.body = text});
  });
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHOST: x\r\nX-Mixed_9: A b\r\nEmpty:\r\nX-Mixed_9:  c \r\n\r\n");
  EXPECT_EQ(body(client.read_response()),
            "127.0.0.1 stays|host=x|x-mixed_9=A b|empty=|x-mixed_9=c");
}

TEST(Server, ClosesOldConnectionsThatDoNotAskToStay) {
  auto server = serve();
  Client old(server->port());
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body(old.read_all()), "GET /a ");
  Client staying(server->port());
  for (const char* path : {"/a", "/b"}) {
    staying.send("GET " + std::string(path) + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const std::string response = staying.read_response();
    EXPECT_EQ(body(response), "GET " + std::string(path) + " ");
    EXPECT_NE(response.find("Connection: keep-alive\r\n"), std::string::npos) << response;
  }
}

// RFC 9112, 6.1, and RFC 9110, 10.1.1: before HTTP/1.1 there were neither chunks nor expectations.
TEST(Server, OldRequestsHaveNoChunksAndExpectNothing) {
  auto server = serve();
  Client chunked(server->port());
  chunked.send("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(status(chunked.read_all()), 400);
  Client expecting(server->port());
  expecting.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  std::this_thread::sleep_for(milliseconds(50));
  expecting.send("ok");
  const std::string all = expecting.read_all();
  EXPECT_EQ(status(all), 200);
  EXPECT_EQ(body(all), "POST / ok");
}

// RFC 9112, 2.2: some clients end a body with a line that its length does not count.
TEST(Server, SkipsEmptyLinesBetweenRequests) {
  auto server = serve();
  Client client(server->port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok\r\n" + get("/b"));
  EXPECT_EQ(body(client.read_response()), "POST /a ok");
  EXPECT_EQ(body(client.read_response()), "GET /b ");
  for (const char* half : {"\r", "\n"}) {
    client.send(half);
    std::this_thread::sleep_for(milliseconds(20));
  }
  client.send(get("/c"));
  EXPECT_EQ(body(client.read_response()), "GET /c ");
}

// RFC 9112, 3.2.2: whoever checks the host must see the one that is asked.
TEST(Server, ATargetOfAbsoluteFormNamesTheHost) {
  auto server = serve([](const Request& request, const Respond& respond) {
    respond({.body = std::string(request.header("host").value_or("none"))});
  });
  Client client(server->port());
  for (const char* target : {"http://other:1/x", "HTTP://other:1", "https://other:1?a=/b"}) {
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(body(client.read_response()), "other:1") << target;
  }
}

TEST(Server, ReadsBodiesInPiecesAndChunks) {
  auto server = serve();
  Client client(server->port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Le");
  std::this_thread::sleep_for(milliseconds(20));
  client.send("ngth: 5\r\n\r\nhe");
  std::this_thread::sleep_for(milliseconds(20));
  client.send("llo");
  EXPECT_EQ(body(client.read_response()), "POST /a hello");
  client.send("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(body(client.read_response()), "POST /b abcde");
}

TEST(Server, HeadHasLengthButNoBody) {
  auto server = serve();
  Client client(server->port());
  client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string response = client.read_response(false);
  EXPECT_NE(response.find("Content-Length: 10\r\n"), std::string::npos);
  client.send(get("/next"));
  EXPECT_EQ(body(client.read_response()), "GET /next ");
}

TEST(Server, LetsExpectantClientsContinue) {
  auto server = serve();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status(client.read_response()), 100);
  client.send("ok");
  EXPECT_EQ(body(client.read_response()), "POST / ok");
  // Whoever does not wait needs no leave.
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\ngo");
  EXPECT_EQ(body(client.read_response()), "POST / go");
}

TEST(Server, RefusesWhatIsNotHttp) {
  auto server = serve();
  for (const char* bad :
       {"hello\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
    Client client(server->port());
    client.send(bad);
    const std::string response = client.read_all();
    EXPECT_EQ(status(response), 400) << bad;
    EXPECT_NE(body(response).find("\"code\":\"invalid\""), std::string::npos) << bad;
  }
}

TEST(Server, BoundsBodies) {
  auto server = serve(echo, {.max_body_bytes = 1000});
  Client announced(server->port());
  announced.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(status(announced.read_response()), 413);
  // A client that sends it all before it reads still gets the answer, not a reset.
  Client eager(server->port());
  eager.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n");
  eager.send(std::string(4000000, 'x'));
  EXPECT_EQ(status(eager.read_response()), 413);
  Client chunked(server->port());
  chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
               std::string(2000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(status(chunked.read_response()), 413);
  Client exact(server->port());
  exact.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(status(exact.read_response()), 200);
}

// However many begin, what is held of them is bounded, and a length alone holds nothing.
TEST(Server, BoundsAllBodiesTogether) {
  auto server = serve(echo, {.max_all_body_bytes = 300'000});
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
  const std::string most(199'999, 'x');
  std::vector<std::unique_ptr<Client>> promising;
  for (int i = 0; i < 50; ++i) {
    promising.push_back(std::make_unique<Client>(server->port()));
    promising.back()->send(head + "x");
  }
  Client first(server->port());
  first.send(head + most);
  std::this_thread::sleep_for(milliseconds(50));
  Client second(server->port());
  second.send(head + most);
  const std::string refusal = second.read_all();
  EXPECT_EQ(status(refusal), 503);
  EXPECT_NE(refusal.find("Retry-After: 1\r\n"), std::string::npos);
  first.send("x");
  EXPECT_EQ(status(first.read_response()), 200);
  first.send(head + most + "x");  // Its own place is free again.
  EXPECT_EQ(status(first.read_response()), 200);
}

TEST(Server, BoundsHeaders) {
  auto server = serve(echo, {.max_header_bytes = 2000});
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status(client.read_all()), 431);
}

TEST(Server, CutsOffSlowSenders) {
  auto server = serve(echo, {.read_timeout = milliseconds(120)});
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHo");
  const auto begin = Clock::now();
  std::atomic<bool> done{false};
  // A byte now and then does not extend the deadline.
  std::thread drip([&] {
    while (!done && client.send("s")) std::this_thread::sleep_for(milliseconds(20));
  });
  EXPECT_EQ(status(client.read_all()), 408);
  done = true;
  drip.join();
  EXPECT_LT(Clock::now() - begin, milliseconds(5000));
}

TEST(Server, CutsOffSlowReaders) {
  auto server =
      serve([](Request, Respond respond) { respond({.body = std::string(64 << 20, 'x')}); },
            {.write_timeout = milliseconds(150)});
  Client client(server->port());
  client.send(get("/"));
  const auto begin = Clock::now();
  while (server->connections() > 0 && Clock::now() - begin < milliseconds(5000)) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(server->connections(), 0u);
}

TEST(Server, ClosesIdleConnections) {
  auto server = serve(echo, {.idle_timeout = milliseconds(80)});
  Client client(server->port());
  EXPECT_EQ(client.read_all(), "");
}

TEST(Server, SurvivesRequestsCutShort) {
  auto server = serve();
  for (const char* piece :
       {"", "GET", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"}) {
    Client client(server->port());
    client.send(piece);
    client.half_close();
    EXPECT_EQ(client.read_all(), "");
  }
  Client client(server->port());
  client.send(get("/"));
  EXPECT_EQ(status(client.read_response()), 200);
}

TEST(Server, BoundsConnections) {
  auto server = serve(echo, {.threads = 1, .max_connections = 2});
  Client first(server->port()), second(server->port());
  first.send(get("/"));
  second.send(get("/"));
  EXPECT_EQ(status(first.read_response()) + status(second.read_response()), 400);
  Client third(server->port());
  const std::string response = third.read_all();
  EXPECT_EQ(status(response), 503);
  EXPECT_NE(response.find("Retry-After: 1\r\n"), std::string::npos);
}

// Between chunks and behind them a line has no natural end: it may not grow for ever.
TEST(Server, BoundsChunkExtensionsAndTrailers) {
  auto server = serve(echo, {.max_header_bytes = 4096});
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string much(200'000, 'a');
  for (const std::string begin : {"5;a=", "5\r\nhello\r\n0\r\nX: "}) {
    Client client(server->port());
    client.send(head + begin + much);
    EXPECT_EQ(status(client.read_response()), 431) << begin;
  }
  Client client(server->port());
  client.send(head + "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n");
  EXPECT_EQ(status(client.read_response()), 200);
}

// What stands behind a body of unknown length would be taken for the next request (RFC 9112, 6.3).
TEST(Server, RefusesOtherTransferCodings) {
  auto server = serve();
  for (const std::string coding : {"gzip", "xchunked", "chunked, gzip", "gzip, chunked"}) {
    Client client(server->port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + coding + "\r\n\r\n" +
                get("/smuggled"));
    const std::string all = client.read_all();
    EXPECT_EQ(status(all), 400) << coding;
    EXPECT_EQ(all.find("GET /smuggled"), std::string::npos) << all;
  }
}

TEST(Server, TrailersAreNoHeaders) {
  auto server = serve([](const Request& request, const Respond& respond) {
    respond({.body = request.header("authorization") ? "has it" : "has it not"});
  });
  Client client(server->port());
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
      "Authorization: Bearer x\r\nHost: y\r\n\r\n");
  EXPECT_NE(client.read_response().find("has it not"), std::string::npos);
}

// An answer that comes before the request is whole is one to this request, not to the one before.
TEST(Server, AHeadBeforeTakesNoBodyFromARefusal) {
  auto server = serve();
  Client client(server->port());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status(client.read_response(false)), 200);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
  EXPECT_NE(client.read_response().find("the body is larger than"), std::string::npos);
  Client reverse(server->port());
  reverse.send("HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
  const std::string all = reverse.read_all();
  EXPECT_EQ(status(all), 413);
  EXPECT_TRUE(all.ends_with("\r\n\r\n")) << all;
}

TEST(Server, TwoHostsAreRefusedInHttp10Too) {
  auto server = serve();
  Client client(server->port());
  client.send("GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n");
  EXPECT_EQ(status(client.read_response()), 400);
}

TEST(Server, AForgottenOrThrowingHandlerIs500) {
  auto server = serve([](Request request, Respond) {
    if (request.path == "/throw") throw std::runtime_error("oops");
  });
  for (const char* path : {"/forget", "/throw"}) {
    Client client(server->port());
    client.send(get(path));
    EXPECT_EQ(status(client.read_response()), 500) << path;
  }
}

TEST(Stop, ClosesIdleConnectionsAtOnce) {
  auto server = serve();
  Client idle(server->port());
  idle.send(get("/"));
  idle.read_response();
  const auto begin = Clock::now();
  server->stop(milliseconds(5000));
  EXPECT_LT(Clock::now() - begin, milliseconds(2000));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_FALSE(Client(server->port()).connected());
}

TEST(Stop, LetsRunningRequestsFinish) {
  std::promise<Respond> taken;
  auto server = serve([&](Request, Respond respond) { taken.set_value(std::move(respond)); });
  Client busy(server->port());
  busy.send(get("/"));
  const Respond respond = taken.get_future().get();
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    respond({.body = "done"});
  });
  server->stop(milliseconds(5000));
  later.join();
  const std::string response = busy.read_all();
  EXPECT_EQ(body(response), "done");
  EXPECT_NE(response.find("Connection: close"), std::string::npos);
}

TEST(Stop, LetsALongAnswerFinish) {
  const std::string text(32 << 20, 'x');
  auto server = serve([&](Request, Respond respond) { respond({.body = text}); });
  Client slow(server->port());
  slow.send(get("/"));
  std::this_thread::sleep_for(milliseconds(50));  // Most of it does not fit into the sockets.
  std::thread stop([&] { server->stop(milliseconds(10'000)); });
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(body(slow.read_response()).size(), text.size());
  EXPECT_EQ(slow.read_all(), "");
  stop.join();
}

TEST(Stop, GivesUpAtTheDeadlineAndOutlivesLateAnswers) {
  std::promise<Respond> taken;
  auto server = serve([&](Request, Respond respond) { taken.set_value(std::move(respond)); });
  Client busy(server->port());
  busy.send(get("/"));
  const Respond respond = taken.get_future().get();
  server->stop(milliseconds(50));
  EXPECT_EQ(busy.read_all(), "");
  server.reset();
  respond({.body = "too late"});
}

TEST(Listen, NamesATakenPort) {
  auto server = serve();
  auto second = Server::listen({.port = server->port()}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_NE(second.error().message.find(std::to_string(server->port())), std::string::npos);
}

TEST(Listen, RefusesForeignAddresses) {
  EXPECT_EQ(Server::listen({.address = "192.0.2.1", .port = 0}, echo).error().code, Code::kInvalid);
  EXPECT_EQ(Server::listen({.address = "nonsense", .port = 0}, echo).error().code, Code::kInvalid);
}

TEST(Listen, RefusesAMissingCertificate) {
  auto server = Server::listen(
      {.port = 0, .tls_certificate_file = "/none.pem", .tls_key_file = "/none.key"}, echo);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::kInvalid);
  EXPECT_NE(server.error().message.find("/none.pem"), std::string::npos);
}

TEST(Listen, ManyClientsAtOnce) {
  auto server = serve();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&] {
      Client client(server->port());
      for (int i = 0; i < 50; ++i) {
        client.send(get("/x"));
        if (status(client.read_response()) == 200) ++good;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace assay::io::http
