#include "emulator/roles/controller_metrics.h"

#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/plain_json.h"
#include "collectors/metric_report_json.h"

namespace cats::roles {
namespace {

using nlohmann::json;
using Services = std::map<IpAddress, std::size_t>;

// An event in which everything is as the manager writes it, and good. Nothing for any other: read_any() says why.
class PlainEvent {
 public:
  PlainEvent(std::string_view data, const Services& services, const collectors::WallClock& wall)
      : data_(data), services_(services), wall_(wall) {}

  std::optional<std::vector<MetricUpdate>> read() {
    if (!data_.take('{') || data_.key() != "instances" || !data_.take('[')) return std::nullopt;
    if (!data_.take(']')) {
      do
        if (!read_instance()) return std::nullopt;
      while (data_.take(','));
      if (!data_.take(']')) return std::nullopt;
    }
    if (!data_.take('}') || !data_.at_end()) return std::nullopt;
    return std::move(updates_);
  }

 private:
  bool read_instance() {
    std::optional<std::string_view> csci, cs_id;
    std::optional<collectors::MetricReport> report;
    bool no_report = false;
    if (!data_.take('{')) return false;
    do {
      const auto name = data_.key();
      bool good = false;
      if (name == "csci")
        good = !csci && (csci = data_.string());
      else if (name == "cs_id")
        good = !cs_id && (cs_id = data_.string());
      else if (name == "report")
        good = !report && !no_report &&
               ((no_report = data_.take_null()) || (report = collectors::report_from_plain(data_, wall_)));
      else if (name == "node")
        good = data_.string().has_value();
      else if (name == "received_unix_ns")
        good = data_.take_null() || data_.integer<std::int64_t>();
      if (!good) return false;
    } while (data_.take(','));
    if (!data_.take('}')) return false;
    if (!report) return no_report;
    return csci && cs_id && add(*csci, *cs_id, *std::move(report));
  }

  bool add(std::string_view csci, std::string_view cs_id, collectors::MetricReport report) {
    const auto address = IpAddress::parse(csci);
    const auto of = IpAddress::parse(cs_id);
    const auto service = of ? services_.find(*of) : services_.end();
    if (!address || service == services_.end()) return false;
    if (!updates_.empty() && *address <= updates_.back().csci) return false;  // the manager's order: no instance twice
    updates_.push_back({service->second, *address, std::move(report)});
    return true;
  }

  PlainJson data_;
  const Services& services_;
  const collectors::WallClock& wall_;
  std::vector<MetricUpdate> updates_;
};

Expected<IpAddress> address_of(const json& instance, const char* name) {
  const auto member = instance.find(name);
  if (member == instance.end()) return fail("{} is missing", name);
  const auto address = member->is_string() ? IpAddress::parse(member->get_ref<const std::string&>())
                                           : Expected<IpAddress>(tl::make_unexpected(Error{}));
  if (!address) return fail("{} is {}, no IP address", name, member->dump(-1, ' ', true).substr(0, 80));
  return *address;
}

// Nothing when it has not reported yet.
Expected<std::optional<MetricUpdate>> read_update(const json& instance, const Services& services,
                                                  const collectors::WallClock& wall) {
  if (!instance.is_object()) return fail("is no object");
  const auto told = instance.find("report");
  if (told == instance.end()) return fail("report is missing");
  if (told->is_null()) return std::optional<MetricUpdate>();
  const auto csci = address_of(instance, "csci");
  if (!csci) return tl::make_unexpected(csci.error());
  const auto cs_id = address_of(instance, "cs_id");
  if (!cs_id) return tl::make_unexpected(cs_id.error());
  const auto service = services.find(*cs_id);
  if (service == services.end()) return fail("{}: its service {} is not known here", csci->str(), cs_id->str());
  auto report = collectors::report_from_json(*told, wall);
  if (!report) return fail("{}: {}", csci->str(), report.error().message);
  return std::optional(MetricUpdate{service->second, *csci, *std::move(report)});
}

std::vector<MetricUpdate> read_any(std::string_view event_data, const Services& services,
                                   const collectors::WallClock& wall,
                                   const std::function<void(const std::string& why)>& bad) {
  std::vector<MetricUpdate> updates;
  const json event = json::parse(event_data, nullptr, false);
  const auto instances = event.is_object() ? event.find("instances") : event.end();
  if (event.is_discarded()) {
    bad("the event is no JSON");
  } else if (!event.is_object() || instances == event.end() || !instances->is_array()) {
    bad("the event has no list of instances");
  } else {
    std::set<IpAddress> named;
    for (std::size_t i = 0; i < instances->size(); ++i) {
      auto update = read_update((*instances)[i], services, wall);
      if (!update)
        bad(fmt::format("instances[{}]: {}", i, update.error().message));
      else if (*update && !named.insert((*update)->csci).second)
        bad(fmt::format("instances[{}]: {} is named twice", i, (*update)->csci.str()));
      else if (*update)
        updates.push_back(**std::move(update));
    }
  }
  return updates;
}

}  // namespace

std::vector<MetricUpdate> read_updates(std::string_view event_data, const Services& services,
                                       const collectors::WallClock& wall,
                                       const std::function<void(const std::string& why)>& bad) {
  if (auto updates = PlainEvent(event_data, services, wall).read()) return *std::move(updates);
  return read_any(event_data, services, wall, bad);
}

}  // namespace cats::roles
