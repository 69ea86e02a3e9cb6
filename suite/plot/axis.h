// One axis of a chart: from where to where it goes, and the round numbers beside it.
#pragma once

#include <string>
#include <vector>

namespace cats::suite::plot {

struct Tick {
  double value = 0;
  std::string label;  // "" of a small one, between those with labels
};

enum class Scale { linear, logarithmic };

class Axis {
 public:
  // Shows everything from `lo` to `hi`, which are finite, lo ≤ hi, above zero on a logarithmic scale. A linear axis
  // ends at ticks; a logarithmic one a little beyond the values.
  Axis(double lo, double hi, Scale scale);

  // 0 at the lower end, 1 at the upper; what lies beyond is put there.
  double place(double value) const;
  // Ascending. Linear: multiples of 1, 2 or 5 times a power of ten, some five of them. Logarithmic: decades, between
  // them 2 and 5 when there are few, the others small; over less than a decade as on a linear axis.
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  void make_linear();
  void make_logarithmic();

  double lo_;
  double hi_;
  Scale scale_;
  std::vector<Tick> ticks_;
};

}  // namespace cats::suite::plot
