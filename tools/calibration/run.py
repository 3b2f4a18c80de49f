#!/usr/bin/env python3
"""Runs every study of `assay simulate methods` and writes docs/methods/calibration.{json,md}.

    tools/calibration/run.py --assay build/release/bin/assay [--seed 1] [--jobs 2]
    tools/calibration/run.py --only power    # only studies whose names begin so; the others stay
    tools/calibration/run.py --report        # only the page and the plots, from calibration.json

Exit status 1 when a method breaks a promise. Matplotlib comes from a virtual environment under
build/ that is made once.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "methods"
VENV = ROOT / "build" / "calibration_venv"
PACKAGES = ("matplotlib==3.10.3",)


def rounded(value):
    """Numbers with the six digits that the Monte-Carlo error leaves meaningful."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [rounded(each) for each in value]
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return value


def run_study(assay, name, seed):
    start = time.monotonic()
    command = [assay, "simulate", "methods", "--study", name, "--seed", str(seed), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} fails with {ran.returncode}: {ran.stderr}")
    study = json.loads(ran.stdout)["studies"][0]
    verdict = "" if study["passed"] else "  BREAKS A PROMISE"
    print(f"{name:<44} {time.monotonic() - start:6.1f} s{verdict}", flush=True)
    return rounded(study)


def run_all(assay, seed, jobs, only):
    """The studies whose names begin with `only` anew, the others from the last run, in order."""
    listing = subprocess.run([assay, "simulate", "methods", "--list", "--json"], check=True,
                             capture_output=True, text=True).stdout
    names = [each["study"] for each in json.loads(listing)]
    kept = {study["study"]: study for study in last_run()} if only else {}

    def study_of(name):
        return run_study(assay, name, seed) if name.startswith(only) else kept[name]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(study_of, names))


def last_run():
    return json.loads((DOCS / "calibration.json").read_text(encoding="utf-8"))["studies"]


def text_of(studies):
    """JSON with one row a line, so that a change can be read as a difference."""
    lines = []
    for study in studies:
        head = json.dumps({key: value for key, value in study.items() if key != "rows"},
                          ensure_ascii=False)
        rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in study["rows"])
        lines.append(f'{head[:-1]}, "rows": [\n{rows}]}}')
    return '{"version": 1, "studies": [\n' + ",\n".join(lines) + "\n]}\n"


def report():
    """The page and its plots, by the Python that has matplotlib."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", *PACKAGES], check=True)
    here = pathlib.Path(__file__).parent
    subprocess.run([python, "-B", here / "report.py", DOCS / "calibration.json", DOCS], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--assay", default=str(ROOT / "build/release/bin/assay"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--only", default="", help="studies whose names begin so")
    parser.add_argument("--report", action="store_true", help="only the page, from the last run")
    options = parser.parse_args()
    if not options.report:
        studies = run_all(options.assay, options.seed, options.jobs, options.only)
        (DOCS / "calibration.json").write_text(text_of(studies), encoding="utf-8")
    report()
    broken = [each["study"] for each in last_run() if not each["passed"]]
    for name in broken:
        print(f"broken promise, replay: assay simulate methods --study {name} "
              f"--seed {options.seed}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
