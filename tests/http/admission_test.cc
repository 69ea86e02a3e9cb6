#include "http/admission.h"

#include <optional>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Admission : public testing::Test {
 protected:
  Admission() { tokens_.add("secret", {"es1", "edge-server"}); }

  // What is answered when `answer` is the answer to those who may ask.
  Response ask(const std::optional<std::string>& bearer, const Response& answer) {
    Request request;
    request.bearer = bearer;
    Response given;
    const Reply reply = [this, &given](Response response) {
      told_before_ = refused_.size();
      given = std::move(response);
    };
    const Refused refused = [this](const std::string& principal, unsigned status, const std::string& why) {
      refused_.push_back(fmt::format("{} {} {}", principal, status, why));
    };
    admit(request, tokens_, reply, refused, [&](const Principal& principal, const Reply& told) {
      asked_.push_back(principal.name);
      told(answer);
    });
    return given;
  }

  Tokens tokens_;
  std::vector<std::string> asked_, refused_;
  std::size_t told_before_ = 0;  // when the answer was given
};

TEST_F(Admission, IsForThoseWithAToken) {
  EXPECT_EQ(ask("secret", {}).status, 200U);
  EXPECT_THAT(asked_, ElementsAre("es1"));
  EXPECT_THAT(refused_, IsEmpty());
  EXPECT_EQ(ask(std::nullopt, {}).status, 401U);
  EXPECT_EQ(ask("guess", {}).status, 401U);
  EXPECT_THAT(asked_, ElementsAre("es1"));
  EXPECT_THAT(refused_,
              ElementsAre(StartsWith(" 401 "), testing::AllOf(StartsWith(" 401 "), testing::Not(HasSubstr("guess")))));
}

TEST_F(Admission, WhatIsRefusedIsToldBeforeItIsAnswered) {
  EXPECT_EQ(ask("secret", problem(403, "es1 may not")).status, 403U);
  EXPECT_THAT(refused_, ElementsAre("es1 403 es1 may not"));
  EXPECT_EQ(told_before_, 1U);
}

// A fault of the server's refuses nothing.
TEST_F(Admission, FaultsAreNotToldAsRefusals) {
  EXPECT_EQ(ask("secret", problem(502, "a daemon does not answer")).status, 502U);
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(Admission, NeedsNobodyToTell) {
  unsigned status = 0;
  admit(
      {}, tokens_, [&](const Response& response) { status = response.status; }, nullptr,
      [](const Principal&, const Reply&) { FAIL() << "asked by nobody"; });
  EXPECT_EQ(status, 401U);
}

}  // namespace
}  // namespace cats::http
