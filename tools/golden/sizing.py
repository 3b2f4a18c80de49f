"""Sample sizes, power and detectable effects: spec/golden/sizing_*.csv. Needs R with pwr."""

import math
import subprocess

from scipy.optimize import brentq
from scipy.stats import nct, norm
from scipy.stats import t as student
from statsmodels.stats.power import NormalIndPower, TTestIndPower, normal_sample_size_one_tail
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from table import agree, version, write


def r_version(*packages):
    code = "cat(R.version.string)" + "".join(f'; cat(", {p}", packageDescription("{p}")$Version)'
                                             for p in packages)
    return subprocess.run(["Rscript", "-e", code], capture_output=True, text=True,
                          check=True).stdout


def in_r(expressions):
    """The values of R expressions, to 17 digits."""
    lines = ["library(pwr)"] + [f'cat(sprintf("%.17g\\n", {each}))' for each in expressions]
    done = subprocess.run(["Rscript", "-"], input="\n".join(lines), capture_output=True, text=True,
                          check=True)
    return [float(line) for line in done.stdout.split()]


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


def sizes():
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


def r_designs():
    """R's own planners: the power at n, the effect found at n with that power, and n itself."""
    designs, asked = [], []
    for p1, p2, n, alpha, sides in [
        (0.032, 0.0352, 49777, 0.05, "two"), (0.1, 0.101, 1419073, 0.05, "two"),
        (0.1, 0.12, 500, 0.05, "two"), (0.5, 0.6, 200, 0.01, "two"),
        (0.2, 0.23, 1000, 0.025, "one"), (0.001, 0.0015, 60000, 0.05, "one"),
    ]:
        common = f'sig.level={alpha}, alternative="{sides}.sided", tol=1e-15'
        designs.append(["pooled", p1, p2 - p1, 0, n, alpha, sides])
        power = f"power.prop.test(n={n}, p1={p1}, p2={p2}, {common})$power"
        asked += [power, f"power.prop.test(p1={p1}, p2={p2}, power={power}, {common})$n"]
        tail = alpha / (2 if sides == "two" else 1)
        designs.append(["arcsine", p1, p2 - p1, 0, n, alpha, sides])
        rule = f'sig.level={tail!r}, alternative="greater"'
        power = f"pwr.2p.test(ES.h({p2}, {p1}), n={n}, {rule})$power"
        asked += [power, str(n)]
    for sd, delta, n, alpha, sides in [
        (1, 0.5, 64, 0.05, "two"), (1, 1, 6, 0.05, "two"), (12.5, 0.3, 20000, 0.01, "two"),
        (45, 2, 5000, 0.05, "one"), (3, 4, 4, 0.05, "one"), (2, 0.02, 150000, 0.05, "two"),
    ]:
        common = f'sd={sd}, sig.level={alpha}, alternative="{sides}.sided"'
        designs.append(["welch_t", 0, delta, sd, n, alpha, sides])
        power = f"power.t.test(n={n}, delta={delta}, {common})$power"
        asked += [power, f"power.t.test(delta={delta}, power={power}, {common}, tol=1e-10)$n"]
    values = in_r(asked)
    rows = []
    for design, power, n in zip(designs, values[::2], values[1::2]):
        kind, p1, delta, sd, units, alpha, sides = design
        tail = alpha / (2 if sides == "two" else 1)
        if kind == "pooled":
            agree(units, by_root(p1, p1 + delta, 2 * tail, power, 1), 1e-9, design)
        if kind == "arcsine":
            h = 2 * math.asin(math.sqrt(p1 + delta)) - 2 * math.asin(math.sqrt(p1))
            other = NormalIndPower().power(h, units, tail, alternative="larger")
            agree(other, power, 1e-11, design)
        if kind == "welch_t" and units < 1e6:
            agree(TTestIndPower().power(delta / sd, units, tail, alternative="larger"), power,
                  1e-9, design)
        agree(n, units, 1e-6, design)
        rows.append([kind, p1, delta, sd, units, alpha, sides, power])
    write("sizing_power", "power of two variants at n units each", r_version("pwr"),
          ["kind", "baseline", "effect", "sd", "n", "alpha", "sides", "power"], rows,
          checked_with=version("statsmodels", "scipy"), rel_tol=1e-10)


def t_sum(distances, df, alpha):
    """1 minus the chance to miss on any of the sides, each a one-sided noncentral t."""
    return 1 - sum(nct.cdf(student.isf(alpha, df), df, each) for each in distances)


def margins():
    """Non-inferiority and equivalence of means, and clusters, at n units in each variant."""
    rows = []
    for aim, sd, margin, truth, n, alpha in [
        ("noninferiority", 1, -0.3, 0, 140, 0.05), ("noninferiority", 10, 1.5, 0.5, 1300, 0.025),
        ("noninferiority", 4, -1, 0.2, 60, 0.05), ("equivalence", 1, 0.4, 0, 150, 0.05),
        ("equivalence", 5, 1, 0.2, 600, 0.05), ("equivalence", 2, 1.5, -0.3, 40, 0.025),
    ]:
        df, se = 2 * n - 2, sd * math.sqrt(2 / n)
        if aim == "equivalence":
            power = t_sum([(margin - truth) / se, (margin + truth) / se], df, alpha)
        else:
            power = t_sum([abs(margin - truth) / se], df, alpha)
            [other] = in_r([f'power.t.test(n={n}, delta={abs(margin - truth)!r}, sd={sd}, '
                            f'sig.level={alpha}, alternative="one.sided")$power'])
            agree(power, other, 1e-9, (aim, n))
        rows.append([aim, sd, margin, truth, n, alpha, 1, 0, 0, power])
    for sd, delta, n, alpha, size, icc, cv in [
        (1, 0.3, 600, 0.05, 30, 0.05, 0), (12, 2, 4000, 0.05, 100, 0.01, 0.8),
        (1, 0.5, 200, 0.05, 20, 0.1, 0), (5, 1, 20000, 0.01, 400, 0.02, 0.5),
    ]:
        deff = 1 + ((1 + cv * cv) * size - 1) * icc
        df = 2 * n / size - 2
        power = t_sum([delta / (sd * math.sqrt(2 * deff / n))], df, alpha / 2)
        rows.append(["superiority", sd, delta, 0, n, alpha, size, icc, cv, power])
    write("sizing_margin", "power of margins (one-sided alpha) and of clusters, n units each",
          version("scipy"), ["aim", "sd", "effect", "truth", "n", "alpha", "cluster_size", "icc",
                             "size_cv", "power"], rows,
          checked_with=r_version() + " (power.t.test for non-inferiority)", rel_tol=1e-10)


if __name__ == "__main__":
    sizes()
    r_designs()
    margins()
