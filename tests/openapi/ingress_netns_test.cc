// The REST interface of an ingress as docs/openapi/ingress.yaml has it, on the real kernel.
#include <gtest/gtest.h>

#include "base/file.h"
#include "http/tls.h"
#include "tests/ingress/network.h"
#include "tests/openapi/check_interface.h"
#include "tests/support/fake_vty.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kRest = 8443;

class DocumentedIngress : public IngressTest {
 protected:
  void SetUp() override {
    IngressTest::SetUp();
    if (IsSkipped()) return;
    CATS_NEEDS_PROGRAM("python3");
    const http::Authority authority("a run");
    const http::Identity identity = authority.issue("r1", {address_});
    write_file(directory_ / "certificate.pem", identity.certificate);
    write_file(directory_ / "key.pem", identity.key);
    write_file(directory_ / "authority.pem", authority.certificate());
    write_file(directory_ / "tokens.json", R"([{"token": "secret", "name": "sdn", "role": "controller"},
                                               {"token": "open", "name": "me", "role": "operator"},
                                               {"token": "other", "name": "es1", "role": "edge-server"}])");
  }

  // With two instances announced.
  void begin(IngressConfig::Cps cps, std::optional<IgpConfig> igp = {}) {
    start(60s, "global-min", [&](IngressConfig& config) {
      config.cps = cps;
      config.igp = igp;
      config.rest = RestServerConfig{address_, kRest, directory_ / "certificate.pem", directory_ / "key.pem",
                                     directory_ / "tokens.json"};
    });
    router_->announce(1, kCsci1, 80);
    router_->announce(2, kCsci2, 50);
    ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 2; }));
  }
  // From the host's side.
  support::CommandResult check(const std::string& plan) {
    return support::run(host_.inside(check_interface("ingress", plan, address_, kRest, directory_.path())));
  }

  const IpAddress address_ = IpAddress::of("2001:2:0:5::1");
};

TEST_F(DocumentedIngress, ThatTakesOrders) {
  const std::filesystem::path socket = directory_ / "ospf6d.vty";
  ASSERT_NO_FATAL_FAILURE(begin(IngressConfig::Cps::controller, IgpConfig{IgpConfig::Protocol::ospfv3, socket}));
  const support::FakeVty vty(socket, read_file(CATS_SOURCE_DIR "/tests/ingress/recorded/ospf6d-router-database.json"));
  sites();
  const auto ordered = check("ingress-first-order.plan.yaml");
  ASSERT_EQ(ordered.status, 0) << ordered.output;
  Session session(host_);
  ASSERT_EQ(session.ask(), kCsci1.str());
  const auto result = check("ingress.plan.yaml");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(session.ask(), kCsci1.str());
}

TEST_F(DocumentedIngress, ThatChoosesByItself) {
  ASSERT_NO_FATAL_FAILURE(begin(IngressConfig::Cps::ingress));
  const auto result = check("ingress-by-itself.plan.yaml");
  EXPECT_EQ(result.status, 0) << result.output;
}

}  // namespace
}  // namespace cats::roles
