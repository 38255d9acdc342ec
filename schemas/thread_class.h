// How a thread asks the kernel to be scheduled among the others of its process. Requests only: no
// privilege is needed, a kernel that does not know one ignores it, and nothing depends on it but
// latency on a machine whose cores are all busy. For the calling thread; never fails.
#pragma once

namespace satindex::schemas {

// Somebody waits for each piece of work, and each is short: be run soon, for a short while.
void schedule_for_latency();
// Nobody waits for a single piece of work: do not push others aside on waking, and take a tenth of their share while all
// cores are busy.
void schedule_behind_others();
// As the thread began; an unprivileged one keeps the smaller share.
void schedule_as_usual();

}  // namespace satindex::schemas
