"""Asks R, the second source: numbers in full precision, and which packages gave them."""

import subprocess
import tempfile


def run(code):
    with tempfile.NamedTemporaryFile("w", suffix=".R") as file:
        file.write(code)
        file.flush()
        out = subprocess.run(["Rscript", file.name], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return out.stdout


def numbers(script, packages=()):
    """The value of an R script as floats; it must be a numeric vector."""
    load = "".join(f"suppressMessages(library({p}));" for p in packages)
    code = f"{load} value <- as.numeric({{{script}}}); cat(sprintf('%.17g', value), sep='\\n')"
    return [float(line) for line in run(code).split()]


def vector(values):
    return "c(" + ",".join(repr(float(v)) for v in values) + ")"


def version(*packages):
    found = ["R " + ".".join(str(int(n)) for n in numbers(
        "c(as.numeric(R.version$major), as.numeric(unlist(strsplit(R.version$minor, '[.]'))))"))]
    for package in packages:
        code = f"cat(as.character(packageVersion('{package}')))"
        found.append(f"{package} {run(code).strip()}")
    return ", ".join(found)
