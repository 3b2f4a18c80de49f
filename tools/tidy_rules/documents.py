"""Documents: links lead somewhere, and the map of the house is true."""
import posixpath
import re

from .modules import declared_modules
from .tree import Finding, line_of

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)",
                  re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
ANCHOR = re.compile(r'<a\s+(?:id|name)="([^"]+)"')
MAP = "ARCHITECTURE.md"
ROW = re.compile(r"^\|\s*`([a-z_/]+)`\s*\|(.*)\|\s*$", re.MULTILINE)


def prose(text):
    """Without code, which may show what looks like a link; line numbers stay."""
    without = FENCE.sub(lambda m: "\n" * m.group(0).count("\n"), text)
    return CODE_SPAN.sub(lambda m: " " * len(m.group(0)), without)


def anchors(text):
    """The names that GitHub gives to headings."""
    found = set(ANCHOR.findall(text))
    for title in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        name, count = slug, 0
        while name in found:
            count += 1
            name = f"{slug}-{count}"
        found.add(name)
    return found


def links_resolve(tree):
    """Links in documents lead to files and headings that exist."""
    for path, text in tree.texts(".md"):
        clean = prose(text)
        for match in LINK.finditer(clean):
            target = match.group(1) or match.group(2)
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            here = posixpath.dirname(path)
            full = posixpath.normpath(posixpath.join(here, file)) if file else path
            line = line_of(clean, match.start())
            if full not in tree.files and full not in tree.folders:
                yield Finding(path, line, f"link to {target}: no such file")
            elif anchor and full.endswith(".md") and anchor not in anchors(tree.files[full]):
                yield Finding(path, line, f"link to {target}: {full} has no such heading")


def architecture_table_is_true(tree):
    """The module table in ARCHITECTURE.md lists the same DEPS as the CMakeLists.txt files."""
    modules = declared_modules(tree)
    text = tree.files.get(MAP)
    if not text:
        if modules:
            yield Finding(MAP, 1, "is missing: it holds the table of modules")
        return
    rows = {}
    for match in ROW.finditer(text):
        deps = match.group(2).split("|")[-1].replace("`", "").replace("–", "").split()
        rows[match.group(1)] = (line_of(text, match.start()), deps)
    for name, lists in modules.items():
        if name not in rows:
            yield Finding(MAP, 1, f"no row for module {name}: add it, with DEPS in the last column")
        elif set(rows[name][1]) != set(lists["DEPS"]):
            yield Finding(MAP, rows[name][0], f"{name} may use {' '.join(rows[name][1]) or '–'} "
                          f"here, but {lists['path']} says {' '.join(lists['DEPS']) or '–'}")
