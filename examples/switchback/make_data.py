#!/usr/bin/env python3
"""Makes exposures.csv and events.csv beside this file: three weeks of rides in two cities.

    python3 examples/switchback/make_data.py build/release/bin/assay

The variants come from the product (`assay assign` with a column `time`). The truth: once it has
worked in, the new model earns 12 per half hour more, of about 100; a switch works in over 30
minutes, as drivers come or go.
"""
import csv
import datetime
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
START = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
CITIES = {"pune": 100, "delhi": 130}
PERIODS, STEP = 126, datetime.timedelta(minutes=30)
EFFECT = 12


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def schedule(assay, rows):
    text = "city,time\n" + "".join(f"{city},{stamp(time)}\n" for city, time in rows)
    out = subprocess.run([assay, "assign", HERE / "prices.yaml", "--units", "-"], input=text,
                         check=True, capture_output=True, text=True).stdout
    return [row["variant"] for row in csv.DictReader(out.splitlines())]


def main(assay):
    rng = random.Random(1)
    asked = [(city, START + i * STEP) for city in CITIES for i in range(PERIODS * 8)]
    exposures, events = ["city,time,variant"], ["city,time,name,value"]
    works = 0
    for (city, time), variant in zip(asked, schedule(assay, asked)):
        works = (works + (EFFECT if variant == "treatment" else 0)) / 2 if time.hour % 4 == 0 and \
            time.minute == 0 else EFFECT if variant == "treatment" else 0
        hour = 15 if 7 <= time.hour < 10 or 16 <= time.hour < 20 else -5
        if time.minute == 0:
            exposures.append(f"{city},{stamp(time + datetime.timedelta(minutes=1))},{variant}")
        value = CITIES[city] + hour + works + rng.gauss(0, 25)
        events.append(f"{city},{stamp(time + datetime.timedelta(minutes=rng.randrange(30)))},ride,"
                      f"{max(0, value):.2f}")
    (HERE / "exposures.csv").write_text("\n".join(exposures) + "\n")
    (HERE / "events.csv").write_text("\n".join(events) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
