// The built program from outside: SATINDEX_BINARY says where it is.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace satindex::testing {

struct Ended {
  int code = -1;
  std::string output;  // of both streams
};

inline Ended run(const std::string& arguments, const std::string& environment = "") {
  const std::string command =
      "env " + environment + " '" SATINDEX_BINARY "' " + arguments + " 2>&1 </dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  Ended ended;
  char block[4096];
  for (size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) ended.output.append(block, n);
  const int status = pclose(pipe);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

inline bool says(const Ended& ended, const std::string& text) {
  return ended.output.find(text) != std::string::npos;
}

}  // namespace satindex::testing
