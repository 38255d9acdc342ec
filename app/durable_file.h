// Small files that must be whole or not there, and survive a loss of power: keys, the clock's
// floor.
#pragma once

#include <string>
#include <string_view>

#include "schemas/status.h"

namespace satindex::app {

// Makes a new file that only its owner may read; kConfig when it exists already or cannot be made.
schemas::Result<void> write_private_file(const std::string& path, std::string_view content);
// Puts a new file (mode 0600) in the place of the old one, synced. kUnavailable when the disk
// fails.
schemas::Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace satindex::app
