#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "emulator/kernel/netlink_state.h"

namespace cats::kernel {
namespace {

constexpr std::uint32_t kWholeMark = 0xffffffff;

Message rule_message(int type, int flags, const Rule& rule) {
  fib_rule_hdr header{};
  header.family = rule.v6 ? AF_INET6 : AF_INET;
  header.table = RT_TABLE_UNSPEC;
  header.action = FR_ACT_TO_TBL;
  Message message(type, flags);
  message.header(header).put_u32(FRA_PRIORITY, rule.priority).put_u32(FRA_TABLE, rule.table);
  if (rule.fwmark) {
    message.put_u32(FRA_FWMARK, *rule.fwmark).put_u32(FRA_FWMASK, rule.fwmask.value_or(kWholeMark));
  }
  if (!rule.iif.empty()) {
    message.put(FRA_IIFNAME, std::string_view(rule.iif));
  }
  return message;
}

}  // namespace

std::string describe(const Rule& rule) {
  std::string text = fmt::format("priority {}", rule.priority);
  if (rule.fwmark) {
    text += fmt::format(" fwmark {}", *rule.fwmark);
    text += rule.fwmask ? fmt::format("/{:#x}", *rule.fwmask) : "";
  }
  text += rule.iif.empty() ? "" : fmt::format(" iif {}", rule.iif);
  return text + fmt::format(" lookup {}", rule.table);
}

void Netlink::add_rule(const Rule& rule) {
  state_->change(rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule),
                 fmt::format("ip {} rule add {}", rule.v6 ? "-6" : "-4", describe(rule)));
}

void Netlink::delete_rule(const Rule& rule) {
  state_->change(rule_message(RTM_DELRULE, 0, rule),
                 fmt::format("ip {} rule delete {}", rule.v6 ? "-6" : "-4", describe(rule)));
}

std::vector<Rule> Netlink::rules(bool v6) {
  state_->settle();
  fib_rule_hdr header{};
  header.family = v6 ? AF_INET6 : AF_INET;
  std::vector<Rule> rules;
  state_->socket.dump(request_with(RTM_GETRULE, header), "ip rule show", [&](const nlmsghdr& message) {
    const auto found = header_of<fib_rule_hdr>(message);
    const Attributes attributes(message, sizeof found, FRA_MAX);
    Rule rule;
    rule.v6 = v6;
    rule.priority = attributes.u32(FRA_PRIORITY);
    rule.table = attributes.u32(FRA_TABLE, found.table);
    if (attributes[FRA_FWMARK] != nullptr) {
      rule.fwmark = attributes.u32(FRA_FWMARK);
      const std::uint32_t mask = attributes.u32(FRA_FWMASK, kWholeMark);
      rule.fwmask = mask == kWholeMark ? std::nullopt : std::optional(mask);
    }
    rule.iif = attributes.text(FRA_IIFNAME);
    rules.push_back(std::move(rule));
  });
  return rules;
}

}  // namespace cats::kernel
