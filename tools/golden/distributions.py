"""Tails and quantiles: mpmath at 50 digits, checked with SciPy."""

import mpmath as mp
import scipy.special as sp
import scipy.stats as st
from table import agree, version, write

mp.mp.dps = 50


def normal_sf(x):
    return mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2


def betainc(a, b, x):
    """Regularized incomplete beta by the continued fraction of Lentz (DLMF 8.17.22)."""
    a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    if x > (a + 1) / (a + b + 2):
        return 1 - betainc(b, a, 1 - x)
    if x == 0:
        return mp.mpf(0)
    front = mp.exp(a * mp.log(x) + b * mp.log(1 - x) - mp.log(a)
                   - mp.loggamma(a) - mp.loggamma(b) + mp.loggamma(a + b))
    c, d = mp.mpf(1), 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 100000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + even * d)
        c = 1 + even / c
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + odd * d)
        c = 1 + odd / c
        value *= c * d
        if abs(c * d - 1) < mp.mpf(10) ** -45:
            return front * value
    raise ArithmeticError("no convergence")


def t_sf(x, df):
    x, df = mp.mpf(x), mp.mpf(df)
    half = betainc(df / 2, mp.mpf(1) / 2, df / (df + x * x)) / 2
    return half if x >= 0 else 1 - half


def chi2_sf(x, df):
    return mp.gammainc(mp.mpf(df) / 2, mp.mpf(x) / 2, regularized=True)


def gamma_sf(x, shape, rate):
    return mp.gammainc(mp.mpf(shape), mp.mpf(x) * mp.mpf(rate), regularized=True)


def f_sf(x, d1, d2):
    x, d1, d2 = mp.mpf(x), mp.mpf(d1), mp.mpf(d2)
    return betainc(d2 / 2, d1 / 2, d2 / (d2 + d1 * x))


def beta_sf(x, a, b):
    return betainc(mp.mpf(b), mp.mpf(a), 1 - mp.mpf(x))


def binomial_sf(k, n, p):
    return betainc(mp.mpf(k) + 1, mp.mpf(n) - k, mp.mpf(p))


rows = []


def add(function, x, a, b, value, check, rel=1e-8):
    agree(value, check, rel, f"{function}({x},{a},{b})")
    rows.append((function, float(x), float(a), float(b), float(value)))


for x in (-40.0, -8.0, -1.0, 0.0, 0.3, 1.96, 6.0, 20.0, 37.0):
    add("normal_sf", x, 0, 0, normal_sf(x), st.norm.sf(x))
    add("normal_log_sf", x, 0, 0, mp.log(normal_sf(x)), st.norm.logsf(x))
for x in (50.0, 300.0, 1e4):
    add("normal_log_sf", x, 0, 0, mp.log(normal_sf(x)), st.norm.logsf(x))
for df in (0.5, 1.0, 2.5, 10.0, 99.7, 1e4, 1e7):
    for x in (-3.0, 0.1, 1.96, 5.0, 30.0):
        add("t_sf", x, df, 0, t_sf(x, df), st.t.sf(x, df), 1e-6)
for df in (1.0, 2.0, 7.5, 300.0, 1e5):
    for factor in (0.2, 0.9, 1.1, 3.0):
        add("chi2_sf", df * factor, df, 0, chi2_sf(df * factor, df),
            st.chi2.sf(df * factor, df), 1e-6)
for d1, d2 in ((1.0, 1.0), (3.0, 40.0), (12.5, 7.0), (200.0, 1000.0)):
    for x in (0.2, 1.0, 2.0, 9.0):
        add("f_sf", x, d1, d2, f_sf(x, d1, d2), st.f.sf(x, d1, d2), 1e-6)
for a, b in ((0.5, 0.5), (2.0, 30.0), (500.0, 1500.0), (1.0, 1.0), (3200.0, 96800.0)):
    for x in (0.03, 0.25, 0.5):
        value = beta_sf(x, a, b)
        if value > mp.mpf(10) ** -290:
            add("beta_sf", x, a, b, value, st.beta.sf(x, a, b), 1e-6)
for shape, rate in ((0.5, 2.0), (30.0, 0.1), (1e5, 1e3)):
    for factor in (0.9, 1.0, 1.1):
        x = shape / rate * factor
        value = gamma_sf(x, shape, rate)
        if value > mp.mpf(10) ** -290:
            add("gamma_sf", x, shape, rate, value, st.gamma.sf(x, shape, scale=1 / rate), 1e-6)
for n, p in ((10, 0.5), (100, 0.01), (10000, 0.3), (1000000, 0.05)):
    for z in (-2, 0, 3):
        k = int(n * p + z * (n * p * (1 - p)) ** 0.5)
        add("binomial_sf", k, n, p, binomial_sf(k, n, p), st.binom.sf(k, n, p), 1e-6)
for x, df, delta in ((1.0, 10.0, 0.5), (2.0, 98.0, 2.8), (1.97, 198.0, 2.8), (1.66, 40.0, 0.0)):
    from scipy.stats import nct

    value = mp.quad(
        lambda w: mp.mpf(2) * w * (mp.mpf(df) / 2) ** (mp.mpf(df) / 2) / mp.gamma(mp.mpf(df) / 2)
        * w ** (mp.mpf(df) - 2) * mp.exp(-mp.mpf(df) * w * w / 2)
        * mp.ncdf(mp.mpf(x) * w - mp.mpf(delta)),
        [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 6],
    )
    add("noncentral_t_cdf", x, df, delta, value, nct.cdf(x, df, delta), 1e-7)
for a, b in ((0.5, 0.5), (3.0, 1e8), (150.0, 200.0), (1e6, 2e6), (1e-3, 500.0), (99.0, 101.0)):
    exact = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + b)
    add("log_beta", 0, a, b, exact, sp.betaln(a, b), 1e-6)

write("distributions", "upper tails, ln tails and ln Beta; arguments x, a, b",
      "mpmath, 50 digits, " + version("mpmath"), ("function", "x", "a", "b", "value"), rows,
      version("scipy") + "; tails below 1e-100 are conditioned to 1e-11 in double", 1e-11)

quantiles = []


def invert(f, near):
    """The root of f near a double-precision guess: secant steps until 40 digits stand still."""
    x0, x1 = mp.mpf(float(near)), mp.mpf(float(near)) * (1 + mp.mpf(10) ** -9)
    y0, y1 = f(x0), f(x1)
    while y1 != y0 and abs(x1 - x0) > abs(x1) * mp.mpf(10) ** -40:
        x0, y0, x1 = x1, y1, x1 - y1 * (x1 - x0) / (y1 - y0)
        y1 = f(x1)
    return x1


for p in (1e-300, 1e-12, 1e-4, 0.0125, 0.025, 0.3, 0.7, 0.999):
    value = invert(lambda x: mp.log(normal_sf(x)) - mp.log(mp.mpf(p)), st.norm.isf(p))
    quantiles.append(("normal_isf", p, 0.0, 0.0, float(value)))
    for df in (1.0, 3.3, 50.0, 4000.0):
        if p < 1e-100:
            continue
        value = invert(lambda x: mp.log(t_sf(x, df)) - mp.log(mp.mpf(p)), st.t.isf(p, df))
        quantiles.append(("t_isf", p, df, 0.0, float(value)))
    for df in (1.0, 4.0, 120.0):
        if p < 1e-100:
            continue
        value = invert(lambda x: mp.log(chi2_sf(x, df)) - mp.log(mp.mpf(p)), st.chi2.isf(p, df))
        quantiles.append(("chi2_isf", p, df, 0.0, float(value)))
for p in (0.001, 0.025, 0.5, 0.975):
    for a, b in ((0.5, 0.5), (3.0, 98.0), (3201.0, 96801.0)):
        value = invert(lambda x: betainc(a, b, x) - mp.mpf(p), st.beta.ppf(p, a, b))
        quantiles.append(("beta_quantile", p, a, b, float(value)))
    for d1, d2 in ((4.0, 9.0), (200.0, 180.0)):
        value = invert(lambda x: 1 - f_sf(x, d1, d2) - mp.mpf(p), st.f.ppf(p, d1, d2))
        quantiles.append(("f_quantile", p, d1, d2, float(value)))
    for shape, rate in ((0.5, 2.0), (300.0, 0.1)):
        value = invert(lambda x: 1 - gamma_sf(x, shape, rate) - mp.mpf(p),
                       st.gamma.ppf(p, shape, scale=1 / rate))
        quantiles.append(("gamma_quantile", p, shape, rate, float(value)))
write("quantiles", "inverse tails and quantiles at p with parameters a, b",
      "mpmath root finding, 50 digits, " + version("mpmath"), ("function", "p", "a", "b", "value"),
      quantiles, "started from " + version("scipy"), 1e-11)
