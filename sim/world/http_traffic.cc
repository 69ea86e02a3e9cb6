#include "sim/world/http_traffic.h"

#include <string_view>

#include <fmt/format.h>

namespace cats::sim {
namespace {

// As the service and the load generator of the emulator have them.
constexpr std::string_view kRequest = "GET /work?us={} HTTP/1.1\r\nHost: {}\r\n\r\n";
constexpr std::string_view kReplyBody = R"({{"instance":"{}","queue_ns":{},"service_ns":{}}})";
constexpr std::string_view kReplyHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n";
constexpr std::string_view kRefusal =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: 95\r\n\r\n"
    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"the queue is full\"}\n";

}  // namespace

std::size_t request_octets(const IpAddress& service, Duration work) {
  const std::size_t brackets = service.is_v6() ? 2 : 0;
  return brackets + fmt::formatted_size(kRequest, work / std::chrono::microseconds(1), service.str());
}

std::size_t reply_octets(const std::string& instance, const SiteReply& reply) {
  if (reply.status != 200) return kRefusal.size();
  const std::size_t body = fmt::formatted_size(kReplyBody, instance, reply.queued.count(), reply.served.count());
  return body + fmt::formatted_size(kReplyHead, body);
}

void HttpTraffic::opened() { packets_in_ += 2; }

void HttpTraffic::asked(const IpAddress& service, Duration work) {
  ++packets_in_;
  bytes_in_ += request_octets(service, work);
}

void HttpTraffic::replied(const SiteReply& reply) {
  ++packets_in_;
  ++packets_out_;
  bytes_out_ += reply_octets(instance_, reply);
}

void HttpTraffic::closed() {
  ++packets_in_;
  ++packets_out_;
  ++bytes_in_;
}

void HttpTraffic::read(collectors::ServiceReading& reading) const {
  reading.packets_in = packets_in_;
  reading.packets_out = packets_out_;
  reading.bytes_in = bytes_in_;
  reading.bytes_out = bytes_out_;
}

}  // namespace cats::sim
