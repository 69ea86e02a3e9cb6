// The words of the enumerations, in one place for files, help and reports.
#include <array>

#include "cpsel/metrics.h"

namespace cats::cpsel {
namespace {

template <class E>
constexpr std::string_view kWords[1] = {};
template <>
constexpr std::string_view kWords<Level>[] = {"L0", "L1", "L2"};
template <>
constexpr std::string_view kWords<Better>[] = {"less", "more"};
template <>
constexpr std::string_view kWords<NormalisationKind>[] = {"minmax", "sigmoid", "zscore"};
template <>
constexpr std::string_view kWords<Aggregation>[] = {"mean", "min", "max", "weighted"};
template <>
constexpr std::string_view kWords<Order>[] = {"normalise-first", "aggregate-first"};
template <>
constexpr std::string_view kWords<Statistics>[] = {"max", "min", "mean", "cur"};
template <>
constexpr std::string_view kWords<Format>[] = {"int", "float"};
template <>
constexpr std::string_view kWords<Source>[] = {"nominal", "estimation", "directly measured", "normalisation",
                                               "aggregation"};

}  // namespace

template <class E>
std::string_view to_text(E value) {
  return kWords<E>[static_cast<std::size_t>(value)];
}

template <class E>
std::optional<E> from_text(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kWords<E>); ++i)
    if (kWords<E>[i] == text) return static_cast<E>(i);
  return std::nullopt;
}

template <class E>
std::vector<std::string> texts() {
  return {std::begin(kWords<E>), std::end(kWords<E>)};
}

#define CATS_WORDS(E)                                       \
  template std::string_view to_text<E>(E);                  \
  template std::optional<E> from_text<E>(std::string_view); \
  template std::vector<std::string> texts<E>();
CATS_WORDS(Level)
CATS_WORDS(Better)
CATS_WORDS(NormalisationKind)
CATS_WORDS(Aggregation)
CATS_WORDS(Order)
CATS_WORDS(Statistics)
CATS_WORDS(Format)
CATS_WORDS(Source)
#undef CATS_WORDS

}  // namespace cats::cpsel
