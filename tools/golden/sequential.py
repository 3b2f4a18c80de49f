"""Group-sequential bounds by nested Simpson integration of the joint density of S1, S2, S3.

Checked with rpact, whose own integration is good for about eight digits.
"""

import math

import numpy as np
import r
import scipy.stats as st
from scipy.integrate import simpson
from scipy.optimize import brentq
from scipy.special import ndtr
from table import agree, version, write

POINTS = 1801


def spent(kind, t, alpha, parameter, sides):
    if t >= 1:
        return alpha
    if kind == "obrien_fleming":
        k = 2 if sides == "two" else 1
        return 2 * k * st.norm.sf(st.norm.isf(alpha / (2 * k)) / math.sqrt(t))
    if kind == "pocock":
        return alpha * math.log(1 + (math.e - 1) * t)
    if kind == "power":
        return alpha * t**parameter
    return alpha * (1 - math.exp(-parameter * t)) / (1 - math.exp(-parameter))


def bounds(looks, kind, alpha, parameter, sides):
    out = []
    grid, density = None, None
    before_t, before_alpha = 0.0, 0.0
    for t in looks:
        goal = spent(kind, t, alpha, parameter, sides) - before_alpha
        step = math.sqrt(t - before_t)

        def outside(z):
            limit = z * math.sqrt(t)
            if grid is None:
                tail = st.norm.sf(limit / step)
                return tail if sides == "one" else 2 * tail
            tail = ndtr((grid - limit) / step)
            if sides == "two":
                tail = tail + ndtr((-limit - grid) / step)
            return simpson(density * tail, x=grid)

        z = brentq(lambda c: math.log(outside(c)) - math.log(goal), 0.1, 8.9, xtol=1e-14)
        out.append(z)
        limit = z * math.sqrt(t)
        low = -limit if sides == "two" else -10 * math.sqrt(t)
        following = np.linspace(low, limit, POINTS)
        if grid is None:
            density = st.norm.pdf(following / step) / step
        else:
            x = (following[:, None] - grid[None, :]) / step
            kernel = np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / step
            density = simpson(density[None, :] * kernel, x=grid, axis=1)
        grid, before_t = following, t
        before_alpha = spent(kind, t, alpha, parameter, sides)
    return out


RPACT = {"obrien_fleming": "asOF", "pocock": "asP", "power": "asKD", "hsd": "asHSD"}


def check(rows):
    """Every design again by rpact, in one run of R."""
    designs = []
    for kind, parameter, alpha, sides, *cells in rows:
        looks = [t for t in cells[:3] if t is not None]
        gamma = f", gammaA={parameter!r}" if kind in ("power", "hsd") else ""
        designs.append(
            f"getDesignGroupSequential(kMax={len(looks)}, alpha={alpha!r}, "
            f"sided={2 if sides == 'two' else 1}, informationRates={r.vector(looks)}, "
            f"typeOfDesign='{RPACT[kind]}'{gamma})$criticalValues")
    again = iter(r.numbers(f"c({','.join(designs)})", ["rpact"]))
    for row in rows:
        for z in row[7:]:
            if z is not None:
                agree(z, next(again), 1e-7, "rpact")


def main():
    rows = []
    for looks in ((1.0,), (0.5, 1.0), (1 / 3, 2 / 3, 1.0), (0.2, 0.35, 0.9), (0.1, 0.6, 1.0)):
        for kind, parameter in (("obrien_fleming", 1.0), ("pocock", 1.0), ("power", 2.0),
                                ("hsd", -4.0)):
            for alpha, sides in ((0.05, "two"), (0.025, "one"), (0.01, "two")):
                if len(looks) == 3 and (alpha == 0.01 or kind == "power"):
                    continue
                z = bounds(looks, kind, alpha, parameter, sides)
                t = list(looks) + [None] * (3 - len(looks))
                z = z + [None] * (3 - len(z))
                rows.append((kind, parameter, alpha, sides, *t, *z))
    check([row for row in rows if row[5] is not None])  # rpact wants two looks at least.
    write("group_sequential", "bounds z_k at information fractions t_k", version("scipy", "numpy"),
          ("spending", "parameter", "alpha", "sides", "t1", "t2", "t3", "z1", "z2", "z3"), rows,
          r.version("rpact") + " to 1e-7; published five-look O'Brien-Fleming bounds in the test",
          1e-9)


if __name__ == "__main__":
    main()
