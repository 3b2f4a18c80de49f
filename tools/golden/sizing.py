"""Sample sizes of two proportions and two means: spec/golden/sizing_*.csv."""

import math

from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.power import normal_sample_size_one_tail
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from table import agree, version, write


def proportion(p1, p2, alpha, power, ratio):
    """Control's n before rounding; ratio is n_treatment / n_control. statsmodels counts n of its
    first group (prop2 + diff) and takes ratio = n2 / n1, so the treatment is the first."""
    return samplesize_proportions_2indep_onetail(
        diff=p1 - p2, prop2=p2, power=power, ratio=ratio, alpha=alpha, alternative="two-sided"
    )


def by_root(p1, p2, alpha, power, k):
    """The same from the power function: the n at which it has this power."""

    def gap(log_n):
        n = math.exp(log_n)
        mean = (p1 + k * p2) / (1 + k)
        null = math.sqrt(mean * (1 - mean) * (1 / n + 1 / (k * n)))
        own = math.sqrt(p1 * (1 - p1) / n + p2 * (1 - p2) / (k * n))
        return norm.cdf((abs(p2 - p1) - norm.isf(alpha / 2) * null) / own) - power

    return math.exp(brentq(gap, 0, 40, xtol=1e-13, rtol=1e-14))


def mean_size(sd, delta, alpha, power, k):
    spread = sd * math.sqrt(1 + 1 / k)
    return normal_sample_size_one_tail(delta, power, alpha / 2, std_null=spread)


def main():
    rows = []
    for p1, relative, alpha, power, k in [
        (0.032, 0.10, 0.05, 0.80, 1), (0.10, 0.01, 0.05, 0.80, 1), (0.12, 0.05, 0.05, 0.80, 1),
        (0.10, 0.10, 0.05, 0.90, 1), (0.5, 0.02, 0.01, 0.95, 1), (0.001, 0.5, 0.05, 0.80, 1),
        (0.9, 0.05, 0.05, 0.80, 1), (0.3, -0.1, 0.05, 0.80, 1), (0.12, 0.04, 0.01, 0.9, 1 / 9),
        (0.12, 0.04, 0.05, 0.8, 3),
    ]:
        p2 = p1 * (1 + relative)
        n = proportion(p1, p2, alpha, power, k)
        agree(n, by_root(p1, p2, alpha, power, k), 1e-9, (p1, p2, k))
        rows.append([p1, relative, alpha, power, k / (1 + k), math.ceil(n), math.ceil(k * n)])
    write("sizing_proportion", "units for two proportions, pooled null variance, two-sided",
          version("statsmodels"), ["baseline", "relative", "alpha", "power", "treatment_share",
                                   "n_control", "n_treatment"], rows,
          checked_with=version("scipy") + " (root of the power function)", rel_tol=0)
    rows = []
    for sd, delta, alpha, power, k in [
        (1, 0.5, 0.05, 0.8, 1), (12.5, 0.3, 0.05, 0.8, 1), (12.5, -0.3, 0.01, 0.9, 1),
        (100, 1, 0.05, 0.8, 1 / 9), (3, 0.01, 0.10, 0.5, 1),
    ]:
        n = mean_size(sd, abs(delta), alpha, power, k)
        se = sd * math.sqrt((1 + 1 / k) / n)
        agree(norm.cdf(abs(delta) / se - norm.isf(alpha / 2)), power, 1e-12, (sd, delta))
        rows.append([sd, delta, alpha, power, k / (1 + k), math.ceil(n), math.ceil(k * n)])
    write("sizing_mean", "units for two means, normal approximation, two-sided",
          version("statsmodels"), ["sd", "absolute", "alpha", "power", "treatment_share",
                                   "n_control", "n_treatment"], rows,
          checked_with=version("scipy") + " (power at that n)", rel_tol=0)


main()
