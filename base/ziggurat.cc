#include "base/ziggurat.h"

#include "base/portable_math.h"

namespace cats {
namespace {

constexpr double kUnit = 0x1p53;  // u is below it

// Where the curve's tail begins, and the area of each layer, from the paper.
constexpr double kExponentialTail = 7.69711747013104972;
constexpr double kExponentialArea = 3.949659822581572e-3;
constexpr double kNormalTail = 3.442619855899;
constexpr double kNormalArea = 9.91256303526217e-3;

constexpr double root(double x) {  // Newton's; the built-in one is no constant expression everywhere
  double y = x > 1 ? x : 1;
  for (int i = 0; i < 60; ++i) y = 0.5 * (y + x / y);
  return y;
}

constexpr double exponential_density(double x) { return portable::exp(-x); }
constexpr double exponential_inverse(double y) { return -portable::log(y); }
constexpr double normal_density(double x) { return portable::exp(-0.5 * x * x); }
constexpr double normal_inverse(double y) { return root(-2 * portable::log(y)); }

template <std::size_t N>
struct Ziggurat {
  std::array<detail::ZigguratLayer, N> layers{};
  std::array<double, N> height{};  // of the curve at the layer's right end
};

// Layer 0 is the base with the tail, N − 1 the lowest of the others.
template <std::size_t N>
constexpr Ziggurat<N> build(double tail, double area, double (*density)(double), double (*inverse)(double)) {
  Ziggurat<N> z;
  const double base = area / density(tail);  // as wide as a rectangle of the base's area
  const auto share = [](double part) { return static_cast<std::uint64_t>(part * kUnit); };
  z.layers[0] = {share(tail / base), base / kUnit};
  z.layers[1].accept = 0;
  z.layers[N - 1].scale = tail / kUnit;
  z.height[0] = 1;
  z.height[N - 1] = density(tail);
  double x = tail;
  for (std::size_t i = N - 2; i >= 1; --i) {
    const double next = inverse(area / x + density(x));
    z.layers[i + 1].accept = share(next / x);
    z.layers[i].scale = next / kUnit;
    z.height[i] = density(next);
    x = next;
  }
  return z;
}

constexpr auto kExponential = build<256>(kExponentialTail, kExponentialArea, exponential_density, exponential_inverse);
constexpr auto kNormal = build<128>(kNormalTail, kNormalArea, normal_density, normal_inverse);

template <std::size_t N>
bool under_the_curve(RandomStream& random, const Ziggurat<N>& z, std::size_t layer, double density) {
  return z.height[layer] + random.uniform() * (z.height[layer - 1] - z.height[layer]) < density;
}

}  // namespace

namespace detail {

constinit const std::array<ZigguratLayer, 256> kExponentialLayers = kExponential.layers;
constinit const std::array<ZigguratLayer, 128> kNormalLayers = kNormal.layers;

double exponential_edge(RandomStream& random, std::size_t layer, double x) {
  // What is left of an exponential beyond any point is exponential again.
  if (layer == 0) return kExponentialTail + standard_exponential(random);
  return under_the_curve(random, kExponential, layer, exponential_density(x)) ? x : standard_exponential(random);
}

double normal_edge(RandomStream& random, std::size_t layer, double x) {
  if (layer == 0) {
    for (;;) {
      const double beyond = standard_exponential(random) / kNormalTail;
      if (2 * standard_exponential(random) > beyond * beyond) return kNormalTail + beyond;
    }
  }
  for (;;) {
    if (under_the_curve(random, kNormal, layer, normal_density(x))) return x;
    const std::uint64_t bits = random.bits();
    layer = bits & 127;
    const std::uint64_t u = bits >> 11;
    x = static_cast<double>(static_cast<std::int64_t>(u)) * kNormalLayers[layer].scale;
    if (u < kNormalLayers[layer].accept) return x;
    if (layer == 0) return normal_edge(random, 0, x);
  }
}

}  // namespace detail
}  // namespace cats
