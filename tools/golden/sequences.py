"""Sequential and Bayesian answers, sample ratios, margins, e-BH and the bootstrap's weights.

Sources: SciPy, mpmath, R, ssrm-test and gbstats, two for each where two exist.
"""

import math

import mpmath as mp
import numpy as np
import r
import scipy.stats as st
from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic
from scipy.special import betaln, gammaln
from ssrm_test.ssrm_test import sequential_p_values
from table import agree, version, write

mp.mp.dps = 40

# --- Sample ratio, at one look -------------------------------------------------------------------
rows = []
for counts, shares in (((44700, 45489), (1, 1)), ((8220, 7800), (1, 1)), ((5, 1), (1, 1)),
                       ((3, 1), (1, 4)), ((1000, 1100, 2050), (1, 1, 2)), ((12, 9, 20), (1, 1, 1)),
                       ((500000, 502500), (1, 1)), ((7, 0), (1, 1))):
    n, plan = sum(counts), np.array(shares) / sum(shares)
    test = st.chisquare(counts, n * plan)
    p = test.pvalue
    again = r.numbers(f"chisq.test({r.vector(counts)}, p={r.vector(shares)}, rescale.p=TRUE)"
                      "$p.value")
    if len(counts) == 2 and min(n * plan) < 5:
        p = st.binomtest(counts[0], n, plan[0]).pvalue
        again = r.numbers(f"binom.test({counts[0]}, {n}, {float(plan[0])!r})$p.value")
    agree(p, again[0], 1e-9, "sample ratio")
    three = (*counts, None)[:3], (*shares, None)[:3]
    rows.append((*three[0], *three[1], test.statistic, p))
write("srm", "chi-square against the plan; exact binomial where an expected count is below 5",
      version("scipy"), ("n_1", "n_2", "n_3", "share_1", "share_2", "share_3", "statistic",
                         "p_value"), rows, r.version() + " (chisq.test, binom.test)", 1e-10)

# --- Sample ratio, at any look -----------------------------------------------------------------
rows = []
for counts, shares, c in (((60, 40), (0.5, 0.5), 100), ((300, 270), (0.5, 0.5), 1000),
                          ((90, 30), (0.75, 0.25), 10), ((20, 30, 10), (0.25, 0.5, 0.25), 50)):
    a = [c * s for s in shares]
    log_e = (mp.loggamma(sum(a)) - sum(mp.loggamma(x) for x in a)
             + sum(mp.loggamma(x + n) for x, n in zip(a, counts))
             - mp.loggamma(sum(a) + sum(counts))
             - sum(n * mp.log(s) for n, s in zip(counts, shares)))
    data = np.array([np.array(counts)])
    peer = sequential_p_values(data, np.array(shares), dirichlet_probability=np.array(shares),
                               dirichlet_concentration=c)[-1]
    p = min(mp.mpf(1), mp.exp(-log_e))
    agree(p, peer, 1e-9, "ssrm-test")
    rows.append((*(*counts, None)[:3], *(*shares, None)[:3], float(c), log_e, p))
write("srm_sequential", "multinomial e-value (ln E) against the plan, Dirichlet mixture",
      version("mpmath"), ("n_1", "n_2", "n_3", "share_1", "share_2", "share_3", "concentration",
                          "log_e", "p_value"), rows, version("ssrm-test"), 1e-10)

# --- Confidence sequences: gbstats ---------------------------------------------------------------
CASES = [(n_c, m_c, v_c, n_t, m_t, v_t) for n_c, m_c, v_c, n_t, m_t, v_t in (
    (1000, 10.0, 25.0, 1100, 10.4, 27.0), (5000, 3.0, 2.0, 5000, 3.1, 2.0),
    (300, 0.12, 0.11, 320, 0.05, 0.05), (100000, 52.0, 400.0, 99000, 52.5, 410.0))]
rows = []
for n_c, m_c, v_c, n_t, m_t, v_t in CASES:
    for alpha, target in ((0.05, 5000), (0.01, 40000)):
        v = mp.mpf(v_c) / n_c + mp.mpf(v_t) / n_t
        n, d = n_c + n_t, mp.mpf(m_t) - m_c
        bits = -2 * mp.log(alpha)
        k = n * (bits + mp.log(bits + 1)) / target
        half = mp.sqrt(v * 2 * (k + 1) / k * mp.log(mp.sqrt(k + 1) / alpha))
        p = min(mp.mpf(1), mp.sqrt(k + 1) * mp.exp(-d * d / v * k / (2 * (k + 1))))

        def arm(size, mean, variance):
            return SampleMeanStatistic(n=size, sum=mean * size,
                                       sum_squares=variance * (size - 1) + size * mean**2)

        peer = SequentialTwoSidedTTest(
            arm(n_c, m_c, v_c), arm(n_t, m_t, v_t),
            SequentialConfig(difference_type="absolute", alpha=alpha,
                             sequential_tuning_parameter=target))
        low, high = peer.confidence_interval
        agree(half, (high - low) / 2, 1e-8, "gbstats interval")
        if p > 1e-12:
            agree(p, peer.p_value, 1e-6, "gbstats p")
        rows.append((n_c, m_c, v_c, n_t, m_t, v_t, alpha, float(target), d - half, d + half, p))
write("confidence_sequence", "asymptotic confidence sequence of a difference of means",
      version("mpmath"), ("n_c", "mean_c", "var_c", "n_t", "mean_t", "var_t", "alpha", "target_n",
                          "low", "high", "p_value"), rows, version("gbstats"), 1e-10)

# --- Normal posterior: gbstats -----------------------------------------------------------------
rows = []
for n_c, m_c, v_c, n_t, m_t, v_t in CASES:
    for sd in (None, 0.02, 0.3):
        v = mp.mpf(v_c) / n_c + mp.mpf(v_t) / n_t
        d = mp.mpf(m_t) - m_c
        mean, var = d, v
        if sd is not None:
            q = (mp.mpf(sd) * m_c) ** 2
            mean, var = d * q / (q + v), q * v / (q + v)
        s = mp.sqrt(var)
        loss = s * mp.npdf(mean / s) - mean * mp.ncdf(-mean / s)
        prior = GaussianPrior(0, 1 if sd is None else sd**2, sd is not None)
        config = EffectBayesianConfig(difference_type="absolute", prior_effect=prior,
                                      prior_type="relative", alpha=0.05)
        peer = EffectBayesianABTest(arm(n_c, m_c, v_c), arm(n_t, m_t, v_t), config)
        result = peer.compute_result()
        agree(mp.ncdf(mean / s), result.chance_to_win, 1e-7, "gbstats chance to win")
        agree(loss, result.risk[1], 1e-6, "gbstats risk")
        z = mp.mpf(st.norm.isf(0.025))
        rows.append((n_c, m_c, v_c, n_t, m_t, v_t, sd, mean, s, mean - z * s, mp.ncdf(mean / s),
                     loss))
write("normal_normal", "normal posterior of a difference; prior N(0, sd²) on the relative lift",
      version("mpmath"), ("n_c", "mean_c", "var_c", "n_t", "mean_t", "var_t", "prior_sd", "mean",
                          "sd", "low", "probability_better", "expected_loss"), rows,
      version("gbstats"), 1e-10)

# --- mSPRT: the mixture by quadrature ------------------------------------------------------------
rows = []
for d, se, tau, alpha in ((0.4, 0.1, 0.3, 0.05), (-0.02, 0.01, 0.05, 0.05), (0.1, 0.5, 0.2, 0.01),
                          (3.0, 0.4, 1.0, 0.001)):
    x, s, t = mp.mpf(d), mp.mpf(se), mp.mpf(tau)
    e = mp.quad(lambda u: mp.exp(-(x - u) ** 2 / (2 * s * s) + x * x / (2 * s * s)) * mp.npdf(
        u, 0, t), [-20 * t, -t, 0, x * t**2 / (t**2 + s**2), t, 20 * t])

    def log_e_at(null):
        y = x - null
        return mp.log(s / mp.sqrt(s * s + t * t)) + t * t * y * y / (2 * s * s * (s * s + t * t))

    agree(mp.log(e), log_e_at(0), 1e-12, "mixture")
    low = mp.findroot(lambda u: log_e_at(u) + mp.log(alpha), (x - 10 * s, x - s / 2),
                      solver="anderson")
    rows.append((d, se, tau, alpha, mp.log(e), min(mp.mpf(1), 1 / e), low, 2 * x - low))
write("msprt", "normal mixture likelihood ratio (quadrature), p and interval (root)",
      version("mpmath"), ("estimate", "std_error", "tau", "alpha", "log_e", "p_value", "low",
                          "high"), rows, "the closed form", 1e-10)

# --- Conversions and one share at any look -------------------------------------------------------
rows = []
for x_c, x_t, share in ((120, 170, 0.5), (3, 9, 0.5), (1000, 300, 0.2), (0, 12, 0.5)):
    log_e = (mp.log(mp.beta(1 + x_t, 1 + x_c)) - x_t * mp.log(share)
             - x_c * mp.log(1 - mp.mpf(share)))
    double = betaln(1 + x_t, 1 + x_c) - x_t * math.log(share) - x_c * math.log1p(-share)
    agree(log_e, double, 1e-9, "conversion e-value")
    rows.append((x_c, x_t, share, log_e))
write("conversion_e_value", "ln of the Beta(1, 1) mixture over the binomial at the traffic's share",
      version("mpmath"), ("x_c", "x_t", "share", "log_e"), rows, version("scipy"), 1e-10)

rows = []
for x, n, alpha in ((0, 50000, 0.05), (3, 1000, 0.05), (480, 1000, 0.01), (1000, 1000, 0.05),
                    (123456, 1000000, 0.05)):
    constant = mp.log(mp.beta(mp.mpf(x) + 0.5, mp.mpf(n) - x + 0.5) / mp.pi)

    def excess(q):
        return constant - x * mp.log(q) - (n - x) * mp.log(1 - q) + mp.log(alpha)

    inside, ends = mp.mpf(x) / n, []
    for far in (mp.mpf(10) ** -30, 1 - mp.mpf(10) ** -30):
        if (x == 0 and far < 0.5) or (x == n and far > 0.5):
            ends.append(mp.mpf(0 if x == 0 else 1))
            continue
        near = min(max(inside, mp.mpf(10) ** -25), 1 - mp.mpf(10) ** -25)
        a, b = near, far
        for _ in range(160):
            m = (a + b) / 2
            a, b = (m, b) if excess(m) < 0 else (a, m)
        ends.append(b)
    for end in ends:  # The same martingale in SciPy's arithmetic touches 1/alpha there.
        if 0 < end < 1:
            q = float(end)
            value = (gammaln(x + 0.5) + gammaln(n - x + 0.5) - gammaln(n + 1) - math.log(math.pi)
                     - x * math.log(q) - (n - x) * math.log1p(-q))
            assert abs(value + math.log(alpha)) < 1e-5, (x, n, value)
    rows.append((x, n, alpha, *ends))
write("proportion_sequence", "where the Beta(1/2, 1/2) mixture martingale reaches 1/alpha",
      version("mpmath") + " bisection", ("x", "n", "alpha", "low", "high"), rows,
      version("scipy") + " (martingale at the ends, 1e-5)", 1e-10)

# --- Margins: Welch's one-sided bounds on y_t - (1 - margin)·y_c, and the one-sided sequence ------
rows = []
for n_c, n_t, shift, margin in ((40, 50, 0.1, 0.05), (200, 180, -0.3, 0.1), (30, 30, 0.0, 0.0)):
    state, values = 17, []
    for _ in range(n_c + n_t):
        state = state * 48271 % 2147483647
        values.append(5 + state % 100 / 10)
    c, t = np.array(values[:n_c]), np.array(values[n_c:]) + shift
    k = 1 - margin
    # The degrees of freedom are those of the difference (both arms unscaled).
    vc, vt = c.var(ddof=1) / n_c, t.var(ddof=1) / n_t
    df = (vc + vt) ** 2 / (vc**2 / (n_c - 1) + vt**2 / (n_t - 1))
    form, se = t.mean() - k * c.mean(), math.sqrt(vt + k * k * vc)
    width = st.t.isf(0.05, df) * se
    again = r.numbers(f"qt(0.05, t.test({r.vector(t)}, {r.vector(c)})$parameter, "
                      "lower.tail=FALSE)")
    agree(width / se, again[0], 1e-10, "quantile")
    if margin == 0:
        bound = r.numbers(f"t.test({r.vector(t)}, {r.vector(c)}, alternative='greater')$conf.int")
        agree(form - width, bound[0], 1e-9, "t.test")
    bits = -2 * mp.log(mp.mpf("0.05"))
    rr = (n_c + n_t) * (bits + mp.log(bits + 1)) / 5000
    wide = mp.mpf(se) * mp.sqrt(2 * (rr + 1) / rr * mp.log(1 + mp.sqrt(rr + 1) / mp.mpf("0.1")))
    move = -margin * c.mean()
    rows.append((n_c, n_t, shift, margin, form + move, form - width + move, form + width + move,
                 form - wide + move, form + wide + move))
write("noninferiority", "one-sided 95 % bounds for a margin relative to the control",
      version("scipy", "mpmath"), ("n_c", "n_t", "shift", "margin", "value", "fixed_low",
                                   "fixed_high", "sequence_low", "sequence_high"), rows,
      r.version() + " (t.test)", 1e-10)

# --- e-BH: from the definition -------------------------------------------------------------------
rows = []
for family, values in enumerate(((5.0, 1.0, 0.0), (4.0, 3.7, 3.5, -1.0), (10.0,), (2.9, 2.9, 3.1),
                                 tuple((k * 37 % 101) / 14 for k in range(40)))):
    count = len(values)
    best = max((k for k in range(1, count + 1)
                if sum(1 for v in values if math.exp(v) >= count / (0.05 * k)) >= k), default=0)
    line = count / (0.05 * best) if best else math.inf
    found = [math.exp(v) >= line for v in values]
    # The same is Benjamini and Hochberg's rule on 1/e.
    again = r.numbers(f"p.adjust(exp(-{r.vector(values)}), 'BH') <= 0.05")
    assert found == [x == 1 for x in again], (found, again)
    rows += [(family, v, each) for v, each in zip(values, found)]
write("e_bh", "which e-values stand at 5 %: the largest k with k of them at least K/(alpha k)",
      version(), ("family", "log_e", "rejected"), [(a, b, int(c)) for a, b, c in rows],
      r.version() + " (p.adjust of 1/e)", 0)

# --- Best of several -----------------------------------------------------------------------------
rows = []
for shapes in (((5, 96), (9, 92), (7, 94)), ((101, 901), (121, 881)),
               ((1, 1), (2, 1), (1, 2), (3, 3)), ((40, 60), (5, 5), (400, 600))):
    shapes = [(mp.mpf(a), mp.mpf(b)) for a, b in shapes]
    best = []
    for i, (a, b) in enumerate(shapes):
        cuts = sorted({float(x) for s in shapes for x in (
            s[0] / sum(s), *(max(0.001, min(0.999, s[0] / sum(s) + k * mp.sqrt(
                s[0] * s[1] / sum(s) ** 2 / (sum(s) + 1)))) for k in (-8, -3, 3, 8)))} | {0.0, 1.0})
        with mp.workdps(22):
            best.append(mp.quad(
                lambda x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b) * mp.fprod(
                    mp.betainc(c, d, 0, x, regularized=True)
                    for j, (c, d) in enumerate(shapes) if j != i), cuts))
        others = "*".join(f"pbeta(x,{float(c)!r},{float(d)!r})"
                          for j, (c, d) in enumerate(shapes) if j != i)
        mean = float(a / (a + b))
        again = sum(r.numbers(
            f"f <- function(x) dbeta(x,{float(a)!r},{float(b)!r})*{others};"
            f"sapply(list(c(0,{mean!r}), c({mean!r},1)), function(q)"
            "integrate(f, q[1], q[2], rel.tol=1e-11, subdivisions=2000)$value)"))
        agree(best[-1], again, 1e-7, "R's integrate")
    agree(sum(best), 1, 1e-12, "sum of probabilities")
    for i, (a, b) in enumerate(shapes):
        rows.append((len(rows) - i, i, a, b, best[i]))
write("beta_binomial_best", "P(each Beta posterior is the largest); rows of one family share first",
      version("mpmath") + " quadrature", ("first", "arm", "a", "b", "probability_best"), rows,
      r.version() + " (integrate)", 1e-9)

# --- The bootstrap's weights, again in Python ----------------------------------------------------
MASK = (1 << 64) - 1


def fmix64(h):
    h ^= h >> 33
    h = h * 0xff51afd7ed558ccd & MASK
    h ^= h >> 33
    h = h * 0xc4ceb9fe1a85ec53 & MASK
    return h ^ (h >> 33)


CUTS = np.cumsum([24110, 24109, 12054, 4018, 1005, 201, 33]) - 32768


def weight(key, replicate, seed):
    mixed = fmix64(key ^ fmix64(seed + 1))
    product = (mixed ^ fmix64(replicate // 4 + 1)) * (mixed ^ 0xe7037ed1a0b428db)
    lane = ((product & MASK) ^ (product >> 64)) >> (16 * (replicate % 4)) & 0xffff
    signed = lane - 65536 if lane >= 32768 else lane
    return sum(1 for cut in CUTS if signed >= cut)


rows = []
for seed, n_c, n_t, replicates in ((0, 40, 50, 199), (7, 25, 25, 1000)):
    state, units = 23, []
    for i in range(n_c + n_t):
        state = state * 48271 % 2147483647
        units.append((i if i < n_c else (1 << 32) + i - n_c, 1 + state % 50, 1 + state % 4))
    values = []
    for group in (units[:n_c], units[n_c:]):
        weights = np.array([[weight(k, b, seed) for k, _, _ in group] for b in range(replicates)])
        x, d = np.array([u[1] for u in group]), np.array([u[2] for u in group])
        values.append(((weights @ x) / (weights @ d), x.sum() / d.sum()))
    draws = np.sort(values[1][0] - values[0][0])
    k = math.floor(0.025 * (replicates + 1) + 1e-9)
    again = r.numbers(f"x <- sort({r.vector(draws)}); c(x[{k}], x[{replicates + 1 - k}], sd(x))")
    agree(draws.std(ddof=1), again[2], 1e-12, "sd")
    rows.append((seed, n_c, n_t, replicates, values[1][1] - values[0][1], again[0], again[1],
                 again[2]))
write("bootstrap", "Poisson bootstrap of a ratio with the same hashed weights: percentiles, sd",
      version("numpy"), ("seed", "n_c", "n_t", "replicates", "difference", "low", "high",
                         "std_error"), rows, r.version() + " (order statistics, sd)", 1e-12)
