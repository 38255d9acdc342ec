// The name somebody probably meant: for errors about an unknown flag, key, variable or command.
// Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace satindex::app {

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) between
// the two.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the least distance, the first of several; empty when there is no candidate.
std::string_view nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace satindex::app
