#include "collectors/publisher.h"

#include <optional>
#include <utility>
#include <vector>

namespace cats::collectors {

class Publisher::Impl {
 public:
  Impl(boost::asio::io_context& io, PublisherConfig config, PublisherCallbacks callbacks)
      : config_(std::move(config)),
        callbacks_(std::move(callbacks)),
        speaker_(io, config_.speaker, speaker_callbacks()) {
    if (config_.cs_id.is_v4() != config_.csci.is_v4())
      throw UsageError(fmt::format("CS-ID {} and CSCI-ID {} are of different families", config_.cs_id, config_.csci));
  }

  Expected<void> publish(const MetricReport& report) {
    auto on_wire = quantised(report, config_.wall);
    if (!on_wire) return tl::make_unexpected(on_wire.error());
    latest_ = std::move(*on_wire);
    told_ = false;
    if (withdrawn_) return {};
    return tell();
  }

  void announce_bare() {
    latest_ = MetricReport{};
    if (!withdrawn_) static_cast<void>(tell());
  }

  Expected<void> withdraw() {
    withdrawn_ = true;
    if (!established()) return {};
    bgp::Update update;
    if (config_.cs_id.is_v4())
      update.withdrawn = {nlri()};
    else
      update.mp_unreach = bgp::MpUnreach{bgp::ipv6_unicast, {nlri()}, {}};
    return sent(speaker_.send(update));
  }

  Expected<void> announce() {
    withdrawn_ = false;
    return tell();
  }

  void inject(PublisherFault fault, unsigned updates) { faulty_.inject(fault, updates); }

  void close(const std::string& text, std::function<void()> done) {
    if (!withdrawn_) static_cast<void>(withdraw());
    speaker_.close(text, std::chrono::seconds(1), std::move(done));
  }

  bool established() const { return speaker_.state() == bgp::SessionState::established; }
  bool withdrawn() const { return withdrawn_; }
  bgp::Speaker& speaker() { return speaker_; }

 private:
  bgp::SpeakerCallbacks speaker_callbacks() {
    bgp::SpeakerCallbacks callbacks;
    callbacks.on_state = [this](bgp::SessionState state, const std::string& why) {
      if (state != bgp::SessionState::established) waiting_.clear();
      if (callbacks_.on_state) callbacks_.on_state(state, why);
    };
    callbacks.on_established = [this](const bgp::Established&) {
      if (!withdrawn_) static_cast<void>(tell());
    };
    callbacks.on_drained = [this] {
      const Instant now = std::chrono::steady_clock::now();
      for (const auto& [report, again] : std::exchange(waiting_, {})) notify(report, now, again);
    };
    return callbacks;
  }

  // Sends the latest report when there is a session and a report.
  Expected<void> tell() {
    if (!latest_ || !established()) return {};
    const bool again = std::exchange(told_, true);
    const PublisherFault fault = faulty_.next();
    if (fault == PublisherFault::lost_update) {
      notify(*latest_, std::chrono::steady_clock::now(), again);
      return {};
    }
    const auto update = update_of(fault == PublisherFault::altered_value ? altered(*latest_) : *latest_);
    if (!update) return tl::make_unexpected(update.error());
    const Instant handing = std::chrono::steady_clock::now();
    const auto handed = speaker_.send(*update);
    if (!handed) return tl::make_unexpected(handed.error());
    if (handed->queued_octets == 0)
      notify(*latest_, handing, again);
    else
      waiting_.emplace_back(*latest_, again);
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
  std::optional<MetricReport> latest_;
  bool told_ = false;  // latest_ has gone out at least once
  bool withdrawn_ = false;
  std::vector<std::pair<MetricReport, bool>> waiting_;  // in the speaker's queue
  FaultyUpdates faulty_;
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
