// One instance's UPDATEs as octets: what a speaker makes of a report and what its reader makes of the octets
// (bgp/update.h, collectors/metric_mapping.h). FRR passes attribute 42 on as it is, so every router and agent reads
// what the first one read.
#pragma once

#include <cstdint>

#include "base/ip.h"
#include "bgp/edge_metadata.h"
#include "bgp/update.h"
#include "bgp/wire.h"
#include "collectors/metric_mapping.h"

namespace cats::sim {

class BgpWire {
 public:
  struct Config {
    IpAddress cs_id;
    IpAddress csci;
    std::uint32_t local_as = 0;  // the edge server's
    std::uint32_t peer_as = 0;
    bgp::EdgeMetadataCodes codes = {};
  };
  explicit BgpWire(const Config& config) : config_(config) {}

  // Of the CS-ID's route with the CSCI-ID as next hop, and attribute 42 unless the report is empty. Throws
  // MeasurementError for a report that no UPDATE carries.
  bgp::Bytes update(const collectors::MetricReport& report) const;
  // That the CS-ID's route is gone.
  bgp::Bytes withdrawal() const;
  // Throws MeasurementError for octets that are no such UPDATE.
  collectors::MetricReport read(bgp::ByteView update) const;

 private:
  bgp::Bytes encoded(const bgp::Update& update) const;

  Config config_;
};

}  // namespace cats::sim
