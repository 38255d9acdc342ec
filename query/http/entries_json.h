// Entries of a page as JSON objects (CONTRACT 3.4): fields in the contract's order, absent and hidden ones left out. The
// serving path's hot end. Pure; the bytes follow from the entries alone.
#pragma once

#include <span>
#include <string>

#include "query/trail/query.h"

namespace satindex::http {

// Appends each entry and, after each, `after`.
void append_entries_json(std::span<const trail::Entry> entries, char after, std::string& out);

}  // namespace satindex::http
