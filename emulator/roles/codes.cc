#include "emulator/roles/codes.h"

namespace cats::roles {

bgp::EdgeMetadataCodes read_codes(JsonFields& fields) {
  auto codes = fields.object("codes");
  if (!codes) {
    fields.problem("codes", "is missing");
    return {};
  }
  return {codes->get<std::uint8_t>("attribute"), codes->get<std::uint8_t>("capability"),
          codes->get<std::uint16_t>("cats_metric"), codes->get<std::uint16_t>("cats_stamp")};
}

nlohmann::ordered_json to_json(const bgp::EdgeMetadataCodes& codes) {
  return {{"attribute", codes.attribute},
          {"capability", codes.capability},
          {"cats_metric", codes.cats_metric},
          {"cats_stamp", codes.cats_stamp}};
}

}  // namespace cats::roles
