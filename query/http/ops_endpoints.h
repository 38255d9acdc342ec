// OpsEndpoints: /livez, /readyz and /metrics, on a listener of their own with threads of their own,
// so that a loaded or blocked public side cannot make the process look dead. Thread-safe; the
// registry outlives it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "query/http/message.h"

namespace prometheus {
class Registry;
}

namespace satindex::http {

struct ReadinessCheck {
  std::string name;
  bool ok = false;
  std::string state;  // a short text for operators: "lag 12", "fresh"
};

struct Readiness {
  bool ready = false;
  std::vector<ReadinessCheck> checks;
};

class OpsEndpoints {
 public:
  OpsEndpoints(std::function<Readiness()> readiness, prometheus::Registry* registry)
      : readiness_(std::move(readiness)), registry_(registry) {}

  void answer(const Request& request, Response* response) const;

 private:
  void readyz(bool verbose, Response* response) const;
  void metrics(Response* response) const;

  const std::function<Readiness()> readiness_;
  prometheus::Registry* const registry_;
};

}  // namespace satindex::http
