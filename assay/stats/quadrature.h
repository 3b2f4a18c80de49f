// Gauss–Legendre nodes and weights on [-1, 1], by Newton's iteration on Legendre's recurrence.
#pragma once

#include <vector>

namespace assay::stats {

struct Quadrature {
  std::vector<double> nodes;
  std::vector<double> weights;
};

// `count` nodes, at least 1; exact for polynomials up to degree 2·count - 1.
Quadrature gauss_legendre(int count);

}  // namespace assay::stats
