#!/usr/bin/env python3
"""Makes exposures.csv and events.csv beside this file: 4,000 visitors of a shop that never was.

The variants come from the product (`assay assign`), the behaviour from a seeded generator, so that
the same files come out every time. The truth: a visitor buys with probability 0.20 under control
and 0.30 under treatment (times what their own history says); searches fail for 0.4 % of the
visitors under both.

    examples/shop/make_data.py build/release/bin/assay
"""
import csv
import datetime
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
START = datetime.datetime(2026, 3, 2, tzinfo=datetime.timezone.utc)
UNITS, DAYS = 4000, 14
BUY = {"control": 0.20, "treatment": 0.30}


def variants(assay):
    ids = HERE / "units.csv"
    ids.write_text("unit\n" + "".join(f"visitor_{i}\n" for i in range(UNITS)))
    try:
        command = [assay, "assign", str(HERE / "experiment.yaml"), "--units", str(ids)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    finally:
        ids.unlink()
    rows = csv.DictReader(out.splitlines())
    return [(row["unit"], row["variant"]) for row in rows if row["variant"]]


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def visitor(rng, unit, variant, exposures, events):
    seen = START + datetime.timedelta(seconds=rng.uniform(0, (DAYS - 1) * 86400))
    exposures.append((seen, unit, variant))

    def event(name, after_seconds, value=""):
        events.append((seen + datetime.timedelta(seconds=after_seconds), name, unit, value))

    loyal = rng.random() < 0.3
    for _ in range(rng.choice([1, 2, 3]) if loyal else 0):
        event("purchase", -rng.uniform(1, 13 * 86400), f"{rng.lognormvariate(3, 0.6):.2f}")
    for _ in range(1 + min(6, int(rng.expovariate(1.0)))):
        at = rng.uniform(1, 7200)
        event("search", at)
        if rng.random() < 0.5:
            event("click", at + rng.uniform(1, 60))
    if rng.random() < BUY[variant] * (2.0 if loyal else 4 / 7):
        event("purchase", rng.uniform(60, 80000), f"{rng.lognormvariate(3, 0.6):.2f}")
    if rng.random() < 0.004:
        event("search_error", rng.uniform(1, 7200))


def write(name, head, rows):
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(head)
        out.writerows((stamp(row[0]), *row[1:]) for row in sorted(rows))


def main():
    rng = random.Random(20260302)
    exposures, events = [], []
    for unit, variant in variants(sys.argv[1]):
        visitor(rng, unit, variant, exposures, events)
    write("exposures.csv", ["time", "unit", "variant"], exposures)
    write("events.csv", ["time", "name", "unit", "value"], events)


if __name__ == "__main__":
    main()
