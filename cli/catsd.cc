// catsd: the agent of one node. `catsd ROLE --config FILE`, started by catsbench inside the node's namespace.
#include <functional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cpsel/plugin/plugin.h"
#include "emulator/roles/controller.h"
#include "emulator/roles/edge_server.h"
#include "emulator/roles/host.h"
#include "emulator/roles/ingress.h"
#include "emulator/roles/manager.h"
#include "emulator/roles/rest_load.h"
#include "emulator/roles/tap.h"

namespace {

using namespace cats;

template <class Config>
Config or_throw(Expected<Config> config, const std::string& file) {
  if (!config) throw UsageError(fmt::format("{}: {}", file, config.error().message));
  return *std::move(config);
}

nlohmann::json parse(const std::string& file) {
  auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  if (json.is_discarded()) throw UsageError(file + ": not JSON");
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The agent of one node in a catsbench network."};
  std::string file;
  int status = 0;
  const auto add = [&](const char* role, const char* help, std::function<int(const nlohmann::json&)> run) {
    CLI::App* sub = app.add_subcommand(role, help);
    sub->add_option("--config", file, "its configuration, JSON")->required();
    sub->callback([&status, &file, run = std::move(run)] { status = run(parse(file)); });
  };
  add("edge-server", "the service of a site, its metric agent and its BGP publisher",
      [&](const auto& json) { return roles::run_edge_server(or_throw(roles::parse_edge_server(json), file)); });
  add("ingress", "the BGP listener, path selector and flow table of an ingress",
      [&](const auto& json) { return roles::run_ingress(or_throw(roles::IngressConfig::from_json(json), file)); });
  add("host", "a load generator",
      [&](const auto& json) { return roles::run_host(or_throw(roles::parse_host(json), file)); });
  add("manager", "the edge server manager: metrics of all sites, offered to a controller",
      [&](const auto& json) { return roles::run_manager(or_throw(roles::parse_manager(json), file)); });
  add("controller", "the SDN controller: path selector of the centralized mode",
      [&](const auto& json) { return roles::run_controller(or_throw(roles::parse_controller(json), file)); });
  add("rest-load", "the test emulator's port at the controller's REST interface",
      [&](const auto& json) { return roles::run_rest_load(or_throw(roles::parse_rest_load(json), file)); });
  add("tap", "the BMP receiver beside every router",
      [&](const auto& json) { return roles::run_tap(or_throw(roles::parse_tap(json), file)); });
  CLI::App* plugin = app.add_subcommand("plugin", "an algorithm of the user's, for the path selector that starts it");
  plugin->add_option("LIBRARY", file, "the shared library")->required();
  plugin->callback([&] { status = cats::plugin::run_plugin(file); });
  app.require_subcommand(1);
  try {
    app.parse(argc, argv);
    return status;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "catsd: {}\n", error.what());
    return 2;
  }
}
