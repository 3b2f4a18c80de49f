// A blocking client over a loopback socket, for tests that care for every byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace assay::io::http {

class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~TestClient() { ::close(socket_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // From now on the kernel drops what comes for it, without a word.
  void vanish() {
    sock_filter drop_all{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
    const sock_fprog program{.len = 1, .filter = &drop_all};
    ::setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  }
  void half_close() { ::shutdown(socket_, SHUT_WR); }

  // Everything until the server closes.
  std::string read_all() {
    while (fill()) {
    }
    return std::exchange(pending_, {});
  }
  // One response with a Content-Length; empty when the connection ended.
  std::string read_response(bool with_body = true) {
    std::size_t end;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    end += 4;
    const std::size_t length = pending_.find("Content-Length: ");
    if (with_body && length < end) end += std::stoul(pending_.substr(length + 16));
    while (pending_.size() < end) {
      if (!fill()) return {};
    }
    std::string response = pending_.substr(0, end);
    pending_.erase(0, end);
    return response;
  }

  // Everything up to and with `end`; empty when the connection ended before.
  std::string read_until(std::string_view end) {
    std::size_t at;
    while ((at = pending_.find(end)) == std::string::npos) {
      if (!fill()) return {};
    }
    std::string text = pending_.substr(0, at + end.size());
    pending_.erase(0, at + end.size());
    return text;
  }

 private:
  bool fill() {
    char buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  int socket_;
  bool connected_ = false;
  std::string pending_;
};

}  // namespace assay::io::http
