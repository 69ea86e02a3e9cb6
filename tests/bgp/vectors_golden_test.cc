// Replays tests/vectors/edge_metadata.json, written from the specification and not by this code, in both directions.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/bgp/metadata_json.h"
#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using namespace testing;
using nlohmann::json;

const json& vectors() {
  static const json all = json::parse(read_file(CATS_SOURCE_DIR "/tests/vectors/edge_metadata.json"));
  return all;
}

SessionParameters session_of(const json& vector) {
  return with_mode(external_session(),
                   vector["mode"] == "standard" ? EdgeMetadataMode::standard : EdgeMetadataMode::transit);
}

DecodedUpdate receive(const json& vector) {
  const Bytes attribute = hex(vector["attribute"].get<std::string>());
  return decode_update(body({}, mp_reach + origin + as_path + attribute, {}), session_of(vector));
}

// What this decoder says for each reason of the file.
std::string words_for(const std::string& reason) {
  static const std::map<std::string, std::string> words = {
      {"no-sub-tlv", "no sub-TLV"},          {"truncated-header", "truncated sub-TLV header"},
      {"overrun", "overruns the attribute"}, {"sub-sub-tlv-overrun", "sub-sub-TLV is truncated or overruns"},
      {"wrong-length", "wrong Length"},      {"flags-conflict", "conflict"},
      {"out-of-scope", "AS-scope"},          {"repeated", "twice"}};
  return words.at(reason);
}

void check_meaning(const json& vector, const DecodedUpdate& decoded) {
  ASSERT_TRUE(decoded.update.attributes.edge_metadata);
  EXPECT_EQ(to_json(decoded.update.attributes.edge_metadata->metadata), vector["meaning"]);
}

// The meaning alone, encoded for the vector's mode, is the vector.
void check_sent(const json& vector) {
  const std::string text = vector.value("sent", vector["attribute"].get<std::string>());
  const Bytes expected = hex(text);
  Update u;
  u.attributes.edge_metadata =
      CarriedEdgeMetadata{from_json(vector["meaning"]), std::to_integer<std::uint8_t>(expected[0])};
  const Bytes sent = encode_one(u, session_of(vector));
  EXPECT_EQ(to_hex(ByteView(sent).subspan(4)), text);
}

TEST(EdgeMetadataVectors, ReplayInBothDirections) {
  std::size_t valid = 0;
  for (const json& vector : vectors()["vectors"]) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    const DecodedUpdate decoded = receive(vector);
    if (vector["valid"]) {
      ++valid;
      EXPECT_EQ(decoded.action, ErrorAction::none);
      check_meaning(vector, decoded);
      check_sent(vector);
      continue;
    }
    const bool discard = vector["action"] == "attribute-discard";
    EXPECT_EQ(decoded.action, discard ? ErrorAction::attribute_discard : ErrorAction::treat_as_withdraw);
    ASSERT_FALSE(decoded.problems.empty());
    EXPECT_NE(decoded.problems[0].what.find(words_for(vector["reason"])), std::string::npos)
        << decoded.problems[0].what;
    if (vector.contains("meaning")) {
      check_meaning(vector, decoded);
    }
  }
  EXPECT_GE(vectors()["vectors"].size(), 60U);
  EXPECT_GE(valid, 40U);
}

}  // namespace
}  // namespace cats::bgp
