"""Public experiments (not in this repository): SciPy and statsmodels, checked with R."""

import collections
import csv
import pathlib

import numpy as np
import r
import scipy.stats as st
import statsmodels.api as sm
from table import agree, version, write

DATA = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"
if not DATA.exists():
    raise SystemExit(f"real_data: {DATA} is not here")


def table(name):
    with open(DATA / f"{name}.csv") as file:
        return list(csv.DictReader(file))


def r_table(name):
    return f"d <- read.csv('{DATA / name}.csv');"


rows = []
cats = table("cookie_cats")
rounds = {v: np.array([float(x["sum_gamerounds"]) for x in cats if x["version"] == v])
          for v in ("gate_30", "gate_40")}
rank = st.mannwhitneyu(rounds["gate_40"], rounds["gate_30"], method="asymptotic")
again = r.numbers(r_table("cookie_cats") + "x <- d$sum_gamerounds;"
                  "wilcox.test(x[d$version=='gate_40'], x[d$version=='gate_30'])$p.value")
agree(rank.pvalue, again[0], 1e-9, "cookie_cats ranks")
rows.append(("cookie_cats_rank_p", rank.pvalue))

mail = table("hillstrom")
arms = {g: [x for x in mail if x["segment"] == g] for g in ("control", "mens", "womens")}


def column(group, name):
    return np.array([float(x[name]) for x in arms[group]])


y = np.concatenate([column("control", "spend"), column("mens", "spend")])
x = np.concatenate([column("control", "history"), column("mens", "history")])
n_c, n_t = len(arms["control"]), len(arms["mens"])
w = np.concatenate([np.full(n_c, 1 / n_c / (n_c - 1)), np.full(n_t, 1 / n_t / (n_t - 1))])


def centred(v):
    return np.concatenate([v[:n_c] - v[:n_c].mean(), v[n_c:] - v[n_c:].mean()])


theta = float(sm.WLS(centred(y), centred(x), weights=w).fit().params[0])
adjusted = y - theta * x
test = st.ttest_ind(adjusted[n_c:], adjusted[:n_c], equal_var=False)
rows.append(("hillstrom_cuped_difference", adjusted[n_c:].mean() - adjusted[:n_c].mean()))
rows.append(("hillstrom_cuped_p", test.pvalue))
again = r.numbers(r_table("hillstrom") + f"d <- d[d$segment %in% c('control','mens'),];"
                  f"a <- d$spend - {theta!r} * d$history; t.test(a[d$segment=='mens'],"
                  "a[d$segment=='control'])$p.value")
agree(test.pvalue, again[0], 1e-8, "hillstrom CUPED")
names = ("recency", "history", "mens", "womens", "newbie")
again = r.numbers(r_table("hillstrom") + "d <- d[d$segment %in% c('control','mens'),];"
                  "m <- as.matrix(d[,c('recency','history','mens','womens','newbie')]);"
                  "a <- summary(manova(m ~ d$segment), test='Hotelling')$stats; c(a[1,3], a[1,6])")
data = [np.column_stack([column(g, n) for n in names]) for g in ("control", "mens")]
d = data[1].mean(0) - data[0].mean(0)
s = sum((len(a) - 1) * np.cov(a.T) for a in data) / (n_c + n_t - 2)
t2 = float(d @ np.linalg.solve(s, d)) / (1 / n_c + 1 / n_t)
df2 = n_c + n_t - len(names) - 1
f = df2 / (len(names) * (n_c + n_t - 2)) * t2
agree(f, again[0], 1e-7, "hillstrom balance F")
rows.append(("hillstrom_balance_p", st.f.sf(f, len(names), df2)))

asos = table("asos_digital_experiments")
fields = {k: np.array([float(x[k] or "nan") for x in asos])
          for k in ("count_c", "count_t", "mean_c", "mean_t", "variance_c", "variance_t")}
v_c, v_t = (fields[f"variance_{a}"] / fields[f"count_{a}"] for a in "ct")
use = (fields["count_c"] > 1) & (fields["count_t"] > 1) & (v_c + v_t > 0)
z = ((fields["mean_t"] - fields["mean_c"])[use] / np.sqrt(v_c + v_t)[use])
df = (v_c + v_t)[use] ** 2 / (v_c**2 / (fields["count_c"] - 1)
                             + v_t**2 / (fields["count_t"] - 1))[use]
p = 2 * st.t.sf(abs(z), df)
rows += [("asos_snapshots", int(use.sum())), ("asos_sum_of_t", z.sum()), ("asos_sum_of_p", p.sum())]

tests = collections.defaultdict(list)
for x in table("upworthy_exploratory"):
    tests[x["clickability_test_id"]].append((int(x["clicks"]), int(x["impressions"])))
chi2 = count = 0
for packages in tests.values():
    cells = np.array([[c, n - c] for c, n in packages])
    if len(packages) < 2 or cells.sum(0).min() == 0 or cells.sum(1).min() == 0:
        continue
    chi2 += st.chi2_contingency(cells, correction=False).statistic
    count += 1
again = r.numbers(r_table("upworthy_exploratory") + "s <- 0; k <- 0; options(warn=-1);"
                  "for (g in split(d, d$clickability_test_id)) if (nrow(g) > 1) {"
                  "m <- cbind(g$clicks, g$impressions - g$clicks);"
                  "if (min(colSums(m)) > 0 && min(rowSums(m)) > 0) {"
                  "s <- s + chisq.test(m, correct=FALSE)$statistic; k <- k + 1}}; c(s, k)")
agree(chi2, again[0], 1e-9, "upworthy chi-square")
assert count == again[1]
rows += [("upworthy_tests", count), ("upworthy_sum_of_chi2", chi2)]
write("real_data", "answers for four public experiments: ranks, CUPED, balance, Welch, chi-square",
      version("scipy", "statsmodels"), ("name", "value"), rows, r.version(), 1e-8)
