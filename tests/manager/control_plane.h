// What the control plane's processes need to find each other: certificates and tokens as files, a thread to ask from.
#pragma once

#include <filesystem>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "emulator/roles/rest_config.h"
#include "http/rest_client.h"
#include "http/tls.h"
#include "tests/support/raw_http.h"
#include "tests/support/temporary_directory.h"

namespace cats::roles {

inline const IpAddress kHere = IpAddress::of("::1");

// Of a topology file: r1 between r2 and r3, with a site each.
inline nlohmann::json inventory() {
  return nlohmann::json::parse(R"({
    "routers": [{"node": "r1", "role": "ingress", "router_id": "198.19.128.1", "address": "2001:2:0:ff::1"},
                {"node": "r2", "role": "egress", "router_id": "198.19.128.2", "address": "2001:2:0:ff::2"},
                {"node": "r3", "role": "egress", "router_id": "198.19.128.3", "address": "2001:2:0:ff::3"}],
    "sites": [{"egress": "r2", "edge_servers": ["es1"]}, {"egress": "r3", "edge_servers": ["es2"]}],
    "services": [{"name": "service", "cs_id": "2001:2:0:c5::1"}],
    "instances": [{"csci": "2001:2:0:1001::2", "cs_id": "2001:2:0:c5::1", "node": "es1", "egress": "r2",
                   "sid": "2001:2:0:2001::1"},
                  {"csci": "2001:2:0:1002::2", "cs_id": "2001:2:0:c5::1", "node": "es2", "egress": "r3",
                   "sid": "2001:2:0:2002::2"}],
    "links": [{"a": "r1", "b": "r2", "core": true}, {"a": "r1", "b": "r3", "core": true},
              {"a": "r2", "b": "es1", "core": false}, {"a": "r3", "b": "es2", "core": false}]})");
}

// What the agent of r1 says of its IGP: links to the routers with these last octets of their ids.
inline nlohmann::json link_state(const std::vector<int>& neighbors) {
  const auto id = [](int last) { return "198.19.128." + std::to_string(last); };
  nlohmann::json routers = nlohmann::json::array();
  routers.push_back({{"router_id", id(1)}, {"neighbors", nlohmann::json::array()}});
  for (const int neighbor : neighbors) {
    routers[0]["neighbors"].push_back(id(neighbor));
    routers.push_back({{"router_id", id(neighbor)}, {"neighbors", {id(1)}}});
  }
  return {{"protocol", "ospfv3"}, {"routers", routers}};
}

class ControlPlane : public testing::Test {
 protected:
  ControlPlane() {
    const http::Identity identity = authority_.issue("here", {kHere});
    write_file(directory_ / "certificate.pem", identity.certificate);
    write_file(directory_ / "key.pem", identity.key);
    write_file(directory_ / "authority.pem", authority_.certificate());
    nlohmann::json tokens = nlohmann::json::array();
    for (const auto& [name, role] : {std::pair{"es1", "edge-server"}, std::pair{"es2", "edge-server"},
                                     std::pair{"sdn", "controller"}, std::pair{"me", "operator"}}) {
      const std::string token = std::string("secret-of-") + name;
      write_file(directory_ / (std::string(name) + ".token"), token + "\n");
      tokens.push_back({{"token", token}, {"name", name}, {"role", role}});
    }
    write_file(directory_ / "tokens.json", tokens.dump());
    thread_.start();
  }

  nlohmann::json server(std::uint16_t port) const {
    return {{"address", "::1"},
            {"port", port},
            {"certificate", (directory_ / "certificate.pem").string()},
            {"key", (directory_ / "key.pem").string()},
            {"tokens", (directory_ / "tokens.json").string()}};
  }
  nlohmann::json peer(std::uint16_t port, const std::string& name) const {
    return {{"address", "::1"},
            {"port", port},
            {"authority", (directory_ / "authority.pem").string()},
            {"token", (directory_ / (name + ".token")).string()}};
  }
  http::Endpoint endpoint(std::uint16_t port, const std::string& name) const {
    return RestPeerConfig{kHere, port, directory_ / "authority.pem", directory_ / (name + ".token")}.endpoint();
  }
  http::Outcome ask(std::uint16_t port, const std::string& name, const std::string& method, const std::string& target,
                    const std::string& body = "") {
    http::RestClient client(thread_.io().get_executor(), endpoint(port, name));
    return boost::asio::co_spawn(thread_.io(), client.request(method, target, body, std::chrono::seconds(5)),
                                 boost::asio::use_future)
        .get();
  }
  // On the thread of the io_context.
  template <class What>
  void there(What what) {
    boost::asio::post(thread_.io(), boost::asio::use_future(std::move(what))).get();
  }

  support::TemporaryDirectory directory_;
  http::Authority authority_{"a run"};
  support::IoThread thread_;
};

}  // namespace cats::roles
