// StopSignal: SIGTERM and SIGINT as something to wait for. Made first in main's thread, before any
// other thread, so that all inherit the mask and the signals come to nobody else. A second signal,
// after the first was taken, ends the process at once.
#pragma once

#include <chrono>

namespace satindex::app {

class StopSignal {
 public:
  StopSignal();
  // True when a stop was asked for, now or before; waits at most this long for it.
  bool wait_for(std::chrono::milliseconds patience);
  void wait();

 private:
  bool asked_ = false;
};

}  // namespace satindex::app
