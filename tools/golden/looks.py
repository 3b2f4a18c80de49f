"""Looks: sequentialized tests and augmentation (mpmath, NumPy), quantile sequences (mpmath)."""

import math

import mpmath as mp
import numpy as np
import scipy.stats as st
from confseq import boundaries
from table import agree, version, write

mp.mp.dps = 60


def isf(tail):
    """Standard normal, from an approximation refined by Newton."""
    x = mp.mpf(float(st.norm.isf(float(tail))))
    for _ in range(6):
        x += (mp.ncdf(-x) - tail) / mp.npdf(x)
    return x


def t_sf(x, df):
    half = mp.betainc(mp.mpf(df) / 2, mp.mpf("0.5"), 0, df / (df + x * x), regularized=True) / 2
    return half if x >= 0 else 1 - half


def t_isf(tail, df):
    x = mp.mpf(float(st.t.isf(float(tail), float(df))))
    return mp.findroot(lambda v: mp.log(t_sf(v, df)) - mp.log(tail), x)


rows = []
for estimate, error, df, t, alpha, g in (
        (1.2, 0.5, 0, 0.3, 0.05, 0.05), (2.5, 0.5, 0, 0.5, 0.05, 0.05),
        (0.9, 0.5, 0, 1, 0.05, 0.05), (0.98, 0.5, 0, 1, 0.05, 0),
        (-1.1, 0.4, 25.5, 0.7, 0.1, 0.1), (-1.1, 0.4, 25.5, 1, 0.1, 0.1),
        (0.2, 0.4, 12, 0.9, 0.01, 0.2), (4, 0.5, 300, 0.25, 0.05, 0.02),
        (3, 0.5, 40, 1.4, 0.05, 0.05),
        (1.5, 0.5, 0, 0.6, 0.05, 0.5), (0.0, 1.0, 0, 0.5, 0.05, 0.05)):
    estimate, error, t0, alpha, g = map(mp.mpf, map(str, (estimate, error, t, alpha, g)))
    t = min(t0, mp.mpf(1))
    statistic = abs(estimate / error)
    z = isf(t_sf(statistic, df)) if df else statistic
    ahead = mp.sqrt(1 - t) * isf(g) if t < 1 else mp.mpf(0)
    bound = (isf(alpha * (1 - g) / 2) + ahead) / mp.sqrt(t)
    critical = t_isf(mp.ncdf(-bound), df) if df else bound
    p = min(mp.mpf(1), 2 * mp.ncdf(-(z * mp.sqrt(t) - ahead)) / (1 - g))
    c = isf(alpha / 2)
    if t < 1:
        rest = mp.sqrt(1 - t)
        level = mp.ncdf((z * mp.sqrt(t) - c) / rest) + mp.ncdf((-z * mp.sqrt(t) - c) / rest)
    else:
        level = mp.mpf(1 if z >= c else 0)
    if t == 1 and g == 0:
        agree(p, 2 * st.norm.sf(float(z)), 1e-12, "the fixed test")
    rows.append((float(estimate), float(error), float(df), float(t0), float(alpha), float(g),
                 estimate - critical * error, estimate + critical * error, p, level))
write("sequentialized", "sequentialized fixed tests: interval, p-value, conditional level",
      version("mpmath") + ", 60 digits",
      ("estimate", "std_error", "df", "information", "alpha", "early_share", "low", "high",
       "p_value", "conditional_level"), rows, version("scipy") + " (starting points, horizon)",
      1e-10)

rows = []
for estimate, error, d, cov, var in (
        (0.03, 0.01, [0.002], [3e-5], [4e-5]), (0.03, 0.01, [0.002, -0.001], [3e-5, 1e-5],
                                                [4e-5, 1e-5, 1e-5, 2e-5]),
        (-5, 2.0, [0.3, 0.2], [1.5, -0.8], [2, 0.3, 0.3, 1]), (1, 0.5, [0.0], [0.0], [1.0])):
    v = np.array(var).reshape(len(d), -1)
    w = np.linalg.solve(v, cov)
    after = error**2 - w @ np.array(cov)
    value = estimate - w @ np.array(d)
    balance = np.array(d) @ np.linalg.solve(v, d)
    # By the conditional normal law of the estimate given the differences.
    joint = np.block([[np.array([[error**2]]), np.array([cov])], [np.array([cov]).T, v]])
    agree(after, 1 / np.linalg.inv(joint)[0, 0], 1e-10, "Schur complement")
    second = (len(d) > 1) * 1
    rows.append((estimate, error, len(d), d[0], d[second], cov[0], cov[second], var[0],
                 var[second], var[-1], value, after**0.5, 2 * st.norm.sf(abs(value) / after**0.5),
                 balance, st.chi2.sf(balance, len(d))))
write("augmentation", "estimates augmented by one or two differences",
      version("numpy", "scipy"),
      ("estimate", "std_error", "size", "d1", "d2", "cov1", "cov2", "v11", "v12", "v22",
       "augmented", "augmented_error", "p_value", "balance", "balance_p"), rows,
      "the Schur complement", 1e-10)


def weight(alpha, target):
    bits = 2 * math.log(1 / alpha)
    return max(target / (bits + math.log(bits + 1)) - 1, 1e-3)


def log_e(count, n, p, alpha, target):
    """ln of the beta mixture, cut at p, over the success chances below p."""
    m = weight(alpha, target)
    p = mp.mpf(str(p))
    a, b = p * m, (1 - p) * m

    def log_integral(x, y):
        return mp.log(mp.betainc(x, y, 0, p))

    return (log_integral(a + count, b + n - count) - log_integral(a, b)
            - count * mp.log(p) - (n - count) * mp.log(1 - p))


def by_confseq(count, n, p, alpha, target):
    """The same by confseq's one-sided mixture; its tuning at 0.025 is ours at 0.05."""
    g, h = 1 - p, p
    return boundaries.beta_binomial_log_mixture(p * n - count, g * h * n, g * h * target, g, h,
                                                0.025, True)


def fewest(n, p, alpha, target):
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if log_e(middle, n, p, alpha, target) < mp.log(2 / mp.mpf(str(alpha))):
            high = middle
        else:
            low = middle + 1
    return low


def closed(n, p, alpha):
    ell = (1.4 * math.log(max(1.0, math.log(2.1 * n))) + math.log(10 / alpha)) / n
    f = 1.5 * math.sqrt(p * (1 - p) * ell) + 0.8 * ell
    return (math.ceil(n * (p - f)) if p > f else 0,
            math.floor(n * (p + f)) + 1 if p + f < 1 else n + 1)


rows = []
for n, p, alpha, target in ((1, 0.5, 0.05, 5000), (50, 0.5, 0.05, 100), (400, 0.9, 0.05, 1000),
                            (5000, 0.99, 0.05, 5000), (20000, 0.99, 0.01, 5000),
                            (3000, 0.05, 0.1, 2000), (100000, 0.999, 0.05, 50000)):
    low = fewest(n, p, alpha, target)
    high = n - fewest(n, round(1 - p, 12), alpha, target) + 1
    within = max(0, int(n * p) - int(2 * math.sqrt(n * p * (1 - p))))
    by_quadrature = None
    if n == 400:  # The mixture as an integral over wrong chances.
        m, q = weight(0.05, target), mp.mpf(str(p))
        breaks = [q * mp.mpf(str(part)) for part in (0, 0.5, 0.7, 0.8, 0.9, 0.94, 0.97, 0.99, 1)]
        a, b = q * m - 1, (1 - q) * m - 1
        top = mp.quad(lambda x: x ** (a + within) * (1 - x) ** (b + n - within), breaks)
        bottom = mp.quad(lambda x: x**a * (1 - x)**b, breaks)
        by_quadrature = mp.log(top / bottom) - within * mp.log(q) - (n - within) * mp.log(1 - q)
        agree(log_e(within, n, p, 0.05, target), by_quadrature, 1e-8, "mixture")
    if target > 1000 and n < 100000:  # confseq loses digits in longer tails.
        agree(log_e(within, n, p, 0.05, target), by_confseq(within, n, p, 0.05, target), 1e-7,
              "confseq")
    rows.append((n, p, alpha, float(target), low, high, *closed(n, p, alpha), within,
                 log_e(within, n, p, 0.05, target)))
write("quantile_sequence", "ranks of quantiles at every look, and evidence of a limit passed",
      version("mpmath") + ", 60 digits",
      ("n", "quantile", "alpha", "target_n", "low", "high", "closed_low", "closed_high", "within",
       "log_e"), rows, "confseq 0.0.11 (log_e), mpmath quadrature", 1e-9)
