#include "emulator/roles/edge_server_service.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace cats::roles {
namespace {

TcpTraffic& operator+=(TcpTraffic& a, const TcpTraffic& b) {
  a.packets_in += b.packets_in;
  a.packets_out += b.packets_out;
  a.bytes_in += b.bytes_in;
  a.bytes_out += b.bytes_out;
  return a;
}

}  // namespace

Service::Service(boost::asio::io_context& io, std::string instance, WorkPool& pool, ConnectionLog& connections,
                 const std::vector<IpAddress>& addresses, std::uint16_t port)
    : instance_(std::move(instance)),
      pool_(pool),
      log_(connections),
      server_(
          io, [this](const http::Request& request, const http::Reply& reply) { handle(request, reply); },
          http::ServerConfig{
              .max_header = 4096,
              .max_body = 4096,
              .on_accepted = [this](int socket, const IpAddress& source,
                                    std::uint16_t source_port) { log_.accepted(socket, source, source_port); },
              .on_closing =
                  [this](int socket) {
                    closed_ += tcp_traffic(socket);
                    log_.closed(socket);
                  }}),
      port_(port) {
  for (const IpAddress& address : addresses) port_ = server_.listen(address, port_);
}

void Service::handle(const http::Request& request, const http::Reply& reply) {
  if (request.method != "GET") return reply(http::problem(405, request.method + " is not allowed, only GET"));
  if (request.path == "/work") return work(request, reply);
  if (request.path == "/whoami") return reply({200, nlohmann::json{{"instance", instance_}}.dump()});
  reply(http::problem(404, "no " + request.path + " here, only /work and /whoami"));
}

void Service::work(const http::Request& request, const http::Reply& reply) {
  const auto us = request.query.find("us");
  if (us == request.query.end() || request.query.size() != 1)
    return reply(http::problem(400, "/work takes one parameter: us, the CPU time in microseconds"));
  std::uint64_t value = 0;
  const char* const last = us->second.data() + us->second.size();
  const auto [end, error] = std::from_chars(us->second.data(), last, value);
  if (error != std::errc() || end != last || value > kMaxWorkUs)
    return reply(http::problem(
        400, "us: \"" + us->second.substr(0, 40) + "\" is not a whole number of 0 to " + std::to_string(kMaxWorkUs)));

  const auto done = [reply, instance = instance_](const WorkDone& work) {
    reply({200, fmt::format(R"({{"instance":"{}","queue_ns":{},"service_ns":{}}})", instance, work.queued.count(),
                            work.service.count())});
  };
  if (!pool_.submit(request.received, std::chrono::microseconds(value), done))
    reply(http::problem(503, "the queue is full"));
}

collectors::ServiceReading Service::read(Instant now) {
  TcpTraffic traffic = closed_;
  server_.for_each_connection([&](int socket) { traffic += tcp_traffic(socket); });
  collectors::ServiceReading reading = pool_.read(now);
  reading.packets_in = traffic.packets_in;
  reading.packets_out = traffic.packets_out;
  reading.bytes_in = traffic.bytes_in;
  reading.bytes_out = traffic.bytes_out;
  return reading;
}

}  // namespace cats::roles
