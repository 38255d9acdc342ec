// Every bound in one place, each with its why. Constants of the format or of the contract; settings
// that an operator may change live in app/config and take their defaults from here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace satindex::schemas::limits {

// CONTRACT 1.3
inline constexpr size_t kStringBytesMax = 64;
inline constexpr size_t kRequestIdBytesMin = 49;
inline constexpr size_t kRequestIdBytesMax = 68;
inline constexpr size_t kJsonDepthMax = 1024;
// CONTRACT 3.3, 3.4
inline constexpr uint32_t kPageRowsDefault = 50;
inline constexpr uint32_t kPageRowsMax = 1000;
inline constexpr size_t kTargetBytesMax = 16 * 1024;
inline constexpr size_t kHeaderBytesMax = 32 * 1024;

// Rows in one device chunk: a decode of the whole stays near 3 us, and headers cost under 0.3 bytes
// a row.
inline constexpr uint32_t kChunkRowsMax = 128;
// References in one own or owner chunk: the three events of a transaction mostly share a chunk, and with it the one writing
// of their device. A decode of the whole stays near 10 us.
inline constexpr uint32_t kRefChunkRowsMax = 1024;
// Distinct symbols of one class kept in a shard's dictionary; beyond it a symbol is written out in
// the chunk itself, so that a log with endless new names costs space, never memory. 2^18 holds
// every User, SRV and code known, hundredfold.
inline constexpr uint32_t kSymbolsMax = 1u << 18;
// Rows looked at for one page before it is handed out short with a cursor (CONTRACT 3.4): about 20
// ms of work.
inline constexpr uint32_t kPageWorkRowsMax = 200'000;
// Device look-ups for one portfolio page: about 20 ms of work.
inline constexpr uint32_t kPageWorkLookupsMax = 4'000;
// Unreadable ownership records remembered singly for one device; older ones are folded into one
// that no replay lifts.
inline constexpr size_t kUnreadablePerDeviceMax = 16;
// Flagged devices (unreadable ownership, misplaced records) remembered singly by a shard: each
// costs a portfolio page a ledger look-up. Beyond it every portfolio of the shard says "partial".
inline constexpr size_t kFlaggedDevicesMax = 1'000;

}  // namespace satindex::schemas::limits
