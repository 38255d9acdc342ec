// TLS with and without client certificates, against the openssl of the machine as the client.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "query/http/server.h"

namespace satindex::http {
namespace {

class Tls : public testing::Test {
 protected:
  Tls() {
    std::filesystem::create_directories(dir_);
    make("server", "/CN=localhost");
    make("client", "/CN=client");
  }
  ~Tls() override { std::filesystem::remove_all(dir_); }
  std::string file(const std::string& name) const { return (dir_ / name).string(); }
  static std::string run(const std::string& command) {
    std::string out;
    std::array<char, 4096> chunk{};
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    while (const size_t got = ::fread(chunk.data(), 1, chunk.size(), pipe))
      out.append(chunk.data(), got);
    ::pclose(pipe);
    return out;
  }
  void make(const std::string& name, const std::string& subject) const {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj " +
        subject + " -keyout " + file(name + ".key") + " -out " + file(name + ".crt"));
  }
  void start(const std::string& client_ca) {
    ServerSettings settings;
    settings.tls = TlsSettings{file("server.crt"), file("server.key"), client_ca};
    auto server = Server::start(
        settings,
        [](const Request& request, Response* response) {
          response->content_type = "text/plain";
          response->body = std::string(100'000, 'y') + "end-of-body";
          if (request.target != "/stream") return;
          response->more = [n = 0](std::string* out) mutable -> schemas::Result<bool> {
            out->append(n % 2 == 0 ? "part" + std::to_string(n) : "");
            return ++n < 10;
          };
        },
        nullptr);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  std::string get(const std::string& more, const std::string& target = "/") const {
    return run("printf 'GET " + target +
               " HTTP/1.1\\r\\nHost: t\\r\\nConnection: close\\r\\n\\r\\n' | timeout 10 "
               "openssl s_client -quiet -ign_eof "
               "-connect 127.0.0.1:" +
               std::to_string(server_->port()) + " " + more);
  }
  const std::filesystem::path dir_ =
      std::filesystem::path(testing::TempDir()) / ("tls_" + std::to_string(::getpid()));
  std::unique_ptr<Server> server_;
};

TEST_F(Tls, Serves) {
  start("");
  const std::string reply = get("-alpn http/1.1");
  EXPECT_NE(reply.find("HTTP/1.1 200 OK"), std::string::npos) << reply.substr(0, 500);
  EXPECT_NE(reply.find("end-of-body"), std::string::npos);
  const std::string stream = get("", "/stream");
  EXPECT_NE(stream.find("5\r\npart8\r\n0\r\n\r\n"), std::string::npos)
      << stream.substr(stream.size() - 200);
  EXPECT_EQ(get("-tls1_1").find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(Tls, WantsTheClientsCertificateWhenToldTo) {
  start(file("client.crt"));
  EXPECT_EQ(get("").find("HTTP/1.1 200"), std::string::npos);
  EXPECT_EQ(get("-cert " + file("server.crt") + " -key " + file("server.key")).find("HTTP/1.1 200"),
            std::string::npos);
  EXPECT_NE(get("-cert " + file("client.crt") + " -key " + file("client.key")).find("end-of-body"),
            std::string::npos);
}

TEST_F(Tls, BadFilesAreNamedByTheirSetting) {
  const RequestHandler handler = [](const Request&, Response*) {};
  std::ofstream(file("bad")) << "not pem";
  const std::pair<TlsSettings, const char*> table[] = {
      {{file("none"), file("server.key"), ""}, "tls-cert"},
      {{file("bad"), file("server.key"), ""}, "tls-cert"},
      {{file("server.crt"), file("bad"), ""}, "tls-key"},
      {{file("server.crt"), file("client.key"), ""}, "tls-key"},
      {{file("server.crt"), file("server.key"), file("bad")}, "tls-client-ca"},
  };
  for (const auto& [tls, name] : table) {
    ServerSettings settings;
    settings.tls = tls;
    const auto server = Server::start(settings, handler, nullptr);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, schemas::StatusCode::kConfig);
    EXPECT_EQ(server.error().message.find(name), 0u) << server.error().message;
  }
}

TEST_F(Tls, AClientThatDoesNotShakeHandsIsCutOff) {
  ServerSettings settings;
  settings.tls = TlsSettings{file("server.crt"), file("server.key"), ""};
  settings.handshake_timeout = std::chrono::milliseconds(200);
  auto server = Server::start(
      settings, [](const Request&, Response*) {}, nullptr);
  ASSERT_TRUE(server);
  const std::string reply = run("timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/" +
                                std::to_string((*server)->port()) + "; cat <&3; echo closed'");
  EXPECT_EQ(reply, "closed\n");
}

}  // namespace
}  // namespace satindex::http
