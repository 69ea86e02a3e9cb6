#include "collectors/publisher.h"

#include <utility>
#include <vector>

#include "collectors/route_reports.h"

namespace cats::collectors {

class Publisher::Impl {
 public:
  Impl(boost::asio::io_context& io, PublisherConfig config, PublisherCallbacks callbacks)
      : config_(std::move(config)),
        callbacks_(std::move(callbacks)),
        reports_(config_.wall, {.has_session = [this] { return established(); },
                                .tell = [this](const RouteReports::Telling& telling) { return tell(telling); }}),
        speaker_(io, config_.speaker, speaker_callbacks()) {
    if (config_.cs_id.is_v4() != config_.csci.is_v4())
      throw UsageError(fmt::format("CS-ID {} and CSCI-ID {} are of different families", config_.cs_id, config_.csci));
  }

  Expected<void> publish(const MetricReport& report) { return reports_.publish(report); }
  void announce_bare() { static_cast<void>(reports_.announce_bare()); }

  Expected<void> withdraw() {
    reports_.withdraw();
    if (!established()) return {};
    bgp::Update update;
    if (config_.cs_id.is_v4())
      update.withdrawn = {nlri()};
    else
      update.mp_unreach = bgp::MpUnreach{bgp::ipv6_unicast, {nlri()}, {}};
    return sent(speaker_.send(update));
  }

  Expected<void> announce() { return reports_.announce(); }
  void inject(PublisherFault fault, unsigned updates) { reports_.inject(fault, updates); }

  void close(const std::string& text, std::function<void()> done) {
    if (!withdrawn()) static_cast<void>(withdraw());
    speaker_.close(text, std::chrono::seconds(1), std::move(done));
  }

  bool established() const { return speaker_.state() == bgp::SessionState::established; }
  bool withdrawn() const { return reports_.withdrawn(); }
  bgp::Speaker& speaker() { return speaker_; }

 private:
  bgp::SpeakerCallbacks speaker_callbacks() {
    bgp::SpeakerCallbacks callbacks;
    callbacks.on_state = [this](bgp::SessionState state, const std::string& why) {
      if (state != bgp::SessionState::established) waiting_.clear();
      if (callbacks_.on_state) callbacks_.on_state(state, why);
    };
    callbacks.on_established = [this](const bgp::Established&) { static_cast<void>(reports_.established()); };
    callbacks.on_drained = [this] {
      const Instant now = std::chrono::steady_clock::now();
      for (const auto& [report, again] : std::exchange(waiting_, {})) notify(report, now, again);
    };
    return callbacks;
  }

  Expected<void> tell(const RouteReports::Telling& telling) {
    if (telling.on_wire == nullptr) {
      notify(telling.report, std::chrono::steady_clock::now(), telling.again);
      return {};
    }
    const auto update = update_of(*telling.on_wire);
    if (!update) return tl::make_unexpected(update.error());
    const Instant handing = std::chrono::steady_clock::now();
    const auto handed = speaker_.send(*update);
    if (!handed) return tl::make_unexpected(handed.error());
    if (handed->queued_octets == 0)
      notify(telling.report, handing, telling.again);
    else
      waiting_.emplace_back(telling.report, telling.again);
    return {};
  }

  Expected<bgp::Update> update_of(const MetricReport& report) const {
    bgp::Update update;
    update.attributes.origin = bgp::Origin::igp;
    update.attributes.as_path = bgp::AsPath::sequence({config_.speaker.session.local_as});
    if (!bare(report)) {
      auto metadata = to_edge_metadata(report, config_.wall);
      if (!metadata) return tl::make_unexpected(metadata.error());
      update.attributes.edge_metadata = bgp::CarriedEdgeMetadata{std::move(*metadata), 0};
    }
    if (config_.cs_id.is_v4()) {
      update.attributes.next_hop = config_.csci;
      update.nlri = {nlri()};
    } else {
      bgp::MpReach reach;
      reach.family = bgp::ipv6_unicast;
      reach.next_hop = config_.csci;
      reach.nlri = {nlri()};
      update.mp_reach = std::move(reach);
    }
    return update;
  }

  bgp::Nlri nlri() const { return {IpPrefix::host(config_.cs_id), 0}; }
  static Expected<void> sent(const Expected<bgp::Handover>& handed) {
    if (!handed) return tl::make_unexpected(handed.error());
    return {};
  }
  static bool bare(const MetricReport& report) { return report == MetricReport{}; }
  void notify(const MetricReport& report, Instant at, bool again) const {
    if (callbacks_.on_sent && !bare(report)) callbacks_.on_sent(report, at, again);
  }

  PublisherConfig config_;
  PublisherCallbacks callbacks_;
  RouteReports reports_;
  std::vector<std::pair<MetricReport, bool>> waiting_;  // in the speaker's queue
  bgp::Speaker speaker_;
};

Publisher::Publisher(boost::asio::io_context& io, PublisherConfig config, PublisherCallbacks callbacks)
    : impl_(std::make_unique<Impl>(io, std::move(config), std::move(callbacks))) {}
Publisher::~Publisher() = default;

void Publisher::start() { impl_->speaker().start(); }
Expected<void> Publisher::publish(const MetricReport& report) { return impl_->publish(report); }
void Publisher::announce_bare() { impl_->announce_bare(); }
Expected<void> Publisher::withdraw() { return impl_->withdraw(); }
Expected<void> Publisher::announce() { return impl_->announce(); }
bool Publisher::announced() const { return !impl_->withdrawn(); }
bgp::SessionState Publisher::state() const { return impl_->speaker().state(); }
void Publisher::inject(PublisherFault fault, unsigned updates) { impl_->inject(fault, updates); }
void Publisher::close(const std::string& text, std::function<void()> done) { impl_->close(text, std::move(done)); }

}  // namespace cats::collectors
