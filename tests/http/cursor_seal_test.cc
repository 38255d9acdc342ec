#include "query/http/cursor_seal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "query/trail/cursor.h"

namespace satindex::http {
namespace {

const std::string kKey(32, 'k');

TEST(CursorSeal, OpensWhatItSealed) {
  const CursorSeal seal(kKey);
  const store::TrailPosition position{1'800'000'000'123'456'789, true, 42, 7};
  const std::string text = seal.seal(trail::encode_position(position), "binding");
  const auto opened = CursorSeal(kKey).open(text, "binding");  // another process with the same key
  ASSERT_TRUE(opened);
  EXPECT_EQ(*trail::decode_position(*opened), position);
}

TEST(CursorSeal, HasOneLengthAndNeverRepeats) {
  const CursorSeal seal(kKey);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string text = seal.seal(trail::encode_position({i, i % 2 == 0, 0, 1}), "b");
    EXPECT_EQ(text.size(), 88u);  // 66 bytes
    EXPECT_EQ(
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        std::string::npos);
    EXPECT_TRUE(seen.insert(text).second);
    EXPECT_TRUE(seen.insert(text.substr(0, 32)).second);  // salt and nonce
  }
}

// What a thread keeps between two cursors must not outlive its key or its thread.
TEST(CursorSeal, KeysAndThreadsMayAlternate) {
  const CursorSeal one(std::string(kCursorKeyBytes, 'a'));
  const CursorSeal other(std::string(kCursorKeyBytes, 'b'));
  std::vector<std::string> of_one;
  std::vector<std::string> of_other;
  for (int i = 0; i < 3; ++i) {
    std::thread([&] {
      of_one.push_back(one.seal("position", "binding"));
      of_other.push_back(other.seal("position", "binding"));
      of_one.push_back(one.seal("position", "binding"));
    }).join();
  }
  for (const std::string& text : of_one) {
    EXPECT_EQ(other.open(text, "binding"), std::nullopt);
    EXPECT_EQ(one.open(text, "binding"), "position");
    EXPECT_EQ(one.open(text, "bindinG"), std::nullopt);
  }
  for (const std::string& text : of_other) {
    EXPECT_EQ(other.open(text, "binding"), "position");
    EXPECT_EQ(one.open(text, "binding"), std::nullopt);
  }
}

// Long enough for a salt to be used up.
TEST(CursorSeal, GoesOnUnderANewSalt) {
  const CursorSeal seal(std::string(kCursorKeyBytes, 'a'));
  std::set<std::string> salts;
  constexpr size_t kSaltText = 16;  // of 12 bytes
  for (int i = 0; i < 140'000; ++i) {
    const std::string text = seal.seal("p", "b");
    if (salts.insert(text.substr(0, kSaltText)).second) {
      EXPECT_EQ(seal.open(text, "b"), "p");
    }
  }
  EXPECT_GE(salts.size(), 2u);
  EXPECT_LE(salts.size(), 4u);
}

TEST(CursorSeal, RefusesEveryChangedCharacter) {
  const CursorSeal seal(kKey);
  const std::string text = seal.seal(std::string(26, 'p'), "b");
  for (size_t i = 0; i < text.size(); ++i) {
    std::string spoilt = text;
    spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(seal.open(spoilt, "b")) << i;
  }
  EXPECT_FALSE(seal.open(text.substr(1), "b"));
  EXPECT_FALSE(seal.open(text + "A", "b"));
  EXPECT_FALSE(seal.open(text + text, "b"));
  EXPECT_FALSE(seal.open(std::string(1 << 20, 'A'), "b"));
  EXPECT_FALSE(seal.open("", "b"));
  EXPECT_FALSE(seal.open(text, "c"));
  EXPECT_FALSE(seal.open(text, ""));
  EXPECT_FALSE(CursorSeal(std::string(32, 'x')).open(text, "b"));
}

class CursorKeyFile : public testing::Test {
 protected:
  CursorKeyFile() { std::filesystem::create_directories(dir_); }
  ~CursorKeyFile() override { std::filesystem::remove_all(dir_); }
  std::string write(const std::string& bytes) {
    std::ofstream(path(), std::ios::binary) << bytes;
    return path();
  }
  std::string path() const { return dir_ / "key"; }
  const std::filesystem::path dir_ =
      std::filesystem::path(testing::TempDir()) / ("cursor_key_" + std::to_string(::getpid()));
};

TEST_F(CursorKeyFile, IsReadInThreeForms) {
  const std::string key = "0123456789abcdef0123456789ABCDEF";
  const std::string hex = "3031323334353637383961626364656630313233343536373839414243444546";
  const std::string base64 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY";
  for (const std::string& text :
       {key, hex, hex + "\n", " " + hex + "\r\n", base64, base64 + "=\n"}) {
    const auto read = load_cursor_key(write(text));
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, key);
  }
  for (const std::string& text : {std::string(), key + "\n", key.substr(1), hex + "00",
                                  base64 + "A", std::string(9999, 'a')}) {
    const auto read = load_cursor_key(write(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, schemas::StatusCode::kConfig);
    EXPECT_EQ(read.error().message.find(path()), std::string::npos);
  }
}

TEST_F(CursorKeyFile, IsMadeOnceAndPrivate) {
  const auto made = load_or_make_cursor_key(path());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 32u);
  EXPECT_EQ(*load_or_make_cursor_key(path()), *made);
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_), {}), 1);
  EXPECT_FALSE(load_or_make_cursor_key((dir_ / "no" / "dir").string()));
}

}  // namespace
}  // namespace satindex::http
