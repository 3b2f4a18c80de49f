#!/usr/bin/env python3
"""Fills page.md with tables and plots: docs/methods/calibration.md (run.py calls it).

In page.md {{family NAME}} stands for the table of a family of studies and the command that
regenerates it, {{plot NAME}} for a picture, and the other names for counts.
"""
import json
import pathlib
import re
import sys

import plots

CAPTIONS = {
    "peeking": "Share of experiments without an effect that have claimed one, by number of looks",
    "coverage": "Share of 95 % intervals that miss the truth, by law and number of units",
    "power": "Planned and measured power",
    "posterior": "Claimed and actual probability that the treatment is better",
    "uniformity": "p-values of experiments without an effect",
}
SHOWN = (("false_positives", "false positives"), ("power", "power"), ("misses", "misses"),
         ("false_share", "false share"), ("error", "bias"), ("std_error", "stated error"))


def cell(row):
    if row is None:
        return ""
    mark = {"kept": " ✓", "broken": " ✗"}.get(row["verdict"], "")
    digits = 5 if 0 < row["mean"] < 0.001 or row["std_error"] < 0.0001 else 4
    digits = 3 if row["measure"] in ("error", "std_error") else digits
    return f"{row['mean']:.{digits}f} ± {row['std_error']:.{digits}f}{mark}"


def table(studies):
    columns = [(key, name) for key, name in SHOWN
               if any(row["measure"] == key for study in studies for row in study["rows"])]
    lines = ["| study | method | " + " | ".join(name for _, name in columns) + " |",
             "| --- | --- |" + " --- |" * len(columns)]
    for study in studies:
        head = f"`{study['study']}`: {study['world']}; {study['runs']:,} runs"
        methods = list(dict.fromkeys(row["method"] for row in study["rows"]))
        for method in methods:
            rows = {row["measure"]: row for row in study["rows"] if row["method"] == method}
            silent = next(iter(rows.values()))["silent"]
            note = f" (silent in {silent:,})" if silent and "P(better)" not in method else ""
            cells = " | ".join(cell(rows.get(key)) for key, _ in columns)
            lines.append(f"| {head} | {method}{note} | {cells} |")
            head = ""
    return "\n".join(lines)


def family(studies, name):
    own = [study for study in studies if study["study"].split(".")[0] == name]
    seed = own[0]["seed"]
    return f"{table(own)}\n\n```text\nassay simulate methods --study {name} --seed {seed}\n```"


def counts(studies):
    rows = [row for study in studies for row in study["rows"]]
    judged = [row for row in rows if row["verdict"] != "not_judged"]
    broken = sum(row["verdict"] == "broken" for row in judged)
    return {"runs": f"{sum(study['runs'] for study in studies):,}", "studies": len(studies),
            "judged": len(judged), "kept": len(judged) - broken, "open": len(rows) - len(judged),
            "broken": f" and {broken} outside (chance alone puts about one in a thousand there)"
                      if broken else ""}


def page(studies):
    template = (pathlib.Path(__file__).parent / "page.md").read_text(encoding="utf-8")
    numbers = counts(studies)

    def fill(match):
        kind, _, name = match.group(1).partition(" ")
        if kind == "plot":
            return f"![{CAPTIONS[name]}](calibration_{name}.svg)"
        return family(studies, name) if kind == "family" else str(numbers[kind])

    missing = {study["study"].split(".")[0] for study in studies} - set(
        re.findall(r"{{family (\w+)}}", template))
    assert not missing, f"page.md has no section for {missing}"
    return re.sub(r"{{([\w ]+)}}", fill, template)


def main():
    source, folder = map(pathlib.Path, sys.argv[1:3])
    studies = json.loads(source.read_text(encoding="utf-8"))["studies"]
    plots.draw(studies, folder)
    (folder / "calibration.md").write_text(page(studies), encoding="utf-8")


if __name__ == "__main__":
    main()
