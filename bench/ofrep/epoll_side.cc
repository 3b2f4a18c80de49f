// A bare loop on epoll, one thread: whatever arrives is taken for one request, nothing of it is
// parsed, and a fixed text goes back. What no HTTP server can undercut with these system calls.
// Prints its port, serves until its input ends.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::string answer() {
  const std::string body = R"({"key":"experiment_0","value":"treatment","variant":"treatment",)"
                           R"("reason":"SPLIT","metadata":{"version":1,"epoch":1}})";
  return "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 15:00:00 GMT\r\n"
         "X-Content-Type-Options: nosniff\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

int listen_anywhere() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, any, size) != 0 || listen(listener, SOMAXCONN) != 0 ||
      getsockname(listener, any, &size) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

void watch(int loop, int socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  epoll_ctl(loop, EPOLL_CTL_ADD, socket, &event);
}

void accept_all(int loop, int listener) {
  for (int client; (client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
    const int yes = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(loop, client);
  }
}

}  // namespace

int main() {
  const int listener = listen_anywhere();
  const int loop = epoll_create1(0);
  watch(loop, listener);
  std::thread([] {
    for (char c; read(STDIN_FILENO, &c, 1) > 0;) {
    }
    std::_Exit(0);
  }).detach();
  const std::string text = answer();
  std::array<char, 1 << 16> input{};
  std::array<epoll_event, 128> events{};
  for (;;) {
    const int ready = epoll_wait(loop, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener) {
        accept_all(loop, listener);
      } else if (recv(socket, input.data(), input.size(), 0) <= 0) {
        close(socket);
      } else {
        send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      }
    }
  }
}
