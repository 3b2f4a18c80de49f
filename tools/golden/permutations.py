"""Permutation tests: full enumeration in NumPy, checked with SciPy and R's coin."""

import itertools
import math
import subprocess

import numpy as np
import scipy.stats as st
from table import agree, version, write


def stream(seed):
    state = seed
    while True:
        state = state * 48271 % 2147483647
        yield state


def design(kind, seed, n_t, n):
    """(sum, rows, treated, block) per group; `n` groups, or `n` per block."""
    numbers = stream(seed)
    blocks = {"complete": 1, "clusters": 1, "blocks": 3, "pairs": 7}[kind]
    out = []
    for block in range(blocks):
        for i in range(n):
            rows = 1 + next(numbers) % 5 if kind == "clusters" else 1
            values = [next(numbers) % 40 + (15 if i < n_t else 0) for _ in range(rows)]
            out.append((sum(values), rows, i < n_t, block))
    return out


def statistic(groups, treated, studentized):
    total_rows = sum(g[1] for g in groups)
    single = blocks = 0
    parts, variance = [], 0.0
    for block in sorted({g[3] for g in groups}):
        at = [i for i, g in enumerate(groups) if g[3] == block]
        weight = sum(groups[i][1] for i in at) / total_rows
        mean, v = {}, {}
        for arm in (True, False):
            mine = [groups[i] for i in at if treated[i] == arm]
            s, m = np.array([g[0] for g in mine], float), np.array([g[1] for g in mine], float)
            mean[arm] = s.sum() / m.sum()
            g = len(mine)
            v[arm] = g / (g - 1) * ((s - m * mean[arm]) ** 2).sum() / m.sum() ** 2 if g > 1 else 0
            single |= g == 1
        parts.append(weight * (mean[True] - mean[False]))
        variance += weight**2 * (v[True] + v[False])
        blocks += 1
    d = sum(parts)
    if not studentized:
        return d
    if single and blocks > 1:
        variance = blocks / (blocks - 1) * ((np.array(parts) - d / blocks) ** 2).sum()
    if abs(d) < 1e-12:
        return 0.0
    return d / variance**0.5 if variance > 1e-20 else math.copysign(math.inf, d)


def enumerate_all(groups):
    by_block = {}
    for i, g in enumerate(groups):
        by_block.setdefault(g[3], []).append(i)
    choices = [itertools.combinations(at, sum(groups[i][2] for i in at))
               for at in by_block.values()]
    for chosen in itertools.product(*choices):
        on = set(itertools.chain(*chosen))
        yield [i in on for i in range(len(groups))]


def exact(groups, studentized):
    observed = statistic(groups, [g[2] for g in groups], studentized)
    all_t = np.array([statistic(groups, t, studentized) for t in enumerate_all(groups)])
    slack = 1e-10 * max(1, abs(observed))
    return (observed, float(np.mean(np.abs(all_t) >= abs(observed) - slack)),
            float(np.mean(all_t >= observed - slack)), len(all_t))


def by_scipy(groups, studentized):
    t = [g[0] for g in groups if g[2]]
    c = [g[0] for g in groups if not g[2]]

    def score(x, y, axis=-1):
        d = np.mean(x, axis) - np.mean(y, axis)
        if not studentized:
            return np.abs(d)
        v = sum(np.var(z, axis, ddof=1) / np.shape(z)[axis] for z in (x, y))
        return np.abs(d) / np.sqrt(v)

    return st.permutation_test((t, c), score, n_resamples=np.inf, alternative="greater",
                               vectorized=True).pvalue


def by_coin(groups):
    def vector(index):
        return "c(" + ",".join(str(int(g[index])) for g in groups) + ")"

    code = ("suppressMessages(library(coin));"
            f"y <- {vector(0)}; g <- factor({vector(2)}); b <- factor({vector(3)});"
            "f <- if (nlevels(b) > 1) y ~ g | b else y ~ g;"
            "cat(format(pvalue(oneway_test(f, distribution=exact(algorithm='shift'))), digits=17))")
    out = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    return float(out.stdout)


coin_version = subprocess.run(
    ["Rscript", "-e", "cat(as.character(packageVersion('coin')), as.character(getRversion()))"],
    capture_output=True, text=True, check=True).stdout.split()
rows = []
for kind, seed, n_t, n in (("complete", 5, 6, 13), ("complete", 9, 8, 11), ("complete", 77, 1, 12),
                           ("clusters", 21, 5, 10), ("clusters", 34, 4, 12), ("blocks", 3, 2, 4),
                           ("blocks", 13, 2, 5), ("pairs", 41, 1, 2), ("pairs", 55, 1, 3)):
    groups = design(kind, seed, n_t, n)
    t, p, upper, count = exact(groups, True)
    d, p_plain, _, _ = exact(groups, False)
    if kind == "complete":
        if n_t > 1:
            agree(p_plain, by_scipy(groups, False), 1e-9, "scipy, difference")
        agree(p_plain, by_coin(groups), 1e-9, "coin")
        if n_t > 1:
            agree(p, by_scipy(groups, True), 1e-9, "scipy, studentized")
    if kind in ("blocks", "pairs"):
        agree(p_plain, by_coin(groups), 1e-9, "coin, blocks")
    rows.append((kind, seed, n_t, n, d, t, p, upper, p_plain, count))
write("permutation", "exact permutation tests: units, clusters, blocks, pairs",
      version("numpy") + " (enumeration)",
      ("kind", "seed", "n_t", "n", "difference", "statistic", "p_value", "p_greater",
       "p_difference", "assignments"), rows,
      version("scipy") + f", coin {coin_version[0]} under R {coin_version[1]}", 1e-10)
