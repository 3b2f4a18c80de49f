"""Makes spec/conformance/interleaving.json and spec/golden/interleaving.csv.

    pip install xxhash scipy statsmodels && python3 tools/golden/interleaving.py

Independent of the C++: lists and credits are written here again from the definitions (Radlinski,
Kurup & Joachims 2008; Joachims 2002), the preference and its error come from SciPy's t test of
scores, and from statsmodels with errors clustered by unit; the sign test is SciPy's.
"""

import json
import random

import numpy as np
import scipy.stats as st
import statsmodels.api as sm
from assignment import OUT, draw
from table import agree, version, write

CONTROL, TREATMENT, NOBODY = "control", "treatment", "nobody"


def coin(request, salt, number):
    return CONTROL if draw(request, f"{salt}@{number}") < 1 << 31 else TREATMENT


def unused(ranking, shown):
    return [item for item in ranking if item not in shown]


def team_draft(a, b, request, salt, length):
    """Lists of (item, team). A round needs a pick for both, however this and earlier coins fall:
    once they decide what is shown, each round may use up two items of each ranking."""
    shown, teams, sure, is_open = [], [], 0, False
    for number in range(length):
        left = {CONTROL: unused(a, shown), TREATMENT: unused(b, shown)}
        sure = sure - 2 if is_open else min(map(len, left.values()))
        if len(shown) >= length or sure < 1:
            break
        same = left[CONTROL][0] == left[TREATMENT][0]
        if len(shown) + 1 < length:
            if sure < 2 and (is_open or same):
                break
            is_open = is_open or same and left[CONTROL][1] != left[TREATMENT][1]
        first = coin(request, salt, number)
        for team in (first, TREATMENT if first == CONTROL else CONTROL):
            if len(shown) < length:
                shown.append(next(x for x in left[team] if x not in shown))
                teams.append(team)
    rest = unused(a, shown) + [x for x in unused(b, shown) if x not in unused(a, shown)]
    shown += rest
    teams += [NOBODY] * len(rest)
    return [{"item": i, "team": t} for i, t in zip(shown[:length], teams[:length])]


def balanced(a, b, request, salt, length):
    lists = {CONTROL: a, TREATMENT: b}
    depth = min(len(a), len(b))
    first = coin(request, salt, 0)
    order = (CONTROL, TREATMENT) if first == CONTROL else (TREATMENT, CONTROL)
    shown = []
    for rank in range(depth):
        for name in order:
            if lists[name][rank] not in shown:
                shown.append(lists[name][rank])

    def rank_in(name, item):
        top = lists[name][:depth]
        return top.index(item) + 1 if item in top else 0

    out = [{"item": x, "control_rank": rank_in(CONTROL, x), "treatment_rank": rank_in(TREATMENT, x)}
           for x in shown]
    out += [{"item": x, "control_rank": 0, "treatment_rank": 0}
            for x in a[depth:] + b[depth:] if x not in shown]
    return out[:length]


def winner(control, treatment):
    return CONTROL if control > treatment else TREATMENT if treatment > control else NOBODY


def team_winner(items, clicked):
    teams = [items[i]["team"] for i in clicked]
    return winner(teams.count(CONTROL), teams.count(TREATMENT))


def balanced_winner(items, clicked):
    """Clicks among the top k of each; k: the best rank of the lowest click that has one."""
    ranks = [(items[i]["control_rank"], items[i]["treatment_rank"]) for i in clicked]
    ranks = [r for r in ranks if any(r)]
    if not ranks:
        return NOBODY
    k = min(r for r in ranks[-1] if r)
    return winner(*(sum(1 for r in ranks if 0 < r[side] <= k) for side in (0, 1)))


def conformance():
    rng = random.Random(2008)
    shapes = [("alike", list("abcde"), list("abcde")), ("reversed", list("abcde"), list("edcba")),
              ("shifted", list("abcd"), list("bcda")), ("apart", list("abc"), list("xyz")),
              ("one is longer", list("ab"), list("bcdefg")),
              ("one has only what the other begins with", ["x"], ["x", "y", "z"]),
              ("the shorter is within the longer", ["c"], list("abcde")),
              ("one has one more", list("ab"), list("acb")),
              ("alike at the top, and no more", list("abcdef"), list("aghijk")),
              ("one is empty", [], list("abc")), ("both are empty", [], []),
              ("any text is an item", ["日本語", "🦊", "a b", ""], ["", "🦊", "é", "a\u0000b"])]
    for number in range(12):
        pool = [f"d{i}" for i in range(rng.randint(2, 14))]
        shapes.append((f"random {number}", rng.sample(pool, rng.randint(1, len(pool))),
                       rng.sample(pool, rng.randint(1, len(pool)))))
    cases = []
    for why, a, b in shapes:
        for scheme, merge, credit in (("team_draft", team_draft, team_winner),
                                      ("balanced", balanced, balanced_winner)):
            for request, length in (("q-1", 1000), ("q-2", 1000), ("q-81723", 3), ("日本", 4)):
                items = merge(a, b, request, "search", length)
                clicks = [rng.sample(range(len(items)), rng.randint(0, min(4, len(items))))
                          for _ in range(3)]
                cases.append({
                    "why": why, "scheme": scheme, "request": request, "salt": "search",
                    "length": length, "control": a, "treatment": b, "items": items,
                    "credits": [{"clicked": sorted(c), "winner": credit(items, sorted(c))}
                                for c in clicks]})
    file = {"about": "One list out of two rankings, and whom clicks on it (by place, from 0) "
                     "prefer. Coin n of a request is control where draw(request, salt@n) is below "
                     "2^31. Made by tools/golden/interleaving.py.", "cases": cases}
    (OUT / "interleaving.json").write_text(json.dumps(file, ensure_ascii=False, indent=1) + "\n",
                                           encoding="utf-8")
    print(f"interleaving.json: {len(cases)} cases")


def preference(units):
    """Of rows (wins, losses, ties), one per unit: estimate, error, df, p, sign test."""
    scores, groups = [], []
    for number, (wins, losses, ties) in enumerate(units):
        scores += [0.5] * wins + [-0.5] * losses + [0.0] * ties
        groups += [number] * (wins + losses + ties)
    fit = sm.OLS(np.array(scores), np.ones(len(scores))).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(groups), "use_correction": True},
        use_t=True)
    estimate, error = fit.params[0], fit.bse[0]
    df = len(set(groups)) - 1
    p = 2 * st.t.sf(abs(estimate / error), df)
    agree(p, fit.pvalues[0], 1e-9, "clustered t")
    if all(sum(unit) == 1 for unit in units):
        plain = st.ttest_1samp(scores, 0)
        agree(plain.pvalue, p, 1e-9, "one-sample t")
    won = sum(1 for w, l, _ in units if w > l)
    lost = sum(1 for w, l, _ in units if l > w)
    sign = st.binomtest(won, won + lost).pvalue
    low, high = (estimate + t * error for t in st.t.ppf([0.025, 0.975], df))
    return estimate, error, df, low, high, p, won, lost, sign


def golden():
    rng = random.Random(2012)
    rows = []
    samples = [[(1, 0, 0)] * 60 + [(0, 1, 0)] * 40 + [(0, 0, 1)] * 100,
               [(1, 0, 0)] * 5 + [(0, 1, 0)] * 1, [(3, 1, 2), (0, 2, 0), (5, 5, 1), (4, 0, 9)]]
    for size in (8, 50, 400):
        samples.append([(rng.randint(0, 4), rng.randint(0, 3), rng.randint(0, 6)) for _ in
                        range(size)])
    samples.append([(rng.randint(0, 90), rng.randint(0, 40), rng.randint(0, 300))
                    for _ in range(120)])
    for units in samples:
        units = [unit for unit in units if sum(unit) > 0]
        columns = ["|".join(str(unit[i]) for unit in units) for i in range(3)]
        rows.append((*columns, *preference(units)))
    write("interleaving", "preference of interleaved impressions, clustered by unit; sign test",
          version("statsmodels", "scipy"),
          ("wins", "losses", "ties", "estimate", "std_error", "df", "low", "high", "p_value",
           "units_won", "units_lost", "sign_p"), rows, version("scipy") + " ttest_1samp", 1e-10)


if __name__ == "__main__":
    conformance()
    golden()
