"""Cluster-robust errors (dense matrices, statsmodels) and Mann-Whitney (SciPy)."""

import numpy as np
import r
import scipy.linalg as la
import scipy.stats as st
import statsmodels.api as sm
from table import agree, version, write


def clusters(seed, count):
    state = seed
    out = []

    def following():
        nonlocal state
        state = state * 48271 % 2147483647
        return state

    for _ in range(count):
        rows = 1 + following() % 20
        base = following() % 100
        out.append([base + following() % 50 for _ in range(rows)])
    return out


rows = []
for seed, g_c, g_t in ((3, 4, 5), (11, 8, 20), (50, 30, 30)):
    control, treatment = clusters(seed, g_c), clusters(seed + 1, g_t)
    y = np.array([v for g in control + treatment for v in g], float)
    w = np.array([0.0] * sum(map(len, control)) + [1.0] * sum(map(len, treatment)))
    label = np.array([i for i, g in enumerate(control + treatment) for _ in g])
    x = np.column_stack([np.ones_like(w), w])
    bread = np.linalg.inv(x.T @ x)
    e = y - x @ (bread @ (x.T @ y))
    n = len(y)
    hat = x @ bread @ x.T
    v0 = np.zeros((2, 2))
    v2 = np.zeros((2, 2))
    columns = []
    for g in range(g_c + g_t):
        at = label == g
        u0 = x[at].T @ e[at]
        v0 += np.outer(u0, u0)
        a = la.fractional_matrix_power(np.eye(at.sum()) - hat[np.ix_(at, at)], -0.5).real
        u2 = x[at].T @ a @ e[at]
        v2 += np.outer(u2, u2)
        rest = np.eye(n) - hat
        columns.append(rest[:, at] @ a @ x[at] @ bread[:, 1])
    cr0 = (bread @ v0 @ bread)[1, 1] ** 0.5
    cr2 = (bread @ v2 @ bread)[1, 1] ** 0.5
    gram = np.array(columns) @ np.array(columns).T
    df = np.trace(gram) ** 2 / (gram**2).sum()
    fit = sm.OLS(y, x).fit(cov_type="cluster",
                           cov_kwds={"groups": label, "use_correction": False})
    agree(fit.bse[1], cr0, 1e-9, "CR0")
    cr1 = float(sum((s := np.array([sum(e[label == i]) for i in range(a, b)])) @ s
                    / sum((label >= a) & (label < b)) ** 2 * (b - a) / (b - a - 1)
                    for a, b in ((0, g_c), (g_c, g_c + g_t)))) ** 0.5
    again = r.numbers(
        f"y <- {r.vector(y)}; w <- {r.vector(w)}; g <- factor({r.vector(label)}); f <- lm(y ~ w);"
        "t <- coef_test(f, vcov='CR2', cluster=g, test='Satterthwaite');"
        "a <- coef_test(f, vcov='CR0', cluster=g, test='z'); c(a$SE[2], t$SE[2], t$df[2])",
        ["clubSandwich"])
    for mine, other, name in zip((cr0, cr2, df), again, ("CR0", "CR2", "df")):
        agree(mine, other, 1e-8, f"clubSandwich {name}")
    rows.append((seed, g_c, g_t, fit.params[1], cr0, cr1, cr2, df))
write("cluster", "difference of row means with CR0, CR1 (per arm), CR2 errors and Satterthwaite df",
      version("numpy", "scipy") + " (dense matrices)",
      ("seed", "g_c", "g_t", "difference", "cr0", "cr1", "cr2", "df"), rows,
      r.version("clubSandwich") + "; " + version("statsmodels") + " (CR0)", 1e-9)

rows = []
for seed, levels, n_c, n_t, shift in ((1, 1000000, 30, 40, 0), (2, 5, 60, 50, 1),
                                      (3, 2, 500, 700, 0), (4, 100, 2000, 1500, 4)):
    state = seed

    def draw(count, add):
        global state
        out = []
        for _ in range(count):
            state = state * 48271 % 2147483647
            out.append(state % levels + add)
        return out

    c, t = draw(n_c, 0), draw(n_t, shift)
    test = st.mannwhitneyu(t, c, use_continuity=True, method="asymptotic")
    again = r.numbers(f"x <- wilcox.test({r.vector(t)}, {r.vector(c)}, exact=FALSE);"
                      "c(x$statistic, x$p.value)")
    agree(test.statistic, again[0], 1e-12, "wilcox.test U")
    agree(test.pvalue, again[1], 1e-10, "wilcox.test p")
    rows.append((seed, levels, n_c, n_t, shift, test.statistic, test.pvalue))
write("mann_whitney", "U of the treatment and two-sided p with ties and continuity",
      version("scipy"), ("seed", "levels", "n_c", "n_t", "shift", "u", "p_value"), rows,
      r.version() + " (wilcox.test)", 1e-10)

if __name__ == "__main__":
    from statsmodels.stats.meta_analysis import combine_effects

    effects = [0.1 * (i * i % 7) - 0.1 for i in range(10)]
    errors = [0.05 + 0.01 * i for i in range(10)]
    dl = combine_effects(np.array(effects), np.array(errors) ** 2, method_re="dl")
    print("shrinkage: tau", repr(float(dl.tau2) ** 0.5))
    three = combine_effects(np.array([0.1, 0.3, -0.05]), np.array([0.01, 0.02, 0.015]))
    print("heterogeneity: Q", repr(float(three.q)), "I²", repr(float(three.i2)),
          "mean", repr(float(three.mean_effect_fe)))
