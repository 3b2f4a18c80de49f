"""Relative lifts (mpmath), equivalence (statsmodels), Dunnett (SciPy), rates (mpmath), caps."""

import math

import mpmath as mp
import numpy as np
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
    rows.append((c, t, vc, vt, w, *ends, lift - z * se, lift + z * se, *log_ends))
write("lift", "relative lift at 95 %: Fieller (by root finding), delta, log", version("mpmath"),
      ("control", "treatment", "control_variance", "treatment_variance", "covariance",
       "fieller_low", "fieller_high", "delta_low", "delta_high", "log_low", "log_high"), rows,
      "the definition of Fieller's set", 1e-10)

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
    rows.append((n_c, n_t, c.mean(), t.mean(), c.var(ddof=1), t.var(ddof=1), float(low),
                 float(high), first[1], second[1], p, *ends))
write("equivalence", "two one-sided Welch tests and the 90 % interval", version("statsmodels"),
      ("n_c", "n_t", "mean_c", "mean_t", "variance_c", "variance_t", "low", "high", "p_low",
       "p_high", "p_value", "interval_low", "interval_high"), rows, version("scipy"), 1e-10)


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
    rows.append((a_c, b_c, a_t, b_t, better(a_c, a_t), loss, *lifts))
write("gamma_poisson", "P(treatment better), expected loss and lift quantiles of Gamma posteriors",
      version("mpmath") + ", 30 digits",
      ("shape_c", "rate_c", "shape_t", "rate_t", "probability_better", "expected_loss",
       "lift_median", "lift_high"), rows, version("scipy") + " quadrature, F quantiles", 1e-10)

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
    rows.append((seed, n_c, n_t, share, cap, int((c > cap).sum()), int((t > cap).sum()),
                 test.pvalue))
write("winsorize", "one cap from the pooled arms, then Welch's t", version("numpy", "scipy"),
      ("seed", "n_c", "n_t", "share", "cap", "capped_c", "capped_t", "p_value"), rows, "-", 1e-10)
