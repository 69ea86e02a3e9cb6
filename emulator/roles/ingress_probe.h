// Asks who answers behind an instance's tunnel: a request to the CS-ID that carries the instance's mark.
#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"

namespace cats::roles {

// `GET /whoami` over TCP with SO_MARK; the reply's JSON names the instance. Errors name the step that failed.
void probe_instance(boost::asio::io_context& io, const IpAddress& cs_id, std::uint16_t port, std::uint32_t mark,
                    Duration timeout, std::function<void(Expected<std::string> instance)> done);

// The "instance" of a whole HTTP response with a JSON body.
Expected<std::string> instance_in_response(const std::string& response);

}  // namespace cats::roles
