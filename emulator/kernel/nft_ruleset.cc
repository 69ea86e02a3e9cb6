#include <string>
#include <vector>

#include <fmt/format.h>

#include "emulator/kernel/flow_table.h"

namespace cats::kernel {
namespace {

std::string matches(const IpAddress& cs_id) { return fmt::format("{} daddr {}", cs_id.is_v6() ? "ip6" : "ip", cs_id); }

// A slot without an element ends its rule, so the mark stays 0. The first statement is also the guard against marks
// that a packet brings along.
std::string service_chain(std::size_t service, const FlowTableOptions& options) {
  const std::string next_slot = fmt::format("numgen inc mod {} map @slots{}", options.slots, service);
  if (!options.conntrack) {
    return fmt::format("    meta mark set 0\n    meta mark set {}\n", next_slot);
  }
  return fmt::format(
      "    meta mark set ct mark\n"
      "    ct mark != 0 accept\n"
      "    ct state new meta mark set {}\n"
      "    ct mark set meta mark\n"
      "    ct state new update @flows{} {{ meta mark counter }}\n",
      next_slot, service);
}

}  // namespace

std::string nft_ruleset(const std::vector<IpAddress>& cs_ids, const FlowTableOptions& options) {
  std::string text = "add table inet cats\ndelete table inet cats\ntable inet cats {\n";
  std::string prerouting;
  std::string output;
  for (std::size_t service = 0; service < cs_ids.size(); ++service) {
    text += fmt::format("  map slots{} {{\n    typeof numgen inc mod {} : meta mark\n    size {}\n  }}\n", service,
                        options.slots, options.slots);
    // New flows by mark: an element appears with the first.
    if (options.conntrack)
      text += fmt::format("  set flows{} {{\n    typeof meta mark\n    size 256\n    flags dynamic\n  }}\n", service);
    text += fmt::format("  chain service{} {{\n{}  }}\n", service, service_chain(service, options));
    prerouting += fmt::format("    {} goto service{}\n", matches(cs_ids[service]), service);
    output += fmt::format("    {} ct mark != 0 meta mark set ct mark\n", matches(cs_ids[service]));
  }
  text +=
      "  chain prerouting {\n    type filter hook prerouting priority mangle; policy accept;\n" + prerouting + "  }\n";
  if (options.conntrack) {
    // What the ingress itself sends towards a CS-ID about a flow ("packet too big") belongs to that flow's instance.
    text += "  chain output {\n    type route hook output priority mangle; policy accept;\n" + output + "  }\n";
  }
  return text + "}\n";
}

}  // namespace cats::kernel
