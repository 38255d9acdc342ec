// Bytes whose neighbours on both sides cannot be touched: a copy that ends at an unmapped page
// (at_end), or begins behind one (at_start). Owns its pages; a read outside ends the test program.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace satindex::testing {

class FencedBytes {
 public:
  explicit FencedBytes(std::string_view bytes) : size_(bytes.size()) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    body_ = (bytes.size() + page) / page * page;
    mapped_ = body_ + 2 * page;
    void* const at = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) std::abort();
    base_ = static_cast<char*>(at);
    first_ = base_ + page;
    if (mprotect(first_, body_, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  ~FencedBytes() { munmap(base_, mapped_); }
  FencedBytes(const FencedBytes&) = delete;
  FencedBytes& operator=(const FencedBytes&) = delete;

  // Either placement overwrites the other.
  std::string_view at_end(std::string_view bytes) { return place(first_ + body_ - size_, bytes); }
  std::string_view at_start(std::string_view bytes) { return place(first_, bytes); }

 private:
  std::string_view place(char* at, std::string_view bytes) {
    if (size_ != 0) std::memcpy(at, bytes.data(), size_);
    return {at, size_};
  }

  const size_t size_;
  size_t body_ = 0;
  size_t mapped_ = 0;
  char* base_ = nullptr;
  char* first_ = nullptr;
};

}  // namespace satindex::testing
