#include "emulator/roles/host.h"

#include "base/json_fields.h"
#include "emulator/load/generator.h"
#include "emulator/roles/agent.h"

namespace cats::roles {

Expected<HostConfig> parse_host(const nlohmann::json& json) {
  JsonFields fields(json, "host");
  HostConfig config;
  read_agent(fields, config);
  config.samples = fields.get<std::string>("samples");
  config.address = fields.maybe<IpAddress>("address");
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

int run_host(const HostConfig& config) {
  Agent agent(config, "host");
  load::Generator generator(agent.io(), {config.node, config.address, config.samples});
  agent.control().on("load", [&](const nlohmann::json& request, control::Reply reply) {
    const auto description = load::parse_load(request);
    if (!description) return reply.fail(description.error().message);
    if (const auto started = generator.start(*description); !started) return reply.fail(started.error().message);
    agent.events().write("load_accepted", to_json(*description));
    reply.ok();
  });
  agent.control().on("load_end", [&](const nlohmann::json&, control::Reply reply) {
    generator.end([reply](const load::LoadCounts& counts) { reply.ok(load::to_json(counts)); });
  });
  agent.on_status([&] { return load::to_json(generator.status()); });
  agent.on_stop([&](std::function<void()> done) {
    generator.end([done = std::move(done)](const load::LoadCounts&) { done(); });
  });
  return agent.run();
}

}  // namespace cats::roles
