// Asking an FRR daemon over its VTY socket directly, as vtysh does, without starting a process.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"

namespace cats::frr {

// Runs one command ("show bgp summary json") on the daemon that listens at `socket` (…/bgpd.vty) and returns its
// output. An error names the socket: nobody listens, no answer within the timeout, or the daemon refused the command.
Expected<std::string> ask(const std::filesystem::path& socket, const std::string& command,
                          Duration timeout = std::chrono::seconds(2));

// The same for commands that answer in JSON.
Expected<nlohmann::json> ask_json(const std::filesystem::path& socket, const std::string& command,
                                  Duration timeout = std::chrono::seconds(2));

// True when something accepts connections at a unix socket.
bool accepts(const std::filesystem::path& socket);

}  // namespace cats::frr
