#!/usr/bin/env python3
"""Runs every ```sh block of docs/start.md, in order and in one shell, and compares what it shows.

    tests/e2e/docs_test.py build/release/bin/assay

A plain block that follows an sh block is what that block prints: its lines must appear in the
output. So the page cannot promise what the program does not do.
"""
import os
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path("docs/start.md")


def blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)


def script(found):
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for number, (kind, body) in enumerate(found):
        if kind == "sh":
            lines += [f"echo '<<{number}>>'", body]
    return "\n".join(lines)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    found = blocks(PAGE.read_text(encoding="utf-8"))
    env = dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}")
    ran = subprocess.run(["bash", "-c", script(found)], capture_output=True, text=True, env=env,
                         timeout=240, check=False)
    if ran.returncode != 0:
        sys.exit(f"docs/start.md fails with {ran.returncode}:\n{ran.stdout[-2000:]}\n{ran.stderr}")
    printed = dict(re.findall(r"<<(\d+)>>\n(.*?)(?=<<\d+>>|\Z)", ran.stdout, flags=re.S))
    checked = 0
    for number, (kind, body) in enumerate(found):
        if kind or number == 0 or found[number - 1][0] != "sh":
            continue
        for line in body.splitlines():
            if "error:" in line:
                continue  # Shows a mistake that the block before does not make.
            if line not in printed[str(number - 1)]:
                sys.exit(f"docs/start.md promises {line!r}; it prints\n{printed[str(number - 1)]}")
            checked += 1
    for text in ("25583", '"decision":"continue"', "+60.03 %", '"reason":"SPLIT"'):
        if text not in ran.stdout:
            sys.exit(f"docs/start.md should show {text!r}; it prints\n{ran.stdout}")
        checked += 1
    print(f"{checked} passed, 0 failed")


if __name__ == "__main__":
    main()
