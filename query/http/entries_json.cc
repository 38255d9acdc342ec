#include "query/http/entries_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "query/http/json_text.h"
#include "schemas/srv_catalogue.h"
#include "schemas/time.h"

namespace satindex::http {
namespace {

using store::Symbol;

constexpr size_t kIntBytesMax = 11;
constexpr size_t kEntryBytes = 400;  // of a usual one, with all its fields
constexpr size_t kGrowBytes = 4 * 1024;

template <size_t N>
char* put(const char (&text)[N], char* at) {
  std::memcpy(at, text, N - 1);
  return at + N - 1;
}

// What is written for symbols of one class: the pages of a node share a few hundred of them. A symbol whose place another
// takes is written anew.
class SymbolTexts {
 public:
  // `write(std::string& out)`: what stands for the symbol in an entry.
  template <class Write>
  std::string_view of(const Symbol& symbol, const Write& write) {
    // Symbols lie 64 bytes or more apart. An address may come to another symbol once its shard is closed: its hash tells.
    Slot& slot = slots_[(reinterpret_cast<uintptr_t>(&symbol) >> 6) % slots_.size()];
    if (slot.of != &symbol || slot.hash != symbol.hash) {
      slot = {&symbol, symbol.hash, {}};
      write(slot.text);
    }
    return slot.text;
  }

 private:
  struct Slot {
    const Symbol* of = nullptr;
    uint64_t hash = 0;
    std::string text;
  };
  std::array<Slot, 256> slots_;
};

struct KnownTexts {
  SymbolTexts types, codes, services, users, attrs;
};

// The rows of a page share their symbols, and three of them as a rule a transaction. What has been written for one is copied
// for the next: a few moves of memory instead of a dozen strings to look through.
class EntriesJson {
 public:
  EntriesJson(KnownTexts& texts, std::string& out) : out_(out), used_(out.size()), texts_(texts) {}
  ~EntriesJson() { out_.resize(used_); }
  EntriesJson(const EntriesJson&) = delete;
  EntriesJson& operator=(const EntriesJson&) = delete;

  // Room for so many, most likely: what is too much is zeroed in vain.
  void expect(size_t entries) { room(entries * kEntryBytes); }
  void append(const trail::Entry& entry, char after) {
    const store::TrailRow& row = entry.row;
    char* at = room(kTimeBytesMax);
    at = put(R"({"timestamp":")", at);
    at = times_.write(row.time_ns, row.decimals, at);
    *at++ = '"';
    take(at);
    event_type(*row.outcome);
    if (entry.show_request_id && row.request) request(*row.request);
    middle(row);
    if (entry.show_command_variant && row.service->variant >= 0) {
      at = put(R"(,"commandVariant":)", room(kVariantBytesMax));
      take(std::to_chars(at, at + kIntBytesMax, row.service->variant).ptr);
    }
    if (entry.show_response_code && !row.outcome->second.empty()) response_code(*row.outcome);
    at = room(kOwnBytesMax);
    at = entry.own ? put(R"(,"own":true})", at) : put(R"(,"own":false})", at);
    *at++ = after;
    take(at);
  }

 private:
  static constexpr size_t kTimeBytesMax = 32 + schemas::kTimeTextBytesMax;
  static constexpr size_t kVariantBytesMax = 32 + kIntBytesMax;
  static constexpr size_t kOwnBytesMax = 32;
  static constexpr size_t kNamesBytesMax =
      64;  // of the members of one piece, what stands around them included

  // What was written for something, by its place in the output, which may move.
  struct Written {
    size_t at = 0;
    size_t bytes = 0;
  };

  char* room(size_t bytes) {
    if (out_.size() - used_ < bytes) [[unlikely]]
      grow(bytes);
    return out_.data() + used_;
  }
  [[gnu::noinline]] void grow(size_t bytes) { out_.resize(used_ + std::max(bytes, kGrowBytes)); }
  void take(const char* end) { used_ = static_cast<size_t>(end - out_.data()); }
  Written since(size_t at) const { return {at, used_ - at}; }
  void again(Written text) {
    char* const at = room(text.bytes);
    std::memcpy(at, out_.data() + text.at, text.bytes);
    used_ += text.bytes;
  }
  void put_text(std::string_view text) {
    char* const at = room(text.size());
    std::memcpy(at, text.data(), text.size());
    used_ += text.size();
  }

  void event_type(const Symbol& outcome) {
    put_text(texts_.types.of(outcome, [&](std::string& out) {
      out += R"(,"eventType":)";
      append_json_string(outcome.first, out);
    }));
  }
  void response_code(const Symbol& outcome) {
    put_text(texts_.codes.of(outcome, [&](std::string& out) {
      append_json_member(R"(,"responseCode":)", outcome.second, out);
    }));
  }
  void request(const schemas::RequestId& id) {
    if (request_.bytes != 0 && request_id_ == id) return again(request_);
    const size_t begin = used_;
    char* at = put(R"(,"requestId":")", room(kNamesBytesMax + schemas::kRequestIdTextBytesMax));
    at = id.write(at);
    *at++ = '"';
    take(at);
    request_id_ = id;
    request_ = since(begin);
  }
  // From the SRV to the SMETS version.
  void middle(const store::TrailRow& row) {
    const Middle of{row.service, row.user, row.device, row.device_attrs};
    if (middle_.bytes != 0 && middle_of_ == of) return again(middle_);
    const size_t begin = used_;
    service(*row.service);
    user(*row.user);
    device(row);
    middle_of_ = of;
    middle_ = since(begin);
  }
  void service(const Symbol& service) {
    put_text(texts_.services.of(service, [&](std::string& out) {
      append_json_member(R"(,"serviceReferenceVariant":)", service.first, out);
      const schemas::SrvEntry* known =
          service.first.empty() ? nullptr : schemas::find_srv(service.first);
      if (known != nullptr) append_json_member(R"(,"title":)", known->title, out);
    }));
  }
  void user(const Symbol& user) {
    put_text(texts_.users.of(user, [&](std::string& out) {
      out += R"(,"userId":")";
      user.user.eui.append_to(out);
      out += R"(","userRole":)";
      append_json_string(user.first, out);
    }));
  }
  void device(const store::TrailRow& row) {
    if (row.device) {
      if (device_.bytes != 0 && device_id_ == *row.device) {
        again(device_);
      } else {
        const size_t begin = used_;
        char* at = put(R"(,"deviceId":")", room(kNamesBytesMax + schemas::kEuiTextBytes));
        row.device->eui.write(at);
        at += schemas::kEuiTextBytes;
        *at++ = '"';
        take(at);
        device_id_ = *row.device;
        device_ = since(begin);
      }
    }
    const Symbol& attrs = *row.device_attrs;
    put_text(texts_.attrs.of(attrs, [&](std::string& out) {
      append_json_member(R"(,"deviceType":)", attrs.first, out);
      append_json_member(R"(,"smetsVersion":)", attrs.second, out);
    }));
  }

  struct Middle {
    const Symbol* service = nullptr;
    const Symbol* user = nullptr;
    std::optional<schemas::DeviceId> device;
    const Symbol* attrs = nullptr;
    bool operator==(const Middle&) const = default;
  };

  std::string& out_;
  size_t used_;  // bytes of out_ that are written; the rest is room
  schemas::TimeWriter times_;
  KnownTexts& texts_;
  schemas::RequestId request_id_;  // the last one, as the ones below
  schemas::DeviceId device_id_;
  Middle middle_of_;
  Written request_, device_, middle_;
};

}  // namespace

void append_entries_json(std::span<const trail::Entry> entries, char after, std::string& out) {
  thread_local const auto texts = std::make_unique<KnownTexts>();
  EntriesJson writer(*texts, out);
  writer.expect(entries.size());
  for (const trail::Entry& entry : entries) writer.append(entry, after);
}

}  // namespace satindex::http
