"""Adjusted p-values (statsmodels, R)."""

import r
from statsmodels.stats.multitest import multipletests
from table import agree, version, write

METHODS = ("bonferroni", "holm", "simes-hochberg", "fdr_bh", "fdr_by")
rows = []
for number, values in enumerate((
        (0.01, 0.04, 0.03, 0.005, 0.9), (0.5,), (0.02, 0.02, 0.02), (0.0, 1.0, 0.3, 1e-12),
        tuple((k * 37 % 101) / 101 * 0.2 + 1e-4 for k in range(40)))):
    adjusted = [multipletests(values, method=m)[1] for m in METHODS]
    for name, each in zip(("bonferroni", "holm", "hochberg", "BH", "BY"), adjusted):
        again = r.numbers(f"p.adjust({r.vector(values)}, '{name}')")
        for mine, other in zip(each, again):
            agree(mine, other, 1e-13, f"p.adjust {name}")
    rows += [(number, p, *(each[i] for each in adjusted)) for i, p in enumerate(values)]
write("multiplicity", "adjusted p-values; rows of one family share its number",
      version("statsmodels"), ("family", "p", "bonferroni", "holm", "hochberg",
                               "benjamini_hochberg", "benjamini_yekutieli"), rows,
      r.version() + " (p.adjust)", 1e-13)
