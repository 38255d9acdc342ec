// What a running index does when it is asked through its administration socket.
#include "app/admin_socket.h"
#include "app/node.h"
#include "app/values.h"
#include "indexer/ingest/dead_letter_log.h"

namespace satindex::app {

using schemas::Result;

namespace {

// Without an answer of the brokers: a stop and other requests wait meanwhile.
constexpr std::chrono::seconds kListPatience{10};

std::string describe(const ingest::DeadLetter& letter) {
  return letter.topic + "\t" + std::to_string(letter.partition) + "\t" +
         std::to_string(letter.offset) + "\t" + letter.reason + "\t" + letter.time + "\t" +
         letter.key.value_or("-");
}

Result<void> list(Node& node, const AdminLine& line) {
  auto listed = ingest::list_dead_letters(node.ingest_settings(), kListPatience,
                                          [&](const ingest::DeadLetter& l) {
                                            line(describe(l));
                                            return true;
                                          });
  if (!listed) return listed.error();
  return {};
}

Result<void> replay_all(Node& node, const AdminLine& line) {
  std::vector<ingest::DeadLetter> letters;
  auto listed = ingest::list_dead_letters(node.ingest_settings(), kListPatience,
                                          [&](const ingest::DeadLetter& l) {
                                            letters.push_back(l);
                                            return true;
                                          });
  if (!listed) return listed.error();
  for (const ingest::DeadLetter& letter : letters) {
    auto outcome = node.replay(letter.topic, letter.partition, letter.offset);
    const std::string text = !outcome           ? outcome.error().message
                             : outcome->empty() ? std::string("indexed")
                                                : "unreadable: " + *outcome;
    line(letter.topic + "\t" + std::to_string(letter.partition) + "\t" +
         std::to_string(letter.offset) + "\t" + text);
  }
  return {};
}

Result<void> replay_one(Node& node, const std::vector<std::string>& words, const AdminLine& line) {
  const auto partition = parse_count(words[2]);
  const auto offset = parse_count(words[3]);
  if (!partition || !offset || *partition > INT32_MAX || *offset > INT64_MAX) {
    return schemas::invalid("a record is named by topic, partition and offset");
  }
  auto outcome =
      node.replay(words[1], static_cast<int32_t>(*partition), static_cast<int64_t>(*offset));
  if (!outcome) return outcome.error();
  line(outcome->empty() ? "indexed" : "unreadable: " + *outcome);
  return {};
}

}  // namespace

Result<void> admin_command(Node& node, const std::vector<std::string>& words,
                           const AdminLine& line) {
  if (words.size() == 2 && words[0] == "checkpoint") return node.checkpoint_to(words[1]);
  if (words.size() == 1 && words[0] == "dead-letters") return list(node, line);
  if (words.size() == 1 && words[0] == "replay") return replay_all(node, line);
  if (words.size() == 4 && words[0] == "replay") return replay_one(node, words, line);
  return schemas::invalid("not a request of this release");
}

}  // namespace satindex::app
