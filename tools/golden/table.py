"""Writes golden tables: spec/golden/NAME.csv with lines of provenance, then numbers.

Every script here is run by hand (tools/golden/README.md); tests and CI only read the tables.
"""

import importlib.metadata
import pathlib
import platform

worst = {}  # Label of two sources to their largest relative difference since the last table.
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "spec" / "golden"


def version(*packages):
    names = [f"{p} {importlib.metadata.version(p)}" for p in packages]
    return ", ".join(names + [f"Python {platform.python_version()}"])


def text(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    return repr(float(value))


def write(name, what, by, columns, rows, checked_with="-", rel_tol=1e-10):
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [
        f"# what: {what}",
        f"# by: {by}; checked with: {checked_with}",
        f"# rel_tol: {rel_tol:g}",
        ",".join(columns),
    ]
    for row in rows:
        assert len(row) == len(columns), (name, row)
        lines.append(",".join(text(v) for v in row))
    (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n")
    print(f"{name}.csv: {len(rows)} rows")
    for label, error in worst.items():
        print(f"    {label}: {error:.1e}")
    worst.clear()


def agree(a, b, rel, label):
    """Two sources must agree before a number becomes golden."""
    a, b = float(a), float(b)
    error = abs(a - b) / max(abs(a), abs(b), 1e-300)
    worst[label] = max(worst.get(label, 0), error)
    assert error <= rel, f"{label}: {a!r} and {b!r} differ by {error:.2e}"
