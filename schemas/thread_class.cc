#include "schemas/thread_class.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace satindex::schemas {
namespace {

// A page takes a tenth of this; the kernel takes 100 us to 100 ms.
constexpr uint64_t kSliceNs = 200'000;

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

void ask(int policy, uint64_t slice_ns) {
  Attributes wanted;
  wanted.policy = static_cast<uint32_t>(policy);
  wanted.nice = getpriority(PRIO_PROCESS, 0);  // as it is
  wanted.runtime = slice_ns;
  [[maybe_unused]] const long done = ::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace

void schedule_for_latency() { ask(SCHED_OTHER, kSliceNs); }
void schedule_behind_others() { ask(SCHED_BATCH, 0); }
void schedule_as_usual() { ask(SCHED_OTHER, 0); }

}  // namespace satindex::schemas
