"""Proportions (statsmodels), contrasts (statsmodels, SciPy), clustered quantiles (NumPy).

Checked with R, gbstats and tea-tasting.
"""

import math

import numpy as np
import peers
import r
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.proportion import proportions_ztest
from table import agree, version, write

# --- Proportions -------------------------------------------------------------------------------
rows = []
for x_c, n_c, x_t, n_t in (
    (3200, 100000, 3350, 100000), (5, 20, 11, 25), (1, 1000, 9, 900), (56, 70, 48, 80),
    (0, 30, 6, 40), (400, 400, 390, 401), (123456, 9876543, 124456, 9876000), (1, 2, 1, 3),
):
    for alpha in (0.05, 0.001):
        z, p = proportions_ztest([x_t, x_c], [n_t, n_c])
        chi2 = st.chi2_contingency([[x_t, n_t - x_t], [x_c, n_c - x_c]], correction=False)
        agree(z * z, chi2.statistic, 1e-9, "z² and chi-square")
        again = r.numbers(f"x <- prop.test({r.vector([x_t, x_c])}, {r.vector([n_t, n_c])},"
                          f"correct=FALSE, conf.level={1 - alpha!r}); c(x$p.value, x$conf.int)")
        agree(p, again[0], 1e-9, "prop.test")
        newcombe = confint_proportions_2indep(
            x_t, n_t, x_c, n_c, method="newcomb", compare="diff", alpha=alpha)
        wald = confint_proportions_2indep(
            x_t, n_t, x_c, n_c, method="wald", compare="diff", alpha=alpha)
        for mine, other in zip(wald, again[1:]):
            agree(max(-1, min(1, mine)), other, 1e-8, "prop.test interval")
        wilson = proportion_confint(x_t, n_t, alpha, method="wilson")
        rows.append((x_c, n_c, x_t, n_t, alpha, z, p, *newcombe, *wald, *wilson))
write("proportion", "two-proportion z, Newcombe, Wald and Wilson intervals", version("statsmodels"),
      ("x_c", "n_c", "x_t", "n_t", "alpha", "z", "p_value", "newcombe_low", "newcombe_high",
       "wald_low", "wald_high", "wilson_low", "wilson_high"), rows,
      version("scipy") + " (chi-square), " + r.version() + " (prop.test)", 1e-10)


# --- Contrasts ---------------------------------------------------------------------------------
def samples(seed, n_c, n_t):
    """The same Lehmer generator as contrast_test.cc; hundredths, so sums are nearly exact."""
    state = seed
    rows = []

    def following():
        nonlocal state
        state = state * 48271 % 2147483647
        return state % 1000 / 100

    for i in range(n_c + n_t):
        before, second = following(), following()
        size = 1 + math.floor(following())
        outcome = before + 0.5 * second + following() + (0.7 if i >= n_c else 0) + size
        rows.append((outcome, size, before, second))
    table = np.array(rows)
    return table[:n_c], table[n_c:]


def fieller(mc, mt, vc, vt, w, c):
    """Roots of (mt - q mc)² = c² Var(mt - q mc), by NumPy's polynomial roots."""
    coefficients = [mc * mc - c * c * vc, -2 * (mc * mt - c * c * w), mt * mt - c * c * vt]
    return sorted(q.real - 1 for q in np.roots(coefficients))


def mean_row(c, t):
    y_c, y_t = c[:, 0], t[:, 0]
    test = st.ttest_ind(y_t, y_c, equal_var=False)
    low, _ = test.confidence_interval(0.95)
    vc, vt = y_c.var(ddof=1) / len(y_c), y_t.var(ddof=1) / len(y_t)
    p, gb_low, gb_error = peers.gbstats_mean(y_c, y_t)
    agree(test.pvalue, p, 1e-9, "gbstats Welch p")
    agree(low, gb_low, 1e-9, "gbstats Welch interval")
    agree(math.sqrt(vc + vt), gb_error, 1e-10, "gbstats Welch standard error")
    p, tea_low = peers.tea_mean(y_c, y_t)
    agree(test.pvalue, p, 1e-9, "tea-tasting Welch p")
    agree(low, tea_low, 1e-9, "tea-tasting Welch interval")
    crit = st.t.isf(0.025, test.df)
    relative = fieller(y_c.mean(), y_t.mean(), vc, vt, 0, crit)
    return (y_t.mean() - y_c.mean(), math.sqrt(vc + vt), 0.0, test.pvalue, low, *relative)


def ratio_arm(a):
    """Ratio of means: standard error by regression through weights (delta method, n-1)."""
    ratio = a[:, 0].sum() / a[:, 1].sum()
    linear = (a[:, 0] - ratio * a[:, 1]) / a[:, 1].mean()
    return ratio, linear


def ratio_row(c, t):
    (rc, lc), (rt, lt) = ratio_arm(c), ratio_arm(t)
    vc, vt = lc.var(ddof=1) / len(lc), lt.var(ddof=1) / len(lt)
    for arm, ratio, variance in ((c, rc, vc), (t, rt, vt)):
        again = r.numbers(
            f"d <- data.frame(n={r.vector(arm[:, 0])}, m={r.vector(arm[:, 1])});"
            "x <- svyratio(~n, ~m, svydesign(~1, data=d, weights=~rep(1, nrow(d))));"
            "c(coef(x), vcov(x))", ["survey"])
        agree(ratio, again[0], 1e-10, "svyratio")
        agree(variance, again[1], 1e-9, "svyratio variance")
        for mine, other in zip((ratio, variance), peers.gbstats_ratio(arm)):
            agree(mine, other, 1e-10, "gbstats ratio and variance")
    se = math.sqrt(vc + vt)
    z = st.norm.isf(0.025)
    d = rt - rc
    for mine, other in zip((2 * st.norm.sf(abs(d / se)), d - z * se), peers.tea_ratio(c, t)):
        agree(mine, other, 1e-9, "tea-tasting ratio p and interval")
    return (d, se, 0.0, 2 * st.norm.sf(abs(d / se)), d - z * se, *fieller(rc, rt, vc, vt, 0, z))


def adjusted(lc, lt, xc, xt, base_c, base_t):
    """Weighted least squares with weights 1/(n(n-1)) gives the variance-minimizing slope."""
    nc, nt = len(lc), len(lt)
    y = np.concatenate([lc - lc.mean(), lt - lt.mean()])
    x = np.concatenate([xc - xc.mean(0), xt - xt.mean(0)])
    w = np.concatenate([np.full(nc, 1 / (nc * (nc - 1))), np.full(nt, 1 / (nt * (nt - 1)))])
    theta = sm.WLS(y, x, weights=w).fit().params
    shift = theta @ (xt.mean(0) - xc.mean(0))
    ac, at = lc - xc @ theta, lt - xt @ theta
    vc, vt = ac.var(ddof=1) / nc, at.var(ddof=1) / nt
    if theta.size == 1:
        slope = float(theta[0])
        (mc, peer_c), (mt, peer_t) = (peers.gbstats_adjusted(l, x[:, 0], slope)
                                      for l, x in ((lc, xc), (lt, xt)))
        agree(vc + vt, peer_c + peer_t, 1e-9, "gbstats CUPED variance, given the slope")
        agree(base_t - base_c - slope * (xt.mean() - xc.mean()),
              base_t - lt.mean() - base_c + lc.mean() + mt - mc, 1e-9,
              "gbstats CUPED difference, given the slope")
    # Arm values at the pooled covariate mean; joint variance from the stacked per-arm means.
    sc, s_t = nc / (nc + nt), nt / (nc + nt)
    cov_c = np.cov(lc, xc @ theta) / nc
    cov_t = np.cov(lt, xt @ theta) / nt
    gc, gt = np.array([1, -s_t]), np.array([0, s_t])      # control' in (y_c, θx_c), (y_t, θx_t)
    hc, ht = np.array([0, sc]), np.array([1, -sc])        # treatment'
    var_c = gc @ cov_c @ gc + gt @ cov_t @ gt
    var_t = hc @ cov_c @ hc + ht @ cov_t @ ht
    cov = gc @ cov_c @ hc + gt @ cov_t @ ht
    raw = lc.var(ddof=1) / nc + lt.var(ddof=1) / nt
    agree(vc + vt, var_c + var_t - 2 * cov, 1e-9, "variance of the adjusted difference")
    return (base_c + s_t * shift, base_t - sc * shift, vc, vt, var_c, var_t, cov,
            1 - (vc + vt) / raw)


def cuped_row(c, t, ratio, covariates):
    xc, xt = c[:, 2:2 + covariates], t[:, 2:2 + covariates]
    if ratio:
        (base_c, lc), (base_t, lt) = ratio_arm(c), ratio_arm(t)
    else:
        lc, lt = c[:, 0], t[:, 0]
        base_c, base_t = lc.mean(), lt.mean()
    mc, mt, vc, vt, var_c, var_t, cov, reduction = adjusted(lc, lt, xc, xt, base_c, base_t)
    d, se = mt - mc, math.sqrt(vc + vt)
    if ratio:
        crit, p = st.norm.isf(0.025), 2 * st.norm.sf(abs(d / se))
    else:
        df = (vc + vt) ** 2 / (vc**2 / (len(lc) - 1) + vt**2 / (len(lt) - 1))
        crit, p = st.t.isf(0.025, df), 2 * st.t.sf(abs(d / se), df)
    return (d, se, reduction, p, d - crit * se, *fieller(mc, mt, var_c, var_t, cov, crit))


rows = []
for seed, n_c, n_t in ((1, 40, 60), (7, 500, 100), (99, 3000, 3000)):
    c, t = samples(seed, n_c, n_t)
    rows.append(("mean", seed, n_c, n_t, 0, 0, *mean_row(c, t)))
    rows.append(("ratio", seed, n_c, n_t, 1, 0, *ratio_row(c, t)))
    for covariates in (1, 2):
        for ratio in (0, 1):
            rows.append(("cuped", seed, n_c, n_t, ratio, covariates,
                         *cuped_row(c, t, ratio, covariates)))
write("contrast", "mean, ratio and CUPED contrasts with Welch/z and Fieller at alpha 0.05",
      version("scipy", "statsmodels", "numpy") + " (WLS slope, rows not moments)",
      ("kind", "seed", "n_c", "n_t", "denominator", "covariates", "difference", "std_error",
       "variance_reduction", "p_value", "low", "relative_low", "relative_high"), rows,
      "the identity of both forms of the adjusted variance; " + r.version("survey")
      + " (svyratio); " + version("gbstats", "tea-tasting"), 1e-9)


# --- Clustered quantiles -----------------------------------------------------------------------
def clustered(seed, units):
    state = seed
    rows = []

    def following():
        nonlocal state
        state = state * 48271 % 2147483647
        return state

    for unit in range(units):
        count = 1 + following() % 7
        base = following() % 500
        rows += [(unit, base + following() % 300) for _ in range(count)]
    return np.array(rows)


rows = []
for seed, units in ((5, 60), (17, 1000), (23, 5000)):
    data = clustered(seed, units)
    values = np.sort(data[:, 1])
    n = len(values)
    for q in (0.5, 0.9, 0.95):
        point = np.quantile(values, q, method="inverted_cdf")
        frame = np.zeros((units, 2))
        np.add.at(frame, (data[:, 0], 0), data[:, 1] <= point)
        np.add.at(frame, (data[:, 0], 1), 1)
        share, linear = ratio_arm(frame)
        error = linear.std(ddof=1) / math.sqrt(units)
        z = st.norm.isf(0.025)
        low, high = math.floor(n * (q - z * error)), math.ceil(n * (q + z * error))
        if low < 1 or high > n:
            continue
        spread = values[high - 1] - values[low - 1]
        again = r.numbers(
            f"v <- {r.vector(data[:, 1])}; u <- {r.vector(data[:, 0])}; p <- quantile(v, {q!r}, "
            "type=1); d <- data.frame(s=as.vector(tapply(v <= p, u, sum)), "
            "m=as.vector(tapply(v, u, length)));"
            "x <- svyratio(~s, ~m, svydesign(~1, data=d, weights=~rep(1, nrow(d))));"
            f"e <- sqrt(vcov(x)[1]); z <- qnorm(0.975); n <- length(v); w <- sort(v);"
            f"c(p, e, (w[ceiling(n*({q!r} + z*e))] - w[floor(n*({q!r} - z*e))])/(2*z))",
            ["survey"])
        for mine, other, label in zip((point, error, spread / (2 * z)), again,
                                      ("value", "error of the rank", "standard error")):
            agree(mine, other, 1e-10, f"R quantile, {label}")
        agree(error**2, peers.gbstats_ratio(frame)[1], 1e-10, "gbstats variance of the rank")
        rows.append((seed, units, q, n, float(point), spread / (2 * z)))
write("quantile", "type-1 quantile of clustered rows and its outer-interval standard error",
      version("numpy", "scipy"), ("seed", "units", "q", "rows", "value", "std_error"), rows,
      r.version("survey") + " (quantile, svyratio); " + version("gbstats") + " (of the rank)",
      1e-12)
