// Output: standard output in large writes, for commands whose output is data. Not thread-safe. The
// first failed write (a closed pipe, a full disk) is kept and everything after it dropped: ask ok()
// at the end.
#pragma once

#include <string>
#include <string_view>

namespace satindex::app {

class Output {
 public:
  explicit Output(int fd = 1) : fd_(fd) { buffer_.reserve(kBufferBytes + 4096); }
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Append here, then call line_done().
  std::string& buffer() { return buffer_; }
  void line_done() {
    buffer_ += '\n';
    if (buffer_.size() >= kBufferBytes) flush();
  }
  void line(std::string_view text) {
    buffer_ += text;
    line_done();
  }
  void flush();
  bool ok() const { return ok_; }

 private:
  static constexpr size_t kBufferBytes =
      1 << 18;  // a pipe takes 64 KiB at once; four of them a system call
  const int fd_;
  bool ok_ = true;
  std::string buffer_;
};

}  // namespace satindex::app
