// Traffic::append_json: an event as the DSP would write it. Apart from the choice of events because
// it is what costs: half a microsecond an event, so that a pipe and not the generator is the limit.
#include <charconv>
#include <cstring>

#include "app/traffic.h"

namespace satindex::app {
namespace {

// Everything but the payload: 13 names and the longest values.
constexpr size_t kFieldsBytesMax = 640;
constexpr schemas::Eui64 kDccEui{
    0x90B3D51F30000002ull};  // the target of a request that is not about a device

// Two base64 letters for twelve random bits.
struct LetterPairs {
  char pairs[4096][2];
  constexpr LetterPairs() : pairs() {
    constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 4096; ++i) {
      pairs[i][0] = kLetters[i >> 6];
      pairs[i][1] = kLetters[i & 63];
    }
  }
};
constexpr LetterPairs kPairs;

class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}
  char* at() const { return at_; }

  void text(std::string_view s) {
    std::memcpy(at_, s.data(), s.size());
    at_ += s.size();
  }
  void eui(schemas::Eui64 id) {
    id.write(at_);
    at_ += schemas::kEuiTextBytes;
  }
  void number(uint64_t n) { at_ = std::to_chars(at_, at_ + 20, n).ptr; }
  void hex(uint64_t n) {
    constexpr char kDigits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) *at_++ = kDigits[(n >> shift) & 15];
  }
  void letters(uint32_t count, Dice& dice) {
    while (count > 0) {
      uint64_t bits = dice.next();
      for (int pair = 0; pair < 5 && count > 0; ++pair, bits >>= 12) {
        const uint32_t now = count < 2 ? count : 2;
        std::memcpy(at_, kPairs.pairs[bits & 4095], now);
        at_ += now;
        count -= now;
      }
    }
  }

 private:
  char* at_;
};

}  // namespace

std::string_view Traffic::second_text() {
  const int64_t second = event_.time_ms / 1000;
  if (second != second_) {
    second_ = second;
    second_text_ = schemas::format_time(second * schemas::kNanosPerSecond, 0);
    second_text_.back() = '.';  // in place of the Z
  }
  return second_text_;
}

void Traffic::append_json(std::string& out) {
  const size_t before = out.size();
  out.resize(before + kFieldsBytesMax + options_.payload_bytes);
  const GeneratedUser& user = population_.users()[event_.user];
  Writer w(out.data() + before);
  w.text(R"({"eventId":")");
  w.hex(bytes_.next());
  w.hex(bytes_.next());
  w.text(R"(","timestamp":")");
  w.text(second_text());
  const auto ms = static_cast<int>(event_.time_ms % 1000);
  const char digits[] = {static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
                         static_cast<char>('0' + ms % 10), 'Z'};
  w.text({digits, sizeof digits});
  w.text(R"(","eventType":")");
  w.text(event_.type);
  w.text(R"(","userId":")");
  w.text(user.id_text);
  w.text(R"(","userRole":")");
  w.text(user.role);
  if (event_.device) {
    w.text(R"(","deviceId":")");
    w.eui(event_.device->id.eui);
    w.text(R"(","deviceType":")");
    w.text(event_.device->type);
    w.text(R"(","smetsVersion":")");
    w.text(event_.device->smets_version);
  }
  if (event_.has_request) {
    w.text(R"(","requestId":")");
    w.text(user.id_text);
    w.text(":");
    w.eui(event_.device ? event_.device->id.eui : kDccEui);
    w.text(":");
    w.number(event_.counter);
  }
  if (event_.srv != nullptr) {
    w.text(R"(","serviceReferenceVariant":")");
    w.text(event_.srv->srv);
  }
  if (!event_.response_code.empty()) {
    w.text(R"(","responseCode":")");
    w.text(event_.response_code);
  }
  w.text("\"");
  if (event_.variant >= 0) {
    w.text(R"(,"commandVariant":)");
    w.number(static_cast<uint64_t>(event_.variant));
  }
  w.text(R"(,"payload":")");
  w.letters(options_.payload_bytes, bytes_);
  w.text("\"}");
  out.resize(static_cast<size_t>(w.at() - out.data()));
}

}  // namespace satindex::app
