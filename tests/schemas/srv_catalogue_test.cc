#include "schemas/srv_catalogue.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace satindex::schemas {
namespace {

std::vector<std::string> columns(const std::string& line) {
  std::vector<std::string> parts(1);
  for (const char c : line) {
    if (c == '\t') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

TEST(SrvCatalogue, IsTheFileLineByLine) {
  std::ifstream file(SATINDEX_CATALOGUE_TSV);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  size_t i = 0;
  for (; std::getline(file, line); ++i) {
    ASSERT_LT(i, srv_catalogue().size());
    const auto wanted = columns(line);
    ASSERT_EQ(wanted.size(), 6u) << line;
    const SrvEntry& entry = srv_catalogue()[i];
    EXPECT_EQ(entry.srv, wanted[0]);
    EXPECT_EQ(entry.title, wanted[1]);
    EXPECT_EQ(entry.critical, wanted[3] == "yes");
    EXPECT_EQ(entry.non_device, wanted[4] == "yes");
    EXPECT_EQ(entry.eligible_roles, wanted[5]);
    EXPECT_EQ(find_srv(wanted[0]), &entry);
  }
  EXPECT_EQ(i, srv_catalogue().size());
}

TEST(SrvCatalogue, HasTheCountsOfDuis54) {
  size_t critical = 0;
  size_t non_device = 0;
  for (const SrvEntry& entry : srv_catalogue()) {
    critical += entry.critical ? 1 : 0;
    non_device += entry.non_device ? 1 : 0;
  }
  EXPECT_EQ(srv_catalogue().size(), 129u);
  EXPECT_EQ(critical, 37u);
  EXPECT_EQ(non_device, 16u);
}

TEST(SrvCatalogue, AnSrvIsTextNotANumber) {
  EXPECT_EQ(find_srv("7.1")->title, "Enable Supply");
  EXPECT_EQ(find_srv("7.10")->title, "Remove Auxiliary Load From Boost Button");
  for (const char* unknown : {"", "4.1", "7.100", "07.1", "7.1 ", "7", "99.9"}) {
    EXPECT_EQ(find_srv(unknown), nullptr) << unknown;
  }
}

}  // namespace
}  // namespace satindex::schemas
