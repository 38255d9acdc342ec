// `satindex token`: a token for tests and trials, signed with a key of one's own. Production tokens
// come from an issuer.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "app/cli_values.h"
#include "app/commands.h"
#include "app/durable_file.h"
#include "app/values.h"
#include "query/http/token_minter.h"
#include "schemas/time.h"

namespace satindex::app {
namespace {

using schemas::config_error;
using schemas::Result;

struct TokenFlags {
  std::string key;
  std::string jwks;
  http::Algorithm algorithm = http::Algorithm::kEs256;
  std::vector<std::string> user_ids;
  int64_t ttl_ns = 3'600 * schemas::kNanosPerSecond;
  http::TokenClaims claims;
};

// The key of the file; a new one, written there, when there is no such file.
Result<http::TokenMinter> minter_of(const TokenFlags& flags) {
  std::ifstream in(flags.key, std::ios::binary);
  if (in) {
    std::ostringstream pem;
    pem << in.rdbuf();
    return http::TokenMinter::from_pem(pem.str());
  }
  auto minter = http::TokenMinter::generate(flags.algorithm);
  if (!minter) return minter.error();
  if (auto written = write_private_file(flags.key, minter->private_pem()); !written) {
    return written.error();
  }
  std::fprintf(stderr, "satindex: made a new signing key, %s\n", flags.key.c_str());
  return minter;
}

Result<std::string> mint(TokenFlags flags) {
  if (flags.claims.party_id.empty()) return config_error("--party is empty");
  if (flags.claims.user_role.empty()) return config_error("--role is empty");
  if (flags.ttl_ns < schemas::kNanosPerSecond)
    return config_error("--ttl is less than a second: the token would never be valid");
  for (const std::string& text : flags.user_ids) {
    const auto eui = schemas::Eui64::parse(text);
    if (!eui)
      return config_error("--user-id " + text +
                          " is not an EUI-64 such as 90-B3-D5-1F-30-01-00-00");
    flags.claims.user_ids.push_back({*eui});
  }
  auto minter = minter_of(flags);
  if (!minter) return minter.error();
  if (!flags.jwks.empty()) {
    std::ofstream out(flags.jwks, std::ios::binary | std::ios::trunc);
    out << minter->jwks() << '\n';
    if (!out.flush()) return config_error("--jwks " + flags.jwks + " cannot be written");
  }
  if (flags.claims.sub.empty()) flags.claims.sub = "test@" + flags.claims.party_id;
  flags.claims.issued_s = schemas::system_clock().wall_ns() / schemas::kNanosPerSecond;
  flags.claims.expires_s = flags.claims.issued_s + flags.ttl_ns / schemas::kNanosPerSecond;
  return minter->sign(flags.claims);
}

}  // namespace

void add_token(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand("token", "mint a token for tests and trials");
  auto flags = std::make_shared<TokenFlags>();
  flags->claims.scope = "sat:screen";
  command
      ->add_option("--key", flags->key,
                   "private key (PEM) to sign with; made when there is no such file")
      ->required();
  command->add_option("--jwks", flags->jwks, "write the public key here, for `run --jwks`");
  const auto algorithm = [](std::string_view text) {
    return parse_choice<http::Algorithm>(text, {{"RS256", http::Algorithm::kRs256},
                                                {"ES256", http::Algorithm::kEs256},
                                                {"EdDSA", http::Algorithm::kEdDsa}});
  };
  const auto scope = [](std::string_view text) {
    return parse_choice<std::string>(
        text,
        {{"screen", "sat:screen"}, {"report", "sat:report"}, {"both", "sat:screen sat:report"}});
  };
  add_value(*command, "--algorithm", flags->algorithm, algorithm,
            "of a new key: RS256, ES256 or EdDSA [ES256]");
  command->add_option("--issuer", flags->claims.issuer, "iss")->required();
  command->add_option("--audience", flags->claims.audience, "aud")->required();
  command->add_option("--party", flags->claims.party_id, "SEC Party")->required();
  command
      ->add_option("--role", flags->claims.user_role, "User Role: IS, ES, GS, RSA, ED, GT, OU, ...")
      ->required();
  command->add_option("--user-id", flags->user_ids, "EUI-64 of one of its Users; repeatable")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--sub", flags->claims.sub, "who is asking [test@PARTY]");
  add_value(*command, "--scope", flags->claims.scope, scope, "screen, report or both [screen]");
  add_value(*command, "--ttl", flags->ttl_ns, parse_duration_ns, "valid for this long [1h]");
  command->callback([action, flags] {
    *action = [flags] {
      auto token = mint(*flags);
      if (!token) {
        std::fprintf(stderr, "satindex: %s\n", token.error().message.c_str());
        return token.error().code == schemas::StatusCode::kConfig ? kExitConfig : kExitFailure;
      }
      std::puts(token->c_str());
      return kExitClean;
    };
  });
}

}  // namespace satindex::app
