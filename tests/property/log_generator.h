// Random logs in which everything collides: few devices, users, parties and hours, so that
// redeliveries, equal times, corrections and conflicts happen all the time. The same seed gives the
// same log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/property/rng.h"
#include "tests/support/model/records.h"

namespace satindex::property {

// Which odds a log is drawn with.
struct LogShape {
  int partitions = 2;
  int devices = 6;
  int events = 200;
  int intervals = 30;  // each with up to three corrections
  int unreadable =
      3;  // ownership records that may be the end of a right; as many again that are events
  bool misplaced = false;  // records of a device also lie where no partitioner puts them
  bool extremes = true;    // times at the ends of what is legal
  int slots = 48;          // distinct hours
};

LogShape random_shape(Rng& rng);
// In the order of the log: offsets ascend in each partition of each topic, with gaps.
model::Log random_log(const LogShape& shape, uint64_t seed);

// The pools everything is drawn from.
std::string device_name(int i);
std::string user_name(int i);
inline constexpr int kUsers = 5;
extern const std::vector<std::string> kParties;
extern const std::vector<std::string> kRoles;
extern const std::vector<std::string> kEventTypes;
extern const std::vector<std::string> kSrvs;
extern const std::vector<std::string> kDeviceTypes;
std::string request_name(int i);
inline constexpr int kRequests = 8;
// Hour i of the logs' time: the instant in nanoseconds.
int64_t slot_ns(int i);
// The partition that the Java client's partitioner gives to the canonical device id.
int home_partition(const std::string& device, int partitions);

}  // namespace satindex::property
