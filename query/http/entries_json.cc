#include "query/http/entries_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "query/http/json_text.h"
#include "schemas/srv_catalogue.h"
#include "schemas/time.h"

namespace satindex::http {
namespace {

using store::Symbol;

constexpr size_t kIntBytesMax = 11;
constexpr size_t kGrowBytes = 16 * 1024;  // most of a page of 50

template <size_t N>
char* put(const char (&text)[N], char* at) {
  std::memcpy(at, text, N - 1);
  return at + N - 1;
}

char* put_eui(schemas::Eui64 eui, char* at) {
  eui.write(at);
  return at + schemas::kEuiTextBytes;
}

template <size_t N>
char* put_member(const char (&name)[N], std::string_view value, char* at) {
  return value.empty() ? at : write_json_string(value, put(name, at));
}

// The rows of a page share their Users, services and outcomes, and three of them as a rule a transaction. What has been
// written for one is copied for the next: a few moves of memory instead of a dozen strings to look through.
class EntriesJson {
 public:
  explicit EntriesJson(std::string& out) : out_(out), used_(out.size()) {}
  ~EntriesJson() { out_.resize(used_); }
  EntriesJson(const EntriesJson&) = delete;
  EntriesJson& operator=(const EntriesJson&) = delete;

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
  struct Piece {
    const Symbol* of = nullptr;
    Written text;
  };
  using Pieces = std::array<Piece, 16>;

  char* room(size_t bytes) {
    if (out_.size() - used_ < bytes) out_.resize(out_.size() + std::max(bytes, kGrowBytes));
    return out_.data() + used_;
  }
  void take(const char* end) { used_ = static_cast<size_t>(end - out_.data()); }
  Written since(size_t at) const { return {at, used_ - at}; }
  void again(Written text) {
    char* const at = room(text.bytes);
    std::memcpy(at, out_.data() + text.at, text.bytes);
    used_ += text.bytes;
  }
  // `write(at)`: needs no more than bytes_max().
  template <class BytesMax, class Write>
  void piece(Pieces& pieces, const Symbol& of, const BytesMax& bytes_max, const Write& write) {
    // Symbols lie 64 bytes or more apart.
    Piece& p = pieces[(reinterpret_cast<uintptr_t>(&of) >> 6) % pieces.size()];
    if (p.of == &of) return again(p.text);
    const size_t begin = used_;
    take(write(room(bytes_max())));
    p = {&of, since(begin)};
  }

  void event_type(const Symbol& outcome) {
    piece(
        types_, outcome, [&] { return kNamesBytesMax + json_string_bytes_max(outcome.first); },
        [&](char* at) { return write_json_string(outcome.first, put(R"(,"eventType":)", at)); });
  }
  void response_code(const Symbol& outcome) {
    piece(
        codes_, outcome, [&] { return kNamesBytesMax + json_string_bytes_max(outcome.second); },
        [&](char* at) { return put_member(R"(,"responseCode":)", outcome.second, at); });
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
    const auto title = [&] {
      const schemas::SrvEntry* known =
          service.first.empty() ? nullptr : schemas::find_srv(service.first);
      return known == nullptr ? std::string_view() : known->title;
    };
    std::string_view named;
    piece(
        services_, service,
        [&] {
          named = title();
          return kNamesBytesMax + json_string_bytes_max(service.first) +
                 json_string_bytes_max(named);
        },
        [&](char* at) {
          at = put_member(R"(,"serviceReferenceVariant":)", service.first, at);
          return put_member(R"(,"title":)", named, at);
        });
  }
  void user(const Symbol& user) {
    piece(
        users_, user,
        [&] { return kNamesBytesMax + schemas::kEuiTextBytes + json_string_bytes_max(user.first); },
        [&](char* at) {
          at = put_eui(user.user.eui, put(R"(,"userId":")", at));
          return write_json_string(user.first, put(R"(","userRole":)", at));
        });
  }
  void device(const store::TrailRow& row) {
    if (row.device) {
      if (device_.bytes != 0 && device_id_ == *row.device) {
        again(device_);
      } else {
        const size_t begin = used_;
        char* at = put(R"(,"deviceId":")", room(kNamesBytesMax + schemas::kEuiTextBytes));
        at = put_eui(row.device->eui, at);
        *at++ = '"';
        take(at);
        device_id_ = *row.device;
        device_ = since(begin);
      }
    }
    const Symbol& attrs = *row.device_attrs;
    piece(
        attrs_, attrs,
        [&] {
          return kNamesBytesMax + json_string_bytes_max(attrs.first) +
                 json_string_bytes_max(attrs.second);
        },
        [&](char* at) {
          at = put_member(R"(,"deviceType":)", attrs.first, at);
          return put_member(R"(,"smetsVersion":)", attrs.second, at);
        });
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
  Pieces types_, codes_, services_, users_, attrs_;
  schemas::RequestId request_id_;  // the last one, as the ones below
  schemas::DeviceId device_id_;
  Middle middle_of_;
  Written request_, device_, middle_;
};

}  // namespace

void append_entries_json(std::span<const trail::Entry> entries, char after, std::string& out) {
  EntriesJson writer(out);
  for (const trail::Entry& entry : entries) writer.append(entry, after);
}

}  // namespace satindex::http
