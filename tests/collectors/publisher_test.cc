// The publisher against a passive speaker of ours, over loopback.
#include "collectors/publisher.h"

#include <algorithm>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace cats::collectors {
namespace {

using namespace std::chrono_literals;

struct Sent {
  MetricReport report;
  Instant at;
  bool again;
};
struct Received {
  MetricReport report;
  IpAddress next_hop;
  IpPrefix prefix;
};

class PublisherTest : public testing::Test {
 protected:
  static bgp::SpeakerConfig speaker(std::uint32_t local_as, std::uint32_t peer_as, const char* id, bool passive) {
    bgp::SpeakerConfig config;
    config.session.local_as = local_as;
    config.session.peer_as = peer_as;
    config.session.router_id = IpAddress::of(id);
    config.session.passive = passive;
    config.peer_address = config.local_address.emplace(IpAddress::of("::1"));
    config.port = static_cast<std::uint16_t>(20000 + ::getpid() % 20000);
    config.reconnect_first = 20ms;
    return config;
  }

  void listen() {
    bgp::SpeakerCallbacks callbacks;
    callbacks.on_update = [this](Instant, const bgp::DecodedUpdate& decoded, bgp::ByteView) {
      const auto changes = bgp::route_changes(decoded);
      withdrawn_ += changes.withdrawn.size();
      for (const auto& route : changes.announced)
        received_.push_back({from_edge_metadata(decoded.update.attributes.edge_metadata->metadata, wall_),
                             route.next_hop, route.nlri.prefix});
    };
    callbacks.on_notification = [this](const bgp::Notification& n, bool) { farewell_ = bgp::shutdown_text(n); };
    router_.emplace(io_, speaker(65000, 65101, "10.0.0.1", true), callbacks);
    router_->start();
  }

  void SetUp() override {
    listen();
    publisher_.emplace(io_, PublisherConfig{cs_id_, csci_, speaker(65101, 65000, "10.0.0.2", false), wall_},
                       PublisherCallbacks{[this](const MetricReport& r, Instant at, bool again) {
                                            sent_.push_back({r, at, again});
                                          },
                                          {}});
    publisher_->start();
  }

  bool run_until(const std::function<bool()>& done) {
    const Instant deadline = std::chrono::steady_clock::now() + 5s;
    while (!done() && std::chrono::steady_clock::now() < deadline) io_.run_for(2ms);
    return done();
  }
  bool run_until_established() {
    return run_until([this] { return publisher_->state() == bgp::SessionState::established; });
  }
  static MetricReport report(std::uint32_t seq) {
    return {{{"available_compute", 40.4 + seq}, {"processing_delay", 3.3333333333 * seq}, {"compute_norm", 7}},
            Stamp{seq, from_ns(1'000'000'007LL * seq)},
            seq * 77};
  }

  boost::asio::io_context io_;
  WallClock wall_ = WallClock::of_this_machine();
  IpAddress cs_id_ = IpAddress::of("2001:2::100");
  IpAddress csci_ = IpAddress::of("2001:2:0:1::1");
  std::vector<Sent> sent_;
  std::vector<Received> received_;
  std::size_t withdrawn_ = 0;
  std::string farewell_;
  std::optional<bgp::Speaker> router_;
  std::optional<Publisher> publisher_;
};

TEST_F(PublisherTest, WhatIsReportedAsSentIsWhatArrives) {
  ASSERT_TRUE(run_until_established());
  for (std::uint32_t seq = 1; seq <= 20; ++seq) ASSERT_TRUE(publisher_->publish(report(seq)));
  ASSERT_TRUE(run_until([this] { return received_.size() == 20; }));
  ASSERT_EQ(sent_.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(received_[i].report, sent_[i].report);
    EXPECT_EQ(received_[i].report.stamp, report(static_cast<std::uint32_t>(i) + 1).stamp);
    EXPECT_EQ(received_[i].next_hop, csci_);
    EXPECT_EQ(received_[i].prefix, IpPrefix::host(cs_id_));
    EXPECT_FALSE(sent_[i].again);
  }
  EXPECT_EQ(sent_[0].report.values.at("available_compute"), 41);  // as on the wire
}

TEST_F(PublisherTest, TellsTheLatestOnceThereIsASession) {
  ASSERT_TRUE(publisher_->publish(report(1)));
  ASSERT_TRUE(publisher_->publish(report(2)));
  EXPECT_TRUE(sent_.empty());
  ASSERT_TRUE(run_until([this] { return received_.size() == 1; }));
  EXPECT_EQ(received_[0].report.stamp->sequence, 2u);
  EXPECT_FALSE(sent_.at(0).again);
}

TEST_F(PublisherTest, AnnouncesAgainAfterTheSessionComesBack) {
  ASSERT_TRUE(publisher_->publish(report(1)));
  ASSERT_TRUE(run_until([this] { return received_.size() == 1; }));
  router_.reset();
  ASSERT_TRUE(run_until([this] { return publisher_->state() != bgp::SessionState::established; }));
  listen();
  ASSERT_TRUE(run_until([this] { return received_.size() == 2; }));
  EXPECT_EQ(received_[1].report, received_[0].report);
  EXPECT_TRUE(sent_.at(1).again);
}

TEST_F(PublisherTest, WithdrawsUntilAnnounced) {
  ASSERT_TRUE(publisher_->publish(report(1)));
  ASSERT_TRUE(run_until([this] { return received_.size() == 1; }));
  ASSERT_TRUE(publisher_->withdraw());
  ASSERT_TRUE(run_until([this] { return withdrawn_ == 1; }));
  ASSERT_TRUE(publisher_->publish(report(2)));
  io_.run_for(30ms);
  EXPECT_EQ(received_.size(), 1u);
  ASSERT_TRUE(publisher_->announce());
  ASSERT_TRUE(run_until([this] { return received_.size() == 2; }));
  EXPECT_EQ(received_[1].report.stamp->sequence, 2u);
}

TEST_F(PublisherTest, FaultsAreSeenOnlyByWhoCompares) {
  ASSERT_TRUE(run_until_established());
  publisher_->inject(PublisherFault::lost_update);
  ASSERT_TRUE(publisher_->publish(report(1)));
  publisher_->inject(PublisherFault::altered_value);
  ASSERT_TRUE(publisher_->publish(report(2)));
  ASSERT_TRUE(publisher_->publish(report(3)));
  ASSERT_TRUE(run_until([this] { return received_.size() == 2; }));
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(received_[0].report.stamp, sent_[1].report.stamp);
  EXPECT_NE(received_[0].report.values, sent_[1].report.values);
  EXPECT_NE(received_[0].report.known, sent_[1].report.known);
  EXPECT_EQ(received_[1].report, sent_[2].report);
}

TEST_F(PublisherTest, SaysGoodbye) {
  ASSERT_TRUE(publisher_->publish(report(1)));
  ASSERT_TRUE(run_until([this] { return received_.size() == 1; }));
  bool closed = false;
  publisher_->close("stopped", [&] { closed = true; });
  ASSERT_TRUE(run_until([&] { return closed && withdrawn_ == 1; }));
  EXPECT_EQ(farewell_, "stopped");
}

TEST_F(PublisherTest, RefusesWhatHasNoSubTlv) { EXPECT_FALSE(publisher_->publish({{{"queue_length", 1}}, {}, {}})); }

}  // namespace
}  // namespace cats::collectors
