#include "app/stop_signal.h"

#include <pthread.h>
#include <signal.h>

#include <ctime>

namespace satindex::app {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its connection, no more
}

bool StopSignal::wait_for(std::chrono::milliseconds patience) {
  if (asked_) return true;
  const sigset_t set = stop_signals();
  const auto ms = patience.count();
  const timespec timeout{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1'000'000};
  if (sigtimedwait(&set, nullptr, &timeout) < 0) return false;
  asked_ = true;
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // whoever asks twice does not want to wait
  return true;
}

void StopSignal::wait() {
  while (!wait_for(std::chrono::hours(1))) {
  }
}

}  // namespace satindex::app
