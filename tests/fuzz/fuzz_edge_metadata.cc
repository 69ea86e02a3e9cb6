// The value of attribute 42: nothing crashes, and what decodes encodes to the same octets.
#include "bgp/edge_metadata.h"
#include "tests/fuzz/expect.h"

using namespace cats::bgp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView value = std::as_bytes(std::span(data, size));
  const auto metadata = decode_edge_metadata(value);
  if (!metadata) {
    cats::fuzz::expect(!metadata.error().message.empty(), "a refusal says why");
    return 0;
  }
  const auto again = encode_edge_metadata(*metadata);
  cats::fuzz::expect(again && *again == to_bytes(value), "encode(decode(x)) is x");
  for (const IgnoredSubTlv& one : ignored(*metadata)) {
    cats::fuzz::expect(one.index < metadata->sub_tlvs.size(), "an ignored sub-TLV is there");
  }
  if (const auto* delay = find<DelayPrediction>(*metadata); delay != nullptr && delay->duration()) {
    const auto duration = *delay->duration();
    cats::fuzz::expect(duration_from_ntp(ntp_from_duration(duration)) == duration, "a delay survives NTP format");
  }
  if (const auto* stamp = find<CatsStamp>(*metadata)) {
    const std::int64_t ns = unix_ns_from_ntp(stamp->window_end);
    cats::fuzz::expect(unix_ns_from_ntp(ntp_from_unix_ns(ns)) == ns, "a time survives NTP format");
  }
  return 0;
}
