#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "collectors/metric_mapping.h"

namespace cats::collectors {
namespace {

MetricReport any_report() {
  MetricReport report;
  auto& values = report.values;
  const auto maybe = [] { return *rc::gen::arbitrary<bool>(); };
  const auto percent = [] { return *rc::gen::inRange(0, 1000'000) / 10'000.0; };
  if (maybe()) values["available_compute"] = percent();
  if (maybe()) values["processing_delay"] = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000) / 1e6;
  if (maybe()) values["site_preference"] = *rc::gen::inRange<std::uint32_t>(1, 0xffffffff);
  for (const char* name : {"compute_norm", "communication_norm", "service_norm", "composed_norm", "norm_fi"})
    if (maybe()) values[name] = *rc::gen::inRange(0, 11);
  for (const std::string what : {"packets", "bytes"}) {
    if (!maybe()) continue;
    values["traffic_period_s"] = *rc::gen::inRange(1, 1000);
    values[what + "_in"] = *rc::gen::arbitrary<std::uint32_t>();
    values[what + "_out"] = *rc::gen::arbitrary<std::uint32_t>();
  }
  if (maybe()) report.known = *rc::gen::arbitrary<std::uint32_t>();
  if (maybe() || (values.empty() && !report.known))
    report.stamp = Stamp{*rc::gen::arbitrary<std::uint32_t>(), from_ns(*rc::gen::inRange<std::int64_t>(0, 1LL << 50))};
  return report;
}

RC_GTEST_PROP(MetricMapping, WhatTheWireHoldsSurvivesExactly, ()) {
  const WallClock wall(1'790'000'000'000'000'000);
  const auto report = any_report();
  const auto on_wire = quantised(report, wall);
  RC_ASSERT(on_wire.has_value());
  // Through octets and back, as a peer would see it.
  const auto octets = bgp::encode_edge_metadata(*to_edge_metadata(*on_wire, wall));
  RC_ASSERT(octets.has_value());
  const auto received = from_edge_metadata(*bgp::decode_edge_metadata(*octets), wall);
  RC_ASSERT(received == *on_wire);
  RC_ASSERT(received.stamp == report.stamp);
  RC_ASSERT(received.known == report.known);
  RC_ASSERT(received.values.size() == report.values.size());
  for (const auto& [name, value] : report.values)
    RC_ASSERT(std::abs(received.values.at(name) - value) <= (name == "available_compute" ? 0.5 : 1e-6));
}

}  // namespace
}  // namespace cats::collectors
