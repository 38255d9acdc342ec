#include "schemas/thread_class.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace satindex::schemas {
namespace {

// A page takes a tenth of this; the kernel takes 100 us to 100 ms.
constexpr uint64_t kSliceNs = 200'000;
// A tenth of the share of an ordinary thread, where the cores are all busy.
constexpr int kBehind = 10;
constexpr int kNiceMax = 19;

// As in sched_setattr(2), which the C library does not declare; the first version.
struct Attributes {
  uint32_t size = 48;
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // since Linux 6.12 the slice of an ordinary thread
  uint64_t deadline = 0;
  uint64_t period = 0;
};

bool ask(int policy, uint64_t slice_ns, int nice) {
  Attributes wanted;
  wanted.policy = static_cast<uint32_t>(policy);
  wanted.nice = nice;
  wanted.runtime = slice_ns;
  return ::syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

int nice_now() { return getpriority(PRIO_PROCESS, 0); }
// Of the thread before it asked for anything.
int own_nice() {
  thread_local const int value = nice_now();
  return value;
}

}  // namespace

void schedule_for_latency() { ask(SCHED_OTHER, kSliceNs, own_nice()); }
void schedule_behind_others() { ask(SCHED_BATCH, 0, std::min(own_nice() + kBehind, kNiceMax)); }
void schedule_as_usual() {
  // Without a privilege there is no way back to a greater share: then only the class.
  if (!ask(SCHED_OTHER, 0, own_nice())) ask(SCHED_OTHER, 0, nice_now());
}

}  // namespace satindex::schemas
