#include <arpa/inet.h>
#include <cstdio>
#include <functional>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/flow_table.h"
#include "emulator/kernel/process.h"
#include "emulator/kernel/socket.h"

namespace cats::kernel {
namespace {

constexpr std::uint8_t kFamilyInet = 1;  // NFPROTO_INET
constexpr std::size_t kMostSlots = 1024;
constexpr std::size_t kElementSize = 40;  // attributes of one map element, generously
constexpr std::string_view kTable = "cats";

int nft_type(int message) { return (NFNL_SUBSYS_NFTABLES << 8) | message; }

Message nft_message(int message, int flags, std::size_t capacity = 1024) {
  Message result(nft_type(message), flags, capacity);
  result.header(nfgenmsg{kFamilyInet, NFNETLINK_V0, 0});
  return result;
}

Message batch_frame(int message) {
  Message result(message, 0, 64);
  result.header(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)});
  return result;
}

// Registers hold a slot number and a mark as the kernel's own 32-bit integers.
void put_value(Message& message, int attribute, std::uint32_t value) {
  message.nest(attribute, [&] { message.put(NFTA_DATA_VALUE, std::as_bytes(std::span(&value, 1))); });
}

std::uint32_t parse_value(const Attributes& element, int attribute) {
  const nlattr* const data = element[attribute];
  return data == nullptr ? 0 : Attributes(*data, NFTA_DATA_MAX).u32(NFTA_DATA_VALUE);
}

// The packets of an element's counter, 0 when it has none.
std::uint64_t parse_counter(const Attributes& element) {
  const nlattr* const expression = element[NFTA_SET_ELEM_EXPR];
  if (expression == nullptr) {
    return 0;
  }
  const nlattr* const counter = Attributes(*expression, NFTA_EXPR_MAX)[NFTA_EXPR_DATA];
  if (counter == nullptr) {
    return 0;
  }
  std::uint64_t packets = 0;
  const auto bytes = Attributes(*counter, NFTA_COUNTER_MAX).bytes(NFTA_COUNTER_PACKETS);
  for (const std::byte octet : bytes) {
    packets = packets << 8 | static_cast<std::uint64_t>(octet);
  }
  return packets;
}

class NftFlowTable final : public FlowTable {
 public:
  NftFlowTable(const Namespace& ns, const std::vector<IpAddress>& cs_ids, const FlowTableOptions& options)
      : socket_(ns, NETLINK_NETFILTER),
        slots_(options.slots),
        conntrack_(options.conntrack),
        installed_(cs_ids.size(), std::vector<std::uint32_t>(options.slots, 0)) {
    const Output nft = run_program({"nft", "-f", "-"}, nft_ruleset(cs_ids, options), &ns);
    if (!nft.status.success()) {
      throw UsageError(fmt::format("nft in ns {}: {}: {}", ns.name(), nft.status.str(), nft.err));
    }
  }

  ~NftFlowTable() override {
    try {
      Message message = nft_message(NFT_MSG_DELTABLE, 0);
      message.put(NFTA_TABLE_NAME, kTable);
      commit([&] { socket_.queue(std::move(message), "nft delete table inet cats"); });
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
  }

  void set_slots(std::size_t service, const std::vector<std::uint32_t>& marks) override {
    std::vector<std::uint32_t>& installed = installed_.at(service);
    if (marks.size() != slots_) {
      throw std::invalid_argument(fmt::format("{} marks for {} slots", marks.size(), slots_));
    }
    std::vector<std::size_t> leaving;
    std::vector<std::size_t> arriving;
    for (std::size_t slot = 0; slot < slots_; ++slot) {
      if (installed[slot] != marks[slot]) {
        if (installed[slot] != 0) {
          leaving.push_back(slot);
        }
        if (marks[slot] != 0) {
          arriving.push_back(slot);
        }
      }
    }
    if (leaving.empty() && arriving.empty()) {
      return;
    }
    commit([&] {
      queue_elements(service, NFT_MSG_DELSETELEM, 0, leaving, nullptr);
      queue_elements(service, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, arriving, &marks);
    });
    installed = marks;
  }

  std::vector<std::uint32_t> slots(std::size_t service) override {
    std::vector<std::uint32_t> marks(slots_, 0);
    dump_elements(map_name(service), [&](const Attributes& element) {
      const std::uint32_t slot = parse_value(element, NFTA_SET_ELEM_KEY);
      if (slot < marks.size()) {
        marks[slot] = parse_value(element, NFTA_SET_ELEM_DATA);
      }
    });
    return marks;
  }

  std::map<std::uint32_t, std::uint64_t> flows(std::size_t service) override {
    std::map<std::uint32_t, std::uint64_t> counts;
    if (!conntrack_) {
      return counts;
    }
    dump_elements(fmt::format("flows{}", service), [&](const Attributes& element) {
      counts[parse_value(element, NFTA_SET_ELEM_KEY)] = parse_counter(element);
    });
    return counts;
  }

  std::size_t slot_count() const override { return slots_; }

 private:
  // Of a set or map of the table.
  void dump_elements(const std::string& set, const std::function<void(const Attributes&)>& each) {
    Message message = nft_message(NFT_MSG_GETSETELEM, 0);
    message.put(NFTA_SET_ELEM_LIST_TABLE, kTable).put(NFTA_SET_ELEM_LIST_SET, std::string_view(set));
    socket_.dump(std::move(message), "nft list elements of inet cats " + set, [&](const nlmsghdr& answer) {
      const Attributes list(answer, sizeof(nfgenmsg), NFTA_SET_ELEM_LIST_MAX);
      const nlattr* const elements = list[NFTA_SET_ELEM_LIST_ELEMENTS];
      if (elements == nullptr) {
        return;
      }
      int left = nla_len(elements);
      for (auto* at = static_cast<nlattr*>(nla_data(elements)); nla_ok(at, left) != 0; at = nla_next(at, &left)) {
        each(Attributes(*at, NFTA_SET_ELEM_MAX));
      }
    });
  }

  static std::string map_name(std::size_t service) { return fmt::format("slots{}", service); }

  // What `changes` queues becomes visible to packets all at once, or not at all.
  template <class Changes>
  void commit(Changes&& changes) {
    socket_.queue(batch_frame(NFNL_MSG_BATCH_BEGIN), "nft", false);
    changes();
    socket_.queue(batch_frame(NFNL_MSG_BATCH_END), "nft", false);
    socket_.flush();
  }

  void queue_elements(std::size_t service, int type, int flags, const std::vector<std::size_t>& slots,
                      const std::vector<std::uint32_t>* marks) {
    if (slots.empty()) {
      return;
    }
    Message message = nft_message(type, flags, 256 + kElementSize * slots.size());
    message.put(NFTA_SET_ELEM_LIST_TABLE, kTable).put(NFTA_SET_ELEM_LIST_SET, std::string_view(map_name(service)));
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
      for (const std::size_t slot : slots) {
        message.nest(NFTA_LIST_ELEM, [&] {
          put_value(message, NFTA_SET_ELEM_KEY, static_cast<std::uint32_t>(slot));
          if (marks != nullptr) {
            put_value(message, NFTA_SET_ELEM_DATA, (*marks)[slot]);
          }
        });
      }
    });
    socket_.queue(std::move(message),
                  fmt::format("nft {} {} slots of map inet cats {}", marks == nullptr ? "delete" : "add", slots.size(),
                              map_name(service)));
  }

  NetlinkSocket socket_;
  std::size_t slots_;
  bool conntrack_;
  std::vector<std::vector<std::uint32_t>> installed_;
};

}  // namespace

std::unique_ptr<FlowTable> make_nft_flow_table(const Namespace& ns, const std::vector<IpAddress>& cs_ids,
                                               const FlowTableOptions& options) {
  if (options.slots == 0 || options.slots > kMostSlots) {
    throw UsageError(fmt::format("a flow table has 1 to {} slots, not {}", kMostSlots, options.slots));
  }
  return std::make_unique<NftFlowTable>(ns, cs_ids, options);
}

}  // namespace cats::kernel
