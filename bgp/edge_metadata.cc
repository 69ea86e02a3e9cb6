#include "bgp/edge_metadata.h"

#include <algorithm>
#include <array>
#include <bitset>

namespace cats::bgp {
namespace {

constexpr unsigned highest_score = 10;

std::optional<std::string> entry_out_of_range(const CatsMetric& m) {
  if (m.level != 1 && m.level != 2) {
    return fmt::format("level {} is not 1 or 2", m.level);
  }
  if (m.format != 0 || m.length != 0) {
    return std::string("not one unsigned octet");
  }
  if (m.value > highest_score) {
    return fmt::format("score {} is above 10", m.value);
  }
  if (m.source > CatsMetric::aggregation) {
    return fmt::format("source {} is not 0 to 4", m.source);
  }
  return {};
}

}  // namespace

std::string_view sub_tlv_name(const SubTlv& sub_tlv) {
  static constexpr std::array<std::string_view, std::variant_size_v<SubTlv>> names = {
      "site-preference",    "site-availability", "delay-prediction", "raw-measurement", "service-capability",
      "available-resource", "as-scope",          "cats-metrics",     "cats-stamp",      "unknown"};
  return names[sub_tlv.index()];
}

DelayPrediction DelayPrediction::of(Duration delay) { return {.delay = Ntp{ntp_from_duration(delay)}}; }

std::optional<Duration> DelayPrediction::duration() const {
  if (const auto* ms = std::get_if<Milliseconds>(&delay)) {
    return std::chrono::milliseconds(ms->value);
  }
  if (const auto* ntp = std::get_if<Ntp>(&delay)) {
    return duration_from_ntp(ntp->value);
  }
  return {};
}

Expected<CatsMetric> CatsMetric::of(std::uint8_t type, std::uint8_t level, unsigned value, std::uint8_t source) {
  const CatsMetric m{
      .type = type, .level = level, .value = static_cast<std::uint8_t>(std::min(value, 255U)), .source = source};
  if (const auto reason = entry_out_of_range(m)) {
    return fail("CATS metric type {}: {}", type, *reason);
  }
  return m;
}

std::optional<std::string> out_of_range(const SubTlv& sub_tlv) {
  if (const auto* s = std::get_if<SitePreference>(&sub_tlv); s != nullptr && s->index == 0) {
    return "index 0";
  }
  if (const auto* s = std::get_if<SiteAvailability>(&sub_tlv);
      s != nullptr && !s->association_only && s->percent > 100) {
    return fmt::format("{} percent", s->percent);
  }
  if (const auto* s = std::get_if<DelayPrediction>(&sub_tlv)) {
    const auto* relative = std::get_if<DelayPrediction::Relative>(&s->delay);
    if (relative != nullptr && relative->value > 100) {
      return fmt::format("relative delay {} is above 100", relative->value);
    }
  }
  if (const auto* s = std::get_if<AvailableResource>(&sub_tlv); s != nullptr && s->percent && s->value > 100) {
    return fmt::format("{} percent", s->value);
  }
  if (const auto* s = std::get_if<CatsMetrics>(&sub_tlv)) {
    for (std::size_t i = 0; i < s->entries.size(); ++i) {
      if (const auto reason = entry_out_of_range(s->entries[i])) {
        return fmt::format("entry {}: {}", i, *reason);
      }
    }
  }
  return {};
}

std::vector<IgnoredSubTlv> ignored(const EdgeMetadata& metadata) {
  std::vector<IgnoredSubTlv> all;
  std::bitset<16> capabilities;
  std::bitset<16> resources;
  for (std::size_t i = 0; i < metadata.sub_tlvs.size(); ++i) {
    const SubTlv& one = metadata.sub_tlvs[i];
    if (auto reason = out_of_range(one)) {
      all.push_back({i, std::move(*reason)});
      continue;
    }
    const auto repeats = [&](std::bitset<16>& seen, unsigned metric_type) {
      if (seen.test(metric_type & 15)) {
        all.push_back({i, fmt::format("metric type {} came before", metric_type)});
      }
      seen.set(metric_type & 15);
    };
    if (const auto* c = std::get_if<ServiceCapability>(&one)) {
      repeats(capabilities, c->metric_type);
    } else if (const auto* r = std::get_if<AvailableResource>(&one)) {
      repeats(resources, r->metric_type);
    }
  }
  return all;
}

const ServiceCapability* find_service_capability(const EdgeMetadata& metadata, std::uint8_t metric_type) {
  for (const SubTlv& one : metadata.sub_tlvs) {
    if (const auto* c = std::get_if<ServiceCapability>(&one); c != nullptr && c->metric_type == metric_type) {
      return c;
    }
  }
  return nullptr;
}

const AvailableResource* find_available_resource(const EdgeMetadata& metadata, std::uint8_t metric_type) {
  for (const SubTlv& one : metadata.sub_tlvs) {
    const auto* r = std::get_if<AvailableResource>(&one);
    if (r != nullptr && r->metric_type == metric_type && !out_of_range(one)) {
      return r;
    }
  }
  return nullptr;
}

const CatsMetric* find_cats_metric(const EdgeMetadata& metadata, std::uint8_t type, std::uint8_t level) {
  for (const SubTlv& one : metadata.sub_tlvs) {
    const auto* metrics = std::get_if<CatsMetrics>(&one);
    if (metrics == nullptr || out_of_range(one)) {
      continue;
    }
    for (const CatsMetric& m : metrics->entries) {
      if (m.type == type && m.level == level) {
        return &m;
      }
    }
  }
  return nullptr;
}

bool in_scope(const EdgeMetadata& metadata, std::uint32_t local_as, const std::vector<std::uint32_t>& recognised) {
  bool limited = false;
  for (const SubTlv& one : metadata.sub_tlvs) {
    const auto* scope = std::get_if<AsScope>(&one);
    if (scope == nullptr) {
      continue;
    }
    if (scope->as == local_as || std::find(recognised.begin(), recognised.end(), scope->as) != recognised.end()) {
      return true;
    }
    limited = true;
  }
  return !limited;
}

}  // namespace cats::bgp
