"""The dashboard's browser tests against the real server, with the shop's experiment running.

    python3 tests/e2e/browser_test.py build/release/bin/assay

Needs dashboard/dist (npm run build); builds it where it is missing.
"""
import csv
import datetime
import os
import pathlib
import subprocess
import sys
import time

from server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples/shop"
DASHBOARD = ROOT / "dashboard"


def rows(name):
    with open(SHOP / name, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def load(server):
    """The shop's data as if the last visitor had just left; waits for its verdict."""
    plan = (SHOP / "experiment.yaml").read_text(encoding="utf-8")
    status, made = server.post("/v1/experiments?start=true", plan, "application/yaml")
    assert status == 201, made
    later = int(time.time()) - max(seconds(row["time"]) for row in rows("events.csv"))
    exposures = [{"id": f"x{i}", "time": seconds(row["time"]) + later, "experiment": made["id"],
                  "variant": row["variant"], "unit": row["unit"]}
                 for i, row in enumerate(rows("exposures.csv"))]
    events = [{"id": f"e{i}", "time": seconds(row["time"]) + later, "name": row["name"],
               "units": {"user": row["unit"]}, "value": float(row["value"] or 0)}
              for i, row in enumerate(rows("events.csv"))]
    for path, batch in (("/v1/exposures", exposures), ("/v1/events", events)):
        status, receipt = server.post_lines(path, batch)
        assert (status, receipt["stored"]) == (200, len(batch)), receipt["rejected"][:3]
    server.wait_for(f"/v1/scorecards/{made['id']}?fresh=true",
                    lambda card: sum(arm["n"] for arm in card["units"]) == len(exposures))
    return server.wait_for(f"/v1/verdicts/{made['id']}", lambda verdict: verdict["variant"])


def main(binary):
    if not (DASHBOARD / "dist/index.html").exists():
        subprocess.run(["npm", "run", "--silent", "build"], cwd=DASHBOARD, check=True)
    # Seldom enough that a page sees polls at which nothing changed.
    arguments = ["--dashboard", str(DASHBOARD / "dist")]
    with Server(binary, arguments=arguments, analyze_every=8) as server:
        print(load(server)["sentence"], flush=True)
        return subprocess.run(["npm", "run", "--silent", "browser"], cwd=DASHBOARD,
                              env={**os.environ, "ASSAY_URL": server.url}).returncode


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
