"""Relative lifts (mpmath), equivalence (statsmodels), Dunnett (SciPy), rates (mpmath), caps.

Checked with R, gbstats and tea-tasting.
"""

import math

import mpmath as mp
import numpy as np
import peers
import r
import scipy.stats as st
from scipy.integrate import quad
from scipy.special import gammainc, gammaincc, ndtr
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW
from table import agree, version, write

mp.mp.dps = 30

# --- Relative lift -----------------------------------------------------------------------------
z = mp.mpf(st.norm.isf(0.025))
rows = []
for c, t, vc, vt, w in (("10", "11", "0.2", "0.3", "0"), ("0.032", "0.0335", "3e-7", "3.2e-7", "0"),
                        ("-4", "-3", "0.1", "0.1", "0.02"), ("5", "20", "1", "9", "0.5"),
                        ("1000", "1000.001", "1e-6", "2e-6", "0")):
    c, t, vc, vt, w = (mp.mpf(float(v)) for v in (c, t, vc, vt, w))
    lift = (t - c) / abs(c)
    rho = t / c

    def outside(q):
        """(t - qc)² - z² Var(t - qc): zero at Fieller's limits."""
        return (t - q * c) ** 2 - z * z * (vt + q * q * vc - 2 * q * w)

    se = mp.sqrt(vt + rho * rho * vc - 2 * rho * w) / abs(c)
    near = [mp.findroot(outside, rho + side * z * se) for side in (-1, 1)]
    ends = sorted(mp.sign(c) * (q - 1) for q in near)
    assert ends[0] < lift < ends[1] and ends[1] - ends[0] > z * se, (ends, lift)
    log_ends = (None, None)
    if c > 0 and t > 0:
        log_ends = [mp.expm1(mp.log(rho) + s * z * se / rho) for s in (-1, 1)]
    values = [float(v) for v in (c, t, vc, vt, w)]
    delta = (lift - z * se, lift + z * se)
    again = r.numbers(
        "c <- {!r}; t <- {!r}; vc <- {!r}; vt <- {!r}; w <- {!r}; z <- qnorm(0.975);"
        "q <- sort(Re(polyroot(c(t^2 - z^2*vt, -2*(t*c - z^2*w), c^2 - z^2*vc))));"
        "v <- matrix(c(vc, w, w, vt), 2, dimnames=list(c('a','b'), c('a','b')));"
        "m <- c(a=c, b=t); d <- deltaMethod(m, 'b/a - 1', vcov.=v)$SE;"
        "l <- if (c > 0) deltaMethod(m, 'log(b/a)', vcov.=v)$SE else NaN; h <- (t - c)/abs(c);"
        "c(sort(sign(c)*(q - 1)), h - z*d, h + z*d, t/c*exp(-z*l) - 1, t/c*exp(z*l) - 1)"
        .format(*values), ["car"])
    # Where a lift is almost 0 its ends are differences near 1.
    for mine, other in zip((*ends, *delta, *log_ends), again):
        if mine is not None:
            agree(1 + mine, 1 + other, 1e-10, "R polyroot and deltaMethod, ratios")
    if w == 0 and c > 0:
        # From sums of squares: digits cancel where the variance is small beside the mean.
        agree(se, peers.gbstats_delta(*values[:4]), 1e-7, "gbstats delta standard error")
        for mine, other in zip(log_ends, peers.tea_log(*values[:4])):
            agree(1 + mine, 1 + other, 1e-10, "tea-tasting log interval, ratios")
    rows.append((*values, *ends, *delta, *log_ends))
write("lift", "relative lift at 95 %: Fieller (by root finding), delta, log", version("mpmath"),
      ("control", "treatment", "control_variance", "treatment_variance", "covariance",
       "fieller_low", "fieller_high", "delta_low", "delta_high", "log_low", "log_high"), rows,
      "the definition of Fieller's set; " + r.version("car") + " (polyroot, deltaMethod); "
      + version("gbstats") + " (delta), " + version("tea-tasting") + " (log)", 1e-10)

# --- Equivalence -------------------------------------------------------------------------------
rows = []
rng = np.random.default_rng(5)
for n_c, n_t, mean_c, mean_t, sd_c, sd_t, low, high in (
        (30, 40, 10, 10.2, 1, 2, -1, 1), (200, 90, 5, 5.3, 3, 1, -0.4, 0.6),
        (8, 5, 0, 0, 1, 1, -2, 1.5), (4000, 4100, 100, 100.05, 20, 21, -2, 2)):
    c, t = rng.normal(mean_c, sd_c, n_c), rng.normal(mean_t, sd_t, n_t)
    compare = CompareMeans(DescrStatsW(t), DescrStatsW(c))
    p = compare.ttost_ind(low, high, usevar="unequal")[0]
    first = compare.ttest_ind(alternative="larger", usevar="unequal", value=low)
    second = compare.ttest_ind(alternative="smaller", usevar="unequal", value=high)
    ends = compare.tconfint_diff(0.10, usevar="unequal")
    agree(first[1], st.ttest_ind(t - low, c, equal_var=False, alternative="greater").pvalue, 1e-9,
          "one side")
    again = r.numbers(
        f"c <- {r.vector(c)}; t <- {r.vector(t)};"
        f"c(t.test(t, c, mu={low!r}, alternative='greater')$p.value,"
        f"t.test(t, c, mu={high!r}, alternative='less')$p.value,"
        "t.test(t, c, conf.level=0.9)$conf.int)")
    for mine, other in zip((first[1], second[1], *ends), again):
        agree(mine, other, 1e-10, "R t.test")
    rows.append((n_c, n_t, c.mean(), t.mean(), c.var(ddof=1), t.var(ddof=1), float(low),
                 float(high), first[1], second[1], p, *ends))
write("equivalence", "two one-sided Welch tests and the 90 % interval", version("statsmodels"),
      ("n_c", "n_t", "mean_c", "mean_t", "variance_c", "variance_t", "low", "high", "p_low",
       "p_high", "p_value", "interval_low", "interval_high"), rows,
      version("scipy") + "; " + r.version() + " (t.test)", 1e-10)


# --- Dunnett -----------------------------------------------------------------------------------
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def outside_given(scale, c, lambdas):
    """P(any |T| > c) when the variance is known up to `scale`: Gauss-Legendre in three pieces."""
    total = 0.0
    for low, high in ((0, 3), (3, 7), (7, 14)):
        x = (high - low) / 2 * NODES + (high + low) / 2
        log_inside = sum(
            np.log1p(-np.minimum(1 - 1e-16, ndtr((l * x - c * scale) / math.sqrt(1 - l * l))
                                 + ndtr((-l * x - c * scale) / math.sqrt(1 - l * l))))
            for l in lambdas)
        density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        total += (high - low) / 2 * float((WEIGHTS * density * -np.expm1(log_inside)).sum())
    return 2 * total


rows = []
for sizes, df, c in (((10, 10, 10, 10), 36, 2.5), ((10, 10, 10, 10), 36, 5.0),
                     ((20, 40, 10, 30), 5, 2.0), ((100, 50, 70, 900), 60, 2.2),
                     ((12, 4, 4, 5), 21, 0.8), ((50, 50, 50, 50), 3, 12.0)):
    lambdas = [math.sqrt(n / (n + sizes[0])) for n in sizes[1:]]
    chi = st.chi(df)
    root = math.sqrt(df)
    ends = (0, chi.isf(1e-30) / root)
    value = quad(lambda s: chi.pdf(s * root) * root * outside_given(s, c, lambdas), *ends,
                 epsabs=0, epsrel=1e-11, limit=200,
                 points=[chi.ppf(q) / root for q in (0.001, 0.5, 0.999)])[0]
    correlation = np.outer(lambdas, lambdas)
    np.fill_diagonal(correlation, 1)
    inside = st.multivariate_t(shape=correlation, df=df, seed=1).cdf(
        [c] * 3, lower_limit=[-c] * 3, maxpts=300_000)
    assert abs((1 - inside) - value) < 1e-4, (value, 1 - inside)
    again = r.numbers(f"R <- outer({r.vector(lambdas)}, {r.vector(lambdas)}); diag(R) <- 1;"
                      f"1 - pmvt(rep(-{c},3), rep({c},3), df={df}, corr=R,"
                      "algorithm=GenzBretz(maxpts=5e6, abseps=1e-7))", ["mvtnorm"])
    assert abs(again[0] - value) < 2e-6, (value, again)
    rows.append((*lambdas, df, c, value))
write("dunnett", "P(max |T| > critical) of three treatments sharing a control",
      version("scipy") + " adaptive quadrature over NumPy's Gauss-Legendre",
      ("lambda_1", "lambda_2", "lambda_3", "df", "critical", "sf"), rows,
      "scipy multivariate_t to 1e-4; " + r.version("mvtnorm") + " to 2e-6", 1e-9)

# --- Gamma-Poisson -----------------------------------------------------------------------------
rows = []
for a_c, b_c, a_t, b_t in (("1", "10", "2", "10"), ("121", "4000", "152", "4100"),
                           ("0.5", "12", "7", "90"), ("1001", "1e5", "1101", "1e5"),
                           ("30", "10", "90", "10"), ("0.3", "1", "3", "2")):
    a_c, b_c, a_t, b_t = (mp.mpf(float(v)) for v in (a_c, b_c, a_t, b_t))

    def better(ac, at):
        return mp.betainc(ac, at, 0, b_c / (b_c + b_t), regularized=True)

    def worse(ac, at):
        return mp.betainc(at, ac, 0, b_t / (b_c + b_t), regularized=True)

    loss = a_c / b_c * worse(a_c + 1, a_t) - a_t / b_t * worse(a_c, a_t + 1)
    top = float(a_c / b_c * 3 + 60 / b_c)
    double = quad(lambda x: gammainc(float(a_t), float(b_t) * x) * gammaincc(
        float(a_c), float(b_c) * x), 0, top, points=[float(a_c / b_c), float(a_t / b_t)],
                  limit=500, epsabs=0)[0]
    agree(loss, double, 1e-6, "loss")
    lifts = []
    for share in (mp.mpf("0.5"), mp.mpf("0.975")):
        start = st.f.ppf(float(share), float(2 * a_t), float(2 * a_c))
        # P(λt/λc <= r) = I_{x}(a_t, a_c), x = r b_t / (b_c + r b_t): Newton in ln r.
        y = mp.log(start * a_t / b_t / (a_c / b_c))
        for _ in range(3):
            x = mp.exp(y) * b_t / (b_c + mp.exp(y) * b_t)
            slope = mp.exp(a_t * mp.log(x) + a_c * mp.log(1 - x)) / mp.beta(a_t, a_c)
            y -= (mp.betainc(a_t, a_c, 0, x, regularized=True) - share) / slope
        lifts.append(mp.expm1(y))
    shapes = [float(v) for v in (a_c, b_c, a_t, b_t)]
    # The ratio of two scaled gammas is a scaled F: P(better), the loss and the lift by R's own F.
    again = r.numbers(
        "a <- {!r}; b <- {!r}; c <- {!r}; d <- {!r}; k <- (c/d)/(a/b);"
        "worse <- function(a, c) pf((a/b)/(c/d), 2*c, 2*a);"
        "c(pf((a/b)/(c/d), 2*c, 2*a, lower.tail=FALSE),"
        "a/b*worse(a + 1, c) - c/d*worse(a, c + 1), k*qf(c(0.5, 0.975), 2*c, 2*a))"
        .format(*shapes))
    for mine, other, label, rel in zip(
            (better(a_c, a_t), loss, *(1 + x for x in lifts)), again,
            ("probability", "loss", "lift", "lift"), (1e-10, 1e-7, 1e-10, 1e-10)):
        agree(mine, other, rel, f"R pf and qf, {label}")
    rows.append((a_c, b_c, a_t, b_t, better(a_c, a_t), loss, *lifts))
write("gamma_poisson", "P(treatment better), expected loss and lift quantiles of Gamma posteriors",
      version("mpmath") + ", 30 digits",
      ("shape_c", "rate_c", "shape_t", "rate_t", "probability_better", "expected_loss",
       "lift_median", "lift_high"), rows,
      version("scipy") + " quadrature, F quantiles; " + r.version() + " (pf, qf)", 1e-10)

# --- Winsorizing -------------------------------------------------------------------------------
rows = []
for seed, n_c, n_t, share in ((1, 50, 60, 0.9), (7, 500, 400, 0.99), (3, 33, 20, 0.5)):
    state = seed
    values = []
    for _ in range(n_c + n_t):
        state = state * 48271 % 2147483647
        values.append((state % 1000 / 100) ** 4)
    values = np.array(values)
    cap = np.quantile(values, share, method="inverted_cdf")
    c, t = values[:n_c], values[n_c:]
    test = st.ttest_ind(np.minimum(t, cap), np.minimum(c, cap), equal_var=False)
    again = r.numbers(
        f"c <- {r.vector(c)}; t <- {r.vector(t)}; k <- quantile(c(c, t), {share!r}, type=1);"
        "c(k, sum(c > k), sum(t > k), t.test(pmin(t, k), pmin(c, k))$p.value)")
    for mine, other in zip((cap, (c > cap).sum(), (t > cap).sum(), test.pvalue), again):
        agree(mine, other, 1e-10, "R quantile and t.test")
    rows.append((seed, n_c, n_t, share, cap, int((c > cap).sum()), int((t > cap).sum()),
                 test.pvalue))
write("winsorize", "one cap from the pooled arms, then Welch's t", version("numpy", "scipy"),
      ("seed", "n_c", "n_t", "share", "cap", "capped_c", "capped_t", "p_value"), rows,
      r.version() + " (quantile, t.test)", 1e-10)
