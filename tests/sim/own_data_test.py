#!/usr/bin/env python3
"""The figures of docs/guides/aa.md, drawn again from the public data, where they are present.

    tests/sim/own_data_test.py build/release/bin/assay

Exit status 77 (skipped) without ../shared/data.
"""
import json
import pathlib
import subprocess
import sys

DATA = pathlib.Path("../shared/data")
GUIDE = pathlib.Path("docs/guides/aa.md")
# File, unit, metric, share treated, what the row of the guide's table begins with after the file.
ROWS = (
    ("cookie_cats", "userid", "sum_gamerounds:mean", 0.5, "rounds played"),
    ("cookie_cats", "userid", "sum_gamerounds:mean,cap=p99.9", 0.5, "rounds, `cap=p99.9`"),
    ("cookie_cats", "userid", "retention_7:proportion", 0.5, "retained after a week"),
    ("ab_revenue", None, "REVENUE:mean", 0.5, "revenue | 50 %"),
    ("ab_revenue", None, "REVENUE:mean", 0.1, "revenue | 10 %"),
    ("ab_revenue", None, "REVENUE:mean,cap=p99.9", 0.5, "revenue, `cap=p99.9`"),
    ("hillstrom", None, "spend:mean,covariate=history", 0.5, "spend, CUPED by history"),
    ("hillstrom", None, "visit:proportion", 0.5, "visit"),
)


def measured(assay, name, unit, metric, share):
    """The cells of the table: claims, stated over actual error, p-values."""
    command = [assay, "simulate", "aa", "--table", DATA / f"{name}.csv", "--metric", metric,
               "--treatment-share", str(share), "--json"]
    ran = subprocess.run(command + (["--unit", unit] if unit else []), capture_output=True,
                         text=True, check=False)
    if ran.returncode not in (0, 1):
        sys.exit(f"{command} fails with {ran.returncode}: {ran.stderr}")
    rows = {(row["method"], row["measure"]): row
            for row in json.loads(ran.stdout)["studies"][0]["rows"]}
    alarms = rows["fixed_horizon", "false_positives"]
    error = rows["fixed_horizon", "std_error"]["mean"]
    sequential = rows["sequential", "false_positives"]["mean"]
    assert sequential <= 0.02, (metric, sequential)
    return (f"{100 * alarms['mean']:.1f} % ± {100 * alarms['std_error']:.1f}", f"{error:.2f}",
            "even" if alarms["uniformity_p"] > 0.001 else "uneven")


def main():
    if not DATA.exists():
        print(f"SKIPPED: {DATA} is absent, docs/guides/aa.md was not checked")
        sys.exit(77)
    table = [line.replace("**", "") for line in GUIDE.read_text(encoding="utf-8").splitlines()
             if line.startswith("| ")]
    for name, unit, metric, share, begin in ROWS:
        row = next(line for line in table if f"| {begin}" in line)
        cells = [cell.strip() for cell in row.split("|")]
        claims, error, p_values = measured(sys.argv[1], name, unit, metric, share)
        shown = (cells[4], cells[5], cells[6].split(":")[0])
        assert shown == (claims, error, p_values), (metric, shown, (claims, error, p_values))
        print(f"{name:<12} {metric:<32} {claims}")


if __name__ == "__main__":
    main()
