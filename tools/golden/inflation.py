"""Inflation factors of Pocock's and O'Brien and Fleming's bounds: the most units of K planned looks
over those of one look with the same power, two-sided at 5 % (Jennison & Turnbull 2000, ch. 2).

Simpson's rule on 801 points per look, roots by Brent; the grid of 401 points is the check. Writes
inflation.
"""

import numpy as np
from scipy import optimize, stats

from table import agree, version, write


def crossing(bounds, drift, points):
    """Probability of leaving above and below, with the expected Z at full information `drift`."""
    step = 1 / len(bounds)
    sd, move = np.sqrt(step), drift * step
    scores, mass = np.zeros(1), np.ones(1)
    above = below = 0.0
    for look, z in enumerate(bounds, 1):
        limit = z * np.sqrt(look * step)
        above += mass @ stats.norm.sf((limit - scores - move) / sd)
        below += mass @ stats.norm.cdf((-limit - scores - move) / sd)
        grid = np.linspace(-limit, limit, points)
        weights = np.where(np.arange(points) % 2, 4.0, 2.0)
        weights[[0, -1]] = 1
        density = stats.norm.pdf((grid[:, None] - scores - move) / sd) / sd @ mass
        scores, mass = grid, density * weights * (grid[1] - grid[0]) / 3
    return above, below


def inflation(looks, power, pocock, points):
    def bounds(c):
        return [c if pocock else c * np.sqrt(looks / k) for k in range(1, looks + 1)]

    c = optimize.brentq(lambda c: sum(crossing(bounds(c), 0, points)) - 0.05, 1.5, 3.5, xtol=1e-12)
    drift = optimize.brentq(lambda d: crossing(bounds(c), d, points)[0] - power, 1, 6, xtol=1e-12)
    return (drift / (stats.norm.isf(0.025) + stats.norm.ppf(power))) ** 2


rows = []
PLANS = [(2, 0.8), (3, 0.8), (4, 0.8), (5, 0.8), (10, 0.8), (2, 0.9), (5, 0.9), (10, 0.9)]
for looks, power in PLANS:
    both = [inflation(looks, power, pocock, 801) for pocock in (True, False)]
    for pocock, value in zip((True, False), both):
        agree(value, inflation(looks, power, pocock, 401), 1e-8, (looks, power, pocock))
    rows.append((looks, power, *both))
write("inflation", "units of K looks, Pocock's and O'Brien and Fleming's bounds, over those of one",
      version("scipy", "numpy") + ", Simpson's rule",
      ("looks", "power", "pocock", "obrien_fleming"), rows, "half the grid", 1e-8)
