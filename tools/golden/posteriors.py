"""Credible limits of differences and lifts of Beta and Gamma posteriors: few units, many, and one
posterior far narrower than the other.

The distribution function of the difference or of the ratio is integrated and inverted with mpmath;
SciPy's quadrature checks that the limits hold their shares. Writes posterior_limits.
"""

import mpmath as mp
from scipy import integrate, stats

from table import agree, version, write

mp.mp.dps = 22

CASES = [  # family, control, treatment: shape and shape, or shape and rate
    ("beta", (1, 4), (2, 2)),
    ("beta", (1, 11), (1, 11)),
    ("beta", (0.5, 10.5), (10.5, 0.5)),
    ("beta", (33, 969), (42, 960)),
    ("beta", (902, 103), (3, 22)),
    ("beta", (2, 2), (4001, 4001)),
    ("gamma", (1, 10), (1, 5)),
    ("gamma", (4, 50), (10, 60)),
    ("gamma", (2, 1), (4001, 4000)),
    ("gamma", (120.5, 4000), (151.5, 4100)),
]


class Posterior:
    def __init__(self, family, a, b):
        self.beta, self.a, self.b = family == "beta", mp.mpf(a), mp.mpf(b)
        self.mean = self.a / (self.a + self.b) if self.beta else self.a / self.b
        n = self.a + self.b
        self.sd = (mp.sqrt(self.a * self.b / (n + 1)) / n if self.beta
                   else mp.sqrt(self.a) / self.b)
        self.log_c = (mp.log(mp.beta(self.a, self.b)) if self.beta
                      else mp.loggamma(self.a) - self.a * mp.log(self.b))

    def pdf(self, x):
        rest = (self.b - 1) * mp.log1p(-x) if self.beta else -self.b * x
        return mp.exp((self.a - 1) * mp.log(x) + rest - self.log_c)

    def cdf(self, x):
        if x <= 0:
            return mp.mpf(0)
        if self.beta:
            return mp.betainc(self.a, self.b, 0, min(x, mp.mpf(1)), regularized=True)
        return mp.gammainc(self.a, 0, self.b * x, regularized=True)

    def pieces(self, low, high):
        """Where to cut an integral over the density."""
        cuts = [self.mean + k * self.sd for k in (-12, -8, -5, -3, -1, 1, 3, 5, 8, 12, 20, 40, 80)]
        cuts += [low + self.sd * mp.mpf(10) ** -k for k in (1, 3, 6)]
        if high is not None:
            cuts += [high - self.sd * mp.mpf(10) ** -k for k in (1, 3, 6)]
        inside = sorted(c for c in cuts if c > low and (high is None or c < high))
        return [low] + inside + ([high] if high is not None else [])


def difference_cdf(c, t, d):
    """P(T - C <= d), over the narrower of the two."""
    zero, end = mp.mpf(0), mp.mpf(1) if c.beta else None
    if c.sd <= t.sd:
        low, high = max(zero, -d), end if end is None or d < 0 else end - d
        beyond = 1 - c.cdf(high) if high is not None else 0
        return beyond + mp.quad(lambda x: c.pdf(x) * t.cdf(x + d), c.pieces(low, high))
    low, high = max(zero, d), end if end is None or d > 0 else end + d
    return t.cdf(low) + mp.quad(lambda x: t.pdf(x) * (1 - c.cdf(x - d)), t.pieces(low, high))


def ratio_cdf(c, t, r):
    end = mp.mpf(1) if c.beta else None
    if c.sd <= t.sd:
        high = end if end is None or r < 1 else 1 / r
        beyond = 1 - c.cdf(high) if high is not None else 0
        return beyond + mp.quad(lambda x: c.pdf(x) * t.cdf(x * r), c.pieces(mp.mpf(0), high))
    high = end if end is None or r > 1 else r
    return mp.quad(lambda x: t.pdf(x) * (1 - c.cdf(x / r)), t.pieces(mp.mpf(0), high))


def root(f, low, high, share):
    """Bisection by the secant of Illinois: f rises."""
    at_low, at_high, side = f(low) - share, f(high) - share, 0
    assert at_low < 0 < at_high, (low, high, at_low, at_high)
    for _ in range(100):
        x = (low * at_high - high * at_low) / (at_high - at_low)
        at = f(x) - share
        if abs(at) < mp.mpf(10) ** -18:
            return x
        if at < 0:
            low, at_low, at_high, side = x, at, at_high / (2 if side == -1 else 1), -1
        else:
            high, at_high, at_low, side = x, at, at_low / (2 if side == 1 else 1), 1
    return x


def quantile_of(marginal_c, marginal_t, share):
    spread = mp.hypot(marginal_c.sd, marginal_t.sd)
    centre = marginal_t.mean - marginal_c.mean
    low, high = centre - spread, centre + spread
    f = lambda d: difference_cdf(marginal_c, marginal_t, d)
    bound = mp.mpf(1) - mp.mpf(10) ** -9 if marginal_c.beta else mp.mpf(10) ** 6
    while f(low) > share:
        low = max(-bound, low - spread)
    while f(high) < share:
        high = min(bound, high + spread)
    return root(f, low, high, share)


def lift_quantile(c, t, share):
    f = lambda l: ratio_cdf(c, t, mp.exp(l))
    centre = mp.log(t.mean / c.mean)
    low, high = centre - 1, centre + 1
    while f(low) > share:
        low -= 1
    while f(high) < share:
        high += 1
    return mp.expm1(root(f, low, high, share))


def scipy_share(c, t, d):
    frozen = [stats.beta(float(p.a), float(p.b)) if p.beta
              else stats.gamma(float(p.a), scale=1 / float(p.b)) for p in (c, t)]
    narrow, wide = (0, 1) if c.sd <= t.sd else (1, 0)
    p = (c, t)[narrow]
    low = max(0.0, float(p.mean - 12 * p.sd), -d if narrow == 0 else d)
    high = float(p.mean + 60 * p.sd)
    if p.beta:
        high = min(1.0, high)
    inner = ((lambda x: frozen[0].pdf(x) * frozen[1].cdf(x + d)) if narrow == 0
             else (lambda x: frozen[1].pdf(x) * frozen[0].sf(x - d)))
    value = integrate.quad(inner, low, high, limit=500, epsrel=1e-9, points=[float(p.mean)])[0]
    return value + (frozen[1].cdf(d) if narrow == 1 and d > 0 else 0)


rows = []
for family, control, treatment in CASES:
    c, t = Posterior(family, *control), Posterior(family, *treatment)
    shares = (mp.mpf("0.025"), mp.mpf("0.975"))
    low, high = (quantile_of(c, t, share) for share in shares)
    for value, share in ((low, 0.025), (high, 0.975)):
        agree(scipy_share(c, t, float(value)), share, 1e-6, (family, control, treatment))
    lift = [lift_quantile(c, t, share) for share in (shares[0], mp.mpf("0.5"), shares[1])]
    shapes = (*map(float, control), *map(float, treatment))
    rows.append((family, *shapes, low, high, *lift))
write("posterior_limits", "95 % credible limits of difference and lift of two posteriors",
      version("mpmath") + ", 22 digits",
      ("family", "a_c", "b_c", "a_t", "b_t", "low", "high", "lift_low", "lift_median",
       "lift_high"), rows, version("scipy") + " quadrature", 1e-10)
