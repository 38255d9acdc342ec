// What a finished checkpoint says of itself: which shards it has. A copy that was cut short, or lost a part since, must not
// pass for a whole one: a back-filled shard is in no log.
#pragma once

#include "app/data_dir.h"

namespace satindex::app {

// Lists the shards that are there. The last thing a checkpoint does.
schemas::Result<void> write_contents(const DataDir& checkpoint);
// kConfig, naming the offender, unless the shards are those that the list names.
schemas::Result<void> check_contents(const DataDir& checkpoint);
bool has_contents(const DataDir& directory);

}  // namespace satindex::app
