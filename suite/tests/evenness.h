// How evenly sites are used: 5.4 (docs/tests.md), of uᵢ, what each used of its capacity or was asked for. At least one.
#pragma once

#include <optional>
#include <span>

namespace cats::suite {

std::optional<double> bias(std::span<const double> u);  // Σ|uᵢ − ū| / (N·ū); nothing when ū is 0
double spread(std::span<const double> u);               // largest − smallest
double deviation(std::span<const double> u);            // standard deviation over the sites

}  // namespace cats::suite
