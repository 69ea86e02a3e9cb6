#include "emulator/roles/rest_config.h"

#include "base/error.h"
#include "base/file.h"

namespace cats::roles {
namespace {

std::string line_of(const std::filesystem::path& file) {
  std::string text = read_file(file);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

http::TlsContext RestServerConfig::tls() const {
  return http::server_context({read_file(certificate), read_file(key)});
}

http::Tokens RestServerConfig::read_tokens() const {
  const auto json = nlohmann::json::parse(read_file(tokens), nullptr, false);
  if (!json.is_array()) throw UsageError(fmt::format("{}: an array of tokens is expected", tokens.string()));
  http::Tokens read;
  for (const nlohmann::json& element : json) {
    JsonFields fields(element, "token");
    const auto token = fields.get<std::string>("token");
    read.add(token, {fields.get<std::string>("name"), fields.get<std::string>("role")});
    if (const auto wrong = fields.finish()) throw UsageError(fmt::format("{}: {}", tokens.string(), *wrong));
  }
  return read;
}

http::Endpoint RestPeerConfig::endpoint() const {
  return {.address = address, .port = port, .tls = http::client_context(read_file(authority)), .token = line_of(token)};
}

http::Refused log_refused(EventLog& log) {
  return [&log](const std::string& principal, unsigned status, const std::string& why) {
    log.write("refused", {{"principal", principal}, {"status", status}, {"why", why}});
  };
}

std::function<void(const IpAddress& peer, unsigned status, const std::string& why)> log_refusals(EventLog& log) {
  return [refused = log_refused(log)](const IpAddress& peer, unsigned status, const std::string& why) {
    refused("", status, fmt::format("{}, from {}", why, peer));
  };
}

RestServerConfig read_rest_server(JsonFields& fields) {
  return {.address = fields.get<IpAddress>("address"),
          .port = fields.get<std::uint16_t>("port"),
          .certificate = fields.get<std::string>("certificate"),
          .key = fields.get<std::string>("key"),
          .tokens = fields.get<std::string>("tokens")};
}

RestPeerConfig read_rest_peer(JsonFields& fields) {
  return {.address = fields.get<IpAddress>("address"),
          .port = fields.get<std::uint16_t>("port"),
          .authority = fields.get<std::string>("authority"),
          .token = fields.get<std::string>("token")};
}

nlohmann::ordered_json to_json(const RestServerConfig& config) {
  return {{"address", config.address.str()},
          {"port", config.port},
          {"certificate", config.certificate.string()},
          {"key", config.key.string()},
          {"tokens", config.tokens.string()}};
}

nlohmann::ordered_json to_json(const RestPeerConfig& config) {
  return {{"address", config.address.str()},
          {"port", config.port},
          {"authority", config.authority.string()},
          {"token", config.token.string()}};
}

}  // namespace cats::roles
