// A blocking client over a plain socket that sends exactly the bytes it is told to: for tests of
// what a polite client library would never send. Every wait has a deadline; a broken connection
// shows in `Reply`.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace satindex::http {

struct Reply {
  int status = 0;  // 0: no whole head came
  std::string head;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunks put together
  bool whole = false;                          // the body came to the end its framing promised
  int chunks = 0;
};

class HttpClient {
 public:
  explicit HttpClient(uint16_t port, int timeout_ms = 5000);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool send(std::string_view bytes);
  // One answer; bytes behind it stay for the next.
  Reply receive();
  Reply get(const std::string& target, const std::string& more_headers = "");
  // True when the server has closed (or reset) the connection within the time-out and nothing more
  // came.
  bool closed();
  // Reads at most `bytes` without interpreting them.
  size_t receive_some(size_t bytes);
  // Everything up to the close.
  std::string receive_all();

 private:
  bool fill();
  Reply receive_body(Reply reply);

  int fd_ = -1;
  std::string buffer_;
  bool reset_ = false;
};

}  // namespace satindex::http
