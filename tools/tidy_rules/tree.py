"""What the rules look at: the files of the project as text, and a finding about one of them."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SKIPPED_FOLDERS = {".git", ".deps", "build", "data", "node_modules", "dist", "__pycache__"}
MAX_BYTES = 4_000_000

# A comment, a raw string, a string or a character of C++: what is not code.
NOT_CODE = re.compile(
    r'R"([^()\\ ]{0,16})\(.*?\)\1"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.[0-9a-fx]*|[^'\\\n])'"
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """Paths (relative, with forward slashes) and their text; binary files have no text."""

    def __init__(self, files):
        self.files = dict(sorted(files.items()))
        self.folders = {str(p) for path in files for p in PurePosixPath(path).parents}
        self._code = {}

    @staticmethod
    def read(root):
        files = {}
        for path in list_paths(root):
            full = root / path
            if not full.is_file() or full.is_symlink():
                continue
            if full.stat().st_size > MAX_BYTES:
                files[path] = None
                continue
            try:
                files[path] = full.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                files[path] = None
        return Tree(files)

    def texts(self, *suffixes, under=""):
        for path, text in self.files.items():
            if text is not None and path.startswith(under) and path.endswith(suffixes or ("",)):
                yield path, text

    def code(self, path):
        """C++ with comments and string contents blanked; line numbers stay as they are."""
        if path not in self._code:
            self._code[path] = NOT_CODE.sub(blank, self.files[path])
        return self._code[path]


def blank(match):
    text = match.group(0)
    newlines = "\n" * text.count("\n")
    return f'""{newlines}' if text[0] in '"R' else " " + newlines


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def list_paths(root):
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True)
        return [path for path in listed.stdout.decode().split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        return [str(path) for path in walk(root)]


def walk(root):
    for folder, children, names in os.walk(root):
        children[:] = [child for child in children if child not in SKIPPED_FOLDERS]
        for name in names:
            yield (Path(folder) / name).relative_to(root).as_posix()
