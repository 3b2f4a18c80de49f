"""Power and expected information of rules with several looks, by nested Simpson integration."""

import math

import numpy as np
import r
import scipy.stats as st
from scipy.integrate import simpson
from scipy.special import ndtr
from table import agree, version, write

from sequential import RPACT, bounds

POINTS = 2401


def always_valid(t, alpha, horizon, sides):
    bits = 2 * math.log(1 / alpha)
    r = t * horizon * (bits + math.log(bits + 1))
    if sides == "two":
        return math.sqrt(2 * (1 + 1 / r) * math.log(math.sqrt(r + 1) / alpha))
    return math.sqrt(2 * (1 + 1 / r) * math.log(1 + math.sqrt(r + 1) / (2 * alpha)))


def leave(z, sides, drift, looks):
    """Probability of leaving above and below at each look."""
    grid, density, before = None, None, 0.0
    out = []
    for t, critical in zip(looks, z):
        step, move, limit = math.sqrt(t - before), drift * (t - before), critical * math.sqrt(t)
        if grid is None:
            above, below = st.norm.sf((limit - move) / step), st.norm.cdf((-limit - move) / step)
        else:
            above = simpson(density * ndtr((grid + move - limit) / step), x=grid)
            below = simpson(density * ndtr((-limit - grid - move) / step), x=grid)
        out.append((above, below if sides == "two" else 0.0))
        low = -limit if sides == "two" else min(-10 * math.sqrt(t), drift * t - 10 * math.sqrt(t))
        following = np.linspace(low, limit, POINTS)
        if grid is None:
            density = st.norm.pdf((following - move) / step) / step
        else:
            x = (following[:, None] - grid[None, :] - move) / step
            density = simpson(density[None, :] * np.exp(-x * x / 2), x=grid, axis=1)
            density /= math.sqrt(2 * math.pi) * step
        grid, before = following, t
    return out


def simulated(z, sides, drift, looks, runs=400_000):
    """A second opinion with its own error: the power over random walks."""
    walks = np.random.default_rng(7).normal(size=(runs, len(looks)))
    steps = np.diff([0.0, *looks])
    scores = np.cumsum(walks * np.sqrt(steps) + drift * steps, axis=1)
    values = scores / np.sqrt(looks)
    up, down = values >= z, values <= -np.asarray(z)
    first_up = np.where(up.any(1), up.argmax(1), 10**6)
    first_down = np.where(down.any(1) & (sides == "two"), down.argmax(1), 10**6)
    return np.mean((first_up < 10**6) & (first_up <= first_down))


def rpact(kind, parameter, alpha, sides, count, drift):
    """Power on both sides together and the average information, by rpact."""
    gamma = f", gammaA={parameter!r}" if kind in ("power", "hsd") else ""
    return r.numbers(
        f"d <- getDesignGroupSequential(kMax={count}, alpha={alpha!r}, "
        f"sided={2 if sides == 'two' else 1}, typeOfDesign='{RPACT[kind]}'{gamma});"
        f"x <- getPowerAndAverageSampleNumber(d, theta={drift!r}, nMax=1);"
        "c(x$calculatedPower, x$averageSampleNumber)", ["rpact"])


def main():
    rows = []
    for kind, parameter, alpha, sides, count, drift in [
        ("obrien_fleming", 1, 0.05, "two", 5, 2.8), ("pocock", 1, 0.05, "two", 5, 3.0),
        ("power", 2, 0.05, "two", 4, 2.9), ("hwang_shih_decani", -4, 0.025, "one", 3, 2.5),
        ("pocock", 1, 0.01, "two", 10, 3.5), ("obrien_fleming", 1, 0.05, "two", 5, 0),
        ("always_valid", 1, 0.05, "two", 28, 3.6), ("always_valid", 1, 0.05, "one", 14, 3.2),
        ("always_valid", 20, 0.05, "two", 10, 4.0), ("always_valid", 1, 0.05, "two", 28, 0),
        ("posterior", math.inf, 0.95, "one", 14, 0), ("posterior", 0.5, 0.95, "one", 10, 2.0),
    ]:
        looks = [(k + 1) / count for k in range(count)]
        if kind == "always_valid":
            z = [always_valid(t, alpha, parameter, sides) for t in looks]
        elif kind == "posterior":
            z = [st.norm.ppf(alpha) * math.sqrt(1 + 1 / (t * parameter)) for t in looks]
        else:
            z = bounds(looks, kind.replace("hwang_shih_decani", "hsd"), alpha, parameter, sides)
        exits = leave(z, sides, drift, looks)
        power = sum(above for above, _ in exits)
        wrong = sum(below for _, below in exits)
        used = sum(t * (a + b) for t, (a, b) in zip(looks, exits)) + 1 - power - wrong
        short = "hsd" if kind == "hwang_shih_decani" else kind
        if short in RPACT:
            again = rpact(short, parameter, alpha, sides, count, drift)
            agree(power + wrong, again[0], 1e-6, "rpact power")
            agree(used, again[1], 1e-6, "rpact average information")
        error = math.sqrt(power * (1 - power) / 400_000)
        assert abs(simulated(z, sides, drift, looks) - power) < 4.5 * error, (kind, drift)
        rows.append([kind, parameter if math.isfinite(parameter) else "inf", alpha, sides, count,
                     drift, power, wrong, used])
    write("sequential_power", "power, wrong-side stops and expected information of rules with "
          "equally spaced looks; parameter: of the spending, horizon over target, or prior over "
          "variance; alpha of posterior: the ship probability", version("scipy", "numpy"),
          ("rule", "parameter", "alpha", "sides", "looks", "drift", "power", "wrong",
           "information"), rows, r.version("rpact") + " (spending rules); simulated random walks",
          1e-9)


if __name__ == "__main__":
    main()
