// A C-PS in two places (the hybrid approach of draft-yl-bmwg-cats-02): candidate weights from one that knows what
// changes fast, refined by one that knows what is stable.
#pragma once

#include <vector>

#include "cpsel/selector.h"

namespace cats::cpsel {

// candidate[i] · (1 − load[i]) over the inputs of `local`, scaled to sum 1; a load outside 0 … 1 counts as the nearer
// end. What is not eligible in `local` gets 0. When nothing is left of the candidates, the local weights stand.
// `candidate` has one weight ≥ 0 per input. `by_metric` false, of an algorithm that ignores metrics: candidate[i], so
// that round-robin stays round-robin.
std::vector<double> refine(const std::vector<double>& candidate, const Decision& local, bool by_metric = true);

}  // namespace cats::cpsel
