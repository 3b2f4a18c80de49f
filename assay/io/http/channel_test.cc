// Over real loopback sockets: who gets which message, and what a slow reader costs the others.
#include "assay/io/http/channel.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "assay/io/http/failure.h"
#include "assay/io/http/server.h"
#include "assay/io/http/test_client.h"

namespace assay::io::http {
namespace {

using std::chrono::milliseconds;

Handler stream_of(Channel& channel) {
  return [&channel](Request, Respond respond) {
    auto stream = channel.subscribe();
    if (!stream) return respond(failure({Code::kUnavailable, "too many streams", {}}));
    respond({.content_type = "text/event-stream",
             .body = "retry: 3000\n\n",
             .stream = std::move(stream)});
  };
}

std::unique_ptr<Server> serve(Channel& channel, ServerOptions options = {}) {
  options.port = 0;
  options.threads = 2;
  auto server = Server::listen(std::move(options), stream_of(channel));
  EXPECT_TRUE(server) << to_text(server.error());
  return std::move(*server);
}

template <typename Condition>
bool becomes_true(Condition condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(10));
  return condition();
}

TEST(Channel, TheNewestMessageReplacesTheOneBefore) {
  Channel channel;
  const auto place = channel.subscribe();
  EXPECT_EQ(place->take(), nullptr);
  channel.publish("a");
  int wakes = 0;
  place->on_message([&] { ++wakes; });
  EXPECT_EQ(wakes, 1);  // One was waiting.
  channel.publish("b");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(*place->take(), "b");
  EXPECT_EQ(place->take(), nullptr);
  channel.publish("c");
  EXPECT_EQ(wakes, 2);
}

TEST(Channel, SendsMessagesToEveryReader) {
  Channel channel;
  auto server = serve(channel);
  TestClient one(server->port());
  TestClient two(server->port());
  for (TestClient* client : {&one, &two}) {
    client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = client->read_until("retry: 3000\n\n");
    EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  }
  for (const std::string text : {"data: 1\n\n", "data: 2\n\n"}) {
    channel.publish(text);
    EXPECT_EQ(one.read_until(text), text);
    EXPECT_EQ(two.read_until(text), text);
  }
}

TEST(Channel, HasSoManyPlacesAndALeaverMakesRoom) {
  Channel channel({.max_subscribers = 1});
  auto server = serve(channel);
  {
    TestClient first(server->port());
    first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_NE(first.read_until("retry"), "");
    TestClient second(server->port());
    second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(second.read_until("\r\n"), "HTTP/1.1 503 Service Unavailable\r\n");
  }
  EXPECT_TRUE(becomes_true([&] { return channel.subscribers() == 0; }));
  TestClient third(server->port());
  third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(third.read_until("retry: 3000\n\n"), "");
}

TEST(Channel, AHeadRequestTakesNoPlaceForLong) {
  Channel channel;
  auto server = serve(channel);
  TestClient client(server->port());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_all().find("retry"), std::string::npos);
  EXPECT_TRUE(becomes_true([&] { return channel.subscribers() == 0; }));
}

TEST(Channel, SaysThatItLives) {
  Channel channel;
  auto server = serve(channel, {.heartbeat = milliseconds(20)});
  TestClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_NE(client.read_until("retry: 3000\n\n"), "");
  EXPECT_EQ(client.read_until(":\n\n:\n\n:\n\n"), ":\n\n:\n\n:\n\n");
}

// The slow one is cut off after the write's deadline; meanwhile a diligent one misses nothing, and
// however much is said, only the newest message is kept.
TEST(Channel, ASlowReaderIsCutOffAndDelaysNobody) {
  Channel channel;
  auto server = serve(channel, {.write_timeout = milliseconds(300)});
  TestClient slow(server->port());
  TestClient diligent(server->port());
  slow.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  diligent.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_NE(diligent.read_until("retry: 3000\n\n"), "");
  ASSERT_TRUE(becomes_true([&] { return channel.subscribers() == 2; }));
  const std::string padding(1 << 20, 'x');
  for (int i = 0; i < 400 && channel.subscribers() == 2; ++i) {
    const std::string end = "end " + std::to_string(i) + "\n\n";
    channel.publish("data: " + padding + end);
    ASSERT_NE(diligent.read_until(end), "") << i;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(becomes_true([&] { return channel.subscribers() == 1; }));
  channel.publish("data: still here\n\n");
  EXPECT_NE(diligent.read_until("still here\n\n"), "");
}

// Its socket drops whatever comes, as a network does that the reader has left: no reset says so.
TEST(Channel, AReaderThatVanishedMakesRoom) {
  Channel channel;
  auto server = serve(channel, {.write_timeout = milliseconds(600), .heartbeat = milliseconds(50)});
  TestClient gone(server->port());
  TestClient diligent(server->port());
  for (TestClient* client : {&gone, &diligent}) {
    client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_NE(client->read_until("retry: 3000\n\n"), "");
  }
  EXPECT_EQ(channel.subscribers(), 2U);
  gone.vanish();
  EXPECT_TRUE(becomes_true([&] { return channel.subscribers() == 1; }));
  channel.publish("data: still here\n\n");
  EXPECT_NE(diligent.read_until("still here\n\n"), "");
}

TEST(Channel, AStreamHoldsNothingOfItsRequest) {
  Channel channel;
  auto server = serve(channel, {.max_all_body_bytes = 300'000});
  const std::string request =
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x');
  TestClient one(server->port());
  TestClient two(server->port());
  for (TestClient* client : {&one, &two}) {
    client->send(request);
    EXPECT_NE(client->read_until("retry: 3000\n\n"), "");
  }
}

TEST(Channel, AStopEndsStreamsAtOnce) {
  Channel channel;
  auto server = serve(channel);
  TestClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_NE(client.read_until("retry: 3000\n\n"), "");
  const auto before = std::chrono::steady_clock::now();
  server->stop(std::chrono::seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_EQ(client.read_all(), "");
  channel.publish("data: to nobody\n\n");
  EXPECT_EQ(channel.subscribers(), 0U);
}

TEST(Channel, PublishingWhileReadersComeAndGoAndTheServerStops) {
  Channel channel;
  auto server = serve(channel);
  std::jthread publisher([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) channel.publish("data: x\n\n");
  });
  for (int i = 0; i < 50; ++i) {
    TestClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(client.read_until("data: x\n\n"), "");
  }
  server->stop(std::chrono::seconds(5));
}

}  // namespace
}  // namespace assay::io::http
