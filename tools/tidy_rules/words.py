"""Words that must not stand in the tree."""
import re

from .tree import Finding, line_of

# Written in pieces, so that this file and its test pass their own rule.
UNFINISHED = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b"
    r"|\b[Ss]tu" r"bs?\b|\bnot imple" r"mented\b|\bunimple" r"mented\b"
    r"|(?<!::)\b[Pp]lace" r"holders?\b(?!\s*=)")
MACHINE_PATH = re.compile(r"(?<![\w./~$})-])/(?:ho" r"me|ro" r"ot|wo" r"rk|Us" r"ers)/[\w.]")
REGISTRY = re.compile(
    r"regis" r"try\.[a-z]+\.|deb\.deb" r"ian|py" r"pi\.|files\.python" r"hosted|npm" r"mirror")
DOWNLOAD = re.compile(r'"resol' r'ved":\s*"https?:')
LOCKFILES = ("package-lock.json",)


def search(tree, pattern, message, skip=()):
    for path, text in tree.texts():
        if path.endswith(skip) if skip else False:
            continue
        for match in pattern.finditer(text):
            yield Finding(path, line_of(text, match.start()), message.format(match.group(0)))


def nothing_unfinished(tree):
    """Nothing is marked as unfinished: finish it, or open an issue."""
    skip = LOCKFILES + (".csv", ".txt")
    yield from search(tree, UNFINISHED, "'{}': finish it, open an issue, or use another word "
                      "(a double in a test is a fake; a ? in SQL is a parameter)", skip)


def no_machine_paths(tree):
    """No absolute path of somebody's machine."""
    yield from search(tree, MACHINE_PATH, "'{}…' is a path of one machine: make it relative to the "
                      "source tree or an argument")


def no_registry_addresses(tree):
    """No address of a package registry, also not in lockfiles."""
    yield from search(tree, REGISTRY, "'{}' names a registry: packages are found by name")
    yield from search(tree, DOWNLOAD, "download address in a lockfile: npm config set "
                      "omit-lockfile-registry-resolved=true, then write it again")


def no_trailing_space(tree):
    """No space at the end of a line, and every file ends with a line feed."""
    code = (".h", ".cc", ".py", ".sh", ".cmake", "CMakeLists.txt", "Makefile", ".yaml", ".ts",
            ".tsx", ".css")
    for path, text in tree.texts(*code):
        for match in re.finditer(r"[ \t]+$", text, re.MULTILINE):
            yield Finding(path, line_of(text, match.start()), "space at the end of the line")
        if text and not text.endswith("\n"):
            yield Finding(path, text.count("\n") + 1, "the file does not end with a line feed")
