// Numbers of attribute 42's wire format, shared by its two directions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cats::bgp::edge_wire {

enum Type : std::uint16_t {
  site_preference = 1,
  site_availability = 2,
  delay_prediction = 3,
  raw_measurement = 4,
  service_capability = 5,
  available_resource = 6,
  as_scope = 7,
};

// Length of a sub-TLV with its flags octet.
inline constexpr std::size_t length_32bit = 5;     // types 1, 2, 5, 6, 7 and the short forms of 3
inline constexpr std::size_t length_ntp = 9;       // type 3
inline constexpr std::size_t length_traffic = 13;  // sub-sub-TLV 1 of type 4
inline constexpr std::size_t length_stamp = 13;    // CATS Stamp
inline constexpr std::uint16_t traffic = 1;

// Flags octets.
inline constexpr std::uint8_t association_only = 0x80;               // type 2, I
inline constexpr std::uint8_t relative = 0x80, milliseconds = 0x40;  // type 3, F and L
inline constexpr std::uint8_t in_bytes = 0x80;                       // type 4, B
inline constexpr std::uint8_t percent = 0x80;                        // type 6, P
inline constexpr std::uint8_t metric_type = 0x0f;                    // types 5 and 6, MT

}  // namespace cats::bgp::edge_wire
