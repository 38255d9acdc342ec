// Status and Result: how an operation that may meet bad weather or a bad request answers without an
// exception. Values. Broken invariants are not a Status: they abort (SATINDEX_INVARIANT).
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

namespace satindex::schemas {

enum class StatusCode : uint8_t {
  kInvalid,       // the caller's input is wrong; message says which part
  kUnauthorized,  // no or bad credentials
  kForbidden,     // good credentials, not for this
  kNotFound,
  kUnavailable,  // try again later
  kOverloaded,   // a bound was reached; try again later
  kCorrupt,      // stored bytes are not what was written
  kConfig,       // a setting is missing or wrong
  kInternal,
};

struct Status {
  StatusCode code = StatusCode::kInternal;
  std::string message;
};

[[noreturn]] inline void throw_exception_from_error(const Status& s,
                                                    const boost::source_location&) {
  throw std::runtime_error(s.message);
}

template <class T>
using Result = boost::system::result<T, Status>;

inline Status invalid(std::string m) { return {StatusCode::kInvalid, std::move(m)}; }
inline Status unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
inline Status corrupt(std::string m) { return {StatusCode::kCorrupt, std::move(m)}; }
inline Status config_error(std::string m) { return {StatusCode::kConfig, std::move(m)}; }
inline Status internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

}  // namespace satindex::schemas

// Stays on in release: a broken invariant must stop the process before it answers wrongly; a
// restart is cheap.
#define SATINDEX_INVARIANT(cond, what)                                                       \
  do {                                                                                       \
    if (!(cond)) [[unlikely]] {                                                              \
      std::fprintf(stderr, "invariant broken at %s:%d: %s (%s)\n", __FILE__, __LINE__, what, \
                   #cond);                                                                   \
      std::abort();                                                                          \
    }                                                                                        \
  } while (0)
