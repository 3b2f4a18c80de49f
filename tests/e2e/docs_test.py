#!/usr/bin/env python3
"""Runs every ```sh block of a page, in order and in one shell, and compares what it shows.

    tests/e2e/docs_test.py build/release/bin/assay

A plain block that follows an sh block is what that block prints: its lines must appear in the
output. So the page cannot promise what the program does not do.
"""
import os
import pathlib
import re
import subprocess
import sys

DOCS = pathlib.Path("docs")
# What a page must print besides the plain blocks that follow its sh blocks.
PAGES = {
    "start.md": ("51953", '"decision":"continue"', "+60.03 %", '"reason":"SPLIT"'),
    "reference/cli.md": (),
    "reference/http.md": (),
    "reference/metrics.md": ("welch_t",),
    "guides/aa.md": (),
    "guides/interleaving.md": (),
    "guides/switchback.md": (),
    "guides/two_sided.md": (),
    "guides/operating.md": (),
}


def blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)


def script(found):
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for number, (kind, body) in enumerate(found):
        if kind == "sh":
            lines += [f"echo '<<{number}>>'", body]
    return "\n".join(lines)


def check(page, promises, env):
    """How many promises of the page were kept."""
    found = blocks((DOCS / page).read_text(encoding="utf-8"))
    ran = subprocess.run(["bash", "-c", script(found)], capture_output=True, text=True, env=env,
                         timeout=240, check=False)
    if ran.returncode != 0:
        sys.exit(f"{page} fails with {ran.returncode}:\n{ran.stdout[-2000:]}\n{ran.stderr}")
    printed = dict(re.findall(r"<<(\d+)>>\n(.*?)(?=<<\d+>>|\Z)", ran.stdout, flags=re.S))
    checked = 0
    for number, (kind, body) in enumerate(found):
        if kind or number == 0 or found[number - 1][0] != "sh":
            continue
        for line in body.splitlines():
            if "error:" in line:
                continue  # Shows a mistake that the block before does not make.
            if line not in printed[str(number - 1)]:
                sys.exit(f"{page} promises {line!r}; it prints\n{printed[str(number - 1)]}")
            checked += 1
    for text in promises:
        if text not in ran.stdout:
            sys.exit(f"{page} should show {text!r}; it prints\n{ran.stdout}")
        checked += 1
    return checked


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    env = dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}")
    wanted = sys.argv[2:] or PAGES
    print(f"{sum(check(page, PAGES[page], env) for page in wanted)} passed, 0 failed")


if __name__ == "__main__":
    main()
