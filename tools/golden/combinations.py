"""Every combination of metric, CUPED with a gappy covariate, clusters, arms and inference, from
their definitions in NumPy; point estimates also by weighted least squares in statsmodels.

Writes the rows (combinations_rows.csv, a table for `assay analyze --table`) and the answers."""

import math

import numpy as np
import scipy.stats as st
import statsmodels.api as sm
from table import FOLDER, agree, version, write

ALPHA, TARGET, Q = 0.05, 5000, 0.75
COLUMNS = ("user", "store", "variant", "bought", "spend", "clicks", "views", "latency", "before")


def table():
    state = 20261122
    rows = []

    def following(levels):
        nonlocal state
        state = state * 48271 % 2147483647
        return state % levels

    for store in range(330):
        arm = store % 3
        taste = following(40)
        for _ in range(1 + following(4)):
            before = taste + following(60)
            views = 1 + following(9) + taste // 10
            clicks = min(views, following(4) + (before > 60) + (arm == 2))
            spend = before + following(50) + 6 * arm
            bought = int(following(100) < 20 + before // 2 + 5 * arm)
            rows.append((len(rows), store, "abc"[arm], bought, spend,
                         clicks, views, 100 + 2 * before + following(90) - 9 * arm,
                         None if following(4) == 0 else before))
    return rows


ROWS = table()
lines = [",".join(COLUMNS)]
lines += [",".join("" if v is None else str(v) for v in row) for row in ROWS]
(FOLDER / "combinations_rows.csv").write_text("\n".join(lines) + "\n")
DATA = {name: np.array([row[i] if row[i] is not None else np.nan for row in ROWS],
                       dtype=object if name == "variant" else float)
        for i, name in enumerate(COLUMNS)}


def covariates():
    x = DATA["before"]
    gap = np.isnan(x)
    return np.column_stack([np.where(gap, np.nanmean(x), x) - np.nanmean(x), gap - gap.mean()])


def per_unit(column, at, unit):
    """Sums of `column` over the rows `at`, per unit in order of appearance."""
    labels, place = np.unique(unit[at], return_inverse=True)
    out = np.zeros((len(labels),) + column.shape[1:])
    np.add.at(out, place, column[at])
    return out


def quantile_values(y, unit, at):
    """Type-1 quantile, and pseudo-values with its outer interval's scale (Deng et al. 2018)."""
    v = np.sort(y[at])
    n = len(v)
    q = v[math.ceil(n * Q * (1 - 1e-14)) - 1]
    below, rows = per_unit((y <= q).astype(float), at, unit), per_unit(np.ones_like(y), at, unit)
    share = below.sum() / n
    k = len(rows)
    residual = below - share * rows
    sigma = math.sqrt((residual**2).sum() * k / (k - 1)) / n
    z = st.norm.isf(0.025)
    low, high = math.floor(n * (Q - z * sigma)), math.ceil(n * (Q + z * sigma))
    error = (v[high - 1] - v[low - 1]) / (2 * z)
    return q, q - error / sigma * residual * k / n


def arm(metric, clustered, variant):
    """Value, per-unit pseudo-values with that mean, and covariates of one arm."""
    at = DATA["variant"] == variant
    unit = DATA["store" if clustered else "user"]
    x = per_unit(covariates(), at, unit)
    if metric == "latency":
        value, y = quantile_values(DATA["latency"], unit, at)
        return value, y, x
    top = per_unit(DATA[metric], at, unit)
    if metric == "clicks":
        bottom = per_unit(DATA["views"], at, unit)
    else:
        bottom = per_unit(np.ones(len(ROWS)), at, unit)
    value = top.sum() / bottom.sum()
    return value, value + (top - value * bottom) / bottom.mean(), x


def contrast(metric, cuped, clustered, variant):
    (m_c, y_c, x_c), (m_t, y_t, x_t) = arm(metric, clustered, "a"), arm(metric, clustered, variant)
    n_c, n_t = len(y_c), len(y_t)
    if not cuped:
        x_c, x_t = np.zeros((n_c, 0)), np.zeros((n_t, 0))

    def joint(y, x):
        return np.atleast_2d(np.cov(np.column_stack([y, x]), rowvar=False)) / len(y)

    s_c, s_t = joint(y_c, x_c), joint(y_t, x_t)
    both = s_c + s_t
    theta = np.linalg.solve(both[1:, 1:], both[1:, 0]) if cuped else np.zeros(0)
    shift = x_t.mean(0) - x_c.mean(0) if cuped else np.zeros(0)
    share_c, share_t = n_c / (n_c + n_t), n_t / (n_c + n_t)
    # (control', treatment') as weights on (y_c, x_c, y_t, x_t).
    p = len(theta)
    weights = np.zeros((2, 2 * (1 + p)))
    weights[0, 0], weights[1, 1 + p] = 1, 1
    weights[0, 1:1 + p], weights[0, 2 + p:] = -share_t * theta, share_t * theta
    weights[1, 1:1 + p], weights[1, 2 + p:] = share_c * theta, -share_c * theta
    sigma = np.zeros((2 * (1 + p), 2 * (1 + p)))
    sigma[:1 + p, :1 + p], sigma[1 + p:, 1 + p:] = s_c, s_t
    v = weights @ sigma @ weights.T
    c, t = m_c + share_t * theta @ shift, m_t - share_c * theta @ shift
    v_c = (y_c - x_c @ theta).var(ddof=1) / n_c
    v_t = (y_t - x_t @ theta).var(ddof=1) / n_t
    df = (v_c + v_t) ** 2 / (v_c**2 / (n_c - 1) + v_t**2 / (n_t - 1))
    if not clustered and metric in ("clicks", "latency"):
        df = None
    if cuped:
        w = np.r_[np.zeros(n_c), np.ones(n_t)]
        fit = sm.WLS(np.r_[y_c, y_t], np.column_stack([np.ones(n_c + n_t), w, np.r_[x_c, x_t]]),
                     weights=1 / np.where(w, n_t * (n_t - 1), n_c * (n_c - 1))).fit()
        agree(fit.params[1], t - c, 1e-8, f"{metric} by WLS")
    agree(v[0, 0] + v[1, 1] - 2 * v[0, 1], v_c + v_t, 1e-9, "variance")
    return c, t, v, df, n_c + n_t


def fieller(c, t, v, k):
    a = c * c - k * k * v[0, 0]
    b = c * t - k * k * v[0, 1]
    d = t * t - k * k * v[1, 1]
    assert a > 0
    root = math.sqrt(b * b - a * d)
    return (b - root) / a - 1, (b + root) / a - 1


def answers(c, t, v, df, n, method):
    error = math.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1])
    z = (t - c) / error
    p = better = None
    if method == "fixed":
        law = st.norm if df is None else st.t(df)
        critical, p = law.isf(ALPHA / 2), 2 * law.sf(abs(z))
    elif method == "bayesian":
        critical, better = st.norm.isf(ALPHA / 2), st.norm.cdf(z)
    else:
        bits = 2 * math.log(1 / ALPHA)
        k = n * (bits + math.log(bits + 1)) / TARGET
        critical = math.sqrt(2 * (1 + 1 / k) * math.log(math.sqrt(k + 1) / ALPHA))
        p = min(1.0, math.sqrt(k + 1) * math.exp(-z * z / 2 * k / (k + 1)))
    low, high = fieller(c, t, v, critical)
    return (t - c, error, t - c - critical * error, t - c + critical * error, p, better, low, high)


rows = []
for metric in ("spend", "bought", "clicks", "latency"):
    for cuped in (0, 1):
        for clustered in (0, 1):
            for variant in "bc":
                found = contrast(metric, cuped, clustered, variant)
                for method in ("fixed", "sequential", "bayesian"):
                    rows.append((metric, cuped, clustered, variant, method)
                                + answers(*found, method))
write("combinations", "every combination over combinations_rows.csv: fixed, sequential, Bayesian",
      version("numpy", "scipy"),
      ("metric", "cuped", "clustered", "variant", "method", "estimate", "std_error", "low", "high",
       "p_value", "probability_better", "relative_low", "relative_high"), rows,
      version("statsmodels") + " (estimates with CUPED: WLS)", 1e-9)
