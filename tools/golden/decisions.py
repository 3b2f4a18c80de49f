"""Trend, balance, worth, weighted sums, peeking and clusters' likeness: Python against R."""

import mpmath as mp
import numpy as np
import r
import scipy.stats as st
import statsmodels.api as sm
from scipy.integrate import quad
from table import agree, version, write


def lehmer(seed):
    state = seed
    while True:
        state = state * 48271 % 2147483647
        yield state


# --- Trend -------------------------------------------------------------------------------------
rows = []
for seed, count in ((5, 14), (6, 28), (9, 5)):
    draw = lehmer(seed)
    effects = [0.4 - 0.01 * d + next(draw) % 100 / 400 for d in range(count)]
    errors = [0.05 + next(draw) % 100 / 1000 for d in range(count)]
    x = sm.add_constant(np.arange(count, dtype=float))
    fit = sm.WLS(effects, x, weights=1 / np.array(errors) ** 2).fit(
        cov_type="fixed scale", cov_kwds={"scale": 1})
    again = r.numbers(f"x <- rma({r.vector(effects)}, sei={r.vector(errors)}, method='FE',"
                      f"mods=~d, data=data.frame(d=0:{count - 1})); c(x$b, x$se, x$pval[2])",
                      ["metafor"])
    slope_p = 2 * st.norm.sf(abs(fit.params[1] / fit.bse[1]))
    values = (*fit.params, *fit.bse, slope_p)
    for mine, other in zip(values, again):
        agree(mine, other, 1e-9, "trend")
    week = (None, None)
    if count >= 14:
        halves = [r.numbers(f"x <- rma({r.vector(effects[a:b])}, sei={r.vector(errors[a:b])},"
                            "method='FE'); c(x$b, x$se)", ["metafor"])
                  for a, b in ((0, 7), (count - 7, count))]
        week = (halves[1][0] - halves[0][0], float(np.hypot(halves[0][1], halves[1][1])))
    for d in range(count):
        rows.append((seed, d, effects[d], errors[d], *values, *week))
write("effect_trend", "weighted least squares with known variances; last minus first week",
      version("statsmodels"), ("series", "day", "effect", "std_error", "intercept", "slope",
                               "intercept_se", "slope_se", "slope_p", "week", "week_se"), rows,
      r.version("metafor") + " (rma, fixed effects, also the weeks)", 1e-10)

# --- Balance: Hotelling's T² -------------------------------------------------------------------
rows = []
for seed, covariates, n_c, n_t in ((2, 1, 20, 30), (4, 3, 60, 50), (8, 5, 800, 1000)):
    draw = lehmer(seed)
    data = np.array([[next(draw) % 1000 / 100 for _ in range(covariates)]
                     for _ in range(n_c + n_t)])
    for j in range(1, covariates):
        data[:, j] += 0.5 * data[:, j - 1]
    data[n_c:, 0] += 0.4
    c, t = data[:n_c], data[n_c:]
    d = t.mean(0) - c.mean(0)
    s = ((n_c - 1) * np.atleast_2d(np.cov(c.T)) + (n_t - 1) * np.atleast_2d(np.cov(t.T))) / (
        n_c + n_t - 2)
    t2 = float(d @ np.linalg.solve(s, d)) / (1 / n_c + 1 / n_t)
    df2 = n_c + n_t - covariates - 1
    f = df2 / (covariates * (n_c + n_t - 2)) * t2
    p = st.f.sf(f, covariates, df2)
    flat = r.vector(data.ravel())
    again = r.numbers(
        f"x <- matrix({flat}, ncol={covariates}, byrow=TRUE); g <- rep(0:1, c({n_c},{n_t}));"
        + ("a <- summary(manova(x ~ g), test='Hotelling')$stats; c(a[1,3], a[1,6])"
           if covariates > 1 else "a <- anova(lm(x ~ g)); c(a[1,4], a[1,5])"))
    agree(f, again[0], 1e-9, "F")
    agree(p, again[1], 1e-9, "p")
    rows.append((seed, covariates, n_c, n_t, t2, f, df2, p))
write("covariate_balance", "Hotelling's two-sample T² with the pooled covariance",
      version("numpy", "scipy"), ("seed", "covariates", "n_c", "n_t", "t_squared", "f", "df2",
                                  "p_value"), rows, r.version() + " (manova)", 1e-9)

# --- Cost and benefit ----------------------------------------------------------------------------
mp.mp.dps = 40
rows = []
for effect, se, units, value, cost, prior_mean, prior_sd in (
        (0.004, 0.002, 5e6, 1.5, 9000, 0, None), (0.01, 0.02, 1e5, 3, 4000, 0, 0.01),
        (-0.5, 0.2, 1000, -2, 100, 0.1, 0.3), (0.001, 0.0001, 1e6, 1, 2500, 0, None),
        (2, 1, 10, 1, 0, -1, 5)):
    m, v = mp.mpf(effect), mp.mpf(se) ** 2
    if prior_sd is not None:
        q = mp.mpf(prior_sd) ** 2
        m, v = (m * q + prior_mean * v) / (q + v), q * v / (q + v)
    net, sd = m * units * value - cost, mp.sqrt(v) * abs(units * value)
    positive = mp.ncdf(net / sd)
    wait = net * positive + sd * mp.npdf(net / sd)
    ship = wait - net
    more = min(wait, ship)
    double, _ = quad(lambda x: max(0.0, float(net + sd * x)) * st.norm.pdf(x), -12, 12,
                     points=[max(-11.9, min(11.9, float(-net / sd)))], epsabs=1e-14, limit=400)
    if wait > 1e-6 * sd:
        agree(wait, double, 1e-8, "E[max(0, net)]")
    rows.append((effect, se, float(units), float(value), float(cost), float(prior_mean), prior_sd,
                 net, sd, positive, ship, wait, more))
write("cost_benefit", "net value of an effect: mean, sd, P(> 0), losses, value of more data",
      version("mpmath") + ", 40 digits",
      ("effect", "std_error", "units", "unit_value", "cost", "prior_mean", "prior_sd", "net_value",
       "net_value_sd", "probability_positive", "loss_of_shipping", "loss_of_waiting",
       "value_of_more_data"), rows, version("scipy") + " quadrature", 1e-10)

# --- Weighted sum --------------------------------------------------------------------------------
rows = []
for w in ((1.0, 0.5, -0.25), (0.2, 0.3, 0.5)):
    d = np.array([0.1, -0.2, 0.35])
    s = np.array([[0.01, 0.004, -0.002], [0.004, 0.02, 0.001], [-0.002, 0.001, 0.03]])
    value, se = float(np.dot(w, d)), float(np.sqrt(np.array(w) @ s @ np.array(w)))
    again = r.numbers(
        f"x <- summary(glht(parm({r.vector(d)}, matrix({r.vector(s.ravel())}, 3)),"
        f"matrix({r.vector(w)}, 1)))$test; c(x$coefficients, x$sigma)", ["multcomp"])
    agree(value, again[0], 1e-10, "w'd")
    agree(se, again[1], 1e-10, "w'Sw")
    rows.append((*w, value, se, 2 * st.norm.sf(abs(value / se))))
write("weighted_sum", "weighted sum of the effects 0.1, -0.2, 0.35 and its error",
      version("numpy", "scipy"), ("w_1", "w_2", "w_3", "value", "std_error", "p_value"), rows,
      r.version("multcomp") + " (glht)", 1e-12)

# --- Peeking -------------------------------------------------------------------------------------
def ever(looks, z, two_sided, nodes=1600):
    """P(a random walk's Z crosses z at some look): trapezoid on a fixed grid of scores."""
    if looks == 1:
        return (2 if two_sided else 1) * st.norm.sf(z)
    reach = 9.0
    exits = (2 if two_sided else 1) * st.norm.sf(z)
    low = -z if two_sided else -reach
    grid, weights = np.polynomial.legendre.leggauss(nodes)
    s = 0.5 * (z - low) * grid + 0.5 * (z + low)
    mass = st.norm.pdf(s) * weights * 0.5 * (z - low)
    for k in range(2, looks + 1):
        root = k**0.5
        limit = z * root
        exits += float(mass @ st.norm.sf(limit - s))
        if two_sided:
            exits += float(mass @ st.norm.cdf(-limit - s))
        if k == looks:
            break
        low = -limit if two_sided else -reach * root
        new = 0.5 * (limit - low) * grid + 0.5 * (limit + low)
        mass = (st.norm.pdf(new[:, None] - s[None, :]) @ mass) * weights * 0.5 * (limit - low)
        s = new
    return exits


rows = []
for looks in (1, 2, 5, 10, 14, 20, 28, 50, 100):
    error = ever(looks, st.norm.isf(0.025), True)
    ship, verdict = ever(looks, st.norm.isf(0.05), False), ever(looks, st.norm.isf(0.05), True)
    if looks <= 5:
        again = r.numbers(
            f"k <- 1:{looks}; R <- outer(k, k, function(a, b) sqrt(pmin(a,b)/pmax(a,b)));"
            f"b <- qnorm(0.975); 1 - pmvnorm(rep(-b,{looks}), rep(b,{looks}), corr=R,"
            "algorithm=Miwa(2048))" if looks > 1 else "2*pnorm(-qnorm(0.975))", ["mvtnorm"])
        agree(error, again[0], 1e-5, f"{looks} looks")
    rows.append((looks, error, ship, verdict))
write("peeking", "ever rejecting at 5 % two-sided; ever P > 0.95; ever either way; flat prior",
      version("numpy", "scipy"), ("looks", "rejects", "ships", "verdicts"), rows,
      r.version("mvtnorm") + " to 1e-5, up to 5 looks", 1e-8)

# --- Likeness within clusters --------------------------------------------------------------------
rows = []
for seed, count in ((3, 6), (11, 40), (50, 300)):
    draw = lehmer(seed)
    values, labels = [], []
    for g in range(count):
        size = 1 + next(draw) % 20
        base = next(draw) % 100
        for _ in range(size):
            values.append(base + next(draw) % 50)
            labels.append(g)
    y, g = np.array(values, float), np.array(labels)
    sizes = np.bincount(g)
    means = np.bincount(g, y) / sizes
    n = len(y)
    msb = (sizes * (means - y.mean()) ** 2).sum() / (count - 1)
    msw = ((y - means[g]) ** 2).sum() / (n - count)
    again = r.numbers(f"anova(lm({r.vector(y)} ~ factor({r.vector(g)})))$`Mean Sq`")
    agree(msb, again[0], 1e-9, "MSB")
    agree(msw, again[1], 1e-9, "MSW")
    m0 = (n - (sizes**2).sum() / n) / (count - 1)
    icc = (msb - msw) / (msb + (m0 - 1) * msw)
    cv2 = sizes.var() / sizes.mean() ** 2
    rows.append((seed, count, icc, n / count, cv2**0.5,
                 1 + ((1 + cv2) * n / count - 1) * max(0, icc)))
write("icc", "intraclass correlation by analysis of variance, and the design effect",
      version("numpy"), ("seed", "clusters", "icc", "mean_size", "size_cv", "design_effect"), rows,
      r.version() + " (anova)", 1e-10)
