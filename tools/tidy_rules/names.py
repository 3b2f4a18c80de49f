"""Names of files and folders."""
import re

from .tree import Finding

SNAKE = re.compile(r"^\.?[a-z0-9_]+(\.[a-z0-9_]+)*$")
GIVEN = {  # Names that a tool or a custom prescribes.
    "CMakeLists.txt", "CMakePresets.json", "Makefile", "README.md", "ARCHITECTURE.md", "LICENSE",
    "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "STYLE.md", "ORIGINS.md", "Cargo.toml",
    ".clang-format", ".clang-tidy", "package-lock.json", "vite-env.d.ts", ".prettierrc.json",
}
VAGUE = {"src", "common", "core", "misc", "util", "utils", "helper", "helpers", "shared", "lib2"}


def file_names_are_snake_case(tree):
    """File and folder names are snake_case."""
    for path in tree.files:
        for part in path.split("/"):
            decision = re.match(r"^\d{4}-[a-z0-9-]+\.md$", part)  # docs/decisions/0001-store.md
            if part not in GIVEN and not SNAKE.match(part) and not decision:
                yield Finding(path, 1, f"'{part}' is not snake_case: rename it")


def folders_say_what_they_hold(tree):
    """No folder is called src, common, core, misc, utils or helpers."""
    for folder in sorted(tree.folders):
        name = folder.rsplit("/", 1)[-1]
        if name in VAGUE:
            yield Finding(folder, 1, f"a folder called '{name}' says nothing: name what it holds")
