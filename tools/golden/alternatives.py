"""Tests of one and of two sides: SciPy and R (t.test, prop.test, fisher.test, wilcox.test)."""

import r
import scipy.stats as st
from table import agree, version, write

SIDES = ("two.sided", "greater", "less")


def sided(z, side):
    return 2 * st.norm.sf(abs(z)) if side == "two.sided" else st.norm.sf(
        z if side == "greater" else -z)


def lehmer(seed, count, levels, add):
    state, out = seed, []
    for _ in range(count):
        state = state * 48271 % 2147483647
        out.append(state % levels + add)
    return out


def one_row(name, seed, n_c, n_t, add, side):
    c, t = lehmer(seed, n_c, 100, 0), lehmer(seed + 1, n_t, 100, add)
    a = side.replace("two.sided", "two-sided")
    xs, ys = r.vector(t), r.vector(c)
    if name == "welch_t":
        test = st.ttest_ind(t, c, equal_var=False, alternative=a)
        interval = test.confidence_interval(0.95)
        again = r.numbers(f"x <- t.test({xs}, {ys}, alternative='{side}');"
                          "c(x$p.value, x$conf.int, x$parameter)")
        agree(test.pvalue, again[0], 1e-11, "t.test p")
        for mine, other in zip(interval, again[1:3]):
            if abs(mine) < 1e300:
                agree(mine, other, 1e-10, "t.test interval")
        return test.pvalue, interval.low, interval.high
    if name == "mann_whitney":
        test = st.mannwhitneyu(t, c, alternative=a, method="asymptotic")
        again = r.numbers(f"wilcox.test({xs}, {ys}, alternative='{side}', exact=FALSE)$p.value")
        agree(test.pvalue, again[0], 1e-11, "wilcox.test")
        return test.pvalue, float("-inf"), float("inf")
    x_c, x_t = sum(v < 50 for v in c), sum(v < 50 for v in t)
    if name == "fisher_exact":
        table = [[x_t, n_t - x_t], [x_c, n_c - x_c]]
        p = st.fisher_exact(table, alternative=a).pvalue
        flat = r.vector([x_t, x_c, n_t - x_t, n_c - x_c])
        again = r.numbers(f"fisher.test(matrix({flat}, 2), alternative='{side}')$p.value")
        agree(p, again[0], 1e-11, "fisher.test")
        return p, float("-inf"), float("inf")
    pooled = (x_c + x_t) / (n_c + n_t)
    z = (x_t / n_t - x_c / n_c) / (pooled * (1 - pooled) * (1 / n_c + 1 / n_t)) ** 0.5
    p = sided(z, side)
    again = r.numbers(f"prop.test({r.vector([x_t, x_c])}, {r.vector([n_t, n_c])},"
                      f"alternative='{side}', correct=FALSE)$p.value")
    agree(p, again[0], 1e-10, "prop.test")
    return p, float("-inf"), float("inf")


rows = []
for name in ("welch_t", "two_proportion_z", "fisher_exact", "mann_whitney"):
    for seed, n_c, n_t, add in ((3, 12, 15, 10), (8, 60, 40, 25), (21, 400, 500, 4)):
        for side in SIDES:
            p, low, high = one_row(name, seed, n_c, n_t, add, side)
            ends = [None if abs(e) == float("inf") else float(e) for e in (low, high)]
            rows.append((name, seed, n_c, n_t, add, side.replace(".", "_"), float(p), *ends))
write("alternatives", "p-values and Welch's intervals of one and two sides, 95 %", version("scipy"),
      ("method", "seed", "n_c", "n_t", "add", "alternative", "p_value", "low", "high"), rows,
      r.version(), 1e-10)
