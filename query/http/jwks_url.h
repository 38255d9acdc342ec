// JwksUrl: a key set from its issuer's address, fetched at the start and then once a minute by a
// thread of its own, so that no request ever waits for the issuer; sooner when a token names a key
// that is not in it. An issuer that cannot be reached
// leaves the last good set in use and is reported once. https with the machine's roots, or plain
// http to this machine alone (a side-car); no redirects. Thread-safe, outlives its users.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "query/http/jwk.h"
#include "schemas/status.h"

namespace satindex::http {

struct JwksAddress {
  bool tls = true;
  std::string host;
  std::string port;
  std::string path;
};

// kConfig when it is no http(s) address, or plain http to another machine.
schemas::Result<JwksAddress> parse_jwks_address(const std::string& url);

class JwksUrl {
 public:
  using Report = std::function<void(const schemas::Status&)>;

  // kUnavailable when the set cannot be fetched now, kConfig when the address or the set is of no
  // use.
  static schemas::Result<std::shared_ptr<JwksUrl>> open(
      const std::string& url, Report report,
      std::chrono::milliseconds interval = std::chrono::minutes(1),
      std::chrono::milliseconds pause = std::chrono::seconds(5));
  ~JwksUrl();
  JwksUrl(const JwksUrl&) = delete;
  JwksUrl& operator=(const JwksUrl&) = delete;

  std::shared_ptr<const KeySet> current();
  // A key is missing: asks for a fetch before its time, but no sooner than `pause` after the last
  // one, however many tokens name it. Returns at once.
  void look_soon();

 private:
  JwksUrl(JwksAddress address, Report report, std::chrono::milliseconds interval,
          std::chrono::milliseconds pause)
      : address_(std::move(address)),
        report_(std::move(report)),
        interval_(interval),
        pause_(pause) {}
  void refresh();
  void run();

  const JwksAddress address_;
  const Report report_;
  const std::chrono::milliseconds interval_;
  const std::chrono::milliseconds pause_;
  std::string text_;    // of set_; the thread's alone once it runs
  bool stale_ = false;  // likewise
  std::mutex mutex_;    // guards the three below
  bool stopping_ = false;
  bool wanted_ = false;
  std::shared_ptr<const KeySet> set_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace satindex::http
