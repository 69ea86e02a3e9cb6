#include "emulator/roles/host.h"

#include "base/json_fields.h"
#include "emulator/load/load.h"
#include "emulator/roles/agent.h"

namespace cats::roles {
namespace {

nlohmann::ordered_json counts_json(const load::LoadCounts& counts) {
  return {{"offered", counts.offered}, {"sent", counts.sent}, {"answered", counts.answered}};
}

nlohmann::ordered_json status_json(const load::LoadStatus& status) {
  nlohmann::ordered_json json = {{"running", status.running}, {"trial", status.trial}};
  json.update(counts_json(status.counts));
  json["open_sessions"] = status.open_sessions;
  json["latency_ms"] = nullptr;
  if (const Histogram& h = status.latency; h.count() > 0)
    json["latency_ms"] = {{"p50", to_ms(h.percentile(0.5))},
                          {"p90", to_ms(h.percentile(0.9))},
                          {"p99", to_ms(h.percentile(0.99))},
                          {"max", to_ms(h.max())}};
  return json;
}

}  // namespace

Expected<HostConfig> parse_host(const nlohmann::json& json) {
  JsonFields fields(json, "host");
  HostConfig config;
  config.node = fields.get<std::string>("node");
  config.events = fields.get<std::string>("events");
  config.control = fields.get<std::string>("control");
  config.samples = fields.get<std::string>("samples");
  config.address = fields.maybe<IpAddress>("address");
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

int run_host(const HostConfig& config) {
  Agent agent(config.node, "host", config.events, config.control);
  load::Generator generator(agent.io(), {config.node, config.address, config.samples});
  agent.control().on("load", [&](const nlohmann::json& request, control::Reply reply) {
    const auto description = load::parse_load(request);
    if (!description) return reply.fail(description.error().message);
    if (const auto started = generator.start(*description); !started) return reply.fail(started.error().message);
    agent.events().write("load_accepted", to_json(*description));
    reply.ok();
  });
  agent.control().on("load_end", [&](const nlohmann::json&, control::Reply reply) {
    generator.end([reply](const load::LoadCounts& counts) { reply.ok(counts_json(counts)); });
  });
  agent.on_status([&] { return status_json(generator.status()); });
  agent.on_stop([&](std::function<void()> done) {
    generator.end([done = std::move(done)](const load::LoadCounts&) { done(); });
  });
  return agent.run();
}

}  // namespace cats::roles
