// The flags of `run` and `validate`, straight from the table of settings.
#pragma once

#include <deque>
#include <string>

#include "app/config.h"

namespace CLI {
class App;
}

namespace satindex::app {

class RunFlags {
 public:
  // Adds them to the command. This object must outlive the parsing and stay where it is.
  void add_to(CLI::App& command);
  // The settings under precedence, checked as far as that needs no network. Prints warnings and,
  // when it fails, the error.
  schemas::Result<RunSettings> resolve() const;

 private:
  std::string config_file_;
  std::deque<std::pair<const Setting*, std::vector<std::string>>> values_;
  std::deque<std::pair<const Setting*, bool>> switches_;
};

}  // namespace satindex::app
