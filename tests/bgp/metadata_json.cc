#include "tests/bgp/metadata_json.h"

#include "tests/bgp/support.h"

namespace cats::bgp::testing {
namespace {

using nlohmann::json;

std::string hex16(std::uint64_t v) { return fmt::format("{:016x}", v); }
std::uint64_t from_hex16(const json& j) { return std::stoull(j.get<std::string>(), nullptr, 16); }

void add_reserved(json& j, std::uint8_t reserved) {
  if (reserved != 0) {
    j["reserved"] = reserved;
  }
}

struct ToJson {
  json operator()(const SitePreference& s) const { return with({{"type", 1}, {"index", s.index}}, s.reserved); }
  json operator()(const SiteAvailability& s) const {
    return with({{"type", 2}, {"site_id", s.site_id}, {"percent", s.percent}, {"association_only", s.association_only}},
                s.reserved);
  }
  json operator()(const DelayPrediction& s) const {
    json j = {{"type", 3}};
    if (const auto* r = std::get_if<DelayPrediction::Relative>(&s.delay)) {
      j["form"] = "relative";
      j["value"] = r->value;
    } else if (const auto* ms = std::get_if<DelayPrediction::Milliseconds>(&s.delay)) {
      j["form"] = "milliseconds";
      j["value"] = ms->value;
    } else {
      j["form"] = "ntp";
      j["value"] = hex16(std::get<DelayPrediction::Ntp>(s.delay).value);
      j["delay_ns"] = s.duration()->count();
    }
    return with(std::move(j), s.reserved);
  }
  json operator()(const RawMeasurement& s) const {
    json entries = json::array();
    for (const auto& entry : s.entries) {
      if (const auto* t = std::get_if<RawMeasurement::Traffic>(&entry)) {
        entries.push_back(with({{"type", 1},
                                {"unit", t->in_bytes ? "bytes" : "packets"},
                                {"period_s", t->period_s},
                                {"to_service", t->to_service},
                                {"from_service", t->from_service}},
                               t->reserved));
      } else {
        const auto& u = std::get<RawMeasurement::Unknown>(entry);
        entries.push_back({{"type", u.type}, {"value", to_hex(u.value)}});
      }
    }
    return with({{"type", 4}, {"entries", entries}}, s.reserved);
  }
  json operator()(const ServiceCapability& s) const {
    return with({{"type", 5}, {"metric_type", s.metric_type}, {"value", s.value}}, s.reserved);
  }
  json operator()(const AvailableResource& s) const {
    return with(
        {{"type", 6}, {"unit", s.percent ? "percent" : "abstract"}, {"metric_type", s.metric_type}, {"value", s.value}},
        s.reserved);
  }
  json operator()(const AsScope& s) const {
    json j = {{"type", 7}, {"as", s.as}};
    if (s.trailing) {
      j["trailing"] = *s.trailing;
    }
    return with(std::move(j), s.reserved);
  }
  json operator()(const CatsMetrics& s) const {
    json entries = json::array();
    for (const CatsMetric& m : s.entries) {
      json entry = {{"type", m.type},     {"level", m.level}, {"format", m.format},
                    {"length", m.length}, {"value", m.value}, {"source", m.source}};
      if (m.low_bits != 0) {
        entry["low_bits"] = m.low_bits;
      }
      entries.push_back(entry);
    }
    return with({{"type", 65280}, {"entries", entries}}, s.flags);
  }
  json operator()(const CatsStamp& s) const {
    return with({{"type", 65281},
                 {"sequence", s.sequence},
                 {"window_end", hex16(s.window_end)},
                 {"unix_ns", unix_ns_from_ntp(s.window_end)}},
                s.flags);
  }
  json operator()(const UnknownSubTlv& s) const { return {{"type", s.type}, {"value", to_hex(s.value)}}; }

  static json with(json j, std::uint8_t reserved) {
    add_reserved(j, reserved);
    return j;
  }
};

RawMeasurement measurement_of(const json& j, std::uint8_t reserved) {
  RawMeasurement m{{}, reserved};
  for (const json& e : j["entries"]) {
    if (e["type"] == 1) {
      m.entries.emplace_back(RawMeasurement::Traffic{e["unit"] == "bytes", e["period_s"], e["to_service"],
                                                     e["from_service"], e.value("reserved", std::uint8_t{0})});
    } else {
      m.entries.emplace_back(RawMeasurement::Unknown{e["type"], hex(e["value"].get<std::string>())});
    }
  }
  return m;
}

CatsMetrics metrics_of(const json& j, std::uint8_t flags) {
  CatsMetrics m{{}, flags};
  for (const json& e : j["entries"]) {
    m.entries.push_back({e["type"], e["level"], e["format"], e["length"], e["value"], e["source"],
                         e.value("low_bits", std::uint8_t{0})});
  }
  return m;
}

DelayPrediction delay_of(const json& j, std::uint8_t reserved) {
  if (j["form"] == "relative") {
    return {DelayPrediction::Relative{j["value"]}, reserved};
  }
  if (j["form"] == "milliseconds") {
    return {DelayPrediction::Milliseconds{j["value"]}, reserved};
  }
  return {DelayPrediction::Ntp{from_hex16(j["value"])}, reserved};
}

SubTlv one_from_json(const json& j) {
  const auto reserved = j.value("reserved", std::uint8_t{0});
  const std::string name = j["name"];
  if (name == "site-preference") {
    return SitePreference{j["index"], reserved};
  }
  if (name == "site-availability") {
    return SiteAvailability{j["site_id"], j["percent"], j["association_only"], reserved};
  }
  if (name == "delay-prediction") {
    return delay_of(j, reserved);
  }
  if (name == "raw-measurement") {
    return measurement_of(j, reserved);
  }
  if (name == "service-capability") {
    return ServiceCapability{j["metric_type"], j["value"], reserved};
  }
  if (name == "available-resource") {
    return AvailableResource{j["unit"] == "percent", j["metric_type"], j["value"], reserved};
  }
  if (name == "as-scope") {
    AsScope s{j["as"], reserved};
    if (j.contains("trailing")) {
      s.trailing = j["trailing"].get<std::uint8_t>();
    }
    return s;
  }
  if (name == "cats-metrics") {
    return metrics_of(j, reserved);
  }
  if (name == "cats-stamp") {
    return CatsStamp{j["sequence"], from_hex16(j["window_end"]), reserved};
  }
  return UnknownSubTlv{j["type"], hex(j["value"].get<std::string>())};
}

}  // namespace

json to_json(const EdgeMetadata& metadata) {
  json all = json::array();
  for (const SubTlv& one : metadata.sub_tlvs) {
    json j = std::visit(ToJson{}, one);
    j["name"] = sub_tlv_name(one);
    all.push_back(std::move(j));
  }
  for (const IgnoredSubTlv& one : ignored(metadata)) {
    all[one.index]["ignored"] = true;
  }
  return all;
}

EdgeMetadata from_json(const json& sub_tlvs) {
  EdgeMetadata metadata;
  for (const json& j : sub_tlvs) {
    metadata.sub_tlvs.push_back(one_from_json(j));
  }
  return metadata;
}

}  // namespace cats::bgp::testing
