// Files that only their owner may read: signing keys of tests and the demo.
#pragma once

#include <string>
#include <string_view>

#include "schemas/status.h"

namespace satindex::app {

// Makes a new file of mode 0600; kConfig when it exists already or cannot be made.
schemas::Result<void> write_private_file(const std::string& path, std::string_view content);

}  // namespace satindex::app
