"""Exact rank tests (SciPy) and estimates after a group-sequential stop (SciPy quadrature)."""

import itertools
import math

import numpy as np
import r
import scipy.stats as st
from scipy.integrate import quad
from scipy.optimize import brentq
from table import agree, version, write

# --- Exact Mann-Whitney ------------------------------------------------------------------------
rows = []
for seed, n_c, n_t, levels in ((1, 5, 6, 1000), (2, 8, 3, 10), (3, 7, 7, 4), (4, 20, 25, 10**6),
                               (5, 1, 9, 3), (6, 25, 25, 10**6)):
    state = seed
    values = []
    for _ in range(n_c + n_t):
        state = state * 48271 % 2147483647
        values.append(state % levels)
    ranks = st.rankdata(values)
    if len(set(values)) == len(values):
        p = st.mannwhitneyu(values[n_c:], values[:n_c], method="exact").pvalue
    else:
        centre = n_t * (n_c + n_t + 1) / 2
        far = abs(ranks[n_c:].sum() - centre)
        sums = np.array([ranks[list(c)].sum()
                         for c in itertools.combinations(range(n_c + n_t), n_t)])
        p = float(np.mean(np.abs(sums - centre) >= far - 1e-9))
    again = r.numbers(f"v <- {r.vector(values)}; g <- factor(rep(0:1, c({n_c}, {n_t})));"
                      "pvalue(wilcox_test(v ~ g, distribution=exact()))", ["coin"])
    agree(p, again[0], 1e-10, "coin wilcox_test")
    rows.append((seed, n_c, n_t, levels, p))
write("mann_whitney_exact", "two-sided exact p of the rank sum (enumerated where there are ties)",
      version("scipy", "numpy"), ("seed", "n_c", "n_t", "levels", "p_value"), rows,
      r.version("coin") + " (wilcox_test)", 1e-12)


# --- After a group-sequential stop at the second look ------------------------------------------
def spent(t, alpha=0.05):
    return 4 * st.norm.sf(st.norm.isf(alpha / 4) / math.sqrt(t))


def beyond(c, t1, t2, limit, drift):
    """P(|Z1| < c, Z2 >= limit) at a drift."""
    step = t2 - t1
    return quad(lambda z: st.norm.pdf(z - drift * math.sqrt(t1)) * st.norm.sf(
        (limit * math.sqrt(t2) - z * math.sqrt(t1) - drift * step) / math.sqrt(step)), -c, c,
                epsabs=1e-14, epsrel=1e-13, limit=200)[0]


rows = []
for t1, t2, z, se in ((0.5, 1.0, 2.3, 0.1), (0.5, 1.0, 1.2, 3.0), (0.3, 0.7, 2.9, 1.0),
                      (0.8, 0.9, -2.2, 0.5)):
    c1 = st.norm.isf(spent(t1) / 2)

    def tail(drift):
        return st.norm.sf(c1 - drift * math.sqrt(t1)) + beyond(c1, t1, t2, z, drift)

    ends = [brentq(lambda d: tail(d) - q, -12, 12, xtol=1e-13) for q in (0.5, 0.025, 0.975)]
    paths = np.random.default_rng(1).normal(size=(400_000, 2)) * np.sqrt([t1, t2 - t1])
    scores = np.cumsum(paths + ends[0] * np.array([t1, t2 - t1]), axis=1)
    first = scores[:, 0] / math.sqrt(t1)
    share = np.mean((first >= c1) | ((np.abs(first) < c1) & (scores[:, 1] >= z * math.sqrt(t2))))
    assert abs(share - 0.5) < 0.004, share
    rows.append((t1, t2, z, se, *(e * se * math.sqrt(t2) for e in ends)))
write("stagewise", "median-unbiased estimate, 95 % interval at the second look (O'Brien-Fleming)",
      version("scipy") + " quadrature",
      ("information_1", "information_2", "z", "std_error", "estimate", "low", "high"), rows,
      "simulated paths to 0.004", 1e-8)
