"""Strata, segments and cells: statsmodels and SciPy against R (sandwich, survey, metafor)."""

import numpy as np
import r
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.meta_analysis import combine_effects
from table import agree, version, write


def lehmer(seed):
    state = seed
    while True:
        state = state * 48271 % 2147483647
        yield state


# --- Post-stratification: the saturated regression with HC2 errors is the same number ----------
rows = []
for seed, strata, n in ((3, 3, 90), (7, 5, 400), (29, 8, 3000)):
    draw = lehmer(seed)
    s, w, y = [], [], []
    for _ in range(n):
        s.append(next(draw) % strata)
        w.append(next(draw) % 2)
        y.append(next(draw) % 100 / 10 + 3 * s[-1] + 0.5 * w[-1] * s[-1])
    s, w, y = np.array(s), np.array(w, float), np.array(y)
    dummies = np.column_stack([s == k for k in range(1, strata)]).astype(float)
    centred = dummies - dummies.mean(0)
    x = np.column_stack([np.ones(n), w, centred, centred * w[:, None]])
    fit = sm.OLS(y, x).fit(cov_type="HC2")
    again = r.numbers(
        f"s <- {r.vector(s)};\nw <- {r.vector(w)}; y <- {r.vector(y)};"
        "d <- model.matrix(~factor(s))[,-1]; d <- scale(d, scale=FALSE);"
        "f <- lm(y ~ w*d); c(coef(f)['w'], sqrt(vcovHC(f, type='HC2')['w','w']))", ["sandwich"])
    agree(fit.params[1], again[0], 1e-9, "estimate")
    agree(fit.bse[1], again[1], 1e-9, "HC2")
    rows.append((seed, strata, n, fit.params[1], fit.bse[1]))
write("poststratification", "difference within strata and its error (saturated regression, HC2)",
      version("statsmodels"), ("seed", "strata", "n", "difference", "std_error"), rows,
      r.version("sandwich"), 1e-9)

# --- Mantel-Haenszel -----------------------------------------------------------------------------
STUDIES = {
    1: [(120, 1000, 150, 1000), (30, 400, 41, 390), (8, 90, 15, 110)],
    2: [(20, 99000, 1, 1000), (5000, 500000, 6000, 500000)],
    3: [(3, 10, 5, 9), (2, 12, 6, 11), (7, 20, 7, 21), (1, 8, 2, 7)],
}
rows = []
for study, strata in STUDIES.items():
    tables = [np.array([[xt, nt - xt], [xc, nc - xc]]) for xc, nc, xt, nt in strata]
    test = StratifiedTable([t.astype(float) for t in tables])
    null = test.test_null_odds(correction=False)
    low, high = test.oddsratio_pooled_confint()
    equal = test.test_equal_odds()
    flat = r.vector(np.concatenate([t.T.ravel() for t in tables]))
    again = r.numbers(f"x <- mantelhaen.test(array({flat}, c(2,2,{len(strata)})), correct=FALSE);"
                      "c(x$statistic, x$p.value, x$estimate, x$conf.int)")
    columns = [r.vector([t[i, j] for t in tables]) for i in (0, 1) for j in (0, 1)]
    bd = r.numbers("x <- rma.mh(ai=%s, bi=%s, ci=%s, di=%s, measure='OR');"
                   "c(x$BD, x$BDp, x$ci.lb)" % tuple(columns), ["metafor"])
    values = (null.statistic, st.chi2.sf(null.statistic, 1), test.oddsratio_pooled, low, high,
              equal.statistic, st.chi2.sf(equal.statistic, len(strata) - 1))
    for mine, other in zip(values, again + bd[:2]):
        agree(mine, other, 1e-8, f"Mantel-Haenszel {study}")
    rows += [(study, *stratum, *values) for stratum in strata]
write("stratified_tables", "Cochran-Mantel-Haenszel, Mantel-Haenszel odds ratio, Breslow-Day",
      version("statsmodels"),
      ("study", "x_c", "n_c", "x_t", "n_t", "chi2", "p_value", "odds_ratio", "low", "high",
       "breslow_day", "breslow_day_p"), rows, r.version("metafor"), 1e-9)

# --- Heterogeneity and shrinkage ---------------------------------------------------------------
rows, shrunk = [], []
for family, count in ((1, 3), (2, 12), (3, 40)):
    draw = lehmer(family)
    effects = [next(draw) % 1000 / 500 - 1 for _ in range(count)]
    errors = [0.05 + next(draw) % 100 / 200 for _ in range(count)]
    fixed = combine_effects(np.array(effects), np.array(errors) ** 2)
    dl = combine_effects(np.array(effects), np.array(errors) ** 2, method_re="dl")
    y, s = r.vector(effects), r.vector(errors)
    again = r.numbers(f"x <- rma({y}, sei={s}, method='FE'); d <- rma({y}, sei={s}, method='DL');"
                      "c(x$QE, x$QEp, x$b, sqrt(d$tau2))", ["metafor"])
    p = st.chi2.sf(fixed.q, count - 1)
    tau = float(dl.tau2) ** 0.5
    for mine, other in zip((fixed.q, p, fixed.mean_effect_fe, tau), again):
        agree(mine, other, 1e-9, f"heterogeneity {family}")
    # metafor's blup with the mean fixed at 0: the posterior of each true effect.
    blup = r.numbers(f"x <- rma({y}, sei={s}, tau2={tau**2!r}); v <- {s}^2; t <- {tau!r}^2;"
                     f"b <- blup(x)$pred; m <- as.numeric(x$b); c(b - (v/(t+v))*m)", ["metafor"])
    for i in range(count):
        rows.append((family, effects[i], errors[i], fixed.q, p, fixed.i2, fixed.mean_effect_fe))
        keep = tau**2 / (tau**2 + errors[i] ** 2)
        agree(keep * effects[i], blup[i], 1e-7, "blup")
        shrunk.append((family, effects[i], errors[i], tau, keep * effects[i],
                       (keep * errors[i] ** 2) ** 0.5))
write("heterogeneity", "Cochran's Q, I² and the precision-weighted effect",
      version("statsmodels"), ("family", "effect", "std_error", "q", "p_value", "i_squared",
                               "common_effect"), rows, r.version("metafor"), 1e-10)
write("shrinkage", "DerSimonian-Laird tau and posterior means, mean of true effects 0",
      version("statsmodels"), ("family", "effect", "std_error", "tau", "posterior_mean",
                               "posterior_sd"), shrunk, r.version("metafor") + " (rma, blup)",
      1e-10)

# --- Interaction of two experiments --------------------------------------------------------------
rows = []
for number, cells in enumerate((
        ((100, 20), (100, 30), (90, 25), (110, 55)), ((5000, 500), (5100, 560), (4900, 480),
                                                      (5000, 590)),
        ((12, 3), (9, 4), (10, 0), (11, 7)), ((100000, 2100), (100400, 2300), (99800, 2150),
                                              (100100, 2552)))):
    n = np.array([c[0] for c in cells], float)
    x = np.array([c[1] for c in cells], float)
    p = x / n
    v = p * (1 - p) / (n - 1)  # s²/n of zeros and ones.
    iota = p[3] - p[1] - p[2] + p[0]
    df = v.sum() ** 2 / (v**2 / (n - 1)).sum()
    pv = 2 * st.t.sf(abs(iota) / v.sum() ** 0.5, df)
    first, second = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    design = np.column_stack([np.ones(4), first, second])
    glm = sm.GLM(np.column_stack([x, n - x]), design, family=sm.families.Binomial()).fit(tol=1e-14)
    logit_p = st.chi2.sf(glm.deviance, 1)
    chi2 = st.chi2_contingency([[n[0], n[1]], [n[2], n[3]]], correction=False)
    again = r.numbers(
        f"x <- {r.vector(x)}; n <- {r.vector(n)}; a <- c(0,1,0,1); b <- c(0,0,1,1);"
        "f <- glm(cbind(x, n-x) ~ a+b, family=binomial, control=list(epsilon=1e-14));"
        "y <- unlist(lapply(1:4, function(i) c(rep(1,x[i]), rep(0,n[i]-x[i]))));"
        "A <- rep(a, n); B <- rep(b, n); l <- lm(y ~ A*B);"
        "c(deviance(f), coef(l)[4], sqrt(vcovHC(l, type='HC2')[4,4]))", ["sandwich"])
    agree(glm.deviance, again[0], 1e-7, "logit LR")
    agree(iota, again[1], 1e-9, "interaction")
    agree(v.sum() ** 0.5, again[2], 1e-9, "HC2")
    flat = [int(q) for c in cells for q in c]
    rows.append((*flat, iota, v.sum() ** 0.5, df, pv, glm.deviance, logit_p, chi2.pvalue))
write("interaction", "interaction of cell means, of logits (likelihood ratio), independence",
      version("scipy", "statsmodels"),
      ("n_00", "x_00", "n_10", "x_10", "n_01", "x_01", "n_11", "x_11", "interaction", "std_error",
       "df", "p_value", "logit_statistic", "logit_p", "independence_p"), rows,
      r.version("sandwich") + " (glm, HC2)", 1e-8)
