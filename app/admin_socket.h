// The Unix socket in --data-dir through which other commands reach a running index. A request is
// one line of words separated by tabs; the answer is any number of lines that begin with '|', then
// `ok` or `error MESSAGE`. One client at a time, one thread, every wait bounded. The socket is open
// to the owner of the process only.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/log.h"
#include "schemas/status.h"

namespace satindex::app {

class Node;

using AdminLine = std::function<void(std::string_view)>;

class AdminSocket {
 public:
  // Answers for `node`, which outlives it. kUnavailable when the socket cannot be made.
  static schemas::Result<std::unique_ptr<AdminSocket>> open(Node& node, Log& log);
  ~AdminSocket() { stop(); }
  // What is under way is finished first. Again: nothing.
  void stop();

 private:
  AdminSocket(Node& node, int listener) : node_(node), listener_(listener) {}
  void serve();
  void answer(int client);

  Node& node_;
  const int listener_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// Asks the index that runs on this data directory; `line` gets each line of the answer.
// kUnavailable when none runs.
schemas::Result<void> admin_request(const std::string& data_dir,
                                    const std::vector<std::string>& words, const AdminLine& line);

// What a request does: the far side of admin_request (admin_commands.cc).
schemas::Result<void> admin_command(Node& node, const std::vector<std::string>& words,
                                    const AdminLine& line);

}  // namespace satindex::app
